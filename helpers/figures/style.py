"""The language that all pictures speak: colours, sizes, vectors, rails, and the Picture itself.

What a colour means, everywhere:
    a hue         one source word, from the word to its column of the table (up to eight words)
    dark          much: weights go from white (0) to dark (1)
    yellow        now: what this picture, or this frame, adds
    blue and red  the numbers of a vector, below and above 0, through white
    pale grey     not computed yet
"""
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from helpers import files
from helpers.attention import RULES
from helpers.figures import fonts
from helpers.translation import Trace

# Sizes of letters, in points. No text is smaller than SMALL.
SMALL = 14
LARGE = 17
TITLE = 22

# Colours.
INK = "#1a1a1a"
DARK = "#00224e"
QUIET = "#767676"      # what stands beside the main thing
PALE = "#c4c4c4"       # not computed yet
NOW = "#ffe380"        # what is new here
QUERY = "#a87000"      # wires that carry the query, dashed
CONTEXT = "#1a1a1a"    # wires that carry a context, thick
RECURRENCE = "#767676"  # wires from state to state
# Told apart in grey print by their labels, and with red-green blindness by these shades (least
# distance 16 in CIELAB).
HUES = ("#0072b2", "#d55e00", "#009e73", "#882255", "#cc79a7", "#7f3b08", "#332288", "#117733")

# Weights: white is 0, dark is 1. Numbers of a vector: blue below 0, white at 0, red above.
WEIGHTS = LinearSegmentedColormap.from_list("weights", ["white", "#8fa8c9", DARK])
NUMBERS = LinearSegmentedColormap.from_list("numbers", ["#3b4cc0", "white", "#c8324a"])

ON_A_PAGE = 100  # pixels of a web page per inch of a picture
DENSITY = 200    # pixels per inch in the file: twice as many, for projectors and sharp screens

styled = matplotlib.style.context(["default", {
    "font.size": SMALL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "axes.labelsize": 15,
    "axes.titlesize": LARGE,
    "lines.linewidth": 2.5,
    "lines.markersize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.1,
    "text.parse_math": False,  # a "$" in a sentence is a dollar
}])


class Picture:
    """A figure, made without pyplot, and in words what it shows, for those who cannot see it."""

    def __init__(self, fig: Figure, alt: str) -> None:
        """`fig` is drawn to its end: its texts get the fonts that have their letters now."""
        fonts.prepare(fig)
        self.fig = fig
        self.alt = alt.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair: "?"

    @styled
    def png(self) -> bytes:
        """The picture as the bytes of a PNG file, of 256 colours: smaller than an SVG would be."""
        drawn = io.BytesIO()
        self.fig.savefig(drawn, format="png", dpi=DENSITY)
        image = with_few_colours(Image.open(drawn).convert("RGB"))
        description = PngInfo()
        description.add_itxt("Description", self.alt)
        file = io.BytesIO()
        image.save(file, format="PNG", optimize=True, dpi=(DENSITY, DENSITY), pnginfo=description)
        return file.getvalue()

    def save(self, path: str | Path) -> None:
        """Write a PNG file; a reader of the folder never meets half a picture."""
        files.write(path, self.png())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """What Jupyter shows: the picture, as wide as its inches say, however dense it is."""
        data, metadata = files.image_bundle(self.png(), self.alt)
        metadata["image/png"]["width"] = round(ON_A_PAGE * self.fig.get_figwidth())
        return data, metadata


def with_few_colours(image: Image.Image) -> Image.Image:
    """The image in its 256 most frequent colours, which takes half of the room in a file.

    All areas keep their exact colours, so that a hue stays a hue; of the rare shades at the edges
    of letters and lines, each takes the nearest colour.
    """
    counted = image.getcolors(image.width * image.height) or []
    counted.sort(reverse=True)  # the most frequent first
    colours = np.array([colour for _, colour in counted], dtype=np.int32)  # [all, 3]
    kept = colours[:256]
    distances = ((colours[:, None] - kept) ** 2).sum(axis=2)               # [all, 256]
    nearest = np.zeros(256 ** 3, dtype=np.uint8)
    nearest[as_one_number(colours)] = distances.argmin(axis=1)
    pixels = nearest[as_one_number(np.asarray(image, dtype=np.int32))]
    few = Image.fromarray(pixels)
    few.putpalette(kept.astype(np.uint8).tobytes())
    return few


def as_one_number(colours: np.ndarray) -> np.ndarray:
    """Red, green and blue (the last dimension) as one number below 256³."""
    red, green, blue = np.moveaxis(colours, -1, 0)
    return 256 * (256 * red + green) + blue


def hues(words: Sequence[str]) -> list[str]:
    """A colour for each source word: up to eight words have their own, more share one dark blue."""
    if len(words) > len(HUES):
        return [DARK] * len(words)
    return list(HUES[:len(words)])


def toward_white(colour: str, share: float) -> tuple[float, float, float]:
    """`colour` at `share` of its strength: 1 is the colour itself, 0 is white."""
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    return tuple(1 - share * (1 - rgb))


def shown_weights(weights: ArrayLike) -> list[str]:
    """Weights as they are written: two digits each, and together they add up to 1.00.

    Every weight is rounded down to hundredths; the hundredths that are then missing go to the
    largest remainders.
    """
    hundredths = 100 * np.asarray(weights, dtype=float)
    written = np.floor(hundredths + 1e-6).astype(int)
    missing = int(round(hundredths.sum())) - written.sum()
    by_remainder = np.argsort(written - hundredths, kind="stable")
    written[by_remainder[:missing]] += 1
    return [f"{number / 100:.2f}" for number in written]


def shown_score(score: float) -> str:
    """A score as it is written: two decimals, a true minus, −∞ where nothing may be seen."""
    if score == -np.inf:
        return "−∞"
    return f"{score:.2f}".replace("-", "−")


def most_of(trace: Trace) -> float:
    """The largest number, by size, of the encoder states: the end of the colours of all vectors."""
    return float(np.abs(np.asarray(trace.states)).max())


def draw_vector(ax: Axes, x: float, y: float, width: float, height: float, vector: ArrayLike,
                most: float, outline: str = INK, name: str | None = None) -> None:
    """The numbers of a vector as a standing column of equal cells, the first on top.

    (x, y) is its middle. `most` is the number that gets the full colour (see `most_of`), `outline`
    the colour of its frame (the hue of its word), `name` what the drawing is called by those who
    look for it (its gid).
    """
    numbers = np.asarray(vector, dtype=float)[:, None]
    left = x - width / 2
    bottom = y - height / 2
    edges = np.linspace(bottom + height, bottom, len(numbers) + 1)
    ax.pcolormesh([left, left + width], edges, numbers, cmap=NUMBERS, vmin=-most, vmax=most,
                  edgecolors="#dddddd", linewidth=0.6, zorder=4, gid=name)
    ax.add_patch(Rectangle((left, bottom), width, height, fill=False, edgecolor=outline,
                           linewidth=2, zorder=5))


def draw_rail(ax: Axes, x: float, y: float, width: float, height: float, weights: ArrayLike,
              colours: Sequence[str], name: str | None = None) -> None:
    """The recipe of a context: segments in the words' hues, as long as their weights.

    (x, y) is its lower left corner. A rail that is taller than wide stands, and its first word is
    on top; otherwise it lies, the first word on the left. Segment j has the gid `name`-j (from 1).
    """
    standing = height > width
    done = 0.0
    shares = np.asarray(weights, dtype=float)
    for number, (share, colour) in enumerate(zip(shares, colours, strict=True), start=1):
        if standing:
            corner = (x, y + (1 - done - share) * height)
            size = (width, share * height)
        else:
            corner = (x + done * width, y)
            size = (share * width, height)
        ax.add_patch(Rectangle(corner, *size, facecolor=colour, edgecolor="white", linewidth=0.8,
                               zorder=4, gid=f"{name}-{number}" if name else None))
        done += share


def letters_width(words: Sequence[str], size: float = SMALL) -> float:
    """The inches which the longest of these words takes at `size` points."""
    longest = max(fonts.letters(word) for word in words)
    return 0.125 * longest * size / SMALL


def axes_at(fig: Figure, x: float, y: float, width: float, height: float, **style: Any) -> Axes:
    """Axes at a place in inches from the lower left corner: nothing moves from step to step."""
    wide, tall = fig.get_size_inches()
    ax = fig.add_axes((x / wide, y / tall, width / wide, height / tall), **style)
    ax.tick_params(length=0)
    return ax


def rule_title(rule: str) -> str:
    """A key of RULES as it stands over a picture: "scaled_dot" → "scaled dot attention"."""
    kind = "context" if RULES[rule].__name__.endswith("Context") else "attention"
    return f"{rule.replace('_', ' ')} {kind}"


# What pictures say to those who cannot see them.

def query_name(trace: Trace, row: int) -> str:
    """What asks at this step: dh_i, or h_n at the first step of a decoder that starts from it."""
    start = trace.hidden[0]
    last = trace.states[-1]
    starts_from_encoder = start.shape == last.shape and torch.allclose(start, last, atol=1e-5)
    if row == 0 and starts_from_encoder:
        return f"h{len(trace.source)}"
    return f"dh{row}"


def seen(trace: Trace, row: int) -> str:
    """What a row of the table of weights says, in words."""
    weights = trace.weights[row]
    top = int(weights.argmax())
    if len(weights) > 1 and weights.max() - weights.min() < 1e-6:
        return f"weighs all {len(weights)} words alike, 1/{len(weights)} each"
    return f"looks most at “{trace.source[top]}” with weight {shown_weights(weights)[top]}"


def step_seen(trace: Trace, row: int) -> str:
    """The same, with the step and the word that it produces."""
    return f"at step {row + 1}, producing “{trace.target[row]}”, the model {seen(trace, row)}"


def described(trace: Trace, most: int = 8) -> str:
    """The table of weights in words: its rows, or of a long one the surest `most`."""
    surest = np.argsort(-np.asarray(trace.weights).max(axis=1), kind="stable")
    rows = sorted(surest[:most])
    which = ""
    if len(rows) < len(trace.target):
        which = f" The {most} surest of {len(trace.target)} steps:"
    told = "; ".join(step_seen(trace, row) for row in rows)
    return (f"Table of weights, {rule_title(trace.rule)}: "
            f"a row for each word produced ({' '.join(trace.target)}), "
            f"a column for each source word ({' '.join(trace.source)}).{which} "
            f"{told[0].upper()}{told[1:]}.")
