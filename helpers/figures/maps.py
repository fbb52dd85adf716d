"""The context among the states: every vector of a sentence as a point in a plane."""
import math
from typing import NamedTuple

import numpy as np
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke

from helpers.figures import fonts
from helpers.figures.page import BOX, GROUND, HEAD, WIRE, Page, Point
from helpers.figures.style import (
    CONTEXT,
    DARK,
    HUES,
    INK,
    LARGE,
    PALE,
    QUIET,
    SMALL,
    TITLE,
    Picture,
    hues,
    rule_title,
    styled,
)
from helpers.translation import Trace

# Lengths are in inches, thicknesses of lines in points.
PANEL = 5.0          # the width of a panel where there are several, and their greatest height
SINGLE_WIDTH = 9.6   # the width of a single panel
SINGLE_HEIGHT = 6.4  # and its greatest height
LEAST_HEIGHT = 2.2   # the height of a panel in which all points lie on a line
EDGE = 0.75          # no point is nearer to the edge of its panel: its label needs the room
MARGIN = 0.3
TITLE_ROOM = 0.8
PANEL_TITLE = 0.85   # the title of a panel, and what it shows
SIDE = 0.4           # the name of the second component
FOOT = 0.4           # the name of the first component
KEY = 0.75
STATE_RADIUS = 0.13
CONTEXT_RADIUS = 0.1
THICKEST = 8         # the line of a weight of 1
THINNEST = 0.005     # lines of smaller weights are not drawn
LINE = 0.25          # the height of a line of words
MOST_CONTEXTS = 12   # so many contexts of a sentence have labels
CLEARLY = 0.05       # a label should be nearer to its point than to others by so much
BEND = 0.18          # of the arrows from context to context: 0 would be straight
HULL = "#ededed"
WHITE_EDGE = [withStroke(linewidth=3, foreground="white")]  # a line may pass behind letters


class Plane(NamedTuple):
    """The plane that shows most of the variance of some states."""
    centre: np.ndarray      # [state]     their mean
    directions: np.ndarray  # [2, state]  the first two principal components, of length 1
    shares: np.ndarray      # [2]         the share of the variance that each of them holds


class Box(NamedTuple):
    """A place on the page."""
    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> Point:
        """Its middle."""
        x = (self.left + self.right) / 2
        y = (self.bottom + self.top) / 2
        return x, y

    def meets(self, other: "Box") -> bool:
        """Whether the two overlap."""
        is_beside = self.right <= other.left or other.right <= self.left
        is_above_or_below = self.top <= other.bottom or other.top <= self.bottom
        return not (is_beside or is_above_or_below)

    def holds(self, other: "Box") -> bool:
        """Whether the other lies within this one."""
        across = self.left <= other.left and other.right <= self.right
        upward = self.bottom <= other.bottom and other.top <= self.top
        return across and upward

    def number_of(self, points: np.ndarray) -> int:
        """How many of the points [k, 2] lie in it."""
        above = points > [self.left, self.bottom]
        below = points < [self.right, self.top]
        inside = (above & below).all(axis=1)
        return int(inside.sum())


class Panel(NamedTuple):
    """One trace on its plane; points are in inches on the page."""
    trace: Trace
    plane: Plane
    frame: Box
    states: np.ndarray        # [n, 2]
    contexts: np.ndarray      # [m, 2]
    is_one_point: bool        # whether all contexts are the same vector
    named_states: list[int]   # which of them have labels, counted from 0
    named_contexts: list[int]

    @property
    def drawn_contexts(self) -> range:
        """The steps whose contexts are drawn: all, or the first if all are one point."""
        if self.is_one_point:
            return range(1)
        return range(len(self.contexts))


class Mixture(NamedTuple):
    """A line from a context to one of the states it is mixed from."""
    step: int  # counted from 0
    word: int  # counted from 0
    weight: float


class Label(NamedTuple):
    """Words that belong to a point."""
    words: str
    point: Point
    colour: str
    weight: str  # of the letters: "normal" or "bold"


# The arithmetic, in full vectors.

def principal_plane(states: np.ndarray) -> Plane:
    """The plane of the first two principal components of `states` [n, state].

    Two states vary in one direction only, a single one in none: a direction that is missing is 0,
    and so is its share. The first state lies on the left and below, so that the pictures of
    several models can be compared.
    """
    centre = states.mean(axis=0)
    centred = states - centre
    _, lengths, rows = np.linalg.svd(centred, full_matrices=False)
    variances = lengths ** 2
    total = variances.sum()
    directions = np.zeros((2, states.shape[1]))
    shares = np.zeros(2)
    for number in range(min(2, len(rows))):
        if variances[number] <= 1e-9 * total:
            continue
        direction = rows[number]
        if centred[0] @ direction > 0:
            direction = -direction
        directions[number] = direction
        shares[number] = variances[number] / total
    return Plane(centre, directions, shares)


def projected(plane: Plane, vectors: np.ndarray) -> np.ndarray:
    """Where `vectors` [k, state] fall on the plane: [k, 2]."""
    return (vectors - plane.centre) @ plane.directions.T


def nearest_state(trace: Trace, row: int) -> int:
    """Which state, counted from 0, lies nearest to the context of this row, in full vectors."""
    states = np.asarray(trace.states)
    context = np.asarray(trace.context[row])
    distances = np.linalg.norm(states - context, axis=1)
    return int(distances.argmin())


def contexts_coincide(trace: Trace) -> bool:
    """Whether the context is the same vector at every step."""
    contexts = np.asarray(trace.context)
    return bool(np.allclose(contexts, contexts[0], atol=1e-5))


def spread(number: int, most: int) -> list[int]:
    """`most` of the numbers 0 .. `number` - 1, the first and the last among them, or all."""
    if number <= most:
        return list(range(number))
    chosen = np.linspace(0, number - 1, most).round()
    return [int(place) for place in chosen]


def words_to_name(trace: Trace) -> list[int]:
    """The source words that have labels, counted from 0: all of up to eight.

    Of more, the eight that weigh most over all steps or, where the weights never change and so
    choose nothing, eight spread over the sentence.
    """
    words = len(trace.source)
    most = len(HUES)
    if words <= most or contexts_coincide(trace):
        return spread(words, most)
    weights = np.asarray(trace.weights).sum(axis=0)  # [n]
    heaviest_first = np.argsort(-weights, kind="stable")
    heaviest = heaviest_first[:most]
    return sorted(int(word) for word in heaviest)


def contexts_to_name(trace: Trace) -> list[int]:
    """The steps whose contexts have labels, counted from 0: all, or twelve spread evenly."""
    if contexts_coincide(trace):
        return [0]
    return spread(len(trace.target), MOST_CONTEXTS)


# The picture.

@styled
def context_map(traces: Trace | list[Trace]) -> Picture:
    """The states h_1..h_n of one sentence as points in a plane, and each context c_i among them.

    The plane is that of the first two principal components of the states; beside its axes stands
    how much of their variance they hold. Lines go from each context to the states it is mixed
    from, as thick as their weights; a thin arrow goes from each context to the next. The grey area
    is the hull of the states: all that weights which add up to 1 can make of them. With the fixed
    context all c_i are one point, on h_n; with the mean one point, the centre; with attention they
    walk. (The fixed context over a bidirectional encoder is [→h_n; ←h_1], no mixture of states: it
    may lie outside.)

    Several traces, such as one sentence under three rules, stand side by side. Each model has its
    own states, and so each panel has a plane of its own: distances can be compared within a panel,
    not between two. An empty list is a ValueError.

    What a projection hides: points that lie together here may be far apart in the directions that
    are not drawn, which hold the rest of the variance; points that lie apart here are apart. That
    a context is inside the grey area proves nothing, since a projection draws everything together;
    that it never leaves the hull of the full vectors follows from its weights.

    Labels: all words of up to eight; of a longer sentence, in one dark blue, the eight that weigh
    most over all steps; at most twelve contexts, from the first to the last. None covers another
    one while there is room.
    """
    if isinstance(traces, Trace):
        traces = [traces]
    if not traces:
        raise ValueError("context_map needs at least one trace")
    panels = panels_of(traces)
    wide = panels[-1].frame.right + MARGIN
    tall = panels[0].frame.top + PANEL_TITLE + TITLE_ROOM
    page = Page(wide, tall)
    title = "The contexts among the encoder states"
    page.write(MARGIN, tall - 0.45, title, fontsize=TITLE, ha="left", weight="bold")
    for number, panel in enumerate(panels, start=1):
        draw_panel(page, panel, f"panel{number}")
    has_walk = any(walk(panel) for panel in panels)
    draw_key(page, has_walk)
    told = " ".join(panel_in_words(panel) for panel in panels)
    plane = "on the plane of their first two principal components"
    return Picture(page.fig, f"{title}, {plane}. {told}")


def panels_of(traces: list[Trace]) -> list[Panel]:
    """The traces side by side, in panels of one size, no higher than the points need."""
    width = PANEL
    highest = PANEL
    if len(traces) == 1:
        width = SINGLE_WIDTH
        highest = SINGLE_HEIGHT
    needed = max(height_for(trace, width) for trace in traces)
    height = min(needed, highest)
    bottom = KEY + FOOT
    left = MARGIN + SIDE
    panels = []
    for trace in traces:
        place = Box(left, bottom, left + width, bottom + height)
        panels.append(panel_of(trace, place))
        left += width + MARGIN + SIDE
    return panels


def points_of(trace: Trace) -> np.ndarray:
    """States and contexts on the plane of the states: [n + m, 2]."""
    states = np.asarray(trace.states, dtype=float)
    contexts = np.asarray(trace.context, dtype=float)
    vectors = np.concatenate([states, contexts])
    return projected(principal_plane(states), vectors)


def height_for(trace: Trace, width: float) -> float:
    """The height that a panel of this width needs to show a trace as large as the width allows."""
    points = points_of(trace)
    across, upward = points.max(axis=0) - points.min(axis=0)
    if across == 0:
        return LEAST_HEIGHT
    room = width - 2 * EDGE
    scale = room / across
    height = scale * upward + 2 * EDGE
    return max(height, LEAST_HEIGHT)


def panel_of(trace: Trace, place: Box) -> Panel:
    """A trace laid out in a frame: one scale for both directions, as large as the frame allows."""
    points = points_of(trace)
    low = points.min(axis=0)                                # [2]
    high = points.max(axis=0)
    width = place.right - place.left
    height = place.top - place.bottom
    room = np.array([width, height]) - 2 * EDGE
    span = np.maximum(high - low, 1e-6)  # of a single state: no division by 0
    scale = (room / span).min()
    from_middle = points - (low + high) / 2
    points = place.middle + scale * from_middle             # [n + m, 2]

    n = len(trace.source)
    states = np.asarray(trace.states, dtype=float)
    return Panel(
        trace=trace,
        plane=principal_plane(states),
        frame=place,
        states=points[:n],
        contexts=points[n:],
        is_one_point=contexts_coincide(trace),
        named_states=words_to_name(trace),
        named_contexts=contexts_to_name(trace),
    )


def draw_panel(page: Page, panel: Panel, name: str) -> None:
    """One trace: titles, hull, lines, points, labels."""
    draw_titles(page, panel)
    outline = hull(panel.states)
    if len(outline) > 2:
        area = Polygon(outline, facecolor=HULL, linewidth=0, zorder=GROUND, gid=f"{name}-hull")
        page.ax.add_patch(area)
    draw_mixtures(page, panel, name)
    draw_walk(page, panel)
    draw_states(page, panel, name)
    draw_contexts(page, panel, name)
    draw_labels(page, panel)


def draw_titles(page: Page, panel: Panel) -> None:
    """The frame of a panel, its title, what it shows, and the names of its axes."""
    left, bottom, right, top = panel.frame
    width = right - left
    height = top - bottom
    page.rectangle(left, bottom, width, height, fill=False, edgecolor=PALE)
    title = rule_title(panel.trace.rule)
    page.write(left, top + 0.58, title, fontsize=LARGE, ha="left", weight="bold")
    page.write(left, top + 0.23, finding(panel), ha="left")

    middle_x, middle_y = panel.frame.middle
    below = bottom - 0.22
    beside = left - 0.22
    first, second = panel.plane.shares
    if first == 0:
        page.write(middle_x, below, "a single state: nothing varies", color=QUIET)
        return
    across = f"first component: {first:.0%} of the variance"
    upward = f"second component: {second:.0%}"
    page.write(middle_x, below, across, color=QUIET)
    page.write(beside, middle_y, upward, color=QUIET, rotation=90)


def finding(panel: Panel) -> str:
    """What a panel shows, in a few words."""
    trace = panel.trace
    nearest = nearest_state(trace, 0)
    if len(trace.target) == 1:
        return f"a single step, nearest to h{nearest + 1}"
    if not panel.is_one_point:
        return f"a walk through {len(trace.target)} different mixtures"
    states = np.asarray(trace.states)
    context = np.asarray(trace.context[0])
    if np.allclose(context, states[nearest], atol=1e-5):
        return f"one point for all steps: h{nearest + 1} itself"
    if np.allclose(context, states.mean(axis=0), atol=1e-5):
        return "one point for all steps: the centre of the states"
    return f"one point for all steps, nearest to h{nearest + 1}"


def hull(points: np.ndarray) -> list[Point]:
    """The corners of the smallest convex area that holds the `points` [n, 2], counterclockwise.

    Andrew's monotone chain: the lower side from left to right, then the upper one back.
    """
    ordered = sorted((float(x), float(y)) for x, y in points)
    lower = one_side(ordered)
    upper = one_side(ordered[::-1])
    return lower[:-1] + upper[:-1]


def one_side(ordered: list[Point]) -> list[Point]:
    """The way from the first point to the last that has all others on its left."""
    corners: list[Point] = []
    for point in ordered:
        while len(corners) >= 2:
            before, last = corners[-2:]
            if turns_left(before, last, point):
                break
            corners.pop()
        corners.append(point)
    return corners


def turns_left(start: Point, middle: Point, end: Point) -> bool:
    """Whether the way from start over middle to end turns to the left."""
    first_x, first_y = np.subtract(middle, start)
    second_x, second_y = np.subtract(end, middle)
    turn = first_x * second_y - first_y * second_x
    return bool(turn > 0)


def mixtures(panel: Panel) -> list[Mixture]:
    """The lines of a panel: all but those of weights so small that they would not be seen."""
    weights = np.asarray(panel.trace.weights)
    found = []
    for step in panel.drawn_contexts:
        for word, weight in enumerate(weights[step]):
            if weight >= THINNEST:
                found.append(Mixture(step, word, float(weight)))
    return found


def draw_mixtures(page: Page, panel: Panel, name: str) -> None:
    """Lines from each context to its states, as thick as the weights, in the words' hues."""
    colours = hues(panel.trace.source)
    for step, word, weight in mixtures(panel):
        context = panel.contexts[step]
        state = panel.states[word]
        thickness = THICKEST * weight
        page.wire(context, state, color=colours[word], alpha=0.55, linewidth=thickness,
                  arrow=False, gid=f"{name}-weight-{step + 1}-{word + 1}")


def walk(panel: Panel) -> list[tuple[np.ndarray, np.ndarray]]:
    """Start and end of the arrows from each context to the next, where there is room for one."""
    ways = []
    for step in panel.drawn_contexts[1:]:
        start = panel.contexts[step - 1]
        end = panel.contexts[step]
        length = np.linalg.norm(end - start)
        if length > 4 * CONTEXT_RADIUS:
            ways.append((start, end))
    return ways


def draw_walk(page: Page, panel: Panel) -> None:
    """A thin bent arrow from each context to the next one."""
    look = {"arrowstyle": "-|>,head_width=0.25,head_length=0.45", "mutation_scale": 14,
            "connectionstyle": f"arc3,rad={BEND}", "color": CONTEXT, "linewidth": 1.2,
            "shrinkA": 8, "shrinkB": 8}
    for start, end in walk(panel):
        page.ax.annotate("", tuple(end), tuple(start), arrowprops=look, zorder=WIRE + 1)


def state_radius(panel: Panel, word: int) -> float:
    """The size of a state; in long sentences all are smaller."""
    if len(panel.states) <= len(HUES):
        return STATE_RADIUS
    if word in panel.named_states:
        return 0.7 * STATE_RADIUS
    return 0.5 * STATE_RADIUS


def context_radius(panel: Panel, step: int) -> float:
    """The size of a context: one without a label is smaller."""
    if step in panel.named_contexts:
        return CONTEXT_RADIUS
    return 0.6 * CONTEXT_RADIUS


def draw_states(page: Page, panel: Panel, name: str) -> None:
    """States as discs in the hues of their words."""
    colours = hues(panel.trace.source)
    for word, (x, y) in enumerate(panel.states):
        diameter = 2 * state_radius(panel, word)
        page.ax.plot(x, y, "o", color=colours[word], markersize=in_points(diameter), zorder=BOX,
                     gid=f"{name}-state-{word + 1}")


def draw_contexts(page: Page, panel: Panel, name: str) -> None:
    """Contexts as black diamonds."""
    for step in panel.drawn_contexts:
        x, y = panel.contexts[step]
        radius = context_radius(panel, step)
        draw_diamond(page, x, y, radius, f"{name}-context-{step + 1}")


def draw_diamond(page: Page, x: float, y: float, radius: float, name: str | None = None) -> None:
    """The sign of a context; matplotlib measures its side, which is 1.4 times the radius."""
    size = in_points(1.4 * radius)
    page.ax.plot(x, y, "D", color=CONTEXT, markeredgecolor="white", markersize=size, zorder=HEAD,
                 gid=name)


def in_points(inches: float) -> float:
    """A length in points, 72 to the inch."""
    return 72 * inches


# Labels.

def labels_of(panel: Panel) -> list[Label]:
    """The labels of a panel: its states, then its contexts."""
    trace = panel.trace
    colours = hues(trace.source)
    labels = []
    for word in panel.named_states:
        words = f"h{word + 1} {trace.source[word]}"
        point = tuple(panel.states[word])
        labels.append(Label(words, point, colours[word], "normal"))
    steps = len(trace.target)
    for step in panel.named_contexts:
        words = f"c{step + 1} {trace.target[step]}"
        if panel.is_one_point and steps > 1:
            words = f"c1 … c{steps}"
        point = tuple(panel.contexts[step])
        labels.append(Label(words, point, INK, "bold"))
    return labels


def around(x: float, y: float, half_width: float, half_height: float) -> Box:
    """The box with this middle and this size."""
    left = x - half_width
    bottom = y - half_height
    right = x + half_width
    top = y + half_height
    return Box(left, bottom, right, top)


def point_boxes(panel: Panel) -> list[Box]:
    """The places that the points take."""
    boxes = []
    for word, (x, y) in enumerate(panel.states):
        radius = state_radius(panel, word)
        boxes.append(around(x, y, radius, radius))
    for step in panel.drawn_contexts:
        x, y = panel.contexts[step]
        radius = context_radius(panel, step)
        boxes.append(around(x, y, radius, radius))
    return boxes


def points_on_lines(panel: Panel) -> np.ndarray:
    """Points [k, 2] along the lines and arrows that a label should rather not cover."""
    along = np.linspace(0, 1, 25)[:, None]  # [25, 1]
    back = 1 - along
    found = [np.zeros((0, 2))]
    for step, word, weight in mixtures(panel):
        if weight >= 0.05:
            context = panel.contexts[step]
            state = panel.states[word]
            found.append(back * context + along * state)
    for start, end in walk(panel):
        across, upward = end - start
        middle = (start + end) / 2
        aside = np.array([upward, -across])
        bend = middle + BEND * aside  # as matplotlib's arc3 does
        to_bend = back * start + along * bend
        from_bend = back * bend + along * end
        found.append(back * to_bend + along * from_bend)
    return np.concatenate(found)


def places_around(label: Label) -> list[tuple[float, Box]]:
    """Where a label may stand around its point, each place with its distance from it."""
    x, y = label.point
    width = fonts.width(label.words, SMALL, label.weight)
    half_width = width / 2 + 0.03
    half_height = LINE / 2
    places = []
    for distance in (0.18, 0.3, 0.45, 0.65, 0.9, 1.2, 1.6, 2.1):
        radius_across = distance + half_width  # of an ellipse: words are wider than high
        radius_upward = distance + half_height
        for angle in np.radians(range(0, 360, 15)):
            across = radius_across * np.cos(angle)
            upward = radius_upward * np.sin(angle)
            place = around(x + across, y + upward, half_width, half_height)
            places.append((distance, place))
    return places


def nearest_of(place: Box, point: Point) -> Point:
    """The point of a place that lies nearest to `point`; within the place that is the point."""
    x, y = point
    nearest_x = min(max(x, place.left), place.right)
    nearest_y = min(max(y, place.bottom), place.top)
    return nearest_x, nearest_y


def leader(label: Label, place: Box) -> np.ndarray:
    """The way from the point of a label to the nearest edge of its place: 12 points [12, 2]."""
    return np.linspace(label.point, nearest_of(place, label.point), 12)


def distance_to(place: Box, point: Point) -> float:
    """How far a point is from the nearest edge of a place, 0 within it."""
    return math.dist(point, nearest_of(place, point))


def belongs_to_another(label: Label, place: Box, rivals: list[Point]) -> bool:
    """Whether a reader would take the label for that of a rival, which lies about as near."""
    own = distance_to(place, label.point)
    others = [distance_to(place, point) for point in rivals if point != label.point]
    return min(others, default=np.inf) < own + CLEARLY


def place_for(label: Label, panel: Panel, points: list[Box], labels: list[Box],
              rivals: list[Point], lines: np.ndarray) -> Box:
    """The best place in the frame: not over points and other labels, near, not across lines.

    `points` and `labels` are the places that are taken, `rivals` the points that the label could be
    taken to belong to, `lines` are points [k, 2] along all lines.
    """
    choices = places_around(label)
    _, best = choices[0]
    least_cost = np.inf
    for distance, place in choices:
        if not panel.frame.holds(place):
            continue
        crossed = place.number_of(lines)
        cost = distance + 0.05 * crossed
        way = leader(label, place)
        for other in labels:
            cost += 0.1 * other.number_of(way)
        for other in points:
            if distance_to(other, label.point) > 0:  # the way starts under its own point
                cost += 0.1 * other.number_of(way)
        if belongs_to_another(label, place, rivals):
            cost += 0.4
        if any(place.meets(other) for other in points + labels):
            cost += 100
        if cost < least_cost:
            best = place
            least_cost = cost
    return best


def draw_labels(page: Page, panel: Panel) -> None:
    """Each label at its place; where it might be taken for another's, a thin line leads back."""
    points = point_boxes(panel)
    lines = points_on_lines(panel)
    labels = labels_of(panel)
    places: list[Box] = []
    for label in labels:
        # A hue tells states apart, and black tells a context from a state.
        rivals = [other.point for other in labels if other.colour == label.colour]
        place = place_for(label, panel, points, places, rivals, lines)
        places.append(place)
        x, y = place.middle
        page.write(x, y, label.words, color=label.colour, weight=label.weight,
                   path_effects=WHITE_EDGE)
        stands_apart = distance_to(place, label.point) > 0.28
        if stands_apart or belongs_to_another(label, place, rivals):
            way = leader(label, place)
            page.wire(way[0], way[-1], color=label.colour, linewidth=1.2, linestyle=":",
                      arrow=False)
            lines = np.concatenate([lines, way])


def draw_key(page: Page, has_walk: bool) -> None:
    """What the signs mean."""
    y = 0.35
    x = MARGIN + 0.15
    diameter = in_points(2 * STATE_RADIUS)
    page.ax.plot(x, y, "o", color=DARK, markersize=diameter)
    x = draw_meaning(page, x + 0.22, y, "state")
    draw_diamond(page, x, y, CONTEXT_RADIUS)
    x = draw_meaning(page, x + 0.2, y, "context")
    page.wire_lying(y, x, x + 0.4, color=DARK, linewidth=5, alpha=0.55, arrow=False)
    x = draw_meaning(page, x + 0.5, y, "as thick as the weight")
    page.rectangle(x, y - 0.12, 0.4, 0.24, facecolor=HULL)
    x = draw_meaning(page, x + 0.5, y, "every possible mixture")
    if has_walk:
        page.wire_lying(y, x, x + 0.5, color=CONTEXT, linewidth=1.2)
        draw_meaning(page, x + 0.6, y, "next step")


def draw_meaning(page: Page, x: float, y: float, meaning: str) -> float:
    """Words of the key; gives where the next sign stands."""
    page.write(x, y, meaning, ha="left")
    end = x + fonts.width(meaning, SMALL)
    return end + 0.32


def panel_in_words(panel: Panel) -> str:
    """What a panel says."""
    trace = panel.trace
    first, second = panel.plane.shares
    told = []
    for step in panel.named_contexts:
        nearest = nearest_state(trace, step)
        word = trace.source[nearest]
        which = f"c{step + 1}, producing “{trace.target[step]}”,"
        if panel.is_one_point and len(trace.target) > 1:
            which = "the point"
        told.append(f"{which} lies nearest to h{nearest + 1} “{word}”")
    title = rule_title(trace.rule)
    title = title[0].upper() + title[1:]
    number = len(trace.source)
    variance = f"The components hold {first:.0%} and {second:.0%} of the variance"
    return (f"{title}: {finding(panel)}. "
            f"{variance} of {number} states. In all dimensions, of which the plane shows two, "
            f"{'; '.join(told)}.")
