"""The picture of a beam search says what was tried, what was kept and what won."""
import math
from types import SimpleNamespace

import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch

from conftest import small
from drawing import check_whole_and_legible, visible_texts
from helpers import beam, figures, training
from helpers.beam import Hypothesis, Node, Tree
from helpers.figures.style import DARK


@pytest.fixture(scope="module")
def tree(toy):
    settings = small(epochs=2)
    model = training.build(toy, settings)
    training.fit(model, toy, settings)
    (found,) = beam.search(model, [["the", "big", "red", "car"]], beam=3)
    return found


@pytest.fixture(scope="module")
def picture(tree):
    return figures.beam_tree(tree)


def written(picture):
    """All that is written in the picture."""
    return " ".join(text.get_text() for text in visible_texts(picture))


def words_of(picture):
    """gid → the Text of each word of the tree."""
    return {text.get_gid(): text for text in visible_texts(picture)
            if (text.get_gid() or "").startswith("word-")}


def test_every_word_tried_stands_in_its_column_with_its_probability(tree, picture):
    drawn = words_of(picture)
    assert len(drawn) == sum(len(tried) for tried in tree.tried)
    columns = []
    for step, tried in enumerate(tree.tried, start=1):
        lefts = set()
        for rank, node in enumerate(tried, start=1):
            text = drawn[f"word-{step}-{rank}"]
            word, number, *_ = text.get_text().split()
            probability = math.exp(node.log_probability)
            assert word == node.word
            if number == "<0.001":
                assert probability < 0.001
            else:
                assert float(number) == pytest.approx(probability, rel=0.06)
            lefts.add(round(text.get_position()[0], 3))
        assert len(lefts) == 1
        columns.append(lefts.pop())
    assert columns == sorted(columns)


def box_of(picture, text):
    """The frame around a word; None where it has none."""
    x, y = text.get_position()
    for box in picture.fig.findobj(FancyBboxPatch):
        if box.get_x() < x < box.get_x() + box.get_width() and \
                box.get_y() < y < box.get_y() + box.get_height():
            return box
    return None


def test_what_was_kept_has_a_frame_and_what_won_is_dark(tree, picture):
    drawn = words_of(picture)
    way = {id(node) for node in tree.hypotheses[0].last.path}
    for step, (tried, kept) in enumerate(zip(tree.tried, tree.kept, strict=True), start=1):
        kept_ids = {id(node) for node in kept}
        for rank, node in enumerate(tried, start=1):
            box = box_of(picture, drawn[f"word-{step}-{rank}"])
            assert (box is not None) == (id(node) in kept_ids)
            if box is not None:
                assert (to_hex(box.get_facecolor()) == DARK) == (id(node) in way)


def test_finished_translations_have_their_rank_and_score(tree, picture):
    shown = [text.get_text() for text in words_of(picture).values()]
    for ending, hypothesis in zip(("1st", "2nd", "3rd"), tree.hypotheses, strict=True):
        (label,) = [text for text in shown if ending in text]
        assert label.startswith(hypothesis.last.word)
        assert label.endswith(f"{ending}: {hypothesis.score:.2f}")


def test_every_line_leads_to_a_word_from_the_word_before(tree, picture):
    (page,) = picture.fig.axes
    assert len(page.lines) == sum(len(tried) for tried in tree.tried[1:])
    thick = [line for line in page.lines if line.get_linewidth() == 4]
    assert len(thick) == len(tree.hypotheses[0].last.path) - 1
    for line in page.lines:
        start, end = line.get_xdata()
        assert start < end


def test_greedy_search_is_dashed_where_it_goes_another_way():
    a = Node("a", None, 0, 0.5, math.log(0.5))
    b = Node("b", None, 0, 0.4, math.log(0.4))
    a_end = Node("<eos>", a, 0, 0.4, math.log(0.2))
    a_more = Node("c", a, 0, 0.3, math.log(0.15))
    b_end = Node("<eos>", b, 1, 0.9, math.log(0.36))
    b_more = Node("c", b, 1, 0.001, math.log(0.0004))
    trace = SimpleNamespace(words=["b"])
    found = [Hypothesis(b_end, math.log(0.36) / 2, trace)]
    tree = Tree(["x"], [[a, b], [b_end, a_end, a_more, b_more]], [[a, b], [b_end]], found)
    picture = figures.beam_tree(tree)
    dashed = [line for line in picture.fig.axes[0].lines if line.get_linestyle() != "-"]
    assert len(dashed) == 1
    ends = words_of(picture)["word-2-2"]
    assert ends.get_text() == "<eos> 0.2"
    assert dashed[0].get_ydata()[1] == ends.get_position()[1]
    assert "dashed" in written(picture)
    assert "Greedy search goes to “a <eos>”, which the beam drops." in picture.alt
    assert words_of(picture)["word-2-4"].get_text() == "c <0.001"


def test_greedy_search_is_not_mentioned_where_its_translation_wins():
    a = Node("a", None, 0, 0.5, math.log(0.5))
    end = Node("<eos>", a, 0, 0.4, math.log(0.2))
    trace = SimpleNamespace(words=["a"])
    tree = Tree(["x"], [[a], [end]], [[a], [end]], [Hypothesis(end, math.log(0.2) / 2, trace)])
    picture = figures.beam_tree(tree)
    assert all(line.get_linestyle() == "-" for line in picture.fig.axes[0].lines)
    assert "Greedy" not in picture.alt
    assert "greedy" not in written(picture)


def test_it_is_legible_and_told_in_words(tree, picture):
    check_whole_and_legible(picture)
    for hypothesis in tree.hypotheses:
        assert f"“{' '.join(hypothesis.trace.words)}”, score {hypothesis.score:.2f}" in picture.alt


def test_the_key_says_what_the_words_are(tree, picture):
    assert "ends with this word" in written(picture)
    assert "ends with this piece" in written(figures.beam_tree(tree, unit="piece"))


def test_a_long_search_is_shown_up_to_a_step(tree):
    first = figures.beam_tree(tree, steps=2)
    assert len(words_of(first)) == len(tree.tried[0]) + len(tree.tried[1])
    assert first.alt == figures.beam_tree(tree).alt, "told in words it is whole"
    number = len(tree.tried)
    assert f"here are the first 2 of {number} steps" in written(first)
    assert "here are the first" not in written(figures.beam_tree(tree, steps=number))
    check_whole_and_legible(first)
