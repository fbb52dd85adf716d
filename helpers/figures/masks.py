"""Masks: which word may look at which, and which may not, in tables side by side."""
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from helpers.figures import fonts, style
from helpers.figures.heatmaps import (
    EDGE,
    LINE,
    PAGE,
    SLANT,
    SLANTED,
    Grid,
    cut,
    new_page,
    widest,
    write_title,
)
from helpers.figures.style import DARK, INK, LARGE, QUIET, SMALL, Picture

Words = Sequence[str]

CELL = 0.36         # inches, the side of a cell
BETWEEN = 0.5       # inches between two tables
HIDDEN = "−∞"       # the score of what may not be seen


class Table(NamedTuple):
    """One mask with the words at its sides."""
    title: str
    asking: Words     # a row each: the words whose query it is
    asked: Words      # a column each: the words whose states may be seen
    seen: np.ndarray  # [asking, asked] True where the row may look at the column


@style.styled
def masks(tables: Mapping[str, tuple[Words, Words, Any]]) -> Picture:
    """Masks side by side: dark where the word of the row may look at the word of the column.

    `tables`: title → (words that ask, words that are asked, mask [asking, asked], True where the
    word may be seen). A mask of another shape raises a ValueError.
    """
    checked = [table_of(title, *parts) for title, parts in tables.items()]
    fig = Figure()
    page = new_page(fig)
    x = EDGE
    top = -EDGE
    right = EDGE
    bottom = top
    for table in checked:
        width, height = size_of(table)
        has_room = x + width <= PAGE - EDGE
        if x > EDGE and not has_room:  # not beside the others: below them
            x = EDGE
            top = bottom - BETWEEN
        draw_mask(page, x, top, table)
        right = max(right, x + width)
        bottom = min(bottom, top - height)
        x += width + BETWEEN
    key = f"dark: may be seen; {HIDDEN}: hidden, its score is set to {HIDDEN} before the softmax"
    page.text(EDGE, bottom - LINE, key, color=QUIET, va="center")
    end_of_key = EDGE + fonts.width(key, SMALL)
    right = max(right, end_of_key)
    cut(fig, page, right + EDGE, bottom - 1.5 * LINE - EDGE)
    told = [in_words(table) for table in checked]
    return Picture(fig, " ".join(told))


def table_of(title: str, asking: Words, asked: Words, mask: Any) -> Table:
    """The parts of a table, if they belong together; otherwise a ValueError says what does not."""
    seen = np.asarray(mask, dtype=bool)
    needed = (len(asking), len(asked))
    if seen.shape != needed:
        found = list(seen.shape)
        raise ValueError(f"the mask {title!r} has the shape {found}: needed is "
                         f"{list(needed)}, a row for each word that asks, a column for each asked")
    return Table(title, asking, asked, seen)


def size_of(table: Table) -> tuple[float, float]:
    """Width and height of a table with its title and words, in inches."""
    title = fonts.width(table.title, LARGE, "bold")
    cells = len(table.asked) * CELL
    last_word = fonts.width(table.asked[-1], SMALL)
    beyond_last = SLANTED * last_word + 0.1
    width = labels_of(table) + cells + beyond_last
    height = headers_of(table) + len(table.asking) * CELL
    return max(title, width), height


def labels_of(table: Table) -> float:
    """The inches that the words on the left take."""
    words = widest(table.asking, SMALL)
    return words + 0.15


def headers_of(table: Table) -> float:
    """The inches that the title and the slanted words on top take."""
    title = 0.4
    words = SLANTED * widest(table.asked, SMALL)
    return title + words + 0.3


def draw_mask(page: Axes, x: float, y: float, table: Table) -> None:
    """One table, with its upper left corner at (x, y)."""
    write_title(page, x, y, table.title, LARGE)
    left = x + labels_of(table)
    top = y - headers_of(table)
    grid = Grid(left, top, CELL, CELL)
    colours = np.where(table.seen[..., None], to_rgb(DARK), to_rgb("white"))  # [row, column, 3]
    edges_across = [grid.x(column) for column in range(len(table.asked) + 1)]
    edges_down = [grid.y(row) for row in range(len(table.asking) + 1)]
    page.pcolormesh(edges_across, edges_down, colours, edgecolors=QUIET, linewidth=0.8,
                    gid=table.title)
    for column, word in enumerate(table.asked):
        middle = grid.x(column + 0.5)
        page.text(middle, top + 0.1, word, color=INK, ha="left", va="baseline",
                  rotation=SLANT, rotation_mode="anchor")
    for row, word in enumerate(table.asking):
        middle = grid.y(row + 0.5)
        page.text(left - 0.12, middle, word, color=INK, ha="right", va="center")
    for row, column in np.argwhere(~table.seen):
        across = grid.x(column + 0.5)
        down = grid.y(row + 0.5)
        page.text(across, down, HIDDEN, color=QUIET, ha="center", va="center")


def in_words(table: Table) -> str:
    """A mask for those who cannot see it: how many of the words each word may look at."""
    counts = []
    for word, row in zip(table.asking, table.seen, strict=True):
        counts.append(f"{word} {row.sum()}")
    number = len(table.asked)
    words = " ".join(table.asked)
    return (f"Mask, {table.title}: of the {number} words ({words}) each "
            f"row may look at so many: {', '.join(counts)}.")
