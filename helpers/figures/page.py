"""A page measured in inches, and the pens to draw on it: words, wires, boxes, yellow light."""
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, HPacker, TextArea
from matplotlib.patches import Ellipse, FancyBboxPatch, Polygon, Rectangle

from helpers.figures import fonts
from helpers.figures.style import INK, NOW, SMALL, axes_at

HEAD_LENGTH = 0.17  # of an arrow
HEAD_HALF = 0.08    # half of its width

# What lies over what.
GROUND = 1
WIRE = 2
BOX = 3
HEAD = 6
MARK = 7
WORDS = 8
FOG = 9

Point = tuple[float, float]


class Page:
    """An empty page. All lengths are in inches, and (0, 0) is its lower left corner."""

    def __init__(self, width: float, top: float, bottom: float = 0.0) -> None:
        """`bottom` is below 0 on a page that has more to show than others."""
        height = top - bottom
        self.fig = Figure(figsize=(width, height))
        self.ax = axes_at(self.fig, 0, 0, width, height, xlim=(0, width), ylim=(bottom, top),
                          xticks=[], yticks=[], autoscale_on=False)
        self.ax.axis("off")

    def write(self, x: float, y: float, words: str, lit: bool = False, **style: Any) -> None:
        """Words around (x, y), or beside it (`ha`). Lit ones stand on yellow, in a frame."""
        look: dict[str, Any] = {"ha": "center", "va": "center", "color": INK, "zorder": WORDS}
        look.update(style)
        if lit:
            look["bbox"] = {"facecolor": NOW, "edgecolor": look["color"], "linewidth": 1.8,
                            "boxstyle": "round,pad=0.16"}
            look["color"] = INK
        self.ax.text(x, y, words, **look)

    def write_pieces(self, x: float, y: float, pieces: Sequence[tuple[str, str]], size: float,
                     name: str) -> None:
        """Bold words in several colours, (words, colour) each, in a line that begins at x."""
        parts: list[Artist] = []
        for words, colour in pieces:
            letters = {"color": colour, "size": size, "weight": "bold"}
            parts.append(TextArea(words, textprops=letters))
        line = HPacker(children=parts, pad=0, sep=size / 3)
        beside = AnnotationBbox(line, (x, y), box_alignment=(0, 0.5), pad=0, frameon=False,
                                zorder=WORDS, gid=name)
        self.ax.add_artist(beside)

    def wire(self, *corners: Point, arrow: bool = True, **style: Any) -> None:
        """A line from corner to corner, with a head at its end."""
        look: dict[str, Any] = {"zorder": WIRE, "solid_capstyle": "butt",
                                "solid_joinstyle": "miter"}
        look.update(style)
        points = list(corners)
        if arrow:
            foot = self.head(points[-2], points[-1], look["color"])
            points[-1] = foot
        xs = [x for x, _ in points]
        ys = [y for _, y in points]
        self.ax.add_artist(Line2D(xs, ys, **look))

    def wire_upright(self, x: float, start: float, end: float, **style: Any) -> None:
        """A wire straight up or down, from one height to another."""
        self.wire((x, start), (x, end), **style)

    def wire_lying(self, y: float, start: float, end: float, **style: Any) -> None:
        """A wire straight to the right, or to the left."""
        self.wire((start, y), (end, y), **style)

    def head(self, start: Point, tip: Point, colour: Any) -> Point:
        """The head of an arrow from `start` to `tip`; gives the middle of its foot."""
        way = np.subtract(tip, start)
        along = way / np.linalg.norm(way)
        across = np.array([-along[1], along[0]])
        foot = tip - HEAD_LENGTH * along
        corners = [tip, foot + HEAD_HALF * across, foot - HEAD_HALF * across]
        self.ax.add_artist(Polygon(corners, color=colour, linewidth=0, zorder=HEAD))
        return float(foot[0]), float(foot[1])

    def dot(self, x: float, y: float, colour: str) -> None:
        """Where a wire branches."""
        self.ax.add_artist(Ellipse((x, y), 0.16, 0.16, color=colour, zorder=HEAD))

    def circle(self, x: float, y: float, radius: float, face: str = "white", edge: str = INK,
               name: str | None = None) -> None:
        """A circle around (x, y)."""
        size = 2 * radius
        self.ax.add_artist(Ellipse((x, y), size, size, facecolor=face, edgecolor=edge, linewidth=2,
                                   zorder=BOX, gid=name))

    def box(self, x: float, y: float, width: float, height: float, face: Any = "white",
            edge: str = INK, zorder: int = BOX, name: str | None = None) -> None:
        """A box with round corners around (x, y)."""
        corner = (x - width / 2, y - height / 2)
        self.ax.add_artist(FancyBboxPatch(
            corner, width, height, boxstyle="round,pad=0,rounding_size=0.08", facecolor=face,
            edgecolor=edge, linewidth=1.8, zorder=zorder, gid=name))

    def light(self, left: float, right: float, bottom: float, top: float) -> None:
        """A yellow ground: what stands on it is new."""
        x = (left + right) / 2
        y = (bottom + top) / 2
        self.box(x, y, right - left, top - bottom, NOW, NOW, zorder=GROUND, name="light")

    def rectangle(self, left: float, bottom: float, width: float, height: float,
                  **style: Any) -> None:
        """A rectangle with its lower left corner."""
        self.ax.add_artist(Rectangle((left, bottom), width, height, **style))


def widest(words: Sequence[str], size: float, weight: str = "bold") -> float:
    """The inches that the widest of these words takes."""
    return max(fonts.width(word, size, weight) for word in words)


def fitted(words: str, room: float, size: float, weight: str = "bold") -> float:
    """The size of letters, at most `size` and at least SMALL, at which words fit into a room."""
    needed = fonts.width(words, size, weight)
    if needed <= room:
        return size
    return max(SMALL, size * room / needed)
