"""Measures one version of the course in a process of its own; `benchmarks/training.py` asks.

    python benchmarks/worker.py FOLDER   FOLDER has the `helpers` of the version to be measured

It reads a line of JSON, does what is asked, and answers with one. It keeps to what both versions
have: `Settings` are given by their places, since their names have changed; those that an older
version does not have stand at the end.
"""
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch

folder = sys.argv[1]
sys.path.insert(0, folder)

from helpers import corpus, course, evaluation, training, translation  # noqa: E402

course.device = lambda: torch.device("cpu")
answers = sys.stdout
sys.stdout = sys.stderr  # progress bars and prints are no answers

TRIES = 20  # of greedy search


def settings_of(question: dict[str, Any]) -> training.Settings:
    """What is asked for, as this version has it."""
    values = question["settings"]
    known = len(training.Settings._fields)
    return training.Settings(*values[:known])


def speed(question: dict[str, Any]) -> dict[str, float]:
    """Target words a second over the first pairs of a corpus, without validation.

    The model has the vocabulary of the whole corpus: the output layer is as large as in earnest.
    """
    whole = corpus.load(question["corpus"])
    few = corpus.load(question["corpus"], question["pairs"])
    settings = settings_of(question)._replace(epochs=1)
    history = training.fit(training.build(whole, settings), few, settings)
    return {"words_per_second": history.words_per_second.iloc[0]}


def quality(question: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Train, and after each epoch say the BLEU on the test split.

    Both versions end an epoch with `loss_per_word`: there the next question is waited for, so that
    two versions can take turns on one machine.
    """
    data = corpus.load(question["corpus"], question.get("pairs"))
    settings = settings_of(question)
    model = training.build(data, settings)
    sources = [pair.source for pair in data.test]
    real_loss: Callable = training.loss_per_word
    bleus = []

    def loss_and_bleu(model: Any, *arguments: Any) -> float:
        loss = real_loss(model, *arguments)
        bleus.append(evaluation.bleu(translation.translate(model, sources), data.test))
        answer({"epoch": len(bleus), "bleu": bleus[-1]})
        listen()
        return loss

    training.loss_per_word = loss_and_bleu
    history = training.fit(model, data, settings)
    training.loss_per_word = real_loss
    yield {"seconds": history.seconds.tolist(), "bleu": bleus}
    yield from greedy(model, sources)


class Way(NamedTuple):
    """A way to translate some sentences."""
    translate: Callable[[], None]
    sentences: int  # how many


def greedy(model: Any, sources: list[list[str]]) -> Iterator[dict[str, float]]:
    """Sentences a second: one at a time, in batches, and words only where there is a way.

    The ways take turns, and the best of several tries counts: what disturbs a machine only makes it
    slower, and meets all of them alike.
    """
    some = sources[::10]

    def one_at_a_time() -> None:
        for words in some:
            translation.translate(model, [words])

    def with_traces() -> None:
        translation.translate(model, sources)

    def words_only() -> None:
        for _ in translation.stream(model, sources):
            pass

    ways = {"one at a time": Way(one_at_a_time, len(some)),
            "batches, traces": Way(with_traces, len(sources))}
    if hasattr(translation, "stream"):
        ways["batches, words"] = Way(words_only, len(sources))
    listen()
    fastest = dict.fromkeys(ways, float("inf"))
    for _ in range(TRIES):
        for name, way in ways.items():
            fastest[name] = min(fastest[name], seconds_of(way.translate))
    rates = {}
    for name, way in ways.items():
        rates[name] = way.sentences / fastest[name]
    yield rates


def seconds_of(task: Callable[[], None]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def answer(found: dict[str, Any]) -> None:
    print(json.dumps(found), file=answers, flush=True)


def listen() -> dict[str, Any]:
    line = sys.stdin.readline()
    if not line:
        sys.exit()
    return json.loads(line)


if __name__ == "__main__":
    while True:
        question = listen()
        if question["do"] == "speed":
            answer(speed(question))
        else:
            for found in quality(question):
                answer(found)
