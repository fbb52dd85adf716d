"""Runs the series of notebooks, renews the committed ones, and packs the course for other places.

    python -m series notebooks [NAME ...]   execute them into build/notebooks/, web pages into build/site/
    python -m series refresh [NAME ...]     execute the committed notebooks in place and draw their pictures
    python -m series site                   only the web pages
    python -m series slides [NAME ...]      a deck of slides of each notebook in build/slides/
    python -m series publish OWNER/NAME     write the course's GitHub address wherever it is needed
    python -m series zip                    pack build/course.zip, for where there is no such address
A NAME is a number, such as 03, or a notebook's whole name; without one it is all of them.
"""
import argparse
import io
import os
import re
import sys
import time
import zipfile
from pathlib import Path

import nbformat
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from helpers import course
from series import pages, runner, slides
from series.runner import Stopped

MOST = 2_000_000  # bytes in a committed notebook
PACKED = ["README*.md", "LICENSE", "Makefile", "*.txt", "*.yml", "*.toml", "helpers/**/*", "series/**/*",
          "notebooks/**/*", "data/**/*", "docs/**/*", "tests/**/*"]
COLAB = "https://colab.research.google.com"
BADGE = f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({COLAB}/github/{{}}/blob/main/notebooks/{{}})"


def chosen(names, home):
    """The notebooks that `names` ask for, in the order of the series; all of them without names."""
    every = sorted((home / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not every:
        raise Stopped(f"There is no notebook in {home / 'notebooks'}: their names look like 03_the_bottleneck.ipynb.")
    wanted = {Path(name).stem for name in names}
    for name in sorted(wanted - {name for path in every for name in (path.stem, path.stem[:2])}):
        raise Stopped(f"There is no notebook {name!r}. There are: {', '.join(path.stem for path in every)}.")
    return [path for path in every if not wanted or wanted & {path.stem, path.stem[:2]}]


def notebooks(names, home=course.ROOT, build=course.BUILD):
    """Execute notebooks in order, make the web pages, print what came out; the first that fails ends it."""
    lines, failure = [f"{'notebook':<30} {'seconds':>7}  headline"], None
    for source in chosen(names, home):
        start = time.perf_counter()
        try:
            nb, notes = runner.execute(source, build / "notebooks" / source.name)
        except Stopped as error:
            failure = error
            break
        lines.append(f"{source.stem:<30} {time.perf_counter() - start:7.0f}  {runner.headline(nb)}")
        lines += [f"    warned in {note}" for note in notes]
    print("", *lines, "", f"The pages: {site(home, build)}", sep="\n")
    if failure:
        raise failure


def site(home=course.ROOT, build=course.BUILD):
    """Make the web pages."""
    return pages.site(newest([], home, build), home / "notebooks" / "pictures", build / "site")


def newest(names, home, build):
    """The executed copy of each notebook, or the committed one where there is no copy."""
    copies = [(build / "notebooks" / path.name, path) for path in chosen(names, home)]
    return [copy if copy.exists() else path for copy, path in copies]


def decks(names, home=course.ROOT, build=course.BUILD):
    """Make a deck of slides of each notebook."""
    print("The slides:", *slides.decks(newest(names, home, build), build / "slides", build / "reveal"), sep="\n    ")


def refresh(names, home=course.ROOT, build=course.BUILD):
    """Execute notebooks and their solutions, and put them in the committed ones' place; a failure replaces nothing."""
    sources = chosen(names, home)
    solved = [path.parent / "solutions" / path.name for path in sources]
    for source in sources + [path for path in solved if path.exists()]:
        nb, notes = runner.execute(source, build / "refresh" / source.relative_to(home / "notebooks"))
        size = len(nbformat.writes(nb).encode())
        if size > MOST:
            largest = max(runner.codes(nb), key=lambda cell: len(str(cell.outputs))).source.splitlines()[0]
            raise Stopped(f"{source.stem} would take {size:,} bytes, more than {MOST:,}; most of it in the cell that "
                          f"begins with\n    {largest}\nMake what it shows smaller; the committed one is unchanged.")
        keep_promise(nb, source)
        course.write(source, nbformat.writes(nb) + "\n")
        for note in notes:
            print(f"    {source.stem} warned in {note}")
    for source in chosen([], home):
        hang(source)


def keep_promise(nb, source):
    """Write the picture of the cell tagged "promised" to notebooks/pictures/, with its alternative text inside."""
    if not runner.tagged(nb, "promised"):
        return
    png, alt = runner.picture(nb) or (None, None)
    if not alt:
        lack = "alternative text with its picture" if png else "picture"
        raise Stopped(f'{source.stem}: the cell tagged "promised" shows no {lack}; see Picture in helpers/figures.py.')
    words, file = PngInfo(), io.BytesIO()
    words.add_itxt("Description", alt)
    with Image.open(io.BytesIO(png)) as image:
        image.save(file, "PNG", pnginfo=words, optimize=True, dpi=image.info.get("dpi", (100, 100)))
    course.write(source.parent / "pictures" / f"{source.stem[:2]}.png", file.getvalue())


def hang(source):
    """Hang the newest pictures where a notebook shows what is promised: `course.promise` ran before they were drawn."""
    nb = nbformat.read(source, as_version=4)
    before = nbformat.writes(nb)
    for cell in runner.codes(nb):
        number = re.search(r"""course\.promise\(["'](\d\d)["']\)""", cell.source)
        bundle = course.promised(number[1], source.parent / "pictures") if number and cell.outputs else None
        if bundle:
            cell.outputs = [nbformat.v4.new_output("display_data", data=bundle[0], metadata=bundle[1])]
    if nbformat.writes(nb) != before:
        course.write(source, nbformat.writes(nb) + "\n")


def publish(address, home=course.ROOT):
    """Write the course's address into notebooks/setup.py, every set-up cell, the notebooks' badges and the README."""
    if not re.fullmatch(r"[\w-]+/[\w.-]+", address):
        raise Stopped(f"{address!r} is no address of a GitHub repository: give owner/name, as in "
                      "`make publish REPO=ada/seq2seq-attention`.")
    setup, readme = home / "notebooks" / "setup.py", home / "README.md"
    text = re.sub(r'^(REPO, here, home = )"[^"]*"', rf'\1"{address}"', setup.read_text("utf-8"), flags=re.MULTILINE)
    course.write(setup, text)
    badge = re.compile(r"\n*\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)")
    for path in sorted((home / "notebooks").rglob("[0-9][0-9]_*.ipynb")):
        nb, where = runner.read(path, setup), path.relative_to(home / "notebooks").as_posix()
        nb.cells[0].source = badge.sub("", nb.cells[0].source) + "\n\n" + BADGE.format(address, where)
        course.write(path, nbformat.writes(nb) + "\n")
    text, mark = badge.sub("", readme.read_text("utf-8")), "<!-- Colab -->"
    course.write(readme, text.replace(mark, f"{mark}\n{BADGE.format(address, '00_start_here.ipynb')}"))
    print(f"The course's address is {address}. Commit what changed and push it to the branch main there.")


def pack(home=course.ROOT, build=course.BUILD):
    """Pack what a reader needs into build/course.zip: the set-up cell unpacks it where it lies beside a notebook."""
    files = sorted({path for pattern in PACKED for path in home.glob(pattern) if path.is_file()})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            inside = path.relative_to(home)
            if not {"multi30k", "__pycache__", ".ipynb_checkpoints"} & set(inside.parts) and path.suffix != ".tmp":
                archive.write(path, Path("seq2seq-attention") / inside)
    path = course.write(build / "course.zip", file.getvalue())
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB): upload it to Colab beside a notebook and run the first cell.")


def main(arguments=None):
    """What `python -m series` does."""
    parser = argparse.ArgumentParser("python -m series", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["notebooks", "refresh", "site", "slides", "publish", "zip"])
    parser.add_argument("names", nargs="*", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    for name in {"MULTI30K_DIR", "COURSE_BUILD"} & os.environ.keys():  # notebooks run in their own folder
        os.environ[name] = str(Path(os.environ[name]).resolve())
    try:
        if asked.command == "publish":
            publish(*asked.names[:1] or [""])
        elif asked.command == "zip":
            pack()
        elif asked.command == "site":
            print(f"The pages: {site()}")
        else:
            {"notebooks": notebooks, "refresh": refresh, "slides": decks}[asked.command](asked.names)
    except Stopped as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. What was executed is kept in build/.")


if __name__ == "__main__":
    main()
