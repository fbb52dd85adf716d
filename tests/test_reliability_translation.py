"""Translation says what is wrong with its input, and streams any number of sentences."""
import tracemalloc

import pytest
import torch

from conftest import small
from helpers import experiments, text, training, translation

WRONG_SENTENCES = [
    (None, "sentences are None: give a list of tokenised sentences"),
    (7, "sentences are 7: give a list of tokenised sentences"),
    ("the cat", "sentences are 'the cat': give a list of tokenised sentences"),
    ([["the", "cat"], []], r"sentence 2 is \[\]: give a list of at least one word"),
    ([["the", "cat"], "the cat"], "sentence 2 is 'the cat': give a list"),
    ([["the", "cat"], None], "sentence 2 is None: give a list"),
    ([7], "sentence 1 is 7: give a list"),
    ([[1, 2]], r"sentence 1 is \[1, 2\]: give a list"),
    ([["the", None]], r"sentence 1 is \['the', None\]: give a list"),
]


@pytest.mark.parametrize("sentences, told", WRONG_SENTENCES)
def test_what_is_no_sentence_is_named(learnt, sentences, told):
    with pytest.raises(ValueError, match=told):
        translation.translate(learnt, sentences)


@pytest.mark.parametrize("references, told", [
    ([["le", "chat"]], "1 references for 2 sentences: give one for each"),
    ([["le", "chat"]] * 3, "3 references for 2 sentences: give one for each"),
    ([["le", "chat"], []], r"reference 2 is \[\]: give a list of at least one word"),
    ([[3, 4], ["le"]], r"reference 1 is \[3, 4\]: give a list"),
    ("le chat", "references are 'le chat': give a list"),
])
def test_references_must_belong_to_the_sentences(learnt, references, told):
    with pytest.raises(ValueError, match=told):
        translation.translate(learnt, [["the", "cat"], ["the", "dog"]], references)


@pytest.mark.parametrize("sentence", [None, 3, ["the", "cat"], b"the cat"])
def test_what_is_no_text_is_not_translated(learnt, sentence):
    with pytest.raises(ValueError, match="is no sentence: give a text, such as 'I love you'"):
        translation.translate_one(learnt, sentence)


def test_a_stream_says_what_translate_says(toy, learnt, monkeypatch):
    monkeypatch.setattr(translation, "AT_ONCE", 7)
    sources = [pair.source for pair in toy.train]
    traces = translation.translate(learnt, sources, batch_size=5)
    spoken = list(translation.stream(learnt, iter(sources), batch_size=5))
    assert [one.words for one in spoken] == [trace.words for trace in traces]
    assert [one.target for one in spoken] == [trace.target for trace in traces]
    assert [one.source for one in spoken] == sources
    assert [one.words for one in experiments.speak_pairs(learnt, toy.train)] == [
        trace.words for trace in traces]


def test_a_stream_begins_before_all_is_read(learnt, monkeypatch):
    monkeypatch.setattr(translation, "AT_ONCE", 3)
    read = []

    def endless():
        while True:
            read.append(["the", "cat"])
            yield read[-1]

    first = next(translation.stream(learnt, endless()))
    assert first.words == ["le", "chat"] and len(read) == 3


def test_a_stream_counts_its_sentences_on(learnt, monkeypatch):
    monkeypatch.setattr(translation, "AT_ONCE", 3)
    coming = translation.stream(learnt, [["the", "cat"]] * 4 + [[]])
    with pytest.raises(ValueError, match=r"sentence 5 is \[\]"):
        list(coming)


def test_memory_stays_flat_however_many_come(learnt, monkeypatch):
    monkeypatch.setattr(translation, "AT_ONCE", 50)

    def most_memory(number):
        coming = (["the", "big", "cat"] for _ in range(number))
        tracemalloc.start()
        for _ in translation.stream(learnt, coming):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    most_memory(100)  # what is made once is made
    per_sentence = (most_memory(2000) - most_memory(200)) / 1800
    assert per_sentence < 20, "bytes: a kept list of words has 80 or more"


@pytest.mark.parametrize("spoilt", ["encoder.gru.bias_hh_l0", "decoder.output.bias"])
def test_weights_that_are_no_numbers_are_caught_at_the_first_step(toy, spoilt):
    model = training.build(toy, small())
    with torch.no_grad():
        model.get_parameter(spoilt)[0] = torch.nan
    for translate in (translation.translate, lambda *given: list(translation.stream(*given))):
        with pytest.raises(ValueError, match="step 1: the probabilities are not numbers"):
            translate(model, [["the", "cat"]])


def test_a_number_that_is_none_in_one_word_is_caught_where_it_is_said(learnt, toy):
    model = training.build(toy, small())
    model.load_state_dict(learnt.state_dict())
    with torch.no_grad():
        model.decoder.embedding.weight[model.vocabs.target.stoi["chat"]] = torch.nan
    with pytest.raises(ValueError, match="step 3: the probabilities are not numbers"):
        translation.translate(model, [text.tokenize("the cat")])
