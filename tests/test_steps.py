"""One step, and all steps: what is drawn are the trace's own numbers, in the hues of its words."""
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.text import Text
from PIL import Image

from drawing import LOVE, check_whole_and_legible, trace, visible_texts
from helpers import figures
from helpers.figures import shares, steps
from helpers.figures.style import DARK, HUES, NOW, toward_white
from helpers.translation import Trace

LENGTHS = (1, 3, 8, 40)
RULES = ("fixed", "mean", "additive")


def parts(picture):
    """What is drawn, by name."""
    named = picture.fig.findobj(lambda part: part.get_gid() is not None)
    return {part.get_gid(): part for part in named}


def names(picture, start):
    """The names of the parts that begin so."""
    return [name for name in parts(picture) if name.startswith(start)]


def numbers(part):
    """The numbers of a vector, read from its cells."""
    return np.asarray(part.get_array(), dtype=float).ravel()


def width(mesh):
    """How wide a vector is drawn, and how tall."""
    corners = mesh.get_coordinates().reshape(-1, 2)
    return np.ptp(corners, axis=0)


def middle(mesh):
    """Where a vector stands."""
    corners = mesh.get_coordinates().reshape(-1, 2)
    return (corners.min(axis=0) + corners.max(axis=0)) / 2


def colour(part):
    """The colour of a bar, or of letters."""
    if isinstance(part, Text):
        return to_hex(part.get_color())
    return to_hex(part.get_facecolor())


def texts(picture):
    """All that is written."""
    return [text.get_text() for text in visible_texts(picture)]


def lying_rail(picture, name, count):
    """The lengths of the segments of a lying rail."""
    drawn = parts(picture)
    return [drawn[f"rail-{name}-{number}"].get_width() for number in range(1, count + 1)]


def standing_rail(picture, name, count):
    """The lengths of the segments of a standing rail."""
    drawn = parts(picture)
    return [drawn[f"rail-{name}-{number}"].get_height() for number in range(1, count + 1)]


# One step.

@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("words", LENGTHS)
def test_a_step_is_whole_and_legible(words, rule):
    made = trace(words, words + 1, rule)
    check_whole_and_legible(figures.step_panels(made, words + 1))


@pytest.mark.slow
def test_the_file_of_a_step_says_what_it_shows(tmp_path):
    picture = figures.step_panels(LOVE, 1)
    check_whole_and_legible(picture)
    picture.save(tmp_path / "step.png")
    assert Image.open(tmp_path / "step.png").text["Description"] == picture.alt
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("words", (1, 3, 8))
def test_a_step_draws_the_numbers_of_its_row_in_the_hues_of_the_words(words):
    made = trace(words, 4)
    picture = figures.step_panels(made, 2)
    drawn = parts(picture)
    scores = made.scores.numpy()
    span = max(scores.max(), 0) - min(scores.min(), 0)
    for j in range(words):
        score, weight = drawn[f"score-{j + 1}"], drawn[f"weight-{j + 1}"]
        assert score.get_width() == pytest.approx(steps.BAR * scores[1, j] / span, rel=1e-5)
        assert weight.get_width() == pytest.approx(steps.BAR * made.weights[1, j].item())
        assert colour(score) == colour(weight) == HUES[j]
        state = made.states[j, :6]
        assert np.allclose(numbers(drawn[f"state-{j + 1}"]), state)
        assert np.allclose(numbers(drawn[f"factor-{j + 1}"]), state)
        assert np.allclose(numbers(drawn[f"product-{j + 1}"]), made.weights[1, j] * state)
    assert np.allclose(numbers(drawn["query"]), made.hidden[1, :6])
    assert np.allclose(numbers(drawn["c2"]), made.context[1, :6])
    assert [name for name in drawn if name.startswith("c")] == ["c2"]


def test_the_hue_of_a_word_is_on_all_that_belongs_to_it():
    picture = figures.step_panels(LOVE, 2)
    written = visible_texts(picture)
    for j, hue in enumerate(HUES[:3]):
        weight = f"{LOVE.weights[1, j]:.2f}"
        product = f"{weight}·h{j + 1}"
        for words in (f"h{j + 1}", weight, product, f"{LOVE.scores[1, j]:.2f}".replace("-", "−")):
            found = [text for text in written if text.get_text() == words]
            assert found, words
            assert {colour(text) for text in found} == {hue}, words
        drawn = parts(picture)
        assert drawn[f"flow-{j + 1}"].get_color() == hue
        assert colour(drawn[f"rail-c2-{j + 1}"]) == hue


@pytest.mark.slow
def test_products_add_up_to_the_context_and_all_vectors_have_the_same_cells():
    for made in (LOVE, trace(8, 3), trace(40, 3), trace(40, 3, "mean"), trace(9, 2)):
        drawn = parts(figures.step_panels(made, 2))
        products = [numbers(part) for name, part in drawn.items() if name.startswith("product-")]
        assert np.allclose(sum(products), made.context[1, :6], atol=1e-6)
        meshes = [part for part in drawn.values() if isinstance(part, QuadMesh)]
        sizes = np.array([width(mesh) for mesh in meshes])
        assert np.allclose(sizes, [steps.VECTOR_WIDTH, steps.VECTOR_HEIGHT])
        assert {mesh.get_clim() for mesh in meshes} == {meshes[0].get_clim()}


@pytest.mark.parametrize("words", (3, 8))
def test_the_rail_of_each_context_is_its_row_of_weights(words):
    made = trace(words, 4)
    picture = figures.step_panels(made, 3)
    now = standing_rail(picture, "c3", words)
    assert np.allclose(now, made.weights[2] * steps.VECTOR_HEIGHT, atol=1e-6)
    for row in (0, 1):
        before = lying_rail(picture, f"c{row + 1}", words)
        assert np.allclose(before, made.weights[row] * 0.8, atol=1e-6)
    assert {"été0", "été1"} <= set(texts(picture))


def test_causes_stand_left_of_or_above_their_effects():
    drawn = parts(figures.step_panels(LOVE, 2))
    query, context = middle(drawn["query"]), middle(drawn["c2"])
    for j in (1, 2, 3):
        state = middle(drawn[f"state-{j}"])
        product = middle(drawn[f"product-{j}"])
        score, weight = drawn[f"score-{j}"].get_x(), drawn[f"weight-{j}"].get_x()
        assert state[0] < score < weight < product[0] < context[0]
        assert query[1] > state[1] == pytest.approx(product[1])
    likely = [drawn[name].get_y() for name in drawn if name.startswith("likely-")]
    assert context[1] > max(likely)


def test_yellow_is_the_word_that_comes_out_and_nothing_else():
    picture = figures.step_panels(LOVE, 2)
    drawn = parts(picture)
    patches = [patch for patch in picture.fig.axes[0].patches if colour(patch) == NOW]
    assert patches == [drawn["now"]]
    light = drawn["now"].get_bbox()
    lit = [text.get_text() for text in visible_texts(picture)
           if light.contains(*text.get_position())]
    assert lit == ["t'", "0.90"]
    chances = [drawn[f"likely-{number}"].get_width() for number in range(1, 6)]
    assert chances == [chance for _, chance in LOVE.rivals[1]]


def test_a_word_of_a_reference_is_shown_even_if_it_was_not_likely():
    forced = LOVE._replace(target=["je", "vous", "aime", "<eos>"])
    picture = figures.step_panels(forced, 2)
    check_whole_and_legible(picture)
    assert "was given" in texts(picture)
    light = parts(picture)["now"].get_bbox()
    lit = [text.get_text() for text in visible_texts(picture)
           if light.contains(*text.get_position())]
    assert lit == ["vous", "was given"]


@pytest.mark.slow
def test_titles_and_what_is_said_so_far():
    picture = figures.step_panels(LOVE, 2)
    assert "Step 2 of 4: “t'” comes out" in texts(picture)
    assert "je" in texts(picture) and "decoder,\nwith “je” and dh1" in texts(picture)
    assert "the decoder's state that produced “je”" in texts(picture)
    first = texts(figures.step_panels(LOVE, 1))
    assert "nothing" in first and "decoder,\nwith “<sos>” and h3" in first
    late = texts(figures.step_panels(trace(8, 10), 10))
    assert {"…", "été3", "été8"} <= set(late) and "été2" not in late


@pytest.mark.slow
def test_the_fixed_context_and_the_mean_ask_nothing_and_have_no_empty_bars():
    for rule, scores in (("fixed", ["−∞", "−∞", "0.00"]), ("mean", ["0.00"] * 3)):
        picture = figures.step_panels(trace(3, 2, rule), 1)
        drawn = parts(picture)
        assert "query" not in drawn
        assert not names(picture, "score-") and not names(picture, "state-")
        written = [text for text in visible_texts(picture) if text.get_text() in ("−∞", "0.00")]
        left = [text.get_text() for text in written if text.get_position()[0] < 3]
        assert left == scores
        assert any("asks no query" in words for words in texts(picture))


@pytest.mark.parametrize("rule", RULES)
def test_of_a_long_sentence_the_heaviest_words_have_rows_and_the_others_one_together(rule):
    made = trace(40, 5, rule)
    picture = figures.step_panels(made, 2)
    drawn = parts(picture)
    rows = [name.removeprefix("weight-") for name in names(picture, "weight-")]
    weights = made.weights[1].numpy()
    assert len(rows) <= 8 and rows[-1] == "others"
    named = [int(row) - 1 for row in rows[:-1]]
    others = np.delete(weights, named)
    assert weights[named].min() >= max(others.max() - 1e-6, 0.005)
    assert len(named) == 7 or others.max() < 0.005
    assert drawn["weight-others"].get_width() == pytest.approx(steps.BAR * others.sum(), abs=1e-6)
    for row in rows[:-1]:
        assert colour(drawn[f"weight-{row}"]) == DARK
    assert colour(drawn["weight-others"]) == to_hex(toward_white(DARK, 0.4))
    assert f"{len(others)} others" in texts(picture)
    rail = standing_rail(picture, "c2", len(rows))
    assert np.allclose(rail, [*(weights[named] * 0.78), others.sum() * 0.78], atol=1e-6)
    if rule == "additive":
        highest = np.delete(made.scores[1].numpy(), named).max()
        assert f"≤ {highest:.2f}".replace("-", "−") in texts(picture)


def test_nine_words_never_leave_one_word_as_the_others():
    for words in range(9, 18):
        made = trace(words, 2)
        for named in range(words):
            places = shares.places_for(made, list(range(named)))
            assert places[-1].label != "1 others"
            assert sorted(word for place in places for word in place.words) == list(range(words))


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("words", LENGTHS)
def test_displayed_weights_add_up_to_one(words, rule):
    picture = figures.step_panels(trace(words, 3, rule), 2)
    drawn = parts(picture)
    written = [drawn[name].get_text() for name in names(picture, "written-")]
    assert len(written) == len(names(picture, "weight-"))
    assert sum(float(weight) for weight in written) == pytest.approx(1)
    assert "1.00" in texts(picture)


@pytest.mark.parametrize("step", [0, 5, -1, 10**9])
def test_a_step_that_the_sentence_does_not_have_is_an_error(step):
    with pytest.raises(ValueError, match="this sentence has steps 1 to 4, there is no step"):
        figures.step_panels(LOVE, step)
    with pytest.raises(ValueError, match="this sentence has steps 1 to 4, there is no step"):
        figures.pipeline_grid(LOVE, step)


@pytest.mark.parametrize("step", [True, 1.0, "1", None])
def test_a_step_that_is_no_whole_number_is_an_error(step):
    with pytest.raises(TypeError, match="give a whole number"):
        figures.step_panels(LOVE, step)


def test_a_numpy_number_is_a_step_too():
    assert "Step 2 of 4: “t'” comes out" in texts(figures.step_panels(LOVE, np.int64(2)))


def test_what_a_step_says_in_words():
    alt = figures.step_panels(LOVE, 2).alt
    top = int(LOVE.weights[1].argmax())
    weight = f"{LOVE.weights[1, top]:.2f}"
    assert f"looks most at “{LOVE.source[top]}” with weight {weight}" in alt
    assert f"{weight} times h{top + 1} of {LOVE.source[top]}" in alt
    assert "The likeliest words: “t'” 0.90, “le” 0.06" in alt


def test_a_context_that_is_no_sum_of_states_is_not_called_one():
    made = trace(3, 2, "fixed")
    other = Trace(*made)._replace(context=made.context + 0.5)
    picture = figures.step_panels(other, 1)
    check_whole_and_legible(picture)
    assert any("not the sum of these products" in words for words in texts(picture))
    assert "and not the sum of" in picture.alt
    assert texts(figures.pipeline_grid(other)).count("≠") == 2
    assert texts(figures.pipeline_grid(made)).count("≠") == 0


# All steps.

@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("words", LENGTHS)
def test_a_grid_is_whole_and_legible(words, rule):
    check_whole_and_legible(figures.pipeline_grid(trace(words, words + 1, rule)))


@pytest.mark.parametrize("words", (1, 3, 8))
def test_a_grid_draws_all_numbers_in_the_hues_of_the_words(words):
    made = trace(words, 5)
    picture = figures.pipeline_grid(made)
    drawn = parts(picture)
    scores = made.scores.numpy()
    bars = np.array([[drawn[f"score-{i + 1}-{j + 1}"].get_height() for j in range(words)]
                     for i in range(5)])
    scale = bars.ravel()[np.abs(scores).argmax()] / scores.ravel()[np.abs(scores).argmax()]
    assert scale > 0 and np.allclose(bars, scale * scores, atol=1e-5)
    full = steps.VECTOR_HEIGHT - steps.NUMBER_ROOM
    for i in range(5):
        for j in range(words):
            weight = drawn[f"weight-{i + 1}-{j + 1}"]
            assert weight.get_height() == pytest.approx(full * made.weights[i, j].item(), abs=1e-6)
            assert colour(weight) == colour(drawn[f"score-{i + 1}-{j + 1}"]) == HUES[j]
            product = numbers(drawn[f"product-{i + 1}-{j + 1}"])
            assert np.allclose(product, made.weights[i, j] * made.states[j, :6])
        assert np.allclose(numbers(drawn[f"c{i + 1}"]), made.context[i, :6])
        rail = standing_rail(picture, f"c{i + 1}", words)
        assert np.allclose(rail, made.weights[i] * steps.VECTOR_HEIGHT, atol=1e-6)
    assert texts(picture).count("+") == 5 * (words - 1)
    assert texts(picture).count("=") == 5


def test_headers_are_the_words_in_their_hues_and_labels_the_words_produced():
    picture = figures.pipeline_grid(LOVE)
    written = visible_texts(picture)
    for word, hue in zip(LOVE.source, HUES, strict=False):
        headers = [text for text in written if text.get_text() == word]
        assert [colour(text) for text in headers] == [hue] * 3
        first = parts(picture)[f"weight-1-{LOVE.source.index(word) + 1}"]
        assert headers[1].get_position()[0] == pytest.approx(first.get_x() + first.get_width() / 2)
    heights = []
    for number, word in enumerate(LOVE.target, start=1):
        label = next(text for text in written if text.get_text() == word)
        context = parts(picture)[f"c{number}"]
        assert label.get_position()[1] == pytest.approx(middle(context)[1])
        heights.append(label.get_position()[1])
    assert heights == sorted(heights, reverse=True)


def test_every_vector_of_a_grid_has_the_same_cells():
    for made in (LOVE, trace(40, 5)):
        picture = figures.pipeline_grid(made)
        meshes = [part for part in parts(picture).values() if isinstance(part, QuadMesh)]
        sizes = np.array([width(mesh) for mesh in meshes])
        assert np.allclose(sizes, sizes[0])


def test_a_long_sentence_has_narrow_columns_for_its_heaviest_words_and_one_for_the_others():
    made = trace(40, 41)
    picture = figures.pipeline_grid(made)
    drawn = parts(picture)
    columns = [name.removeprefix("weight-1-") for name in names(picture, "weight-1-")]
    assert len(columns) == 16 and columns[-1] == "others"
    assert not names(picture, "weight-13-") and names(picture, "weight-12-")
    for i in range(12):
        shown = [drawn[f"weight-{i + 1}-{column}"].get_height() for column in columns]
        assert sum(shown) == pytest.approx(steps.VECTOR_HEIGHT, abs=1e-6)
        products = [numbers(drawn[f"product-{i + 1}-{column}"]) for column in columns]
        assert np.allclose(sum(products), made.context[i, :6], atol=1e-6)
    assert {colour(drawn[f"weight-1-{column}"]) for column in columns[:-1]} == {DARK}
    assert "+" not in texts(picture)
    assert "From scores to contexts: steps 1 to 12 of 41" in texts(picture)


def test_the_steps_that_a_grid_leaves_out_can_be_asked_for():
    made = trace(3, 30)
    picture = figures.pipeline_grid(made, first=25)
    assert "From scores to contexts: steps 25 to 30 of 30" in texts(picture)
    drawn = parts(picture)
    assert "c24" not in drawn and np.allclose(numbers(drawn["c25"]), made.context[24, :6])
    assert len([name for name in drawn if name.startswith("c")]) == 6


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("words", (1, 3, 8))
@pytest.mark.slow
def test_displayed_weights_of_each_row_add_up_to_one(words, rule):
    picture = figures.pipeline_grid(trace(words, 4, rule))
    drawn = parts(picture)
    for step in range(1, 5):
        written = [drawn[name].get_text() for name in names(picture, f"written-{step}-")]
        assert len(written) == words
        assert sum(float(weight) for weight in written) == pytest.approx(1)


def test_scores_without_bars_are_written():
    assert texts(figures.pipeline_grid(trace(3, 2, "fixed"))).count("−∞") == 4
    assert texts(figures.pipeline_grid(trace(3, 2, "mean"))).count("0.00") == 6
    assert texts(figures.pipeline_grid(trace(40, 2, "mean"))).count("0.00 each") == 2
    assert not names(figures.pipeline_grid(trace(40, 2, "mean")), "score-")


def test_what_a_grid_says_in_words():
    alt = figures.pipeline_grid(LOVE).alt
    assert alt.startswith("From scores to contexts: all 4 steps")
    top = int(LOVE.weights[2].argmax())
    assert f"producing “aime”, the model looks most at “{LOVE.source[top]}”" in alt
