"""Where sentence pairs come from: the phrasebook, Multi30k, or your own file."""
import html
import os
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from helpers import course, downloads, files, text
from helpers.text import Pair


class Corpus(NamedTuple):
    """No source sentence of `train` stands in another split.

    `long` is longer than anything in `train`; it is empty where the corpus has no such sentences.
    """
    name: str
    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]
    long: list[Pair]


def load(name: str | Path = "phrasebook", pairs: int | None = None) -> Corpus:
    """A Corpus by name: "phrasebook", "multi30k-de-en" (any two of de, en, fr), or a file's path.

    The file is tab-separated text, see `read_pairs`. `pairs` keeps only the first so many pairs of
    each split, for a quick try. A ValueError or FileNotFoundError says what is wrong with a name or
    a file, and where.
    """
    if not isinstance(name, str | Path):
        raise ValueError(f"corpus {name!r:.60} is unknown: a name or a path is a text")
    if name == "phrasebook":
        corpus = load_phrasebook()
    elif str(name).startswith("multi30k"):
        corpus = load_multi30k(str(name))
    elif Path(name).suffix or Path(name).exists():
        corpus = load_own_file(Path(name))
    else:
        raise ValueError(f'corpus {name!r} is unknown: write "phrasebook", "multi30k-de-en" or '
                         "the path of a tab-separated file")
    return first_pairs(corpus, pairs)


def first_pairs(corpus: Corpus, pairs: int | None) -> Corpus:
    """The corpus with only the first so many pairs of each split; None keeps them all."""
    return Corpus(corpus.name, corpus.train[:pairs], corpus.valid[:pairs], corpus.test[:pairs],
                  corpus.long[:pairs])


def as_table(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Sentence pairs as a pandas table for reading: source, target, and their lengths in words."""
    rows = []
    for pair in pairs:
        rows.append({"source": " ".join(pair.source), "target": " ".join(pair.target),
                     "source_words": len(pair.source), "target_words": len(pair.target)})
    return pd.DataFrame(rows)


def example(corpus: Corpus, words: int = 3) -> Pair:
    """A short pair to show things on: "i love you" where the corpus has it.

    Elsewhere the test pair whose source is nearest to `words` words.
    """
    for pair in corpus.train:
        if pair.source == ["i", "love", "you"]:
            return pair

    def distance(pair: Pair) -> int:
        return abs(len(pair.source) - words)

    return min(corpus.test, key=distance)


def with_sources_reversed(corpus: Corpus) -> Corpus:
    """The corpus with every source sentence written backwards (Sutskever et al. 2014, section 3.3).

    Its links follow their words.
    """
    return Corpus(f"{corpus.name}-reversed", backwards(corpus.train), backwards(corpus.valid),
                  backwards(corpus.test), backwards(corpus.long))


def backwards(pairs: Iterable[Pair]) -> list[Pair]:
    """Each pair with its source written backwards."""
    reversed_pairs = []
    for pair in pairs:
        last = len(pair.source) - 1
        links = None
        if pair.alignment is not None:
            links = [(last - source, target) for source, target in pair.alignment]
        reversed_pairs.append(pair._replace(source=pair.source[::-1], alignment=links))
    return reversed_pairs


# Files of lines.

def lines_of(path: Path, columns: int,
             remedy: str = "restore it") -> Iterator[tuple[int, list[str]]]:
    """The lines of a tab-separated UTF-8 file, each with its number (from 1) and cut at its tabs.

    Empty lines are passed over. Every other line must have at least `columns` filled columns.
    `remedy` says what to do about a file that is not what its checksum says.
    """
    lines = lines_in(decoded(bytes_of(path, remedy), str(path)))
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) < columns or not all(cells[:columns]):
            raise ValueError(f"{path}, line {number}: {columns} columns separated by a tab are "
                             f"needed, this line reads {line[:60]!r}")
        yield number, cells


def lines_in(content: str) -> list[str]:
    """The lines of a text. Only a line feed ends one: str.splitlines knows ten signs more."""
    return content.replace("\r\n", "\n").removesuffix("\n").split("\n")


def bytes_of(path: Path, remedy: str = "restore it") -> bytes:
    """What is in a file; for `remedy` see `lines_of`."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: check the path (you are in {Path.cwd()})")
    return files.checked(path, remedy)


def decoded(content: bytes, name: str) -> str:
    """The text in some bytes; a ValueError with the line where they are no UTF-8 text."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[:error.start].count(b"\n") + 1
        raise ValueError(f"{name} is not UTF-8 text (line {line}, byte {error.start}): "
                         "save it as UTF-8") from error


def sentences_of(content: bytes, name: str) -> list[str]:
    """A sentence a line, none of them empty; `name` is what errors call the text."""
    sentences = []
    for number, line in enumerate(lines_in(decoded(content, name)), start=1):
        if not line.strip():
            raise ValueError(f"{name}, line {number}: is empty: give a sentence in each line")
        sentences.append(line)
    return sentences


# The phrasebook.

PHRASEBOOK = course.DATA / "phrasebook"


def load_phrasebook() -> Corpus:
    """The committed English → French pairs with gold alignments and parts of speech."""
    return Corpus("phrasebook",
                  train=read_phrasebook(PHRASEBOOK / "train.tsv"),
                  valid=read_phrasebook(PHRASEBOOK / "valid.tsv"),
                  test=read_phrasebook(PHRASEBOOK / "test.tsv"),
                  long=read_phrasebook(PHRASEBOOK / "long.tsv"))


def read_phrasebook(path: Path) -> list[Pair]:
    """Pairs from a file with the columns english, french, alignment (`0-0 2-1 1-2`) and kinds.

    A line whose alignment or kinds do not fit its sentences raises a ValueError with file and line.
    """
    remedy = "restore the file, or write it anew with python -m data.phrasebook.grammar"
    pairs = []
    for number, (english, french, alignment, kinds, *_) in lines_of(path, 4, remedy):
        if number == 1:
            continue  # the names of the columns
        source = english.split()
        target = french.split()
        links = read_alignment(alignment, len(source), len(target))
        if links is None:
            raise ValueError(f"{path}, line {number}: {alignment[:60]!r} is not an alignment of "
                             f"these two sentences: {remedy}")
        target_kinds = kinds.split()
        if len(target_kinds) != len(target):
            raise ValueError(f"{path}, line {number}: {len(target_kinds)} kinds for {len(target)} "
                             f"French words: {remedy}")
        pairs.append(Pair(source, target, links, target_kinds))
    return pairs


def read_alignment(written: str, source_words: int,
                   target_words: int) -> list[tuple[int, int]] | None:
    """Links such as "0-0 2-1" as pairs of places; None where it is not that, or goes beyond."""
    links = []
    for link in written.split():
        source_place, _, target_place = link.partition("-")
        if not (source_place.isdecimal() and target_place.isdecimal()):
            return None
        if int(source_place) >= source_words or int(target_place) >= target_words:
            return None
        links.append((int(source_place), int(target_place)))
    return links


# Your own file.

FEWEST_PAIRS = 10  # so that each of the three splits has one


def load_own_file(path: Path) -> Corpus:
    """A corpus from your own file, split by source sentence; its name is that of the file."""
    train, valid, test = split_by_source(read_pairs(path))
    return Corpus(path.stem, train, valid, test, long=[])


def read_pairs(path: Path) -> list[Pair]:
    """Pairs from a tab-separated file: source, target, further columns ignored. Tokenised here."""
    pairs = []
    for _, (source, target, *_) in lines_of(path, columns=2):
        pairs.append(Pair(text.tokenize(source), text.tokenize(target)))
    if len(pairs) < FEWEST_PAIRS:
        raise too_few(path, pairs)
    return pairs


def load_two_files(source: Path, target: Path, tokenised: bool = False) -> Corpus:
    """A corpus from two files with a sentence a line, the same line in both being a pair.

    Split by source sentence. `tokenised`: the words stand between spaces already, as they are.
    """
    sources = sentences_of(bytes_of(source), str(source))
    targets = sentences_of(bytes_of(target), str(target))
    if len(sources) != len(targets):
        shorter = source if len(sources) < len(targets) else target
        missing = min(len(sources), len(targets)) + 1
        raise ValueError(f"{shorter}, line {missing}: is missing: {source} has {len(sources):,} "
                         f"lines and {target} has {len(targets):,}, which should be pairs")
    cut = str.split if tokenised else text.tokenize
    pairs = [Pair(cut(one), cut(other)) for one, other in zip(sources, targets, strict=True)]
    if len(pairs) < FEWEST_PAIRS:
        raise too_few(source, pairs)
    train, valid, test = split_by_source(pairs)
    return Corpus(source.stem, train, valid, test, long=[])


def too_few(path: Path, pairs: list[Pair]) -> ValueError:
    """The error for a file of which no three splits can be made."""
    return ValueError(f"{path} has {len(pairs)} sentence pairs: at least {FEWEST_PAIRS} are "
                      "needed to train, validate and test")


def split_by_source(pairs: list[Pair],
                    seed: int = 1) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """train, valid, test (90, 5 and 5%): all translations of one sentence fall into one split."""
    sources = list(dict.fromkeys(tuple(pair.source) for pair in pairs))  # each once, in order
    random.Random(seed).shuffle(sources)
    part = max(1, len(sources) // 20)
    valid_sources = set(sources[:part])
    test_sources = set(sources[part:2 * part])
    train, valid, test = [], [], []
    for pair in pairs:
        source = tuple(pair.source)
        if source in valid_sources:
            valid.append(pair)
        elif source in test_sources:
            test.append(pair)
        else:
            train.append(pair)
    return train, valid, test


# Multi30k.

MULTI30K = "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a"
MULTI30K_LANGUAGES = ("de", "en", "fr")
MULTI30K_SHA256 = files.checksums(course.DATA / "multi30k.sha256")


def load_multi30k(name: str) -> Corpus:
    """Multi30k (Elliott et al. 2016), lower-cased and tokenised; `test` is test_2016_flickr.

    `name` says the two languages: "multi30k-de-en" translates German into English.
    """
    languages = name.split("-")[1:]
    two_different = len(languages) == 2 and languages[0] != languages[-1]
    known = set(languages) <= set(MULTI30K_LANGUAGES)
    if not two_different or not known:
        raise ValueError(f'corpus {name!r} is unknown: Multi30k has de, en and fr, '
                         'so write "multi30k-de-en"')
    source_language, target_language = languages
    return Corpus(name,
                  train=read_multi30k("train", source_language, target_language),
                  valid=read_multi30k("val", source_language, target_language),
                  test=read_multi30k("test_2016_flickr", source_language, target_language),
                  long=[])


def read_multi30k(split: str, source_language: str, target_language: str) -> list[Pair]:
    """The pairs of one split, but for the few captions that are empty on one side."""
    sources = multi30k_lines(f"{split}.lc.norm.tok.{source_language}")
    targets = multi30k_lines(f"{split}.lc.norm.tok.{target_language}")
    pairs = []
    for source, target in zip(sources, targets, strict=True):
        if source and target:
            pairs.append(Pair(source, target))
    return pairs


def multi30k_lines(name: str) -> list[list[str]]:
    """The sentences of one file, each as its words."""
    content = multi30k_file(name).decode("utf-8")
    return [html.unescape(line).split() for line in lines_in(content)]


def multi30k_file(name: str) -> bytes:
    """One file of Multi30k, from MULTI30K_DIR, from data/multi30k/, or fetched; SHA-256 checked."""
    place = f"data/task1/tok/{name}"
    folder = Path(os.environ.get("MULTI30K_DIR") or course.DATA / "multi30k")
    path = folder / place
    checksum = MULTI30K_SHA256[name]
    if path.is_file():
        content = path.read_bytes()
        if files.sha256(content) != checksum:
            raise ValueError(f"{path} is not the file that multi30k/dataset holds (SHA-256): "
                             "delete it and try again")
        return content
    if "MULTI30K_DIR" in os.environ:
        raise FileNotFoundError(f"{place} is not in MULTI30K_DIR ({folder}): point it to a copy of "
                                "multi30k/dataset")
    try:
        content = downloads.fetch(f"{MULTI30K}/{place}", checksum)
    except OSError as error:
        raise FileNotFoundError(f"Multi30k is neither in {folder} nor can it be downloaded "
                                f"({error}): set MULTI30K_DIR to a copy, or go online "
                                "once") from error
    files.write(path, content)
    return content
