"""Models that come with the course, so that a first look at attention takes seconds.

They are what `training.trained` gives for SETTINGS, rounded by helpers/rounding.py: little more
than half the size, and the same words in nearly every sentence. `python -m series models` makes
them again.
"""
import gzip
import json
import platform
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from helpers import checkpoints, course, files, rounding, training
from helpers.corpus import Corpus
from helpers.model import Seq2Seq
from helpers.training import Settings

FOLDER = course.DATA / "models"
CORPUS = "phrasebook"
SETTINGS = (Settings(rule="fixed"), Settings(rule="mean"), Settings(rule="additive"))


def ready(corpus: Corpus, settings: Settings,
          train: bool = False) -> tuple[Seq2Seq, pd.DataFrame]:
    """The model for these settings and its history, without training where that can be.

    What was trained here is taken first; then the model that comes with the course, and a line says
    so; else it is trained now. With `train` none that comes with the course is taken.
    """
    trained_here = training.checkpoint_path(corpus, settings).exists()
    if train or trained_here or not fits(corpus, settings):
        return training.trained(corpus, settings)
    model = training.build(corpus, settings)
    history = read(model, weights_path(settings))
    print(f"The model with the rule {settings.rule!r} comes with the course, it was not trained "
          "here: TRAIN = True trains it.")
    return model, history


def is_ready(corpus: Corpus, settings: Settings) -> bool:
    """Whether `ready` has nothing to train."""
    return training.checkpoint_path(corpus, settings).exists() or fits(corpus, settings)


def fits(corpus: Corpus, settings: Settings) -> bool:
    """Whether the course comes with a model for exactly these settings and sentences."""
    if not weights_path(settings).exists() or not card_path(settings).exists():
        return False
    card = json.loads(card_path(settings).read_text("utf-8"))
    return card["settings"] == settings._asdict() and card["corpus"] == identity(corpus)


def weights_path(settings: Settings) -> Path:
    """Where the weights are; the checksum beside them is looked at whenever they are read."""
    return FOLDER / f"{CORPUS}-{settings.rule}.weights.json.gz"


def card_path(settings: Settings) -> Path:
    """Where it stands what these weights are: a JSON text."""
    return FOLDER / f"{CORPUS}-{settings.rule}.json"


def identity(corpus: Corpus) -> dict[str, Any]:
    """What tells a corpus from another one, or from a part of it."""
    sentences = [(pair.source, pair.target) for pair in corpus.train]
    return {
        "name": corpus.name,
        "pairs": len(corpus.train),
        "sha256": files.sha256(repr(sentences).encode("utf-8")),
    }


def read(model: Seq2Seq, path: Path) -> pd.DataFrame:
    """Read weights that `write` wrote into `model`; returns the history."""
    content = files.checked(path, "restore it, or make it anew with `make models`")
    kept = json.loads(gzip.decompress(content))
    rounding.read_into(model.to(course.device()), kept["weights"])
    model.eval()
    return pd.DataFrame(kept["history"])


def write(model: Seq2Seq, history: pd.DataFrame, corpus: Corpus, settings: Settings) -> None:
    """Write a trained model as one that comes with the course: weights, history, and its card."""
    content = json.dumps({"weights": rounding.write_all(model), "history": history.to_dict("list")})
    path = weights_path(settings)
    files.write_checked(path, gzip.compress(content.encode(), mtime=0))
    card = {
        "file": path.name,
        "numbers": f"{rounding.BITS} bits each, as helpers/rounding.py writes them",
        "settings": settings._asdict(),
        "corpus": identity(corpus),
        "protocol": checkpoints.protocol_version(),
        "made with": {"Python": platform.python_version(), "torch": torch.__version__},
        "validation loss": round(history.valid_loss.min(), 4),
        "command": f"python -m series models {settings.rule}",
    }
    files.write(card_path(settings), json.dumps(card, indent=2) + "\n")
