"""Runs every trial with its full count, and writes docs/reliability.md: an hour at most.

    python -m benchmarks.reliability           the page, with full counts
    python -m benchmarks.reliability --quick   each trial a few times, printed only
"""
import platform
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.reliability import Row, crowd, damage, disk, interruption
from helpers import course, files

PAGE = course.ROOT / "docs" / "reliability.md"
INTRODUCTION = """# What was tried to break the course, and what was lost

Written by `make reliability`, which runs every trial below anew. *Lost* counts the times that
something was gone, silently wrong, or not said in one clear error. The goal is 0 in every row.
"""


def trials(share: float = 1.0) -> Iterator[Row]:
    """Every row of the page; `share` of the full counts."""
    def count(full: int) -> int:
        return max(2, round(share * full))

    yield interruption.killed(signal.SIGKILL, count(25))
    yield interruption.killed(signal.SIGINT, count(25))
    yield interruption.same_numbers(count(5))
    yield interruption.together(count(5))
    with tempfile.TemporaryDirectory() as folder:
        yield from damage.damage(Path(folder), count(100))
        yield from damage.shipped(Path(folder), count(100))
        yield from damage.fetched(Path(folder), count(100))
    on_full_disk = disk.full_disk(count(50))
    if on_full_disk is None:
        print("No small disk can be mounted here (that takes Linux and root): this row is missing.")
    else:
        yield on_full_disk
    yield crowd.readers(count(40))
    yield crowd.long_stream(count(100_000))
    yield from suites()


def suites() -> Iterator[Row]:
    """The tests of reliability: a row for each file, under its own first line."""
    for path in sorted((course.ROOT / "tests").glob("test_reliability_*.py")):
        if path.stem == "test_reliability_trials":
            continue  # these are the trials above
        said = path.read_text(encoding="utf-8").split('"""')[1].splitlines()[0]
        command = [sys.executable, "-m", "pytest", "-s", "-p", "no:xdist", str(path)]
        ran = subprocess.run(command, cwd=course.ROOT, check=False, capture_output=True, text=True)
        passed = number_before("passed", ran.stdout)
        failed = number_before("failed", ran.stdout) + number_before("error", ran.stdout)
        inputs = re.search(r"([\d,]+) odd inputs", ran.stdout)
        remark = inputs[0] if inputs else ""
        yield Row(said, f"the tests in `tests/{path.name}`", passed + failed, failed, remark)


def number_before(word: str, output: str) -> int:
    """The number that pytest says before a word, in its last line."""
    found = re.search(rf"(\d+) {word}", output.splitlines()[-1])
    return int(found[1]) if found else 0


def page(rows: list[Row]) -> str:
    """The rows as a page in Markdown."""
    lines = [INTRODUCTION, "| fault | how it is tried | tried | lost | measured |",
             "|---|---|--:|--:|---|"]
    for row in rows:
        cells = [row.fault, row.how, f"{row.tried:,}", f"{row.lost:,}", row.remark]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", f"Python {platform.python_version()}, torch {torch.__version__}, "
              f"{platform.system()}, one thread unless a row says otherwise."]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    quick = "--quick" in arguments
    rows = []
    for row in trials(0.04 if quick else 1.0):
        rows.append(row)
        print(f"{row.lost} of {row.tried:,} lost: {row.fault}. {row.remark}", flush=True)
    if not quick:
        print(files.write(PAGE, page(rows)))
    if any(row.lost for row in rows):
        sys.exit("Something was lost.")


if __name__ == "__main__":
    main(sys.argv[1:])
