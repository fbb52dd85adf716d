"""The context rules: how a decoder turns the encoder states into one context vector at each step.

Every rule is a row of weights over the encoder states h_1..h_n: scores, softmax, weighted sum. Only the scores differ.
To try a rule of your own, write a class with a `scores` method and add it to RULES.
"""
from typing import NamedTuple

import torch
from torch import nn


class Memory(NamedTuple):
    """What the decoder may look at: one source sentence per row of the batch."""
    states: torch.Tensor  # [batch, source, state]  h_1..h_n
    mask: torch.Tensor    # [batch, source]         True where a real word stands
    last: torch.Tensor    # [batch, state]          h_n; with a bidirectional encoder [→h_n; ←h_1]
    keys: torch.Tensor | None = None  # what a rule prepares once per sentence, so that no step has to do it again


class Focus(NamedTuple):
    """What a rule did at one decoding step."""
    scores: torch.Tensor   # [batch, source]  e_ij, -inf where nothing may be seen
    weights: torch.Tensor  # [batch, source]  α_ij, each row sums to 1, exactly 0 on padding
    context: torch.Tensor  # [batch, state]   c_i = Σ_j α_ij h_j


class ContextRule(nn.Module):
    """A rule without parameters; its children say what the scores are. `state` and `hidden` are sizes."""

    def __init__(self, state, hidden):
        super().__init__()

    def keys(self, states):
        """What to compute once per sentence from `states` [batch, source, state]."""
        return states

    def scores(self, hidden, memory):
        """How well each h_j answers the query s_{i-1}: `hidden` [batch, hidden] → [batch, source]."""
        raise NotImplementedError

    def forward(self, hidden, memory):
        scores = self.scores(hidden, memory).masked_fill(~memory.mask, -torch.inf)
        weights = scores.softmax(dim=1)
        context = torch.bmm(weights.unsqueeze(1), memory.states).squeeze(1)
        return Focus(scores, weights, context)


class FixedContext(ContextRule):
    """The vanilla seq2seq model: the last state, whatever is being said (Sutskever et al. 2014; Cho et al. 2014).

    Over a bidirectional encoder the context is [→h_n; ←h_1], which is no single column of the table of weights:
    the weights then show the column of h_n, where only half of the context stands.
    """

    def forward(self, hidden, memory):
        last = memory.mask.sum(dim=1, keepdim=True) - 1
        places = torch.arange(memory.mask.shape[1], device=hidden.device)
        scores = torch.zeros_like(memory.mask, dtype=hidden.dtype).masked_fill(places != last, -torch.inf)
        return Focus(scores, scores.softmax(dim=1), memory.last)  # the weighted sum is h_n: no need to compute it


class MeanContext(ContextRule):
    """The average of all states: equal scores, so every word weighs 1/n. It sees everything and chooses nothing."""

    def scores(self, hidden, memory):
        return torch.zeros_like(memory.mask, dtype=hidden.dtype)


class AdditiveAttention(ContextRule):
    """e_ij = v · tanh(W h_j + U s_{i-1} + b): Bahdanau et al. 2014, section 3.1 and appendix A.1.2."""

    def __init__(self, state, hidden):
        super().__init__(state, hidden)
        self.key = nn.Linear(state, hidden)                 # W and b
        self.query = nn.Linear(hidden, hidden, bias=False)  # U
        self.energy = nn.Linear(hidden, 1, bias=False)      # v

    def keys(self, states):
        return self.key(states)

    def scores(self, hidden, memory):
        return self.energy(torch.tanh(memory.keys + self.query(hidden).unsqueeze(1))).squeeze(2)


class DotAttention(ContextRule):
    """e_ij = s_{i-1} · h_j: Luong et al. 2015, section 3.1, "dot". No parameters, so both must have one size."""

    def __init__(self, state, hidden):
        super().__init__(state, hidden)
        if state != hidden:
            raise ValueError(f"{type(self).__name__} multiplies h_j (size {state}) by s_i (size {hidden}), which must "
                             'have one size: make the encoder unidirectional, or take the rule "general"')

    def scores(self, hidden, memory):
        return torch.bmm(memory.keys, hidden.unsqueeze(2)).squeeze(2)


class ScaledDotAttention(DotAttention):
    """e_ij = s_{i-1} · h_j / √d, d their size: Vaswani et al. 2017, section 3.2.1."""

    def scores(self, hidden, memory):
        return super().scores(hidden, memory) / hidden.shape[1] ** 0.5


class GeneralAttention(ContextRule):
    """e_ij = s_{i-1} · W h_j: Luong et al. 2015, section 3.1, "general"."""

    def __init__(self, state, hidden):
        super().__init__(state, hidden)
        self.key = nn.Linear(state, hidden, bias=False)  # W

    def keys(self, states):
        return self.key(states)

    scores = DotAttention.scores


RULES = {"fixed": FixedContext, "mean": MeanContext, "additive": AdditiveAttention, "dot": DotAttention,
         "scaled_dot": ScaledDotAttention, "general": GeneralAttention}
