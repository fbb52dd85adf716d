"""The loss of model.py and its gradient, written out for speed: equal numbers in less time.

Training uses it (and quick.py its GRU); to understand the course nobody needs it: what is computed
stands in model.py. Where the time goes there, and what is done about it here:

- Autograd notes every operation of every step, and calls its derivative one by one. Here a whole
  loop over a sentence is one function, with its derivative written below it.
- Autograd adds up the gradient of a weight matrix step by step. Here it is one product over all
  steps, after the loop.
- tanh takes several times as long as sigmoid. Scores need none: tanh(x) = 2 · sigmoid(2x) - 1, and
  a softmax does not see what is common to all its scores.
- The logits of a batch do not fit into the processor's cache. Here a few rows at a time do.
- The largest products come from oneDNN even where a model is small: see course.quick_products.
- A word gives the same to the gates wherever it stands. Here each different word of a batch is
  multiplied once (unless dropout makes them differ).
- torch's GRU takes a slow way when sentences differ in length. Here padding holds the update gate
  at 1, which lets a state pass unchanged.

In this file shapes begin with the step: what belongs to one step then lies together in memory. A
name with d_ is the gradient of the loss with respect to what follows.
"""
import math
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.autograd import Function

from helpers import course
from helpers.attention import (
    AdditiveAttention,
    DotAttention,
    FixedContext,
    GeneralAttention,
    MeanContext,
    Memory,
    ScaledDotAttention,
)
from helpers.model import Decoder, Encoder, Seq2Seq
from helpers.text import PAD_ID, Batch

Tensor = torch.Tensor
Gradients = tuple[Tensor | None, ...]

KNOWN_RULES = {FixedContext, MeanContext, AdditiveAttention, DotAttention, ScaledDotAttention,
               GeneralAttention}
ALL_OPEN = 1e4  # its sigmoid is exactly 1
ROWS = 512      # of the logits, computed together


def smoothed_loss(model: Seq2Seq, batch: Batch, label_smoothing: float) -> tuple[Tensor, Tensor]:
    """What `training.smoothed_loss` gives for the logits of `model`: the same two numbers.

    Only for a model that `is_known`; on the CPU, where it was measured.
    """
    decoder = model.decoder
    memory = encode(model, batch)
    given = batch.target[:, :-1]                                       # <sos> y_1 .. y_m
    gold = batch.target[:, 1:]                                         # y_1 .. y_m <eos>
    states = decode(decoder, given, memory)                            # [target, batch, hidden]
    rows, steps = (gold != PAD_ID).nonzero(as_tuple=True)
    places = steps * len(gold) + rows
    states = states.flatten(0, 1).index_select(0, places)              # [words, hidden]
    dropped = decoder.dropout(states)
    return OutputLoss.apply(dropped, decoder.output.weight, decoder.output.bias, gold[rows, steps],
                            label_smoothing)


def is_known(model: Seq2Seq) -> bool:
    """Whether the gradients below are those of `model`: a rule of one's own has none here."""
    return (type(model) is Seq2Seq and type(model.encoder) is Encoder
            and type(model.decoder) is Decoder and type(model.decoder.context_rule) in KNOWN_RULES)


class Words(NamedTuple):
    """The words of a batch, of which each different one is multiplied once."""
    vectors: Tensor  # [different, embedding]
    places: Tensor   # [steps, batch]  the row in `vectors` of the word at each place


def read(part: Encoder | Decoder, ids: Tensor) -> Words:
    """Look up `ids` [batch, steps]."""
    if part.dropout.p > 0 and part.training:
        # No two places are alike: each has a row of its own.
        vectors = part.dropout(part.embedding(ids.flatten()))
        places = torch.arange(len(vectors)).view(ids.shape)
    else:
        different, places = ids.unique(return_inverse=True)
        vectors = part.embedding(different)
    return Words(vectors, places.t())


def gates_of(words: Words, weight: Tensor, bias: Tensor) -> Tensor:
    """What the words give to the gates of a GRU with these weights: [steps, batch, 3 hidden]."""
    table = nn.functional.linear(words.vectors, weight, bias)          # [different, 3 hidden]
    return nn.functional.embedding(words.places, table)


def encode(model: Seq2Seq, batch: Batch) -> Memory:
    """`Seq2Seq.encode` in less time."""
    places = torch.arange(batch.source.shape[1])
    mask = places < batch.lengths.unsqueeze(1)                         # [batch, source]
    states, last = read_source(model.encoder, batch.source, mask)
    keys = model.decoder.context_rule.keys(states)
    return Memory(states, mask, last, keys)


def read_source(encoder: Encoder, source: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """`Encoder.forward` in less time; `mask` [batch, source] is True at words."""
    words = read(encoder, source)
    padding = ~mask.t().unsqueeze(2)                                   # [source, batch, 1]
    states, last = read_forward(encoder.gru, "l0", words, padding)
    if encoder.gru.bidirectional:
        backwards = words._replace(places=words.places.flip(0))
        reversed_states, first = read_forward(encoder.gru, "l0_reverse", backwards,
                                              padding.flip(0))
        states = torch.cat([states, reversed_states.flip(0)], dim=2)
        last = torch.cat([last, first], dim=1)
    states = states.masked_fill(padding, 0.0).transpose(0, 1)          # [batch, source, state]
    return states, last


def read_forward(gru: nn.GRU, name: str, words: Words, padding: Tensor) -> tuple[Tensor, Tensor]:
    """One direction of a GRU: states [source, batch, size], and the one behind the last word.

    `name` is the end of the names that torch gives to the weights of this direction.
    """
    input_weight = getattr(gru, f"weight_ih_{name}")
    input_bias = getattr(gru, f"bias_ih_{name}")
    hidden_weight = getattr(gru, f"weight_hh_{name}")
    hidden_bias = getattr(gru, f"bias_hh_{name}")
    gates = gates_of(words, input_weight, input_bias)
    _, update, _ = gates.detach().chunk(3, dim=2)
    # In place, past autograd: where a sigmoid is 1 its derivative is 0, so no gradient is lost.
    update.masked_fill_(padding, ALL_OPEN)
    start = gates.new_zeros(gates.shape[1], hidden_weight.shape[1])
    states = GRULoop.apply(gates, start, hidden_weight, hidden_bias)
    return states, states[-1]


def decode(decoder: Decoder, ids: Tensor, memory: Memory) -> Tensor:
    """`Decoder.forward` in less time: `ids` [batch, target] → [target, batch, hidden]."""
    rule = decoder.context_rule
    start = decoder.start(memory)
    gates = gates_of(read(decoder, ids), decoder.word_gates.weight, decoder.word_gates.bias)
    hidden_gates = decoder.hidden_gates
    if isinstance(rule, FixedContext | MeanContext):
        # One context for all steps, whatever the state.
        context = rule(start, memory).context
        gates = gates + decoder.context_gates(context)
        return GRULoop.apply(gates, start, hidden_gates.weight, hidden_gates.bias)
    keys = memory.keys
    query_weight = None
    energy_weight = None
    if isinstance(rule, ScaledDotAttention):
        keys = keys / math.sqrt(keys.shape[2])
    elif isinstance(rule, AdditiveAttention):
        query_weight = rule.query.weight
        energy_weight = rule.energy.weight
    return AttentionLoop.apply(gates, start, memory.states, keys, memory.mask, query_weight,
                               energy_weight, decoder.context_gates.weight, hidden_gates.weight,
                               hidden_gates.bias)


# The cell: what a step computes, and its derivative.

class Cells(NamedTuple):
    """What the steps of a GRU leave behind, for the way back."""
    hidden: Tensor       # [steps + 1, batch, hidden]   s_0..s_m
    from_hidden: Tensor  # [steps, batch, 3 hidden ..]  what the state gives to the gates (and asks)
    gates: Tensor        # [steps, batch, 2 hidden]     reset and update, side by side
    proposal: Tensor     # [steps, batch, hidden]


def empty_cells(steps: int, start: Tensor, width: int) -> Cells:
    """Room for `steps` of them from s_0 = `start` on; `width` is that of `from_hidden`."""
    batch, size = start.shape
    hidden = start.new_empty(steps + 1, batch, size)
    hidden[0] = start
    return Cells(hidden, start.new_empty(steps, batch, width),
                 start.new_empty(steps, batch, 2 * size), start.new_empty(steps, batch, size))


def cell_forward(cells: Cells, step: int, from_input: Tensor) -> None:
    """s_i from s_{i-1} and `from_input` [batch, 3 hidden]; `Decoder.cell` says the same plainly."""
    hidden = cells.hidden[step]
    size = hidden.shape[1]
    from_hidden = cells.from_hidden[step]
    gates = cells.gates[step]
    proposal = cells.proposal[step]
    gates_from_input = from_input[:, :2 * size]
    gates_from_hidden = from_hidden[:, :2 * size]
    proposal_from_input = from_input[:, 2 * size:]
    proposal_from_hidden = from_hidden[:, 2 * size:3 * size]
    torch.add(gates_from_input, gates_from_hidden, out=gates).sigmoid_()
    reset = gates[:, :size]
    update = gates[:, size:]
    torch.addcmul(proposal_from_input, reset, proposal_from_hidden, out=proposal)
    proposal.tanh_()
    torch.lerp(proposal, hidden, update, out=cells.hidden[step + 1])


def cell_backward(cells: Cells, step: int, d_hidden: Tensor, d_input: Tensor,
                  d_from_hidden: Tensor) -> Tensor:
    """From the gradient of s_i to those of what went in: fills the last two.

    Returns what goes to s_{i-1} past the gates.
    """
    size = d_hidden.shape[1]
    gates = cells.gates[step]
    proposal = cells.proposal[step]
    reset = gates[:, :size]
    update = gates[:, size:]
    proposal_from_hidden = cells.from_hidden[step][:, 2 * size:3 * size]

    # s_i = (1 - update) · proposal + update · s_{i-1}
    past_the_gates = d_hidden * update
    d_proposal = d_hidden - past_the_gates
    before_tanh = torch.ops.aten.tanh_backward(d_proposal, proposal)
    d_gates = d_input[:, :2 * size]
    torch.mul(before_tanh, proposal_from_hidden, out=d_gates[:, :size])
    torch.mul(d_hidden, cells.hidden[step] - proposal, out=d_gates[:, size:])
    torch.ops.aten.sigmoid_backward.grad_input(d_gates, gates, grad_input=d_gates)
    d_input[:, 2 * size:] = before_tanh
    d_from_hidden[:, :2 * size] = d_gates
    torch.mul(before_tanh, reset, out=d_from_hidden[:, 2 * size:3 * size])
    return past_the_gates


# The loops.

class GRULoop(Function):
    """A GRU whose inputs have already been multiplied by their weights."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, start: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """`gates` [steps, batch, 3 hidden], `start` [batch, hidden] → [steps, batch, hidden]."""
        cells = empty_cells(len(gates), start, width=len(weight))
        transposed = weight.t()
        for step in range(len(gates)):
            torch.addmm(bias, cells.hidden[step], transposed, out=cells.from_hidden[step])
            cell_forward(cells, step, gates[step])
        ctx.save_for_backward(*cells, weight)
        return cells.hidden[1:]

    @staticmethod
    def backward(ctx: Any, d_states: Tensor) -> Gradients:
        *saved, weight = ctx.saved_tensors
        cells = Cells(*saved)
        d_gates = torch.empty_like(cells.from_hidden)
        d_from_hidden = torch.empty_like(cells.from_hidden)
        d_before = torch.zeros_like(cells.hidden[0])
        for step in reversed(range(len(d_states))):
            d_hidden = d_states[step] + d_before
            past = cell_backward(cells, step, d_hidden, d_gates[step], d_from_hidden[step])
            d_before = past.addmm_(d_from_hidden[step], weight)
        d_weight = over_steps(d_from_hidden, cells.hidden[:-1])
        d_bias = d_from_hidden.sum(dim=(0, 1))
        return d_gates, d_before, d_weight, d_bias


class DotScores:
    """s_{i-1} · key_j at every step."""

    def __init__(self, steps: int, keys: Tensor) -> None:
        self.keys = keys                                               # [batch, source, hidden]
        # A gradient per step; the softmax fills it on the way back.
        self.d_scores = keys.new_empty(steps, *keys.shape[:2])
        self.query_weight = keys.new_empty(0, keys.shape[2])           # the query is s_{i-1} itself

    def forward(self, step: int, hidden: Tensor, query: Tensor) -> Tensor:
        """Scores [batch, source]; `query` [batch, ..] is s_{i-1} times `query_weight`."""
        return torch.linalg.vecdot(self.keys, hidden.unsqueeze(1))

    def backward(self, step: int, d_hidden: Tensor, d_query: Tensor) -> None:
        """Add to the gradient of s_{i-1}, fill that of the query."""
        d_hidden += torch.bmm(self.d_scores[step].unsqueeze(1), self.keys).squeeze(1)

    def gradients(self, hidden: Tensor, d_query_weight: Tensor) -> Gradients:
        """Those of keys and weights, after all steps; `hidden` is s_0..s_{m-1}."""
        d_keys = torch.bmm(self.d_scores.permute(1, 2, 0), hidden.transpose(0, 1))
        return d_keys, None, None


class AdditiveScores:
    """v · tanh(x_j) with x_j = W h_j + b + U s_{i-1}, written as 2v · sigmoid(2 x_j).

    That has the same softmax. The factor 2v is in all gradients: they are multiplied at the end.
    """

    def __init__(self, steps: int, keys: Tensor, query_weight: Tensor,
                 energy_weight: Tensor) -> None:
        self.double_keys = 2 * keys                                    # [batch, source, key]
        self.query_weight = 2 * query_weight                           # [key, hidden]
        self.double_energy = 2 * energy_weight.squeeze(0)              # [key]
        self.sigmoids = keys.new_empty(steps, *keys.shape)
        self.d_scores = keys.new_empty(steps, *keys.shape[:2])
        self.slopes = torch.empty_like(keys)                           # sigmoid' of one step
        self.d_keys = torch.zeros_like(keys)                           # summed over the steps

    def forward(self, step: int, hidden: Tensor, query: Tensor) -> Tensor:
        """As in DotScores."""
        sigmoids = self.sigmoids[step]
        torch.add(self.double_keys, query.unsqueeze(1), out=sigmoids).sigmoid_()
        return sigmoids @ self.double_energy

    def backward(self, step: int, d_hidden: Tensor, d_query: Tensor) -> None:
        """As in DotScores."""
        sigmoids = self.sigmoids[step]
        d_scores = self.d_scores[step]
        # sigmoid' = sigmoid - sigmoid²
        slopes = torch.addcmul(sigmoids, sigmoids, sigmoids, value=-1, out=self.slopes)
        self.d_keys.addcmul_(slopes, d_scores.unsqueeze(2))
        slopes_of_query = torch.bmm(d_scores.unsqueeze(1), slopes).squeeze(1)
        torch.mul(slopes_of_query, self.double_energy, out=d_query)

    def gradients(self, hidden: Tensor, d_query_weight: Tensor) -> Gradients:
        """As in DotScores."""
        d_keys = 2 * self.double_energy * self.d_keys
        d_energy_weight = 2 * self.d_scores.view(1, -1) @ self.sigmoids.flatten(0, 2)
        return d_keys, 2 * d_query_weight, d_energy_weight


class Mixtures:
    """Softmax of the scores, and with it the weighted sum of the encoder states, at every step."""

    def __init__(self, steps: int, states: Tensor, mask: Tensor) -> None:
        self.states = states                                           # [batch, source, state]
        self.closed = states.new_zeros(mask.shape).masked_fill(~mask, -torch.inf)
        self.weights = states.new_empty(steps, *mask.shape)            # [steps, batch, source]
        self.contexts = states.new_empty(steps, len(states), states.shape[2])
        self.d_contexts = torch.empty_like(self.contexts)

    def forward(self, step: int, scores: Tensor) -> Tensor:
        """`scores` [batch, source] → the context [batch, state]."""
        weights = self.weights[step]
        context = self.contexts[step]
        torch.softmax(scores + self.closed, dim=1, out=weights)
        torch.bmm(weights.unsqueeze(1), self.states, out=context.unsqueeze(1))
        return context

    def backward(self, step: int, d_scores: Tensor) -> None:
        """Fill the gradient of the scores; that of the context is in `d_contexts`."""
        d_context = self.d_contexts[step]
        d_weights = torch.linalg.vecdot(self.states, d_context.unsqueeze(1))
        torch.ops.aten._softmax_backward_data.out(
            d_weights, self.weights[step], 1, d_weights.dtype, grad_input=d_scores)

    def gradient(self) -> Tensor:
        """That of the states, after all steps."""
        return torch.bmm(self.weights.permute(1, 2, 0), self.d_contexts.transpose(0, 1))


class AttentionLoop(Function):
    """The decoder with attention, over all steps."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, start: Tensor, states: Tensor, keys: Tensor,
                mask: Tensor, query_weight: Tensor | None, energy_weight: Tensor | None,
                context_weight: Tensor, hidden_weight: Tensor, hidden_bias: Tensor) -> Tensor:
        """`gates` [steps, batch, 3 hidden], `start` [batch, hidden] → [steps, batch, hidden].

        `states`, `keys` and `mask` are those of a Memory. Without the weights of a query the scores
        are dot products.
        """
        scores = new_scores(len(gates), keys, query_weight, energy_weight)
        mixtures = Mixtures(len(gates), states, mask)
        # Gates and query are one product: both come from s_{i-1}.
        weight = torch.cat([hidden_weight, scores.query_weight])
        bias = torch.cat([hidden_bias, hidden_bias.new_zeros(len(scores.query_weight))])
        cells = empty_cells(len(gates), start, width=len(weight))
        for step in range(len(gates)):
            hidden = cells.hidden[step]
            from_hidden = cells.from_hidden[step]
            torch.addmm(bias, hidden, weight.t(), out=from_hidden)
            query = from_hidden[:, len(hidden_weight):]
            context = mixtures.forward(step, scores.forward(step, hidden, query))
            cell_forward(cells, step, torch.addmm(gates[step], context, context_weight.t()))
        ctx.scores = scores
        ctx.mixtures = mixtures
        ctx.save_for_backward(*cells, weight, context_weight)
        return cells.hidden[1:]

    @staticmethod
    def backward(ctx: Any, d_hidden: Tensor) -> Gradients:
        scores = ctx.scores
        mixtures = ctx.mixtures
        *saved, weight, context_weight = ctx.saved_tensors
        cells = Cells(*saved)
        gates_size = len(context_weight)
        d_gates = d_hidden.new_empty(*d_hidden.shape[:2], gates_size)
        d_from_hidden = torch.empty_like(cells.from_hidden)
        d_before = torch.zeros_like(cells.hidden[0])
        for step in reversed(range(len(d_hidden))):
            d_past = cell_backward(cells, step, d_hidden[step] + d_before, d_gates[step],
                                   d_from_hidden[step])
            torch.mm(d_gates[step], context_weight, out=mixtures.d_contexts[step])
            mixtures.backward(step, scores.d_scores[step])
            scores.backward(step, d_past, d_from_hidden[step][:, gates_size:])
            d_before = d_past.addmm_(d_from_hidden[step], weight)

        d_weight = over_steps(d_from_hidden, cells.hidden[:-1])
        d_hidden_bias = d_from_hidden[:, :, :gates_size].sum(dim=(0, 1))
        d_keys, *d_score_weights = scores.gradients(cells.hidden[:-1], d_weight[gates_size:])
        return (d_gates, d_before, mixtures.gradient(), d_keys, None, *d_score_weights,
                over_steps(d_gates, mixtures.contexts), d_weight[:gates_size], d_hidden_bias)


def new_scores(steps: int, keys: Tensor, query_weight: Tensor | None,
               energy_weight: Tensor | None) -> DotScores | AdditiveScores:
    """The scores of a loop: with the weights of a query they are additive."""
    if query_weight is None or energy_weight is None:
        return DotScores(steps, keys)
    return AdditiveScores(steps, keys, query_weight, energy_weight)


def over_steps(d_output: Tensor, inputs: Tensor) -> Tensor:
    """The gradient of a weight matrix: one product over all steps and rows of the batch."""
    with course.onednn_products():
        return d_output.flatten(0, 1).t() @ inputs.flatten(0, 1)


class OutputLoss(Function):
    """Output layer, softmax and loss together.

    The loss is a single number, so its gradient is known on the way there, but for one factor.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, bias: Tensor, gold: Tensor,
                label_smoothing: float) -> tuple[Tensor, Tensor]:
        """`states` [words, hidden], `gold` [words] → the smoothed loss, and the plain one."""
        words = len(states)
        vocabulary = len(weight)
        d_states = torch.empty_like(states)
        d_weight = torch.zeros_like(weight)
        d_bias = torch.zeros_like(bias)
        plain_loss = states.new_zeros(())
        uniform_loss = states.new_zeros(())
        with course.onednn_products():
            for start in range(0, words, ROWS):
                rows = slice(start, start + ROWS)
                right = gold[rows].unsqueeze(1)                        # [rows, 1]
                logits = torch.addmm(bias, states[rows], weight.t())   # [rows, vocabulary]
                log_probabilities = logits.log_softmax(dim=1)
                plain_loss -= log_probabilities.gather(1, right).sum()
                uniform_loss -= log_probabilities.sum()
                # The gradient: probabilities minus what is expected of them.
                d_logits = log_probabilities.exp_().sub_(label_smoothing / vocabulary)
                expected = d_logits.new_full(right.shape, 1 - label_smoothing)
                d_logits.scatter_add_(1, right, -expected)
                torch.mm(d_logits, weight, out=d_states[rows])
                d_weight.addmm_(d_logits.t(), states[rows])
                d_bias += d_logits.sum(dim=0)
        plain_loss /= words
        uniform_loss /= words * vocabulary
        ctx.save_for_backward(d_states / words, d_weight / words, d_bias / words)
        ctx.mark_non_differentiable(plain_loss)
        return torch.lerp(plain_loss, uniform_loss, label_smoothing), plain_loss

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor, _: Tensor) -> Gradients:
        d_states, d_weight, d_bias = ctx.saved_tensors
        return d_loss * d_states, d_loss * d_weight, d_loss * d_bias, None, None
