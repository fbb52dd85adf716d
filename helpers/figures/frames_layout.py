"""Where things stand on the nine frames, from left to right: encoder, context, decoder.

All lengths are in inches.
"""
from typing import NamedTuple

import torch

from helpers.figures import fonts
from helpers.figures.page import widest
from helpers.figures.style import hues, shown_weights
from helpers.translation import Trace

PAGE_WIDTH = 16
MARGIN = 0.15
RIGHT_EDGE = PAGE_WIDTH - MARGIN

DECODER_CELL = 1.2   # the width of a cell
LONGEST_WORD = 12    # letters; the rest is cut off
NAME_SIZE = 16       # of words that go in, in points


class Column(NamedTuple):
    """A source word, and what one step computes for it."""
    place: int           # from 1
    x: float             # the middle of the column
    word: str
    hue: str
    state: torch.Tensor  # [state]
    score: float
    weight: float
    written_weight: str


class Cell(NamedTuple):
    """A decoder cell, and the columns of what belongs to it."""
    step: int
    x: float  # the middle of the cell

    @property
    def left(self) -> float:
        return self.x - DECODER_CELL / 2

    @property
    def right(self) -> float:
        return self.x + DECODER_CELL / 2

    @property
    def context(self) -> float:
        """The context that enters it."""
        return self.x - 0.35

    @property
    def out(self) -> float:
        """The wire on which its word comes out."""
        return self.x + 0.3

    @property
    def tap(self) -> float:
        """Where the query is taken from the state that enters it."""
        return self.x - 1.07


class Layout:
    """The columns of the page at one step: encoder, context, decoder."""

    LEFT = 1.25          # where the columns begin, right of the names of the rows
    WIDEST_PITCH = 1.55  # from one source word to the next
    LEAST_PITCH = 0.95
    GOOD_WIDTH = 5.8     # of the encoder, if that leaves LEAST_PITCH
    WORD_OUT_SIZES = (26, 20, 16)  # points

    def __init__(self, trace: Trace, step: int) -> None:
        words = len(trace.source)
        good_pitch = min(self.WIDEST_PITCH, self.GOOD_WIDTH / words)
        self.pitch = max(self.LEAST_PITCH, good_pitch)
        self.right = self.LEFT + words * self.pitch  # where the encoder's columns end
        self.sum = self.right + 0.45                 # the sum of the products
        self.bend = self.right + 1.25                # where its wire goes down
        self.beside = min(0.6, 0.42 * self.pitch)    # from a column to the wire of its state
        self.columns = self.lay_columns(trace, step - 1)

        self.first_cell = self.right + 2.1
        words_out = [shortened(word) for word in trace.target]
        self.place_words_out(words_out)
        most = self.room_for_cells(words_out, self.word_out_size)
        self.cells = self.lay_cells(window(step, len(trace.target), most))

    def place_words_out(self, words: list[str]) -> None:
        """The words that come out, and the cells below them."""
        self.word_out_size = self.size_of_words_out(words)
        self.word_out_width = width_of_word_out(words, self.word_out_size)
        self.cell_pitch = self.word_out_width + 0.6
        # From a cell to the wire on which its word goes down, beside the word that went in.
        self.down = max(0.74, widest(words, NAME_SIZE, "normal") / 2 + 0.25)

    def size_of_words_out(self, words: list[str]) -> int:
        """The largest letters that leave room for three cells beside each other, or for two."""
        for wanted in (3, 2):
            for size in self.WORD_OUT_SIZES:
                if self.room_for_cells(words, size) >= min(wanted, len(words)):
                    return size
        return self.WORD_OUT_SIZES[-1]

    def room_for_cells(self, words: list[str], size: int) -> int:
        """How many cells stand beside each other under words of this size."""
        width = width_of_word_out(words, size)
        last_cell = RIGHT_EDGE + 0.55 - width
        return 1 + int((last_cell - self.first_cell) / (width + 0.6))

    def lay_columns(self, trace: Trace, row: int) -> list[Column]:
        """A column for each source word, with its numbers of a row of the table."""
        colours = hues(trace.source)
        written = shown_weights(trace.weights[row])
        columns = []
        for index, word in enumerate(trace.source):
            columns.append(Column(
                place=index + 1,
                x=self.LEFT + (index + 0.5) * self.pitch,
                word=shortened(word),
                hue=colours[index],
                state=trace.states[index],
                score=float(trace.scores[row, index]),
                weight=float(trace.weights[row, index]),
                written_weight=written[index],
            ))
        return columns

    def lay_cells(self, steps: range) -> list[Cell]:
        """The decoder cells of these steps, side by side."""
        cells = []
        for index, step in enumerate(steps):
            x = self.first_cell + index * self.cell_pitch
            cells.append(Cell(step, x))
        return cells

    def cell(self, step: int) -> Cell:
        """The cell of a step that is shown."""
        return self.cells[step - self.cells[0].step]

    def word_out(self, cell: Cell) -> float:
        """The middle of the word over a cell."""
        return cell.x - 0.55 + self.word_out_width / 2

    def tap(self, cell: Cell) -> float:
        """Where the query is taken from the state that enters a cell."""
        if cell.step == self.cells[0].step:
            return self.right + 0.35
        return cell.tap


def width_of_word_out(words: list[str], size: int) -> float:
    """The width of the boxes around the words that come out, the same for all."""
    return max(1.4, widest(words, size) + 0.25)


def window(step: int, steps: int, most: int) -> range:
    """The steps that are shown: all of them, or the `most` (at least two) that lead to this one."""
    shown = min(steps, max(2, most))
    first = max(1, step - shown + 1)
    return range(first, first + shown)


def shortened(word: str) -> str:
    """A word that leaves room for others."""
    if fonts.letters(word) <= LONGEST_WORD:
        return word
    kept = word
    while fonts.letters(kept) > LONGEST_WORD - 1:
        kept = kept[:-1]
    return kept + "…"
