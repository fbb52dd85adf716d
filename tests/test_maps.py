"""The context among the states: points, lines and shares of variance are the trace's own."""
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.path import Path

from drawing import LOVE, check_whole_and_legible, trace, visible_texts
from helpers import figures
from helpers.figures import maps
from helpers.figures.style import DARK, HUES

LENGTHS = (1, 2, 3, 8, 40)
RULES = ("fixed", "mean", "additive")


def parts(picture):
    """What is drawn, by name."""
    named = picture.fig.findobj(lambda part: part.get_gid() is not None)
    return {part.get_gid(): part for part in named}


def points(picture, kind, panel=1):
    """Where the states or contexts of a panel are drawn: [k, 2] inches."""
    drawn = parts(picture)
    found = [drawn[name] for name in drawn if name.startswith(f"panel{panel}-{kind}-")]
    return np.array([part.get_xydata()[0] for part in found])


def lines(picture, panel=1):
    """The lines of a panel: (step, word), from 1, → the line."""
    start = f"panel{panel}-weight-"
    found = {}
    for name, part in parts(picture).items():
        if name.startswith(start):
            step, word = name.removeprefix(start).split("-")
            found[int(step), int(word)] = part
    return found


def arrows(picture):
    """The arrows of the walk, as pairs of start and end."""
    found = [text for text in picture.fig.axes[0].texts if getattr(text, "arrow_patch", None)]
    return [(text.xyann, text.xy) for text in found]


def labels(picture):
    """The labels of points: words that begin with h or c and a number."""
    return [text for text in visible_texts(picture)
            if text.get_text()[0] in "hc" and text.get_text()[1].isdigit()]


def texts(picture):
    """All that is written."""
    return [text.get_text() for text in visible_texts(picture)]


def written_shares(words):
    """The two shares of variance that the alternative text names, in percent."""
    told = words.split("The components hold ")[1].split(" of the variance")[0]
    return [int(share.rstrip("%")) for share in told.split(" and ")]


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("words", LENGTHS)
def test_a_map_is_whole_and_legible(words, rule):
    check_whole_and_legible(figures.context_map(trace(words, words + 1, rule)))


@pytest.mark.slow
def test_three_rules_stand_side_by_side():
    traces = [trace(5, 4, rule) for rule in RULES]
    picture = figures.context_map(traces)
    check_whole_and_legible(picture)
    written = texts(picture)
    for title in ("fixed context", "mean context", "additive attention"):
        assert title in written
    left = [points(picture, "state", panel)[:, 0] for panel in (1, 2, 3)]
    assert left[0].max() < left[1].min() and left[1].max() < left[2].min()
    with pytest.raises(ValueError, match="at least one trace"):
        figures.context_map([])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("words", LENGTHS)
def test_a_context_never_leaves_the_hull_of_the_states_in_full_vectors(words, rule):
    made = trace(words, words + 1, rule)
    weights = made.weights.double().numpy()
    states = made.states.double().numpy()
    contexts = made.context.double().numpy()
    assert weights.min() >= 0
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(weights @ states, contexts, atol=1e-6)
    # A point outside a convex hull has a direction in which it lies beyond all corners of it.
    # Try many, those from the centre to each context and to each state among them.
    directions = np.random.default_rng(0).normal(size=(500, states.shape[1]))
    centre = states.mean(axis=0)
    directions = np.concatenate([directions, contexts - centre, states - centre])
    farthest_state = (directions @ states.T).max(axis=1)
    farthest_context = (directions @ contexts.T).max(axis=1)
    assert (farthest_context <= farthest_state + 1e-5).all()


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("words", LENGTHS)
def test_drawn_contexts_are_the_weighted_sums_of_the_drawn_states(words, rule):
    made = trace(words, words + 1, rule)
    picture = figures.context_map(made)
    states = points(picture, "state")
    contexts = points(picture, "context")
    assert len(states) == words
    expected = made.weights.numpy() @ states
    if rule != "additive" or words == 1:
        assert len(contexts) == 1
        expected = expected[:1]
    assert np.allclose(contexts, expected, atol=1e-4)


def test_distances_on_the_map_are_those_of_the_plane_in_both_directions():
    made = trace(8, 3)
    states = made.states.double().numpy()
    plane = maps.principal_plane(states)
    true = maps.projected(plane, states)
    drawn = points(figures.context_map(made), "state")
    true_steps = np.diff(true, axis=0)
    drawn_steps = np.diff(drawn, axis=0)
    scale = drawn_steps[0, 0] / true_steps[0, 0]
    assert scale > 0 and np.allclose(drawn_steps, scale * true_steps)
    assert np.allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-9)
    assert (true[0] <= 1e-9).all()  # the first word on the left and below


@pytest.mark.parametrize("words", (3, 8, 40))
def test_the_shares_of_variance_are_the_largest_eigenvalues_of_the_covariance(words):
    made = trace(words, 3)
    eigenvalues = np.linalg.eigvalsh(np.cov(made.states.double().numpy().T))
    shares = eigenvalues[[-1, -2]] / eigenvalues.sum()
    plane = maps.principal_plane(made.states.double().numpy())
    assert np.allclose(plane.shares, shares)
    picture = figures.context_map(made)
    first, second = (f"{share:.0%}" for share in shares)
    assert f"first component: {first} of the variance" in texts(picture)
    assert f"second component: {second}" in texts(picture)
    assert written_shares(picture.alt) == [round(100 * share) for share in shares]


def test_one_and_two_states_have_a_map_too():
    alone = figures.context_map(trace(1, 3))
    assert "a single state: nothing varies" in texts(alone)
    assert np.allclose(points(alone, "state"), points(alone, "context"))
    two = figures.context_map(trace(2, 3))
    assert "first component: 100% of the variance" in texts(two)
    assert "second component: 0%" in texts(two)
    assert np.ptp(points(two, "state")[:, 1]) == pytest.approx(0, abs=1e-9)
    assert maps.principal_plane(np.ones((3, 5))).shares.tolist() == [0, 0]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("words", (3, 8, 40))
def test_lines_are_as_thick_as_weights_and_go_from_context_to_state(words, rule):
    made = trace(words, 4, rule)
    picture = figures.context_map(made)
    states = points(picture, "state")
    contexts = points(picture, "context")
    drawn = lines(picture)
    expected = {(i + 1, j + 1) for i in range(len(contexts)) for j in range(words)
                if made.weights[i, j] >= maps.THINNEST}
    assert set(drawn) == expected
    for (step, word), line in drawn.items():
        weight = made.weights[step - 1, word - 1].item()
        assert line.get_linewidth() == pytest.approx(maps.THICKEST * weight)
        assert np.allclose(line.get_xydata(), [contexts[step - 1], states[word - 1]])
        assert to_hex(line.get_color()) == (HUES[word - 1] if words <= 8 else DARK)


def test_the_fixed_context_is_one_point_the_mean_the_centre_and_attention_walks():
    fixed = figures.context_map(trace(5, 6, "fixed"))
    assert np.allclose(points(fixed, "context"), points(fixed, "state")[-1:])
    assert {"c1 … c6", "one point for all steps: h5 itself"} <= set(texts(fixed))
    mean = figures.context_map(trace(5, 6, "mean"))
    assert np.allclose(points(mean, "context"), points(mean, "state").mean(axis=0), atol=1e-6)
    assert {"c1 … c6", "one point for all steps: the centre of the states"} <= set(texts(mean))
    made = trace(5, 6)
    walk = figures.context_map(made)
    assert {"c1 été0", "c6 <eos>", "a walk through 6 different mixtures"} <= set(texts(walk))
    contexts = points(walk, "context")
    steps = [(tuple(start), tuple(end)) for start, end in zip(contexts, contexts[1:], strict=False)
             if np.linalg.norm(end - start) > 4 * maps.CONTEXT_RADIUS]
    assert steps and np.allclose(arrows(walk), steps)
    single = figures.context_map(trace(5, 1))
    assert "c1 <eos>" in texts(single)


def test_the_grey_area_is_the_hull_of_the_states():
    made = trace(8, 9)
    picture = figures.context_map(made)
    area = Path(parts(picture)["panel1-hull"].get_xy())
    states = points(picture, "state")
    corners = area.vertices[:-1]
    for corner in corners:
        assert np.isclose(states, corner).all(axis=1).any()
    drawn = np.concatenate([states, points(picture, "context")])
    centre = corners.mean(axis=0)
    within = centre + 0.999 * (drawn - centre)  # away from the edge itself
    assert area.contains_points(within).all()


def test_a_hull_worked_by_hand():
    corners = maps.hull(np.array([[0, 0], [2, 0], [1, 1], [2, 2], [0, 2], [1, 0]]))
    assert corners == [(0, 0), (2, 0), (2, 2), (0, 2)]


def test_states_and_their_labels_have_the_hues_of_the_words():
    picture = figures.context_map(LOVE)
    drawn = parts(picture)
    for j, word in enumerate(LOVE.source):
        assert drawn[f"panel1-state-{j + 1}"].get_color() == HUES[j]
        label = next(text for text in labels(picture) if text.get_text() == f"h{j + 1} {word}")
        assert label.get_color() == HUES[j]


@pytest.mark.parametrize("made", [LOVE, trace(1, 2), trace(2, 6), trace(8, 10), trace(8, 9, "mean"),
                                  trace(8, 3, "fixed"), trace(40, 41), trace(40, 41, "fixed")])
@pytest.mark.slow
def test_no_label_covers_another_one_or_a_point(made):
    picture = figures.context_map(made)
    picture.fig.draw_without_rendering()
    boxes = [text.get_window_extent().padded(-2) for text in labels(picture)]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])
        for kind in ("state", "context"):
            drawn = points(picture, kind)
            pixels = picture.fig.axes[0].transData.transform(drawn)
            assert not any(box.contains(*pixel) for pixel in pixels)


@pytest.mark.slow
def test_of_a_long_sentence_the_heaviest_words_and_some_contexts_have_labels():
    made = trace(40, 41)
    written = [text.get_text() for text in labels(figures.context_map(made))]
    heaviest = np.argsort(-made.weights.sum(dim=0).numpy())[:8]
    expected = {f"h{j + 1} word{j}" for j in heaviest}
    assert {words for words in written if words.startswith("h")} == expected
    contexts = [words for words in written if words.startswith("c")]
    assert len(contexts) == 12 and contexts[0] == "c1 été0" and contexts[-1] == "c41 <eos>"
    fixed = [text.get_text() for text in labels(figures.context_map(trace(40, 41, "fixed")))]
    assert {"h1 word0", "h40 word39", "c1 … c41"} <= set(fixed) and len(fixed) == 9


def test_a_label_belongs_to_the_point_nearest_to_its_edge():
    """Its middle may be nearer to its own point: a reader sees where the words begin and end."""
    label = maps.Label("c1 est-ce", (0.0, -0.5), "black", "bold")
    place = maps.Box(-1.0, 0.0, 1.0, 0.2)
    beside = (1.1, 0.1)
    assert maps.distance_to(place, beside) == pytest.approx(0.1)
    assert maps.distance_to(place, label.point) == pytest.approx(0.5)
    assert maps.distance_to(place, place.middle) == 0
    assert maps.belongs_to_another(label, place, [label.point, beside])
    assert not maps.belongs_to_another(label, place, [label.point, (3.0, 3.0)])


def test_the_alternative_text_says_where_each_context_lies():
    made = trace(5, 3)
    alt = figures.context_map(made).alt
    for i in range(3):
        distances = ((made.states - made.context[i]) ** 2).sum(dim=1)
        nearest = int(distances.argmin())
        context = f"c{i + 1}, producing “{made.target[i]}”"
        assert f"{context}, lies nearest to h{nearest + 1} “word{nearest}”" in alt
    fixed = figures.context_map(trace(5, 3, "fixed")).alt
    assert "Fixed context: one point for all steps: h5 itself." in fixed
    assert "the point lies nearest to h5 “word4”" in fixed
