"""The machinery around the notebooks: running, renewing, publishing and packing them, and pages."""
import base64
import io
import os
import re
import subprocess
import sys
import time
import zipfile
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from browser import found_on, needs_browser
from conftest import SERIES, SOLVED, machine_paths, outputs, without_words
from drawing import LOVE
from helpers import course, figures, files
from series import __main__ as series
from series import explorer, package, pages, refresh, runner, usage
from series.runner import Stopped

PICTURE = """
import base64, struct, zlib
class Dot:
    def _repr_mimebundle_(self, include=None, exclude=None):
        number = lambda value: struct.pack(">I", value)
        part = lambda kind, data: number(len(data)) + kind + data + number(zlib.crc32(kind + data))
        size = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
        png = (b"\\x89PNG\\r\\n\\x1a\\n" + part(b"IHDR", size)
               + part(b"IDAT", zlib.compress(b"\\0\\xff")) + part(b"IEND", b""))
        shown = {"image/png": base64.b64encode(png).decode(), "text/plain": "dot"}
        return shown, {"image/png": {"alt": "a dot → café"}}
Dot()
""".strip()
WITHOUT_WORDS = PICTURE.replace('"alt": "a dot → café"', "").replace('"dot"', '""')
TITLE = """# What is a dot?

A dot is $\\alpha_{ij} < 1$, see [the next](02_next.ipynb). Touch [it](../build/site/explorer.html).

$$c_i = \\sum_j h_j$$"""


def notebook(path, *cells):
    """Write a tiny notebook; a cell is a text, or (text, tag). The first is its title."""
    nb = new_notebook(cells=[new_markdown_cell(cells[0])])
    for cell in cells[1:]:
        if isinstance(cell, str):
            nb.cells.append(new_code_cell(cell))
        else:
            source, tag = cell
            nb.cells.append(new_code_cell(source, metadata={"tags": [tag]}))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A course of two small notebooks in an empty folder; its explorer is an empty page."""
    def write_nothing(folder):
        return files.write(folder / explorer.NAME, "<!DOCTYPE html><title>nothing</title>")

    monkeypatch.setattr(explorer, "write", write_nothing)
    folder = tmp_path / "notebooks"
    is_this_python = f"import sys\nprint(sys.executable == {sys.executable!r})"
    notebook(folder / "01_dot.ipynb", TITLE, is_this_python, (PICTURE, "promised"),
             ("print('BLEU', 97.5)", "headline"))
    notebook(folder / "02_next.ipynb", "# And then?", "1 + 1",
             "from helpers import lessons\nlessons.promise('01')")
    (folder / "setup.py").write_text(runner.SETUP.read_text("utf-8"), "utf-8")
    (tmp_path / "README.md").write_text("# The course\n\n<!-- Colab -->\n\nText.\n", "utf-8")
    return tmp_path


@pytest.fixture
def anywhere(monkeypatch, apart):
    """Notebooks without a set-up cell, in folders of their own, find our helpers."""
    monkeypatch.setenv("PYTHONPATH", str(course.ROOT))


def read(path):
    return nbformat.read(path, as_version=4)


# Running.

@pytest.mark.slow
def test_the_series_runs_and_says_what_came_out(home, anywhere, capsys, monkeypatch):
    monkeypatch.setattr(usage, "LOOK", 0.05)  # these notebooks end before the second look
    series.notebooks([], home, home / "build")
    out = capsys.readouterr().out
    megabytes = int(re.search(r"01_dot +\d+ +(\d+)  BLEU 97.5", out)[1])
    assert 20 < megabytes < 2000, "the memory of its kernel"
    assert re.search(r"02_next +\d+ +\d+  –", out)
    nb = read(home / "build/notebooks/01_dot.ipynb")
    assert nb.cells[1].outputs[0].text == "True\n", "the kernel is another Python"
    assert (home / "build/site/index.html").exists()


@pytest.mark.slow
def test_memory_is_that_of_the_processes_started(tmp_path):
    hundred = "block = bytearray(100 * 2**20)\nprint(flush=True)\ninput()"
    with usage.MemoryWatch() as before:
        pass
    with (subprocess.Popen([sys.executable, "-c", hundred], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE) as process,
          usage.MemoryWatch() as watch):
        process.stdout.readline()  # it holds them now
        time.sleep(2 * usage.LOOK)
        process.communicate(b"\n")
    assert 100 < watch.megabytes - before.megabytes < 200


def test_times_are_forecast_from_the_machine_s_own_step(tmp_path, monkeypatch):
    path = tmp_path / "times.csv"
    monkeypatch.setattr(usage, "step_seconds", lambda: 0.01)
    usage.write_times({"01_dot": 100, "02_next": 40}, path)
    monkeypatch.setattr(usage, "step_seconds", lambda: 0.03)
    assert usage.forecast(["01_dot", "02_next", "03_other"], path) == pytest.approx(3 * 140)
    assert usage.forecast(["03_other"], path) == 0


def test_the_readme_says_what_was_timed():
    times = usage.read_times()
    readme = (course.ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"notebooks/(\d\d_\w+)\.ipynb\) \|[^|]*\| (\d+) (s|min)", readme)
    assert [name for name, _, _ in rows] == [path.stem for path in SERIES]
    for name, number, unit in rows:
        said = int(number) * (60 if unit == "min" else 1)
        assert 0.6 * times[name] - 5 < said < 1.6 * times[name] + 5, (name, said, times[name])


@pytest.mark.slow
def test_the_first_failure_stops_it_by_name_and_keeps_what_ran(home, anywhere, capsys):
    path = home / "notebooks/01_dot.ipynb"
    notebook(path, "# A dot?", "print('before')", "x = 0\n1 / x", "print('after')")
    told = r"(?s)01_dot .*code cell 2.*x = 0.*ZeroDivisionError: division by zero"
    with pytest.raises(Stopped, match=told):
        series.notebooks([], home, home / "build")
    assert not (home / "build/notebooks/02_next.ipynb").exists()
    nb = read(home / "build/notebooks/01_dot.ipynb")
    first, second, third = runner.codes(nb)
    assert first.outputs[0].text == "before\n"
    assert second.outputs[0].ename == "ZeroDivisionError"
    assert not third.outputs
    assert len(nb.cells) == 4
    assert "papermill" not in nbformat.writes(nb)
    assert not machine_paths(nb)


@pytest.mark.slow
def test_a_dead_kernel_is_named_too(home):
    path = home / "notebooks/01_dot.ipynb"
    notebook(path, "# A dot?", "1", "import os\nos._exit(9)", "2")
    with pytest.raises(Stopped, match=r"(?s)01_dot .*code cell 2.*import os.*Python itself ended"):
        runner.execute(path, home / "copy.ipynb")


def test_names_choose_and_an_unknown_one_is_named(home, tmp_path):
    assert [path.stem for path in runner.chosen(["02"], home)] == ["02_next"]
    both = runner.chosen(["notebooks/01_dot.ipynb", "02_next"], home)
    assert [path.stem for path in both] == ["01_dot", "02_next"]
    with pytest.raises(Stopped, match="no notebook '07'. There are: 01_dot, 02_next"):
        runner.chosen(["01", "07"], home)
    with pytest.raises(Stopped, match="no notebook in"):
        runner.chosen([], tmp_path / "empty")


def test_a_broken_file_is_named(home):
    (home / "notebooks/01_dot.ipynb").write_text("{}}")
    with pytest.raises(Stopped, match="01_dot.ipynb can't be read as a notebook"):
        series.notebooks([], home, home / "build")


def test_parameters_are_passed_on_and_leave_no_trace(home, anywhere):
    cells = [("SIZE = 1", "parameters"), "print(SIZE)"]
    path = notebook(home / "notebooks/01_dot.ipynb", "# A dot?", *cells)
    nb, notes = runner.execute(path, home / "copy.ipynb", {"SIZE": 7})
    assert [cell.source for cell in runner.codes(nb)] == ["SIZE = 1", "print(SIZE)"]
    assert nb.cells[2].outputs[0].text == "7\n"
    assert not notes


@pytest.mark.slow
def test_errors_reach_the_terminal_as_one_message():
    command = [sys.executable, "-m", "series", "notebooks", "99_nothing"]
    ran = subprocess.run(command, cwd=course.ROOT, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "There is no notebook" in ran.stderr


# Cleaning.

def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def cleaned(*found):
    """What is left of the outputs of a cell, and the notes."""
    nb = new_notebook(cells=[new_code_cell("", outputs=list(found))])
    notes = runner.clean(nb)
    return nb.cells[0].outputs, notes


def test_prints_become_one_and_keep_their_place():
    shown = new_output("display_data", data={"text/plain": "a picture"})
    left, notes = cleaned(stream("one\n"), stream("look out", "stderr"), stream("two\n"), shown,
                          stream("three\n"))
    assert [output.get("text") for output in left] == ["one\ntwo\n", None, "three\n"]
    assert notes == ["code cell 1: look out"]


@pytest.mark.parametrize("written, shown", [
    ("\r 0%\r 50%\r100%\n", "100%\n"),          # a bar that stays
    ("\r 0%\r 50%\r      \rdone\n", "done\n"),  # one that wipes itself out
    ("a\n\r 0%\r 50%\r     \r\nb\n", "a\nb\n"),
    ("\r 0%\r     \r", None),
    ("a\n\n   \nb\r\n", "a\n\n   \nb\n")])
def test_of_a_progress_bar_its_last_state_is_kept(written, shown):
    left, notes = cleaned(stream(written), stream("\r 0%\r100%\n", "stderr"))
    assert [output.text for output in left] == ([shown] if shown else [])
    assert not notes


def test_paths_of_the_machine_are_hidden_and_base64_is_left_alone(monkeypatch):
    monkeypatch.setattr(runner, "PATHS", {"/ada/build": "build", "/ada": "."})
    inside = "base64,iVBOR/ada/build+x"
    data = {"text/html": f"<p>/ada/x</p>{inside}", "image/png": "/ada/build"}
    shown = new_output("display_data", data=data)
    left, _ = cleaned(stream("in /ada/build/models and '/ada', not /adam\n"), shown)
    assert left[0].text == "in build/models and '.', not /adam\n"
    assert left[1].data == {"text/html": f"<p>./x</p>{inside}", "image/png": "/ada/build"}


def test_what_is_noted_by_programs_goes_and_what_the_course_needs_stays():
    kept = {"tags": ["headline"], "slideshow": {"slide_type": "slide"}}
    noted = {"execution": {"iopub.status.busy": "now"}, "collapsed": True}
    cell = new_code_cell("1", metadata={**kept, **noted})
    nb = new_notebook(cells=[cell], metadata={"widgets": {}, "papermill": {}, "vscode": {}})
    runner.clean(nb)
    assert nb.cells[0].metadata == kept
    assert set(nb.metadata) == {"kernelspec", "language_info"}


# Renewing.

@pytest.mark.slow
def test_refresh_leaves_a_clean_file_and_the_promised_picture(home, anywhere, monkeypatch):
    monkeypatch.setattr(runner, "PATHS", {str(home): "."})
    path = notebook(
        home / "notebooks/01_dot.ipynb", TITLE, "import os, sys, warnings\nprint(os.getcwd())",
        (PICTURE, "promised"),
        "from tqdm import tqdm\n"
        "for i in tqdm(range(3), file=sys.stdout, leave=False): pass\nprint('done')",
        "warnings.warn('look')")
    ids = [cell.id for cell in read(path).cells]
    refresh.refresh([], home, home / "build")
    nb = read(path)
    assert [cell.id for cell in nb.cells] == ids
    assert [cell.execution_count for cell in runner.codes(nb)] == [1, 2, 3, 4]
    assert nb.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"}}
    assert all(cell.metadata in ({}, {"tags": ["promised"]}) for cell in nb.cells)
    cwd, _, bar, warned = [cell.outputs for cell in runner.codes(nb)]
    assert cwd[0].text == "./notebooks\n"
    assert [output.text for output in bar] == ["done\n"]
    assert not warned
    with Image.open(home / "notebooks/pictures/01.png") as picture:
        assert picture.text["Description"] == "a dot → café"
        assert picture.size == (1, 1)
    again = path.read_bytes()
    refresh.refresh([], home, home / "build")
    assert path.read_bytes() == again, "a second run changes the file"


@pytest.mark.slow
def test_what_is_promised_hangs_at_the_top_after_one_refresh(home, anywhere):
    refresh.refresh([], home, home / "build")
    shown = runner.codes(read(home / "notebooks/02_next.ipynb"))[1].outputs
    assert len(shown) == 1
    assert shown[0].metadata["image/png"]["alt"] == "a dot → café"
    png = (home / "notebooks/pictures/01.png").read_bytes()
    assert base64.b64decode(shown[0].data["image/png"]) == png


@pytest.mark.slow
def test_a_refresh_trains_anew_and_leaves_everything_else_alone(home, anywhere, monkeypatch):
    """Two notebooks of one run share a model; one that an earlier run left behind is never seen."""
    build = home / "build"
    stale = build / "refresh" / "models" / "model.txt"
    others = [build / "models" / "model.txt", build / "reveal" / "reveal.whl",
              build / "refresh" / "fonts" / "a.ttf"]
    for path in [stale, *others]:
        path.parent.mkdir(parents=True)
        path.write_text("stale")
    train = ("from helpers import course, files\n"
             "path = course.BUILD / 'models' / 'model.txt'\n"
             "print(path.read_text() if path.exists() else 'none yet')\n"
             "files.write(path, 'new')")
    paths = [notebook(home / f"notebooks/{name}.ipynb", "# A dot?", train)
             for name in ("01_dot", "02_next")]
    before = os.environ["COURSE_BUILD"]
    refresh.refresh([], home, build)
    found = [outputs(read(path))[0].text for path in paths]
    assert found == ["none yet\n", "new\n"]
    assert stale.read_text() == "new"
    assert [path.read_text() for path in others] == ["stale"] * 3
    assert os.environ["COURSE_BUILD"] == before


@pytest.mark.slow
@pytest.mark.parametrize("cells, message", [
    (["1 / 0"], "ZeroDivisionError"),
    (["print('x' * 2_100_000)"], "more than 2,000,000"),
    ([("print(1)", "promised")], "shows no picture"),
    ([(WITHOUT_WORDS, "promised")], "no alternative text")])
def test_a_notebook_that_will_not_do_replaces_nothing(home, cells, message):
    path = notebook(home / "notebooks/01_dot.ipynb", "# A dot?", *cells)
    before = path.read_bytes()
    with pytest.raises(Stopped, match=message):
        refresh.refresh([], home, home / "build")
    assert path.read_bytes() == before
    assert not (home / "notebooks/pictures").exists()


# Pages.

class Links(HTMLParser):
    """What a page asks the browser for, and where it leads."""

    def __init__(self, page):
        super().__init__()
        self.links, self.loaded, self.alts = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "a":
            self.links.append(attributes.get("href", ""))
            return
        if tag == "img":
            self.alts.append(attributes.get("alt"))
        if tag == "link":
            self.loaded.append(attributes["href"])
        for name in ("src", "data"):
            if name in attributes:
                self.loaded.append(attributes[name])


@pytest.mark.slow
def test_the_pages_stand_alone_and_lead_to_each_other(home, anywhere):
    package.publish("ada/dots", home)
    series.notebooks([], home, home / "build")
    folder = home / "build/site"
    found = {path.name: Links(path.read_text("utf-8")) for path in folder.glob("*.html")}
    assert set(found) == {"index.html", "01_dot.html", "02_next.html", "explorer.html"}
    for name, page in found.items():
        assert not [address for address in page.loaded if re.match(r"(https?:)?//", address)], name
        for address in page.links + page.loaded:
            assert address.startswith(("http", "data:")) or (folder / address).exists(), name
        assert all(page.alts), name
    assert found["index.html"].links[:2] == ["explorer.html", "01_dot.html"]
    assert "explorer.html" in found["01_dot.html"].links
    assert "pictures/01.png" in found["index.html"].loaded
    assert "02_next.html" in found["01_dot.html"].links
    assert "01_dot.html" in found["02_next.html"].links
    text = (folder / "01_dot.html").read_text("utf-8")
    assert text.count("<math") == 2 and 'display="block"' in text
    assert "\\sum" not in text and "require" not in text


def test_code_that_is_collapsed_in_jupyter_is_collapsed_on_its_page():
    setup = new_code_cell("", metadata={"tags": ["setup"]}, outputs=[stream("Python 3.11")])
    nb = runner.with_setup(new_notebook(cells=[setup, new_code_cell("1 + 1")]))
    html = str(pages.cells(nb))
    fold = html[html.index("<details>"):html.index("</details>")]
    assert "<summary>The set-up: " in fold and "@title" not in fold.partition("</summary>")[0]
    assert "runpy" in fold and "Python 3.11" not in fold
    assert html.count("<details>") == 1 and "Python 3.11" in html


MEASURE = """
addEventListener("load", () => {
  const parts = [...document.querySelectorAll("img, svg, table, .output_area")];
  const reach = parts.map(part => part.getBoundingClientRect().right);
  const areas = [...document.querySelectorAll(".output_area")];
  document.body.dataset.found = JSON.stringify({
    screen: document.documentElement.clientWidth,
    page: document.documentElement.scrollWidth,
    widest: Math.max(...reach),
    picture: document.querySelector("img").clientWidth,
    scrolls: areas.filter(area => area.scrollWidth > area.clientWidth).length,
  });
});
"""


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("width", [500, 1280])
def test_pictures_and_players_take_the_width_of_a_page_and_no_more(width, home, tmp_path):
    file = io.BytesIO()
    Image.new("L", (2600, 1460)).save(file, "PNG")
    picture = {"image/png": base64.b64encode(file.getvalue()).decode()}
    player = {"text/html": figures.play(LOVE).data}
    shown = [new_output("display_data", data=data) for data in (picture, player)]
    path = home / "notebooks/01_dot.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("", outputs=shown)]), path)
    pages.site([path], home / "nothing", home / "site")
    found = found_on(home / "site/01_dot.html", MEASURE, tmp_path, width, 900)
    assert found["page"] <= found["screen"]
    assert found["widest"] <= found["screen"]
    assert found["scrolls"] == 0
    assert found["picture"] > min(found["screen"] - 40, 850)


def test_titles_are_text_and_not_html(home):
    path = notebook(home / "notebooks/01_dot.ipynb", "# Is 1 < 2 & so on?")
    pages.site([path], home / "nothing", home / "site")
    for name in ("index.html", "01_dot.html"):
        assert "Is 1 &lt; 2 &amp; so on?" in (home / "site" / name).read_text("utf-8")


# Publishing and packing.

def test_publish_is_complete_and_can_be_repeated(home):
    solved = home / "notebooks/solutions/01_dot.ipynb"
    notebook(solved, "# Solved", (runner.SETUP.read_text("utf-8").strip(), "setup"))
    package.publish("ada/dots", home)
    once = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    package.publish("ada/dots", home)
    assert once == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    package.publish("grace/dots.2", home)
    everything = "".join(path.read_text("utf-8") for path in once)
    assert "ada/dots" not in everything
    assert everything.count("colab-badge.svg") == 4
    page = "github/grace/dots.2/blob/main/notebooks/solutions/01_dot.ipynb"
    assert page in solved.read_text("utf-8")
    assert 'REPOSITORY = "grace/dots.2"' in runner.codes(read(solved))[0].source
    assert 'REPOSITORY = "grace/dots.2"' in (home / "notebooks/setup.py").read_text("utf-8")


@pytest.mark.parametrize("address", [
    "", "dots", "https://github.com/ada/dots", "ada/dots/x", "ada /dots"])
def test_publish_takes_only_an_address(home, address):
    with pytest.raises(Stopped, match="is no address of a GitHub repository: give owner/name"):
        package.publish(address, home)


def test_the_set_up_cell_is_renewed_everywhere_and_nothing_else_changes(home):
    path = home / "notebooks/solutions/01_dot.ipynb"
    notebook(path, "# Solved", ("old", "setup"), "1 + 1")
    before = read(path)
    package.renew_setup(home)
    after = read(path)
    assert after.cells[1].source == (home / "notebooks/setup.py").read_text("utf-8").strip()
    assert after.cells[1].metadata == runner.SETUP_METADATA
    after.cells[1].source = before.cells[1].source
    after.cells[1].metadata = before.cells[1].metadata
    assert after == before


def test_the_zip_holds_what_a_reader_needs_and_nothing_that_is_made(tmp_path):
    wanted = ["README.md", "README.ko.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile",
              "requirements.txt", "environment.yml", "pyproject.toml", "helpers/course.py",
              "helpers/README.md", "helpers/figures/player.js", "helpers/figures/player.css",
              "series/__main__.py", "series/templates/page.css", "series/templates/deck/conf.json",
              "notebooks/00_start_here.ipynb", "notebooks/solutions/00_start_here.ipynb",
              "notebooks/setup.py", "notebooks/pictures/00.png", "data/README.md",
              "data/phrasebook/grammar.py", "data/phrasebook/train.tsv", "docs/teaching.md",
              "tests/test_series.py", "benchmarks/speed.py"]
    unwanted = ["data/multi30k/train.de.gz", "helpers/__pycache__/course.pyc", "build/models/a.pt",
                "notebooks/.ipynb_checkpoints/a.ipynb", "notebooks/pictures/00.png.7.tmp",
                ".venv/pyvenv.cfg", ".git/HEAD"]
    for name in wanted + unwanted:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    path = package.pack(tmp_path, tmp_path / "build")
    with zipfile.ZipFile(path) as archive:
        inside = archive.namelist()
    assert sorted(inside) == sorted(f"seq2seq-attention/{name}" for name in wanted)


# The committed notebooks.

def named(path):
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", SERIES + SOLVED, ids=named)
def test_a_committed_notebook_is_whole(path):
    nb = read(path)
    code = runner.codes(nb)
    counts = [cell.execution_count for cell in code]
    assert counts == list(range(1, len(code) + 1)), "executed in order: `make refresh`"
    for output in outputs(nb):
        assert output.output_type != "error" and output.get("name") != "stderr"
    assert not machine_paths(nb)
    assert not without_words(nb)
    assert path.stat().st_size < refresh.MOST
    assert "papermill" not in nb.metadata
    assert not [cell for cell in nb.cells if "papermill" in cell.metadata]


@pytest.mark.parametrize("path", SERIES, ids=lambda path: path.stem)
def test_the_notebooks_are_built_alike(path):
    nb = read(path)
    for tag in ("parameters", "headline", "promised"):
        is_there = len(runner.tagged(nb, tag)) == 1
        assert is_there or path.stem.startswith("00"), f"one cell is tagged {tag!r}"
    first = nb.cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# .*\?", first.source), "its title is a question"


@pytest.mark.parametrize("path", SERIES + SOLVED, ids=named)
def test_the_first_code_cell_is_the_setup_cell(path):
    """Its text stands in notebooks/setup.py; `python -m series setup` writes it into all."""
    first = runner.codes(read(path))[0]
    assert first.source == runner.SETUP.read_text("utf-8").strip()
    assert first.metadata == runner.SETUP_METADATA
