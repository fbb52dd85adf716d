"""The machinery around the notebooks: running, renewing, publishing, the web pages, and the set-up cell."""
import base64
import io
import os
import re
import statistics
import subprocess
import sys
import zipfile
from html.parser import HTMLParser

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from conftest import MACHINE, SERIES, SOLVED, machine_paths, outputs, without_words
from helpers import course
from series import __main__ as series
from series import runner
from series.runner import Stopped

PICTURE = """
import base64, struct, zlib
class Dot:
    def _repr_mimebundle_(self, include=None, exclude=None):
        number = lambda value: struct.pack(">I", value)
        part = lambda kind, data: number(len(data)) + kind + data + number(zlib.crc32(kind + data))
        png = (b"\\x89PNG\\r\\n\\x1a\\n" + part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
               + part(b"IDAT", zlib.compress(b"\\0\\xff")) + part(b"IEND", b""))
        shown = {"image/png": base64.b64encode(png).decode(), "text/plain": "dot"}
        return shown, {"image/png": {"alt": "a dot → café"}}
Dot()
""".strip()
TITLE = "# What is a dot?\n\nA dot is $\\alpha_{ij} < 1$, see [the next](02_next.ipynb).\n\n$$c_i = \\sum_j h_j$$"


def notebook(path, *cells):
    """Write a tiny notebook; a cell is a text, or (text, tag). The first is its title."""
    nb = new_notebook(cells=[new_markdown_cell(cells[0])])
    for cell in cells[1:]:
        source, *tags = (cell,) if isinstance(cell, str) else cell
        nb.cells.append(new_code_cell(source, metadata={"tags": tags} if tags else {}))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)
    return path


@pytest.fixture
def home(tmp_path):
    """A course of two small notebooks in an empty folder."""
    notebook(tmp_path / "notebooks" / "01_dot.ipynb", TITLE, "import sys\nprint(sys.executable == EXECUTABLE)".replace(
        "EXECUTABLE", repr(sys.executable)), (PICTURE, "promised"), ("print('BLEU', 97.5)", "headline"))
    notebook(tmp_path / "notebooks" / "02_next.ipynb", "# And then?", "1 + 1",
             "from helpers import course\ncourse.promise('01')")
    (tmp_path / "notebooks" / "setup.py").write_text(runner.SETUP.read_text())
    (tmp_path / "README.md").write_text("# The course\n\n<!-- Colab -->\n\nText.\n")
    return tmp_path


@pytest.fixture
def anywhere(monkeypatch, apart):
    """Notebooks without a set-up cell, in folders of their own, find our helpers."""
    monkeypatch.setenv("PYTHONPATH", str(course.ROOT))


def test_the_series_runs_and_says_what_came_out(home, anywhere, capsys):
    series.notebooks([], home, home / "build")
    out = capsys.readouterr().out
    assert re.search(r"01_dot +\d+  BLEU 97.5", out) and re.search(r"02_next +\d+  –", out)
    nb = nbformat.read(home / "build/notebooks/01_dot.ipynb", as_version=4)
    assert nb.cells[1].outputs[0].text == "True\n", "the kernel is another Python"
    assert (home / "build/site/index.html").exists()


def test_the_first_failure_stops_it_by_name_and_keeps_what_ran(home, anywhere, capsys):
    notebook(home / "notebooks/01_dot.ipynb", "# A dot?", "print('before')", "x = 0\n1 / x", "print('after')")
    with pytest.raises(Stopped, match=r"(?s)01_dot .*code cell 2.*x = 0.*ZeroDivisionError: division by zero"):
        series.notebooks([], home, home / "build")
    assert not (home / "build/notebooks/02_next.ipynb").exists()
    nb = nbformat.read(home / "build/notebooks/01_dot.ipynb", as_version=4)
    first, second, third = runner.codes(nb)
    assert first.outputs[0].text == "before\n" and second.outputs[0].ename == "ZeroDivisionError" and not third.outputs
    assert len(nb.cells) == 4 and "papermill" not in nbformat.writes(nb)
    assert not MACHINE.search(nbformat.writes(nb))


def test_a_dead_kernel_is_named_too(home):
    notebook(home / "notebooks/01_dot.ipynb", "# A dot?", "1", "import os\nos._exit(9)", "2")
    with pytest.raises(Stopped, match=r"(?s)01_dot .*code cell 2.*import os.*Python itself ended"):
        runner.execute(home / "notebooks/01_dot.ipynb", home / "copy.ipynb")


def test_names_choose_and_an_unknown_one_is_named(home, tmp_path):
    assert [path.stem for path in series.chosen(["02"], home)] == ["02_next"]
    assert [path.stem for path in series.chosen(["notebooks/01_dot.ipynb", "02_next"], home)] == ["01_dot", "02_next"]
    with pytest.raises(Stopped, match="no notebook '07'. There are: 01_dot, 02_next"):
        series.chosen(["01", "07"], home)
    with pytest.raises(Stopped, match="no notebook in"):
        series.chosen([], tmp_path / "empty")


def test_a_broken_file_is_named(home):
    (home / "notebooks/01_dot.ipynb").write_text("{}}")
    with pytest.raises(Stopped, match="01_dot.ipynb can't be read as a notebook"):
        series.notebooks([], home, home / "build")


def test_refresh_leaves_a_clean_file_and_the_promised_picture(home, anywhere, monkeypatch):
    monkeypatch.setattr(runner, "PATH", re.compile(re.escape(str(home))))
    monkeypatch.setattr(runner, "PATHS", {str(home): "."})
    path = notebook(home / "notebooks/01_dot.ipynb", TITLE, "import os, sys, warnings\nprint(os.getcwd())",
                    (PICTURE, "promised"), "from tqdm import tqdm\n"
                    "for i in tqdm(range(3), file=sys.stdout, leave=False): pass\nprint('done')",
                    "warnings.warn('look')")
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    series.refresh([], home, home / "build")
    nb = nbformat.read(path, as_version=4)
    assert [cell.id for cell in nb.cells] == ids
    assert [cell.execution_count for cell in runner.codes(nb)] == [1, 2, 3, 4]
    assert nb.metadata == {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                           "language_info": {"name": "python"}}
    assert all(cell.metadata in ({}, {"tags": ["promised"]}) for cell in nb.cells)
    cwd, _, bar, warned = [cell.outputs for cell in runner.codes(nb)]
    assert cwd[0].text == "./notebooks\n" and bar[0].text == "done\n" and len(bar) == 1 and not warned
    with Image.open(home / "notebooks/pictures/01.png") as picture:
        assert picture.text["Description"] == "a dot → café" and picture.size == (1, 1)
    again = path.read_bytes()
    series.refresh([], home, home / "build")
    assert path.read_bytes() == again, "a second run changes the file"


def test_what_is_promised_hangs_at_the_top_after_one_refresh(home, anywhere):
    series.refresh([], home, home / "build")
    output = runner.codes(nbformat.read(home / "notebooks/02_next.ipynb", as_version=4))[1].outputs
    assert len(output) == 1 and output[0].metadata["image/png"]["alt"] == "a dot → café"
    assert base64.b64decode(output[0].data["image/png"]) == (home / "notebooks/pictures/01.png").read_bytes()


@pytest.mark.parametrize("cells, message", [
    (["1 / 0"], "ZeroDivisionError"), (["print('x' * 2_100_000)"], "more than 2,000,000"),
    ([("print(1)", "promised")], "shows no picture"),
    ([(PICTURE.replace('"alt": "a dot → café"', "").replace('"dot"', '""'), "promised")], "no alternative text")])
def test_a_notebook_that_will_not_do_replaces_nothing(home, cells, message):
    path = notebook(home / "notebooks/01_dot.ipynb", "# A dot?", *cells)
    before = path.read_bytes()
    with pytest.raises(Stopped, match=message):
        series.refresh([], home, home / "build")
    assert path.read_bytes() == before and not (home / "notebooks/pictures").exists()


class Links(HTMLParser):
    """What a page asks the browser for, and where it leads."""

    def __init__(self, page):
        super().__init__()
        self.links, self.loaded, self.alts = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.links += [attributes["href"]] if tag == "a" and "href" in attributes else []
        self.loaded += [attributes[name] for name in ("src", "data") if name in attributes and tag != "a"]
        self.loaded += [attributes["href"]] if tag == "link" else []
        self.alts += [attributes.get("alt")] if tag == "img" else []


def test_the_pages_stand_alone_and_lead_to_each_other(home, anywhere):
    series.publish("ada/dots", home)
    series.notebooks([], home, home / "build")
    pages = {path.name: Links(path.read_text("utf-8")) for path in (home / "build/site").glob("*.html")}
    assert set(pages) == {"index.html", "01_dot.html", "02_next.html"}
    for name, page in pages.items():
        assert not [address for address in page.loaded if re.match(r"(https?:)?//", address)], name
        assert all((home / "build/site" / address).exists() for address in page.links + page.loaded
                   if not address.startswith(("http", "data:"))), name
        assert all(page.alts), name
    assert pages["index.html"].links[0] == "01_dot.html" and "pictures/01.png" in pages["index.html"].loaded
    assert "02_next.html" in pages["01_dot.html"].links and "01_dot.html" in pages["02_next.html"].links
    text = (home / "build/site/01_dot.html").read_text("utf-8")
    assert text.count("<math") == 2 and 'display="block"' in text and "\\sum" not in text and "require" not in text


def test_publish_is_complete_and_can_be_repeated(home):
    cell = home / "notebooks/solutions/01_dot.ipynb"
    notebook(cell, "# Solved", (runner.SETUP.read_text().strip(), "setup"))
    series.publish("ada/dots", home)
    once = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    series.publish("ada/dots", home)
    assert once == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    series.publish("grace/dots.2", home)
    everything = "".join(path.read_text("utf-8") for path in once)
    assert "ada/dots" not in everything and everything.count("colab-badge.svg") == 4
    assert "github/grace/dots.2/blob/main/notebooks/solutions/01_dot.ipynb" in cell.read_text()
    assert 'REPO, here, home = "grace/dots.2"' in runner.codes(nbformat.read(cell, as_version=4))[0].source


@pytest.mark.parametrize("address", ["", "dots", "https://github.com/ada/dots", "ada/dots/x", "ada /dots"])
def test_publish_takes_only_an_address(home, address):
    with pytest.raises(Stopped, match="is no address of a GitHub repository: give owner/name"):
        series.publish(address, home)


def test_errors_reach_the_terminal_as_one_message():
    ran = subprocess.run([sys.executable, "-m", "series", "notebooks", "99_nothing"], cwd=course.ROOT,
                         capture_output=True, text=True)
    assert ran.returncode == 1 and "Traceback" not in ran.stderr and "There is no notebook" in ran.stderr


# The set-up cell.

FAKE_COLAB = "import sys, types\nfor name in ['google', 'google.colab']: sys.modules[name] = types.ModuleType(name)\n"
OURS = "\nfrom helpers import course\nprint('OURS', course.ROOT)"


def bare(code, folder, **environment):
    """Run code in a Python that knows nothing of the course."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    environment.pop("PYTHONPATH", None)
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=environment)


@pytest.fixture
def cell():
    """The set-up cell, as in a Python that isn't the course's own environment."""
    unset = re.sub(r'home = "[^"]*"', 'home = ""', runner.SETUP.read_text())
    return "import sys; sys.prefix = '/nowhere/venv'\n" + unset


def copy_of_the_course(folder):
    """The helpers alone in a folder, which is what the set-up cell looks for."""
    (folder / "helpers").mkdir(parents=True)
    for name in ("__init__.py", "course.py"):
        (folder / "helpers" / name).write_bytes((course.ROOT / "helpers" / name).read_bytes())
    return folder


def test_the_setup_cell_is_short():
    assert len(runner.SETUP.read_text().strip().splitlines()) <= 8


def test_the_setup_cell_finds_the_course_from_below(cell, tmp_path):
    below = copy_of_the_course(tmp_path / "here") / "notebooks" / "deep"
    below.mkdir(parents=True)
    ran = bare(cell + OURS, below)
    assert ran.stdout.splitlines()[-1] == f"OURS {tmp_path / 'here'}" and not ran.stderr
    assert re.match(r"Python 3\.\d+\.\d+ · torch [\d.]+\S* · torchtext 0\.6\.0 · pandas", ran.stdout)


def test_the_setup_cell_finds_the_course_of_its_environment(tmp_path):
    code = f"import sys; sys.prefix = {str(course.ROOT / '.venv')!r}\n" + runner.SETUP.read_text() + OURS
    ran = bare(code, tmp_path)
    assert ran.stdout.splitlines()[-1] == f"OURS {course.ROOT}", ran.stderr


def test_the_setup_cell_puts_our_helpers_before_others(cell, tmp_path):
    copy_of_the_course(tmp_path / "here")
    other = tmp_path / "other" / "helpers"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("OTHER = True\n")
    (other / "course.py").write_text("OTHER = True\n")
    before = f"import sys; sys.path.insert(0, {str(other.parent)!r})\nimport helpers.course\nassert helpers.OTHER\n"
    again = "\nfirst = course\n" + cell + OURS + "\nassert course is first"  # a second run changes nothing
    ran = bare(before + cell + OURS + again, tmp_path / "here")
    assert ran.stdout.count(f"OURS {tmp_path / 'here'}") == 2, ran.stderr


def test_colab_gets_the_course_from_its_address(cell, tmp_path):
    public = copy_of_the_course(tmp_path / "public")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(public)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "course"]):
        subprocess.run(git + command, check=True)
    content = tmp_path / "content"
    content.mkdir()
    local = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{public}.insteadOf",
             "GIT_CONFIG_VALUE_0": "https://github.com/ada/dots"}
    code = cell.replace('home = ""', 'home = "ada/dots"')
    ran = bare(FAKE_COLAB + code + OURS, content, **local)
    assert ran.stdout.splitlines()[-1] == f"OURS {content / 'seq2seq-attention'}", ran.stderr
    ran = bare(FAKE_COLAB + code + OURS, content)  # once it is there, nothing is asked for
    assert ran.stdout.splitlines()[-1] == f"OURS {content / 'seq2seq-attention'}", ran.stderr
    ran = bare(code, tmp_path, **local)
    assert "The course isn't here" in ran.stderr, "elsewhere than in Colab nothing is brought"


def test_colab_without_an_address_asks_for_the_zip_and_takes_it(cell, tmp_path, monkeypatch):
    ran = bare(FAKE_COLAB + cell, tmp_path)
    assert "AssertionError: The course isn't here: put course.zip (from `make zip`) beside this notebook" in ran.stderr
    series.pack(course.ROOT, tmp_path)
    inside = zipfile.ZipFile(io.BytesIO((tmp_path / "course.zip").read_bytes())).namelist()
    assert "seq2seq-attention/helpers/course.py" in inside and "seq2seq-attention/requirements.txt" in inside
    assert not [name for name in inside if re.search("multi30k/|__pycache__|build/|\\.venv|\\.git/", name)]
    ran = bare(FAKE_COLAB + cell + OURS, tmp_path)
    assert ran.stdout.splitlines()[-1] == f"OURS {tmp_path / 'seq2seq-attention'}", ran.stderr


@pytest.mark.parametrize("missing, asked", [
    ([], []), (["sacrebleu"], [["sacrebleu"]]), (["torch", "pandas"], []),
    (["torchtext", "sacrebleu"], [["sacrebleu", "six"], ["--no-deps", "torchtext==0.6.0"]])])
def test_colab_installs_only_what_is_missing(missing, asked, monkeypatch):
    calls, done = [], subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(course, "found", lambda name: None if name == "six" else "9")
    monkeypatch.setattr(course.subprocess, "run", lambda command: calls.append(command[6:]) or done)
    course.install(missing)
    assert calls == asked


def test_an_install_that_fails_is_said(monkeypatch):
    monkeypatch.setattr(course.subprocess, "run", lambda command: subprocess.CompletedProcess(command, 1))
    with pytest.raises(RuntimeError, match="pip could not install sacrebleu"):
        course.install(["sacrebleu"])


# What course.py gives to notebooks.

def test_check_says_what_is_needed_and_found():
    table = course.check().set_index("what")
    assert list(table) == ["needed", "found", "ok"] and (table.ok[:-1] == "yes").all()


@pytest.mark.parametrize("name, version, good", [
    ("torch", "2.6.0", True), ("torch", "2.13.0+cpu", True), ("torch", "2.5.1", False), ("pandas", None, False),
    ("torchtext", "0.6.0", True), ("torchtext", "0.18.0", False)])
def test_versions_are_compared_as_numbers(name, version, good, monkeypatch):
    monkeypatch.setattr(course, "found", lambda name: version)
    assert course.good(name) == good


def test_a_table_is_kept_and_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "BUILD", tmp_path)
    frame = pd.DataFrame({"rule": ["fixed"], "bleu": [1.5]})
    assert course.table(frame, "bleu") is frame
    assert (tmp_path / "tables/bleu.csv").read_text() == "rule,bleu\nfixed,1.5\n"
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["bleu.csv"]
    with pytest.raises(ValueError, match="'a/b.csv'"):
        course.table(frame, "a/b.csv")


def test_a_promise_that_is_not_drawn_says_so(capsys):
    course.promise("99")
    assert "The picture of notebook 99 is not drawn yet" in capsys.readouterr().out


# The committed notebooks.

@pytest.mark.parametrize("path", SERIES + SOLVED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_committed_notebook_is_whole(path):
    nb = nbformat.read(path, as_version=4)
    code = runner.codes(nb)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), "executed in order: `make refresh`"
    assert not [output for output in outputs(nb) if output.output_type == "error" or output.get("name") == "stderr"]
    assert not machine_paths(nb) and not without_words(nb)
    assert path.stat().st_size < series.MOST
    assert "papermill" not in nb.metadata and not [cell for cell in nb.cells if "papermill" in cell.metadata]


@pytest.mark.parametrize("path", SERIES, ids=lambda path: path.stem)
def test_the_notebooks_are_built_alike(path):
    nb = nbformat.read(path, as_version=4)
    lines = [len(cell.source.splitlines()) for cell in runner.codes(nb)]
    assert max(lines) <= 30 and statistics.median(lines) <= 6
    for tag in ("parameters", "headline", "promised"):
        assert len(runner.tagged(nb, tag)) == 1 or path.stem.startswith("00"), f"one cell is tagged {tag!r}"
    assert nb.cells[0].cell_type == "markdown" and re.match(r"# .*\?", nb.cells[0].source), "its title is a question"


@pytest.mark.parametrize("path", SERIES + SOLVED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_first_code_cell_is_the_setup_cell(path):
    first = runner.codes(nbformat.read(path, as_version=4))[0]
    assert "setup" in first.metadata.get("tags", []) and first.source == runner.SETUP.read_text().strip()
