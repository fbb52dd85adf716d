"""The network keeps its promises: weights, padding, batches, steps, and the first loss."""
import math

import pytest
import torch
from torch import nn

from conftest import gru_cell, small
from helpers import text, training, translation
from helpers.attention import RULES, Memory
from helpers.model import Seq2Seq

every_rule = pytest.mark.parametrize("rule", RULES)
one_way = [(rule, False) for rule in RULES]
# A dot product needs vectors of one size, so it has no two-way encoder.
two_way = [(rule, True) for rule in ("fixed", "mean", "additive", "general")]
every_model = pytest.mark.parametrize("rule, bidirectional", one_way + two_way)


@pytest.fixture
def batch(toy):
    vocabs = text.vocabularies(toy.train)
    return next(text.batches(text.examples([toy.train[k] for k in (0, 1, 5, 6, 20)], vocabs), 5))


def encoded(toy, batch, rule, bidirectional=False):
    model = training.build(toy, small(rule=rule, bidirectional=bidirectional)).eval()
    return model, model.encode(batch.source, batch.lengths)


@every_model
def test_weights_are_a_distribution_over_real_words(toy, batch, rule, bidirectional):
    model, memory = encoded(toy, batch, rule, bidirectional)
    assert not memory.mask.all(), "the batch must hold padding, or this test shows nothing"
    _, foci = model.decoder(batch.target[:, :-1], memory)
    for focus in foci:
        assert focus.weights.sum(dim=1).allclose(torch.ones(5), atol=1e-6)
        assert focus.weights.ge(0).all()
        assert focus.weights[~memory.mask].eq(0).all()
        if rule != "fixed" or not bidirectional:
            expected = torch.einsum("bs,bsd->bd", focus.weights, memory.states)
            assert focus.context.allclose(expected, atol=1e-6)


def test_the_mask_is_where_words_stand(toy, batch):
    _, memory = encoded(toy, batch, "additive")
    assert memory.mask.equal(batch.source != text.PAD_ID)
    assert memory.mask.sum(dim=1).equal(batch.lengths)


@every_model
def test_padding_cannot_be_seen(toy, batch, rule, bidirectional):
    """Whatever stands in the padding, ids or states, nothing that the model says depends on it."""
    model, memory = encoded(toy, batch, rule, bidirectional)
    states, _ = model.decoder(batch.target[:, :-1], memory)
    other_ids = batch.source.masked_fill(~memory.mask, 7)
    again, _ = model.decoder(batch.target[:, :-1], model.encode(other_ids, batch.lengths))
    assert states.equal(again)
    noise = memory.states.masked_fill(~memory.mask.unsqueeze(2), 100.0)
    noisy = memory._replace(states=noise, keys=model.decoder.context_rule.keys(noise))
    assert states.allclose(model.decoder(batch.target[:, :-1], noisy)[0], atol=1e-6)


@every_model
def test_a_batch_gives_what_its_sentences_give_alone(toy, rule, bidirectional):
    model = training.build(toy, small(rule=rule, bidirectional=bidirectional))
    sentences = [toy.train[k].source for k in (30, 0, 6, 1, 12)]
    for together, words in zip(translation.translate(model, sentences), sentences, strict=True):
        alone = translation.translate(model, [words])[0]
        assert together.source == alone.source == words
        assert together.target == alone.target
        for name in ("scores", "weights", "context", "states", "hidden"):
            assert getattr(together, name).allclose(getattr(alone, name), atol=1e-5), name


@every_model
def test_step_by_step_equals_all_at_once(toy, batch, rule, bidirectional):
    model, memory = encoded(toy, batch, rule, bidirectional)
    all_at_once, _ = model.decoder(batch.target[:, :-1], memory)
    hidden = model.decoder.start(memory)
    for i, words in enumerate(batch.target[:, :-1].unbind(1)):
        hidden, _ = model.decoder.step(model.decoder.read(words), hidden, memory)
        assert hidden.allclose(all_at_once[:, i], atol=1e-6)


def test_the_cell_is_torchs_gru_cell(toy, batch):
    model, memory = encoded(toy, batch, "additive")
    decoder, hidden = model.decoder, torch.randn(5, 24)
    cell = gru_cell(decoder, 16, 24)
    words = batch.target[:, 0]
    new, focus = decoder.step(decoder.read(words), hidden, memory)
    cell_input = torch.cat([decoder.embedding(words), focus.context], dim=1)
    assert new.allclose(cell(cell_input, hidden), atol=1e-6)


def test_every_rule_starts_from_the_same_model(toy):
    """Equal seeds give every rule the same encoder, cell and output layer."""
    fixed, *others = (training.build(toy, small(rule=rule)).state_dict() for rule in RULES)
    for other in others:
        shared = [name for name in other if not name.startswith("decoder.context_rule.")]
        assert set(shared) == set(fixed)
        assert all(other[name].equal(fixed[name]) for name in shared)


def test_fixed_context_is_the_last_state_and_mean_the_average(toy, batch):
    model, memory = encoded(toy, batch, "fixed")
    focus = model.decoder.context_rule(torch.zeros(5, 24), memory)
    assert focus.weights.argmax(dim=1).equal(batch.lengths - 1)
    assert focus.context.equal(memory.last)
    for row, length in enumerate(batch.lengths):
        assert memory.states[row, length - 1].equal(memory.last[row])
    average = RULES["mean"](24, 24)(torch.zeros(5, 24), memory).context
    for row, length in enumerate(batch.lengths):
        assert average[row].allclose(memory.states[row, :length].mean(dim=0), atol=1e-6)


def test_additive_scores_by_hand():
    """v · tanh(W h_j + U s + b), with numbers small enough to follow."""
    rule = RULES["additive"](2, 1)
    with torch.no_grad():
        rule.key.weight.copy_(torch.tensor([[1.0, 2.0]]))
        rule.key.bias.fill_(0.5)
        rule.query.weight.fill_(3.0)
        rule.energy.weight.fill_(2.0)
    states = torch.tensor([[[0.1, 0.2], [0.0, -1.0]]])
    memory = Memory(states, torch.ones(1, 2, dtype=torch.bool), states[:, -1], rule.keys(states))
    focus = rule(torch.tensor([[0.1]]), memory)
    first, second = 2 * math.tanh(0.1 + 0.4 + 0.3 + 0.5), 2 * math.tanh(-2.0 + 0.3 + 0.5)
    assert focus.scores[0].tolist() == pytest.approx([first, second])
    weight = math.exp(first) / (math.exp(first) + math.exp(second))
    assert focus.weights[0, 0].item() == pytest.approx(weight)


@every_rule
def test_the_first_loss_is_that_of_a_blind_guess(toy, rule):
    model = training.build(toy, small(rule=rule))
    blind = math.log(len(model.vocabs.target))
    loss = training.loss_per_word(model, text.examples(toy.test, model.vocabs))
    assert loss == pytest.approx(blind, rel=0.1)


def test_an_unknown_rule_is_named():
    with pytest.raises(ValueError, match="'attentive'.*fixed, mean, additive"):
        Seq2Seq(None, rule="attentive")


@pytest.mark.parametrize("rule", ["dot", "scaled_dot"])
def test_a_dot_product_needs_vectors_of_one_size(rule):
    with pytest.raises(ValueError, match="size 48.*size 24.*unidirectional"):
        RULES[rule](48, 24)


def test_scaled_dot_is_torchs_attention(toy, batch):
    model, memory = encoded(toy, batch, "scaled_dot")
    hidden = torch.randn(5, 24)
    theirs = nn.functional.scaled_dot_product_attention(
        hidden.unsqueeze(1), memory.states, memory.states, memory.mask.unsqueeze(1))
    ours = model.decoder.context_rule(hidden, memory).context
    assert ours.allclose(theirs.squeeze(1), atol=1e-6)


def test_general_with_the_identity_is_dot(toy, batch):
    _, memory = encoded(toy, batch, "dot")
    general, hidden = RULES["general"](24, 24), torch.randn(5, 24)
    with torch.no_grad():
        general.key.weight.copy_(torch.eye(24))
    ours = general(hidden, memory._replace(keys=general.keys(memory.states)))
    for mine, theirs in zip(ours, RULES["dot"](24, 24)(hidden, memory), strict=True):
        assert mine.allclose(theirs, atol=1e-6)
