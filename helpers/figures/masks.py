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

CELL = 0.36         # inches, the side of a cell
BETWEEN = 0.5       # inches between two tables
HIDDEN = "−∞"       # the score of what may not be seen


class Table(NamedTuple):
    """One mask with the words at its sides."""
    title: str
    asking: Sequence[str]  # a row each: the words whose query it is
    asked: Sequence[str]   # a column each: the words whose states may be seen
    seen: np.ndarray       # [asking, asked] True where the row may look at the column


@style.styled
def masks(tables: Mapping[str, tuple[Sequence[str], Sequence[str], Any]]) -> Picture:
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
        if x > EDGE and x + width > PAGE - EDGE:  # no room beside the others: below them
            x = EDGE
            top = bottom - BETWEEN
        draw_mask(page, x, top, table)
        right = max(right, x + width)
        bottom = min(bottom, top - height)
        x += width + BETWEEN
    key = f"dark: may be seen; {HIDDEN}: hidden, its score is set to {HIDDEN} before the softmax"
    page.text(EDGE, bottom - LINE, key, color=QUIET, va="center")
    right = max(right, EDGE + fonts.width(key, SMALL))
    cut(fig, page, right + EDGE, bottom - 1.5 * LINE - EDGE)
    return Picture(fig, " ".join(in_words(table) for table in checked))


def table_of(title: str, asking: Sequence[str], asked: Sequence[str], mask: Any) -> Table:
    """The parts of a table, if they belong together; otherwise a ValueError says what does not."""
    seen = np.asarray(mask, dtype=bool)
    needed = (len(asking), len(asked))
    if seen.shape != needed:
        raise ValueError(f"the mask {title!r} has the shape {list(seen.shape)}: needed is "
                         f"{list(needed)}, a row for each word that asks, a column for each asked")
    return Table(title, asking, asked, seen)


def size_of(table: Table) -> tuple[float, float]:
    """Width and height of a table with its title and words, in inches."""
    title = fonts.width(table.title, LARGE, "bold")
    beyond_last = SLANTED * fonts.width(table.asked[-1], SMALL) + 0.1
    cells = labels_of(table) + len(table.asked) * CELL + beyond_last
    height = headers_of(table) + len(table.asking) * CELL
    return max(title, cells), height


def labels_of(table: Table) -> float:
    """The inches that the words on the left take."""
    return widest(table.asking, SMALL) + 0.15


def headers_of(table: Table) -> float:
    """The inches that the title and the slanted words on top take."""
    return 0.4 + SLANTED * widest(table.asked, SMALL) + 0.3


def draw_mask(page: Axes, x: float, y: float, table: Table) -> None:
    """One table, with its upper left corner at (x, y)."""
    write_title(page, x, y, table.title, LARGE)
    grid = Grid(x + labels_of(table), y - headers_of(table), CELL, CELL)
    colours = np.where(table.seen[..., None], to_rgb(DARK), to_rgb("white"))
    across = [grid.x(column) for column in range(len(table.asked) + 1)]
    down = [grid.y(row) for row in range(len(table.asking) + 1)]
    page.pcolormesh(across, down, colours, edgecolors=QUIET, linewidth=0.8, gid=table.title)
    for column, word in enumerate(table.asked):
        page.text(grid.x(column + 0.5), grid.top + 0.1, word, color=INK, ha="left", va="baseline",
                  rotation=SLANT, rotation_mode="anchor")
    for row, word in enumerate(table.asking):
        page.text(grid.left - 0.12, grid.y(row + 0.5), word, color=INK, ha="right", va="center")
    for row, column in np.argwhere(~table.seen):
        page.text(grid.x(column + 0.5), grid.y(row + 0.5), HIDDEN, color=QUIET, ha="center",
                  va="center")


def in_words(table: Table) -> str:
    """A mask for those who cannot see it: how many of the words each word may look at."""
    counts = []
    for word, row in zip(table.asking, table.seen, strict=True):
        counts.append(f"{word} {row.sum()}")
    return (f"Mask, {table.title}: of the {len(table.asked)} words ({' '.join(table.asked)}) each "
            f"row may look at so many: {', '.join(counts)}.")
