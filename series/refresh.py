"""Renews the notebooks that are in git: their outputs, and the pictures that they promise.

Everything is trained anew, in a folder of its own, so that what other code has trained never
reaches a committed output.
"""
import contextlib
import io
import os
import re
import shutil
import time
from collections.abc import Generator, Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from helpers import course, files, lessons
from series import runner
from series.runner import Stopped

MOST = 2_000_000  # bytes in a committed notebook
MADE = ("models", "tables", "notebooks")  # by a refresh; what was fetched lies beside it and stays
EXPLORER = '<div class="explorer">'  # so its HTML begins
LACKS = 'the cell tagged "promised" shows no'
SEE = "see Picture in helpers/figures/style.py."
PROMISE = re.compile(r"""lessons\.promise\(["'](\d\d)["']\)""")


def refresh(names: Iterable[str] = (), home: Path = course.ROOT,
            build: Path = course.BUILD) -> dict[str, float]:
    """Execute notebooks and their solutions, and put them in the committed ones' place.

    Gives the seconds of each notebook, where nothing was trained before but by those before it.

    Models, tables and executed copies go into `build`/refresh, which is emptied first: the tables
    there are those of the committed outputs. A notebook that fails, or is too large, replaces
    nothing and raises Stopped; those before it are renewed.
    """
    sources = chosen_with_solutions(names, home)
    apart = build / "refresh"
    for name in MADE:
        shutil.rmtree(apart / name, ignore_errors=True)
    taken = {}
    with building_in(apart):
        for source in sources:
            start = time.perf_counter()
            renew(source, apart / "notebooks" / source.relative_to(home / "notebooks"))
            if source.parent.name != "solutions":
                taken[source.stem] = time.perf_counter() - start
    for source in runner.chosen([], home):
        hang(source)
    return taken


def chosen_with_solutions(names: Iterable[str], home: Path) -> list[Path]:
    """The notebooks that are asked for, and after them their solutions."""
    sources = runner.chosen(names, home)
    solved = [path.parent / "solutions" / path.name for path in sources]
    return sources + [path for path in solved if path.exists()]


@contextlib.contextmanager
def building_in(folder: Path) -> Generator[None]:
    """Let the kernels that start meanwhile keep their models and tables in `folder`."""
    before = os.environ.get("COURSE_BUILD")
    os.environ["COURSE_BUILD"] = str(folder.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ["COURSE_BUILD"]
        else:
            os.environ["COURSE_BUILD"] = before


def renew(source: Path, copy: Path) -> None:
    """Execute one committed notebook into `copy`, and put that and its picture in their places."""
    nb, notes = runner.execute(source, copy)
    nb = without_explorers(nb)
    check_size(nb, source)
    keep_promise(nb, source)
    runner.write(source, nb)
    for note in notes:
        print(f"    {source.stem} warned in {note}")


def without_explorers(nb: NotebookNode) -> NotebookNode:
    """A notebook in which an explorer is the picture that stands in for it.

    The page is as heavy as all the rest, and a notebook that nobody trusts yet does not show it.
    """
    for cell in runner.codes(nb):
        for output in cell.outputs:
            html = output.get("data", {}).get("text/html", "")
            if html.startswith(EXPLORER):
                del output.data["text/html"]
    return nb


def check_size(nb: NotebookNode, source: Path) -> None:
    """Raise Stopped where a notebook is too large for git and for the sites that show it."""
    size = len(nbformat.writes(nb).encode())
    if size <= MOST:
        return
    largest = max(runner.codes(nb), key=lambda cell: len(str(cell.outputs)))
    first = largest.source.splitlines()[0]
    raise Stopped(f"{source.stem} would take {size:,} bytes, more than {MOST:,}; "
                  f"most of it in the cell that begins with\n    {first}\n"
                  "Make what it shows smaller; the committed one is unchanged.")


def keep_promise(nb: NotebookNode, source: Path) -> None:
    """Write the picture of the cell tagged "promised" to notebooks/pictures/.

    Its alternative text goes into the file; raises Stopped where the cell lacks it, or a picture.
    """
    if not runner.tagged(nb, "promised"):
        return
    png, alt = runner.picture(nb) or (b"", "")
    if not png:
        raise Stopped(f"{source.stem}: {LACKS} picture; {SEE}")
    if not alt:
        raise Stopped(f"{source.stem}: {LACKS} alternative text with its picture; {SEE}")
    file = source.parent / "pictures" / f"{source.stem[:2]}.png"
    files.write(file, with_words(png, alt))


def with_words(png: bytes, alt: str) -> bytes:
    """A PNG picture as one that carries its alternative text as its description."""
    description = PngInfo()
    description.add_itxt("Description", alt)
    file = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        density = image.info.get("dpi", (100, 100))
        image.save(file, "PNG", pnginfo=description, optimize=True, dpi=density)
    return file.getvalue()


def hang(source: Path) -> None:
    """Hang the newest pictures where a notebook shows what is promised.

    `lessons.promise` ran in the notebook's first cells, before they were drawn.
    """
    nb = nbformat.read(source, as_version=4)
    before = nbformat.writes(nb)
    for cell in runner.codes(nb):
        promise = PROMISE.search(cell.source)
        if promise is None or not cell.outputs:
            continue
        bundle = lessons.promised(promise[1], source.parent / "pictures")
        if bundle is not None:
            data, metadata = bundle
            cell.outputs = [nbformat.v4.new_output("display_data", data=data, metadata=metadata)]
    if nbformat.writes(nb) != before:
        runner.write(source, nb)
