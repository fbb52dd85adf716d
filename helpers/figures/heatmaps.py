"""Tables of weights: which source words were looked at for each word that was produced.

Rows are decoding steps, columns are source words (Bahdanau et al. 2014, Fig. 3). Row i belongs to
the word that is about to be produced at step i. A picture is one page whose unit is an inch: it is
drawn from its upper left corner (0, 0) downward, and cut to what was drawn at the end.
"""
import math
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from helpers.figures import fonts, style
from helpers.figures.style import HUES, INK, LARGE, PALE, QUIET, SMALL, TITLE, Picture
from helpers.translation import Trace

Links = Collection[tuple[int, int]]  # (source word, target word), both counted from 0
Ends = tuple[float, float]           # the right and the lower end of what was drawn so far

# Inches.
PAGE = 14.0         # the widest picture: letters of a wider one are too small where it is shown,
WIDE_PAGE = 16.0    # unless so several tables can stand side by side
EDGE = 0.25         # around a picture
BETWEEN = 0.6       # between two tables
LINE = 0.36         # a line of text
USUAL_CELL = 0.7    # where there is room
NUMBER_CELL = 0.5   # a number fits into it
LEAST_CELL = 0.27   # a line of letters fits into it
UPRIGHT = 9.0       # columns that would be wider together get narrower, and their words slant
RAIL = 1.2          # the rail beside a row,
SHORT_RAIL = 0.7    # and where several tables stand side by side
RAIL_HEIGHT = 0.18
BESIDE_RAIL = 0.2
KEY_BAR = 1.2       # the bar that shows what is little and what is much

SLANT = 45          # degrees
SLANTED = 0.71      # of its length a slanted word goes to the right, and as much up
UNKNOWN_MARK = "*"  # behind a word that the vocabulary lacks

GREYS = LinearSegmentedColormap.from_list("greys", ["white", INK])


class Layout(NamedTuple):
    """The measures of one table."""
    letters: int       # size of its words, in points
    labels: float      # inches which the words on the left take
    headers: float     # and those on top
    cell_width: float
    cell_height: float
    slanted: bool      # do the words on top slant, because they are wider than their columns?
    rail: float        # the length of the rails; 0 where the words have no hues
    width: float       # of the whole table, with its words and rails


class Grid(NamedTuple):
    """Where the cells of a table are: the upper left corner of the first, and the size of each."""
    left: float
    top: float
    cell_width: float
    cell_height: float

    def x(self, column: float) -> float:
        """The left edge of a column, counted from 0; of column + 0.5 its middle."""
        return self.left + column * self.cell_width

    def y(self, row: float) -> float:
        """The upper edge of a row, counted from 0; of row + 0.5 its middle."""
        return self.top - row * self.cell_height


class Key(NamedTuple):
    """What a sign in the picture means."""
    draw: Callable[[Axes, float, float], None]  # draws the sign; (x, y) is the middle of its left
    room: float                                 # inches which the sign takes
    meaning: str


# The pictures.

def attention_heatmap(trace: Trace, alignment: Links | None = None, title: str | None = None,
                      unknown: Collection[str] | None = None) -> Picture:
    """Which source words the model looked at for each word it produced: a row per decoding step.

    `alignment`: gold links, drawn as outlines. They belong to the reference translation, so they
    make sense only where the words produced are the reference's.
    `unknown`: source words that the model's vocabulary lacks; their columns are marked.
    Raises ValueError where a weight is no number, and names the step.
    """
    titles = [title or style.rule_title(trace.rule)]
    return compare_rules([trace], alignment, titles=titles, unknown=unknown)


@style.styled
def compare_rules(traces: Sequence[Trace], alignment: Links | None = None,
                  title: str | None = None, titles: Sequence[str] | None = None,
                  unknown: Collection[str] | None = None) -> Picture:
    """Tables of the same sentence in one picture: side by side, or long ones below one another.

    Each table has its own rows, since each model produced its own words. `titles`: what stands
    over each table, the name of its rule unless given. For `alignment`, `unknown` and errors see
    `attention_heatmap`.
    """
    for trace in traces:
        check(trace)
    titles = titles or [style.rule_title(trace.rule) for trace in traces]
    alignment = alignment or ()
    unknown = unknown or ()

    fig = Figure()
    page = new_page(fig)
    right = EDGE
    y = -EDGE
    if title:
        right = write_title(page, EDGE, y, title, TITLE)
        y -= 0.6
    end, y = draw_tables(page, y, traces, titles, alignment, unknown)
    right = max(right, end)
    keys = keys_of(traces, alignment, unknown)
    right, y = draw_keys(page, right, y - 0.2, keys)
    cut(fig, page, right + EDGE, y - EDGE)
    alt = in_words(traces, titles, alignment, unknown)
    return Picture(fig, alt)


@style.styled
def padded_batch(words: Sequence[Sequence[str]], mask: Any) -> Picture:
    """A batch as the model sees it: its words, with the padding pale; below, its mask.

    `words`: a row for each sentence, all of one length; `mask` [batch, source] is True where a
    real word stands.
    """
    mask = np.asarray(mask, dtype=bool)
    sentences, length = mask.shape
    widths = [widest(row, SMALL) + 0.25 for row in words]
    cell_width = max(0.6, *widths)

    fig = Figure()
    page = new_page(fig)
    left = EDGE + fonts.width("10", SMALL) + 0.15
    right = left + length * cell_width
    y = -EDGE
    tables = {"words": words, "mask: 1 where a word stands": mask.astype(int)}
    for title, shown in tables.items():
        end_of_title = write_title(page, EDGE, y, title, LARGE)
        right = max(right, end_of_title)
        grid = Grid(left, y - 0.5, cell_width, 0.45)
        draw_batch(page, grid, shown, mask)
        y = grid.y(sentences) - 0.35
    cut(fig, page, right + EDGE, y + 0.35 - EDGE)

    counts = ", ".join(str(count) for count in mask.sum(axis=1))
    padding = mask.size - mask.sum()
    return Picture(fig, f"A batch of {sentences} sentences of {counts} words, padded to {length}: "
                        f"{padding} of {mask.size} places hold padding, and there the mask is 0.")


# What a table looks like.

def check(trace: Trace) -> None:
    """Raises ValueError where a weight is no number."""
    is_missing = np.isnan(np.asarray(trace.weights))  # [m, n]
    is_bad = is_missing.any(axis=1)                   # [m]
    if is_bad.any():
        row = int(is_bad.argmax())
        word = trace.target[row]
        raise ValueError(f"step {row + 1}, which produces {word!r}, has a weight that "
                         "is no number (NaN)")


def arranged(traces: Sequence[Trace]) -> tuple[int, list[Layout]]:
    """How many tables stand side by side, and the layout of each: up to three, or two by two."""
    beside = len(traces)
    if beside > 3:
        beside = 2
    if beside > 1:
        for page in (PAGE, WIDE_PAGE):
            width = page - 2 * EDGE
            room = (width + BETWEEN) / beside - BETWEEN
            layouts = [layout_of(trace, room, SHORT_RAIL) for trace in traces]
            widest_table = max(layout.width for layout in layouts)
            if widest_table < room + 0.01:
                return beside, layouts
    room = PAGE - 2 * EDGE
    layouts = [layout_of(trace, room, RAIL) for trace in traces]
    return 1, layouts


def layout_of(trace: Trace, room: float, rail: float) -> Layout:
    """The layout of one table with rails of this length, `room` wide if its cells can be so small.

    Where the columns are wide enough their words stand upright, else all of them slant.
    """
    columns = len(trace.source)
    letters = 16
    most = float(trace.weights.sum(dim=1).max())  # 1, unless somebody made a wrong table
    longest_rail = rail * max(1.0, most)
    right = longest_rail + BESIDE_RAIL
    if columns > len(HUES):
        letters = SMALL
        rail = 0.0
        right = 0.0
    labels = widest(trace.target, letters) + 0.15
    free = room - labels - right
    height = row_height(len(trace.target))

    longest = widest(trace.source, letters, "bold")
    cell_width = max(USUAL_CELL, longest + 0.25)
    cells = columns * cell_width
    if cells <= min(free, UPRIGHT):
        width = labels + cells + right
        return Layout(letters, labels, LINE, cell_width, height, False, rail, width)

    end_of_last = SLANTED * fonts.width(trace.source[-1], letters, "bold") + 0.1
    free = room - labels - max(right, end_of_last)
    cell_width = max(LEAST_CELL, free / columns)
    cell_width = min(cell_width, 0.62 if columns <= 14 else 0.4)
    headers = SLANTED * longest + 0.3
    right = max(right, beyond_last_column(trace.source, letters, cell_width))
    width = labels + columns * cell_width + right
    return Layout(letters, labels, headers, cell_width, height, True, rail, width)


def beyond_last_column(words: Sequence[str], letters: int, cell_width: float) -> float:
    """How far slanted words reach to the right of the table, in inches; 0 if they do not."""
    farthest = 0.0
    for column, word in enumerate(words):
        length = fonts.width(word + UNKNOWN_MARK, letters, "bold")
        reach = SLANTED * length + 0.1
        columns_left = len(words) - column - 0.5
        beyond = reach - columns_left * cell_width
        farthest = max(farthest, beyond)
    return farthest


def row_height(rows: int) -> float:
    """The height of a row, in inches: the fewer rows, the more room for each."""
    if rows <= 10:
        return 0.48
    if rows <= 18:
        return 0.4
    return 0.3


def widest(words: Sequence[str], letters: float, weight: str = "normal") -> float:
    """The inches that the widest of the words takes."""
    return max(fonts.width(word, letters, weight) for word in words)


def cell_colours(weights: np.ndarray, words: Sequence[str]) -> np.ndarray:
    """The colours of the cells [m, n, 3]: from white, 0, to a word's own hue, 1.

    Long sentences go to one dark blue instead; rows that choose nothing are grey.
    """
    if len(words) > len(HUES):
        colours = style.WEIGHTS(weights)[..., :3]
    else:
        hues = np.array([to_rgb(hue) for hue in style.hues(words)])  # [n, 3]
        from_white = 1 - hues
        colours = 1 - weights[..., None] * from_white                # [m, n, 3]
    spread = np.ptp(weights, axis=1)                                 # [m]
    chooses_nothing = (spread < 1e-6) & (len(words) > 1)             # [m]
    greys = GREYS(weights[chooses_nothing])
    colours[chooses_nothing] = greys[..., :3]  # without the opacity
    return colours


def readable_on(colour: np.ndarray) -> str:
    """White letters on dark, dark ones on light: whichever have more contrast there."""
    luminance = colour ** 2.2 @ [0.2126, 0.7152, 0.0722]
    is_dark = luminance < 0.2
    return "white" if is_dark else INK


def is_one_pattern(weights: np.ndarray) -> bool:
    """Are all rows of the table the same, as those of a rule that does not look at the words?"""
    changes = np.ptp(weights, axis=0)  # [n]
    is_constant = bool(changes.max() < 1e-6)
    return len(weights) > 1 and is_constant


# Drawing tables.

def draw_tables(page: Axes, y: float, traces: Sequence[Trace], titles: Sequence[str],
                alignment: Links, unknown: Collection[str]) -> Ends:
    """All tables with their titles, under `y`; returns the right and the lower end of them."""
    beside, layouts = arranged(traces)
    x = EDGE
    right = EDGE
    bottom = y
    for number, (trace, title) in enumerate(zip(traces, titles, strict=True)):
        is_new_row = number > 0 and number % beside == 0
        if is_new_row:
            x = EDGE
            y = bottom - BETWEEN
        layout = layouts[number]
        end_of_title = write_title(page, x, y, title, LARGE)
        top = y - 0.5 - layout.headers
        grid = Grid(x + layout.labels, top, layout.cell_width, layout.cell_height)
        draw_table(page, grid, trace, layout, alignment, unknown)
        end_of_table = x + layout.width
        end = max(end_of_title, end_of_table)
        right = max(right, end)
        end_of_rows = grid.y(len(trace.target))
        bottom = min(bottom, end_of_rows)
        x = end + BETWEEN
    return right, bottom


def draw_table(page: Axes, grid: Grid, trace: Trace, layout: Layout, alignment: Links,
               unknown: Collection[str]) -> None:
    """A table with its rails and gold links."""
    draw_weights(page, trace, grid, None, layout.letters, layout.slanted, unknown)
    for source, target in sorted(set(alignment)):
        if source < len(trace.source) and target < len(trace.target):
            left = grid.x(source)
            bottom = grid.y(target + 1)
            draw_outline(page, left, bottom, grid.cell_width, grid.cell_height)
    if layout.rail:
        hues = style.hues(trace.source)
        left = grid.x(len(trace.source)) + BESIDE_RAIL
        for row, weights in enumerate(np.asarray(trace.weights)):
            middle = grid.y(row + 0.5)
            bottom = middle - RAIL_HEIGHT / 2
            name = f"rail-{row + 1}"
            style.draw_rail(page, left, bottom, layout.rail, RAIL_HEIGHT, weights, hues, name)


def draw_weights(ax: Axes, trace: Trace, grid: Grid, rows: int | None = None, letters: int = SMALL,
                 slanted: bool = False, unknown: Collection[str] = ()) -> None:
    """The table alone: cells, numbers where there is room, and the words around them.

    The unit of `ax` is an inch. `rows`: draw only the first so many steps. `letters`: the size of
    the words, in points. `slanted`: are the source words written at a slant? Those in `unknown`
    are marked.
    """
    target = trace.target[:rows]
    weights = np.asarray(trace.weights, dtype=float)[:rows]
    colours = cell_colours(weights, trace.source)
    across = [grid.x(column) for column in range(len(trace.source) + 1)]
    down = [grid.y(row) for row in range(len(target) + 1)]
    ax.pcolormesh(across, down, colours, edgecolors="#c8c8c8", linewidth=0.8, gid="weights")

    draw_source(ax, trace.source, grid, letters, slanted, unknown)
    right = grid.left - 0.12
    for row, word in enumerate(target):
        middle = grid.y(row + 0.5)
        ax.text(right, middle, word, fontsize=letters, ha="right", va="center",
                gid=f"target-{row + 1}")
    if is_one_pattern(weights):
        draw_pattern(ax, weights, colours, grid)
    elif grid.cell_width >= NUMBER_CELL:
        draw_numbers(ax, weights, colours, grid)


def draw_source(ax: Axes, words: Sequence[str], grid: Grid, letters: int, slanted: bool,
                unknown: Collection[str]) -> None:
    """The source words over their columns, in their hues. Signs like a comma never slant."""
    weight = "bold" if len(words) <= len(HUES) else "normal"
    hues = style.hues(words)
    y = grid.top + 0.1
    for column, word in enumerate(words):
        is_sign = not any(letter.isalnum() for letter in word)
        look: dict[str, Any] = {"ha": "center"}
        if slanted and not is_sign:
            look = {"ha": "left", "rotation": SLANT, "rotation_mode": "anchor"}
        if word in unknown:
            word += UNKNOWN_MARK
        x = grid.x(column + 0.5)
        ax.text(x, y, word, fontsize=letters, fontweight=weight, color=hues[column],
                va="baseline", gid=f"source-{column + 1}", **look)


def draw_numbers(ax: Axes, weights: np.ndarray, colours: np.ndarray, grid: Grid) -> None:
    """The number in each cell; those of a row add up to 1.00. A 0.00 stands back."""
    for row, numbers in enumerate(weights):
        y = grid.y(row + 0.5)
        for column, written in enumerate(style.shown_weights(numbers)):
            x = grid.x(column + 0.5)
            colour = readable_on(colours[row, column])
            if written == "0.00":
                colour = QUIET
            name = f"weight-{row + 1}-{column + 1}"
            ax.text(x, y, written, color=colour, ha="center", va="center", gid=name)


def draw_pattern(ax: Axes, weights: np.ndarray, colours: np.ndarray, grid: Grid) -> None:
    """The numbers of a table whose rows are all the same: each number once, amid its columns."""
    middle = grid.y(len(weights) / 2)
    first = 0
    for weight, equal in groupby(weights[0].round(6)):
        columns = len(list(equal))
        room = columns * grid.cell_width
        ways = pattern_numbers(weight, columns)
        fitting = [written for written in ways if fonts.width(written, SMALL) < room]
        if fitting:
            x = grid.x(first + columns / 2)
            ground = colours[0, first]
            box = {"facecolor": ground, "edgecolor": "none", "pad": 3}
            ax.text(x, middle, fitting[0], color=readable_on(ground), ha="center", va="center",
                    bbox=box, gid=f"pattern-{first + 1}")
        first += columns


def pattern_numbers(weight: float, columns: int) -> list[str]:
    """How a weight that stands in so many columns may be written, the fullest first."""
    if columns > 1 and math.isclose(weight * columns, 1, rel_tol=1e-3):
        number = f"{weight:.3f}".rstrip("0")
        return [f"1/{columns} = {number} each", f"1/{columns} each", f"1/{columns}"]
    number = f"{weight:.2f}"
    if columns > 1:
        return [f"{number} each", number]
    return [number]


def draw_outline(ax: Axes, left: float, bottom: float, width: float, height: float) -> None:
    """The outline of a gold link, seen on light cells and on dark ones."""
    inside = 0.035
    corner = (left + inside, bottom + inside)
    width -= 2 * inside
    height -= 2 * inside
    black = withStroke(linewidth=4.5, foreground="black")
    outline = Rectangle(corner, width, height, fill=False, edgecolor="white", linewidth=1.5,
                        zorder=5, gid="gold", path_effects=[black])
    ax.add_patch(outline)


def draw_batch(page: Axes, grid: Grid, shown: Any, mask: np.ndarray) -> None:
    """A table of `shown`, pale where the mask is False."""
    sentences, length = mask.shape
    colours = np.where(mask[..., None], to_rgb("white"), to_rgb("#e4e4e4"))
    across = [grid.x(column) for column in range(length + 1)]
    down = [grid.y(row) for row in range(sentences + 1)]
    page.pcolormesh(across, down, colours, edgecolors=QUIET, linewidth=0.8, gid="batch")
    for row in range(sentences):
        y = grid.y(row + 0.5)
        number = str(row + 1)
        page.text(grid.left - 0.12, y, number, ha="right", va="center", color=QUIET)
        for column in range(length):
            x = grid.x(column + 0.5)
            written = str(shown[row][column])
            colour = INK if mask[row, column] else QUIET
            page.text(x, y, written, color=colour, ha="center", va="center")


# The key.

def keys_of(traces: Sequence[Trace], alignment: Links, unknown: Collection[str]) -> list[Key]:
    """What has to be explained in this picture."""
    words = traces[0].source
    keys = []
    room = KEY_BAR + 0.6
    if len(words) <= len(HUES):
        scale = partial(draw_scale, colours=GREYS)
        keys.append(Key(scale, room, "weight"))
        keys.append(Key(draw_sample_rail, 0.95, "context of the row: how much of each state"))
    else:
        scale = partial(draw_scale, colours=style.WEIGHTS)
        keys.append(Key(scale, room, "attention weight"))
    if alignment:
        keys.append(Key(draw_sample_outline, 0.55, "gold alignment"))
    if any(word in unknown for word in words):
        keys.append(Key(draw_mark, 0.25, "not in the vocabulary: the model reads <unk>"))
    keys.append(Key(draw_nothing, 0.0, "a row belongs to the word about to be produced"))
    return keys


def draw_keys(page: Axes, right: float, y: float, keys: Sequence[Key]) -> Ends:
    """Write the keys in lines under `y`; returns the right and the lower end of all so far.

    A line goes to `right`, or further where a single key needs it.
    """
    x = EDGE
    middle = y - LINE / 2
    for key in keys:
        width = key.room + fonts.width(key.meaning, SMALL)
        is_first = x == EDGE
        if not is_first and x + width > right:
            x = EDGE
            middle -= LINE
        key.draw(page, x, middle)
        page.text(x + key.room, middle, key.meaning, va="center")
        right = max(right, x + width)
        x += width + 0.45
    return right, middle - LINE / 2


def draw_scale(page: Axes, x: float, y: float, colours: Colormap) -> None:
    """A bar from 0 to 1, with the numbers at its ends."""
    left = x + 0.2
    right = left + KEY_BAR
    bottom = y - 0.1
    top = y + 0.1
    page.text(x, y, "0", va="center")
    page.text(right + 0.08, y, "1", va="center")
    shades = np.linspace(0, 1, 64)[None, :]  # [1, 64]
    edges = np.linspace(left, right, 65)
    page.pcolormesh(edges, [bottom, top], shades, cmap=colours, gid="scale")
    frame = Rectangle((left, bottom), KEY_BAR, 0.2, fill=False, edgecolor=PALE)
    page.add_patch(frame)


def draw_sample_rail(page: Axes, x: float, y: float) -> None:
    """A rail of two words."""
    bottom = y - RAIL_HEIGHT / 2
    weights = [0.3, 0.7]
    hues = HUES[:2]
    style.draw_rail(page, x, bottom, 0.8, RAIL_HEIGHT, weights, hues, "sample-rail")


def draw_sample_outline(page: Axes, x: float, y: float) -> None:
    """The outline of a gold link."""
    draw_outline(page, x, y - 0.13, 0.42, 0.26)


def draw_mark(page: Axes, x: float, y: float) -> None:
    """The mark of an unknown word."""
    page.text(x, y, UNKNOWN_MARK, va="center", fontweight="bold")


def draw_nothing(page: Axes, x: float, y: float) -> None:
    """The sign of a key that is only words."""


# The page.

def new_page(fig: Figure) -> Axes:
    """Axes over the whole figure, whose unit is an inch; (0, 0) is the upper left corner."""
    ax = fig.add_axes((0, 0, 1, 1))
    ax.axis("off")
    return ax


def cut(fig: Figure, page: Axes, right: float, bottom: float) -> None:
    """Give the figure its size, when it is known where its contents end."""
    page.set_xlim(0, right)
    page.set_ylim(bottom, 0)
    fig.set_size_inches(right, -bottom)


def write_title(page: Axes, x: float, y: float, title: str, size: float) -> float:
    """Write a title, with its upper left corner at (x, y); returns its right end."""
    page.text(x, y, title, fontsize=size, fontweight="bold", va="top")
    width = fonts.width(title, size, "bold")
    return x + width


# What the pictures say to those who cannot see them.

def in_words(traces: Sequence[Trace], titles: Sequence[str], alignment: Links,
             unknown: Collection[str]) -> str:
    """The tables in words."""
    sentences = []
    for trace, title in zip(traces, titles, strict=True):
        if title != style.rule_title(trace.rule):
            sentences.append(f"{title}:")
        sentences.append(style.described(trace))
    if alignment:
        sentences.append("Outlined: the gold alignment.")
    marked = [word for word in traces[0].source if word in unknown]
    if marked:
        words = ", ".join(marked)
        sentences.append(f"Marked, because the model's vocabulary lacks them: {words}.")
    return " ".join(sentences)
