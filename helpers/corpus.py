"""Where sentence pairs come from: the phrasebook, Multi30k, or your own file. `load` is the one door."""
import hashlib
import html
import os
import random
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from helpers import course, text


class Pair(NamedTuple):
    """A sentence, its translation, and the gold links between them where the corpus has them."""
    source: list[str]
    target: list[str]
    alignment: list[tuple[int, int]] | None = None  # (source place, target place), both from 0


class Corpus(NamedTuple):
    """No source sentence of `train` stands in another split. `long` is longer than anything in `train`, or empty."""
    name: str
    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]
    long: list[Pair]


PHRASEBOOK = course.DATA / "phrasebook"
MULTI30K = "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a"
MULTI30K_SPLITS = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
MULTI30K_SHA256 = dict(line.split()[::-1] for line in (course.DATA / "multi30k.sha256").read_text().splitlines())


def load(name="phrasebook", pairs=None):
    """A Corpus by name: "phrasebook", "multi30k-de-en" (any two of de, en, fr), or the path of a tab-separated file.

    `pairs` keeps only the first so many pairs of each split, for a quick try.
    """
    if name == "phrasebook":
        splits = [read_phrasebook(PHRASEBOOK / f"{split}.tsv") for split in ("train", "valid", "test", "long")]
    elif str(name).startswith("multi30k"):
        splits = [*read_multi30k(name), []]
    elif Path(name).suffix or Path(name).exists():
        splits = [*split_by_source(read_pairs(name)), []]
        name = Path(name).stem
    else:
        raise ValueError(f'corpus {name!r} is unknown: write "phrasebook", "multi30k-de-en" or the path of a '
                         "tab-separated file")
    return Corpus(name, *(split[:pairs] for split in splits))


def frame(pairs):
    """Sentence pairs as a pandas table for reading: source, target, and their lengths in words."""
    return pd.DataFrame([(" ".join(pair.source), " ".join(pair.target), len(pair.source), len(pair.target))
                         for pair in pairs], columns=["source", "target", "source_words", "target_words"])


def example(corpus, words=3):
    """A short pair to show things on: "i love you" where the corpus has it, else a test pair of about `words` words."""
    known = [pair for pair in corpus.train if pair.source == ["i", "love", "you"]]
    return known[0] if known else min(corpus.test, key=lambda pair: abs(len(pair.source) - words))


def _rows(path, wanted):
    """The lines of a UTF-8 file cut at tabs, with their numbers; each must have at least `wanted` filled columns."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: check the path (you are in {Path.cwd()})")
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if line.strip():
            if len(cells) < wanted or not all(cells[:wanted]):
                raise ValueError(f"{path}, line {number}: {wanted} columns separated by a tab are needed, "
                                 f"this line reads {line[:60]!r}")
            yield number, cells


def read_phrasebook(path):
    """Pairs with gold links from a file with the columns english, french, alignment (`0-0 2-1 1-2`)."""
    pairs = []
    for number, (english, french, alignment, *_) in list(_rows(path, 3))[1:]:
        source, target = english.split(), french.split()
        try:
            links = [tuple(map(int, link.split("-"))) for link in alignment.split()]
            inside = all(0 <= i < len(source) and 0 <= j < len(target) for i, j in links)
        except ValueError:
            inside = False
        if not inside:
            raise ValueError(f"{path}, line {number}: {alignment[:60]!r} is not an alignment of these two sentences: "
                             "restore the file, or write it anew with python -m helpers.phrasebook")
        pairs.append(Pair(source, target, links))
    return pairs


def read_pairs(path):
    """Pairs from your own tab-separated file: source, target, further columns ignored. Text is tokenised here."""
    pairs = [Pair(text.tokenize(source), text.tokenize(target)) for _, (source, target, *_) in _rows(path, 2)]
    if len(pairs) < 10:
        raise ValueError(f"{path} has {len(pairs)} sentence pairs: at least 10 are needed to train, validate and test")
    return pairs


def split_by_source(pairs, seed=1):
    """train, valid, test (90, 5 and 5%): all translations of one source sentence fall into one split."""
    sources = list(dict.fromkeys(tuple(pair.source) for pair in pairs))
    random.Random(seed).shuffle(sources)
    part = max(1, len(sources) // 20)
    valid, test = set(sources[:part]), set(sources[part:2 * part])
    return ([pair for pair in pairs if tuple(pair.source) not in valid | test],
            [pair for pair in pairs if tuple(pair.source) in valid],
            [pair for pair in pairs if tuple(pair.source) in test])


def read_multi30k(name):
    """train, valid and test_2016_flickr of Multi30k, lower-cased and tokenised (Elliott et al. 2016)."""
    languages = name.split("-")[1:]
    if len(languages) != 2 or len(set(languages)) != 2 or not set(languages) <= {"de", "en", "fr"}:
        raise ValueError(f'corpus {name!r} is unknown: Multi30k has de, en and fr, so write "multi30k-de-en"')
    for split in MULTI30K_SPLITS.values():
        sides = [_multi30k_file(f"{split}.lc.norm.tok.{language}").decode("utf-8") for language in languages]
        sources, targets = ([html.unescape(line).split() for line in side.splitlines()] for side in sides)
        # A few captions of the training split are empty on one side, and nothing can be learnt from them.
        yield [Pair(*both) for both in zip(sources, targets, strict=True) if all(both)]


def _multi30k_file(name):
    """One file of Multi30k, from MULTI30K_DIR, from data/multi30k/, or fetched there; its SHA-256 is checked."""
    place = f"data/task1/tok/{name}"
    folder = Path(os.environ.get("MULTI30K_DIR") or course.DATA / "multi30k")
    path = folder / place
    if path.is_file():
        content = path.read_bytes()
    elif "MULTI30K_DIR" in os.environ:
        raise FileNotFoundError(f"{place} is not in MULTI30K_DIR ({folder}): point it to a copy of multi30k/dataset")
    else:
        try:
            with urllib.request.urlopen(f"{MULTI30K}/{place}", timeout=20) as answer:
                content = answer.read()
        except (urllib.error.URLError, OSError) as error:
            raise FileNotFoundError(f"Multi30k is neither in {folder} nor can it be downloaded ({error}): "
                                    "set MULTI30K_DIR to a copy, or go online once") from error
    if hashlib.sha256(content).hexdigest() != MULTI30K_SHA256[name]:
        raise ValueError(f"{path} is not the file that multi30k/dataset holds (SHA-256): delete it and try again")
    if not path.is_file():
        course.write(path, content)
    return content
