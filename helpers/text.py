"""Words <-> numbers: tokens, vocabularies, padded batches. The only file that imports torchtext."""
import re
from collections import Counter
from typing import NamedTuple

import torch
from torch.nn.utils.rnn import pad_sequence
from torchtext.data import pool
from torchtext.vocab import Vocab

SPECIALS = UNKNOWN, PAD, START, END = "<unk>", "<pad>", "<sos>", "<eos>"
UNKNOWN_ID, PAD_ID, START_ID, END_ID = range(4)

# An elided word keeps its apostrophe (l', qu', jusqu'), then words with inner - or ', then single signs.
TOKEN = re.compile(r"(?:[cdjlmnst]|\w*qu)'(?=\w)|\w+(?:[-']\w+)*|[^\w\s]")


def tokenize(sentence):
    """A sentence as a reader types it → lower-case tokens: "Je t'aime !" → ["je", "t'", "aime", "!"]."""
    return TOKEN.findall(sentence.lower().replace("’", "'"))


class Vocabularies(NamedTuple):
    """Both sides of a corpus: `source.stoi["cat"]` is a number, `source.itos[17]` a word."""
    source: Vocab
    target: Vocab


def vocabularies(pairs, at_least=1):
    """The words seen `at_least` times, most frequent first, after the four SPECIALS: take the training split alone."""
    sides = (Counter(word for pair in pairs for word in pair[side]) for side in (0, 1))
    return Vocabularies(*(Vocab(counts, min_freq=at_least, specials=list(SPECIALS)) for counts in sides))


def numbers(words, vocab):
    """Words → ids. A word that the vocabulary lacks becomes <unk>."""
    return [vocab[word] for word in words]


def padded(rows):
    """Lists of ids → one tensor [batch, longest], filled up with <pad> on the right."""
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=PAD_ID)


class Batch(NamedTuple):
    """Sentence pairs of about the same length."""
    source: torch.Tensor   # [batch, source]
    lengths: torch.Tensor  # [batch]          real words in each source row (stays on the CPU)
    target: torch.Tensor   # [batch, target]  <sos> y_1 .. y_m <eos>, then padding

    def to(self, device):
        return Batch(self.source.to(device), self.lengths, self.target.to(device))


def examples(pairs, vocabs):
    """Sentence pairs → pairs of lists of ids, the target between <sos> and <eos>."""
    return [(numbers(pair.source, vocabs.source), [START_ID, *numbers(pair.target, vocabs.target), END_ID])
            for pair in pairs]


def batches(examples, size, shuffle=None):
    """Cut `examples` into batches of `size` pairs of similar length, so that little padding is computed.

    `shuffle` is a random.Random: the same seed gives the same batches in the same order. None keeps them sorted.
    """
    examples = list(examples)
    if shuffle:
        shuffle.shuffle(examples)

    def mixed(batches):
        return shuffle.sample(batches, len(batches))

    for batch in pool(examples, size, key=lambda pair: (len(pair[0]), len(pair[1])), random_shuffler=mixed,
                      shuffle=shuffle is not None, sort_within_batch=True):
        sources, targets = zip(*batch, strict=True)
        yield Batch(padded(sources), torch.tensor([len(row) for row in sources]), padded(targets))
