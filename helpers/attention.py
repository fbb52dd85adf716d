"""The context rules: how a decoder turns the encoder states into one context vector at each step.

Every rule is a row of weights over the encoder states h_1..h_n: scores, softmax, weighted sum.
Only the scores differ. To try a rule of your own, write a class with a `scores` method and add it
to RULES at the end of this file.
"""
import math
from typing import NamedTuple

import torch
from torch import nn


class Memory(NamedTuple):
    """What the decoder may look at: one source sentence per row of the batch."""
    states: torch.Tensor  # [batch, source, state]  h_1..h_n
    mask: torch.Tensor    # [batch, source]         True where a real word stands
    last: torch.Tensor    # [batch, state]          h_n; over a bidirectional encoder [→h_n; ←h_1]
    keys: torch.Tensor    # [batch, source, key]    what a rule prepares once per sentence


class Focus(NamedTuple):
    """What a rule did at one decoding step."""
    scores: torch.Tensor   # [batch, source]  e_ij, -inf where nothing may be seen
    weights: torch.Tensor  # [batch, source]  α_ij, each row sums to 1, exactly 0 on padding
    context: torch.Tensor  # [batch, state]   c_i = Σ_j α_ij h_j


class ContextRule(nn.Module):
    """What all rules share: mask, softmax, weighted sum. A child of it says what the scores are.

    `state_size` is the size of an encoder state h_j, `hidden_size` that of a decoder state s_i.
    """

    def __init__(self, state_size: int, hidden_size: int) -> None:
        super().__init__()

    def keys(self, states: torch.Tensor) -> torch.Tensor:
        """What to compute once per sentence, so that no step has to do it again.

        `states` [batch, source, state] → [batch, source, key]; here the states themselves.
        """
        return states

    def scores(self, hidden: torch.Tensor, memory: Memory) -> torch.Tensor:
        """How well each h_j answers s_{i-1}: `hidden` [batch, hidden] → [batch, source]."""
        raise NotImplementedError

    def forward(self, hidden: torch.Tensor, memory: Memory) -> Focus:
        scores = self.scores(hidden, memory)                           # [batch, source]
        scores = scores.masked_fill(~memory.mask, -torch.inf)
        weights = scores.softmax(dim=1)                                # [batch, source]
        context = torch.bmm(weights.unsqueeze(1), memory.states)       # [batch, 1, state]
        return Focus(scores, weights, context.squeeze(1))


class FixedContext(ContextRule):
    """The vanilla seq2seq model: the last state, whatever is being said.

    Cho et al. 2014 (arXiv:1406.1078), section 2.2, where one vector enters every decoder step.
    Differs from the paper: there the vector is tanh(V h_n), and the output layer sees it too.
    Differs from Sutskever et al. 2014, section 2: there the vector only starts the decoder.

    Over a bidirectional encoder the context is [→h_n; ←h_1], which is no single column of the table
    of weights: the weights then show the column of h_n, where only half of the context stands.
    """

    def forward(self, hidden: torch.Tensor, memory: Memory) -> Focus:
        places = torch.arange(memory.mask.shape[1], device=hidden.device)     # [source]
        last_place = memory.mask.sum(dim=1, keepdim=True) - 1                 # [batch, 1]
        scores = torch.zeros_like(memory.mask, dtype=hidden.dtype)
        scores = scores.masked_fill(places != last_place, -torch.inf)         # [batch, source]
        weights = scores.softmax(dim=1)
        return Focus(scores, weights, memory.last)  # the weighted sum is h_n: no need to compute it


class MeanContext(ContextRule):
    """The average of all states: equal scores, so every word weighs 1/n. It chooses nothing."""

    def scores(self, hidden: torch.Tensor, memory: Memory) -> torch.Tensor:
        return torch.zeros_like(memory.mask, dtype=hidden.dtype)


class AdditiveAttention(ContextRule):
    """e_ij = v · tanh(W h_j + U s_{i-1} + b): Bahdanau et al. 2014, section 3.1 and appendix A.1.2.

    Differs from the paper: there W and U have each other's names, and there is no bias b.
    """

    def __init__(self, state_size: int, hidden_size: int) -> None:
        super().__init__(state_size, hidden_size)
        self.key = nn.Linear(state_size, hidden_size)                  # W and b
        self.query = nn.Linear(hidden_size, hidden_size, bias=False)   # U
        self.energy = nn.Linear(hidden_size, 1, bias=False)            # v

    def keys(self, states: torch.Tensor) -> torch.Tensor:
        return self.key(states)                                        # [batch, source, hidden]

    def scores(self, hidden: torch.Tensor, memory: Memory) -> torch.Tensor:
        query = self.query(hidden).unsqueeze(1)                        # [batch, 1, hidden]
        energies = self.energy(torch.tanh(memory.keys + query))        # [batch, source, 1]
        return energies.squeeze(2)


def dot_products(hidden: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """Query times key: `hidden` [batch, key], `keys` [batch, source, key] → [batch, source]."""
    products = torch.bmm(keys, hidden.unsqueeze(2))                    # [batch, source, 1]
    return products.squeeze(2)


class DotAttention(ContextRule):
    """e_ij = s_{i-1} · h_j: Luong et al. 2015, section 3.1, "dot".

    Differs from the paper: there the query is s_i, the state after the cell, not s_{i-1}, and the
    context does not enter that cell but joins s_i on the way to the output.
    Without parameters, so both vectors must have one size: a ValueError says so.
    """

    def __init__(self, state_size: int, hidden_size: int) -> None:
        super().__init__(state_size, hidden_size)
        if state_size != hidden_size:
            raise ValueError(
                f"{type(self).__name__} multiplies h_j (size {state_size}) by s_i "
                f"(size {hidden_size}), which must have one size: "
                'make the encoder unidirectional, or take the rule "general"')

    def scores(self, hidden: torch.Tensor, memory: Memory) -> torch.Tensor:
        return dot_products(hidden, memory.keys)


class ScaledDotAttention(DotAttention):
    """e_ij = s_{i-1} · h_j / √d, d their size: Vaswani et al. 2017, section 3.2.1.

    Differs from the paper: there query, key and value are three projections, in several heads.
    """

    def scores(self, hidden: torch.Tensor, memory: Memory) -> torch.Tensor:
        size = hidden.shape[1]
        return dot_products(hidden, memory.keys) / math.sqrt(size)


class GeneralAttention(ContextRule):
    """e_ij = s_{i-1} · W h_j: Luong et al. 2015, section 3.1, "general".

    Differs from the paper: there the query is s_i, the state after the cell, not s_{i-1}.
    """

    def __init__(self, state_size: int, hidden_size: int) -> None:
        super().__init__(state_size, hidden_size)
        self.key = nn.Linear(state_size, hidden_size, bias=False)      # W

    def keys(self, states: torch.Tensor) -> torch.Tensor:
        return self.key(states)                                        # [batch, source, hidden]

    def scores(self, hidden: torch.Tensor, memory: Memory) -> torch.Tensor:
        return dot_products(hidden, memory.keys)


RULES: dict[str, type[ContextRule]] = {
    "fixed": FixedContext,
    "mean": MeanContext,
    "additive": AdditiveAttention,
    "dot": DotAttention,
    "scaled_dot": ScaledDotAttention,
    "general": GeneralAttention,
}
