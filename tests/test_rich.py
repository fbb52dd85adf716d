"""The richer network: the parts that it adds are there, and search sees no difference."""
import pytest
import torch
from torch import nn

from conftest import small
from helpers import beam, evaluation, text, training, translation
from helpers.model import count_parameters
from helpers.recipes import RECIPES, RichRun

pytestmark = pytest.mark.slow

SETTINGS = small(epochs=16, bidirectional=True)


@pytest.fixture(scope="module")
def rich(toy):
    model = RECIPES["rich"].build(toy, SETTINGS)
    training.fit(model, toy, SETTINGS, make_run=RichRun)
    return model


def test_it_learns(toy, rich):
    traces = translation.translate(rich, [pair.source for pair in toy.test])
    assert evaluation.bleu(traces, toy.test) > 90


def test_the_quick_way_to_the_loss_gives_the_same_numbers_and_gradients(toy):
    """In double precision; both ways drop the same numbers, since the seed is the same."""
    model = RECIPES["rich"].build(toy, SETTINGS._replace(dropout=0.3)).double().train()
    batch = next(text.batches(text.examples(toy.train[:9], model.vocabs), 9))
    found = []
    for way in (training.batch_loss, RichRun.loss_of):
        torch.manual_seed(0)
        model.zero_grad()
        loss, plain_loss, words = way(model, batch, 0.1)
        loss.backward()
        gradients = [weights.grad.clone() for weights in model.parameters()]
        found.append((loss, plain_loss, words, gradients))
    (loss, plain_loss, words, gradients), (same, same_plain, as_many, same_gradients) = found
    assert words == as_many
    torch.testing.assert_close([same, same_plain], [loss, plain_loss], rtol=1e-12, atol=0)
    torch.testing.assert_close(same_gradients, gradients, rtol=1e-9, atol=1e-12)


def test_a_beam_of_one_is_greedy_search_here_too(toy, rich):
    sources = [pair.source for pair in toy.test]
    greedy = translation.translate(rich, sources)
    for trace, other in zip(beam.translate(rich, sources, 1), greedy, strict=True):
        assert trace.target == other.target
        assert trace.weights.allclose(other.weights, atol=1e-5)


def test_a_batch_gives_what_its_sentences_give(toy, rich):
    rich.eval()
    pairs = [toy.train[0], toy.train[20], toy.train[3]]
    examples = text.examples(pairs, rich.vocabs)
    together = training.loss_per_word(rich, examples, 8)
    alone = training.loss_per_word(rich, examples, 1)
    assert together == pytest.approx(alone, rel=1e-5)


@torch.no_grad()
def test_a_step_is_two_cells_and_a_readout(toy, rich):
    """By hand, from the trace of a sentence: s'_i asks, c_i enters the second cell."""
    (trace,) = translation.translate(rich, [["the", "red", "car"]])
    decoder = rich.decoder
    size = decoder.hidden_size
    before = text.numbers([text.START, *trace.target[:-1]], rich.vocabs.target)
    for step, number in enumerate(before):
        word = decoder.embedding(torch.tensor([number]))
        asking = decoder.asking_cell(word, trace.hidden[step:step + 1, :size])
        scores = torch.tanh(decoder.context_rule.key(trace.states)
                            + decoder.context_rule.query(asking)) @ \
            decoder.context_rule.energy.weight[0]
        assert scores.softmax(dim=0).allclose(trace.weights[step], atol=1e-5)
        context = trace.context[step:step + 1]
        state = decoder.norm(decoder.reading_cell(context, asking))
        assert state.allclose(trace.hidden[step + 1:step + 2, :size], atol=1e-5)
        readout = torch.tanh(decoder.readout(torch.cat([state, context, word], dim=1)))
        logits = readout @ decoder.embedding.weight.T + decoder.output.bias
        assert rich.vocabs.target.itos[int(logits.argmax())] == trace.target[step]


def test_the_output_layer_is_the_embedding(toy, rich):
    decoder = rich.decoder
    assert decoder.output.weight is decoder.embedding.weight
    vocabulary, size = decoder.embedding.weight.shape
    own = sum(weights.numel() for name, weights in rich.named_parameters()
              if "output" in name or name == "decoder.embedding.weight")
    assert own == vocabulary * size + vocabulary
    assert count_parameters(rich) == sum(weights.numel() for weights in set(rich.parameters()))


def test_encoder_states_are_normalised(rich):
    (trace,) = translation.translate(rich, [["the", "red", "car"]])
    norm = rich.encoder.norm
    assert isinstance(norm, nn.LayerNorm)
    plain = (trace.states - norm.bias) / norm.weight
    assert plain.mean(dim=1).abs().max() < 1e-3
    assert plain.var(dim=1, unbiased=False).sub(1).abs().max() < 1e-2
