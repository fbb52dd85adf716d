"""Trains what the headlines rest on with several seeds, and writes data/measured/ from it.

Two models at a time, each in a process with one thread: that is faster than one after the other
with two threads. Each finished model is a file in build/measure/, so an interrupted run goes on
where it stopped; the models stay there, too.
"""
import contextlib
import gzip
import io
import json
import math
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from functools import cache
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from tqdm import tqdm

from helpers import (
    checkpoints,
    corpus,
    course,
    evaluation,
    experiments,
    files,
    measured,
    pieces,
    training,
)
from helpers.corpus import Corpus
from helpers.model import Seq2Seq, count_parameters
from helpers.pieces import Cutter
from helpers.recipes import RECIPES
from helpers.text import Pair
from helpers.training import Settings
from series.runner import Stopped

WORKERS = 2
SEEDS = (1, 2, 3, 4, 5)       # of the phrasebook
REAL_SEEDS = (1, 2, 3)        # of real text, which takes longer
REAL_TEXT = "multi30k-de-en"
PIECES = 8000                 # as in notebook 08
SPLITS = ("valid", "test", "long", "train")
SEARCHED = ("additive", "dot", "scaled_dot", "general", "fixed", "mean")  # settings of their own …
TUNED = SEARCHED[:4]  # … and with the best of these, models of each seed

STANDARD = Settings()
# What the search tries: the standard settings, a step up and down in each of the two, and a second
# step up in the rate, since the first one serves `mean`.
TRIES = (
    (STANDARD.learning_rate, STANDARD.weight_decay),
    (round(STANDARD.learning_rate * 2, 4), STANDARD.weight_decay),
    (round(STANDARD.learning_rate * 4, 4), STANDARD.weight_decay),
    (round(STANDARD.learning_rate / 2, 4), STANDARD.weight_decay),
    (STANDARD.learning_rate, round(STANDARD.weight_decay * 3, 4)),
    (STANDARD.learning_rate, round(STANDARD.weight_decay / 3, 4)),
)


class Task(NamedTuple):
    """One model to be trained and measured."""
    settings: Settings
    reversed_source: bool = False
    corpus: str = "phrasebook"


# What is measured on the phrasebook.

def plan(done: pd.DataFrame, seeds: Sequence[int] = SEEDS) -> list[Task]:
    """Everything to be measured, the most needed first. `done`: the rows of finished models."""
    first, *others = seeds
    tasks = headlines(first)
    tasks += repairs(first)
    tasks += scores(first)
    tasks += search(first)
    for seed in others:
        tasks += headlines(seed)
    for seed in others:
        tasks += scores(seed)
        tasks += tuned(done, seed)
    for seed in others:
        tasks += repairs(seed)
    return list(dict.fromkeys(tasks))


def headlines(seed: int) -> list[Task]:
    """Three rules, and three sizes of the fixed context."""
    protocols = [Settings("additive"), Settings("fixed"), Settings("mean"),
                 Settings("fixed", hidden_size=256), Settings("fixed", hidden_size=64)]
    return [Task(settings._replace(seed=seed)) for settings in protocols]


def scores(seed: int) -> list[Task]:
    """The other scores, and an encoder that reads both ways."""
    protocols = [Settings("additive", bidirectional=True), Settings("dot"), Settings("scaled_dot"),
                 Settings("general")]
    return [Task(settings._replace(seed=seed)) for settings in protocols]


def repairs(seed: int) -> list[Task]:
    """Is it capacity? The fixed context trained longer, and with its source reversed."""
    fixed = Settings("fixed", seed=seed)
    longer = fixed._replace(epochs=5 * fixed.epochs)
    return [Task(fixed, reversed_source=True), Task(longer)]


def search(seed: int) -> list[Task]:
    """The same few settings for each rule."""
    tasks = []
    for rule in SEARCHED:
        for rate, decay in TRIES:
            settings = Settings(rule, learning_rate=rate, weight_decay=decay, seed=seed)
            tasks.append(Task(settings))
    return tasks


def tuned(done: pd.DataFrame, seed: int) -> list[Task]:
    """Each rule with the settings that served it best on `valid`; none before all were tried."""
    tasks = []
    data = words("phrasebook")
    for rule in TUNED:
        tried = measured.tries(data, rule, done)
        if len(tried) == len(TRIES):
            for _, row in tried.head(measured.FINALISTS).iterrows():
                settings = measured.settings_of(rule, row)
                tasks.append(Task(settings._replace(seed=seed)))
    return tasks


# What is measured on real text.

def real_text(done: pd.DataFrame, seeds: Sequence[int] = REAL_SEEDS) -> list[Task]:
    """The comparison of notebook 08: attention and the fixed context, in pieces."""
    settings = RECIPES["plain"].settings
    tasks = []
    for seed in seeds:
        for rule in ("additive", "fixed"):
            tasks.append(Task(settings._replace(rule=rule, seed=seed), corpus=REAL_TEXT))
    return tasks


Plan = Callable[[pd.DataFrame], list[Task]]
PLANS: dict[str, Plan] = {"phrasebook": plan, REAL_TEXT: real_text}


# What the models learn from.

@cache
def words(name: str, reversed_source: bool = False) -> Corpus:
    """The corpus that is measured, read once."""
    data = corpus.load(name)
    return corpus.with_sources_reversed(data) if reversed_source else data


@cache
def cutter_of(name: str) -> Cutter | None:
    """What cuts the words of real text; those of the phrasebook stay whole."""
    return pieces.learnt(words(name), PIECES) if name == REAL_TEXT else None


@cache
def learnt_from(name: str, reversed_source: bool = False) -> Corpus:
    """The corpus as a model meets it: in words, or in pieces."""
    data = words(name, reversed_source)
    cutter = cutter_of(name)
    return cutter.cut_corpus(data) if cutter else data


# One model.

def measure(task: Task, path: Path) -> None:
    """Train a model, translate with it, and write what came out to `path`. Runs in a process."""
    torch.set_num_threads(1)
    course.BUILD = path.parent  # its models are kept apart from those of the notebooks
    data = words(task.corpus, task.reversed_source)
    cutter = cutter_of(task.corpus)
    with contextlib.redirect_stdout(io.StringIO()):  # its bar would run through that of the whole
        model, history = training.trained(learnt_from(task.corpus, task.reversed_source),
                                          task.settings)
    row = about(data, task.settings, model, history)
    sentences = []
    for split in SPLITS:
        pairs = measured.pairs_of(data, split)
        if not pairs:  # real text has no `long` split
            continue
        table, score = translated(model, pairs, cutter)
        if split == "test":
            row["bleu"] = score
            row["perfect"] = table["perfect"].mean()
            table["hits"], row["alignment_error"] = hits(model, data, task.settings.rule)
        else:
            row[f"{split}_bleu"] = score
        if split != "valid":
            sentences.append(table.assign(split=split))
    content = {"model": row, "sentences": pd.concat(sentences).to_dict("list")}
    files.write(path, json.dumps(content))


def about(data: Corpus, settings: Settings, model: Seq2Seq, history: pd.DataFrame) -> dict:
    """What is known of a model before it translates."""
    best_epoch = history["valid_loss"].idxmin()
    return {
        "corpus_name": data.name,
        "corpus": measured.fingerprint(data),
        **settings._asdict(),
        "parameters": count_parameters(model),
        "best_epoch": int(history["epoch"][best_epoch]),
        "train_loss": history["train_loss"].iloc[-1],
        "valid_loss": history["valid_loss"][best_epoch],
        "seconds": history["seconds"].sum(),
        "protocol": checkpoints.protocol_version(),
        "torch": torch.__version__,
        "sacrebleu": metadata.version("sacrebleu"),
    }


def translated(model: Seq2Seq, pairs: Sequence[Pair],
               cutter: Cutter | None) -> tuple[pd.DataFrame, float]:
    """What BLEU has to know of each sentence, a row each, and the BLEU of all of them."""
    said = experiments.speak_pairs(model, pairs, cutter)
    translations, references = evaluation.texts(said, pairs)
    counts = evaluation.sentence_counts(translations, references)
    table = pd.DataFrame(counts[:, 2:6], columns=measured.CORRECT)
    table.insert(0, "place", range(len(pairs)))
    table.insert(1, "said", counts[:, 0])
    is_perfect = []
    for one, pair in zip(said, pairs, strict=True):
        is_perfect.append(int(one.words == pair.target))
    table["perfect"] = is_perfect
    return table, evaluation.bleu_of_counts(counts)


def hits(model: Seq2Seq, data: Corpus, rule: str) -> tuple[list[int] | None, float]:
    """How many gold links the weights find in each test sentence, and the alignment error.

    None and not a number where the weights choose nothing, and where nobody knows the links.
    """
    if rule in ("fixed", "mean") or data.test[0].alignment is None:
        return None, math.nan
    traces = experiments.translate_pairs(model, data.test, say_references=True)
    links = evaluation.links(traces, data.test)
    found = links.groupby("sentence")["hit"].sum().tolist()
    return found, evaluation.alignment_error(links).value


# All of them.

def run(names: Sequence[str] = (), folder: Path = course.BUILD / "measure",
        into: Path = measured.FOLDER) -> None:
    """Measure the corpora of these names, or all: each has a folder of tables in `into`."""
    for name in names or PLANS:
        if name not in PLANS:
            raise Stopped(f"nothing is measured on {name!r}; there are: {', '.join(PLANS)}")
        measure_all(PLANS[name], folder / name, into / name)


def measure_all(plan: Plan, folder: Path, into: Path) -> None:
    """Measure what is not measured yet; the tables in `into` grow with each model.

    Tables that hold more models than are measured so far are left alone until all are.
    """
    running: dict[Future, Task] = {}
    with pool() as workers, tqdm(unit="epoch", smoothing=0) as bar:
        while True:
            tables = gather(folder)
            tasks = plan(tables.models)
            waiting = [task for task in tasks if not path_of(task, folder).exists()]
            if not waiting or len(tables.models) > rows_in(into / measured.MODELS):
                keep(tables, into)
            show(bar, tasks, waiting)
            for task in waiting:
                is_running = task in running.values()
                if not is_running and len(running) < WORKERS:
                    future = workers.submit(measure, task, path_of(task, folder))
                    running[future] = task
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()  # raises here what went wrong there
                del running[future]
    print(f"{len(tables.models)} models are in {into}.")


def pool() -> Executor:
    """Processes that train side by side, each started afresh: torch does not like to be forked."""
    return ProcessPoolExecutor(WORKERS, get_context("spawn"))


def show(bar: tqdm, tasks: Sequence[Task], waiting: Sequence[Task]) -> None:
    """Move the bar on; it counts epochs, of which a model may have many."""
    bar.total = sum(task.settings.epochs for task in tasks)
    done = bar.total - sum(task.settings.epochs for task in waiting)
    if not bar.n:
        bar.initial = done  # what an earlier run has done says nothing of the speed of this one
    bar.n = done
    models = len(tasks) - len(waiting)
    bar.set_postfix_str(f"{models} of {len(tasks)} models")


@cache
def path_of(task: Task, folder: Path) -> Path:
    """Where the result of a task is kept; like a checkpoint, its name holds all that decides it."""
    data = learnt_from(task.corpus, task.reversed_source)
    name = training.checkpoint_path(data, task.settings).with_suffix(".json").name
    return folder / name


class Tables(NamedTuple):
    """What is known of the models of a corpus."""
    models: pd.DataFrame     # a row each
    sentences: pd.DataFrame  # a row for each of their translations


def gather(folder: Path) -> Tables:
    """The tables of all results in `folder`.

    What was made by another version of the protocol is left out.
    """
    found = []
    for path in folder.glob("*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["model"]["protocol"] == checkpoints.protocol_version():
            found.append(result)
    if not found:
        nothing = pd.DataFrame(columns=["corpus", *Settings._fields, "valid_loss", "valid_bleu"])
        return Tables(nothing, pd.DataFrame(columns=measured.COLUMNS))

    names = ["corpus_name", *Settings._fields]
    found.sort(key=lambda result: [result["model"][name] for name in names])
    models = pd.DataFrame([result["model"] for result in found])
    models.insert(0, "model", range(len(found)))
    sentences = []
    for number, result in enumerate(found):
        table = pd.DataFrame(result["sentences"])
        table.insert(0, "model", number)
        sentences.append(table)
    rows = pd.concat(sentences)[measured.COLUMNS]
    rows["hits"] = rows["hits"].astype("Int64")  # whole numbers, or nothing
    return Tables(models, rows)


def keep(tables: Tables, into: Path) -> None:
    """Write the tables, each beside its checksum."""
    packed = gzip.compress(tables.sentences.to_csv(index=False).encode(), mtime=0)
    files.write_checked(into / measured.SENTENCES, packed)
    files.write_checked(into / measured.MODELS, tables.models.round(6).to_csv(index=False))


def rows_in(path: Path) -> int:
    """How many rows a table has that may not be there."""
    return len(pd.read_csv(path)) if path.exists() else 0
