"""Runs the series of notebooks, renews the committed ones, and packs the course for other places.

    python -m series notebooks [NAME ...]  execute them into build/notebooks/, pages: build/site/
    python -m series refresh [NAME ...]    execute the committed ones in place, draw their pictures
    python -m series measure [CORPUS ...]  train with several seeds for data/measured/ (hours)
    python -m series site                  only the web pages
    python -m series slides [NAME ...]     a deck of slides of each notebook in build/slides/
    python -m series models [RULE ...]     train the models that come with the course: data/models/
    python -m series setup                 write notebooks/setup.py into every set-up cell
    python -m series publish OWNER/NAME    write the course's GitHub address wherever it is needed
    python -m series zip                   pack build/course.zip, for where there is no such address
A NAME is a number, such as 03, or a notebook's whole name; without one it is all of them.
"""
import argparse
import math
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from helpers import course
from series import explorer, measure, package, pages, runner, slides, usage
from series.models import models
from series.refresh import refresh
from series.runner import Stopped


def notebooks(names: Iterable[str] = (), home: Path = course.ROOT,
              build: Path = course.BUILD) -> None:
    """Execute notebooks in order, make the web pages, print what came out.

    Raises Stopped at the first that fails, after all of this was done for those before it.
    """
    sources = runner.chosen(names, home)
    minutes = usage.forecast(path.stem for path in sources) / 60
    if minutes:
        print(f"About {math.ceil(minutes)} min on this machine, less where models are kept.")
    lines = [f"{'notebook':<30} {'seconds':>7} {'MB':>6}  headline"]
    failure = None
    for source in sources:
        start = time.perf_counter()
        try:
            with usage.MemoryWatch() as memory:
                nb, notes = runner.execute(source, build / "notebooks" / source.name)
        except Stopped as error:
            failure = error
            break
        seconds = time.perf_counter() - start
        costs = f"{seconds:7.0f} {memory.megabytes:6.0f}"
        lines.append(f"{source.stem:<30} {costs}  {runner.headline(nb)}")
        lines += [f"    warned in {note}" for note in notes]
    index = site(home, build)
    print("", *lines, "", f"The pages: {index}", sep="\n")
    if failure:
        raise failure


def site(home: Path = course.ROOT, build: Path = course.BUILD) -> Path:
    """Make the web pages, and the explorer; gives the file of the first page."""
    return pages.site(newest([], home, build), home / "notebooks" / "pictures", build / "site",
                      explorer.write)


def decks(names: Iterable[str] = (), home: Path = course.ROOT,
          build: Path = course.BUILD) -> None:
    """Make a deck of slides of each notebook, and the explorer beside them."""
    made = slides.decks(newest(names, home, build), build / "slides", build / "reveal")
    made.append(explorer.write(build / "slides"))
    print("The slides:", *made, sep="\n    ")


def newest(names: Iterable[str], home: Path, build: Path) -> list[Path]:
    """The executed copy of each notebook, or the committed one where there is no copy."""
    found = []
    for path in runner.chosen(names, home):
        copy = build / "notebooks" / path.name
        found.append(copy if copy.exists() else path)
    return found


def asked(arguments: list[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser("python -m series", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = ["notebooks", "refresh", "measure", "site", "slides", "models", "setup", "publish",
                "zip"]
    parser.add_argument("command", choices=commands)
    parser.add_argument("names", nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def do(command: str, names: list[str]) -> None:
    """Do what a command asks for."""
    if command == "notebooks":
        notebooks(names)
    elif command == "refresh":
        taken = refresh(names)
        if not names:
            usage.write_times(taken)
    elif command == "measure":
        measure.run(names)
    elif command == "site":
        print(f"The pages: {site()}")
    elif command == "slides":
        decks(names)
    elif command == "models":
        models(names)
    elif command == "setup":
        package.renew_setup()
    elif command == "publish":
        package.publish(names[0] if names else "")
    else:
        package.pack()


def main(arguments: list[str] | None = None) -> None:
    """What `python -m series` does; an error ends it with its message alone."""
    options = asked(arguments)
    for name in ("MULTI30K_DIR", "COURSE_BUILD"):  # notebooks run in their own folder
        if name in os.environ:
            os.environ[name] = str(Path(os.environ[name]).resolve())
    try:
        do(options.command, options.names)
    except Stopped as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. What was executed is kept in build/.")


if __name__ == "__main__":
    main()
