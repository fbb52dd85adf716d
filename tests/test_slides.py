"""The decks of slides: what stands on them, and in a real browser that nothing of it is cut off."""
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from browser import found_on, needs_browser
from conftest import SERIES, SOLVED
from drawing import trace
from helpers import course, figures
from series import refresh, runner, slides
from series.runner import Stopped

KINDS = {"slide", "subslide", "fragment", "skip", "notes", "-"}
WALK = (Path(__file__).parent / "walk.js").read_text("utf-8")
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="


def named(path):
    return f"{path.parent.name}-{path.stem}"


def text_cell(source, kind):
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}})


def picture(source, kind, count=1):
    shown = {"image/png": DOT, "text/plain": "a dot"}
    alt = {"image/png": {"alt": "a dot"}}
    outputs = [new_output("display_data", data=shown, metadata=alt) for _ in range(count)]
    return new_code_cell(source, outputs=outputs, metadata={"slideshow": {"slide_type": kind}})


def pages_of(nb):
    """The slides of a notebook as texts of HTML, chapter by chapter."""
    deck = str(slides.slides(nb))
    chapters = re.split(r"<section>(?=<section>)", deck)[1:]
    return [chapter.split('<div class="page">')[1:] for chapter in chapters]


def seen(page):
    """The words of a slide, without its notes."""
    without_notes = re.sub(r'(?s)<aside class="notes">.*?</aside>', "", page)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", without_notes)).strip()


@pytest.mark.parametrize("path", SERIES + SOLVED, ids=named)
def test_every_notebook_says_what_stands_on_its_slides(path):
    nb = nbformat.read(path, as_version=4)
    kinds = [slides.slide_type(cell) for cell in nb.cells]
    assert kinds[0] == "slide" and {*kinds} <= KINDS and kinds.count("slide") >= 4
    for cell, kind in zip(nb.cells, kinds, strict=True):
        beginning = cell.source[:60]
        if {"setup", "parameters", "exercise"} & {*cell.metadata.get("tags", [])}:
            assert kind == "skip", beginning
        if any(map(slides.is_shown_alone, cell.get("outputs", []))):
            assert kind != "notes" and kind != "skip", f"a picture that no one sees: {beginning}"


def test_chapters_slides_fragments_and_notes():
    nb = new_notebook(cells=[
        text_cell("# A?", "slide"), text_cell("not shown", "skip"), text_cell("more", "-"),
        picture("draw()", "subslide", 2), text_cell("say this", "notes"),
        text_cell("## B", "slide"), text_cell("an answer", "fragment"),
        text_cell("its reason", "-")])
    chapters = pages_of(nb)
    assert [[seen(page) for page in chapter] for chapter in chapters] == [
        ["A? more", "", ""], ["B an answer its reason"]]
    first, second = chapters[0][1:]
    assert first.count("<img") == 1 and second.count("<img") == 1
    assert "say this" not in first
    assert "say this" in second.partition('<aside class="notes">')[2]
    waits = chapters[1][0].partition('class="fragment"')[2]
    assert "an answer" in waits and "its reason" in waits


def test_notes_do_not_wait_with_a_fragment():
    nb = new_notebook(cells=[
        text_cell("# A?", "slide"), text_cell("an answer", "fragment"), text_cell("one", "notes"),
        text_cell("two", "notes"), text_cell("next", "subslide")])
    first, second = pages_of(nb)[0]
    notes, _, waits = first.partition('class="fragment"')
    assert re.search("(?s)one.*two", notes)
    assert "an answer" in waits and "notes" not in waits
    assert "notes" not in second


def test_pictures_and_tables_come_without_their_code_and_other_output_with_it():
    table = new_output("execute_result", data={"text/html": "<table></table>", "text/plain": ""})
    printed = new_output("stream", name="stdout", text="printed")
    nb = new_notebook(cells=[
        text_cell("# A?", "slide"), picture("draw()", "-"),
        new_code_cell("tell()", outputs=[table]), new_code_cell("say()", outputs=[printed])])
    deck = str(slides.slides(nb))
    assert "<img" in deck and "<table>" in deck and "printed" in deck
    assert "draw" not in deck and "tell" not in deck and "say" in deck


def test_what_is_skipped_is_skipped_with_all_its_pictures():
    nb = new_notebook(cells=[text_cell("# A?", "slide"), picture("draw()", "skip", 2)])
    assert len(pages_of(nb)) == 1 and len(pages_of(nb)[0]) == 1
    assert "<img" not in slides.slides(nb)


def test_a_cell_without_a_slide_type_goes_on_and_a_first_cell_begins():
    nb = new_notebook(cells=[new_markdown_cell("one"), new_markdown_cell("two")])
    assert [[seen(page) for page in chapter] for chapter in pages_of(nb)] == [["one two"]]


def test_without_a_network_the_slides_say_what_is_missing(tmp_path, monkeypatch):
    def pip(command):
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(slides.subprocess, "run", pip)
    told = "reveal.js, which moves the slides, could not be fetched .*: go online once"
    with pytest.raises(Stopped, match=told):
        slides.reveal(tmp_path)


# In a browser.

def check_slide(slide, smallest=18):
    """Nothing is cut off, letters and pictures are large, and players play."""
    assert slide["right"] <= 1281 and slide["bottom"] <= 721, slide
    assert slide["size"] >= smallest, slide
    assert slide["words"] or slide["pictures"], slide
    for wide, tall in slide["pictures"]:
        assert wide > 1100 or tall > 480, slide
    for player in slide["players"]:
        assert player["width"] >= 800, slide
        assert player["steps"] == player["step"] > 1, "the player stands still"


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """The decks of the committed notebooks; reveal.js is fetched at most once."""
    return slides.decks(SERIES, tmp_path_factory.mktemp("slides"), course.BUILD / "reveal")


@pytest.mark.slow
def test_a_deck_is_one_file_that_asks_the_network_for_nothing(decks):
    assert [path.stem for path in decks] == [path.stem for path in SERIES]
    asks = r"""<(?:script|img|link|iframe)[^>]* (?:src|href)=["'](?!data:)[^>]*"""
    for path in decks:
        slides_only, *scripts = path.read_text("utf-8").rsplit("\n<script>", 3)
        assert not re.findall(asks, slides_only)
        assert len(scripts) == 3 and "Reveal.initialize" in scripts[-1]
        assert slides_only.count("<img") >= 1
        assert path.stat().st_size < 2 * refresh.MOST


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("number", range(len(SERIES)), ids=[path.stem for path in SERIES])
def test_nothing_on_a_slide_is_cut_off(number, decks, tmp_path):
    found = found_on(decks[number], WALK, tmp_path)
    chapters = pages_of(runner.read(SERIES[number]))
    assert len(found) == sum(map(len, chapters))
    for slide in found:
        check_slide(slide)


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("words", [1, 3, 8, 30])
def test_a_player_fills_its_slide_whatever_the_sentence(words, tmp_path):
    player = figures.play(trace(words, words + 1))
    output = new_output("display_data", data={"text/html": player.data})
    title = text_cell("## A title\n\nAnd a sentence of some words under it.", "slide")
    cells = [title, new_code_cell("", outputs=[output])]
    path = tmp_path / "01_play.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    (deck,) = slides.decks([path], tmp_path, course.BUILD / "reveal")
    (slide,) = found_on(deck, WALK, tmp_path)
    check_slide(slide)
