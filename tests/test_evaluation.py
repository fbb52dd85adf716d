"""Scores are the field's; what is said of the weights is checked against cases worked by hand."""
import itertools
import math
import random

import numpy as np
import pandas as pd
import pytest
import sacrebleu
import torch

from helpers import evaluation
from helpers.text import Pair
from helpers.translation import Trace


class Said:
    """Stands in for a Trace where only the words matter."""
    def __init__(self, words):
        self.words = words.split()


def test_bleu_is_that_of_two_libraries():
    references = ["the cat sat on the mat today", "a dog ran through the park",
                  "we see the old house near the river"]
    said = ["the cat sat on a mat today", "a dog ran to the park",
            "we see an old house near the river"]
    pairs, said = [Pair(["x"], line.split()) for line in references], [Said(line) for line in said]
    metrics = pytest.importorskip("torchtext.data.metrics")  # not in the stand-in of test_standin
    theirs = metrics.bleu_score([one.words for one in said], [[pair.target] for pair in pairs])
    ours, low, high = evaluation.bleu_interval(said, pairs)
    assert ours == evaluation.bleu(said, pairs) == pytest.approx(100 * theirs, abs=0.01)
    assert low < high <= 100
    with pytest.raises(ValueError, match="2 translations for 3 references"):
        evaluation.bleu(said[:2], pairs)


def test_the_signature_says_what_was_scored():
    """Our references are words between spaces, one for each sentence."""
    said = dict(part.split(":") for part in evaluation.signature().split("|"))
    assert said["nrefs"] == "1" and said["tok"] == "none"
    assert said["version"] == sacrebleu.__version__


def drawn_sentences(number, seed=1):
    """Random references of easy and of hard sentences, and what a model says of each."""
    lot = random.Random(seed)
    vocabulary = [f"w{k}" for k in range(30)]
    references = []
    translations = []
    for place in range(number):
        words = lot.choices(vocabulary, k=lot.randint(4, 12))
        mistakes = 0.5 if place % 2 else 0.05
        said = [lot.choice(vocabulary) if lot.random() < mistakes else word for word in words]
        references.append(words)
        translations.append(said)
    return references, translations


def as_pairs(references):
    return [Pair(["x"], words) for words in references]


def as_said(translations):
    return [Said(" ".join(words)) for words in translations]


def library_bleu(translations, references):
    """sacrebleu's own function, from the texts."""
    lines = [" ".join(words) for words in references]
    said = [" ".join(words) for words in translations]
    return sacrebleu.corpus_bleu(said, [lines], tokenize="none", force=True).score


@pytest.fixture
def two_models():
    """References, what one model says, and what another says: the same with a few mistakes more."""
    references, better = drawn_sentences(120)
    worse = [list(words) for words in better]
    for words in worse[::6]:
        words[0] = "mistake"
    return references, better, worse


def test_counts_of_sentences_add_up_to_the_bleu_of_all(two_models):
    references, better, _ = two_models
    said = [" ".join(words) for words in better]
    counts = evaluation.sentence_counts(said, [" ".join(words) for words in references])
    for some in (slice(None), slice(0, 7), slice(3, 4)):
        expected = library_bleu(better[some], references[some])
        assert evaluation.bleu_of_counts(counts[some]) == pytest.approx(expected)


@pytest.mark.slow
def test_a_small_steady_difference_is_found_by_pairs_alone(two_models):
    """Sentences differ more than models: their own intervals overlap, that of the difference
    lies beside 0. Draws of whole texts, scored by sacrebleu, give the same interval."""
    references, better, worse = two_models
    pairs = as_pairs(references)
    test = evaluation.paired(as_said(better), as_said(worse), pairs, draws=300)
    ahead = evaluation.bleu_interval(as_said(better), pairs)
    behind = evaluation.bleu_interval(as_said(worse), pairs)
    assert ahead.low < behind.high
    assert 0 < test.low < test.difference < test.high and test.p < 0.01
    assert test.interval == (test.difference, test.low, test.high)
    expected = library_bleu(better, references) - library_bleu(worse, references)
    assert test.difference == pytest.approx(expected)

    lot = np.random.default_rng(7)
    differences = []
    for _ in range(300):
        drawn = lot.integers(0, len(pairs), len(pairs))
        some = [references[place] for place in drawn]
        differences.append(library_bleu([better[place] for place in drawn], some)
                           - library_bleu([worse[place] for place in drawn], some))
    assert [test.low, test.high] == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=0.5)


def test_the_other_way_round_a_difference_changes_its_sign(two_models):
    references, better, worse = two_models
    pairs = as_pairs(references)
    there = evaluation.paired(as_said(better), as_said(worse), pairs, draws=50)
    back = evaluation.paired(as_said(worse), as_said(better), pairs, draws=50)
    assert back[:3] == pytest.approx((-there.difference, -there.high, -there.low))
    assert there.p == back.p


def test_a_model_does_not_differ_from_itself(two_models):
    references, better, _ = two_models
    test = evaluation.paired(as_said(better), as_said(better), as_pairs(references), draws=20)
    assert test == (0, 0, 0, 1)


def test_p_is_the_share_of_all_ways_to_exchange_the_translations():
    """Ten sentences can be exchanged in 1,024 ways, and all of them can be tried."""
    references, first = drawn_sentences(10, seed=3)
    _, second = drawn_sentences(10, seed=3)
    second[0] = ["nothing"] * 8
    second[2] = second[2][:2]
    first[5] = first[5][:3]
    test = evaluation.paired(as_said(first), as_said(second), as_pairs(references), draws=4000)
    as_large = []
    for exchanged in itertools.product([False, True], repeat=10):
        ways = list(zip(exchanged, first, second, strict=True))
        left = [b if swap else a for swap, a, b in ways]
        right = [a if swap else b for swap, a, b in ways]
        difference = library_bleu(left, references) - library_bleu(right, references)
        as_large.append(abs(difference) > abs(test.difference) + 1e-9)
    assert 0.05 < np.mean(as_large) < 0.95
    assert test.p == pytest.approx(np.mean(as_large), abs=0.05)


def test_the_buckets_of_length_hold_every_sentence_once():
    target = ["the", "cat", "sat", "on", "the", "mat"]
    pairs = [Pair(["w"] * (1 + k % 20), target) for k in range(400)]
    said = []
    for pair in pairs:
        right = len(pair.source) <= 10
        said.append(Said("the cat sat on the mat" if right else "the dog sat on a mat"))
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
    trace = Trace(["a", "b", "c"], ["x", "y", "<eos>"], weights.log(), weights, empty, empty, empty,
                  [], "additive")
    return trace, Pair(["a", "b", "c"], ["x", "y"], [(0, 0), (1, 0), (0, 1)])


def test_links_and_alignment_error_by_hand():
    trace, pair = by_hand()
    table = evaluation.links([trace], [pair])
    assert table.word.tolist() == ["x", "y"] and table.looks_at.tolist() == [1, 2]
    assert table.hit.tolist() == [True, False] and table.off.tolist() == [0, 2]
    assert table.mass.tolist() == pytest.approx([0.7, 0.25])
    assert table.entropy[1] == pytest.approx(-0.5 * math.log(0.25) - 0.5 * math.log(0.5))
    # One of two links predicted is among three gold ones: AER = 1 - (1 + 1) / (2 + 3).
    # One sentence: the interval has no width.
    assert evaluation.alignment_error(table) == pytest.approx((1 - 2 / 5,) * 3)
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
    assert error == pytest.approx(1 - 2 * 2 / (10 + 14))
    assert low == pytest.approx(0.5) and high == pytest.approx(1)


def test_an_interval_covers_sentences_and_not_words():
    """Words of one sentence are right or wrong together here: as wide as sentences make it."""
    values = [float(sentence % 2) for sentence in range(40) for _ in range(10)]
    by_sentence = [sentence for sentence in range(40) for _ in range(10)]
    mean, low, high = evaluation.mean_interval(values, by_sentence)
    assert mean == 0.5 and low < 0.38 and high > 0.62
    _, narrow_low, narrow_high = evaluation.mean_interval(values, range(400))
    assert high - low > 2 * (narrow_high - narrow_low)
    assert evaluation.mean_interval([1.0] * 9, [0, 1, 2] * 3) == (1, 1, 1)


def test_what_happens_along_the_diagonal():
    """Three words of three: the diagonal points at the first, second and third source word."""
    weights = torch.eye(3)
    empty = torch.zeros(3, 1)
    trace = Trace(["a", "b", "c"], ["x", "y", "z"], weights.log(), weights, empty, empty, empty,
                  [], "additive")
    pair = Pair(["a", "b", "c"], ["x", "y", "z"], [(0, 0), (2, 1), (2, 2)])
    table = evaluation.diagonal(evaluation.links([trace], [pair]), [pair])
    assert table.hit.tolist() == [True, False, True]


def test_kinds_travel_with_the_links():
    trace, pair = by_hand()
    assert evaluation.links([trace], [pair]).kind.tolist() == [None, None]
    kinds = pair._replace(kinds=["article", "noun"])
    assert evaluation.links([trace], [kinds]).kind.tolist() == ["article", "noun"]


def test_an_interval_as_text():
    interval = evaluation.Interval(0.8784, 0.8712, 0.8853)
    assert evaluation.interval_text(interval) == "0.878 [0.871, 0.885]"
    bleu = evaluation.Interval(97.26, 96.8, 97.8)
    assert evaluation.interval_text(bleu, digits=1) == "97.3 [96.8, 97.8]"


def test_wilsons_interval_holds_at_the_ends():
    """Wilson 1927: 5 of 10 by hand; and nothing seen in ten tries is not impossible."""
    half = 1.96 * math.sqrt(0.25 / 10 + 1.96**2 / 400) / (1 + 1.96**2 / 10)
    share, low, high = evaluation.share_interval(0.5, 10)
    assert share == 0.5 and low == pytest.approx(0.5 - half) and high == pytest.approx(0.5 + half)
    _, low, high = evaluation.share_interval(0.0, 10)
    assert low == pytest.approx(0) and 0.2 < high < 0.35


def test_tables_by_length_are_read_across():
    rows = []
    for rule, bleu in (("fixed", 40.0), ("additive", 90.0)):
        for shortest, longest in ((2, 6), (7, 30)):
            rows.append({"rule": rule, "hidden_size": 64, "seed": 1, "split": "test",
                         "shortest": shortest,
                         "longest": longest, "sentences": 10, "bleu": bleu, "low": bleu - 1,
                         "high": bleu + 1, "perfect": 0.5})
    table = pd.DataFrame(rows)
    shown = evaluation.length_table(table)
    assert list(shown.columns) == ["2 to 6", "7 to 30"]
    assert shown.loc[("additive", 64), "7 to 30"] == "90.0 [89.0, 91.0]"
    shares = evaluation.length_table(table, "perfect")
    assert shares.loc[("fixed", 64), "2 to 6"].startswith("0.50 [0.24, 0.76")


def test_translations_stand_beside_their_references():
    pairs = [Pair(["i", "sleep"], ["je", "dors"]), Pair(["you", "run", "."], ["tu", "cours", "."])]
    table = evaluation.side_by_side([Said("je dors"), Said("tu dors .")], pairs)
    assert table.words.tolist() == [2, 3] and table.right.tolist() == [True, False]
    assert table.translation.tolist() == ["je dors", "tu dors ."]
    assert table.reference.tolist() == ["je dors", "tu cours ."]


REFERENCE = ["le", "chat", "noir", "dort", "dans", "le", "grand", "jardin", "."]


def counted(said, reference=REFERENCE):
    """Skipped and repeated words of one translation."""
    (row,) = evaluation.coverage([Said(said)], [Pair(["x"] * 5, list(reference))]).itertuples()
    assert row.sources == 5 and row.words == len(reference)
    return row.skipped, row.repeated


def test_a_right_translation_skips_and_repeats_nothing():
    assert counted(" ".join(REFERENCE)) == (0, 0)


def test_every_word_left_out_is_skipped():
    for first in range(len(REFERENCE)):
        for last in range(first + 1, len(REFERENCE)):
            said = REFERENCE[:first] + REFERENCE[last:]
            assert counted(" ".join(said)) == (last - first, 0)


def test_every_word_said_again_is_repeated():
    for place in range(len(REFERENCE)):
        for words in (1, 2, 3):
            again = REFERENCE[place:place + words]
            said = REFERENCE[:place + len(again)] + again + REFERENCE[place + len(again):]
            assert counted(" ".join(said)) == (0, len(again))


@pytest.mark.parametrize("said, found", [
    ("le chien noir dort dans le grand jardin .", (0, 0)),  # a wrong word is only wrong
    ("le chat noir dort aujourd'hui dans le grand jardin .", (0, 0)),  # added, but said once
    ("le chien dort dans le grand jardin .", (1, 0)),                # two words, one in their place
    ("le chat dort noir dans le grand jardin .", (0, 0)),            # moved
    ("le chat noir dort dans le chat noir dort dans le grand jardin .", (0, 5)),
    ("le chat noir chat noir chat noir", (2, 0)),       # two too few, four in place of others
    ("", (9, 0)),
])
def test_skipped_and_repeated_words_by_hand(said, found):
    assert counted(said) == found
