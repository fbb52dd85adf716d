"""The tree of a beam search: which beginnings it kept, which it dropped, and which one won.

A column is a step. What stands there is a word that was tried, with the probability of the whole
sentence up to it; a line leads to it from the word before.
"""
import math
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers import text
from helpers.beam import Node, Tree
from helpers.figures import fonts, style
from helpers.figures.style import DARK, INK, LARGE, PALE, QUIET, SMALL, Picture

# Inches.
EDGE = 0.25       # around the picture
HEADER = 1.15     # the title and the numbers of the steps
ROW = 0.42        # a word
BETWEEN = 0.6     # two columns: room for the lines
BOX = 0.15        # a word's box is so much wider than the word, and so much lower than its row
KEY = 0.9         # the lines under the tree


class Place(NamedTuple):
    """A word in the tree, and where it stands."""
    node: Node
    label: str
    left: float     # of its box; x goes from left to right
    right: float
    y: float        # of its middle, from the top downward
    is_kept: bool


@style.styled
def beam_tree(tree: Tree, title: str | None = None, steps: int = 7) -> Picture:
    """All words that a small beam tried for one sentence, in its first so many steps.

    `tree` is what `beam.search` gives for the sentence. Kept words are framed, dropped ones grey;
    the way of the translation that won is dark. A finished translation has its rank and score.
    """
    width = len(tree.kept[0])
    winner = tree.hypotheses[0]
    said = " ".join(winner.trace.words)
    title = title or f"A beam of {width} for “{' '.join(tree.source)}”: “{said}” wins"
    alt = in_words(tree)
    tree = tree._replace(tried=tree.tried[:steps], kept=tree.kept[:steps])
    places = places_of(tree)
    lowest = max(place.y for place in places.values())
    rightmost = max(place.right for place in places.values())
    total_width = max(rightmost, EDGE + fonts.width(title, LARGE, "bold"),
                      EDGE + fonts.width(KEYS[0], SMALL)) + EDGE

    fig = Figure(figsize=(total_width, lowest + ROW + KEY))
    page = fig.add_axes((0, 0, 1, 1), xlim=(0, total_width), ylim=(lowest + ROW + KEY, 0))
    page.axis("off")
    page.text(EDGE, EDGE, title, fontsize=LARGE, fontweight="bold", va="top")
    on_the_way = {id(node) for node in winner.last.path}
    draw_steps(page, tree, places)
    for place in places.values():
        draw_line(page, place, places, id(place.node) in on_the_way)
    for name, place in named(tree, places):
        draw_word(page, place, id(place.node) in on_the_way, name)
    for number, key in enumerate(KEYS):
        page.text(EDGE, lowest + ROW + 0.35 * number, key, va="top", color=INK)
    return Picture(fig, alt)


KEYS = ("number: the probability of the sentence up to this word    framed: kept, grey: dropped",
        "dark: the translation that wins    rank and score: log probability, normalised by length")


def labels_of(tree: Tree) -> dict[int, str]:
    """Each word as it is written in the tree: id of its node → "cat 0.31".

    Behind the last word of a finished translation stand its rank and its score.
    """
    labels = {}
    for tried in tree.tried:
        for node in tried:
            labels[id(node)] = f"{node.word} {math.exp(node.log_probability):.2g}"
    for rank, hypothesis in enumerate(tree.hypotheses, start=1):
        if id(hypothesis.last) in labels:  # else it ends in a later step than those shown
            labels[id(hypothesis.last)] += f"  {ordinal(rank)}: {hypothesis.score:.2f}"
    return labels


def places_of(tree: Tree) -> dict[int, Place]:
    """Where each word stands: id of its node → Place.

    In a column the words are ordered by the word before, so that lines hardly cross.
    """
    labels = labels_of(tree)
    places: dict[int, Place] = {}
    x = EDGE
    for tried, kept in zip(tree.tried, tree.kept, strict=True):
        kept_ids = {id(node) for node in kept}

        def order(node: Node) -> tuple[float, float]:
            above = places[id(node.parent)].y if node.parent else 0.0
            return above, -node.log_probability

        widest = max(fonts.width(labels[id(node)], SMALL) for node in tried)
        right = x + widest + 2 * BOX
        for row, node in enumerate(sorted(tried, key=order)):
            y = HEADER + (row + 0.5) * ROW
            places[id(node)] = Place(node, labels[id(node)], x, right, y, id(node) in kept_ids)
        x = right + BETWEEN
    return places


def named(tree: Tree, places: dict[int, Place]) -> list[tuple[str, Place]]:
    """Every place with its name: word-<step>-<rank>, both from 1."""
    names = []
    for step, tried in enumerate(tree.tried, start=1):
        for rank, node in enumerate(tried, start=1):
            names.append((f"word-{step}-{rank}", places[id(node)]))
    return names


def draw_steps(page: Axes, tree: Tree, places: dict[int, Place]) -> None:
    """The number of each step over its column."""
    for step, tried in enumerate(tree.tried, start=1):
        place = places[id(tried[0])]
        page.text((place.left + place.right) / 2, HEADER - 0.15, f"step {step}", color=QUIET,
                  ha="center")


def draw_line(page: Axes, place: Place, places: dict[int, Place], wins: bool) -> None:
    """The line from the word before."""
    if place.node.parent is None:
        return
    before = places[id(place.node.parent)]
    colour = PALE
    if wins:
        colour = DARK
    elif place.is_kept:
        colour = QUIET
    page.plot([before.right, place.left], [before.y, place.y], color=colour,
              linewidth=4 if wins else 1.6, zorder=2 if wins else 1)


def draw_word(page: Axes, place: Place, wins: bool, name: str) -> None:
    """A word with the probability of the sentence up to it; in a frame where it was kept."""
    colour = QUIET
    if place.is_kept:
        size = (place.right - place.left, ROW - BOX / 2)
        corner = (place.left, place.y - size[1] / 2)
        face = DARK if wins else "white"
        page.add_patch(FancyBboxPatch(corner, *size, boxstyle="round,pad=0,rounding_size=0.06",
                                      facecolor=face, edgecolor=INK, linewidth=1.5, zorder=3))
        colour = "white" if wins else INK
    page.text(place.left + BOX, place.y, place.label, color=colour, va="center", zorder=4,
              gid=name)


def ordinal(number: int) -> str:
    """1 → "1st"."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    is_teen = 10 < number % 100 < 14
    return f"{number}{'th' if is_teen else endings.get(number % 10, 'th')}"


def in_words(tree: Tree) -> str:
    """The tree for those who cannot see it: what was kept at each step, and the ranking."""
    sentences = [f"Beam search for “{' '.join(tree.source)}”."]
    for step, kept in enumerate(tree.kept, start=1):
        beginnings = [f"“{' '.join(node.words)}” ({math.exp(node.log_probability):.2g})"
                      for node in kept]
        sentences.append(f"Step {step} keeps {', '.join(beginnings)}.")
    for rank, hypothesis in enumerate(tree.hypotheses, start=1):
        words = " ".join(word for word in hypothesis.last.words if word != text.END)
        sentences.append(f"{ordinal(rank)}: “{words}”, score {hypothesis.score:.2f}.")
    return " ".join(sentences)
