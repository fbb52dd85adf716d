"""Sub-words: rare words cut into pieces that are not rare, and put together again.

Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909, section 3.2), learnt by sentencepiece
(Kudo and Richardson 2018). It begins with single letters and joins, again and again, the two
neighbouring pieces that occur together most often. Both languages share one list of pieces, so
that a name is cut alike in both.

A corpus in pieces is a Corpus: its Pairs hold pieces where others hold words. So vocabularies,
training, checkpoints and search stay as they are.
"""
import hashlib
import io
from collections.abc import Iterable
from pathlib import Path

import sentencepiece
import torch

from helpers import course, files
from helpers.corpus import Corpus
from helpers.text import END, Pair
from helpers.translation import Trace

BEGINS = "▁"  # sentencepiece's sign at the beginning of a word (U+2581, not an underscore)


class Cutter:
    """Cuts words into the pieces that it has learnt.

    `model`: what sentencepiece has learnt, as bytes; they are all that has to be kept.
    """

    def __init__(self, model: bytes) -> None:
        self.model = model
        self.processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        self.cut_before: dict[str, list[str]] = {}  # frequent words need not be cut again

    def __len__(self) -> int:
        """How many pieces it knows."""
        return self.processor.get_piece_size()

    def cut_word(self, word: str) -> list[str]:
        """One word → its pieces: "karateanzug" → ["▁karate", "anzug"]."""
        if word not in self.cut_before:
            plain = word.replace(BEGINS, "_")
            self.cut_before[word] = self.processor.encode(plain, out_type=str)
        return self.cut_before[word]

    def cut(self, words: Iterable[str]) -> list[str]:
        """Words → pieces. `words_of` puts them together again."""
        pieces = []
        for word in words:
            pieces += self.cut_word(word)
        return pieces

    def cut_pairs(self, pairs: Iterable[Pair]) -> list[Pair]:
        """Sentence pairs with both sides in pieces; gold links belong to words and are left out."""
        return [Pair(self.cut(pair.source), self.cut(pair.target)) for pair in pairs]

    def cut_corpus(self, corpus: Corpus) -> Corpus:
        """The corpus with both sides of all its splits in pieces."""
        return Corpus(f"{corpus.name}-pieces", self.cut_pairs(corpus.train),
                      self.cut_pairs(corpus.valid), self.cut_pairs(corpus.test),
                      self.cut_pairs(corpus.long))


def learn(pairs: Iterable[Pair], size: int = 8000) -> Cutter:
    """Learn at most `size` pieces from both sides of `pairs`; the same pairs give the same pieces.

    Give it the training split alone. Where the text is so small that it has fewer pieces, there are
    fewer. A `size` that does not hold even the letters of the text raises a ValueError.
    """
    sentences = []
    for pair in pairs:
        sentences.append(" ".join(pair.source))
        sentences.append(" ".join(pair.target))
    letters = set("".join(sentences)) - {" "}
    least = len(letters) + 4  # and what sentencepiece adds: <unk>, <s>, </s> and the sign ▁
    if size < least:
        raise ValueError(f"{size} pieces are too few: the text has {len(letters)} different "
                         f"letters, so give at least {least}")
    learnt = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=learnt, model_type="bpe",
        vocab_size=size, hard_vocab_limit=False,
        character_coverage=1.0,               # no letter is left out
        normalization_rule_name="identity",   # pieces put together give the very same words
        num_threads=1, minloglevel=2)
    return Cutter(learnt.getvalue())


def learnt(corpus: Corpus, size: int = 8000) -> Cutter:
    """The Cutter for the training split of a corpus: kept in build/models, learnt where missing."""
    digest = hashlib.sha256(f"{sentencepiece.__version__} {size}".encode())
    for pair in corpus.train:
        digest.update(repr((pair.source, pair.target)).encode())
    path = course.BUILD / "models" / f"{corpus.name}-{size}-{digest.hexdigest()[:12]}.pieces"
    if path.exists():
        return load(path)
    cutter = learn(corpus.train, size)
    files.write_checked(path, cutter.model)
    return cutter


def load(path: Path) -> Cutter:
    """Read a Cutter that `learnt` has kept."""
    content = files.checked(path, "delete it, and it will be learnt again")
    try:
        return Cutter(content)
    except RuntimeError as error:
        raise ValueError(f"{path} holds no pieces: delete it, and they will be learnt "
                         "again") from error


# Back to words.

def places_of_words(pieces: Iterable[str]) -> list[list[int]]:
    """For each word the places of its pieces; <eos> is a word of its own."""
    words: list[list[int]] = []
    for place, piece in enumerate(pieces):
        begins_word = piece.startswith(BEGINS) or piece == END
        if begins_word or not words:
            words.append([])
        words[-1].append(place)
    return words


def words_of(pieces: list[str]) -> list[str]:
    """Pieces → words: ["▁karate", "anzug"] → ["karateanzug"]."""
    words = []
    for places in places_of_words(pieces):
        word = "".join(pieces[place] for place in places)
        words.append(word.removeprefix(BEGINS))
    return words


def merged(trace: Trace) -> Trace:
    """A Trace over pieces → the same over words, for tables and scores of translations.

    Weights say which share of the look goes where. So the weights of a source word's pieces are
    added up: what goes to any of them goes to the word. A target word of several pieces was made in
    several steps: its row, and its context, are their average. Each row still sums to 1. `scores`
    are the logarithms of the merged weights, of which they are the softmax. States are those after
    the last piece of a word; rivals are those of its first piece.
    """
    source_places = places_of_words(trace.source)
    target_places = places_of_words(trace.target)
    columns = [trace.weights[:, places].sum(dim=1) for places in source_places]
    summed = torch.stack(columns, dim=1)                               # [pieces, source words]
    rows = [summed[places].mean(dim=0) for places in target_places]
    weights = torch.stack(rows)                                        # [words, source words]
    contexts = [trace.context[places].mean(dim=0) for places in target_places]
    last_of_source = [places[-1] for places in source_places]
    last_of_target = [places[-1] for places in target_places]
    after_words = [0, *[place + 1 for place in last_of_target]]        # s_0 comes first
    return trace._replace(
        source=words_of(trace.source),
        target=words_of(trace.target),
        scores=weights.log(),
        weights=weights,
        context=torch.stack(contexts),
        states=trace.states[last_of_source],
        hidden=trace.hidden[after_words],
        rivals=[trace.rivals[places[0]] for places in target_places],
    )
