"""Beam search: several translations of a sentence grow side by side, and the best one is taken.

Greedy search takes the likeliest word at every step and never takes it back. Beam search keeps the
`beam` likeliest beginnings instead. Each grows by one word at every step, and of all that this
gives the `beam` likeliest are kept again. What says <eos> is finished and leaves: the others go on
with one place less. With a beam of 1 this is greedy search.
"""
from collections.abc import Sequence
from typing import NamedTuple

import torch

from helpers import course, text, translation
from helpers.attention import Focus, Memory
from helpers.model import Seq2Seq
from helpers.translation import RIVALS, Sentences, Steps, Trace


class Node(NamedTuple):
    """A word that was tried after others: together they are the tree of the search."""
    word: str
    parent: "Node | None"   # the word before it; None at the first word
    row: int                # its row among the tensors of its step
    probability: float      # of this word, after those before it
    log_probability: float  # of all words up to this one, in nats

    @property
    def path(self) -> "list[Node]":
        """The nodes from the first word to this one."""
        nodes = []
        node: Node | None = self
        while node is not None:
            nodes.append(node)
            node = node.parent
        nodes.reverse()
        return nodes

    @property
    def words(self) -> list[str]:
        """The words from the first to this one."""
        return [node.word for node in self.path]


class Hypothesis(NamedTuple):
    """A finished translation."""
    last: Node              # its last word, <eos> unless the step limit came first
    score: float            # its log probability, normalised by length: the highest one wins
    trace: Trace


class Tree(NamedTuple):
    """What a beam search tried for one sentence."""
    source: list[str]
    tried: list[list[Node]]       # for each step the words that were tried, the likeliest first
    kept: list[list[Node]]        # those of them with which the search went on, or was finished
    hypotheses: list[Hypothesis]  # the best first


def translate(model: Seq2Seq, sentences: Sentences, beam: int = 5,
              length_power: float = 1.0) -> list[Trace]:
    """The best translation of each of the tokenised `sentences`: one Trace each, in their order.

    `translation.translate` does the same with greedy search. For beam, length and errors see
    `search`.
    """
    trees = search(model, sentences, beam, length_power, most=1)
    return [tree.hypotheses[0].trace for tree in trees]


@torch.no_grad()
def search(model: Seq2Seq, sentences: Sentences, beam: int = 5, length_power: float = 1.0,
           most: int | None = None, batch_size: int = 50) -> list[Tree]:
    """Beam search for tokenised `sentences` (lists of words): a Tree for each, in their order.

    A long translation multiplies more probabilities than a short one, so it would hardly ever win.
    Therefore finished translations are compared by

        log p(y) / m^length_power,   m: the words of y, <eos> included.

    1 gives the mean per word, 0 the log probability itself. Wu et al. 2016 (arXiv:1609.08144,
    section 7) divide by ((5 + m) / 6)^α, with α from 0.6 to 0.7.

    `most`: give only the best so many hypotheses, because each costs the making of its Trace. A
    beam below 1, an empty sentence, or a text in place of a list of words, raises a ValueError.
    """
    if beam < 1:
        raise ValueError(f"beam {beam}: give how many beginnings to keep, 1 or more")
    translation.check_sentences(sentences)
    model.eval()
    batches = translation.similar_lengths(sentences, batch_size)
    answers = []
    rows = beam * min(batch_size, len(sentences))  # the most that take a step at once
    with course.quick_products(model, rows):
        for places in batches:
            some = [sentences[place] for place in places]
            trees = search_batch(model, some, beam, length_power, most)
            answers.append(trees)
    return translation.in_order(batches, answers)


class Growing(NamedTuple):
    """The search for one sentence while it goes on."""
    growing: list[Node | None]  # the beginnings that go on; None is the empty one
    finished: list[Node]        # the last words of finished translations
    tried: list[list[Node]]     # as in Tree
    kept: list[list[Node]]


def search_batch(model: Seq2Seq, sentences: Sentences, beam: int, length_power: float,
                 most: int | None) -> list[Tree]:
    """Beam search for a batch: a step is computed for all beginnings of all sentences at once."""
    memory = translation.encode(model, sentences)
    limits = translation.step_limits(memory).tolist()
    searches = [Growing([None], [], [], []) for _ in sentences]
    start = model.decoder.start(memory)                                # s_0 [batch, hidden]
    steps = Steps([start], [], [], [], [])
    for step in range(1, max(limits) + 1):
        advance(model, memory, searches, steps, beam)
        for search, limit in zip(searches, limits, strict=True):
            if search.growing:
                choose(search, beam, is_last=step == limit)
        if not any(search.growing for search in searches):
            break

    def score(last: Node) -> float:
        length = len(last.path)
        return last.log_probability / length ** length_power

    trees = []
    for number, (search, source) in enumerate(zip(searches, sentences, strict=True)):
        own_memory = rows_of_memory(memory, [number])
        hypotheses = []
        best_first = sorted(search.finished, key=score, reverse=True)
        for last in best_first[:most]:
            trace = trace_of(model, source, last, number, own_memory, steps)
            hypotheses.append(Hypothesis(last, score(last), trace))
        trees.append(Tree(source, search.tried, search.kept, hypotheses))
    return trees


def advance(model: Seq2Seq, memory: Memory, searches: Sequence[Growing], steps: Steps,
            beam: int) -> None:
    """One step of the decoder; it adds to `steps`, and what it found to `tried` of each search.

    The rows of the step: the beginnings of the first sentence that go on, those of the second, ...
    """
    owners = []   # for each row the sentence that it translates,
    parents = []  # and the last word of its beginning
    for number, search in enumerate(searches):
        owners += [number] * len(search.growing)
        parents += search.growing

    rows_before = []
    words_before = []
    for owner, parent in zip(owners, parents, strict=True):
        rows_before.append(parent.row if parent else owner)
        words_before.append(parent.word if parent else text.START)
    ids = text.numbers(words_before, model.vocabs.target)
    words = torch.tensor(ids, device=model.device)                     # y_{i-1} [rows]
    hidden = steps.hidden[-1][rows_before]                             # s_{i-1} [rows, hidden]
    word_gates = model.decoder.read(words)                             # [rows, 3 hidden]
    memory_of_rows = rows_of_memory(memory, owners)
    hidden, focus = model.decoder.step(word_gates, hidden, memory_of_rows)  # s_i
    probabilities = model.decoder.output(hidden).softmax(dim=1)        # [rows, vocabulary]
    number = min(max(beam, RIVALS), probabilities.shape[1])
    values, places = probabilities.topk(number)                        # [rows, number]
    steps.hidden.append(hidden)
    steps.foci.append(focus)
    steps.rivals.append(places[:, :RIVALS])
    steps.probabilities.append(values[:, :RIVALS])

    found = nodes_of(model, parents, places[:, :beam], values[:, :beam])
    for search in searches:
        if search.growing:
            search.tried.append([])
    for owner, nodes in zip(owners, found, strict=True):
        searches[owner].tried[-1] += nodes


def nodes_of(model: Seq2Seq, parents: Sequence[Node | None], ids: torch.Tensor,
             probabilities: torch.Tensor) -> list[list[Node]]:
    """For each row the nodes of its likeliest words: `ids` and `probabilities` [rows, number]."""
    ids_of_rows = ids.tolist()
    probabilities_of_rows = probabilities.tolist()
    logs_of_rows = probabilities.log().tolist()
    found = []
    for row, parent in enumerate(parents):
        before = parent.log_probability if parent else 0.0
        nodes = []
        words = translation.words_of(model, ids_of_rows[row])
        for place, word in enumerate(words):
            probability = probabilities_of_rows[row][place]
            log_probability = before + logs_of_rows[row][place]
            nodes.append(Node(word, parent, row, probability, log_probability))
        found.append(nodes)
    return found


def choose(search: Growing, beam: int, is_last: bool) -> None:
    """Keep the likeliest of what was tried last: as many as the beam has places left.

    What has said <eos> is finished and frees no place again. At the last step all are finished.
    """
    def log_probability(node: Node) -> float:
        return node.log_probability

    tried = search.tried[-1]
    tried.sort(key=log_probability, reverse=True)
    places_left = beam - len(search.finished)
    kept = tried[:places_left]
    search.kept.append(kept)
    search.growing.clear()
    for node in kept:
        if node.word == text.END or is_last:
            search.finished.append(node)
        else:
            search.growing.append(node)


def rows_of_memory(memory: Memory, owners: list[int]) -> Memory:
    """What the decoder may look at, with a row for each of the `owners`: the sentences of rows."""
    parts = [part[owners] for part in memory]
    return Memory(*parts)


def trace_of(model: Seq2Seq, source: list[str], last: Node, number: int, memory: Memory,
             steps: Steps) -> Trace:
    """The Trace of the translation that ends with `last`, of sentence `number` of the batch."""
    start = steps.hidden[0][[number]]                                  # s_0 [1, hidden]
    own = Steps([start], [], [], [], [])
    for step, node in enumerate(last.path):
        row = [node.row]  # a list, so that what is picked stays a batch: of one
        focus = [part[row] for part in steps.foci[step]]
        own.hidden.append(steps.hidden[step + 1][row])
        own.foci.append(Focus(*focus))
        own.rivals.append(steps.rivals[step][row])
        own.probabilities.append(steps.probabilities[step][row])
    (trace,) = translation.traces_of(model, [source], [last.words], memory, own)
    return trace
