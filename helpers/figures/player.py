"""The player: a translated sentence as a part of a web page, which slides from step to step.

The page needs no kernel and no network. What stands here turns a Trace into numbers and puts them
into a page; player.js draws them, and player.css says how the page around the drawing looks.
"""
import base64
import html
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.colors import to_hex
from PIL import Image

from helpers import files
from helpers.figures import style
from helpers.figures.steps import CELLS, asks, likely_words, step_panels, word_before
from helpers.translation import Trace

HERE = Path(__file__).parent
SCRIPTS = ("labels.js", "picture.js", "player.js")  # in this order: each uses those before it
RIVALS = 5           # so many of the likeliest words are drawn
DIGITS = 4           # of each number
LARGEST = 1_500_000  # bytes: more would make a notebook heavy
STILL_COLOURS = 256  # of the picture that stands in where scripts do not run

PART = """<div class="step-player" role="group" aria-label="{alt}">
<style>
{css}</style>
<img class="step-still" alt="{still_alt}" src="data:image/png;base64,{still}">
<script type="application/json">{numbers}</script>
</div>
<script>
(function () {{
"use strict";
{script}
startPlayers();
}})();
</script>
"""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>body {{ margin: 8px }} .step-player {{ margin: 0 auto }}</style>
</head>
<body>
{part}</body>
</html>
"""


class Player:
    """A player as Jupyter shows it: `data` is its HTML, `save` makes a page of it."""

    def __init__(self, data: str, title: str) -> None:
        self.data = data
        self.title = title

    def _repr_html_(self) -> str:
        return self.data

    def __repr__(self) -> str:
        return f"a player: {self.title}"

    def save(self, path: str | Path) -> Path:
        """Write a page with nothing but the player in it, and give its path back."""
        page = PAGE.format(title=html.escape(self.title), part=self.data)
        return files.write(path, page)


def play(trace: Trace) -> Player:
    """A player that slides from step to step of a sentence, of any number of words and steps.

    It stands on step 1 until you press a button, click a word that was said, or, with the mouse
    over it, press a key: ← and → step, Home and End go to the first and the last step, the space
    bar plays. Where the system asks for reduced motion it jumps instead of sliding. It needs no
    kernel and no network; where scripts do not run, a picture of step 1 stands in.

    Up to eight source words have a hue and a wide column each, and the table of weights stands
    beside them. In a longer sentence all words share one dark blue and stand over narrow columns,
    upright if they are too long, as wide as the page allows but never narrower than letters are
    high. Numbers are written there only where they fit, and weights below 0.005 not at all. The
    table goes on below the same columns and shows its last nine rows; beside it a small overview
    shows all of them. On a narrow page the picture of a long sentence shrinks to 60%, and then
    scrolls in its own box, by itself, to the words that weigh most.

    Raises ValueError where the player would take more than 1.5 MB, beyond some hundred words.
    """
    title = f"{' '.join(trace.source)} → {' '.join(trace.target)}"
    still = base64.b64encode(still_picture(trace))
    part = PART.format(
        alt=attribute(style.described(trace)),
        css=(HERE / "player.css").read_text("utf-8"),
        still_alt=attribute(still_told(trace)),
        still=still.decode(),
        numbers=as_json(sentence_data(trace)),
        script=script_of(SCRIPTS),
    )
    size = len(part.encode("utf-8"))
    if size > LARGEST:
        raise ValueError(f"a player of {len(trace.source)} words and {len(trace.target)} steps "
                         f"takes {size / 1e6:.1f} MB: choose a shorter sentence")
    return Player(part, whole_letters(title))


# The numbers that are drawn.

def sentence_data(trace: Trace) -> dict[str, Any]:
    """All that player.js draws: the words, the colours, and what happens at each step."""
    words = []
    hues = style.hues(trace.source)
    for place, word in enumerate(trace.source):
        words.append({
            "text": word,
            "hue": hues[place],
            "scale": weight_scale(hues[place]),
            "state": first_numbers(trace.states[place]),
        })
    steps = [step_data(trace, row) for row in range(len(trace.target))]
    state_size = trace.states.shape[1]
    return {
        "words": words,
        "steps": steps,
        "hued": len(words) <= len(style.HUES),
        "asks": asks(trace.rule),
        "rivalsDrawn": max(len(step["rivals"]) for step in steps),
        "cellsDrawn": min(CELLS, state_size),
        "stateSize": state_size,
        "most": rounded(style.most_of(trace)),
        "colours": colours(),
    }


def step_data(trace: Trace, row: int) -> dict[str, Any]:
    """What happens at the step of this row: numbers, numbers as they are written, and words."""
    scores = trace.scores[row].tolist()
    weights = trace.weights[row].tolist()
    return {
        "word": trace.target[row],
        "before": word_before(trace, row),
        "query": first_numbers(trace.hidden[row]),
        "queryName": style.query_name(trace, row),
        "scores": [rounded(score) for score in scores],
        "shownScores": [style.shown_score(score) for score in scores],
        "weights": [rounded(weight) for weight in weights],
        "shownWeights": style.shown_weights(weights),
        "context": first_numbers(trace.context[row]),
        "contextName": f"c{row + 1}",
        "rivals": rivals_data(trace, row),
        "told": step_told(trace, row),
        "rivalsTold": rivals_told(trace, row),
    }


def rivals_data(trace: Trace, row: int) -> list[dict[str, Any]]:
    """The likeliest words of a step; the word that came out is always among them."""
    likely = likely_words(trace, row)
    drawn = likely[:RIVALS]
    chosen = trace.target[row]
    for word, chance in likely[RIVALS:]:
        if word == chosen:
            drawn[-1] = (word, chance)
    rivals: list[dict[str, Any]] = []
    for word, chance in drawn:
        if chance is None:
            rivals.append({"word": word, "chance": 0, "shown": "?"})
        else:
            rivals.append({"word": word, "chance": rounded(chance), "shown": f"{chance:.2f}"})
    return rivals


def step_told(trace: Trace, row: int) -> str:
    """What the machine does at this step, for those who cannot see it."""
    told = style.step_seen(trace, row)
    weights = ", ".join(style.shown_weights(trace.weights[row]))
    return f"{told[0].upper()}{told[1:]}. The weights of all words: {weights}."


def rivals_told(trace: Trace, row: int) -> str:
    """The likeliest words of this step, for those who cannot see them."""
    told = [f"“{rival['word']}” {rival['shown']}" for rival in rivals_data(trace, row)]
    return f"The likeliest words: {', '.join(told)}."


def first_numbers(vector: torch.Tensor) -> list[float | None]:
    """The numbers of a vector [size] that are drawn."""
    return [rounded(number) for number in vector[:CELLS].tolist()]


def rounded(number: float) -> float | None:
    """A number as it stands in the page; −∞, which JSON does not know, is None."""
    if number == -np.inf:
        return None
    return round(number, DIGITS)


def weight_scale(hue: str) -> list[str]:
    """The colours of a table's cells for one word, from weight 0 to weight 1."""
    if hue == style.DARK:
        return [to_hex(style.WEIGHTS(place)) for place in (0.0, 0.5, 1.0)]
    return [to_hex("white"), hue]


def colours() -> dict[str, Any]:
    """The colours of the picture language, under the names that player.js and player.css use."""
    return {
        "ink": style.INK,
        "quiet": style.QUIET,
        "pale": style.PALE,
        "now": style.NOW,
        "query": style.QUERY,
        "context": style.CONTEXT,
        "recurrence": style.RECURRENCE,
        "numbers": [to_hex(style.NUMBERS(place)) for place in (0.0, 0.5, 1.0)],
    }


# The page around them.

def script_of(names: Sequence[str]) -> str:
    """The text of these scripts beside this file, one after the other."""
    return "\n".join((HERE / name).read_text("utf-8") for name in names)


def as_json(data: dict[str, Any]) -> str:
    """JSON that may stand between script tags: no "<" in it can end the script."""
    compact = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return compact.replace("<", "\\u003c")


def attribute(words: str) -> str:
    """Words as they may stand between the quotes of an HTML attribute."""
    return html.escape(whole_letters(words))


def whole_letters(words: str) -> str:
    """Words that can be written to a file: half of a surrogate pair, which is no letter, is �."""
    return words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def still_picture(trace: Trace) -> bytes:
    """A picture of step 1 (PNG), at half its density, so light that every player can carry it."""
    image = Image.open(io.BytesIO(step_panels(trace, 1).png())).convert("RGB")
    half = (image.width // 2, image.height // 2)
    image = image.resize(half, Image.Resampling.LANCZOS)
    # Maximum coverage keeps the rare colours, hues of words and ends of scales; kmeans then keeps
    # the pale ones apart.
    image = image.quantize(STILL_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1,
                           dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return file.getvalue()


def still_told(trace: Trace) -> str:
    """What `still_picture` shows, in words."""
    return f"{step_told(trace, 0)} {rivals_told(trace, 0)}"
