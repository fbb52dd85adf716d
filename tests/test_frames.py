"""The nine frames show the trace's own numbers, under the right words and in their hues."""
import functools
import itertools
import re
from decimal import Decimal

import numpy as np
import pytest
import torch
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch, Patch, Rectangle

from drawing import LOVE, check_whole_and_legible, trace, visible_texts
from helpers.figures import frames
from helpers.figures.frames import nine_frames
from helpers.figures.frames_layout import shortened, window
from helpers.figures.frames_story import story
from helpers.figures.style import HUES, NOW, toward_white

MADE = {
    "one word, one step": trace(1, 1),
    "two words": trace(2, 3),
    "eight words": trace(8, 10),
    "many steps": trace(3, 20),
    "long words": trace(8, 5, source=8 * ["Sicherheitsausrüstung"], target=5 * ["ungewöhnliche"]),
    "other letters": trace(3, 3, source=["σ'", "αγαπώ", "πολύ"], target=["я", "люблю", "<eos>"]),
    "signs of mathematics": trace(3, 3, source=["$5", "a_b", "x^2"], target=["$5", "{", "<eos>"]),
}


@functools.cache
def made(name):
    """The frames of one of these, drawn once."""
    return nine_frames(MADE[name])


@pytest.fixture(scope="module")
def love():
    """The nine frames of "i love you", counted from 1."""
    return dict(enumerate(nine_frames(LOVE), start=1))


# Read back from what was drawn.

def vectors(picture):
    """The numbers of every vector, by its name."""
    meshes = picture.fig.findobj(QuadMesh)
    return {mesh.get_gid(): np.asarray(mesh.get_array()).ravel() for mesh in meshes}


def patches(picture):
    """Every box, bar and segment that has a name."""
    return {patch.get_gid(): patch for patch in picture.fig.findobj(Patch) if patch.get_gid()}


def words(picture):
    """Every text that has a name."""
    return {text.get_gid(): text for text in visible_texts(picture) if text.get_gid()}


def named(found, name):
    """Those called name1, name2, …, in this order."""
    there = [key for key in found if re.fullmatch(rf"{name}\d+", key)]
    return [found[key] for key in sorted(there, key=lambda key: int(key.removeprefix(name)))]


def written(picture, name):
    """The texts called name1, name2, …"""
    return [text.get_text() for text in named(words(picture), name)]


def lit(picture):
    """The names of what stands on yellow."""
    names = set()
    for name, patch in patches(picture).items():
        if to_hex(patch.get_facecolor()) == NOW:
            names.add(name)
    for name, text in words(picture).items():
        box = text.get_bbox_patch()
        if box is not None and to_hex(box.get_facecolor()) == NOW:
            names.add(name)
    return names - {"light"}


def line(picture, name):
    """A line in several colours, as its pieces: what is written, and its colour."""
    boxes = [part for part in picture.fig.axes[0].artists if part.get_gid() == name]
    pieces = boxes[0].offsetbox.get_children()
    return [(piece.get_text(), piece.get_children()[0].get_color()) for piece in pieces]


def lengths(picture, name):
    """The lengths of a rail's segments, as shares of the whole."""
    segments = named(patches(picture), f"{name}-")
    sizes = np.array([[segment.get_width(), segment.get_height()] for segment in segments])
    along = int(np.argmax(sizes.sum(axis=0)))
    return sizes[:, along] / sizes[:, along].sum()


# How many frames, and of what.

def test_three_words_and_four_steps_make_nine_frames(love):
    assert len(love) == 9
    stages = [(scene.step, scene.stage) for scene in story(LOVE)]
    assert stages == [(1, "vanilla"), (1, "network"), (1, "scores"), (1, "weights"), (1, "context"),
                      (2, "weights"), (2, "word"), (3, "word"), (4, "word")]


@pytest.mark.slow
def test_every_further_step_is_one_frame_more():
    assert len(made("one word, one step")) == 6
    assert len(made("two words")) == 8
    assert len(made("eight words")) == 15


def test_a_page_has_room_for_eight_source_words():
    with pytest.raises(ValueError, match="8 source words.* has 9: choose a shorter sentence"):
        nine_frames(trace(9, 4))


# Numbers.

def test_vectors_are_the_first_numbers_of_the_traces_own(love):
    drawn = vectors(love[7])
    product_sum = sum(drawn[f"product{place}"] for place in (1, 2, 3))
    assert np.allclose(drawn["context"], LOVE.context[1, :6])
    assert np.allclose(drawn["context"], product_sum, atol=1e-6)
    for place in (1, 2, 3):
        assert np.allclose(drawn[f"h{place}"], LOVE.states[place - 1, :6])
        product = LOVE.weights[1, place - 1] * LOVE.states[place - 1, :6]
        assert np.allclose(drawn[f"product{place}"], product)


def test_earlier_contexts_stay_beside_their_cells(love):
    drawn = vectors(love[9])
    for step in (1, 2, 3, 4):
        assert np.allclose(drawn[f"c{step}"], LOVE.context[step - 1, :6])
        assert np.allclose(lengths(love[9], f"c{step}-rail"), LOVE.weights[step - 1], atol=1e-6)


def test_rails_are_as_long_as_the_weights(love):
    assert np.allclose(lengths(love[7], "context-rail"), LOVE.weights[1], atol=1e-6)
    for row in range(4):
        assert np.allclose(lengths(love[9], f"rail{row + 1}"), LOVE.weights[row], atol=1e-6)


def test_bars_scores_and_cells_say_the_weights(love):
    shares = [bar.get_height() / frames.BAR_HEIGHT for bar in named(patches(love[7]), "bar")]
    assert np.allclose(shares, LOVE.weights[1], atol=1e-6)
    scores = [f"{score:.2f}".replace("-", "−") for score in LOVE.scores[1].tolist()]
    assert written(love[7], "score") == scores
    for row in (1, 2, 3, 4):
        for place, hue in enumerate(HUES[:3], start=1):
            cell = patches(love[9])[f"cell{row}-{place}"]
            shade = toward_white(hue, float(LOVE.weights[row - 1, place - 1]))
            assert np.allclose(cell.get_facecolor()[:3], shade, atol=1e-6)


@pytest.mark.parametrize("name", ["one word, one step", "two words", "eight words"])
@pytest.mark.slow
def test_displayed_weights_add_up_to_one(name):
    last = made(name)[-1]
    over_bars = written(last, "weight")
    assert sum(map(Decimal, over_bars)) == 1
    products = [f"{weight}·h{place}" for place, weight in enumerate(over_bars, start=1)]
    assert written(last, "product-name") == products
    for row in range(1, len(MADE[name].target) + 1):
        assert sum(map(Decimal, written(last, f"number{row}-"))) == 1


def test_the_table_grows_and_says_which_word_is_to_come(love):
    assert "label1" not in words(love[3])
    assert written(love[4], "label") == ["?"]
    assert written(love[6], "label") == ["je", "?"]
    assert written(love[9], "label") == LOVE.target


def test_one_number_is_opened_and_marked(love):
    pieces = line(love[5], "one-number")
    text = " ".join(words for words, _ in pieces).replace("−", "-")
    terms, total = text.split(" = ")
    products = re.findall(r"([\d.]+)·\(?(-?[\d.]+)\)?", terms)
    assert len(products) == 3
    added = sum(Decimal(weight) * Decimal(number) for weight, number in products)
    assert round(added, 2) == Decimal(total)
    numbers = [float(number) for _, number in products]
    distances = (LOVE.states[:, :6].T - torch.tensor(numbers)).abs().sum(dim=1)
    cell = int(distances.argmin())
    assert np.allclose(LOVE.states[:, cell], numbers, atol=0.005)
    assert float(LOVE.context[0, cell]) == pytest.approx(float(total), abs=0.005)
    marks = [patch for patch in love[5].fig.findobj(Rectangle) if patch.get_gid() == "mark"]
    assert len(marks) == 7  # the states, the products, their sum
    heights = {round(mark.get_center()[1] - frames.PRODUCT, 6) for mark in marks}
    assert round(frames.number_height(cell), 6) in heights
    assert [colour for words, colour in pieces if "·" in words] == list(HUES[:3])
    assert "one-number" not in [part.get_gid() for part in love[6].fig.axes[0].artists]


# Hues and light.

def test_a_hue_belongs_to_its_word_in_every_frame(love):
    for number in range(2, 10):
        for place, hue in enumerate(HUES[:3]):
            drawn = patches(love[number])
            assert to_hex(named(drawn, "word")[place].get_edgecolor()) == hue
            assert to_hex(named(drawn, "f")[place].get_edgecolor()) == hue
            if number >= 4:
                assert to_hex(named(drawn, "bar")[place].get_facecolor()) == hue
                assert words(love[number])[f"header{place + 1}"].get_color() == hue
                assert to_hex(drawn[f"rail1-{place + 1}"].get_facecolor()) == hue
    for place, hue in enumerate(HUES[:3], start=1):
        for name in ("score", "weight", "product-name"):
            assert words(love[7])[f"{name}{place}"].get_color() == hue


def test_yellow_is_what_a_frame_adds(love):
    assert lit(love[2]) == {"f1", "f2", "f3", "query-name"}
    assert lit(love[3]) == {"score1", "score2", "score3"}
    assert lit(love[4]) == {"softmax", "weight1", "weight2", "weight3", "label1"}
    assert lit(love[5]) == {"cell1", "in1"}
    assert {"out1", "in2", "query-name", "label2"} < lit(love[6])
    assert lit(love[7]) == {"cell2", "out2"}
    assert {"cell3", "in3", "out3", "label3"} < lit(love[8])
    assert not {"cell2", "out2", "label2"} & lit(love[8])
    grounds = {}
    for number, picture in love.items():
        boxes = picture.fig.findobj(FancyBboxPatch)
        grounds[number] = len([box for box in boxes if box.get_gid() == "light"])
    # Contexts stand on yellow: in frame 1 over every cell; in frame 5 the opened number does, too.
    assert grounds == {1: 4, 2: 0, 3: 0, 4: 0, 5: 3, 6: 0, 7: 2, 8: 2, 9: 2}


# The story.

def test_the_vanilla_model_feeds_every_cell_with_the_last_state(love):
    drawn = vectors(love[1])
    for step in (1, 2, 3, 4):
        assert np.allclose(drawn[f"c{step}"], LOVE.states[2, :6])
        assert np.allclose(lengths(love[1], f"c{step}-rail"), [0, 0, 1])
        assert np.allclose(lengths(love[1], f"rail{step}"), [0, 0, 1])
    assert {"fog1", "fog2"} < set(patches(love[1])) and "fog3" not in patches(love[1])
    assert "not passed on" in [text.get_text() for text in visible_texts(love[1])]
    assert "h1 and h2 are not passed on" in love[1].alt


def test_the_query_is_the_state_that_enters_the_cell(love):
    assert words(love[2])["query-name"].get_text() == "query h3"
    assert words(love[7])["query-name"].get_text() == "query dh1"
    assert np.allclose(vectors(love[2])["input-h3"], LOVE.hidden[0, :6])
    other = LOVE._replace(hidden=LOVE.hidden + 1)
    assert words(nine_frames(other)[1])["query-name"].get_text() == "query dh0"


def test_the_last_frame_spells_the_sentence(love):
    pieces = line(love[9], "sentence")
    assert [word for word, _ in pieces] == ["i", "love", "you", "→", "je", "t'", "aime"]
    assert [colour for _, colour in pieces[:3]] == list(HUES[:3])


def test_captions_and_alternative_texts_say_the_numbers(love):
    top = int(LOVE.weights[1].argmax())
    weights = written(love[7], "weight")
    recipe = " + ".join(f"{weight}·h{place}" for place, weight in enumerate(weights, start=1))
    assert f"c2 = {recipe}" in love[7].alt
    assert f"now “{LOVE.source[top]}” gets {weights[top]}" in love[6].alt
    highest = f"{LOVE.scores[0].max():.2f}".replace("-", "−")
    assert f"has the highest, {highest}" in love[3].alt
    assert "i love you → je t' aime" in love[9].alt
    for row in range(4):
        best = LOVE.source[int(LOVE.weights[row].argmax())]
        looks = f"looks most at “{best}” with weight {LOVE.weights[row].max():.2f}"
        assert f"t step {row + 1}, producing “{LOVE.target[row]}”, the model {looks}" in love[9].alt


def test_words_that_choose_nothing_are_told_so():
    mean = nine_frames(trace(3, 3, "mean"))
    assert "all words alike" in mean[4].alt and "no state answers better" in mean[2].alt
    assert "the same mixture" in mean[6].alt
    fixed = nine_frames(trace(3, 3, "fixed"))
    assert written(fixed[2], "score") == ["−∞", "−∞", "0.00"]
    assert "all “word2”" in fixed[4].alt


# Room on the page.

def some(name):
    """Of many frames the first seven and the last."""
    pictures = made(name)
    return [*pictures[:7], pictures[-1]]


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 5, 9])
def test_frames_are_whole_and_legible(love, number):
    check_whole_and_legible(love[number])


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_last_frames_are_whole_and_legible(name):
    check_whole_and_legible(made(name)[-1])


def boxes_of_texts(picture):
    """The texts that stand upright, with the rectangles that their letters fill."""
    picture.fig.draw_without_rendering()
    found = []
    for text in visible_texts(picture):
        if text.get_rotation() == 0:
            found.append((text.get_text(), text.get_window_extent().padded(-2)))
    return found


@pytest.mark.parametrize("name", MADE)
@pytest.mark.slow
def test_no_text_stands_on_another(name):
    for picture in some(name):
        for (one, box), (other, second) in itertools.combinations(boxes_of_texts(picture), 2):
            assert not box.overlaps(second), (picture.alt[:8], one, other)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.slow
def test_no_wire_runs_through_a_text(name):
    for picture in some(name):
        texts = [(words, box) for words, box in boxes_of_texts(picture) if words != "softmax"]
        for wire in picture.fig.axes[0].lines:
            path = wire.get_path().transformed(wire.get_transform())
            for words, box in texts:
                assert not path.intersects_bbox(box, filled=False), (picture.alt[:8], words)


@pytest.mark.parametrize("step, steps, most, shown", [
    (1, 4, 4, [1, 2, 3, 4]),
    (2, 12, 4, [1, 2, 3, 4]),
    (7, 12, 4, [4, 5, 6, 7]),
    (3, 9, 1, [2, 3]),
    (1, 1, 3, [1]),
])
def test_of_many_cells_those_before_the_step_are_shown(step, steps, most, shown):
    assert list(window(step, steps, most)) == shown


@pytest.mark.slow
def test_left_out_cells_and_rows_are_dots():
    many = made("many steps")
    texts = [text.get_text() for text in visible_texts(many[21])]
    assert texts.count("…") == 3  # before the cells, after them, and in the table
    assert "out15" not in patches(many[-1])
    assert {"out17", "out20"} < set(patches(many[-1]))


def test_a_long_word_is_cut():
    assert shortened("understands") == "understands"
    assert shortened("Sicherheitsausrüstung") == "Sicherheits…"
    assert shortened("안녕하세요여러분들이여") == "안녕하세요여…"
