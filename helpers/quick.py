"""A copy of a model that says the same words in less time.

Its attention needs no tanh, which takes several times as long as sigmoid, and a fourth of the time
of greedy search. Since

    tanh(x) = 2 · sigmoid(2x) - 1,    v · tanh(x) = 2v · sigmoid(2x) - (the sum of v),

additive attention with all its parameters doubled and sigmoid for tanh has the same scores but for
a number that is common to all of them, and a softmax does not see that.

Its decoder reads a word from a table. While nothing is learnt, a word gives the same to the gates
at every place: one product for the whole vocabulary replaces one at every step. Its encoder goes
the way of fast.py.

To understand the course nobody needs this file; where scores are shown, they are those of
attention.py.
"""
import copy
from typing import Any

import torch
from torch import nn

from helpers import fast
from helpers.attention import AdditiveAttention, ContextRule, Memory
from helpers.model import Decoder, Encoder, Seq2Seq


class SigmoidAttention(ContextRule):
    """The same weights from other scores: e_ij = 2v · sigmoid(2 (W h_j + U s_{i-1} + b))."""

    def __init__(self, rule: AdditiveAttention) -> None:
        super().__init__(rule.key.in_features, rule.key.out_features)
        self.key = doubled(rule.key)
        self.query = doubled(rule.query)
        self.energy = doubled(rule.energy)

    def keys(self, states: torch.Tensor) -> torch.Tensor:
        return self.key(states)                                        # [batch, source, hidden]

    def scores(self, hidden: torch.Tensor, memory: Memory) -> torch.Tensor:
        query = self.query(hidden).unsqueeze(1)                        # [batch, 1, hidden]
        energies = (memory.keys + query).sigmoid_()                    # in place: no second table
        return self.energy(energies).squeeze(2)                        # [batch, source]


@torch.no_grad()
def doubled(layer: nn.Linear) -> nn.Linear:
    """A copy of a layer that gives twice as much."""
    twice = copy.deepcopy(layer)
    for numbers in twice.parameters():
        numbers.mul_(2)
    return twice


class LoopEncoder(Encoder):
    """An Encoder with the same layers, and so the same states, that reads with the loop of fast.py.

    On a processor that takes less time than torch's GRU for sentences of several lengths.
    """

    def __init__(self, encoder: Encoder) -> None:
        nn.Module.__init__(self)  # and not that of Encoder: it has no layers of its own
        self.embedding = encoder.embedding
        self.dropout = encoder.dropout
        self.gru = encoder.gru

    def forward(self, source: torch.Tensor,
                lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        places = torch.arange(source.shape[1])
        mask = places < lengths.unsqueeze(1)                           # [batch, source]
        return fast.read_source(self, source, mask)


@torch.no_grad()
def read_from_table(decoder: Decoder) -> None:
    """Let `decoder` look up what `Decoder.read` computes: [vocabulary, 3 hidden]."""
    table = decoder.word_gates(decoder.embedding.weight)
    decoder.embedding = nn.Embedding.from_pretrained(table)
    decoder.word_gates = nn.Identity()  # type: ignore[assignment]


def for_words(model: Seq2Seq) -> Seq2Seq:
    """A copy of `model`, of whatever network and rule, that says the same words in `eval` mode.

    Vocabularies and the parameters that stay are not copied: both models have the same ones.
    """
    shared: dict[int, Any] = {id(model.vocabs): model.vocabs}  # what deepcopy takes as it is
    for parameter in model.parameters():
        shared[id(parameter)] = parameter
    quick = copy.deepcopy(model, shared)
    on_processor = model.device.type == "cpu"
    for part in quick.modules():
        if isinstance(part, Decoder) and type(part.context_rule) is AdditiveAttention:
            part.context_rule = SigmoidAttention(part.context_rule)
        if type(part) is Decoder:
            read_from_table(part)
        if isinstance(part, Seq2Seq) and type(part.encoder) is Encoder and on_processor:
            part.encoder = LoopEncoder(part.encoder)
    return quick
