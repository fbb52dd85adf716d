"""Words <-> numbers: tokens, vocabularies, padded batches. The only file that imports torchtext."""
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torchtext.data import pool
from torchtext.vocab import Vocab

SPECIALS = UNKNOWN, PAD, START, END = "<unk>", "<pad>", "<sos>", "<eos>"
UNKNOWN_ID, PAD_ID, START_ID, END_ID = range(4)

TOKEN = re.compile(r"""
    (?:[cdjlmnst]|\w*qu)'(?=\w)   # an elided word keeps its apostrophe: l', qu', jusqu'
    | \w+(?:[-']\w+)*             # a word, inner hyphens and apostrophes included
    | [^\w\s]                     # any other sign alone
    """, re.VERBOSE)


class Pair(NamedTuple):
    """A sentence and its translation as words, and what the corpus knows about them."""
    source: list[str]
    target: list[str]
    alignment: list[tuple[int, int]] | None = None  # gold links (source, target), from 0
    kinds: list[str] | None = None                  # the part of speech of each target word


def tokenize(sentence: str) -> list[str]:
    """A sentence as typed → lower-case tokens: "Je t'aime !" → ["je", "t'", "aime", "!"].

    What is no text raises a ValueError.
    """
    check_text(sentence)
    plain = sentence.lower().replace("’", "'")
    return TOKEN.findall(plain)


def check_text(sentence: Any) -> None:
    if not isinstance(sentence, str):
        raise ValueError(f"{sentence!r:.60} is no sentence: give a text, such as 'I love you'")


class Vocabularies(NamedTuple):
    """Both sides of a corpus: `source.stoi["cat"]` is a number, `source.itos[17]` a word."""
    source: Vocab
    target: Vocab


def vocabularies(pairs: Iterable[Pair], min_count: int = 1) -> Vocabularies:
    """The words seen `min_count` times or more, the most frequent first, after the four SPECIALS.

    Give it the training split alone: what the model has not seen there is unknown to it.
    """
    source_counts: Counter[str] = Counter()
    target_counts: Counter[str] = Counter()
    for pair in pairs:
        source_counts.update(pair.source)
        target_counts.update(pair.target)
    source = Vocab(source_counts, min_freq=min_count, specials=list(SPECIALS))
    target = Vocab(target_counts, min_freq=min_count, specials=list(SPECIALS))
    return Vocabularies(source, target)


def vocabulary(words: Sequence[str]) -> Vocab:
    """The vocabulary that has these words, in their order: `itos` of another one, read from a file.

    The first four are the SPECIALS.
    """
    ordinary = words[len(SPECIALS):]
    counts: Counter[str] = Counter()
    for place, word in enumerate(ordinary):
        counts[word] = len(ordinary) - place  # the more frequent stands before the rarer
    return Vocab(counts, specials=list(SPECIALS))


def numbers(words: Iterable[str], vocab: Vocab) -> list[int]:
    """Words → ids. A word that the vocabulary lacks becomes <unk>."""
    return [vocab[word] for word in words]


def unknown_words(words: Iterable[str], vocab: Vocab) -> list[str]:
    """Those of the words that the vocabulary lacks, in their order."""
    return [word for word in words if word not in vocab.stoi]


def padded(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Lists of ids → one tensor [batch, longest], filled up with <pad> on the right."""
    longest = max(len(row) for row in rows)
    filled = []
    for row in rows:
        padding = [PAD_ID] * (longest - len(row))
        filled.append([*row, *padding])
    return torch.tensor(filled)


class Batch(NamedTuple):
    """Sentence pairs of about the same length."""
    source: torch.Tensor   # [batch, source]
    lengths: torch.Tensor  # [batch]          real words in each source row (stays on the CPU)
    target: torch.Tensor   # [batch, target]  <sos> y_1 .. y_m <eos>, then padding

    def to(self, device: torch.device) -> "Batch":
        return Batch(self.source.to(device), self.lengths, self.target.to(device))


Example = tuple[list[int], list[int]]  # the ids of a source sentence, and of its translation


def examples(pairs: Iterable[Pair], vocabs: Vocabularies) -> list[Example]:
    """Sentence pairs → pairs of lists of ids, the target between <sos> and <eos>.

    A pair with an empty side, or a text in place of a list of words, raises a ValueError.
    """
    rows = []
    for number, pair in enumerate(pairs, start=1):
        check_pair(number, pair)
        source = numbers(pair.source, vocabs.source)
        target = numbers(pair.target, vocabs.target)
        rows.append((source, [START_ID, *target, END_ID]))
    return rows


def check_pair(number: int, pair: Pair) -> None:
    for side, words in (("source", pair.source), ("target", pair.target)):
        if not words or isinstance(words, str):
            raise ValueError(f"pair {number}: its {side} is {words!r:.60}: give a list of at least "
                             "one word")


def batches(examples: Iterable[Example], batch_size: int,
            shuffle: random.Random | None = None) -> Iterator[Batch]:
    """Cut `examples` into batches of `batch_size` pairs of similar length: little padding.

    The length of the target counts first, because a step of the decoder is the dearer one.
    The same seed in `shuffle` gives the same batches in the same order. None keeps them sorted.
    A batch size below 1 raises a ValueError.
    """
    if batch_size < 1:
        raise ValueError(f"batches of {batch_size} pairs: give 1 or more")
    examples = list(examples)
    if shuffle:
        shuffle.shuffle(examples)

    def lengths_of(example: Example) -> tuple[int, int]:
        source, target = example
        return len(target), len(source)

    def in_random_order(sorted_batches: list) -> list:
        assert shuffle is not None
        return shuffle.sample(sorted_batches, len(sorted_batches))

    for rows in pool(examples, batch_size, key=lengths_of, random_shuffler=in_random_order,
                     shuffle=shuffle is not None, sort_within_batch=True):
        sources = [source for source, _ in rows]
        targets = [target for _, target in rows]
        lengths = torch.tensor([len(source) for source in sources])
        yield Batch(padded(sources), lengths, padded(targets))
