"""The directions of published figures, from the command line: writes data/measured/published.csv.

    python -m benchmarks.published [en-de] [en-fr]

For each direction two models of the recipe `rich` are trained side by side, each in one thread,
with `python -m helpers train`; what build/published/ has already is not trained again. Then each
translates alone, and both together, greedily and with beams. The width of the beam that is called
the choice is the one that serves the two together best on `val`.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from helpers import corpus, course, evaluation, files, measured, translator
from helpers.corpus import Corpus
from helpers.model import count_parameters
from helpers.translator import Translator

DROPOUT = {"en-de": 0.25, "en-fr": 0.3}  # chosen on `val`; 0.25 was not tried into French
DIRECTIONS = tuple(DROPOUT)
SEEDS = (1, 2)
WIDTHS = (1, 5, 12)
PIECES = 10_000
FOLDER = course.BUILD / "published"


# Training.

def model_path(direction: str, seed: int) -> Path:
    """Where a trained model is kept; what its training said is in a .log beside it."""
    return FOLDER / f"{direction}-{seed}.pt"


def command(direction: str, seed: int) -> list[str]:
    """The command that trains a model, as one would type it."""
    return ["python", "-m", "helpers", "train", f"multi30k-{direction}", "--recipe", "rich",
            "--pieces", str(PIECES), "--dropout", str(DROPOUT[direction]), "--seed", str(seed),
            "--out", str(model_path(direction, seed))]


def train(direction: str) -> None:
    """Train what is missing of a direction, all seeds at once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    running = []
    for seed in SEEDS:
        path = model_path(direction, seed)
        if path.exists():
            continue
        typed = command(direction, seed)
        with path.with_suffix(".log").open("w") as log:
            running.append(subprocess.Popen([sys.executable, *typed[1:]], stdout=log,
                                            env=os.environ | {"OMP_NUM_THREADS": "1"}))
    for process in running:
        if process.wait() != 0:
            raise SystemExit(f"{' '.join(process.args)} ended with {process.returncode}")


def seconds_of(direction: str, seed: int) -> float:
    """Seconds of training, from the table that the command printed at its end."""
    log = model_path(direction, seed).with_suffix(".log").read_text(encoding="utf-8")
    _, _, table = log.rpartition(" epoch ")  # its header begins so, its rows with a number
    header, *lines = table.splitlines()
    column = 1 + header.split().index("seconds")  # after that of the epochs
    seconds = 0.0
    for line in lines:
        fields = line.split()
        if fields and fields[0].isdecimal():
            seconds += float(fields[column])
    return seconds


# Translating.

def rows_of(direction: str) -> list[dict]:
    """A row for each model, and both together, and each width of the beam."""
    data = corpus.load(f"multi30k-{direction}")
    paths = [model_path(direction, seed) for seed in SEEDS]
    seconds = [seconds_of(direction, seed) for seed in SEEDS]
    rows = []
    for seed, path, took in zip(SEEDS, paths, seconds, strict=True):
        rows += rows_of_models(f"seed {seed}", [path], took, data)
    rows += rows_of_models("together", paths, max(seconds), data)  # they were trained side by side
    return [{"direction": direction, "dropout": DROPOUT[direction]} | row for row in rows]


def rows_of_models(name: str, paths: list[Path], seconds: float, data: Corpus) -> list[dict]:
    """A row for each width of the beam."""
    loaded = translator.load_together(paths)
    rows = []
    for width in WIDTHS:
        row = {"models": name, "beam": width}
        row |= scores(loaded, data, width)
        row |= {"parameters": count_parameters(loaded.model), "seconds": seconds,
                "signature": evaluation.signature()}
        print(row, flush=True)
        rows.append(row)
    return rows


def scores(loaded: Translator, data: Corpus, width: int) -> dict[str, float]:
    """BLEU on `val`, and on `test` with its interval."""
    valid = loaded.translate([pair.source for pair in data.valid], width)
    test = loaded.translate([pair.source for pair in data.test], width)
    bleu = evaluation.bleu_interval(test, data.test)
    return {"valid": evaluation.bleu(valid, data.valid), "bleu": bleu.value, "low": bleu.low,
            "high": bleu.high}


def with_choice(rows: list[dict]) -> list[dict]:
    """The rows of a direction, and which of them was chosen on `val`."""
    both = [row for row in rows if row["models"] == "together"]
    best = max(both, key=lambda row: row["valid"])
    return [row | {"chosen": row is best} for row in rows]


def main() -> None:
    """Train and translate direction after direction; the table keeps what it had of others."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directions", nargs="*", default=DIRECTIONS)
    asked = parser.parse_args()
    path = measured.FOLDER / measured.PUBLISHED
    for direction in asked.directions:
        train(direction)
        table = pd.DataFrame(with_choice(rows_of(direction)))
        if path.exists():
            before = measured.read_table(path)
            table = pd.concat([before[before["direction"] != direction], table])
        files.write_checked(path, table.round(4).to_csv(index=False))
        print(table.to_string(index=False))


if __name__ == "__main__":
    main()
