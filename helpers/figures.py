"""Tables of weights. Every function returns a Picture, which a notebook shows with its alternative text.

Curves and bars are drawn in charts.py, single steps in steps.py and machine.py, all in the style kept here.
"""
import io
import re

import matplotlib.style
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from helpers import course

SMALL, LARGE, LETTER = 14, 17, 0.125  # points, and no text is below SMALL; inches which one letter takes at SMALL
DARK, PALE = "#00224e", "#b3b3b3"
LINES = list(zip((DARK, "#d55e00", "#7b3294", "#a87000", "#000000", "#3d9fd6"), "osD^vX",
                 ("-", "--", "-.", ":", "-", "--"), strict=True)) * 5  # a colour, a marker, a dash: any one tells
styled = matplotlib.style.context(["default", {
    "font.size": SMALL, "xtick.labelsize": SMALL, "ytick.labelsize": SMALL, "axes.labelsize": 15,
    "axes.titlesize": LARGE, "lines.linewidth": 2.5, "lines.markersize": 8, "axes.spines.top": False,
    "axes.spines.right": False, "figure.constrained_layout.w_pad": 0.12, "figure.constrained_layout.h_pad": 0.1,
    "text.parse_math": False}])  # a "$" in a sentence is a dollar


class Picture:
    """A figure, made without pyplot, and the words that say what it shows to those who cannot see it."""

    def __init__(self, fig, alt):
        self.fig, self.alt = fig, alt

    @styled
    def png(self):
        """The picture as the bytes of a PNG file."""
        file = io.BytesIO()
        self.fig.savefig(file, format="png", dpi=100, metadata={"Description": self.alt})
        return file.getvalue()

    def save(self, path):
        """Write a PNG file; a reader of the folder never meets half a picture."""
        course.write(path, self.png())

    def _repr_mimebundle_(self, include=None, exclude=None):
        return course.image(self.png(), self.alt)


def room(words):
    """The inches which the longest of these words takes."""
    return LETTER * max(map(len, words))


def rule_name(name):
    """AdditiveAttention → additive attention."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def seen(trace, i):
    """What row i of the table of weights says, in words."""
    weights, top = trace.weights[i], int(trace.weights[i].argmax())
    if len(weights) > 1 and weights.max() - weights.min() < 1e-6:
        return f"weighs all {len(weights)} words alike, {weights[top]:.2f} each"
    return f"looks most at “{trace.source[top]}” with weight {weights[top]:.2f}"


def looks(trace, i):
    """The same, with the step and its word."""
    return f"at step {i + 1}, producing “{trace.target[i]}”, the model {seen(trace, i)}"


def describe(trace, most=8):
    """The table of weights in words: its rows, or of a long one the surest `most`."""
    rows = sorted(np.argsort(-np.asarray(trace.weights).max(axis=1), kind="stable")[:most])
    which = "" if len(rows) == len(trace.target) else f" The {most} surest of {len(trace.target)} steps:"
    return (f"Table of weights, {rule_name(trace.rule)}: a row for each word produced ({' '.join(trace.target)}), "
            f"a column for each source word ({' '.join(trace.source)}).{which} "
            f"A{'; '.join(looks(trace, i) for i in rows)[1:]}.")


def draw_weights(ax, trace, cell, alignment=(), rows=None):
    """The table in cells of `cell` inches: all rows, or the first `rows` of them. Returns the coloured mesh."""
    m, n = trace.weights.shape
    rows = m if rows is None else rows
    weights = np.asarray(trace.weights)[:rows]
    sns.heatmap(weights, ax=ax, cmap="cividis", vmin=0, vmax=1, cbar=False, square=True, linewidth=float(cell > 0.3),
                annot=cell >= 0.55 and max(m, n) <= 10, fmt=".2f", annot_kws={"fontsize": SMALL})
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.xaxis.labelpad = 8
    ax.set_xticks(np.arange(n) + 0.5, trace.source, rotation=90 if room(trace.source) > cell - 0.1 else 0)
    ax.set_yticks(np.arange(rows) + 0.5, trace.target[:rows], rotation=0)
    ax.tick_params(length=0)
    ax.set(ylim=(m, 0))
    for j, i in alignment or ():
        if i < rows and j < n:
            ax.add_patch(Rectangle((j + 0.05, i + 0.05), 0.9, 0.9, fill=False, edgecolor="white", linewidth=2,
                                   path_effects=[withStroke(linewidth=5, foreground="black")]))
    return ax.collections[0]


@styled
def compare_rules(traces, alignment=None, title=None):
    """The same sentence under several rules: one bright column, a grey wall, a path.

    Each table has its own rows, since each rule produced its own words. `alignment`: see attention_heatmap.
    """
    m, n = max(len(trace.target) for trace in traces), len(traces[0].source)
    side = 0.5 + max(room(trace.target) for trace in traces)
    across = len(traces) if len(traces) * (side + 0.25 * n) < 13 else 1  # long sentences stand one below the other
    down, cell = len(traces) // across, max(0.25, min(0.8 if across == 1 else 0.62, 9 / n / across, 7 / m))
    top = 1.1 + (room(traces[0].source) if room(traces[0].source) > cell - 0.1 else 0.2)
    fig = Figure(figsize=(1.5 + across * max(side + n * cell, 2.6), down * max(top + m * cell, 3)), layout="compressed")
    axes = fig.subplots(down, across, squeeze=False).ravel()
    for k, (ax, trace) in enumerate(zip(axes, traces, strict=True)):
        mesh = draw_weights(ax, trace, cell, alignment)
        ax.set(ylim=(m, 0), xlabel="source words", ylabel="words produced" if k % across == 0 else "")
        ax.set_title(rule_name(trace.rule) if len(traces) > 1 else title or "", pad=12)
    fig.suptitle(title if title and len(traces) > 1 else "", fontsize=LARGE)
    fig.colorbar(mesh, ax=list(axes), label="attention weight", ticks=[0, 0.5, 1], aspect=25).outline.set_visible(False)
    return Picture(fig, " ".join(map(describe, traces)) + (" Outlined: the gold alignment." if alignment else ""))


def attention_heatmap(trace, alignment=None, title=None):
    """Which source words the model looked at for each word it produced: a row per decoding step.

    `alignment`: gold links (source, target), counted from 0, drawn as outlines. They belong to the reference
    translation, so they make sense only where the words produced are the reference's.
    """
    return compare_rules([trace], alignment, title)


@styled
def padded_batch(words, mask):
    """A batch as the model sees it: its words, with the padding pale; below, the mask, white where a word stands."""
    mask = np.asarray(mask, dtype=bool)
    size, n = mask.shape
    fig = Figure(figsize=(1 + n * max(0.55, 0.15 + max(map(room, words))), 1.8 + 0.8 * size), layout="constrained")
    above, below = fig.subplots(2)
    for ax, title, shade, shown in ((above, "words", 0.9 + 0.1 * mask, words), (below, "mask", mask, mask.astype(int))):
        sns.heatmap(shade, ax=ax, cmap="gray", vmin=0, vmax=1, cbar=False, annot=np.asarray(shown), fmt="",
                    annot_kws={"fontsize": SMALL}, linewidth=1, linecolor="#777777", xticklabels=[])
        ax.set_yticks(np.arange(size) + 0.5, range(1, size + 1), rotation=0)
        ax.set(ylabel="sentence")
        ax.set_title(title, loc="left")
        ax.tick_params(length=0)
    for text, real in zip(above.texts, mask.ravel(), strict=True):
        text.set_color("black" if real else "#808080")
    return Picture(fig, f"A batch of {size} sentences of {', '.join(map(str, mask.sum(axis=1)))} words, padded to {n}: "
                        f"{(~mask).sum()} of {mask.size} places hold padding, and there the mask is 0.")
