"""The numbers are right: each rule beside other arithmetic, and scores beside a hand count."""
import math

import pandas as pd
import pytest
import torch
from sacrebleu.metrics import BLEU

from helpers import evaluation
from helpers.attention import RULES, Memory
from helpers.text import Pair
from helpers.translation import Trace

SIZE = 4
WORDS = (3, 1)  # real words in each of the two sentences


def case(rule, dtype=torch.float64, scale=1.0):
    """A rule with random weights, a query, and states of two sentences, the second one padded."""
    torch.manual_seed(5)
    module = RULES[rule](SIZE, SIZE).to(dtype)
    states = scale * torch.randn(2, max(WORDS), SIZE, dtype=dtype)
    hidden = scale * torch.randn(2, SIZE, dtype=dtype)
    mask = torch.arange(max(WORDS)) < torch.tensor(WORDS).unsqueeze(1)
    last = torch.stack([states[row, words - 1] for row, words in enumerate(WORDS)])
    return module, hidden, Memory(states, mask, last, module.keys(states))


def score(rule, module, query, state, is_last):
    """One e_ij with Python's own float64 numbers, from the formula."""
    def product(matrix):
        return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]

    if rule == "fixed":
        return 0.0 if is_last else -math.inf
    if rule == "mean":
        return 0.0
    if rule in ("dot", "scaled_dot"):
        scale = math.sqrt(len(query)) if rule == "scaled_dot" else 1.0
        return sum(a * b for a, b in zip(query, state, strict=True)) / scale
    vector = state
    keys = product(module.key.weight.tolist())
    if rule == "general":
        return sum(a * b for a, b in zip(query, keys, strict=True))
    assert rule == "additive", f"write the formula of {rule} here"
    vector = query
    queries = product(module.query.weight.tolist())
    (energy,) = module.energy.weight.tolist()
    parts = zip(energy, keys, queries, module.key.bias.tolist(), strict=True)
    return sum(v * math.tanh(key + asked + bias) for v, key, asked, bias in parts)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 1e-6)])
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_its_formula(rule, dtype, tolerance):
    module, hidden, memory = case(rule, dtype)
    focus = module(hidden, memory)
    for row, words in enumerate(WORDS):
        query = hidden[row].tolist()
        states = memory.states[row].tolist()[:words]
        scores = [score(rule, module, query, state, place == words - 1)
                  for place, state in enumerate(states)]
        total = sum(math.exp(one) for one in scores)
        weights = [math.exp(one) / total for one in scores]
        context = [sum(weight * state[part] for weight, state in zip(weights, states, strict=True))
                   for part in range(SIZE)]
        padded = weights + [0.0] * (max(WORDS) - words)
        assert focus.weights[row].tolist() == pytest.approx(padded, abs=tolerance)
        assert focus.context[row].tolist() == pytest.approx(context, abs=10 * tolerance)


@pytest.mark.parametrize("rule", RULES)
def test_the_gradient_of_a_rule_is_that_of_its_differences(rule):
    module, hidden, memory = case(rule)

    def context(hidden, states):
        last = torch.stack([states[row, words - 1] for row, words in enumerate(WORDS)])
        return module(hidden, Memory(states, memory.mask, last, module.keys(states))).context

    inputs = (hidden.requires_grad_(), memory.states.requires_grad_())
    assert torch.autograd.gradcheck(context, inputs)


@pytest.mark.parametrize("scores", [[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4 - 1]])
def test_huge_scores_give_weights(scores):
    module, hidden, memory = case("dot", torch.float32)
    module.scores = lambda hidden, memory: torch.tensor([scores, scores])
    focus = module(hidden, memory)
    for row, words in enumerate(WORDS):
        highest = max(scores[:words])
        powers = [math.exp(one - highest) for one in scores[:words]]
        expected = [power / sum(powers) for power in powers] + [0.0] * (max(WORDS) - words)
        assert focus.weights[row].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_one_real_word_gets_all_the_weight(rule):
    module, hidden, memory = case(rule, scale=1e3)
    focus = module(hidden, memory)
    assert focus.weights[1].tolist() == [1.0, 0.0, 0.0]
    assert focus.context[1].equal(memory.states[1, 0])


@pytest.mark.parametrize("dtype, step", [(torch.float16, 2 ** -10), (torch.bfloat16, 2 ** -7)])
@pytest.mark.parametrize("rule", RULES)
def test_half_the_bits_give_nearly_the_same(rule, dtype, step):
    exact = case(rule)
    short = case(rule)
    module, hidden, memory = short[0].to(dtype), short[1].to(dtype), short[2]
    states = memory.states.to(dtype)
    memory = Memory(states, memory.mask, memory.last.to(dtype), module.keys(states))
    weights = module(hidden, memory).weights
    assert weights.dtype == dtype
    assert weights[1].tolist() == [1, 0, 0]
    assert (weights.double() - exact[0](*exact[1:]).weights).abs().max() < 16 * step


# The first three go through sacrebleu's default tokeniser; what they must give was counted by hand.
@pytest.mark.parametrize("said, wanted, expected", [
    (["this is a test"], ["this is a test"], 100.0),
    (["a b c d e f"], ["a b c d e f"], 100.0),
    (["x y z w"], ["a b c d"], 0.0),
    # By hand: 1-grams 4/5, 2-grams 3/4, 3-grams 2/3, 4-grams 1/2, equal lengths.
    (["a b c d x"], ["a b c d e"], 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25),
    # All n-grams right, four words for five: the brevity penalty alone.
    (["a b c d"], ["a b c d e"], 100 * math.exp(1 - 5 / 4)),
])
def test_bleu_is_the_hand_count(said, wanted, expected):
    got = evaluation.bleu_of_texts(said, wanted)
    assert got == pytest.approx(expected, abs=1e-6)
    assert got == BLEU(tokenize="none", force=True).corpus_score(said, [wanted]).score


def trace_looking_at(places, sources):
    """A trace whose step i looks at places[i] most."""
    words = [f"w{step}" for step in range(len(places))]
    weights = torch.full((len(places) + 1, sources), 0.1)
    for step, place in enumerate(places):
        weights[step, place] = 0.9
    nothing = torch.zeros(0)
    return Trace([f"s{place}" for place in range(sources)], [*words, "<eos>"], weights, weights,
                 nothing, nothing, nothing, [], "additive")


def test_alignment_error_is_the_hand_count():
    """Och and Ney: AER = 1 - (|A∩S| + |A∩P|) / (|A| + |S|), here with S = P."""
    traces = [trace_looking_at([0, 2, 2], 3), trace_looking_at([1], 2)]
    gold = [[(0, 0), (1, 1), (2, 2), (1, 2)], [(1, 0)]]
    pairs = [Pair(trace.source, trace.words, links, None)
             for trace, links in zip(traces, gold, strict=True)]
    # A has 4 links, S has 5, and 3 of A are in S: (0,0), (2,2), and (1,0) of the second sentence.
    table = evaluation.links(traces, pairs)
    assert isinstance(table, pd.DataFrame) and table["hit"].tolist() == [True, False, True, True]
    assert evaluation.alignment_error(table).value == pytest.approx(1 - 2 * 3 / (4 + 5))
