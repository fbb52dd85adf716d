"""The nine frames: the translating machine as boxes and arrows, with the model's own numbers in it."""
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers.figures import DARK, LARGE, PALE, Picture, describe, draw_weights, room, seen, styled
from helpers.steps import axes_at, number

LONGEST, NUMBERS = 8, 6  # source words, for no page holds more; numbers drawn of each vector
STAGES = ("vanilla", "network", "scores", "weights", "context", "word")  # what is computed by the end of a frame
LEFT, CELL, PITCH = 1.4, 0.95, 1.55  # inches: where the encoder begins; a decoder cell; from one cell to the next
HEIGHTS = SOURCE, ENCODER, STATE, NETWORK, SCORE, WEIGHT, PART = 0.35, 0.95, 1.95, 3.15, 3.85, 4.55, 6.0
PARTS = "words in|encoder,\ndecoder|states,\ncontexts|network|scores|softmax:\nweights|weights\n× states".split("|")
WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # behind words that an arrow might cross


def query_name(trace, step):
    """Who asks at this step: before the first word h_n, if the decoder starts from it; then the decoder's state."""
    first, last = trace.hidden[0].tolist(), trace.states[-1].tolist()
    return f"h{len(trace.source)}" if step == 1 and first == last else f"dh{step - 1}"


class Machine:
    """A drawing of the machine at one step, as far as `stage`; what is not computed yet is pale. Lengths in inches."""

    def __init__(self, trace, step, stage):
        self.trace, self.step, self.stage = trace, step, stage
        self.m, self.n = trace.weights.shape
        self.pitch = max(3.3 / self.n, 0.85, min(1.2, room(trace.source) + 0.1))
        self.right = LEFT + self.n * self.pitch  # where the encoder ends
        shown = 4 if self.n < 6 else 2           # decoder cells
        self.first = max(1, min(step - shown // 2, self.m - shown + 1))
        self.cells = range(self.first, min(self.first + shown, self.m + 1))
        self.size = self.right + max(1.25 + PITCH * len(self.cells), 6), 4.1 if stage == "vanilla" else 7.6
        self.fig, (wide, tall) = Figure(figsize=self.size), self.size
        self.ax = axes_at(self.fig, 0, 0, wide, tall, xlim=(0, wide), ylim=(0, tall), autoscale_on=False)
        self.ax.axis("off")
        self.most = float(trace.states[:, :NUMBERS].abs().max())  # one scale of colours for all strips

    def encoder(self, j):
        return LEFT + (j - 0.5) * self.pitch

    def decoder(self, i):
        return self.right + 1.8 + (i - self.first) * PITCH

    def lit(self, stage):
        return STAGES.index(self.stage) >= STAGES.index(stage)

    def write(self, x, y, text, lit=True, **style):
        style = {"ha": "center", "va": "center", "color": "black" if lit else PALE, "zorder": 5} | style
        self.ax.text(x, y, text, **style)

    def arrow(self, *corners, lit=True):
        line = {"color": DARK if lit else "#d9d9d9", "linewidth": 2.2 if lit else 1.4, "zorder": 2}
        self.ax.plot(*zip(*corners, strict=True), **line)
        head = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 16, "color": line["color"]}
        self.ax.annotate("", corners[-1], corners[-2], arrowprops=head, zorder=2)

    def box(self, x, y, width, height, text="", lit=True, now=False):
        self.ax.add_patch(FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.08", zorder=3,
            facecolor="#ffe89a" if now else "#e8ebf2" if lit else "white", edgecolor="black" if lit else PALE,
            linewidth=2.5 if now else 1.3))
        self.write(x, y, text, lit)

    def strip(self, x, y, vector, name, lit=True):
        """The first numbers of a vector as a column of colours: dark below 0, grey at 0, bright above."""
        values = vector[:NUMBERS].numpy()[:, None]
        edges = np.linspace(y + 0.42, y - 0.42, NUMBERS + 1)[:len(values) + 1]
        mesh = self.ax.pcolormesh([x - 0.13, x + 0.13], edges, values, cmap="cividis", vmin=-self.most, vmax=self.most,
                                  edgecolors="black" if lit else PALE, linewidth=0.8, zorder=4, gid=name)
        if not lit:
            mesh.set(array=None, facecolor="white")

    def read(self):
        """The encoder reads the source words; each state stands above its word."""
        for j, word in enumerate(self.trace.source, 1):
            x = self.encoder(j)
            self.write(x, SOURCE, word)
            self.arrow((x, 0.5), (x, 0.7))
            self.box(x, ENCODER, 0.5, 0.5)
            self.arrow((x, 1.2), (x, 1.53))
            self.strip(x, STATE, self.trace.states[j - 1], f"h{j}")
            self.write(x - 0.18, STATE, f"h{j}", ha="right")
            if j < self.n:
                self.arrow((x + 0.25, ENCODER), (self.encoder(j + 1) - 0.25, ENCODER))

    def attend(self):
        """From below: the query, the network, a score and a weight for each state, the weighted states, their sum."""
        step, n, query, lit = self.step, self.n, self.right + 0.5, self.lit("context")
        name = "fully connected network" if self.trace.rule == "AdditiveAttention" else "network"
        self.box(LEFT + n * self.pitch / 2, NETWORK, n * self.pitch, 0.5, name, now=self.stage == "network")
        self.strip(query, NETWORK, self.trace.hidden[step - 1], "query")
        self.write(query + 0.2, NETWORK, f"query\n{query_name(self.trace, step)}", ha="left")
        turn = self.decoder(step - 1) + PITCH / 2 - 0.12
        start = ((turn, ENCODER), (turn, 2.6), (query, 2.6)) if step > 1 else ((self.encoder(n), STATE), (query, STATE))
        self.arrow(*start, (query, 2.73))
        self.arrow((query - 0.13, NETWORK), (self.right, NETWORK))
        for j in range(1, n + 1):
            x, weight = self.encoder(j), float(self.trace.weights[step - 1, j - 1])
            self.arrow((x, 2.37), (x, 2.9))
            self.arrow((x, 3.4), (x, 3.66), lit=self.lit("scores"))
            self.ax.bar(x, 0.8, 0.4, bottom=4.13, facecolor="none", edgecolor=PALE)
            if self.lit("scores"):
                self.write(x, SCORE, number(self.trace.scores[step - 1, j - 1]))
            if self.lit("weights"):
                self.ax.bar(x, 0.8 * weight, 0.4, bottom=4.13, color=DARK, gid=f"weight{j}")
                self.write(x, 5.08, f"{weight:.2f}")
            self.arrow((x, 5.25), (x, 5.56), lit=lit)
            self.strip(x, PART, weight * self.trace.states[j - 1], f"part{j}", lit)
            self.write(x + self.pitch / 2, PART, "+" if j < n else "=", lit, fontsize=LARGE)
        self.strip(query, PART, self.trace.context[step - 1], f"sum{step}", lit)
        self.write(query, PART + 0.58, f"c{step}", lit)
        bend, x = self.decoder(self.first) - 0.33, self.decoder(step) - 0.33
        self.arrow((query + 0.13, PART), (bend, PART), (bend, 2.85), (x, 2.85), (x, 2.4), lit=lit)

    def decode(self):
        """The decoder cells: a context and the word before go in, a word comes out."""
        vanilla, before = self.stage == "vanilla", self.encoder(self.n) + 0.25
        if self.first > 1:
            before = self.right + 0.3
            self.write(before - 0.25, ENCODER, "…")
        for i in self.cells:
            x, done, now = self.decoder(i), i < self.step, i == self.step
            lit, out = done or now and (vanilla or self.lit("context")), done or now and self.lit("word")
            self.arrow((before, ENCODER), (x - CELL / 2, ENCODER), lit=lit or now)
            self.write((before + x - CELL / 2) / 2, ENCODER - 0.22, query_name(self.trace, i), lit or now)
            self.box(x, ENCODER, CELL, 0.7, "decoder", lit, lit and now)
            self.strip(x - 0.33, STATE, self.trace.states[-1] if vanilla else self.trace.context[i - 1], f"c{i}", lit)
            self.arrow((x - 0.33, 1.53), (x - 0.33, 1.3), lit=lit)
            self.arrow((x, 0.5), (x, 0.6), lit=lit)
            self.arrow((x + 0.12, 1.3), (x + 0.12, 1.66), lit=out)
            if lit:
                self.write(x - 0.52, STATE, f"h{self.n}" if vanilla else f"c{i}", ha="right", bbox=WHITE)
                self.write(x, SOURCE, self.trace.target[i - 2] if i > 1 else "<sos>")
            if out:
                self.write(x - 0.12, 1.85, self.trace.target[i - 1], ha="left", weight="bold", bbox=WHITE)
            before = x + CELL / 2

    def table(self):
        """The weights of the steps so far, a row each; the word that is about to come out is a question mark."""
        words = self.trace.target[:self.step] if self.lit("word") else [*self.trace.target[:self.step - 1], "?"]
        left, upright = self.right + 1.8 + room(self.trace.target), max(0.3, room(self.trace.source))
        cell = min(0.7, (self.size[0] - left - 0.2) / self.n, (3.5 - upright) / self.m)
        ax = axes_at(self.fig, left, 6.5 - upright - self.m * cell, self.n * cell, self.m * cell)
        draw_weights(ax, self.trace, cell, rows=self.step)
        ax.set_yticks(np.arange(self.step) + 0.5, words)


def frame(trace, name, step, stage, title, caption):
    machine, parts = Machine(trace, step, stage), 3 if stage == "vanilla" else len(PARTS)
    machine.read()
    machine.decode()
    if stage == "vanilla":
        x, y = machine.encoder(machine.n), machine.decoder(1) - 0.33
        machine.arrow((x, 2.37), (x, 2.6), (y, 2.6), (y, 2.4))
    else:
        machine.attend()
    if machine.lit("weights"):
        machine.table()
    for height, part in list(zip(HEIGHTS, PARTS, strict=True))[:parts]:
        machine.write(0.15, height, part, ha="left", color="#444444")
    machine.write(0.15, machine.size[1] - 0.3, f"{name} · {title}", ha="left", fontsize=20, weight="bold")
    machine.write(0.15, machine.size[1] - 0.72, caption, ha="left", fontsize=LARGE)
    whole = f" {describe(trace)}" if step == machine.m and stage == "word" else ""
    return Picture(machine.fig, f"{name}. {title}. {caption}{whole}")


def story(trace):
    """For each frame: the step, how far it has come, a title and a caption."""
    (m, n), query, top = trace.weights.shape, query_name(trace, 1), int(trace.weights[0].argmax())
    best, states = trace.source[top], " ".join(f"h{j}" for j in range(1, n + 1)) if n < 5 else f"h1 … h{n}"
    answer = f"{states} answer" + ("s" if n == 1 else "")

    def context(i):
        terms = sorted(trace.weights[i - 1].argsort(descending=True)[:4 if n < 5 else 3].tolist())
        return f"c{i} = " + " + ".join(f"{trace.weights[i - 1, j]:.2f}·h{j + 1}" for j in terms) + " + …" * (n > 4)

    yield 1, "vanilla", f"The vanilla model: h{n} alone is the context", (
        "Word after word is read; the last state is all that the decoder gets, at every step.")
    yield 1, "network", f"Step 1: {query} asks, {answer}", (
        f"There is no decoder state yet: {query} goes in once more, as the query." if query == f"h{n}" else
        "The state from which the decoder starts, dh0, is the query.")
    yield 1, "scores", "Step 1: one score for each state", (
        f"The state of “{best}” has the highest, {number(trace.scores[0, top])}: it answers the query best.")
    yield 1, "weights", "Step 1: softmax turns the scores into weights", (
        f"Before rounding they add up to 1, and “{best}” gets {trace.weights[0, top]:.2f}.")
    yield 1, "context", "Step 1: the weighted sum of the states is the context c1", (
        f"{context(1)}. It enters the first decoder cell, with <sos>.")
    if m == 1:
        yield 1, "word", f"Step 1: “{trace.target[0]}” comes out", f"{context(1)}."
    for i in range(2, m + 1):
        before, word, asks = trace.target[i - 2], trace.target[i - 1], f"Step {i}: dh{i - 1} asks, {answer}"
        if i == 2:
            yield i, "weights", asks, f"“{before}” has come out, and dh1, the decoder's own state, is now the query."
            asks = f"Step 2: c2 and “{before}” enter cell 2"
        yield i, "word", f"{asks}, “{word}” comes out", f"{context(i)}: the model {seen(trace, i - 1)}."


@styled
def nine_frames(trace):
    """The translation in pictures: the vanilla model, step 1 in four frames, step 2 in two, then one for each step.

    Three source words and four steps make nine. The table of weights grows beside the machine.
    """
    if len(trace.source) > LONGEST:
        raise ValueError(f"nine_frames has room for {LONGEST} source words, and this sentence has {len(trace.source)}: "
                         "choose a shorter sentence")
    return [frame(trace, f"Frame {number}", *told) for number, told in enumerate(story(trace), 1)]
