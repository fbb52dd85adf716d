"""What all pictures share: hues, weights as they are written, rails, and the file that is shown."""
import base64
import io

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from drawing import LOVE, trace
from helpers import figures
from helpers.figures import style


def picture_in_many_colours():
    """A picture with more colours than a file keeps: a red area, and one of many shades."""
    fig = Figure(figsize=(4, 2))
    left, right = fig.subplots(1, 2)
    left.set_facecolor("#d55e00")
    right.imshow(np.random.default_rng(1).random((60, 60, 3)))
    return figures.Picture(fig, "many colours")


def test_up_to_eight_words_have_a_hue_each_and_more_share_one():
    eight = style.hues(["word"] * 8)
    assert len(set(eight)) == 8
    assert style.hues(["i", "love", "you"]) == eight[:3]
    assert set(style.hues(["word"] * 9)) == {style.DARK}


@pytest.mark.parametrize("weights, written", [
    ([0.333, 0.333, 0.334], ["0.33", "0.33", "0.34"]),
    ([0.004, 0.986, 0.01], ["0.00", "0.99", "0.01"]),
    ([1.0], ["1.00"]),
    ([1 / 7] * 7, ["0.15", "0.15", "0.14", "0.14", "0.14", "0.14", "0.14"]),
])
def test_displayed_weights_add_up_to_one(weights, written):
    shown = style.shown_weights(weights)
    assert sorted(shown) == sorted(written)
    assert sum(float(number) for number in shown) == pytest.approx(1)


def test_the_segments_of_a_rail_are_as_long_as_the_weights():
    ax = Figure().subplots()
    style.draw_rail(ax, 1, 2, 4, 0.5, [0.25, 0.75], style.HUES[:2], "rail")
    first, second = ax.patches
    assert (first.get_x(), first.get_width()) == (1, 1)
    assert (second.get_x(), second.get_width()) == (2, 3)
    assert [patch.get_gid() for patch in ax.patches] == ["rail-1", "rail-2"]


def test_a_picture_is_a_file_that_says_what_it_shows(tmp_path):
    picture = figures.attention_heatmap(LOVE)
    picture.save(tmp_path / "picture.png")
    assert [file.name for file in tmp_path.iterdir()] == ["picture.png"]
    assert Image.open(tmp_path / "picture.png").text["Description"] == picture.alt
    assert not pyplot.get_fignums()


def test_a_notebook_receives_the_picture_its_words_and_its_natural_width():
    picture = figures.attention_heatmap(LOVE)
    data, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == data["text/plain"] == picture.alt
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert image.width == pytest.approx(2 * metadata["image/png"]["width"], abs=2)


@style.styled
def test_a_file_keeps_the_colours_of_areas_and_takes_the_nearest_for_rare_ones():
    picture = picture_in_many_colours()
    exact = io.BytesIO()
    picture.fig.savefig(exact, format="png", dpi=style.DENSITY)
    exact = np.asarray(Image.open(exact).convert("RGB")).astype(int)
    kept = Image.open(io.BytesIO(picture.png()))
    few = np.asarray(kept.convert("RGB")).astype(int)
    assert kept.mode == "P"
    red = (exact == [0xd5, 0x5e, 0x00]).all(axis=2)
    assert red.sum() > 10_000 and (few[red] == exact[red]).all()
    white = (exact == 255).all(axis=2)
    assert (few[white] == 255).all()
    assert np.abs(few - exact).mean() < 20


def test_words_say_what_a_row_looks_at():
    made = trace(5, 12)
    row, column = divmod(int(made.weights.argmax()), 5)
    told = f"the model looks most at “word{column}” with weight {made.weights.max():.2f}"
    assert f"t step {row + 1}, producing “{made.target[row]}”, {told}" in style.described(made)
    assert "weighs all 3 words alike, 1/3 each" in style.described(trace(3, 2, "mean"))
