"""Brings the course to other places: its address, the set-up cell, and one file to carry."""
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from helpers import course, files
from series import runner
from series.runner import Stopped

PACKED = (
    "*.md", "LICENSE", "Makefile", "*.txt", "*.yml", "*.toml", "helpers/**/*", "series/**/*",
    "notebooks/**/*", "data/**/*", "docs/**/*", "tests/**/*", "benchmarks/**/*",
)
LEFT_OUT = {"multi30k", "__pycache__", ".ipynb_checkpoints"}  # folders

COLAB = "https://colab.research.google.com"
BADGE = re.compile(r"\n*\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)")
MARK = "<!-- Colab -->"  # where the README has its badge


def badge(address: str, notebook: str) -> str:
    """The link that opens a notebook in Colab; `notebook` is its path within notebooks/."""
    image = f"{COLAB}/assets/colab-badge.svg"
    page = f"{COLAB}/github/{address}/blob/main/notebooks/{notebook}"
    return f"[![Open in Colab]({image})]({page})"


def every_notebook(home: Path) -> list[Path]:
    """All notebooks, with the solutions."""
    return sorted((home / "notebooks").rglob("[0-9][0-9]_*.ipynb"))


def renew_setup(home: Path = course.ROOT) -> None:
    """Write notebooks/setup.py into the set-up cell of every notebook; nothing is executed."""
    setup = home / "notebooks" / "setup.py"
    paths = every_notebook(home)
    for path in paths:
        runner.write(path, runner.read(path, setup))
    print(f"{len(paths)} notebooks have the set-up cell of {setup}.")


def publish(address: str, home: Path = course.ROOT) -> None:
    """Write the course's address into notebooks/setup.py, all set-up cells, badges and the README.

    `address` is owner/name of a repository on GitHub; anything else raises Stopped.
    """
    if not re.fullmatch(r"[\w-]+/[\w.-]+", address):
        raise Stopped(f"{address!r} is no address of a GitHub repository: give owner/name, as in "
                      "`make publish REPO=ada/seq2seq-attention`.")
    setup = home / "notebooks" / "setup.py"
    files.write(setup, with_address(setup.read_text("utf-8"), address))
    for path in every_notebook(home):
        nb = runner.read(path, setup)
        place = path.relative_to(home / "notebooks").as_posix()
        put_badge(nb, badge(address, place))
        runner.write(path, nb)
    readme = home / "README.md"
    text = BADGE.sub("", readme.read_text("utf-8"))
    first = badge(address, "00_start_here.ipynb")
    files.write(readme, text.replace(MARK, f"{MARK}\n{first}"))
    print(f"The course's address is {address}. "
          "Commit what changed and push it to the branch main there.")


def with_address(setup: str, address: str) -> str:
    """The text of the set-up cell with the course's address in it."""
    return re.sub(r'^REPOSITORY = "[^"]*"', f'REPOSITORY = "{address}"', setup, flags=re.MULTILINE)


def put_badge(nb: NotebookNode, text: str) -> None:
    """Put a badge at the end of a notebook's first cell, in the place of the one it has."""
    first = nb.cells[0]
    first.source = BADGE.sub("", first.source) + "\n\n" + text


def pack(home: Path = course.ROOT, build: Path = course.BUILD) -> Path:
    """Pack what a reader needs into build/course.zip.

    The set-up cell unpacks it where it lies beside a notebook.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in packed(home):
            archive.write(path, Path("seq2seq-attention") / path.relative_to(home))
    path = files.write(build / "course.zip", file.getvalue())
    megabytes = path.stat().st_size / 1e6
    print(f"{path} ({megabytes:.1f} MB): "
          "upload it to Colab beside a notebook and run the first cell.")
    return path


def packed(home: Path) -> Iterator[Path]:
    """The files of the course that are packed."""
    found = {path for pattern in PACKED for path in home.glob(pattern)}
    for path in sorted(found):
        parts = path.relative_to(home).parts
        is_left_out = path.suffix == ".tmp" or LEFT_OUT.intersection(parts)
        if path.is_file() and not is_left_out:
            yield path
