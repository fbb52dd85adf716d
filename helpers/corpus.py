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
MULTI30K_SHA256 = {
    "train.lc.norm.tok.de": "cb5a23529b65ec2061f1dc446192a9c37382b63cc75f81a0be59d34894b3a505",
    "train.lc.norm.tok.en": "08925f8e0572bcd5a006702fc5fe20e2d77c6917d4eebd576fc20de6693c2119",
    "train.lc.norm.tok.fr": "8fa41bb718412bcb7c5dfa58603842810a01543eae86a51279f9886b901266e1",
    "val.lc.norm.tok.de": "97232bd273eceb7207f689527386a97e4be2616b18ada47576bdaf96c8ae1f00",
    "val.lc.norm.tok.en": "46573ce391ae227f1c72f873392436a20ef18e0a6d518098cfbd70b77c8572ec",
    "val.lc.norm.tok.fr": "b303e301aa21fe7822a846b2b3fb2d5a1121ec807cd5b1d006fb7b2b5507168a",
    "test_2016_flickr.lc.norm.tok.de": "c6a33d39d48f9f510de147651316cd9d918e09ad0219df734a2f16b6baccacc4",
    "test_2016_flickr.lc.norm.tok.en": "5b7f32627cf99eced828311b955dae9800bb52bc8b91cf8b6526829e605b29d2",
    "test_2016_flickr.lc.norm.tok.fr": "1463bd5960f9bfe098ec3cd752d3df0c49c84dc646fb518964a29232658cd836",
}


def load(name="phrasebook", pairs=None):
    """A Corpus by name: "phrasebook", "multi30k-de-en" (any two of de, en, fr), or the path of a tab-separated file.

    `pairs` keeps only the first so many training pairs, for a quick try.
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
    train, *rest = splits
    return Corpus(name, train[:pairs], *rest)


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
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: check the path (you are in {Path.cwd()})")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
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
