"""A class that a notebook builds equals the one of helpers/: same weights, same numbers."""
import nbformat
import pytest
import torch
from torch.nn import functional as F

from conftest import gru_cell, small
from helpers import course, evaluation, experiments, text, training
from helpers.attention import Focus


def built_in(number):
    """Run the cells tagged "class" of a notebook, and give what they define."""
    (path,) = (course.ROOT / "notebooks").glob(f"{number}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    cells = [cell.source for cell in cells if "class" in cell.metadata.get("tags", [])]
    assert cells, f"{path.name} builds no class"
    names = {"torch": torch, "nn": torch.nn}
    exec("\n".join(cells), names)
    return names


@pytest.fixture
def batch(toy):
    vocabs = text.vocabularies(toy.train)
    return next(text.batches(text.examples([toy.train[k] for k in (0, 1, 5, 6, 20)], vocabs), 5))


def test_the_vanilla_model_of_notebook_02(toy, batch):
    theirs = training.build(toy, small(rule="fixed")).eval()
    mine = built_in("02")["Seq2Seq"](len(theirs.vocabs.source), len(theirs.vocabs.target), 16, 24)
    mine.load_state_dict(theirs.state_dict())
    logits, gold = theirs(batch)
    real = batch.target[:, 1:] != text.PAD_ID
    assert not real.all() and mine(batch)[real].allclose(logits, atol=1e-6)
    assert batch.target[:, 1:][real].equal(gold)
    states, last = mine.encoder(batch.source, batch.lengths)
    memory = theirs.encode(batch.source, batch.lengths)
    assert states.equal(memory.states) and last.equal(memory.last)


def test_additive_attention_of_notebook_04(toy, batch):
    model = training.build(toy, small(rule="additive")).eval()
    memory = model.encode(batch.source, batch.lengths)
    mine = built_in("04")["AdditiveAttention"](24, 24)
    mine.load_state_dict(model.decoder.context_rule.state_dict())
    hidden = torch.randn(5, 24)
    mine_focus = Focus(*mine(hidden, memory._replace(keys=mine.key(memory.states))))
    for ours, theirs in zip(mine_focus, model.decoder.context_rule(hidden, memory), strict=True):
        assert ours.equal(theirs) or ours.allclose(theirs, atol=1e-6)


def test_concat_attention_of_notebook_07_is_additive_attention(toy, batch):
    model = training.build(toy, small(rule="additive")).eval()
    memory = model.encode(batch.source, batch.lengths)
    additive = model.decoder.context_rule
    mine = built_in("07")["ConcatAttention"](24, 24)
    with torch.no_grad():
        query_and_key = [additive.query.weight, additive.key.weight]
        mine.joint.weight.copy_(torch.cat(query_and_key, dim=1))
        mine.joint.bias.copy_(additive.key.bias)
        mine.energy.weight.copy_(additive.energy.weight)
    hidden = torch.randn(5, 24)
    for ours, theirs in zip(mine(hidden, memory), additive(hidden, memory), strict=True):
        assert ours.allclose(theirs, atol=1e-6)


def luong_beside_ours(toy, **switches):
    """A model with the decoder of Luong et al., and ours: all that both have is the same."""
    ours = training.build(toy, small(rule="dot")).eval()
    theirs = training.build(toy, small(rule="dot")).eval()
    decoder = built_in("07")["LuongDecoder"](len(ours.vocabs.target), 16, 24, 24, "dot", **switches)
    decoder.load_state_dict(ours.decoder.state_dict(), strict=False)  # it has one matrix more
    theirs.decoder = decoder.eval()
    return theirs, ours


def test_luongs_decoder_without_input_feeding_is_ours_without_a_context(toy, batch):
    """The context then never reaches the cell; the weights are those of our rule for s_i."""
    theirs, ours = luong_beside_ours(toy, input_feeding=False)
    ours.decoder.context_gates.weight.data.zero_()
    memory = ours.encode(batch.source, batch.lengths)
    given = batch.target[:, :-1]
    carried, foci = theirs.decoder(given, memory)
    states, _ = ours.decoder(given, memory)
    assert carried[..., :24].allclose(states, atol=1e-6)
    for step, focus in enumerate(foci):
        asked = ours.decoder.context_rule(states[:, step], memory)
        assert focus.weights.allclose(asked.weights, atol=1e-6)


def test_luongs_decoder_is_the_paper_written_with_torchs_own_cell(toy, batch):
    """h_t from y_{t-1} and h̃_{t-1}; a_t by the dot product; h̃_t = tanh(W_c [c_t; h_t])."""
    model, _ = luong_beside_ours(toy)
    memory = model.encode(batch.source, batch.lengths)
    given = batch.target[:, :-1]
    carried, foci = model.decoder(given, memory)
    cell = gru_cell(model.decoder, 16, 24)
    hidden, attentional = memory.last, torch.zeros(5, 24)
    for step, words in enumerate(given.unbind(1)):
        cell_input = torch.cat([model.decoder.embedding(words), attentional], dim=1)
        hidden = cell(cell_input, hidden)
        scores = torch.einsum("bd,bsd->bs", hidden, memory.states)
        weights = scores.masked_fill(~memory.mask, -torch.inf).softmax(dim=1)
        context = torch.einsum("bs,bsd->bd", weights, memory.states)
        both = torch.cat([context, hidden], dim=1)
        attentional = torch.tanh(both @ model.decoder.combine.weight.T)
        assert carried[:, step].allclose(torch.cat([hidden, attentional], dim=1), atol=1e-5)
        assert foci[step].weights.allclose(weights, atol=1e-5)


def test_the_word_of_luongs_decoder_comes_from_the_attentional_vector(toy):
    model, _ = luong_beside_ours(toy)
    carried = torch.randn(5, 2 * 24)
    output = model.decoder.output
    by_hand = carried[:, 24:] @ output.weight.T + output.bias
    assert output(carried).allclose(by_hand, atol=1e-6)


def test_luongs_decoder_learns_and_translates_like_any_other(toy):
    model, _ = luong_beside_ours(toy)
    history = training.fit(model, toy, small(rule="dot"))
    assert history["valid_loss"].min() < 0.5 * history["valid_loss"].iloc[0]
    traces = experiments.translate_pairs(model, toy.test)
    assert evaluation.bleu(traces, toy.test) > 80
    for trace in traces:
        assert trace.weights.sum(dim=1).allclose(torch.ones(len(trace.target)), atol=1e-6)


@pytest.mark.parametrize("words", [1, 2, 7])
def test_causal_self_attention_of_notebook_07_puts_no_weight_on_the_future(words):
    attend = built_in("07")["causal_self_attention"]
    vectors = torch.randn(words, 8)
    mixtures, weights = attend(vectors)
    assert weights.triu(1).eq(0).all() and weights.tril().gt(0).sum() == words * (words + 1) // 2
    assert weights.sum(dim=1).allclose(torch.ones(words), atol=1e-6)
    theirs = F.scaled_dot_product_attention(vectors, vectors, vectors, is_causal=True)
    assert mixtures.allclose(theirs, atol=1e-6)
    for place in range(words):
        other = vectors.clone()
        other[place] = torch.randn(8)
        changed, _ = attend(other)
        assert changed[:place].equal(mixtures[:place])
        assert not changed[place].allclose(mixtures[place])
