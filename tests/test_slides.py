"""The decks of slides: what stands on them, and, in a real browser, that nothing of it is cut off."""
import html
import json
import re
import shutil
import subprocess

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from conftest import SERIES, SOLVED
from helpers import course
from series import __main__ as series
from series import runner, slides
from series.runner import Stopped

KINDS = {"slide", "subslide", "fragment", "skip", "notes", "-"}
CHROME = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WALK = """<script>
Reveal.on("ready", async () => {
  const found = [];
  for (let at = ""; at !== JSON.stringify(Reveal.getIndices());) {
    at = JSON.stringify(Reveal.getIndices());
    while (Reveal.availableFragments().next) Reveal.nextFragment();
    await new Promise(done => setTimeout(done, 20));
    const page = Reveal.getCurrentSlide().querySelector(".page");
    const parts = [...page.querySelectorAll("p, pre, td, th, li, h1, h2, img, button, math")].map(
      part => part.getBoundingClientRect());
    found.push({right: Math.max(0, ...parts.map(part => part.right)),
                bottom: Math.max(0, ...parts.map(part => part.bottom)),
                size: parseInt(page.style.fontSize), words: page.innerText.trim().slice(0, 60),
                pictures: [...page.querySelectorAll("img")].map(image => [image.width, image.height])});
    for (const player of page.querySelectorAll(".step-player")) {
      const image = player.querySelector("img"), before = image.src;
      player.querySelector('[title="Last frame"]').click();
      found.at(-1).steps = image.src !== before;
    }
    Reveal.next();
  }
  document.body.dataset.found = JSON.stringify(found);
});
</script></body>"""


def text_cell(source, kind):
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}})


def picture(source, kind, count=1):
    outputs = [new_output("display_data", data={"image/png": "AAAA", "text/plain": "a dot"}) for _ in range(count)]
    return new_code_cell(source, outputs=outputs, metadata={"slideshow": {"slide_type": kind}})


@pytest.mark.parametrize("path", SERIES + SOLVED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_notebook_says_what_stands_on_its_slides(path):
    nb = nbformat.read(path, as_version=4)
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type", "-") for cell in nb.cells]
    assert kinds[0] == "slide" and {*kinds} <= KINDS and kinds.count("slide") >= 4
    for cell, kind in zip(nb.cells, kinds, strict=True):
        if {"setup", "parameters", "exercise"} & {*cell.metadata.get("tags", [])}:
            assert kind == "skip", cell.source[:60]
        if any({"image/png", "text/html"} & output.get("data", {}).keys() for output in cell.get("outputs", [])):
            assert kind in ("subslide", "slide", "-", "fragment"), f"a picture that no one sees: {cell.source[:60]}"


def test_chapters_slides_fragments_and_notes():
    nb = new_notebook(cells=[
        text_cell("# A?", "slide"), text_cell("not shown", "skip"), text_cell("more", "-"),
        picture("draw()", "subslide", 2), text_cell("say this", "notes"),
        text_cell("## B", "slide"), text_cell("an answer", "fragment")])
    shape = [[[(kind, cell.source) for kind, cell in page] for page in chapter] for chapter in slides.chapters(nb)]
    assert shape == [
        [[("slide", "# A?"), ("-", "more")], [("subslide", "draw()")], [("subslide", "draw()"), ("notes", "say this")]],
        [[("slide", "## B"), ("fragment", "an answer")]]]
    page = slides.section(slides.chapters(nb)[0][2])
    assert page.count("<img") == 1 and "celltag_shown" in page and "say this" in page.split('<aside class="notes">')[1]
    assert 'class="fragment"' in slides.section(slides.chapters(nb)[1][0])


def test_what_is_skipped_is_skipped_with_all_its_pictures():
    nb = new_notebook(cells=[text_cell("# A?", "slide"), picture("draw()", "skip", 2)])
    assert [[len(page) for page in chapter] for chapter in slides.chapters(nb)] == [[1]]


def test_a_cell_without_a_slide_type_goes_on_and_a_first_cell_begins():
    nb = new_notebook(cells=[new_markdown_cell("one"), new_markdown_cell("two")])
    assert [[len(page) for page in chapter] for chapter in slides.chapters(nb)] == [[2]]


def test_without_a_network_the_slides_say_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(slides.subprocess, "run", lambda command: subprocess.CompletedProcess(command, 1))
    with pytest.raises(Stopped, match="reveal.js, which moves the slides, could not be fetched .*: go online once"):
        slides.reveal(tmp_path)


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """The decks of the committed notebooks; reveal.js is fetched at most once."""
    return slides.decks(SERIES, tmp_path_factory.mktemp("slides"), course.BUILD / "reveal")


def test_a_deck_is_one_file_that_asks_the_network_for_nothing(decks):
    assert [path.stem for path in decks] == [path.stem for path in SERIES]
    for path in decks:
        slides_only, *scripts = path.read_text("utf-8").rsplit("\n<script>", 3)
        assert not re.findall(r"""<(?:script|img|link|iframe)[^>]* (?:src|href)=["'](?!data:)[^>]*""", slides_only)
        assert len(scripts) == 3 and "Reveal.initialize" in scripts[-1] and slides_only.count("<img") >= 1
        assert path.stat().st_size < 2 * series.MOST


@pytest.mark.skipif(not CHROME, reason="looks at slides in Chromium, and there is none here")
@pytest.mark.parametrize("number", range(len(SERIES)), ids=[path.stem for path in SERIES])
def test_nothing_on_a_slide_is_cut_off(number, decks, tmp_path):
    page = tmp_path / "deck.html"
    before, _, after = decks[number].read_text("utf-8").rpartition("</body>")
    page.write_text(before + WALK + after, "utf-8")
    ran = subprocess.run([CHROME, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,720", "--dump-dom",
                          "--virtual-time-budget=60000", "--enable-logging=stderr", f"--user-data-dir={tmp_path}",
                          page.as_uri()], capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in ran.stderr, [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    found = json.loads(html.unescape(re.search(r'data-found="([^"]*)"', ran.stdout)[1]))
    nb = runner.read(SERIES[number])
    assert len(found) == sum(map(len, slides.chapters(nb)))
    for place, slide in enumerate(found, 1):
        assert slide["right"] <= 1281 and slide["bottom"] <= 721, (place, slide)
        assert slide["size"] >= 18 and (slide["words"] or slide["pictures"]), (place, slide)
        assert all(wide > 1100 or tall > 480 for wide, tall in slide["pictures"]), (place, slide)
        assert slide.get("steps", True), "the player stands still"
