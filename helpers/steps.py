"""Step by step: scores, softmax, weighted states, and the word that comes out. One step, all steps, and a player."""
import base64
import html
import io
import re

import numpy as np
from IPython.display import HTML
from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure
from PIL import Image

from helpers.figures import DARK, LARGE, PALE, Picture, describe, draw_weights, looks, room, seen, styled

SLICE = 24  # so many numbers of each vector are drawn; a third of them in the grid


def number(value):
    """A score as it is written: two decimals, a true minus, −∞ where nothing may be seen."""
    return "−∞" if value == -np.inf else f"{value:.2f}".replace("-", "−")


def axes_at(fig, x, y, width, height, **style):
    """Axes at a place given in inches, so that nothing moves from step to step."""
    wide, tall = fig.get_size_inches()
    ax = fig.add_axes((x / wide, y / tall, width / wide, height / tall), **style)
    ax.tick_params(length=0)
    return ax


def bars(ax, values, limits, flat=False, numbers=True, colour=DARK):
    """Lying (`flat`) or standing bars with their numbers at the ends, bright below 0; −∞ has a number and no bar."""
    ends = np.nan_to_num(values, neginf=0)
    (ax.barh if flat else ax.bar)(range(len(ends)), ends, 0.7, color=np.where(ends < 0, "#d9bf4a", colour))
    (ax.axvline if flat else ax.axhline)(0, color="black", linewidth=1)
    ax.set(**{"xlim" if flat else "ylim": limits})
    for j, (value, end) in enumerate(zip(values, ends, strict=True) if numbers else ()):
        side = -1 if value < 0 else 1
        ax.annotate(number(value), (end, j) if flat else (j, end), (5 * side, 0) if flat else (0, 3 * side),
                    textcoords="offset points", ha=("right" if side < 0 else "left") if flat else "center",
                    va="center" if flat else "top" if side < 0 else "bottom")


def prepare(trace):
    """The trace with NumPy arrays in place of tensors, limits for its scores, and colours for its vectors."""
    names = ("scores", "weights", "context", "states")
    trace = trace._replace(**{name: np.asarray(getattr(trace, name)) for name in names})
    reach, most = 1.8 * np.abs(trace.scores[np.isfinite(trace.scores)]).max(initial=0.5), np.abs(trace.states).max()
    return trace, (-reach, reach), {"cmap": "cividis", "vmin": -most, "vmax": most}


def draw_step(trace, limits, shades, i, fig, below, cell):
    """Below, how the context of a step is made; above, the likeliest words, and the words or the table so far."""
    (m, n), (wide, tall), step, x = trace.weights.shape, fig.get_size_inches(), i + 1, 0.35 + room(trace.source)
    fig.clear()
    title = f"Step {step} of {m}: “{trace.target[i]}” comes out"
    fig.text(0.2 / wide, 1 - 0.3 / tall, title, fontsize=20, weight="bold", va="center")
    place, rows = (0.65, 2.6, below - 1.3), {"ylim": (n + 1, -0.6), "yticks": range(n)}
    ax = axes_at(fig, x, *place, title="scores", xticks=[0], **rows)
    ax.set_yticklabels(trace.source)
    bars(ax, trace.scores[i], limits, flat=True)
    ax = axes_at(fig, x + 3, *place, title="softmax → weights", xticks=[0, 0.5, 1], yticklabels=[], **rows)
    bars(ax, trace.weights[i], (0, 1.4), flat=True)
    ax.text(1, n + 0.4, f"sum {trace.weights[i].sum():.2f}", va="center", ha="center", weight="bold")
    parts = [weight * state[:SLICE] for weight, state in zip(trace.weights[i], trace.states, strict=True)]
    ax = axes_at(fig, x + 6, 0.65, 3.4, below - 1.3, title="weights × states", xticks=[], **rows)
    for y, vector in zip([*range(n), n + 0.4], [*parts, trace.context[i, :SLICE]], strict=True):
        ax.pcolormesh(range(len(vector) + 1), [y - 0.45, y + 0.45], vector[None], **shades)
    ax.yaxis.tick_right()
    names = [f"{weight:.2f}·h{j}" for j, weight in enumerate(trace.weights[i], 1)]
    ax.set_yticks([*range(n), n + 0.4], [*names, f"sum = c{step}"])
    ax.set_xlabel(f"{len(parts[0])} of {trace.states.shape[1]} numbers: blue < 0 < yellow")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    words, chances = zip(*trace.rivals[i], strict=True)
    ax = axes_at(fig, wide - 6.6, tall - 2.15, 6.3, 1.1, title="the likeliest words", yticks=[])
    bars(ax, chances, (0, 1.3), colour=[DARK if word == trace.target[i] else PALE for word in words])
    ax.set_xticks(range(len(words)), words)
    ax.spines["left"].set_visible(False)
    if cell:
        top = tall - 1 - room(trace.source)
        ax = axes_at(fig, 0.4 + room(trace.target), top - m * cell, n * cell, m * cell)
        draw_weights(ax, trace, cell, rows=step)
    else:
        so_far = " ".join(["…"] * (step > 4) + trace.target[max(0, i - 3):i]) or "nothing"
        said = seen(trace, i).replace(" with ", "\nwith ").replace("alike, ", "alike,\n")
        fig.text(0.2 / wide, 1 - 1.5 / tall, f"Before it: {so_far}\nThe model {said}", fontsize=LARGE, va="center")


def step_in_words(trace, i):
    others = ", ".join(f"“{word}” {chance:.2f}" for word, chance in trace.rivals[i])
    return f"A{looks(trace, i)[1:]}. The likeliest words: {others}."


@styled
def step_panels(trace, step):
    """One decoding step, counted from 1: scores, softmax, weighted states and their sum, and the likeliest words."""
    if not 1 <= step <= len(trace.target):
        raise ValueError(f"this sentence has steps 1 to {len(trace.target)}, there is no step {step}")
    below = 2 + 0.42 * len(trace.source)
    fig = Figure(figsize=(11.05 + room(trace.source), below + 2.7))
    draw_step(*prepare(trace), step - 1, fig, below, cell=0)
    return Picture(fig, step_in_words(trace, step - 1))


@styled
def pipeline_grid(trace):
    """All steps at a glance, a row each: scores, weights, and weighted states with their sum, over the source words."""
    trace, limits, shades = prepare(trace)
    (m, n), row = trace.weights.shape, 1.2
    panel, side, few = max(n * (0.66 if n < 10 else 0.3), 2.1), 0.6 + room(trace.target), n < 10
    upright = room(trace.source) > panel / n
    top = 0.75 + (room(trace.source) if upright else 0.2)
    fig = Figure(figsize=(side + 3 * panel + 2, top + m * row))
    for i in range(m):
        y = fig.get_figheight() - top - (i + 1) * row + 0.1
        axes = [axes_at(fig, side + k * (panel + 0.3), y, panel, row - 0.2, yticks=[]) for k in range(3)]
        bars(axes[0], trace.scores[i], limits, numbers=few)
        bars(axes[1], trace.weights[i], (0, 1.4), numbers=few)
        parts = (trace.weights[i, :, None] * trace.states)[:, :SLICE // 3].T
        edges = range(len(parts), -1, -1)
        axes[2].pcolormesh(np.arange(n + 1) - 0.5, edges, parts, **shades)
        axes[2].vlines(np.arange(n) - 0.5, 0, len(parts), color="white", linewidth=3)
        axes.append(axes_at(fig, side + 3 * panel + 0.95, y, 0.35, row - 0.2, yticks=[]))
        axes[3].pcolormesh([0, 1], edges, trace.context[i, :SLICE // 3, None], **shades)
        axes[3].text(1.3, len(parts) / 2, f"c{i + 1}", va="center")
        axes[3].set_ylabel("=", rotation=0, ha="right", va="center")
        axes[0].set_ylabel(f"{i + 1}  {trace.target[i]}", rotation=0, ha="right", va="center")
        for ax, title in zip(axes, ("scores", "weights", "weights × states", ""), strict=True):
            ax.spines[["left", "bottom"]].set_visible(False)
            ax.xaxis.tick_top()
            ax.tick_params(length=0)
            ax.set_xticks([])
            if title:
                ax.set_xlim(-0.5, n - 0.5)
            if title and i == 0:
                ax.set_title(title)
                ax.set_xticks(range(n), trace.source, rotation=90 if upright else 0)
    return Picture(fig, f"Every step from scores to weights to the weighted sum of the states. {describe(trace)}")


PAGE = """<style>
.step-player {{ display: inline-block; text-align: center }}
.step-player:focus {{ outline: 3px solid #56b4e9 }} .step-player img {{ max-width: 100% }}
.step-player .anim-buttons button {{ width: auto; padding: 4px 12px }}
.step-player p, .step-player i::before {{ font: 18px sans-serif; text-align: center }} {icons}
.step-player .anim-state, .step-player [title*=" speed"], .step-player [title="Play backwards"] {{ display: none }}
</style>
<div class="step-player" id="player{id}" tabindex="0" role="group" aria-label="{alt}">{player}
<p>← → step while the mouse is over the picture</p></div>
<script>(function() {{
  const root = document.getElementById("player{id}");
  const moves = {{ArrowRight: "next_frame", ArrowLeft: "previous_frame", Home: "first_frame", End: "last_frame"}};
  window.addEventListener("keydown", function step(event) {{
    if (!document.contains(root)) return window.removeEventListener("keydown", step, true);
    const at = document.activeElement, mine = root.contains(at), over = document.querySelector(".step-player:hover");
    const typing = at && !mine && at.closest("input, textarea, [contenteditable=true]");
    if (!moves[event.key] || typing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (over ? over !== root : !mine) return;
    anim{id}.pause_animation();
    anim{id}[moves[event.key]]();
    event.preventDefault();
    event.stopImmediatePropagation();
  }}, true);
}})()</script>"""
BUTTONS = {"fast-backward": "⇤ first", "step-backward": "← back", "play": "play", "pause": "pause",
           "step-forward": "next →", "fast-forward": "last ⇥"}  # words in place of icons that would have to be fetched


def lighter(match):
    """A frame of the player in 64 colours: a third of the bytes."""
    file = io.BytesIO()
    image = Image.open(io.BytesIO(base64.b64decode(match[1].replace("\\", ""))))
    image.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return f'"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"'


@styled
def play(trace):
    """A player with a frame for each decoding step: the panels of step_panels, and the table of weights growing.

    It stands on step 1 until you press a button or, over the picture, an arrow key. No kernel, no internet.
    """
    (m, n), below = trace.weights.shape, 2 + 0.42 * len(trace.source)
    cell = max(0.25, min(0.65, 3.2 / n, 3 / m))
    fig = Figure(figsize=(11.05 + room(trace.source), below + max(2.7, 1.2 + room(trace.source) + m * cell)))
    prepared = prepare(trace)
    movie = FuncAnimation(fig, lambda i: draw_step(*prepared, i, fig, below, cell), m, lambda: None)
    player = re.sub("<link[^>]*>", "", movie.to_jshtml(fps=0.5, default_mode="once"))
    player = re.sub('"data:image/png;base64,([^"]*)"', lighter, player)
    first = re.search(r'frames\[0\] = ("[^"]*")', player)[1]
    alt = html.escape(" ".join(step_in_words(trace, i) for i in range(m)))
    icons = " ".join(f'.step-player .fa-{icon}::before {{ content: "{words}" }}' for icon, words in BUTTONS.items())
    page = PAGE.format(id=re.search(r"_anim_img(\w+)", player)[1], icons=icons, alt=alt,
                       player=player.replace("<img ", f'<img alt="{alt}" src={first} ', 1))
    if len(page) > 1_500_000:
        raise ValueError(f"a player of {m} steps takes {len(page) / 1e6:.1f} MB: choose a shorter sentence")
    return HTML(page)
