"""Sub-words: nothing is lost when words are cut, and weights stay weights when they are merged."""
import pytest
import torch

from conftest import small
from helpers import beam, corpus, course, evaluation, pieces, text, training, translation
from helpers.text import END, Pair


@pytest.fixture(autouse=True)
def build_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "BUILD", tmp_path)


@pytest.fixture(scope="module")
def phrases():
    return corpus.load("phrasebook", pairs=500)


@pytest.fixture(scope="module")
def cutter(phrases):
    return pieces.learn(phrases.train, 300)


@pytest.fixture(scope="module")
def spelling(toy):
    """The toy corpus in pieces so small that most words have several, and a model of it."""
    cutter = pieces.learn(toy.train, 45)
    cut = cutter.cut_corpus(toy)
    settings = small(epochs=16)
    model = training.build(cut, settings)
    training.fit(model, cut, settings)
    return cutter, cut, model


def test_words_come_back_as_they_were(phrases, cutter):
    assert len(cutter) == 300
    some_are_cut = False
    for pair in [*phrases.train, *phrases.test, *phrases.long]:
        for words in (pair.source, pair.target):
            cut = cutter.cut(words)
            assert pieces.words_of(cut) == words
            some_are_cut = some_are_cut or len(cut) > len(words)
    assert some_are_cut


@pytest.mark.parametrize("word", ["blorf", "naïveté", "한국어", "🙂", "3.14", "a_b", "l'"])
def test_a_word_never_met_comes_back_too(cutter, word):
    assert pieces.words_of(cutter.cut(["the", word, "the"])) == ["the", word, "the"]


def test_the_sign_of_a_beginning_cannot_be_smuggled_in(cutter):
    assert pieces.words_of(cutter.cut(["a▁b"])) == ["a_b"]


def test_the_same_pairs_give_the_same_pieces_and_others_do_not_matter(phrases, cutter):
    assert pieces.learn(phrases.train, 300).model == cutter.model
    assert pieces.learn(phrases.train[:250], 300).model != cutter.model


def test_frequent_words_stay_whole_and_a_name_is_cut_alike_on_both_sides(phrases, cutter):
    assert cutter.cut(["the"]) == ["▁the"]
    name = Pair(["quebec"], ["quebec"])
    (cut,) = cutter.cut_pairs([name])
    assert cut.source == cut.target and len(cut.source) > 1


def test_pieces_are_learnt_once_and_then_loaded(phrases, monkeypatch):
    first = pieces.learnt(phrases, 200)
    monkeypatch.setattr(pieces, "learn", lambda *_: pytest.fail("learnt again"))
    assert pieces.learnt(phrases, 200).model == first.model
    (path,) = (course.BUILD / "models").glob("*.pieces")
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is damaged.*delete it"):
        pieces.learnt(phrases, 200)


def test_too_few_pieces_are_refused(toy):
    with pytest.raises(ValueError, match="5 pieces are too few: the text has 18 .* at least 22"):
        pieces.learn(toy.train, 5)
    assert len(pieces.learn(toy.train, 22)) == 22


def test_only_the_training_split_decides(phrases):
    """Other splits change neither the pieces nor what the vocabulary knows."""
    swapped = phrases._replace(valid=phrases.test, test=phrases.long)
    assert pieces.learnt(phrases, 200).model == pieces.learnt(swapped, 200).model


def test_a_model_of_pieces_translates_words_and_never_says_unknown(toy, spelling):
    cutter, cut, model = spelling
    sources = [pair.source for pair in cut.test]
    for traces in (translation.translate(model, sources), beam.translate(model, sources, 3)):
        assert any(len(trace.target) > len(pieces.merged(trace).target) for trace in traces)
        whole = [pieces.merged(trace) for trace in traces]
        assert not any(text.UNKNOWN in trace.words for trace in whole)
        assert [trace.source for trace in whole] == [pair.source for pair in toy.test]
        assert evaluation.bleu(whole, toy.test) > 80
    strange = cutter.cut(["the", "blorf", "car"])
    (trace,) = translation.translate(model, [strange])
    assert text.UNKNOWN not in trace.words


def test_merged_weights_are_added_over_the_source_and_averaged_over_the_target(spelling):
    """By hand: two source words of two pieces and one; two target words of one piece and two."""
    _, _, model = spelling
    (whole,) = translation.translate(model, [["▁the", "▁c", "at"]], [["▁le", "▁ch", "at"]])
    weights = torch.tensor([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4], [1.0, 0.0, 0.0]])
    trace = pieces.merged(whole._replace(weights=weights))
    assert trace.source == ["the", "cat"] and trace.target == ["le", "chat", END]
    by_hand = torch.tensor([[0.2, 0.8], [0.2, 0.8], [1.0, 0.0]])
    assert trace.weights.allclose(by_hand)
    assert trace.scores.softmax(dim=1).allclose(trace.weights)
    assert trace.context[1].allclose((whole.context[1] + whole.context[2]) / 2)
    assert trace.states.equal(whole.states[[0, 2]])
    assert trace.hidden.equal(whole.hidden[[0, 1, 3, 4]])
    assert len(trace.rivals) == 3


def test_a_trace_of_whole_words_stays_as_it_is(spelling):
    _, _, model = spelling
    (trace,) = translation.translate(model, [["▁the", "▁car"]], [["▁la"]])
    merged = pieces.merged(trace)
    assert merged.weights.allclose(trace.weights) and merged.words == ["la"]
    assert merged.context.allclose(trace.context) and merged.hidden.equal(trace.hidden)
