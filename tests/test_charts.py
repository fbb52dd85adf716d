"""Charts show the numbers of their tables, and say their finding in words that the numbers bear."""
import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from drawing import check_whole_and_legible
from helpers import figures
from helpers.attention import RULES
from helpers.figures import charts

BUCKETS = ((2, 5), (6, 9), (21, 30), (31, 40))  # the last one is longer than any in training


def bleu_table(drops, sizes=(128,), seeds=(1,)):
    """What experiments.compare gives: a rule begins with 99 BLEU and loses its drop by the end."""
    rows = []
    for rule, size, seed in itertools.product(drops, sizes, seeds):
        for place, (shortest, longest) in enumerate(BUCKETS):
            bleu = 99 - drops[rule] * place / 3 * 128 / size - seed + 1
            rows.append({
                "rule": rule, "hidden_size": size, "seed": seed,
                "split": "long" if place == 3 else "test",
                "shortest": shortest, "longest": longest, "sentences": 50,
                "bleu": bleu, "low": bleu - 3, "high": min(100, bleu + 3), "perfect": 0.5,
            })
    return pd.DataFrame(rows)


THREE = bleu_table({"fixed": 90, "mean": 87, "additive": 3})


def mean_of(table):
    """One row for the seeds of a line, as measured.by_length gives."""
    columns = ["rule", "hidden_size", "split", "shortest", "longest"]
    means = table.groupby(columns, sort=False)[["bleu", "low", "high"]].mean().reset_index()
    return means.assign(seeds=table["seed"].nunique())


SEVERAL = bleu_table({"fixed": 60, "mean": 9}, seeds=(1, 3))
NAMED = pd.concat([bleu_table({"fixed": 60}).assign(name="fixed"),
                   bleu_table({"fixed": 50}).assign(name="fixed, trained longer")])


def losses(epochs, lowest=1.5):
    """What training gives."""
    falling = np.linspace(1, 0, epochs)
    return pd.DataFrame({"epoch": range(1, epochs + 1), "train_loss": 1 + 4 * falling,
                         "valid_loss": lowest + 3 * falling})


def shares(*rows):
    return pd.DataFrame(rows, columns=["row", "series", "value", "low", "high"])


HITS = shares(("article", "one-way", 0.46, 0.43, 0.49), ("article", "two-way", 0.93, 0.92, 0.95),
              ("verb", "one-way", 0.92, 0.91, 0.93), ("verb", "two-way", 0.97, 0.96, 0.98))
HIDDEN = shares(*[(name, series, value, value - 0.01, value + 0.01)
                  for name in ("one-way", "two-way")
                  for series, value in (("nothing hidden", 0.861), ("attended word hidden", 0.15),
                                        ("another word hidden", 0.862))])
BARE = shares(("all", "here", 0.5, np.nan, np.nan), ("some", "here", 0.2, np.nan, np.nan))


def costs(start, slope, lengths=(40, 120, 200)):
    """What experiments.step_cost gives: memory while translating is the same for all rules."""
    rows = []
    for words in lengths:
        rows.append((words, "translating", start + slope * words, 25 + 0.1 * words))
        rows.append((words, "training", 2 * (start + slope * words), 200 + 1000 * slope * words))
    return pd.DataFrame(rows, columns=["words", "task", "milliseconds", "kilobytes"])


COSTS = {"fixed": costs(0.4, 0.0), "additive": costs(0.4, 0.004)}

DRAWN = {
    "one epoch": lambda: figures.training_curve(losses(1)),
    "one training": lambda: figures.training_curve(losses(8)),
    "three trainings": lambda: figures.training_curve(
        {"fixed": losses(5), "mean": losses(5), "my own": losses(3, 0.7)}),
    "bleu": lambda: figures.bleu_by_length(THREE),
    "bleu, sizes": lambda: figures.bleu_by_length(bleu_table({"fixed": 40, "mean": 40}, (64, 128))),
    "bleu, seeds": lambda: figures.bleu_by_length(
        mean_of(SEVERAL), seeds=SEVERAL, own=SEVERAL[SEVERAL["seed"] == 1]),
    "bleu, names": lambda: figures.bleu_by_length(NAMED),
    "bleu, all rules": lambda: figures.bleu_by_length(bleu_table(dict.fromkeys(RULES, 30))),
    "bleu, one rule": lambda: figures.bleu_by_length(bleu_table({"general": 9})),
    "bleu, one bucket": lambda: figures.bleu_by_length(THREE[THREE["shortest"] == 6]),
    "bleu, only long": lambda: figures.bleu_by_length(THREE[THREE["split"] == "long"]),
    "bleu, no split": lambda: figures.bleu_by_length(THREE.drop(columns="split")),
    "bleu, all the same": lambda: figures.bleu_by_length(bleu_table({"additive": 0, "dot": 0})),
    "lengths": lambda: figures.length_histogram({"train": [2, 3, 3, 9], "long": [31, 40]}),
    "lengths, none": lambda: figures.length_histogram({"train": [4], "long": []}),
    "hits": lambda: figures.dots(HITS, "share of hits"),
    "hidden": lambda: figures.dots(HIDDEN, "probability"),
    "bare": lambda: figures.dots(BARE, "a number", title="No interval is known"),
    "one dot": lambda: figures.dots(BARE[:1], "a number"),
    "costs": lambda: figures.step_cost(COSTS),
    "ladder": lambda: figures.speed_ladder(ladder_table({"slow": 5.0, "quick": 24.0})),
    "costs, one length": lambda: figures.step_cost({"dot": costs(1, 0.1, [40])}),
}


def title(picture):
    """The finding, without its breaks of line."""
    return " ".join(picture.fig.get_suptitle().split())


def line_called(ax, name):
    """The numbers of the one line with this gid: x and y."""
    found = [line for line in ax.findobj(Line2D) if line.get_gid() == name]
    assert len(found) == 1
    return found[0].get_xdata(), found[0].get_ydata()


def labels(ax):
    """What is written beside lines and dots."""
    return [label for label in ax.texts if isinstance(label, Annotation)]


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_is_whole_and_legible(name):
    picture = DRAWN[name]()
    check_whole_and_legible(picture)
    assert title(picture) and picture.alt


# Labels.

def test_labels_stay_where_they_want_to_be_if_there_is_room():
    assert charts.spread([1, 5, 9], gap=2, low=0, high=10) == [1, 5, 9]


@pytest.mark.parametrize("wanted, places", [
    ([5, 5], [4, 6]),                    # pushed apart, evenly
    ([5, 5, 5], [3, 5, 7]),
    ([1, 4, 4.5], [1, 3.25, 5.25]),      # the lowest is far enough away
    ([0, 0], [0, 2]),                    # not below the lower end
    ([10, 10], [8, 10]),                 # not above the upper end
    ([], []),
])
def test_labels_that_would_overlap_are_moved_as_little_as_can_be(wanted, places):
    assert charts.spread(wanted, gap=2, low=0, high=10) == pytest.approx(places)


@pytest.mark.parametrize("name", ["three trainings", "bleu", "bleu, sizes", "bleu, all rules",
                                  "bleu, all the same", "hits", "hidden", "costs"])
def test_labels_do_not_overlap(name):
    picture = DRAWN[name]()
    picture.fig.draw_without_rendering()
    for ax in picture.fig.axes:
        boxes = [Text.get_window_extent(label) for label in labels(ax)]
        for one, other in itertools.combinations(boxes, 2):
            assert not one.overlaps(other)


def test_a_rule_has_one_look_and_each_part_of_it_tells_the_rule():
    assert set(charts.RULE_LOOKS) == set(RULES)
    for part in range(3):
        assert len({look[part] for look in charts.RULE_LOOKS.values()}) == len(RULES)
    assert charts.look_of("mean", 0) == charts.look_of("mean", 5)


# Training.

def test_the_training_curve_shows_the_losses_and_says_the_lowest():
    picture = figures.training_curve(losses(4))
    train, valid = picture.fig.axes[0].lines
    assert np.allclose(train.get_ydata(), losses(4)["train_loss"])
    assert np.allclose(valid.get_ydata(), losses(4)["valid_loss"])
    assert valid.get_linewidth() > train.get_linewidth()
    assert {label.get_text() for label in labels(picture.fig.axes[0])} == {"training", "validation"}
    assert title(picture) == "Validation loss falls from 4.50 in epoch 1 to 1.50 in epoch 4"
    assert "lower is better" in picture.fig.axes[0].get_ylabel()
    assert "nats per word" in picture.fig.axes[0].get_ylabel()
    in_pieces = figures.training_curve(losses(4), unit="piece")
    assert "nats per piece" in in_pieces.fig.axes[0].get_ylabel()
    assert title(figures.training_curve(losses(1))) == "Validation loss is lowest in epoch 1: 4.50"


def test_several_trainings_are_compared_by_their_lowest_loss():
    picture = DRAWN["three trainings"]()
    assert title(picture) == ("My own gets its validation loss down to 0.70, "
                              "fixed context to 1.50")
    shown = {label.get_text(): label.get_fontweight() for label in labels(picture.fig.axes[0])}
    assert shown == {"fixed context": "normal", "mean context": "normal", "my own": "bold"}


# BLEU by length.

def test_a_line_is_the_bleu_of_its_rule_in_its_band():
    ax = figures.bleu_by_length(THREE).fig.axes[0]
    rows = THREE[THREE["rule"] == "mean"]
    places, bleu = line_called(ax, "mean context")
    assert list(places) == [0, 1, 2, 3] and np.allclose(bleu, rows["bleu"])
    edges = ax.collections[1].get_paths()[0].vertices  # fixed, mean, additive
    for place, low, high in zip(range(4), rows["low"], rows["high"], strict=True):
        heights = edges[edges[:, 0] == place, 1]
        assert heights.min() == pytest.approx(low) and heights.max() == pytest.approx(high)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2–5", "6–9", "21–30", "31–40"]
    assert "higher is better" in ax.get_ylabel()


def test_the_title_says_what_the_loud_line_and_its_rival_keep():
    finding = title(figures.bleu_by_length(THREE))  # read off at the last bucket of known lengths
    assert finding == ("From 2–5 to 21–30 words: additive attention keeps 97 of 99 BLEU; "
                       "fixed context falls from 99 to 39 BLEU")
    finding = title(figures.bleu_by_length(THREE, main="mean"))
    assert finding == ("From 2–5 to 21–30 words: mean context falls from 99 to 41 BLEU; "
                       "fixed context falls from 99 to 39 BLEU")
    alone = title(DRAWN["bleu, one rule"]())
    assert alone == "From 2–5 to 21–30 words: general attention keeps 93 of 99 BLEU"
    one_bucket = title(DRAWN["bleu, one bucket"]())
    assert one_bucket == "At 6–9 words: additive attention has 98 BLEU; fixed context has 69 BLEU"


def test_sizes_are_named_where_there_are_several():
    picture = figures.bleu_by_length(bleu_table({"fixed": 45, "additive": 3}, sizes=(64, 128)))
    names = {label.get_text() for label in labels(picture.fig.axes[0])}
    assert names == {"fixed context, 64", "fixed context, 128", "additive attention, 64",
                     "additive attention, 128"}
    assert title(picture) == ("From 2–5 to 21–30 words: additive attention (128) keeps 97 of 99 "
                              "BLEU; fixed context of equal size falls from 99 to 69 BLEU")


def test_a_name_of_its_own_stands_in_quotes_and_looks_like_no_rule():
    table = bleu_table({"fixed": 60})
    both = pd.concat([table.assign(name="fixed"), table.assign(name="trained longer")])
    picture = figures.bleu_by_length(both)
    assert "“trained longer” " in title(picture)
    ax = picture.fig.axes[0]
    colours = {line.get_color() for line in ax.lines if line.get_marker() == "D"}
    rules = {look.colour for look in charts.RULE_LOOKS.values()}
    assert colours and not colours & rules


def test_one_line_is_loud():
    for main, loud in ((None, "additive attention"), ("fixed", "fixed context")):
        ax = figures.bleu_by_length(THREE, main=main).fig.axes[0]
        widths = {line.get_gid(): line.get_linewidth() for line in ax.lines if line.get_gid()}
        assert max(widths, key=widths.get) == loud
        assert sorted(widths.values())[:2] == [2, 2]
        bold = [label.get_text() for label in labels(ax) if label.get_fontweight() == "bold"]
        assert bold == [loud]
    with pytest.raises(ValueError, match="'dot': there are fixed, mean, additive"):
        figures.bleu_by_length(THREE, main="dot")


def test_several_seeds_are_thin_lines_around_their_mean_and_ones_own_run_is_ringed():
    picture = DRAWN["bleu, seeds"]()
    ax = picture.fig.axes[0]
    _, mean = line_called(ax, "fixed context")
    seeds = [line.get_ydata() for line in ax.lines if line.get_gid() == "seed"]
    assert len(seeds) == 4  # two of each rule
    first = SEVERAL[(SEVERAL["rule"] == "fixed") & (SEVERAL["seed"] == 1)]
    assert np.allclose(seeds[0], first["bleu"])
    assert np.allclose(np.mean(seeds[:2], axis=0), mean)
    rings = [line for line in ax.lines if line.get_gid() == "own"]
    assert np.allclose(rings[0].get_ydata(), first["bleu"])
    assert rings[0].get_linestyle() == "None" and rings[0].get_markerfacecolor() == "none"
    note = " ".join(picture.fig.get_supxlabel().split())
    assert note == ("line: mean of 2 seeds; band: 95% interval over seeds and sentences; "
                    "thin lines: single seeds; rings: the run of this notebook")
    assert figures.bleu_by_length(THREE).fig.get_supxlabel() == "band: 95% interval over sentences"


def test_seeds_are_not_averaged_in_silence():
    """The mean of the ends of two intervals is no interval of the mean."""
    with pytest.raises(ValueError, match="several rows for one bucket"):
        figures.bleu_by_length(SEVERAL)


def test_lines_of_one_rule_have_names_and_looks_of_their_own():
    ax = DRAWN["bleu, names"]().fig.axes[0]
    _, longer = line_called(ax, "fixed, trained longer")
    assert np.allclose(longer, NAMED[NAMED["name"] == "fixed, trained longer"]["bleu"])
    looks = {line.get_gid(): (line.get_color(), line.get_marker()) for line in ax.lines}
    assert looks["fixed context"] != looks["fixed, trained longer"]
    assert {label.get_text() for label in labels(ax)} == {"fixed context", "fixed, trained longer"}
    assert "; fixed context falls" in title(DRAWN["bleu, names"]())


def test_lines_of_more_and_of_fewer_seeds_say_so():
    table = pd.concat([THREE.assign(seeds=1), mean_of(bleu_table({"dot": 9}, seeds=(1, 2)))])
    note = figures.bleu_by_length(table).fig.get_supxlabel()
    assert note.startswith("line: mean of 1 to 2 seeds")


def test_sentences_longer_than_in_training_stand_behind_a_line():
    ax = figures.bleu_by_length(THREE).fig.axes[0]
    assert [list(line.get_xdata()) for line in ax.lines].count([2.5, 2.5]) == 1
    assert "longer than any in training" in [text.get_text() for text in ax.texts]
    without = figures.bleu_by_length(THREE[THREE["split"] == "test"]).fig.axes[0]
    assert "longer than any in training" not in [text.get_text() for text in without.texts]


def test_bleu_in_words_names_the_best_and_the_worst():
    told = figures.bleu_by_length(THREE).alt
    assert "fixed context from 99.0 to 9.0; mean context from 99.0 to 12.0" in told
    assert "the best is additive attention with 96.0, the worst fixed context with 9.0" in told


@pytest.mark.parametrize("lowest, highest, bottom", [
    (10, 99, 0), (85, 99, 83.6), (50, 50, 0), (-2, 99, -2)])
def test_no_more_than_half_of_a_chart_is_empty(lowest, highest, bottom):
    ends = charts.limits(lowest, highest)
    assert ends[0] == pytest.approx(bottom) and ends[1] > highest


# Lengths, dots, costs.

def test_the_histogram_counts_sentences():
    picture = figures.length_histogram({"train": [2, 3, 3, 9], "long": [31, 40]})
    train, long = picture.fig.axes
    bars = {bar.get_center()[0]: bar.get_height() for bar in train.patches}
    assert bars == pytest.approx({2: 1, 3: 2, 9: 1})
    assert len(long.patches) == 2
    assert title(picture) == ("Half of the train sentences have at most 3 words, none has more "
                              "than 9; those of long are all longer")


def test_dots_and_intervals_are_the_tables_numbers():
    picture = figures.dots(HITS, "share of hits")
    ax = picture.fig.axes[0]
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_gid() == "dot"]
    intervals = [tuple(line.get_xdata()) for line in ax.lines if line.get_gid() == "interval"]
    assert dots == list(HITS["value"])
    assert intervals == list(zip(HITS["low"], HITS["high"], strict=True))
    written = [label.get_text() for label in labels(ax)]
    assert written == ["0.46  one-way", "0.93  two-way", "0.92", "0.97"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["article", "verb"]
    assert title(picture) == "The largest difference: article (two-way 0.93, one-way 0.46)"
    assert "article: one-way 0.46, two-way 0.93; verb: one-way 0.92" in picture.alt


def test_a_series_is_named_where_it_comes_first_and_zero_has_no_sign():
    table = shares(("little", "other", -0.001, -0.004, 0.002), ("much", "other", -0.2, -0.3, -0.1),
                   ("much", "most", 0.7, 0.6, 0.8))
    picture = figures.dots(table, "a fall")
    ax = picture.fig.axes[0]
    assert [label.get_text() for label in labels(ax)] == ["0.00  other", "−0.20", "0.70  most"]
    assert "little: other 0.00; much: other −0.20, most 0.70" in picture.alt
    assert ax.get_xlim()[0] <= -0.3, "what lies below 0 is cut off"


def test_no_dot_hides_another():
    ax = figures.dots(HIDDEN, "probability").fig.axes[0]
    places = [line.get_ydata()[0] for line in ax.lines if line.get_gid() == "dot"]
    assert len(set(places)) == len(places) == 6


def test_the_name_of_a_row_stands_in_the_middle_of_its_dots_however_many_they_are():
    table = shares(("one", "a", 0.1, 0.0, 0.2), ("two", "b", 0.2, 0.1, 0.3),
                   ("two", "c", 0.3, 0.2, 0.4), ("three", "c", 0.4, 0.3, 0.5))
    ax = figures.dots(table, "a share").fig.axes[0]
    places = [line.get_ydata()[0] for line in ax.lines if line.get_gid() == "dot"]
    first, second, third, fourth = places
    assert list(ax.get_yticks()) == pytest.approx([first, (second + third) / 2, fourth])


def test_of_what_looks_the_same_the_first_is_named():
    finding = title(figures.dots(HIDDEN, "probability"))
    assert finding == ("The largest difference: one-way (nothing hidden 0.86, "
                       "attended word hidden 0.15)")


def test_dots_without_intervals_and_with_a_title_of_their_own():
    picture = figures.dots(BARE, "a number", title="No interval is known")
    assert title(picture) == "No interval is known"
    assert not [line for line in picture.fig.axes[0].lines if line.get_gid() == "interval"]
    assert picture.fig.get_supxlabel() == ""
    assert title(figures.dots(BARE, "a number")) == "Highest: all, 0.50; lowest: some, 0.20"


def test_costs_are_shown_with_the_lines_through_them():
    picture = figures.step_cost(COSTS)
    translating, training, *_ = picture.fig.axes
    words, milliseconds = line_called(training, "additive")
    assert list(words) == [40, 120, 200]
    assert np.allclose(milliseconds, [1.12, 1.76, 2.4])
    fits = [line.get_ydata() for line in training.lines if line.get_gid() == "fit"]
    assert np.allclose(fits[1], milliseconds)
    assert title(picture) == ("At 200 words a step of training with additive attention keeps 5.0 "
                              "times the memory that fixed context keeps")
    assert "training, additive: 0.8 + 0.008 × words milliseconds a step" in picture.alt


def test_where_costs_are_the_same_both_lines_are_seen():
    memory = figures.step_cost(COSTS).fig.axes[2]  # of translating
    below, above = [line for line in memory.lines if line.get_gid() == "fit"]
    assert np.allclose(below.get_ydata(), above.get_ydata())
    assert below.get_linewidth() > 3 * above.get_linewidth()
    names = {label.get_text() for label in labels(memory)}
    assert names == {"fixed", "additive"}


def test_axes_are_named_once():
    picture = figures.step_cost(COSTS)
    assert [ax.get_xlabel() for ax in picture.fig.axes] == ["", "", "", ""]
    assert picture.fig.get_supxlabel() == "words in each sentence"


def ladder_table(speeds):
    """What `make bench` writes, with a row that is not about speed."""
    rows = [{"corpus": "phrasebook", "measure": "target words a second", "version": version,
             "value": value} for version, value in speeds.items()]
    rows.append({"corpus": "phrasebook", "measure": "BLEU", "version": "now", "value": 97.3})
    return pd.DataFrame(rows)


def test_the_ladder_has_the_speeds_and_the_factors_between_them():
    speeds = {"now": 24_000.0, "textbook": 5_000.0, "before": 16_000.0}
    picture = figures.speed_ladder(ladder_table(speeds))
    (ax,) = picture.fig.axes
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == sorted(speeds.values())
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert [speeds[name] for name in names] == widths
    written = [text.get_text() for text in ax.texts]
    assert written[0] == "5,000", "the first has nothing to be compared with"
    for label, slower, faster in zip(written[1:], widths, widths[1:], strict=False):
        assert f"{faster:,.0f}" in label and f"× {faster / slower:.2f}" in label
        assert label in picture.alt
    top, *_, bottom = [bar.get_window_extent().y0 for bar in ax.patches]
    assert top > bottom, "the slowest stands first, above"
    title = picture.fig.get_suptitle().replace("\n", " ")
    assert f"{widths[-1] / widths[0]:.1f} on phrasebook" in title


def test_the_limit_of_the_ladder_is_no_way_of_training():
    speeds = {"textbook": 5_000.0, "now": 20_000.0, "matrix products": 80_000.0}
    picture = figures.speed_ladder(ladder_table(speeds))
    (ax,) = picture.fig.axes
    *ways, limit = ax.patches
    assert limit.get_width() == 80_000
    assert limit.get_facecolor()[:3] == (1, 1, 1), "its bar is empty"
    assert all(bar.get_facecolor()[:3] != (1, 1, 1) for bar in ways)
    assert "80,000  (25% of it reached)" in [text.get_text() for text in ax.texts]
    assert "4.0 on phrasebook" in title(picture), "now over the textbook"


def test_a_table_without_speeds_is_refused():
    table = ladder_table({})
    with pytest.raises(ValueError, match="target words a second.*make bench"):
        figures.speed_ladder(table)
