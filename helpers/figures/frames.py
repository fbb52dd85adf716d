"""The nine frames: from the vanilla model to a whole translation with attention.

Every frame is the same page, on which more and more has happened. On the left stands the encoder
with the source words. Above each word stand, from below: its state, the network f, its score, its
weight, and weight ⊗ state; the sum of these is the context. On the right stands the decoder, over
its cells the words that come out, and at the top the growing table of weights.

What each frame tells stands in frames_story.py, where things stand in frames_layout.py, the growing
table in frames_table.py, the pens in page.py. Here are the heights, in inches, and the drawing.
"""
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from helpers.figures import fonts
from helpers.figures.frames_layout import (
    DECODER_CELL,
    MARGIN,
    NAME_SIZE,
    PAGE_WIDTH,
    RIGHT_EDGE,
    Cell,
    Column,
    Layout,
    shortened,
)
from helpers.figures.frames_story import Scene, heaviest, story
from helpers.figures.frames_table import GrowingTable
from helpers.figures.page import BOX, FOG, MARK, Page, Point, fitted, widest
from helpers.figures.style import (
    CONTEXT,
    INK,
    LARGE,
    NOW,
    NUMBERS,
    PALE,
    QUERY,
    QUIET,
    RECURRENCE,
    SMALL,
    TITLE,
    Picture,
    described,
    draw_rail,
    draw_vector,
    most_of,
    query_name,
    shown_score,
    shown_weights,
    styled,
    toward_white,
)
from helpers.text import START
from helpers.translation import Trace

LONGEST = 8        # source words: no page holds more
CELLS = 6          # numbers drawn of each vector

PAGE_HEIGHT = 9.5

# Heights. A name alone means the middle of the thing.
SECOND_ROW = -0.16   # source words too wide for one row stand in two
WORD_IN = 0.36
RNN = 1.2            # the cells of the encoder and of the decoder
STATE = 2.28         # the encoder's states; over the decoder's cells their contexts
CONTEXT_WIRE = 3.04  # where the wire that brings the context runs to the right
NETWORK = 3.54
WORD_OUT = 3.56
QUERY_WIRE = 4.02    # where the wire that brings the query runs to the left
SCORE = 4.42
SOFTMAX = 5.02
BAR_BOTTOM = 5.42
ONE_NUMBER = 5.8
WEIGHT = 6.25
INSIDE_NETWORK = 6.4
PRODUCT_SIGN = 6.81
PRODUCT = 7.58       # and the sum of the products
VECTOR_NAME = 8.24
CAPTION = 8.66
HEADLINE = 9.14

# Sizes.
VECTOR_HEIGHT = 1.0
VECTOR_WIDTH = 0.3
NUMBER_HEIGHT = VECTOR_HEIGHT / CELLS
RAIL_WIDTH = 0.13
BAR_HEIGHT = 0.62
BAR_WIDTH = 0.4
NETWORK_RADIUS = 0.27
SIGN_RADIUS = 0.16
WORD_BOX = 0.42      # the height of a box around a word
WORD_OUT_BOX = 0.6
SOFTMAX_BOX = 0.34
ENCODER_CELL = 0.56  # the width of a cell
RNN_HEIGHT = 0.66
HALF_NUMBER = 0.17   # half the height of a score or a weight

# Edges that wires lead to.
RNN_BOTTOM = RNN - RNN_HEIGHT / 2
RNN_TOP = RNN + RNN_HEIGHT / 2
STATE_BOTTOM = STATE - VECTOR_HEIGHT / 2
STATE_TOP = STATE + VECTOR_HEIGHT / 2
NETWORK_BOTTOM = NETWORK - NETWORK_RADIUS
NETWORK_TOP = NETWORK + NETWORK_RADIUS
SOFTMAX_BOTTOM = SOFTMAX - SOFTMAX_BOX / 2
SOFTMAX_TOP = SOFTMAX + SOFTMAX_BOX / 2
WORD_OUT_BOTTOM = WORD_OUT - WORD_OUT_BOX / 2

# Letters, in points.
NUMBER_SIZE = 20
SIGN_SIZE = 24
FORMULA_SIZE = 30
SENTENCE_SIZE = 36

DONE = "#f2f2f2"     # a cell that has done its work

# Kinds of wires.
Look = dict[str, Any]
QUERY_WIRES: Look = {"color": QUERY, "linewidth": 2.4, "linestyle": (0, (3, 1.4))}
CONTEXT_WIRES: Look = {"color": CONTEXT, "linewidth": 4}
RECURRENT_WIRES: Look = {"color": RECURRENCE, "linewidth": 3}
WORD_WIRES: Look = {"color": INK, "linewidth": 1.4}
PALE_WIRES: Look = {"color": PALE, "linewidth": 1.8}
HUE_WIDTH = 2.2      # of the wires in the hue of a word


@styled
def nine_frames(trace: Trace) -> list[Picture]:
    """The translation in pictures: the vanilla model, step 1 in four frames, step 2 in two, then
    one for each step. Three source words and four steps make nine.

    More than eight source words raise a ValueError, for no page has room for them.
    """
    if len(trace.source) > LONGEST:
        raise ValueError(f"nine_frames has room for {LONGEST} source words, and this sentence has "
                         f"{len(trace.source)}: choose a shorter sentence")
    scenes = story(trace)
    pictures = []
    for number, scene in enumerate(scenes, start=1):
        is_last = number == len(scenes)
        frame = Frame(trace, scene, number, is_last)
        frame.draw()
        pictures.append(Picture(frame.fig, frame.alt()))
    return pictures


# The frames.

class Mixture(NamedTuple):
    """A context as it is drawn."""
    name: str
    vector: torch.Tensor   # [state]
    weights: torch.Tensor  # [n]
    outline: str


class Frame(Page):
    """One frame: the page as far as its scene has come."""

    def __init__(self, trace: Trace, scene: Scene, number: int, is_last: bool) -> None:
        self.trace = trace
        self.scene = scene
        self.number = number
        self.is_last = is_last
        self.layout = Layout(trace, scene.step)
        self.columns = self.layout.columns
        self.colours = [column.hue for column in self.columns]
        self.most = most_of(trace)
        self.query = query_name(trace, scene.step - 1)

        box_width = 0.3 + widest([column.word for column in self.columns], NAME_SIZE, "normal")
        self.in_two_rows = box_width > self.layout.pitch
        bottom = SECOND_ROW - 0.3 if self.in_two_rows else 0
        super().__init__(PAGE_WIDTH, PAGE_HEIGHT, bottom)

        scores = [shown_score(float(score)) for score in trace.scores.flatten()]
        longest = max(scores, key=len)
        self.number_size = fitted(longest, 2 * self.layout.beside - 0.25, NUMBER_SIZE)

    def is_new(self, part: str) -> bool:
        """Does this frame light this part?"""
        return part in self.scene.new

    def alt(self) -> str:
        """What the frame shows, in words; the last one tells the whole table."""
        told = f"Frame {self.number}. {self.scene.title}. {self.scene.caption}"
        if self.is_last:
            source = " ".join(self.trace.source)
            target = " ".join(self.trace.words)
            told += f" {source} → {target}. {described(self.trace)}"
        return told

    def draw(self) -> None:
        """Everything, from the headline to the table."""
        self.draw_headline()
        self.draw_key()
        self.draw_row_names()
        for column in self.columns:
            self.draw_encoder(column)
        self.draw_decoder()
        if self.scene.stage == "vanilla":
            self.draw_vanilla()
        else:
            self.draw_attention()

    # The head of the page, and its edge.

    def draw_headline(self) -> None:
        """The title and the caption; in the last frame the sentence and its translation, large."""
        title = f"Frame {self.number} · {self.scene.title}"
        room = PAGE_WIDTH - 5.8  # right of it stands the key
        if self.is_last:
            size = fitted(title, room, LARGE, "normal")
            self.write(MARGIN, HEADLINE + 0.1, title, ha="left", size=size, gid="title")
            self.draw_sentence()
            return
        size = fitted(title, room, TITLE)
        self.write(MARGIN, HEADLINE, title, ha="left", size=size, weight="bold", gid="title")
        size = fitted(self.scene.caption, RIGHT_EDGE - MARGIN, LARGE, "normal")
        self.write(MARGIN, CAPTION, self.scene.caption, ha="left", size=size, gid="caption")

    def draw_sentence(self) -> None:
        """The source words in their hues, an arrow, and the words that came out."""
        pieces = [(column.word, column.hue) for column in self.columns]
        pieces.append(("→", INK))
        for word in self.trace.words:
            pieces.append((shortened(word), INK))
        room = 0.98 * (RIGHT_EDGE - MARGIN)
        while fonts.width(joined(pieces), SMALL, "bold") > room:
            pieces[-2:] = [("…", INK)]  # a page holds no more
        size = fitted(joined(pieces), room, SENTENCE_SIZE)
        self.write_pieces(MARGIN, CAPTION + 0.1, pieces, size, "sentence")

    def draw_key(self) -> None:
        """Which colour is which number of a vector."""
        shades = 9
        width = 0.15
        most = shown_score(self.most)
        middle = HEADLINE + 0.1
        right = RIGHT_EDGE - fonts.width(most, SMALL) - 0.08
        left = right - shades * width
        for index, share in enumerate(np.linspace(0, 1, shades)):
            self.rectangle(left + index * width, middle - 0.11, width, 0.22,
                           facecolor=NUMBERS(share), edgecolor="#dddddd", linewidth=0.6)
        self.write(left - 0.08, middle, f"first {CELLS} numbers of a vector: −{most}", ha="right",
                   size=SMALL)
        self.write(RIGHT_EDGE, middle, most, ha="right", size=SMALL)

    def draw_row_names(self) -> None:
        """What stands at each height, on the left edge, as far as it is drawn."""
        asked = "network f" if self.trace.rule == "additive" else "function f"
        words_in = SECOND_ROW if self.in_two_rows else WORD_IN
        rows = [
            ("vanilla", words_in, "words in"),
            ("vanilla", RNN, "encoder"),
            ("vanilla", STATE, "states"),
            ("network", NETWORK, asked),
            ("scores", SCORE, "scores"),
            ("weights", BAR_BOTTOM + BAR_HEIGHT / 2, "weights"),
            ("context", PRODUCT, "weight\n⊗ state"),
        ]
        for stage, y, name in rows:
            if self.scene.reached(stage):
                self.write(MARGIN, y, name, ha="left", size=SMALL, color=QUIET)

    # What is drawn in several places.

    def draw_vector(self, x: float, y: float, vector: torch.Tensor, outline: str,
                    name: str) -> None:
        """The first numbers of a vector, in the size that all vectors have."""
        numbers = vector[:CELLS]
        draw_vector(self.ax, x, y, VECTOR_WIDTH, VECTOR_HEIGHT, numbers, self.most, outline, name)

    def draw_mixture(self, x: float, y: float, mixture: Mixture, name: str) -> None:
        """A context with its rail."""
        self.draw_vector(x, y, mixture.vector, mixture.outline, name)
        left = x + VECTOR_WIDTH / 2 + 0.05
        bottom = y - VECTOR_HEIGHT / 2
        draw_rail(self.ax, left, bottom, RAIL_WIDTH, VECTOR_HEIGHT, mixture.weights, self.colours,
                  f"{name}-rail")

    def mixture(self, step: int) -> Mixture:
        """The context of a step; in the vanilla model it is the last state."""
        row = step - 1
        if self.scene.stage == "vanilla":
            last = self.columns[-1]
            weights = vanilla_weights(self.trace)[row]
            return Mixture(f"h{last.place}", last.state, weights, last.hue)
        return Mixture(f"c{step}", self.trace.context[row], self.trace.weights[row], INK)

    def draw_word_box(self, x: float, y: float, word: str, face: Any, edge: str,
                      name: str) -> float:
        """A word that goes into the network, in a box; gives the width of the box."""
        width = max(0.6, fonts.width(word, NAME_SIZE) + 0.2)
        self.box(x, y, width, WORD_BOX, face, edge, name=name)
        self.write(x, y, word, size=NAME_SIZE)
        return width

    def rise(self, column: Column, bottom: float, top: float) -> None:
        """A wire straight up in the column of a source word."""
        self.wire_upright(column.x, bottom, top, color=column.hue, linewidth=HUE_WIDTH)

    # The encoder.

    def draw_encoder(self, column: Column) -> None:
        """A source word, the cell that reads it, and its state."""
        x = column.x
        y = WORD_IN
        if self.in_two_rows and column.place % 2 == 0:
            y = SECOND_ROW
        self.draw_word_box(x, y, column.word, toward_white(column.hue, 0.2), column.hue,
                           f"word{column.place}")
        self.rise(column, y + WORD_BOX / 2, RNN_BOTTOM)
        self.box(x, RNN, ENCODER_CELL, RNN_HEIGHT, DONE, QUIET)
        self.rise(column, RNN_TOP, STATE_BOTTOM)
        name = f"h{column.place}"
        self.draw_vector(x, STATE, column.state, column.hue, name)
        self.write(x - 0.2, STATE, name, ha="right", color=column.hue, weight="bold",
                   size=NAME_SIZE)
        if column is not self.columns[-1]:
            start = x + ENCODER_CELL / 2
            end = x + self.layout.pitch - ENCODER_CELL / 2
            self.wire_lying(RNN, start, end, **RECURRENT_WIRES)

    # The decoder.

    def draw_decoder(self) -> None:
        """The cells that there is room for, with all that has gone in and come out."""
        for cell in self.layout.cells:
            self.draw_cell(cell)
            self.draw_word_in(cell)
            if self.has_context(cell.step):
                self.draw_context(cell)
            if self.has_word(cell.step):
                self.draw_word_out(cell)
        self.draw_recurrence()
        self.draw_dots_after_cells()

    def has_context(self, step: int) -> bool:
        """Is the context of this step there, and with it the cell's work?"""
        if self.scene.stage == "vanilla":
            return True
        if step == self.scene.step:
            return self.scene.reached("context")
        return step < self.scene.step

    def has_word(self, step: int) -> bool:
        """Has the word of this step come out?"""
        if self.scene.stage == "vanilla":
            return False
        if step == self.scene.step:
            return self.scene.reached("word")
        return step < self.scene.step

    def draw_cell(self, cell: Cell) -> None:
        """A decoder cell."""
        face = "white"
        edge = PALE
        letters = PALE
        if self.has_context(cell.step):
            face = DONE
            edge = QUIET
            letters = INK
        if cell.step == self.scene.step and self.is_new("cell"):
            face = NOW
        self.box(cell.x, RNN, DECODER_CELL, RNN_HEIGHT, face, edge, name=f"cell{cell.step}")
        self.write(cell.x, RNN, "decoder", size=SMALL, color=letters)

    def draw_recurrence(self) -> None:
        """The states that enter the cells, with their names."""
        start = self.columns[-1].x + ENCODER_CELL / 2
        if self.layout.cells[0].step > 1:
            dots = self.layout.right + 0.65
            self.wire_lying(RNN, start, dots - 0.2, **RECURRENT_WIRES)
            self.write(dots, RNN, "…", size=SIGN_SIZE)
            start = dots + 0.2
        for cell in self.layout.cells:
            is_known = cell.step <= self.scene.step
            wires = RECURRENT_WIRES if is_known else PALE_WIRES
            self.wire_lying(RNN, start, cell.left, **wires)
            left = max(start + 0.1, self.layout.tap(cell) - 0.15)
            self.write(left, RNN - 0.27, query_name(self.trace, cell.step - 1), ha="left",
                       size=NAME_SIZE, color=INK if is_known else PALE)
            start = cell.right

    def draw_dots_after_cells(self) -> None:
        """Dots where the page has no room for the cells that follow."""
        last = self.layout.cells[-1]
        if last.step < len(self.trace.target):
            self.wire_lying(RNN, last.right, last.right + 0.25, **PALE_WIRES)
            self.write(last.right + 0.42, RNN, "…", size=SIGN_SIZE, color=PALE)

    def draw_word_in(self, cell: Cell) -> None:
        """The word that enters a cell from below: the one before."""
        word = ""
        if cell.step == 1:
            word = START
        elif cell.step <= self.scene.step and self.has_word(cell.step - 1):
            word = shortened(self.trace.target[cell.step - 2])
        face = "white"
        if cell.step == self.scene.step and self.is_new("word in"):
            face = NOW
        wires = WORD_WIRES if word else PALE_WIRES
        width = self.draw_word_box(cell.x, WORD_IN, word, face, wires["color"], f"in{cell.step}")
        self.wire_upright(cell.x, WORD_IN + WORD_BOX / 2, RNN_BOTTOM, **wires)
        if word and cell is not self.layout.cells[0]:
            before = self.layout.cell(cell.step - 1)
            down = before.x + self.layout.down
            into = cell.x - width / 2
            self.wire((down, WORD_OUT_BOTTOM), (down, WORD_IN), (into, WORD_IN), **wires)

    def draw_word_out(self, cell: Cell) -> None:
        """The word that comes out of a cell, large over it."""
        face = "white"
        if cell.step == self.scene.step or self.is_new("word before"):
            face = NOW
        x = self.layout.word_out(cell)
        word = shortened(self.trace.target[cell.step - 1])
        self.wire_upright(cell.out, RNN_TOP, WORD_OUT_BOTTOM, **WORD_WIRES)
        self.box(x, WORD_OUT, self.layout.word_out_width, WORD_OUT_BOX, face,
                 name=f"out{cell.step}")
        self.write(x, WORD_OUT, word, weight="bold", size=self.layout.word_out_size)

    def draw_context(self, cell: Cell) -> None:
        """The context that enters a cell, with its rail."""
        x = cell.context
        is_now = cell.step == self.scene.step and self.is_new("context")
        if is_now or self.is_new("vanilla"):
            self.light(x - 0.62, x + 0.38, STATE_BOTTOM - 0.06, STATE_TOP + 0.06)
        mixture = self.mixture(cell.step)
        self.draw_mixture(x, STATE, mixture, f"c{cell.step}")
        self.write(x - 0.2, STATE, mixture.name, ha="right", weight="bold", size=15,
                   color=mixture.outline)
        self.wire_upright(x, STATE_BOTTOM, RNN_TOP, **CONTEXT_WIRES)

    # Frame 1.

    def draw_vanilla(self) -> None:
        """The last state goes into every cell, the others nowhere."""
        self.draw_last_state_everywhere()
        unused = self.columns[:-1]
        if unused:
            self.draw_unused(unused)
        self.draw_equal_contexts()
        labels = [f"step {step}" for step in range(1, len(self.trace.target) + 1)]
        table = GrowingTable(self, self.layout, self.trace)
        table.draw(vanilla_weights(self.trace), labels, last_is_new=False)

    def draw_last_state_everywhere(self) -> None:
        """One wire from the last state, with a branch into every cell."""
        start = self.columns[-1].x
        last = self.layout.cells[-1]
        has_more = last.step < len(self.trace.target)
        self.wire(
            (start, STATE_TOP),
            (start, CONTEXT_WIRE),
            (last.context, CONTEXT_WIRE),
            (last.context, STATE_TOP),
            **CONTEXT_WIRES,
        )
        for cell in self.layout.cells:
            if cell is not last or has_more:
                self.wire_upright(cell.context, CONTEXT_WIRE, STATE_TOP, **CONTEXT_WIRES)
                self.dot(cell.context, CONTEXT_WIRE, CONTEXT)
        if has_more:
            end = last.context + 0.9
            self.wire_lying(CONTEXT_WIRE, last.context, end, **CONTEXT_WIRES)
            self.write(end + 0.25, CONTEXT_WIRE, "…", size=SIGN_SIZE)

    def draw_unused(self, columns: Sequence[Column]) -> None:
        """A thin fog before the states that are not passed on, and a cross over each."""
        bottom = RNN_TOP + 0.02
        height = STATE_TOP + 0.05 - bottom
        for column in columns:
            self.rectangle(column.x - 0.6, bottom, 0.8, height, color="white", alpha=0.75,
                           zorder=FOG, gid=f"fog{column.place}")
            self.write(column.x, CONTEXT_WIRE, "×", color=QUIET, size=SIGN_SIZE)
        middle = (columns[0].x + columns[-1].x) / 2
        self.write(middle, CONTEXT_WIRE + 0.36, "not passed on", color=QUIET, size=LARGE)

    def draw_equal_contexts(self) -> None:
        """c1 = c2 = … = h_n, large."""
        steps = len(self.trace.target)
        shown = steps if steps < 5 else 3
        pieces = [(f"c{step} =", INK) for step in range(1, shown + 1)]
        if shown < steps:
            pieces.append(("… =", INK))
        last = self.columns[-1]
        pieces.append((f"h{last.place}", last.hue))
        self.write_pieces(self.layout.LEFT, ONE_NUMBER, pieces, FORMULA_SIZE, "formula")

    # Attention, from below.

    def draw_attention(self) -> None:
        """The query, the networks, then what has been computed of scores, weights and context."""
        self.draw_query()
        for column in self.columns:
            self.draw_network(column)
        if self.scene.reached("scores"):
            for column in self.columns:
                self.draw_score(column)
        if self.scene.reached("weights"):
            self.draw_softmax()
            for column in self.columns:
                self.draw_weight(column)
            self.draw_table()
        if self.scene.reached("context"):
            for column in self.columns:
                self.draw_product(column)
            self.draw_sum()
        if self.scene.stage in ("network", "scores") and self.trace.rule == "additive":
            self.draw_inside_network()
        if self.scene.stage == "context":
            self.draw_one_number()

    def draw_query(self) -> None:
        """The query: up from the wire into the cell, and along over all networks."""
        cell = self.layout.cell(self.scene.step)
        x = self.layout.tap(cell)
        end = branch(self.columns[0])
        self.dot(x, RNN, QUERY)
        self.wire(
            (x, RNN),
            (x, QUERY_WIRE),
            (end, QUERY_WIRE),
            arrow=False,
            **QUERY_WIRES,
        )
        self.write(x - 0.2, QUERY_WIRE + 0.2, f"query {self.query}", lit=self.is_new("query"),
                   ha="left", color=QUERY, weight="bold", size=SMALL, gid="query-name")

    def draw_network(self, column: Column) -> None:
        """The small network f, with a state and a copy of the query going in."""
        x = branch(column)
        face = NOW if self.is_new("network") else "white"
        self.rise(column, STATE_TOP, NETWORK_BOTTOM)
        self.wire(
            (x, QUERY_WIRE),
            (x, NETWORK),
            (column.x - NETWORK_RADIUS, NETWORK),
            **QUERY_WIRES,
        )
        if column is not self.columns[0]:
            self.dot(x, QUERY_WIRE, QUERY)
        self.circle(column.x, NETWORK, NETWORK_RADIUS, face, column.hue, f"f{column.place}")
        self.write(column.x, NETWORK, "f", style="italic", size=LARGE)

    def draw_score(self, column: Column) -> None:
        """How well a state answers the query."""
        self.rise(column, NETWORK_TOP, SCORE - HALF_NUMBER)
        self.write(column.x, SCORE, shown_score(column.score), lit=self.is_new("scores"),
                   color=column.hue, weight="bold", size=self.number_size,
                   gid=f"score{column.place}")

    def draw_softmax(self) -> None:
        """One operation over all scores."""
        reach = 0.36 * self.layout.pitch
        left = self.columns[0].x - reach
        right = self.columns[-1].x + reach
        middle = (left + right) / 2
        face = NOW if self.is_new("softmax") else DONE
        self.box(middle, SOFTMAX, right - left, SOFTMAX_BOX, face, QUIET, name="softmax")
        self.write(middle, SOFTMAX, "softmax", size=NAME_SIZE)

    def draw_weight(self, column: Column) -> None:
        """From the score through softmax to the weight, as a bar and as a number."""
        self.rise(column, SCORE + HALF_NUMBER, SOFTMAX_BOTTOM)
        self.rise(column, SOFTMAX_TOP, BAR_BOTTOM)
        left = column.x - BAR_WIDTH / 2
        self.rectangle(left, BAR_BOTTOM, BAR_WIDTH, BAR_HEIGHT, facecolor="white", edgecolor=PALE,
                       linewidth=1.2, zorder=BOX)
        self.rectangle(left, BAR_BOTTOM, BAR_WIDTH, column.weight * BAR_HEIGHT,
                       facecolor=column.hue, zorder=BOX, gid=f"bar{column.place}")
        self.write(column.x, WEIGHT, column.written_weight, lit=self.is_new("weights"),
                   color=column.hue, weight="bold", size=self.number_size,
                   gid=f"weight{column.place}")

    def draw_table(self) -> None:
        """The rows so far; a word that has not come out yet is a question mark."""
        step = self.scene.step
        labels = list(self.trace.target[:step])
        if not self.scene.reached("word"):
            labels[-1] = "?"
        table = GrowingTable(self, self.layout, self.trace)
        table.draw(self.trace.weights[:step], labels, last_is_new=self.is_new("weights"))

    def draw_product(self, column: Column) -> None:
        """weight ⊗ state: both go in, and the product comes out."""
        x = column.x
        up = x + self.layout.beside
        self.rise(column, WEIGHT + HALF_NUMBER, PRODUCT_SIGN - SIGN_RADIUS)
        self.wire(
            (x + VECTOR_WIDTH / 2, STATE),
            (up, STATE),
            (up, PRODUCT_SIGN),
            (x + SIGN_RADIUS, PRODUCT_SIGN),
            color=column.hue,
            linewidth=HUE_WIDTH,
        )
        self.circle(x, PRODUCT_SIGN, SIGN_RADIUS, edge=column.hue)
        self.write(x, PRODUCT_SIGN, "×", size=LARGE)
        product = column.weight * column.state
        self.draw_vector(x, PRODUCT, product, column.hue, f"product{column.place}")
        self.write(x, VECTOR_NAME, f"{column.written_weight}·h{column.place}", color=column.hue,
                   weight="bold", size=SMALL, gid=f"product-name{column.place}")
        sign = "=" if column is self.columns[-1] else "+"
        self.write(x + self.layout.pitch / 2, PRODUCT, sign, size=SIGN_SIZE)

    def draw_sum(self) -> None:
        """The context: what the products add up to, and its way into the decoder."""
        step = self.scene.step
        x = self.layout.sum
        bend = self.layout.bend
        into = self.layout.cell(step).context
        if self.is_new("context"):
            self.light(x - 0.25, x + 0.45, PRODUCT - 0.58, VECTOR_NAME + 0.18)
        self.draw_mixture(x, PRODUCT, self.mixture(step), "context")
        self.write(x + 0.1, VECTOR_NAME, f"c{step}", weight="bold", size=LARGE)
        self.wire(
            (x + 0.4, PRODUCT),
            (bend, PRODUCT),
            (bend, CONTEXT_WIRE),
            (into, CONTEXT_WIRE),
            (into, STATE_TOP),
            **CONTEXT_WIRES,
        )

    # Two things opened: the network, and one number of the context.

    def draw_inside_network(self) -> None:
        """What happens in f, for the state with the highest score."""
        column = max(self.columns, key=lambda column: column.score)
        query = self.trace.hidden[self.scene.step - 1]
        vectors = self.layout.LEFT + 0.75
        units = vectors + 1.8
        out = units + 1.4
        middle = INSIDE_NETWORK
        above = middle + 0.7
        below = middle - 0.7
        self.write(self.layout.LEFT, middle + 1.65, "Inside f, the same for every state:",
                   ha="left", size=LARGE)
        self.draw_input(vectors, above, column.state, f"h{column.place}", column.hue)
        self.draw_input(vectors, below, query, self.query, QUERY)
        for y in np.linspace(middle - 0.9, middle + 0.9, 4):
            self.draw_threads(vectors, above, (units, y), column.hue)
            self.draw_threads(vectors, below, (units, y), QUERY)
            self.draw_thread((units, y), (out, middle), INK)
            self.circle(units, y, 0.15)
        self.circle(out, middle, 0.2)
        self.wire_lying(middle, out + 0.2, out + 0.6, color=column.hue, linewidth=HUE_WIDTH)
        answer = f"score{column.place}"
        if self.scene.reached("scores"):
            answer = shown_score(column.score)
        self.write(out + 0.7, middle, answer, ha="left", color=column.hue, weight="bold",
                   size=NUMBER_SIZE)

    def draw_input(self, x: float, y: float, vector: torch.Tensor, name: str, colour: str) -> None:
        """A vector that goes into the network."""
        self.draw_vector(x, y, vector, colour, f"input-{name}")
        self.write(x - 0.2, y, name, ha="right", color=colour, weight="bold", size=NAME_SIZE)

    def draw_threads(self, x: float, y: float, unit: Point, colour: str) -> None:
        """Thin lines from every number of the vector around (x, y) to a unit of the network."""
        right = x + VECTOR_WIDTH / 2
        for cell in range(CELLS):
            self.draw_thread((right, y + number_height(cell)), unit, colour)

    def draw_thread(self, start: Point, end: Point, colour: str) -> None:
        """A thin line inside the network."""
        self.wire(start, end, arrow=False, color=toward_white(colour, 0.6), linewidth=1)

    def draw_one_number(self) -> None:
        """One number of the context opened: weight · number of each state, added up."""
        cell = opened_cell(self.trace, self.scene.step)
        up = number_height(cell)
        for column in self.columns:
            self.draw_mark(column.x, STATE + up)
            self.draw_mark(column.x, PRODUCT + up)
        self.draw_mark(self.layout.sum, PRODUCT + up)

        left = self.layout.bend + 0.35
        room = RIGHT_EDGE - left - 0.4
        terms = len(self.columns)
        pieces = self.opened_sum(cell, terms)
        while fonts.width(joined(pieces), SMALL, "bold") > room:
            terms -= 1
            pieces = self.opened_sum(cell, terms)
        size = fitted(joined(pieces), room, 26)
        heading = f"The framed number of c{self.scene.step}:"
        needed = fonts.width(joined(pieces), size, "bold")
        width = 0.4 + max(needed, fonts.width(heading, LARGE))
        self.light(left, left + width, ONE_NUMBER - 0.6, ONE_NUMBER + 0.6)
        self.box(left + width / 2, ONE_NUMBER, width - 0.14, 1.06, edge=NOW)
        self.write(left + 0.2, ONE_NUMBER + 0.28, heading, ha="left", size=LARGE)
        self.write_pieces(left + 0.2, ONE_NUMBER - 0.22, pieces, size, "one-number")

    def opened_sum(self, cell: int, terms: int) -> list[tuple[str, str]]:
        """One number of the context as a sum of so many terms: what is written, and its colour."""
        row = self.scene.step - 1
        pieces: list[tuple[str, str]] = []
        for index in heaviest(self.trace.weights[row], terms):
            column = self.columns[index]
            number = shown_score(float(column.state[cell]))
            if number.startswith("−"):
                number = f"({number})"
            if pieces:
                pieces.append(("+", INK))
            pieces.append((f"{column.written_weight}·{number}", column.hue))
        if terms < len(self.columns):
            pieces.append(("+ …", INK))
        total = shown_score(float(self.trace.context[row, cell]))
        pieces.append((f"= {total}", INK))
        return pieces

    def draw_mark(self, x: float, y: float) -> None:
        """A frame around one number of a vector."""
        width = VECTOR_WIDTH + 0.1
        self.rectangle(x - width / 2, y - NUMBER_HEIGHT / 2, width, NUMBER_HEIGHT, fill=False,
                       edgecolor=INK, linewidth=3, zorder=MARK, gid="mark")


def branch(column: Column) -> float:
    """Where a copy of the query leaves its wire for the network of a state."""
    return column.x - NETWORK_RADIUS - 0.2


def number_height(cell: int) -> float:
    """How far a number of a vector stands above the vector's middle; the first is on top."""
    return VECTOR_HEIGHT / 2 - (cell + 0.5) * NUMBER_HEIGHT


def joined(pieces: Sequence[tuple[str, str]]) -> str:
    """The words of a line in several colours."""
    return " ".join(words for words, _ in pieces)


def vanilla_weights(trace: Trace) -> torch.Tensor:
    """The weights of the vanilla model [m, n]: all on the last state."""
    weights = torch.zeros_like(trace.weights)
    weights[:, -1] = 1
    return weights


def opened_cell(trace: Trace, step: int) -> int:
    """Which number of a context is opened, from 0: the largest whose rounded terms add up."""
    written = shown_weights(trace.weights[step - 1])
    weights = torch.tensor([float(weight) for weight in written], dtype=torch.double)
    states = trace.states[:, :CELLS].double().round(decimals=2)
    context = trace.context[step - 1, :CELLS].double()
    from_rounded = weights @ states
    largest_first = context.abs().argsort(descending=True, stable=True).tolist()
    for cell in largest_first:
        if shown_score(float(from_rounded[cell])) == shown_score(float(context[cell])):
            return cell
    return largest_first[0]
