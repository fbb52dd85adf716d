"""The tree of a beam search: which beginnings it kept, which it dropped, and which one won.

A column is a step. What stands there is a word that was tried, with the probability of the whole
sentence up to it; a line leads to it from the word before.
"""
import math
from collections.abc import Iterable
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers.beam import Node, Tree
from helpers.figures import fonts, style
from helpers.figures.style import DARK, INK, LARGE, PALE, QUIET, SMALL, Picture

# Inches.
EDGE = 0.25       # around the picture
HEADER = 1.15     # the title and the numbers of the steps
ROW = 0.42        # a word
BETWEEN = 0.6     # two columns: room for the lines
BOX = 0.15        # a word's box is so much wider than the word, and so much lower than its row
KEY_LINE = 0.35   # a line of the key under the tree

TINY = 0.001      # a dropped word that is less likely needs no digits


class Place(NamedTuple):
    """A word in the tree, and where it stands."""
    node: Node
    label: str
    left: float     # of its box; x goes from left to right
    right: float
    y: float        # of its middle, from the top downward
    is_kept: bool


@style.styled
def beam_tree(tree: Tree, title: str | None = None, steps: int = 7,
              unit: str = "word") -> Picture:
    """All words that a small beam tried for one sentence, in its first so many steps.

    `tree` is what `beam.search` gives for the sentence; `unit` says what its words are. Kept words
    are framed, dropped ones grey; the way of the translation that won is dark. A dashed line is the
    way of greedy search where that leads elsewhere: it ends at a word that the beam dropped, or at
    a translation. A finished translation has its rank and score.
    """
    alt = in_words(tree)
    title = title or title_of(tree)
    first_tried = tree.tried[:steps]
    first_kept = tree.kept[:steps]
    shown = tree._replace(tried=first_tried, kept=first_kept)
    places = places_of(shown)
    keys = keys_of(shown, places, unit)
    if len(first_tried) < len(tree.tried):
        keys.append(f"here are the first {steps} of {len(tree.tried)} steps")
    fig = page_for(places, title, keys)
    (page,) = fig.axes
    on_the_way = ids_of(shown.hypotheses[0].last.path)
    on_the_detour = ids_of(greedy_detour(shown))
    draw_steps(page, shown, places)
    for place in places.values():
        wins = id(place.node) in on_the_way
        is_greedy = id(place.node) in on_the_detour
        draw_line(page, place, places, wins, is_greedy)
    for name, place in named(shown, places):
        wins = id(place.node) in on_the_way
        draw_word(page, place, wins, name)
    return Picture(fig, alt)


def page_for(places: dict[int, Place], title: str, keys: list[str]) -> Figure:
    """An empty page that has room for all the places, with the title above and the keys below."""
    lowest = max(place.y for place in places.values())
    rightmost = max(place.right for place in places.values())
    end_of_title = EDGE + fonts.width(title, LARGE, "bold")
    end_of_keys = EDGE + max(fonts.width(key, SMALL) for key in keys)
    total_width = max(rightmost, end_of_title, end_of_keys) + EDGE
    total_height = lowest + ROW + KEY_LINE * len(keys) + EDGE

    fig = Figure(figsize=(total_width, total_height))
    page = fig.add_axes((0, 0, 1, 1), xlim=(0, total_width), ylim=(total_height, 0))
    page.axis("off")
    page.text(EDGE, EDGE, title, fontsize=LARGE, fontweight="bold", va="top")
    for number, key in enumerate(keys):
        y = lowest + ROW + KEY_LINE * number
        page.text(EDGE, y, key, va="top", color=INK)
    return fig


def title_of(tree: Tree) -> str:
    """What the search came to, in a line."""
    width = len(tree.kept[0])
    source = " ".join(tree.source)
    said = " ".join(tree.hypotheses[0].trace.words)
    return f"A beam of {width} for “{source}”: “{said}” wins"


KEY_OF_FRAMES = "    framed: kept, grey: dropped"
KEY_OF_WINNER = "dark: the translation that wins"
KEY_OF_GREEDY = "    dashed: the way of greedy search"
KEY_OF_FINISHED = "    rank and score: log probability, normalised by length"


def keys_of(tree: Tree, places: dict[int, Place], unit: str) -> list[str]:
    """What the signs of the tree mean, those that it has."""
    key_of_words = f"number: the probability of the beginning that ends with this {unit}"
    key_of_words += KEY_OF_FRAMES
    key_of_ways = KEY_OF_WINNER
    if greedy_detour(tree):
        key_of_ways += KEY_OF_GREEDY
    if any(id(hypothesis.last) in places for hypothesis in tree.hypotheses):
        key_of_ways += KEY_OF_FINISHED
    return [key_of_words, key_of_ways]


def ids_of(nodes: Iterable[Node]) -> set[int]:
    """Equal words may be tried in several places of the tree; their ids tell them apart."""
    return {id(node) for node in nodes}


def kept_ids(tree: Tree) -> set[int]:
    """The ids of all words that were kept."""
    return ids_of(node for kept in tree.kept for node in kept)


def greedy_detour(tree: Tree) -> list[Node]:
    """The words of greedy search from where it leaves the way of the translation that wins.

    Greedy search takes the likeliest word at each step. The last word is one that the beam drops,
    or the end of a translation. Without a detour greedy search finds what wins.
    """
    on_the_way = ids_of(tree.hypotheses[0].last.path)
    detour = []
    before = None
    for tried in tree.tried:
        after = [node for node in tried if node.parent is before]
        if not after:
            break
        before = max(after, key=lambda node: node.probability)
        if id(before) not in on_the_way:
            detour.append(before)
    return detour


def labels_of(tree: Tree) -> dict[int, str]:
    """Each word as it is written in the tree: id of its node → "cat 0.31".

    Behind the last word of a finished translation stand its rank and its score.
    """
    labels = {}
    kept = kept_ids(tree)
    for tried in tree.tried:
        for node in tried:
            probability = math.exp(node.log_probability)
            written = f"{probability:.2g}"
            if probability < TINY and id(node) not in kept:
                written = f"<{TINY}"
            labels[id(node)] = f"{node.word} {written}"
    for rank, hypothesis in enumerate(tree.hypotheses, start=1):
        last = id(hypothesis.last)
        if last in labels:  # else it ends in a later step than those shown
            labels[last] += f"  {ordinal(rank)}: {hypothesis.score:.2f}"
    return labels


def places_of(tree: Tree) -> dict[int, Place]:
    """Where each word stands: id of its node → Place.

    In a column the words are ordered by the word before, so that lines hardly cross.
    """
    labels = labels_of(tree)
    kept = kept_ids(tree)
    places: dict[int, Place] = {}
    x = EDGE
    for tried in tree.tried:

        def order(node: Node) -> tuple[float, float]:
            above = 0.0
            if node.parent:
                above = places[id(node.parent)].y
            return above, -node.log_probability

        widths = [fonts.width(labels[id(node)], SMALL) for node in tried]
        right = x + max(widths) + 2 * BOX
        for row, node in enumerate(sorted(tried, key=order)):
            label = labels[id(node)]
            y = HEADER + (row + 0.5) * ROW
            is_kept = id(node) in kept
            places[id(node)] = Place(node, label, x, right, y, is_kept)
        x = right + BETWEEN
    return places


def named(tree: Tree, places: dict[int, Place]) -> list[tuple[str, Place]]:
    """Every place with its name: word-<step>-<rank>, both from 1."""
    names = []
    for step, tried in enumerate(tree.tried, start=1):
        for rank, node in enumerate(tried, start=1):
            name = f"word-{step}-{rank}"
            names.append((name, places[id(node)]))
    return names


def draw_steps(page: Axes, tree: Tree, places: dict[int, Place]) -> None:
    """The number of each step over its column."""
    for step, tried in enumerate(tree.tried, start=1):
        place = places[id(tried[0])]
        middle = (place.left + place.right) / 2
        page.text(middle, HEADER - 0.15, f"step {step}", color=QUIET, ha="center")


def draw_line(page: Axes, place: Place, places: dict[int, Place], wins: bool,
              is_greedy: bool) -> None:
    """The line from the word before."""
    if place.node.parent is None:
        return
    before = places[id(place.node.parent)]
    colour = QUIET if place.is_kept else PALE
    width = 1.6
    dashes: str | tuple = "solid"
    layer = 1
    if wins:
        colour = DARK
        width = 4
        layer = 2  # in front of the others
    elif is_greedy:
        colour = INK
        width = 2.5
        dashes = (0, (2, 1.2))  # their length, and that of the gaps
        layer = 2
    across = [before.right, place.left]
    down = [before.y, place.y]
    page.plot(across, down, color=colour, linewidth=width, linestyle=dashes, zorder=layer)


def draw_word(page: Axes, place: Place, wins: bool, name: str) -> None:
    """A word with the probability of the sentence up to it; in a frame where it was kept."""
    colour = QUIET
    if place.is_kept:
        colour = "white" if wins else INK
        face = DARK if wins else "white"
        width = place.right - place.left
        height = ROW - BOX / 2
        corner = (place.left, place.y - height / 2)
        rounded = "round,pad=0,rounding_size=0.06"
        frame = FancyBboxPatch(corner, width, height, boxstyle=rounded, facecolor=face,
                               edgecolor=INK, linewidth=1.5, zorder=3)
        page.add_patch(frame)
    left = place.left + BOX
    page.text(left, place.y, place.label, color=colour, va="center", zorder=4, gid=name)


def ordinal(number: int) -> str:
    """1 → "1st"."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = endings.get(number % 10, "th")
    is_teen = 10 < number % 100 < 14
    if is_teen:
        ending = "th"
    return f"{number}{ending}"


def in_words(tree: Tree) -> str:
    """The tree for those who cannot see it: what was kept at each step, and the ranking."""
    source = " ".join(tree.source)
    sentences = [f"Beam search for “{source}”."]
    for step, kept in enumerate(tree.kept, start=1):
        beginnings = []
        for node in kept:
            words = " ".join(node.words)
            probability = math.exp(node.log_probability)
            beginnings.append(f"“{words}” ({probability:.2g})")
        sentences.append(f"Step {step} keeps {', '.join(beginnings)}.")
    detour = greedy_detour(tree)
    if detour:
        last = detour[-1]
        words = " ".join(last.words)
        is_kept = id(last) in kept_ids(tree)
        ending = "" if is_kept else ", which the beam drops"
        sentences.append(f"Greedy search goes to “{words}”{ending}.")
    for rank, hypothesis in enumerate(tree.hypotheses, start=1):
        words = " ".join(hypothesis.trace.words)
        sentences.append(f"{ordinal(rank)}: “{words}”, score {hypothesis.score:.2f}.")
    return " ".join(sentences)
