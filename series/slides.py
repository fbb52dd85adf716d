"""The notebooks as decks of slides: one HTML file each, which opens in any browser offline.

What stands on a slide is said in the notebook: each cell's slide type, as JupyterLab's property
inspector shows it. "slide" begins a chapter, "subslide" the next slide of it, "-" goes on,
"fragment" waits for a key, with what goes on after it, "notes" is for the speaker (key S), "skip"
stays out. Pictures and tables come without their code, and a picture fills its slide.

nbconvert arranges the cells; the deck is our own, because nbconvert's fetches its engine online.
"""
import copy
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from markupsafe import Markup
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from traitlets.config import Config

from helpers import files
from series import pages, runner

REVEAL = "sphinx-revealjs==3.2.1"  # a package that carries reveal.js: unpacked, never installed
# Of the wheel.
REVEAL_SHA256 = "805bed3ca459346e0f01967d5ed1c40d6b7b917de1541e1e4566c8341fe7017b"
REVEAL_FOLDER = "sphinx_revealjs/_static/revealjs"
REVEAL_PARTS = {
    "css": "dist/reveal.css",
    "script": "dist/reveal.js",
    "notes": "plugin/notes/notes.js",
}

SHOWN = {"image/png", "text/html"}  # pictures, players, tables: shown without the code
ALONE = "alone"  # the tag of a cell that shows such an output and nothing else


def reveal(folder: Path) -> dict[str, Markup]:
    """REVEAL_PARTS as texts that may stand in a page: fetched once, and kept in `folder`."""
    version = REVEAL.partition("==")[2]
    pattern = f"*-{version}-*.whl"
    if not list(folder.glob(pattern)):
        fetch(folder)
    package = next(folder.glob(pattern))
    content = package.read_bytes()
    if files.sha256(content) != REVEAL_SHA256:
        raise runner.Stopped(f"{package} is not the file that it should be (SHA-256): "
                             "delete it and try again.")
    parts = {}
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        for name, path in REVEAL_PARTS.items():
            text = wheel.read(f"{REVEAL_FOLDER}/{path}").decode()
            parts[name] = Markup(text.replace("</script", r"<\/script"))
    return parts


def fetch(folder: Path) -> None:
    """Download the package with reveal.js; raises Stopped where there is no network."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    ran = subprocess.run([*pip, "--no-deps", "--dest", str(folder), REVEAL])
    if ran.returncode != 0:
        raise runner.Stopped("reveal.js, which moves the slides, could not be fetched "
                             f"(pip download {REVEAL}): go online once, after that the slides "
                             "are made without a network.")


def spread(nb: NotebookNode) -> NotebookNode:
    """A copy of a notebook for slides: pictures and tables in cells of their own, notes early.

    A slide's notes come right behind its first cell: within a fragment the speaker would see them
    only when the class sees the fragment.
    """
    nb = copy.deepcopy(nb)
    cells = [piece for cell in nb.cells for piece in pieces(cell)]
    nb.cells = []
    place = 0  # for the notes of this slide
    for cell in cells:
        if slide_type(cell) == "notes":
            nb.cells.insert(place, cell)
            place += 1
            continue
        nb.cells.append(cell)
        if slide_type(cell) in ("slide", "subslide"):
            place = len(nb.cells)
    return nb


def slide_type(cell: NotebookNode) -> str:
    """What a notebook says of a cell: "slide", "subslide", "fragment", "notes", "skip", or "-"."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def pieces(cell: NotebookNode) -> Iterator[NotebookNode]:
    """A cell as it goes onto slides: a cell for each picture or table; itself where it has none."""
    outputs = [output for output in cell.get("outputs", []) if is_shown_alone(output)]
    if not outputs:
        yield cell
    for number, output in enumerate(outputs):
        alone = copy.deepcopy(cell)
        alone.id = f"{cell.id}-{number}"
        alone.outputs = [output]
        alone.metadata.tags = [ALONE]
        if number > 0 and slide_type(cell) != "skip":
            alone.metadata.slideshow = {"slide_type": "subslide"}
        yield alone


def is_shown_alone(output: NotebookNode) -> bool:
    """Is this a picture, a player or a table?"""
    return bool(SHOWN & output.get("data", {}).keys())


@cache
def exporter() -> SlidesExporter:
    """Makes slides of notebooks, without the code of cells that stand ALONE."""
    config = Config({"TagRemovePreprocessor": {"enabled": True, "remove_input_tags": {ALONE}}})
    return SlidesExporter(config=config, **pages.exporter_options("deck"))


def slides(nb: NotebookNode) -> Markup:
    """The slides of a notebook: a section for each chapter, in it one for each slide."""
    html, _ = exporter().from_notebook_node(spread(nb))
    return Markup(html)


def decks(paths: Iterable[Path], folder: Path, store: Path) -> list[Path]:
    """Make a deck of each executed notebook in `folder`; gives their files.

    reveal.js is kept in the folder `store`.
    """
    parts = reveal(store)
    made = []
    for path in paths:
        nb = runner.read(path)
        title, _ = pages.opening(nb)
        file = folder / f"{path.stem}.html"
        pages.write(file, "deck.html.j2", title, slides=slides(nb), reveal=parts)
        made.append(file)
    return made
