"""The table of weights that grows from frame to frame, in the upper right corner of the page."""
from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.colors import to_rgb

from helpers.figures.frames_layout import RIGHT_EDGE, Layout, shortened
from helpers.figures.page import BOX, Page, widest
from helpers.figures.style import (
    INK,
    LARGE,
    QUIET,
    SMALL,
    draw_rail,
    shown_weights,
    toward_white,
)
from helpers.translation import Trace

TOP = 8.3     # of the words over the columns
BOTTOM = 4.5  # of the last row, at most
SLANT = 0.71  # how far, and how high, one inch of letters reaches at 45 degrees


class GrowingTable:
    """The table of weights: a row for each step, a column for each source word, a rail beside."""

    GOOD_COLUMN = 1.2
    NUMBER_COLUMN = 0.45  # no narrower column holds a number
    GOOD_ROW = 0.62
    LEAST_ROW = 0.26
    LABEL_SIZE = 17

    def __init__(self, page: Page, layout: Layout, trace: Trace) -> None:
        self.page = page
        self.columns = layout.columns
        self.colours = [column.hue for column in layout.columns]
        words = [column.word for column in layout.columns]
        self.longest = widest(words, self.LABEL_SIZE)
        self.place_across(layout, trace)
        self.place_down(len(trace.target))

    def place_across(self, layout: Layout, trace: Trace) -> None:
        """Where the labels, the columns and the rails stand."""
        words = len(self.columns)
        labels = [shortened(word) for word in trace.target]
        label_width = 0.25 + widest([*labels, "step 1"], self.LABEL_SIZE, "normal")
        self.rail_length = 1.5
        if words > 4:
            self.rail_length = 0.8
        if words > 6:
            self.rail_length = 0.6
        beside = max(0.15 + self.rail_length, SLANT * self.longest)  # right of the cells
        left = layout.bend + 0.15
        room = RIGHT_EDGE - left - label_width - beside
        self.column = min(self.GOOD_COLUMN, room / words)
        spare = room - self.column * words
        self.left = left + label_width + spare / 2
        self.rails = self.left + self.column * words + 0.15

    def place_down(self, steps: int) -> None:
        """How high the header is, and the rows."""
        self.is_slanted = self.longest > self.column - 0.08
        header = 0.35
        if self.is_slanted:
            header = SLANT * self.longest + 0.3
        self.top = TOP - header
        height = self.top - BOTTOM
        self.most_rows = int(height / self.LEAST_ROW)
        self.row = min(self.GOOD_ROW, height / min(steps, self.most_rows))

    def draw(self, weights: torch.Tensor, labels: Sequence[str], last_is_new: bool) -> None:
        """The rows of `weights` [rows, n], each with its label; of very many rows the last."""
        for index in range(len(self.columns)):
            self.draw_header(index)
        if not self.is_slanted:
            self.page.write(self.rails, self.top + 0.06, "mixture", ha="left", va="bottom",
                            color=QUIET, size=SMALL)
        first = max(0, len(labels) - self.most_rows)
        for row in range(first, len(labels)):
            y = self.top - (row - first + 0.5) * self.row
            if row == first > 0:
                self.draw_label(row, y, "…", is_new=False)
                continue
            is_new = last_is_new and row == len(labels) - 1
            self.draw_label(row, y, shortened(labels[row]), is_new)
            self.draw_weights(row, y, weights[row])
            self.draw_mixture(row, y, weights[row])

    def draw_header(self, index: int) -> None:
        """A source word over its column, slanted where it is too wide to lie."""
        column = self.columns[index]
        look: dict[str, Any] = {"va": "bottom"}
        if self.is_slanted:
            look = {"va": "baseline", "ha": "left", "rotation": 45, "rotation_mode": "anchor"}
        x = self.left + (index + 0.5) * self.column
        self.page.write(x, self.top + 0.08, column.word, color=column.hue, weight="bold",
                        size=self.LABEL_SIZE, gid=f"header{column.place}", **look)

    def draw_label(self, row: int, y: float, label: str, is_new: bool) -> None:
        """The word that a row belongs to."""
        size = max(SMALL, min(self.LABEL_SIZE, 40 * self.row))
        self.page.write(self.left - 0.14, y, label, lit=is_new, ha="right", size=size,
                        gid=f"label{row + 1}")

    def draw_weights(self, row: int, y: float, weights: torch.Tensor) -> None:
        """The weights of a step, from white (0) to the words' hues (1)."""
        written = shown_weights(weights)
        has_room = self.row > 0.4 and self.column > 0.7
        size = LARGE if has_room else SMALL
        for index, hue in enumerate(self.colours):
            name = f"{row + 1}-{index + 1}"
            shade = toward_white(hue, float(weights[index]))
            left = self.left + index * self.column
            self.page.rectangle(left, y - self.row / 2, self.column, self.row, facecolor=shade,
                                edgecolor="#bbbbbb", linewidth=1, zorder=BOX, gid=f"cell{name}")
            if self.column >= self.NUMBER_COLUMN:
                colour = readable_on(shade)
                if written[index] == "0.00":
                    colour = QUIET
                self.page.write(left + self.column / 2, y, written[index], size=size,
                                color=colour, gid=f"number{name}")

    def draw_mixture(self, row: int, y: float, weights: torch.Tensor) -> None:
        """The rail of a step."""
        thickness = min(0.26, 0.7 * self.row)
        draw_rail(self.page.ax, self.rails, y - thickness / 2, self.rail_length, thickness,
                  weights, self.colours, f"rail{row + 1}")


def readable_on(colour: tuple[float, float, float]) -> str:
    """White letters on what is dark, black ones on what is bright."""
    red, green, blue = to_rgb(colour)
    brightness = 0.3 * red + 0.59 * green + 0.11 * blue
    return "white" if brightness < 0.55 else INK
