"""How fast training is, as ratios of one run on one machine: writes data/measured/bench.csv.

    python -m benchmarks.training [--quick]

Measured beside each other: the course as it is now, as it was at commit 67f1c62 with the settings
of that time, a textbook's loop at equal sizes, and what the operations of a step would take if
torch multiplied matrices all the time. All of them take turns, so that a disturbance meets all.
It takes twenty minutes. --quick leaves out what has to be trained to the end, and keeps its table
in build/tables/.
"""
import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.textbook import Textbook
from helpers import corpus, course, figures, files, measured, text, training
from helpers.recipes import RECIPES
from helpers.training import Settings

COMMIT = "67f1c62"  # of the first edition
BEFORE = "first edition"
NOW = "now"
TEXTBOOK = "textbook loop"
LIMIT = "matrix products"


class Case(NamedTuple):
    """What is trained: settings for the version of now, and for that of before."""
    corpus: str
    now: Settings
    before: Settings
    goal: float  # BLEU on the test split
    rounds: int  # so many trainings to the end; of their seconds the median counts

    def settings(self) -> dict[str, Settings]:
        """Those of each version."""
        return {NOW: self.now, BEFORE: self.before}


WORDS = RECIPES["plain"].settings._replace(min_count=2)  # the model of words in notebook 08
# Spelled out, so that the first edition keeps its settings whatever the defaults become.
PHRASES_BEFORE = Settings(hidden_size=128, embedding_size=128, bidirectional=False, dropout=0.0,
                          epochs=6, batch_size=80, learning_rate=1e-2, weight_decay=0.3,
                          label_smoothing=0.1, min_count=1)
WORDS_BEFORE = Settings(hidden_size=256, embedding_size=256, bidirectional=True, dropout=0.25,
                        epochs=8, batch_size=64, learning_rate=3e-3, weight_decay=0.2,
                        label_smoothing=0.1, min_count=2)
CASES = [
    Case("phrasebook", Settings(), PHRASES_BEFORE, goal=97.0, rounds=3),
    Case("multi30k-de-en", WORDS, WORDS_BEFORE, goal=36.8, rounds=1),
]


class Worker:
    """A version of the course in a process of its own."""

    def __init__(self, folder: Path) -> None:
        script = Path(__file__).with_name("worker.py")
        self.process = subprocess.Popen([sys.executable, str(script), str(folder)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **question: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("A measurement ended early: its error stands above.")
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def frozen() -> Path:
    """The course as it was, in build/bench/: taken from git once."""
    folder = course.BUILD / "bench" / COMMIT
    if not folder.exists():
        folder.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", COMMIT, "helpers", "data"], cwd=course.ROOT,
                                 check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    return folder


# Target words a second.

def speeds(case: Case, workers: dict[str, Worker], pairs: int, rounds: int) -> list[dict]:
    """Target words a second of each version, over so many pairs: the median of rounds in turn."""
    data = corpus.load(case.corpus)
    found: dict[str, list[float]] = {NOW: [], BEFORE: [], TEXTBOOK: []}
    for _ in range(rounds):
        for version, settings in case.settings().items():
            worker = workers[version]
            worker.ask(do="speed", corpus=case.corpus, pairs=pairs, settings=settings)
            found[version].append(worker.answer()["words_per_second"])
        found[TEXTBOOK].append(textbook_speed(data, case.now, pairs))
    rates = {version: median(values) for version, values in found.items()}
    rates[LIMIT] = products_a_second() / operations_per_word(data, case.now)
    return [row(case, "target words a second", version, rate) for version, rate in rates.items()]


def row(case: Case, measure: str, version: str, value: float) -> dict:
    return {"corpus": case.corpus, "measure": measure, "version": version, "value": value}


def textbook_speed(data: corpus.Corpus, settings: Settings, pairs: int) -> float:
    vocabs = text.vocabularies(data.train, settings.min_count)
    course.seed(settings.seed)
    model = Textbook(vocabs, settings.embedding_size, settings.hidden_size,
                     settings.bidirectional, settings.dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate)
    examples = text.examples(data.train[:pairs], vocabs)
    words = sum(len(target) - 1 for _, target in examples)
    start = time.perf_counter()
    for batch in text.batches(examples, settings.batch_size, random.Random(settings.seed)):
        loss = model.loss(batch, settings.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
    return words / (time.perf_counter() - start)


def operations_per_word(data: corpus.Corpus, settings: Settings, batches: int = 10) -> float:
    """Those of all matrix products in a training step, forward and backward, per target word."""
    model = training.build(data, settings).train()
    examples = text.examples(data.train, model.vocabs)
    shuffled = text.batches(examples, settings.batch_size, random.Random(settings.seed))
    words = 0
    with FlopCounterMode(display=False) as counter:
        for batch, _ in zip(shuffled, range(batches), strict=False):
            loss, _, batch_words = training.batch_loss(model, batch, settings.label_smoothing)
            loss.backward()
            words += batch_words
    return counter.get_total_flops() / words


def products_a_second(size: int = 512, repeats: int = 30) -> float:
    """Operations a second that torch reaches here in a product of two square matrices."""
    left = torch.randn(size, size)
    right = torch.randn(size, size)
    fastest = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        torch.mm(left, right)
        fastest = min(fastest, time.perf_counter() - start)
    return 2 * size ** 3 / fastest


# Seconds of training until a BLEU is reached, and greedy translation by the models of it.

def qualities(case: Case, workers: dict[str, Worker]) -> list[dict]:
    """Train both versions to the end, an epoch in turn."""
    settings = case.settings()
    for version, worker in workers.items():
        worker.ask(do="quality", corpus=case.corpus, settings=settings[version])
        print(case.corpus, version, worker.answer(), flush=True)
    rows = []
    waiting = dict(workers)
    while waiting:
        for version, worker in list(waiting.items()):
            worker.ask(do="go on")
            found = worker.answer()
            print(case.corpus, version, found, flush=True)
            if "seconds" in found:
                rows += training_rows(case, version, found)
                del waiting[version]
    for version, worker in workers.items():
        worker.ask(do="greedy")
        for way, rate in worker.answer().items():
            rows.append(row(case, f"sentences a second, {way}", version, rate))
    return rows


def training_rows(case: Case, version: str, found: dict[str, list[float]]) -> list[dict]:
    """Seconds until the goal is reached (not a number where it is not), and BLEU at the end."""
    seconds_to_goal = float("nan")
    total = 0.0
    for seconds, bleu in zip(found["seconds"], found["bleu"], strict=True):
        total += seconds
        if bleu >= case.goal:
            seconds_to_goal = total
            break
    return [row(case, f"seconds to BLEU {case.goal:g}", version, seconds_to_goal),
            row(case, "seconds of training", version, sum(found["seconds"])),
            row(case, "BLEU", version, found["bleu"][-1])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only target words a second")
    options = parser.parse_args()
    workers = {NOW: Worker(course.ROOT), BEFORE: Worker(frozen())}
    rows = []
    for case in CASES:
        rows += speeds(case, workers, pairs=2000, rounds=3)
    if not options.quick:
        for case in CASES:
            for _ in range(case.rounds):
                rows += qualities(case, workers)
    for worker in workers.values():
        worker.close()
    by_what = pd.DataFrame(rows).groupby(["corpus", "measure", "version"], sort=False)
    table = by_what["value"].median().reset_index()
    table["threads"] = torch.get_num_threads()
    if options.quick:
        files.keep_table(table, "bench")
    else:
        path = measured.FOLDER / measured.BENCH
        files.write_checked(path, table.round(3).to_csv(index=False))
    print(table.to_string(index=False))
    picture = figures.speed_ladder(table)
    files.write(course.BUILD / "bench" / "ladder.png", picture.png())


if __name__ == "__main__":
    main()
