"""How far a loss reaches back, and what own words do: against calculus and cases by hand."""
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.lines import Line2D

from conftest import small
from drawing import check_whole_and_legible
from helpers import evaluation, experiments, figures, text, training
from helpers.attention import Memory
from helpers.text import Pair
from helpers.translation import Trace

RED_CAR = Pair(["the", "big", "red", "car"], ["la", "voiture", "grand", "rouge"])


def loss_with(model, place, state, step):
    """The loss of one word if h_place were `state` [state]: torch's own GRU reads on from there."""
    ids = torch.tensor([text.numbers(RED_CAR.source, model.vocabs.source)])
    vectors = model.encoder.embedding(ids)
    before, _ = model.encoder.gru(vectors[:, :place + 1])
    before = torch.cat([before[:, :place], state.view(1, 1, -1)], dim=1)
    states = before
    if place + 1 < len(RED_CAR.source):
        after, _ = model.encoder.gru(vectors[:, place + 1:], state.view(1, 1, -1))
        states = torch.cat([before, after], dim=1)
    mask = torch.ones(1, states.shape[1], dtype=torch.bool)
    memory = Memory(states, mask, states[:, -1], model.decoder.context_rule.keys(states))
    words = text.numbers([text.START, *RED_CAR.target, text.END], model.vocabs.target)
    hidden, _ = model.decoder(torch.tensor([words[:-1]]), memory)
    return -model.decoder.output(hidden)[0, step].log_softmax(dim=0)[words[step + 1]]


@pytest.mark.parametrize("rule", ["fixed", "mean", "additive"])
def test_a_gradient_is_what_small_changes_of_a_state_do_to_the_loss(toy, rule):
    """Each number of the state moved a little up and down, in double precision."""
    model = training.build(toy, small(rule=rule)).double().eval()
    torch.set_default_dtype(torch.float64)  # the state before the first word is made by torch.zeros
    try:
        table = experiments.gradients(model, [RED_CAR]).set_index(["step", "place"])
        ids = torch.tensor([text.numbers(RED_CAR.source, model.vocabs.source)])
        states, _ = model.encoder(ids, torch.tensor([4]))
        for step, place in ((0, 3), (2, 0), (4, 1)):
            slopes = []
            for number in range(states.shape[2]):
                move = torch.zeros(states.shape[2])
                move[number] = 1e-5
                up = loss_with(model, place, states[0, place] + move, step)
                down = loss_with(model, place, states[0, place] - move, step)
                slopes.append((up - down).item() / 2e-5)
            expected = np.linalg.norm(slopes)
            assert table["gradient"][step, place] == pytest.approx(expected, rel=1e-4)
    finally:
        torch.set_default_dtype(torch.float32)


def test_gradients_have_a_row_for_each_step_and_state(toy, learnt):
    table = experiments.gradients(learnt, [RED_CAR])
    assert len(table) == 5 * 4  # four words and <eos>, four states
    assert (table["place"] + table["read_after"] == 3).all()
    two_way = training.build(toy, small(bidirectional=True))
    with pytest.raises(ValueError, match="take one that reads one way"):
        experiments.gradients(two_way, [RED_CAR])


def test_only_short_ways_reach_far(toy):
    """Untrained, the fixed context loses its gradient word by word; the others hardly do."""
    pair = Pair(["the", "big", "red", "old"] * 4, ["la", "voiture"])
    kept = {}
    for rule in ("fixed", "mean", "additive"):
        model = training.build(toy, small(rule=rule))
        table = experiments.gradients(model, [pair])
        by_distance = evaluation.means_by(table, "read_after", "gradient").set_index("read_after")
        kept[rule] = by_distance["value"][15] / by_distance["value"][0]
    assert kept["fixed"] < 0.01 < 0.1 < min(kept["mean"], kept["additive"])


def trace(words, likeliest=()):
    """A trace of which only the words and the likeliest word of each step matter."""
    empty = torch.zeros(1, 1)
    rivals = [[(word, 0.9), ("other", 0.1)] for word in likeliest]
    return Trace(["x"], [*words.split(), "<eos>"], empty, empty, empty, empty, empty, rivals,
                 "fixed")


def test_errors_with_right_words_and_with_own_words_by_hand():
    """One word too many moves all that follow, and makes one word wrong, not four."""
    pair = Pair(["x"], ["a", "b", "c", "d"])
    forced = trace("a b c d", likeliest=["a", "b", "x", "d", "<eos>"])
    free = trace("a so b d d")
    table = evaluation.errors_by_step([forced], [free], [pair])
    assert table["right_words"].tolist() == [False, False, True, False]
    assert table["own_words"].tolist() == [False, False, True, False]
    moved = evaluation.errors_by_step([forced], [trace("z a b c d")], [pair])
    assert moved["own_words"].tolist() == [False] * 4
    with pytest.raises(ValueError, match="sentence 0: the first traces have to say"):
        evaluation.errors_by_step([free], [free], [pair])


def test_stretches_hold_every_word_once():
    rows = [{"sentence": number % 3, "step": number, "word": "w", "right_words": False,
             "own_words": number >= 10} for number in range(17)]
    table = evaluation.by_stretch(pd.DataFrame(rows), words=5, stretches=3)
    assert list(dict.fromkeys(table["stretch"])) == ["1–5", "6–10", "11+"]
    own = table[table["before"] == "own words"]["value"].tolist()
    assert own == [0, 0, 1]
    assert (table[table["before"] == "right words"]["value"] == 0).all()


def reach(start, shrink):
    places = np.arange(5)
    value = start * shrink ** places
    return pd.DataFrame({"read_after": places, "value": value, "low": value / 2,
                         "high": value * 2})


def errors(right, own):
    rows = []
    for place, stretch in enumerate(("1–5", "6–10", "11+")):
        for before, end in (("right words", right), ("own words", own)):
            value = end * (place + 1) / 3
            rows.append({"stretch": stretch, "before": before, "value": value,
                         "low": value - 0.01, "high": value + 0.01})
    return pd.DataFrame(rows)


REACH = {"fixed": reach(0.2, 0.1), "mean": reach(0.05, 1), "additive": reach(0.04, 0.9)}
ERRORS = {"fixed": errors(0.2, 0.6), "additive": errors(0.03, 0.06)}


def lines(ax):
    return {line.get_gid(): line.get_ydata() for line in ax.findobj(Line2D) if line.get_gid()}


def test_the_chart_of_gradients_shows_powers_of_ten_and_says_what_is_left():
    picture = figures.gradient_reach(REACH)
    check_whole_and_legible(picture)
    ax = picture.fig.axes[0]
    for rule, table in REACH.items():
        assert np.allclose(10 ** np.array(lines(ax)[rule]), table["value"])
    assert {"0.01", "0.1"} <= {label.get_text() for label in ax.get_yticklabels()}
    title = " ".join(picture.fig.get_suptitle().split())
    assert title == ("Of the gradient that the last state gets, the state 4 words earlier gets: "
                     "fixed context less than 0.1%; mean context 100%; additive attention 66%")
    assert "fixed context: 0.2 at the last state, 2e-05 4 words before it" in picture.alt


def test_the_chart_of_errors_shows_both_kinds_of_words_before():
    picture = figures.errors_by_step(ERRORS)
    check_whole_and_legible(picture)
    ax = picture.fig.axes[0]
    assert np.allclose(lines(ax)["fixed, own words"], [0.2, 0.4, 0.6])
    assert np.allclose(lines(ax)["additive, right words"], [0.01, 0.02, 0.03])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1–5", "6–10", "11+"]
    title = " ".join(picture.fig.get_suptitle().split())
    assert title == ("Wrong at places 11+: fixed context 60% after own words, 20% after right "
                     "ones; additive attention 6% after own words, 3% after right ones")
