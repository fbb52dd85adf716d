"""The fast way through a training step gives the loss and the gradients of model.py."""
import math

import pytest
import torch

from conftest import small
from helpers import attention, fast, text, training
from helpers.attention import RULES, AdditiveAttention

NEEDS_ONE_SIZE = {"dot", "scaled_dot"}  # of h_j and s_i: no bidirectional encoder


def model_and_batch(toy, **changes):
    """In double precision, so that rounding hides nothing; sentences of three lengths."""
    model = training.build(toy, small(**changes)).double().train()
    pairs = [toy.train[0], toy.train[1], *toy.train[2:9]]
    batch = next(text.batches(text.examples(pairs, model.vocabs), len(pairs)))
    assert len(set(batch.lengths.tolist())) > 1, "no padding: this batch proves too little"
    return model, batch


def losses_and_gradients(model, way):
    """What one of the two ways gives. The seed is for dropout: both must drop the same numbers."""
    torch.manual_seed(0)
    model.zero_grad()
    loss, plain_loss = way()
    loss.backward()
    gradients = {name: weights.grad.clone() for name, weights in model.named_parameters()}
    return [loss.item(), plain_loss.item()], gradients


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("changes", [
    {}, {"bidirectional": True}, {"dropout": 0.3}, {"bidirectional": True, "dropout": 0.3}])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_losses_and_gradients_are_those_of_the_model(toy, rule, changes, smoothing):
    if changes.get("bidirectional") and rule in NEEDS_ONE_SIZE:
        pytest.skip("this rule needs states of one size")
    model, batch = model_and_batch(toy, rule=rule, **changes)
    plainly, gradients = losses_and_gradients(
        model, lambda: training.smoothed_loss(*model(batch), smoothing))
    quickly, same_gradients = losses_and_gradients(
        model, lambda: fast.smoothed_loss(model, batch, smoothing))
    assert quickly == pytest.approx(plainly, rel=1e-12)
    for name, gradient in gradients.items():
        torch.testing.assert_close(same_gradients[name], gradient, rtol=1e-9, atol=1e-12,
                                   msg=f"the gradient of {name} differs")


def test_the_logits_may_be_computed_in_any_number_of_pieces(toy, monkeypatch):
    model, batch = model_and_batch(toy)
    at_once, gradients = losses_and_gradients(
        model, lambda: fast.smoothed_loss(model, batch, 0.1))
    monkeypatch.setattr(fast, "ROWS", 7)
    in_pieces, same_gradients = losses_and_gradients(
        model, lambda: fast.smoothed_loss(model, batch, 0.1))
    assert in_pieces == pytest.approx(at_once, rel=1e-12)
    assert all(same_gradients[name].allclose(gradients[name]) for name in gradients)


def test_the_gradient_follows_the_loss(toy):
    """Twice the loss has twice the gradient: a factor behind the last function gets through."""
    model, batch = model_and_batch(toy)
    _, gradients = losses_and_gradients(model, lambda: fast.smoothed_loss(model, batch, 0.1))

    def doubled():
        loss, plain_loss = fast.smoothed_loss(model, batch, 0.1)
        return 2 * loss, plain_loss

    _, twice = losses_and_gradients(model, doubled)
    assert all(twice[name].allclose(2 * gradients[name]) for name in gradients)


def test_encoder_states_are_those_of_the_model(toy):
    model, batch = model_and_batch(toy, bidirectional=True)
    plainly = model.encode(batch.source, batch.lengths)
    quickly = fast.encode(model, batch)
    for name in ("states", "last", "keys"):
        torch.testing.assert_close(getattr(quickly, name), getattr(plainly, name), msg=name)
    assert quickly.mask.equal(plainly.mask)


@pytest.mark.parametrize("rule", RULES)
def test_training_takes_the_fast_way(toy, rule, monkeypatch):
    calls = []
    real = fast.smoothed_loss

    def counted(*arguments):
        calls.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(fast, "smoothed_loss", counted)
    settings = small(rule=rule, epochs=1)
    training.fit(training.build(toy, settings), toy, settings)
    assert len(calls) == math.ceil(len(toy.train) / settings.batch_size)


def test_a_rule_of_ones_own_is_trained_by_its_own_code(toy, monkeypatch):
    class Sharper(AdditiveAttention):
        """A child inherits the class, not the derivative."""

        def scores(self, hidden, memory):
            return 2 * super().scores(hidden, memory)

    monkeypatch.setitem(attention.RULES, "sharper", Sharper)
    model, batch = model_and_batch(toy, rule="sharper")
    assert not fast.is_known(model)
    loss, plain_loss, words = training.batch_loss(model, batch, 0.1)
    expected = training.smoothed_loss(*model(batch), 0.1)
    assert [loss, plain_loss] == list(expected)
    assert words == len(model(batch)[1])


def test_both_ways_train_the_same_model(toy, monkeypatch):
    settings = small(epochs=2)
    quickly = training.fit(training.build(toy, settings), toy, settings)
    monkeypatch.setattr(fast, "is_known", lambda model: False)
    plainly = training.fit(training.build(toy, settings), toy, settings)
    for column in ("train_loss", "valid_loss"):
        assert quickly[column].tolist() == pytest.approx(plainly[column].tolist(), rel=1e-4)
