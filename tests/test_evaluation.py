"""Scores are the field's, and what is said of the weights is checked against cases worked by hand."""
import math

import pandas as pd
import pytest
import torch
from torchtext.data.metrics import bleu_score

from helpers import evaluation, translation
from helpers.corpus import Pair
from helpers.translation import Trace


class Said:
    """Stands in for a Trace where only the words matter."""
    def __init__(self, words):
        self.words = words.split()


def test_bleu_is_that_of_two_libraries():
    references = ["the cat sat on the mat today", "a dog ran through the park", "we see the old house near the river"]
    said = ["the cat sat on a mat today", "a dog ran to the park", "we see an old house near the river"]
    pairs, said = [Pair(["x"], line.split()) for line in references], [Said(line) for line in said]
    theirs = bleu_score([one.words for one in said], [[pair.target] for pair in pairs])
    ours, low, high = evaluation.bleu_interval(said, pairs)
    assert ours == evaluation.bleu(said, pairs) == pytest.approx(100 * theirs, abs=0.01)
    assert low < high <= 100
    with pytest.raises(ValueError, match="2 translations for 3 references"):
        evaluation.bleu(said[:2], pairs)


def test_the_buckets_of_length_hold_every_sentence_once():
    pairs = [Pair(["w"] * (1 + k % 20), "the cat sat on the mat".split()) for k in range(400)]
    said = [Said("the cat sat on the mat" if len(pair.source) <= 10 else "the dog sat on a mat") for pair in pairs]
    table = evaluation.by_length(said, pairs, buckets=5, draws=20)
    assert table.sentences.sum() == 400 and len(table) == 5
    assert table.shortest.iloc[0] == 1 and table.longest.iloc[-1] == 20
    assert (table.shortest.iloc[1:].values > table.longest.iloc[:-1].values).all()
    assert table.bleu.iloc[0] == pytest.approx(100) and table.bleu.iloc[-1] < 50
    assert table.perfect.tolist()[0] == 1 and table.perfect.tolist()[-1] == 0


def by_hand():
    """"a b c" → "x y": x looks at b (right, one of two links), y at c (wrong, it comes from a)."""
    weights = torch.tensor([[0.1, 0.6, 0.3], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0]])
    empty = torch.zeros(3, 1)
    trace = Trace(["a", "b", "c"], ["x", "y", "<eos>"], weights.log(), weights, empty, empty, empty, [], "Rule")
    return trace, Pair(["a", "b", "c"], ["x", "y"], [(0, 0), (1, 0), (0, 1)])


def test_links_and_alignment_error_by_hand():
    trace, pair = by_hand()
    table = evaluation.links([trace], [pair])
    assert table.word.tolist() == ["x", "y"] and table.looks_at.tolist() == [1, 2]
    assert table.hit.tolist() == [True, False] and table.off.tolist() == [0, 2]
    assert table.mass.tolist() == pytest.approx([0.7, 0.25])
    assert table.entropy[1] == pytest.approx(-0.5 * math.log(0.25) - 0.5 * math.log(0.5))
    # One of two links predicted is among three gold ones: AER = 1 - (1 + 1) / (2 + 3).
    assert evaluation.alignment_error(table) == pytest.approx((1 - 2 / 5,) * 3)  # one sentence: no interval
    with pytest.raises(ValueError, match="sentence 0: gold links are needed"):
        evaluation.links([trace], [pair._replace(target=["x", "z"])])


def test_a_perfect_alignment_has_no_error():
    trace, pair = by_hand()
    right = pair._replace(alignment=[(1, 0), (2, 1)])
    assert evaluation.alignment_error(evaluation.links([trace], [right])) == (0, 0, 0)


def test_alignment_error_counts_links_and_not_sentences():
    """A long sentence weighs more than a short one, and the interval lies around the error."""
    long, short = {"sentence": 0, "hit": False, "gold": 1}, {"sentence": 1, "hit": True, "gold": 3}
    error, low, high = evaluation.alignment_error(pd.DataFrame([long] * 8 + [short] * 2))
    assert error == pytest.approx(1 - 2 * 2 / (10 + 14)) and low == pytest.approx(0.5) and high == pytest.approx(1)


def test_an_interval_covers_sentences_and_not_words():
    """Words of one sentence are right or wrong together here, so the interval must be as wide as sentences make it."""
    values = [float(sentence % 2) for sentence in range(40) for _ in range(10)]
    by_sentence = [sentence for sentence in range(40) for _ in range(10)]
    mean, low, high = evaluation.mean_interval(values, by_sentence)
    assert mean == 0.5 and low < 0.38 and high > 0.62
    _, narrow_low, narrow_high = evaluation.mean_interval(values, range(400))
    assert high - low > 2 * (narrow_high - narrow_low)
    assert evaluation.mean_interval([1.0] * 9, [0, 1, 2] * 3) == (1, 1, 1)


def test_hiding_a_word_takes_its_weight_and_nothing_else(toy, learnt):
    pairs = [pair for pair in toy.train[:8] if len(pair.source) > 1]
    traces = translation.translate(learnt, [pair.source for pair in pairs])
    table = evaluation.hidden_word(learnt, traces)
    assert len(table) == sum(len(trace.target) for trace in traces)
    for row in table.itertuples():
        said, chance = traces[row.sentence].rivals[row.step][0]
        assert row.word == said and row.kept == pytest.approx(chance, abs=1e-5)
    two = table[table.sentence == 0]
    assert len(traces[0].source) == 2 and (two.attended != two.other).all()
    with torch.no_grad():  # with one of two words hidden, the context is the state of the other
        states = traces[0].states
        left = 1 - int(traces[0].weights[0].argmax())
        decoder, word = learnt.decoder, torch.tensor([2])
        gates = decoder.read(word) + decoder.context_gates(states[left:left + 1])
        reset, update, new = gates.chunk(3, dim=1)
        reset_h, update_h, new_h = decoder.hidden_gates(traces[0].hidden[:1]).chunk(3, dim=1)
        new = torch.tanh(new + torch.sigmoid(reset + reset_h) * new_h)
        after = torch.lerp(new, traces[0].hidden[:1], torch.sigmoid(update + update_h))
        expected = decoder.output(after).softmax(dim=1)[0, learnt.vocabs.target[traces[0].target[0]]]
    assert table.attended[0] == pytest.approx(expected.item(), abs=1e-5)
