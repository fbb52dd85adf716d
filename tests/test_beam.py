"""Beam search finds what it should: greedy's answer with one place, the best one with enough."""
import itertools
import math

import pytest
import torch

from conftest import small
from helpers import beam, text, training, translation
from helpers.corpus import Corpus
from helpers.text import Pair


@pytest.fixture(scope="module")
def unsure(toy):
    """A model that has learnt little: its first choice is often not its best one."""
    settings = small(epochs=2)
    model = training.build(toy, settings)
    training.fit(model, toy, settings)
    return model


@pytest.fixture(scope="module")
def tiny():
    """A model of two target words, untrained but loud: its probabilities differ."""
    pairs = [Pair(["a", "b"], ["x", "y"]), Pair(["b"], ["y"])]
    model = training.build(Corpus("tiny", pairs, pairs, pairs, []), small())
    with torch.no_grad():
        model.decoder.output.weight *= 8
    return model


def sources(corpus):
    return [pair.source for pair in corpus.test]


def check_same(trace, other):
    assert trace.source == other.source and trace.target == other.target
    for name in ("scores", "weights", "context", "states", "hidden"):
        assert getattr(trace, name).allclose(getattr(other, name), atol=1e-5), name
    for mine, theirs in zip(trace.rivals, other.rivals, strict=True):
        assert [word for word, _ in mine] == [word for word, _ in theirs]


@pytest.mark.parametrize("model_name", ["learnt", "unsure"])
def test_a_beam_of_one_is_greedy_search(toy, model_name, request):
    model = request.getfixturevalue(model_name)
    sentences = [*sources(toy), ["xyzzy"], ["the", "red"] * 20]
    for trace, other in zip(beam.translate(model, sentences, beam=1),
                            translation.translate(model, sentences), strict=True):
        check_same(trace, other)


def log_probabilities(model, source, steps):
    """Every sentence of at most `steps` words → its log probability, each computed alone."""
    memory = translation.encode(model, [source])
    vocabulary = model.vocabs.target.itos
    endless = [word for word in vocabulary if word != text.END]
    found = {}
    for length in range(1, steps + 1):
        for beginning in itertools.product(endless, repeat=length - 1):
            last_words = vocabulary if length == steps else [text.END]
            for last in last_words:
                words = [*beginning, last]
                given = text.numbers([text.START, *words], model.vocabs.target)
                states, _ = model.decoder(torch.tensor([given[:-1]]), memory)
                logs = model.decoder.output(states[0]).log_softmax(dim=1)
                said = logs[range(length), given[1:]]
                found[tuple(words)] = said.sum().item()
    return found


@pytest.mark.parametrize("length_power", [0, 0.6, 1])
def test_a_beam_that_drops_nothing_agrees_with_exhaustive_search(tiny, monkeypatch, length_power):
    steps = 3
    monkeypatch.setattr(translation, "step_limits",
                        lambda memory: torch.full((len(memory.mask),), steps))
    with torch.no_grad():
        everything = log_probabilities(tiny, ["a", "b"], steps)
    (tree,) = beam.search(tiny, [["a", "b"]], len(everything), length_power)
    assert len(tree.hypotheses) == len(everything)
    for hypothesis in tree.hypotheses:
        words = tuple(hypothesis.trace.target)
        assert hypothesis.last.log_probability == pytest.approx(everything[words], abs=1e-4)
        assert hypothesis.score == pytest.approx(everything[words] / len(words) ** length_power,
                                                 abs=1e-4)
    best = max(everything, key=lambda words: everything[words] / len(words) ** length_power)
    assert tuple(tree.hypotheses[0].trace.target) == best


def test_probabilities_of_all_sentences_add_up_to_one(tiny, monkeypatch):
    """What the search drops nothing of is a whole: no sentence twice, none left out."""
    monkeypatch.setattr(translation, "step_limits",
                        lambda memory: torch.full((len(memory.mask),), 2))
    (tree,) = beam.search(tiny, [["b"]], 100)
    total = sum(math.exp(hypothesis.last.log_probability) for hypothesis in tree.hypotheses)
    assert total == pytest.approx(1, abs=1e-4)


def test_each_hypothesis_has_the_trace_of_its_own_words(toy, unsure):
    sentences = sources(toy)[:6]
    for tree in beam.search(unsure, sentences, beam=4):
        assert len(tree.hypotheses) == 4
        said = {tuple(hypothesis.trace.target) for hypothesis in tree.hypotheses}
        assert len(said) == 4
        scores = [hypothesis.score for hypothesis in tree.hypotheses]
        assert scores == sorted(scores, reverse=True)
        for hypothesis in tree.hypotheses:
            trace = hypothesis.trace
            if trace.target[-1] != text.END:
                continue  # cut off: it cannot be asked for as a reference
            (forced,) = translation.translate(unsure, [tree.source], [trace.words])
            check_same(trace, forced)
            assert [node.word for node in hypothesis.last.path] == trace.target
            product = math.prod(node.probability for node in hypothesis.last.path)
            assert math.log(product) == pytest.approx(hypothesis.last.log_probability, abs=1e-4)


def test_a_sentence_is_searched_alike_alone_and_in_a_batch(toy, unsure):
    sentences = sources(toy)
    for tree in beam.search(unsure, sentences, beam=3, batch_size=5):
        (alone,) = beam.search(unsure, [tree.source], beam=3)
        together = [hypothesis.trace.target for hypothesis in tree.hypotheses]
        assert together == [hypothesis.trace.target for hypothesis in alone.hypotheses]


def test_what_has_finished_leaves_and_what_is_kept_is_the_likeliest(toy, unsure):
    for tree in beam.search(unsure, sources(toy)[:8], beam=3):
        places = 3
        for tried, kept in zip(tree.tried, tree.kept, strict=True):
            totals = [node.log_probability for node in tried]
            assert totals == sorted(totals, reverse=True)
            assert kept == tried[:places]
            places -= sum(node.word == text.END for node in kept)
        assert places == 0 or len(tree.tried) == 2 * len(tree.source) + 10


def test_a_wider_beam_finds_likelier_translations(toy, unsure):
    """Not for each sentence, but for all of them together, by the probability itself."""
    totals = []
    for width in (1, 8):
        trees = beam.search(unsure, sources(toy), beam=width, length_power=0)
        totals.append(sum(tree.hypotheses[0].score for tree in trees))
    assert totals[0] < totals[1]


def test_a_beam_without_a_place_is_refused(learnt):
    with pytest.raises(ValueError, match="beam 0: give how many"):
        beam.search(learnt, [["the", "cat"]], beam=0)
    with pytest.raises(ValueError, match="sentence 1 is"):
        beam.search(learnt, [[]])
