"""Tables show the trace's own weights under the right words, in their hues, and nothing else."""
import numpy as np
import pytest
import torch
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from drawing import LOVE, check_whole_and_legible, trace
from helpers import figures
from helpers.figures import heatmaps, style

SCRIPTS = {
    "Latin": "été",
    "Greek": "αγάπη",
    "Cyrillic": "люблю",
    "Hebrew": "אוהב",
    "Arabic": "أحبك",
}
SENTENCE = ["a", "man", "on", "a", "Gerüst", ",", "in", "red", "shorts", "."]


def words_like(word, number):
    return [f"{word}{place}" for place in range(number)]


def part(picture, name, kind=Text):
    """The one part of a picture with this gid."""
    found = [artist for artist in picture.fig.findobj(kind) if artist.get_gid() == name]
    assert len(found) == 1, f"{len(found)} parts called {name}"
    return found[0]


def parts(picture, start, kind):
    """The parts of a picture whose gid begins so."""
    return [artist for artist in picture.fig.findobj(kind)
            if (artist.get_gid() or "").startswith(start)]


def all_texts(picture):
    return [text.get_text() for text in picture.fig.findobj(Text) if text.get_text()]


def colours_of_cells(picture):
    """What the cells of each table look like: a list of [m, n, 3]."""
    meshes = parts(picture, "weights", QuadMesh)
    return [mesh.get_array()[..., :3] for mesh in meshes]


DRAWN = {
    "gold": lambda: figures.attention_heatmap(LOVE, [(0, 0), (2, 1), (9, 9)], "i love you"),
    "one word": lambda: figures.attention_heatmap(trace(1, 1)),
    "one step": lambda: figures.attention_heatmap(trace(4, 1)),
    "9 words": lambda: figures.attention_heatmap(trace(9, 12)),
    "40 words": lambda: figures.attention_heatmap(trace(40, 43)),
    "long words": lambda: figures.attention_heatmap(trace(8, 9, source=words_like("W" * 20, 8))),
    "long title": lambda: figures.attention_heatmap(LOVE, title="W" * 60),
    "rules": lambda: figures.compare_rules([trace(3, 2, "fixed"), trace(3, 5, "mean"), LOVE],
                                           title="$ as it is"),
    "rules, 12 words": lambda: figures.compare_rules([trace(12, 9, "mean"), trace(12, 10)]),
    "rules, 40 words": lambda: figures.compare_rules([trace(40, 30, "fixed"), trace(40, 40)]),
    "batch": lambda: figures.padded_batch([["où", "$5"], ["stop", "<pad>"]],
                                          torch.tensor([[True, True], [True, False]])),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_is_whole_and_legible(name):
    check_whole_and_legible(DRAWN[name]())


@pytest.mark.parametrize("n", [1, 3, 8, 40])
@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.slow
def test_sentences_of_any_length_and_script_are_drawn_without_a_warning(script, n, capsys):
    source = words_like(SCRIPTS[script], n)
    target = [*words_like(SCRIPTS[script], n), "<eos>"]
    picture = figures.attention_heatmap(trace(n, n + 1, source=source, target=target))
    if n == 40:
        picture.png()
    else:
        check_whole_and_legible(picture)
    assert {*source, *target} <= set(all_texts(picture))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("n", [1, 3, 8])
def test_a_cell_goes_from_white_to_the_hue_of_its_word(n):
    made = trace(n, n + 1)
    (cells,) = colours_of_cells(figures.attention_heatmap(made))
    for column, hue in enumerate(style.hues(made.source)):
        for row, weight in enumerate(made.weights[:, column].tolist()):
            assert np.allclose(cells[row, column], style.toward_white(hue, weight), atol=1e-6)


def test_long_sentences_go_from_white_to_one_dark_blue():
    made = trace(20, 5)
    (cells,) = colours_of_cells(figures.attention_heatmap(made))
    assert np.allclose(cells, style.WEIGHTS(made.weights.numpy())[..., :3])


@pytest.mark.parametrize("n, m", [(3, 4), (12, 5), (40, 41)])
def test_each_word_stands_over_its_column_or_beside_its_row(n, m):
    made = trace(n, m)
    picture = figures.attention_heatmap(made)
    mesh = part(picture, "weights", QuadMesh)
    corners = mesh.get_coordinates()  # [m + 1, n + 1, (x, y)]
    for column, (word, hue) in enumerate(zip(made.source, style.hues(made.source), strict=True)):
        header = part(picture, f"source-{column + 1}")
        x, y = header.get_position()
        assert header.get_text() == word and header.get_color() == hue
        assert x == pytest.approx(corners[0, column:column + 2, 0].mean())
        assert y > corners[0, 0, 1]
    for row, word in enumerate(made.target):
        label = part(picture, f"target-{row + 1}")
        x, y = label.get_position()
        assert label.get_text() == word
        assert y == pytest.approx(corners[row:row + 2, 0, 1].mean())
        assert x < corners[0, 0, 0]


def test_displayed_weights_are_the_traces_own_and_add_up_to_one():
    made = trace(7, 9)
    picture = figures.attention_heatmap(made)
    for row, weights in enumerate(made.weights.tolist(), start=1):
        written = [part(picture, f"weight-{row}-{column}").get_text() for column in range(1, 8)]
        shown = [float(number) for number in written]
        assert sum(shown) == pytest.approx(1)
        assert np.allclose(shown, weights, atol=0.0100001)


def test_a_rail_beside_each_row_is_its_weights():
    made = trace(5, 4)
    picture = figures.attention_heatmap(made)
    for row, weights in enumerate(made.weights.tolist(), start=1):
        segments = [part(picture, f"rail-{row}-{column}", Rectangle) for column in range(1, 6)]
        lengths = [segment.get_width() / heatmaps.RAIL for segment in segments]
        assert np.allclose(lengths, weights, atol=1e-6)
        shown = [segment.get_facecolor()[:3] for segment in segments]
        assert np.allclose(shown, [to_rgb(hue) for hue in style.hues(made.source)])
    assert not parts(figures.attention_heatmap(trace(9, 4)), "rail", Rectangle)


def test_gold_links_are_outlined_source_across_and_target_down_with_a_key():
    picture = figures.attention_heatmap(LOVE, [(2, 1), (0, 7)])
    corners = part(picture, "weights", QuadMesh).get_coordinates()
    outline, sample = parts(picture, "gold", Rectangle)
    middle = (corners[1, 2] + corners[2, 3]) / 2
    assert np.allclose(outline.get_center(), middle)
    assert sample.get_center()[1] < corners[-1, 0, 1]  # in the key, below the table
    assert "gold alignment" in all_texts(picture) and "gold alignment" in picture.alt
    assert "gold alignment" not in all_texts(figures.attention_heatmap(LOVE))


def test_a_rule_that_chooses_nothing_is_one_grey_wall_with_its_number_said_once():
    picture = figures.attention_heatmap(trace(7, 5, "mean"))
    (cells,) = colours_of_cells(picture)
    red, green, blue = np.moveaxis(cells, -1, 0)
    assert np.ptp(cells) < 0.01 and np.allclose(red, green) and np.allclose(green, blue)
    assert all_texts(picture).count("1/7 = 0.143 each") == 1
    assert not parts(picture, "weight-", Text)


def test_a_fixed_context_is_one_dark_column():
    picture = figures.attention_heatmap(trace(4, 5, "fixed"))
    (cells,) = colours_of_cells(picture)
    assert np.allclose(cells[:, :3], 1)
    assert np.allclose(cells[:, 3], to_rgb(style.HUES[3]))
    written = [text.get_text() for text in parts(picture, "pattern", Text)]
    assert written == ["0.00 each", "1.00"]


def test_words_slant_all_together_where_they_do_not_fit_and_signs_never():
    upright = figures.attention_heatmap(trace(8, 5))
    assert {text.get_rotation() for text in parts(upright, "source", Text)} == {0}
    slanted = figures.attention_heatmap(trace(10, 5, source=SENTENCE))
    for text in parts(slanted, "source", Text):
        assert text.get_rotation() == (0 if text.get_text() in ",." else heatmaps.SLANT)


def test_unknown_words_are_marked_and_explained():
    picture = figures.attention_heatmap(trace(10, 5, source=SENTENCE), unknown={"Gerüst"})
    headers = [text.get_text() for text in parts(picture, "source", Text)]
    assert [word for word in headers if word.endswith("*")] == ["Gerüst*"]
    assert any("not in the vocabulary" in text for text in all_texts(picture))
    assert "Marked, because the model's vocabulary lacks them: Gerüst." in picture.alt
    known = figures.attention_heatmap(trace(10, 5, source=SENTENCE), unknown={"Haus"})
    assert not any("vocabulary" in text for text in all_texts(known))


def test_tables_of_one_sentence_stand_side_by_side_and_long_ones_below_one_another():
    short = figures.compare_rules([trace(8, 7, "fixed"), trace(8, 7, "mean"), trace(8, 9)])
    left, middle, right = [mesh.get_coordinates() for mesh in parts(short, "weights", QuadMesh)]
    assert left[0, -1, 0] < middle[0, 0, 0] < middle[0, -1, 0] < right[0, 0, 0]
    assert left[0, 0, 1] == middle[0, 0, 1] == right[0, 0, 1]
    four = figures.compare_rules([trace(6, 7)] * 4)
    corners = [mesh.get_coordinates()[0, 0] for mesh in parts(four, "weights", QuadMesh)]
    assert corners[0][1] == corners[1][1] > corners[2][1] == corners[3][1]
    assert corners[0][0] == corners[2][0] < corners[1][0] == corners[3][0]
    long = figures.compare_rules([trace(30, 7), trace(30, 9)])
    upper, lower = [mesh.get_coordinates() for mesh in parts(long, "weights", QuadMesh)]
    assert upper[-1, 0, 1] > lower[0, 0, 1]


def test_titles_say_what_is_compared():
    by_rule = figures.compare_rules([trace(3, 2, "fixed"), trace(3, 2, "scaled_dot")])
    assert {"fixed context", "scaled dot attention"} <= set(all_texts(by_rule))
    named = figures.compare_rules([LOVE, LOVE], titles=["one-way encoder", "two-way encoder"])
    assert {"one-way encoder", "two-way encoder"} <= set(all_texts(named))
    assert "two-way encoder:" in named.alt
    assert "additive attention" not in all_texts(named)


def test_a_weight_that_is_no_number_is_an_error_that_names_the_step():
    weights = LOVE.weights.clone()
    weights[1, 0] = torch.nan
    with pytest.raises(ValueError, match="step 2, which produces \"t'\""):
        figures.attention_heatmap(LOVE._replace(weights=weights))


def test_a_table_on_its_side_is_drawn_as_it_is():
    swapped = LOVE._replace(source=LOVE.target, target=LOVE.source, weights=LOVE.weights.T)
    picture = figures.attention_heatmap(swapped)
    check_whole_and_legible(picture)
    total = LOVE.weights[:, 0].sum().item()
    written = [part(picture, f"weight-1-{column}").get_text() for column in range(1, 5)]
    assert sum(float(number) for number in written) == pytest.approx(total, abs=0.006)


def test_only_the_first_rows_are_drawn_where_these_are_asked_for():
    page = heatmaps.new_page(Figure())
    heatmaps.draw_weights(page, LOVE, heatmaps.Grid(1, -1, 0.7, 0.4), rows=2)
    texts = [text.get_text() for text in page.texts]
    assert "t'" in texts and "aime" not in texts
    assert page.collections[0].get_array().shape[:2] == (2, 3)


def test_a_batch_shows_its_padding_pale_and_its_mask():
    picture = DRAWN["batch"]()
    words, mask = parts(picture, "batch", QuadMesh)
    for mesh in (words, mask):
        pale = mesh.get_array()[..., :3].min(axis=2) < 1
        assert pale.tolist() == [[False, False], [False, True]]
    assert {"où", "$5", "stop", "<pad>", "0", "1"} <= set(all_texts(picture))
    assert "2 sentences of 2, 1 words, padded to 2: 1 of 4 places" in picture.alt
