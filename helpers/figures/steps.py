"""Scores become weights, weighted states a context: one step large, and all steps at a glance.

Both pictures read from left to right, and every vector in them has the same cells. What a place
is, and which words have one in a long sentence, stands in shares.py.
"""
from collections.abc import Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from matplotlib.colors import to_hex

from helpers.figures.page import BOX, Page, Point
from helpers.figures.shares import (
    Place,
    ScoreScale,
    Share,
    is_mixture,
    named_words,
    places_for,
    score_scale,
    shares_of,
)
from helpers.figures.style import (
    CONTEXT,
    DARK,
    HUES,
    INK,
    LARGE,
    NOW,
    NUMBERS,
    PALE,
    QUERY,
    QUIET,
    SMALL,
    TITLE,
    Picture,
    described,
    draw_rail,
    draw_vector,
    letters_width,
    most_of,
    query_name,
    rule_title,
    step_seen,
    styled,
    toward_white,
)
from helpers.text import START
from helpers.translation import Trace

RULES_WITHOUT_QUERY = ("fixed", "mean")  # their scores never change

# All lengths are in inches.
CELLS = 6  # so many numbers of each vector are drawn
VECTOR_WIDTH = 0.26
VECTOR_HEIGHT = 0.78
RAIL = 0.13
MARGIN = 0.3
MACHINE = "#f0f0f0"  # boxes that compute something


# What both pictures share.

def checked_row(trace: Trace, step: int) -> int:
    """The row of the tables for a step counted from 1; errors for what is no step of the trace."""
    if isinstance(step, bool) or not isinstance(step, Integral):
        raise TypeError(f"step is {step!r}: give a whole number, such as 1 for the first word")
    steps = len(trace.target)
    if not 1 <= step <= steps:
        raise ValueError(f"this sentence has steps 1 to {steps}, there is no step {step}")
    return int(step) - 1


def asks(rule: str) -> bool:
    """Whether the scores of this rule depend on the query and on the states."""
    return rule not in RULES_WITHOUT_QUERY


def paled(colour: str, share: float) -> str:
    """A colour at a share of its strength."""
    return to_hex(toward_white(colour, share))


def vector_at(page: Page, x: float, y: float, vector: np.ndarray, most: float, colour: str,
              name: str, width: float = VECTOR_WIDTH) -> None:
    """The first numbers of a vector, as every vector of a picture looks; (x, y) is its middle."""
    numbers = vector[:CELLS]
    draw_vector(page.ax, x, y, width, VECTOR_HEIGHT, numbers, most, outline=colour, name=name)


def draw_bar(page: Page, left: float, bottom: float, width: float, height: float, colour: str,
             name: str) -> None:
    """A bar with its lower left corner."""
    over_frame = BOX + 1
    page.rectangle(left, bottom, width, height, facecolor=colour, linewidth=0, zorder=over_frame,
                   gid=name)


def draw_frame(page: Page, left: float, bottom: float, width: float, height: float) -> None:
    """The frame that a bar would fill if its weight were 1."""
    page.rectangle(left, bottom, width, height, fill=False, edgecolor=PALE, linewidth=1.2,
                   zorder=BOX)


def draw_thin_line(page: Page, start: Point, end: Point) -> None:
    """A line from which bars begin, or over a sum."""
    page.wire(start, end, color=INK, linewidth=1.2, arrow=False, zorder=BOX + 2)


def draw_recipe(page: Page, x: float, y: float, width: float, height: float, shares: list[Share],
                name: str) -> None:
    """The rail of a context: how much comes from each place; (x, y) is its lower left corner."""
    weights = [share.weight for share in shares]
    colours = [share.place.colour for share in shares]
    draw_rail(page.ax, x, y, width, height, weights, colours, name=f"rail-{name}")


def draw_context(page: Page, x: float, y: float, vector: np.ndarray, most: float,
                 shares: list[Share], name: str, width: float = VECTOR_WIDTH) -> None:
    """A context, with its rail at its right side, and its name beside that."""
    vector_at(page, x, y, vector, most, INK, name, width)
    rail = x + width / 2 + 0.07
    bottom = y - VECTOR_HEIGHT / 2
    draw_recipe(page, rail, bottom, RAIL, VECTOR_HEIGHT, shares, name)
    beside = rail + RAIL + 0.08
    page.write(beside, y, name, fontsize=LARGE, ha="left", weight="bold")


def draw_key(page: Page, trace: Trace) -> None:
    """At the lower left corner of the page: what the colours of vectors mean."""
    most = most_of(trace)
    highest = f"{most:.2f}"
    lowest = f"−{highest}"
    y = 0.35
    left = MARGIN + letters_width([lowest]) + 0.05
    right = left + 1.5
    bottom = y - 0.1
    top = y + 0.1
    edges = np.linspace(left, right, 16)
    numbers = np.linspace(-most, most, 15)[None]  # [1, 15]
    page.ax.pcolormesh(edges, [bottom, top], numbers, cmap=NUMBERS, vmin=-most, vmax=most)
    draw_frame(page, left, bottom, right - left, 0.2)
    page.write(left - 0.08, y, lowest, ha="right")
    page.write((left + right) / 2, y, "0")
    page.write(right + 0.08, y, highest, ha="left")

    size = trace.states.shape[1]
    drawn = min(CELLS, size)
    note = f"{drawn} of the {size} numbers of each vector are drawn"
    end = right + letters_width([highest])
    page.write(end + 0.25, y, note, ha="left", color=QUIET)


# One step.

NAMED_IN_STEP = 7    # with the others eight rows, as in the longest sentence that has hues
EARLIER_WORDS = 6    # so many of the words said so far
BAR = 1.0            # the length of a weight of 1, and of the scale of scores
BAR_HEIGHT = 0.34
SUM_RADIUS = 0.22
NETWORK_RADIUS = 0.2
QUERY_ASIDE = 0.4    # the wire of the query runs so far to the left of the networks
QUERY_ABOVE = 0.36   # and enters them from so far above
LINE = 0.36          # the height of one of the likeliest words
TITLE_ROOM = 0.65
SAID_ROOM = 0.9      # the words said so far, with their rails
QUERY_ROOM = 1.4     # the query, and below it the headers of the columns
HEADER_ROOM = 0.9    # a line that says why there is no query, and the headers
FOOT = 1.0           # the sum of the weights, and the key
LEAST_ROWS = 3.2     # less would leave no room for the likeliest words
RESULT = 3.9         # the height of the context, the decoder and the likeliest words
CLOSE = 0.93         # the distance of rows where there are many
WIDE = 1.1           # and where there are few


class Columns(NamedTuple):
    """Where the parts of step_panels stand: their middles, or left ends where it says so."""
    word: float
    state: float
    network: float
    score: float    # left end
    softmax: float
    weight: float   # left end
    times: float
    again: float    # the state once more, beside its weight
    product: float
    sum: float
    context: float
    likely: float   # left end of the likeliest words
    right: float    # the edge of the page


class Plan(NamedTuple):
    """All that is drawn of one step, and where."""
    trace: Trace
    row: int             # the step, counted from 0
    places: list[Place]
    shares: list[Share]  # what the places do at this step
    scale: ScoreScale
    most: float          # the number that gets the full colour in a vector
    x: Columns
    rows: list[float]    # the middle of each row
    context: float       # the middle of the context
    top: float           # the edge of the page

    @property
    def word(self) -> str:
        """The word that comes out."""
        return self.trace.target[self.row]

    @property
    def name(self) -> str:
        """The name of the context."""
        return f"c{self.row + 1}"


@styled
def step_panels(trace: Trace, step: int) -> Picture:
    """One decoding step, counted from 1, from the query to the likeliest words.

    A row for each source word: score, softmax, weight, weighted state. Of a sentence of more than
    eight words the rows are the (at most) seven words that weigh most at this step, if they weigh
    at least 0.01; one more row stands for all others: the highest of their scores, the sum of
    their weights, the sum of their products. Attention rarely spreads further, and where it does
    (the mean of 40 states) the last row says so. Nothing is left out of the sum.

    A `step` that this sentence does not have is a ValueError, what is no whole number a TypeError.
    """
    row = checked_row(trace, step)
    plan = planned(trace, row)
    page = Page(plan.x.right, plan.top)
    draw_heading(page, plan)
    draw_headers(page, plan)
    if asks(trace.rule):
        draw_query(page, plan)
    else:
        draw_reason(page, plan)
    for share, y in zip(plan.shares, plan.rows, strict=True):
        draw_word(page, plan, share, y)
        if asks(trace.rule):
            draw_state(page, plan, share, y)
            draw_network(page, plan, y)
        draw_score(page, plan, share, y)
        draw_weight(page, plan, share, y)
        draw_factor(page, plan, share, y)
        draw_product(page, plan, share, y)
    draw_softmax(page, plan)
    draw_total_weight(page, plan)
    draw_sum(page, plan)
    draw_decoder(page, plan)
    draw_likely_words(page, plan)
    draw_key(page, trace)
    return Picture(page.fig, step_in_words(plan))


def word_before(trace: Trace, row: int) -> str:
    """The word that enters the decoder at this step: the one before, at the first step <sos>."""
    if row == 0:
        return START
    return trace.target[row - 1]


def likely_words(trace: Trace, row: int) -> list[tuple[str, float | None]]:
    """The likeliest words of a step and their probabilities, the word that came out among them.

    Where the model was made to say a reference, that word may not be one of the likeliest: it then
    comes last, and its probability is not known.
    """
    likely: list[tuple[str, float | None]] = []
    likely.extend(trace.rivals[row])
    chosen = trace.target[row]
    if chosen not in [word for word, _ in likely]:
        likely.append((chosen, None))
    return likely


def places_of_step(trace: Trace, row: int) -> list[Place]:
    """The rows of step_panels: the words that weigh most at this step, and the others."""
    weights = np.asarray(trace.weights[row])  # [source]
    words = named_words(weights, NAMED_IN_STEP)
    return places_for(trace, words)


def label_width(places: list[Place]) -> float:
    """The width of the boxes in which the source words stand."""
    labels = [place.label for place in places]
    width = letters_width(labels) + 0.2
    return max(0.7, width)


def columns_for(label: float, words_out: Sequence[str], has_query: bool,
                has_bars: bool) -> Columns:
    """Columns from left to right, each as far from the last as what stands between them needs.

    `label` is the width of the boxes of the source words.
    """
    word = MARGIN + label / 2
    end_of_word = word + label / 2
    state = end_of_word + 0.7
    network = state + 0.75
    score = network + 0.6
    if not has_query:  # neither state nor network has a part in the scores
        score = end_of_word + 0.5
    softmax = score + 1.22
    if has_bars:
        softmax += BAR
    weight = softmax + 0.6
    times = weight + BAR + 0.88
    again = times + 0.75
    product = again + 0.75
    total = product + 2.2
    context = total + 0.85
    likely = total + 0.1
    right = likely + letters_width(words_out, LARGE) + 2.0 + MARGIN
    return Columns(
        word=word,
        state=state,
        network=network,
        score=score,
        softmax=softmax,
        weight=weight,
        times=times,
        again=again,
        product=product,
        sum=total,
        context=context,
        likely=likely,
        right=right,
    )


def planned(trace: Trace, row: int) -> Plan:
    """What is drawn of the step of this row, and where."""
    places = places_of_step(trace, row)
    number = len(places)
    scale = score_scale(trace)
    words_out = [word for word, _ in likely_words(trace, row)]
    has_query = asks(trace.rule)
    label = label_width(places)
    columns = columns_for(label, words_out, has_query, scale.has_bars)

    pitch = max(CLOSE, LEAST_ROWS / number)  # from row to row
    pitch = min(WIDE, pitch)
    height = max(LEAST_ROWS, pitch * number)
    context = FOOT + max(height / 2, RESULT - VECTOR_HEIGHT / 2)
    first = FOOT + height - pitch / 2
    if number == 1:
        first = context  # a single product goes straight into its sum
    rows = [first - pitch * place for place in range(number)]

    head = QUERY_ROOM if has_query else HEADER_ROOM
    top = first + pitch / 2 + head + SAID_ROOM + TITLE_ROOM
    return Plan(
        trace=trace,
        row=row,
        places=places,
        shares=shares_of(trace, row, places),
        scale=scale,
        most=most_of(trace),
        x=columns,
        rows=rows,
        context=context,
        top=top,
    )


def draw_heading(page: Page, plan: Plan) -> None:
    """The title, and the words said so far."""
    steps = len(plan.trace.target)
    title = f"Step {plan.row + 1} of {steps}: “{plan.word}” comes out"
    page.write(MARGIN, plan.top - 0.4, title, fontsize=TITLE, ha="left", weight="bold")

    y = plan.top - TITLE_ROOM - 0.3
    heading = "said so far"
    page.write(MARGIN, y, heading, ha="left", color=QUIET)
    x = MARGIN + letters_width([heading])
    if plan.row == 0:
        page.write(x, y, "nothing", fontsize=LARGE, ha="left")
    first = max(0, plan.row - EARLIER_WORDS)
    if first > 0:
        page.write(x, y, "…", fontsize=LARGE, ha="left")
        x += 0.3
    for earlier in range(first, plan.row):
        x = draw_earlier_word(page, plan.trace, earlier, x, y)


def draw_earlier_word(page: Page, trace: Trace, row: int, x: float, y: float) -> float:
    """A word said before, over the rail of its context; gives the left end of the next one."""
    word = trace.target[row]
    needed = letters_width([word], LARGE) + 0.2
    width = max(1.2, needed)
    middle = x + width / 2
    page.box(middle, y, width, 0.4, "white", QUIET)
    page.write(middle, y, word, fontsize=LARGE)

    name = f"c{row + 1}"
    below = y - 0.38
    page.write(x, below, name, ha="left")
    places = places_of_step(trace, row)
    shares = shares_of(trace, row, places)
    rail = x + letters_width([name]) + 0.05
    bottom = below - RAIL / 2
    draw_recipe(page, rail, bottom, 0.8, RAIL, shares, name)
    return x + width + 0.25


def draw_headers(page: Page, plan: Plan) -> None:
    """What the columns hold."""
    x = plan.x
    y = plan.rows[0] + 0.5
    if asks(plan.trace.rule):
        page.write(x.state, y, "state", va="bottom", color=QUIET)
    page.write(x.score, y, "score", ha="left", va="bottom", color=QUIET)
    page.write(x.weight, y, "weight", ha="left", va="bottom", color=QUIET)
    middle = (x.times + x.product) / 2
    page.write(middle, y, "weight × state", va="bottom", color=QUIET)


def draw_reason(page: Page, plan: Plan) -> None:
    """Why a rule that does not ask has no query."""
    rule = rule_title(plan.trace.rule)
    reason = f"The {rule} asks no query: its scores are the same at every step."
    if not is_mixture(plan.trace, plan.row):
        reason = "The encoder reads both ways: c is [→hn; ←h1], not the sum of these products."
    above = plan.rows[0] + 1.0
    page.write(MARGIN, above, reason, ha="left", va="bottom")


def draw_query(page: Page, plan: Plan) -> None:
    """The decoder state that asks, and its wire, which passes all networks."""
    x = plan.x.network - QUERY_ASIDE
    y = plan.rows[0] + 1.25
    hidden = np.asarray(plan.trace.hidden[plan.row])
    vector_at(page, x, y, hidden, plan.most, QUERY, "query")
    start = y - VECTOR_HEIGHT / 2
    end = plan.rows[-1] + QUERY_ABOVE
    page.wire((x, start), (x, end), color=QUERY, linestyle="--", arrow=False)

    name = f"query {query_name(plan.trace, plan.row)}"
    before = word_before(plan.trace, plan.row)
    origin = f"the decoder's state that produced “{before}”"
    if plan.row == 0:
        origin = "the state in which the decoder starts"
    beside = x + 0.3
    page.write(beside, y + 0.14, name, ha="left", color=QUERY, weight="bold")
    page.write(beside, y - 0.14, origin, ha="left", color=QUERY)


def draw_word(page: Page, plan: Plan, share: Share, y: float) -> None:
    """A source word in its hue."""
    place = share.place
    x = plan.x.word
    width = label_width(plan.places)
    pale = paled(place.colour, 0.15)
    page.box(x, y, width, 0.44, pale, place.colour)
    page.write(x, y, place.label)


def draw_state(page: Page, plan: Plan, share: Share, y: float) -> None:
    """The state of a word, on its way into the network; of several words only dots."""
    place = share.place
    x = plan.x.state
    end_of_word = plan.x.word + label_width(plan.places) / 2
    left = x - VECTOR_WIDTH / 2
    right = x + VECTOR_WIDTH / 2
    if place.is_one_word:
        page.wire_lying(y, end_of_word, left, color=place.colour)
        middle = (end_of_word + left) / 2
        page.write(middle, y + 0.17, place.name, color=place.colour)
        state = np.asarray(plan.trace.states[place.words[0]])
        vector_at(page, x, y, state, plan.most, place.colour, f"state-{place.identity}")
    else:
        page.write(x, y, "…", fontsize=LARGE)
    edge_of_network = plan.x.network - NETWORK_RADIUS
    page.wire_lying(y, right, edge_of_network, color=place.colour)


def draw_network(page: Page, plan: Plan, y: float) -> None:
    """The small network, the same for each state: the query comes from above, the score leaves."""
    x = plan.x.network
    branch = x - QUERY_ASIDE
    above = y + QUERY_ABOVE
    page.dot(branch, above, QUERY)
    page.wire((branch, above), (x, above), color=QUERY, linestyle="--", arrow=False)
    page.wire_upright(x, above, y + NETWORK_RADIUS, color=QUERY)
    page.circle(x, y, NETWORK_RADIUS)
    page.write(x, y, "f", fontsize=LARGE, style="italic")
    start = x + NETWORK_RADIUS
    end = plan.x.score - 0.05
    page.wire_lying(y, start, end, color=QUIET)


def draw_score(page: Page, plan: Plan, share: Share, y: float) -> None:
    """A score: a bar from 0, where scores have bars, and its number."""
    colour = share.place.colour
    end = plan.x.score
    scale = plan.scale
    if scale.has_bars:
        zero = plan.x.score - scale.reach(scale.low, BAR)
        bottom = y - BAR_HEIGHT / 2
        length = scale.reach(share.score, BAR)
        name = f"score-{share.place.identity}"
        draw_bar(page, zero, bottom, length, BAR_HEIGHT, colour, name)
        draw_thin_line(page, (zero, y - 0.26), (zero, y + 0.26))
        end = zero + max(length, 0)
    page.write(end + 0.08, y, share.written_score, ha="left", color=colour)
    softmax = plan.x.softmax
    page.wire_lying(y, softmax - 0.5, softmax - 0.2, color=QUIET)


def draw_softmax(page: Page, plan: Plan) -> None:
    """Softmax takes all scores together, and gives all weights."""
    x = plan.x.softmax
    first = plan.rows[0]
    last = plan.rows[-1]
    middle = (first + last) / 2
    height = max(first - last + 0.7, 1.1)
    page.box(x, middle, 0.4, height, MACHINE, INK)
    page.write(x, middle, "softmax", rotation=90)


def draw_weight(page: Page, plan: Plan, share: Share, y: float) -> None:
    """A weight: a frame as long as 1, filled as far as the weight goes, and its number."""
    left = plan.x.weight
    colour = share.place.colour
    bottom = y - BAR_HEIGHT / 2
    name = f"weight-{share.place.identity}"
    edge_of_softmax = plan.x.softmax + 0.2
    page.wire_lying(y, edge_of_softmax, left - 0.03, color=QUIET)
    length = BAR * share.weight
    draw_frame(page, left, bottom, BAR, BAR_HEIGHT)
    draw_bar(page, left, bottom, length, BAR_HEIGHT, colour, name)
    right = left + BAR + 0.68
    page.write(right, y, share.written_weight, fontsize=LARGE, ha="right", color=colour,
               weight="bold", gid=f"written-{share.place.identity}")


def draw_total_weight(page: Page, plan: Plan) -> None:
    """Below the weights, as in an addition: what they add up to."""
    total = sum(share.weight for share in plan.shares)
    y = plan.rows[-1] - 0.36
    right = plan.x.weight + BAR + 0.68
    draw_thin_line(page, (right - 0.65, y), (right + 0.03, y))
    page.write(right, y - 0.18, f"{total:.2f}", fontsize=LARGE, ha="right")


def draw_factor(page: Page, plan: Plan, share: Share, y: float) -> None:
    """What the weight is multiplied by: the state of the word, as it looks at the left."""
    place = share.place
    x = plan.x
    if not place.is_one_word:
        middle = (x.times + x.again) / 2
        page.write(middle, y, "their\nproducts", color=QUIET)
        return
    page.write(x.times, y, "×", fontsize=LARGE)
    page.write(x.again - 0.2, y, place.name, ha="right", color=place.colour)
    state = np.asarray(plan.trace.states[place.words[0]])
    name = f"factor-{place.identity}"
    vector_at(page, x.again, y, state, plan.most, place.colour, name)


def draw_product(page: Page, plan: Plan, share: Share, y: float) -> None:
    """Weight times state, and its wire to the sum: the thicker, the more the product weighs."""
    place = share.place
    x = plan.x
    name = f"product-{place.identity}"
    middle = (x.again + x.product) / 2
    page.write(middle, y, "=", fontsize=LARGE)
    vector_at(page, x.product, y, share.product, plan.most, place.colour, name)
    label = "their sum"
    if place.is_one_word:
        label = f"{share.written_weight}·{place.name}"
    page.write(x.product + 0.2, y, label, ha="left", color=place.colour)

    start = np.array([x.product + 1.2, y])
    centre = np.array([x.sum, plan.context])
    way = centre - start
    length = np.linalg.norm(way)
    end = centre - SUM_RADIUS * way / length  # at the edge of the circle
    thickness = 1 + 4 * share.weight
    page.wire(tuple(start), tuple(end), color=place.colour, linewidth=thickness, arrow=False,
              gid=f"flow-{place.identity}")


def draw_sum(page: Page, plan: Plan) -> None:
    """The sum of the products is the context."""
    x = plan.x
    y = plan.context
    page.circle(x.sum, y, SUM_RADIUS)
    page.write(x.sum, y, "Σ", fontsize=LARGE)
    start = x.sum + SUM_RADIUS
    end = x.context - VECTOR_WIDTH / 2
    page.wire_lying(y, start, end, color=CONTEXT, linewidth=4)
    context = np.asarray(plan.trace.context[plan.row])
    draw_context(page, x.context, y, context, plan.most, plan.shares, plan.name)


def draw_decoder(page: Page, plan: Plan) -> None:
    """The decoder, into which the context goes, and what else goes into it."""
    left = plan.x.likely
    right = plan.x.right - MARGIN
    width = right - left
    middle = (left + right) / 2
    start = plan.context - VECTOR_HEIGHT / 2
    y = start - 0.65
    top = y + 0.3
    bottom = y - 0.3
    wire = plan.x.context
    page.wire_upright(wire, start, top, color=CONTEXT, linewidth=4)
    page.box(middle, y, width, 0.6, MACHINE, INK)
    before = word_before(plan.trace, plan.row)
    state = query_name(plan.trace, plan.row)
    page.write(middle, y, f"decoder,\nwith “{before}” and {state}")
    page.wire_upright(wire, bottom, y - 0.62, color=QUIET)


def draw_likely_words(page: Page, plan: Plan) -> None:
    """The likeliest words; the one that came out is lit."""
    y = plan.context - VECTOR_HEIGHT / 2 - 1.45
    likely = likely_words(plan.trace, plan.row)
    for number, (word, chance) in enumerate(likely, start=1):
        if word == plan.word:
            draw_light(page, plan, y)
            draw_likely_word(page, plan, word, y, LARGE, "bold")
        else:
            draw_likely_word(page, plan, word, y, SMALL, "normal")
        draw_chance(page, plan, chance, y, f"likely-{number}")
        y -= LINE


def draw_light(page: Page, plan: Plan, y: float) -> None:
    """The yellow behind the word that came out."""
    left = plan.x.likely
    right = plan.x.right - MARGIN
    middle = (left + right) / 2
    width = right - left
    page.box(middle, y, width, LINE, NOW, "none", name="now")


def draw_likely_word(page: Page, plan: Plan, word: str, y: float, size: float, weight: str) -> None:
    """A word that ends where its bar begins."""
    start = plan.x.right - MARGIN - 1.55
    page.write(start - 0.1, y, word, fontsize=size, ha="right", weight=weight)


def draw_chance(page: Page, plan: Plan, chance: float | None, y: float, name: str) -> None:
    """How likely the decoder finds a word: a bar of one inch for 1, and the number."""
    right = plan.x.right - MARGIN
    start = right - 1.55
    if chance is None:
        page.write(start, y, "was given", ha="left")
        return
    draw_bar(page, start, y - 0.1, chance, 0.2, DARK, name)
    page.write(right - 0.05, y, f"{chance:.2f}", ha="right")


def step_in_words(plan: Plan) -> str:
    """What the picture of a step says."""
    told = step_seen(plan.trace, plan.row)
    told = told[0].upper() + told[1:]
    parts = []
    for share in plan.shares:
        place = share.place
        factor = place.name or "the states"
        parts.append(f"{share.written_weight} times {factor} of {place.label} "
                     f"(score {share.written_score})")
    products = ", ".join(parts)
    recipe = f"Its context {plan.name} is the sum of {products}."
    if not is_mixture(plan.trace, plan.row):
        recipe = f"Its context {plan.name} is [→hn; ←h1], and not the sum of {products}."
    likely = []
    for word, chance in plan.trace.rivals[plan.row]:
        likely.append(f"“{word}” {chance:.2f}")
    words = ", ".join(likely)
    return f"{told}. {recipe} The likeliest words: {words}."


# All steps.

STEPS_IN_GRID = 12
NAMED_IN_GRID = 15
ROW = 1.08           # the height of a row
GRID_TITLE = 0.9
GRID_FOOT = 0.75     # the key
LEAST_WIDTH = 8.5    # the title and the key need as much
PART_NAME = 2.1      # and so does the name of a part
BETWEEN = 0.55       # two parts, for an arrow
NUMBER_ROOM = 0.28   # a number over a bar


class Grid(NamedTuple):
    """What pipeline_grid draws in its rows, and where."""
    trace: Trace
    places: list[Place]  # the columns of each of its three parts
    scale: ScoreScale
    most: float          # the number that gets the full colour in a vector
    column: float        # the width of a column
    strip: float         # the width of a vector
    scores: float        # the left ends of the parts
    weights: float
    products: float
    context: float       # the middle of the contexts
    right: float         # the edge of the page

    @property
    def labels(self) -> list[str]:
        """What stands over the columns."""
        return [place.label for place in self.places]

    @property
    def labels_stand(self) -> bool:
        """Whether a source word is too long to lie over its column."""
        return letters_width(self.labels) > self.column + 0.1

    @property
    def header(self) -> float:
        """The height of the names of the parts and of their columns."""
        if self.labels_stand:
            return letters_width(self.labels) + 0.55
        return 0.8

    @property
    def has_scores(self) -> bool:
        """Whether there is room for the numbers of the scores, such as −12.34."""
        return len(self.places) <= 4

    @property
    def has_weights(self) -> bool:
        """Whether there is room for the numbers of the weights, such as 0.12."""
        return len(self.places) <= len(HUES)

    def middles(self, left: float) -> list[float]:
        """The middles of the columns of the part that begins at `left`."""
        found = []
        for number in range(len(self.places)):
            found.append(left + (number + 0.5) * self.column)
        return found


@styled
def pipeline_grid(trace: Trace, first: int = 1) -> Picture:
    """All steps at a glance, a row for each: scores, weights, weighted states, the context.

    Each part has a column for each source word; the label at the left is the word that the step
    produced. Of a sentence of more than eight words the columns are the (at most) fifteen words
    that weigh most in one of the rows, if they weigh at least 0.01, and one more for all others.
    More than eight columns are narrow: bars and strips without numbers and without plus signs,
    for which there is no room. At most twelve rows are drawn, from the step `first` on, so that
    the letters stay large: `pipeline_grid(trace, first=13)` shows the next ones.

    Errors for `first` as for `step` in `step_panels`.
    """
    start = checked_row(trace, first)
    end = min(start + STEPS_IN_GRID, len(trace.target))
    rows = range(start, end)
    grid = gridded(trace, rows)
    top = GRID_FOOT + ROW * len(rows) + grid.header + GRID_TITLE
    page = Page(grid.right, top)
    title = f"From scores to contexts: {steps_in_words(trace, rows)}"
    page.write(MARGIN, top - 0.4, title, fontsize=TITLE, ha="left", weight="bold")
    edge = top - GRID_TITLE - grid.header  # the upper one of the first row
    draw_part_names(page, grid, edge + grid.header - 0.2)
    draw_column_names(page, grid, edge + 0.08)
    for number, row in enumerate(rows):
        middle = edge - ROW * (number + 0.5)
        draw_row(page, grid, row, middle)
    draw_key(page, trace)
    return Picture(page.fig, f"{title}, a row each. {described(trace)}")


def steps_in_words(trace: Trace, rows: range) -> str:
    """Which steps a grid shows."""
    steps = len(trace.target)
    if steps == 1:
        return "the only step"
    if len(rows) == steps:
        return f"all {steps} steps"
    return f"steps {rows[0] + 1} to {rows[-1] + 1} of {steps}"


def gridded(trace: Trace, rows: range) -> Grid:
    """The columns of the grid that shows these rows, and where everything stands."""
    weights = np.asarray(trace.weights)[rows]  # [rows, source]
    heaviest = weights.max(axis=0)             # [source]
    words = named_words(heaviest, NAMED_IN_GRID)
    places = places_for(trace, words)
    column = 0.26
    strip = 0.16
    if len(places) <= len(HUES):
        column = 0.52
        strip = VECTOR_WIDTH
    if len(places) <= 4:
        column = 0.75
    part = max(column * len(places), PART_NAME)
    scores = MARGIN + letters_width(trace.target, LARGE) + 0.7
    weights_from = scores + part + BETWEEN
    products = weights_from + part + BETWEEN
    context = products + part + 0.55
    right = max(context + 1.3, LEAST_WIDTH)
    return Grid(
        trace=trace,
        places=places,
        scale=score_scale(trace),
        most=most_of(trace),
        column=column,
        strip=strip,
        scores=scores,
        weights=weights_from,
        products=products,
        context=context,
        right=right,
    )


def draw_part_names(page: Page, grid: Grid, y: float) -> None:
    """The names of the three parts."""
    page.write(grid.scores, y, "scores", fontsize=LARGE, ha="left")
    page.write(grid.weights, y, "softmax → weights", fontsize=LARGE, ha="left")
    page.write(grid.products, y, "weight × state, added up", fontsize=LARGE, ha="left")


def draw_column_names(page: Page, grid: Grid, y: float) -> None:
    """Over each column its source word in its hue, upright where it is too long."""
    rotation = 0
    if grid.labels_stand:
        rotation = 90
    for left in (grid.scores, grid.weights, grid.products):
        for place, x in zip(grid.places, grid.middles(left), strict=True):
            page.write(x, y, place.label, va="bottom", rotation=rotation, color=place.colour)


def draw_row(page: Page, grid: Grid, row: int, y: float) -> None:
    """One step: its number and word, and its way from the scores to the context."""
    step = row + 1
    shares = shares_of(grid.trace, row, grid.places)
    page.write(MARGIN, y, str(step), ha="left", color=QUIET)
    word = grid.trace.target[row]
    page.write(grid.scores - 0.2, y, word, fontsize=LARGE, ha="right", weight="bold")
    if grid.scale.has_bars:
        draw_score_bars(page, grid, shares, y, step)
    else:
        draw_bare_scores(page, grid, shares, y)
    page.wire_lying(y, grid.weights - 0.4, grid.weights - 0.1, color=QUIET)
    draw_weight_bars(page, grid, shares, y, step)
    page.wire_lying(y, grid.products - 0.4, grid.products - 0.1, color=QUIET)
    draw_products(page, grid, shares, y, step)

    sign = "≠"  # the fixed context of a bidirectional encoder
    if is_mixture(grid.trace, row):
        sign = "="
    x = grid.context
    page.write(x - 0.35, y, sign, fontsize=LARGE)
    context = np.asarray(grid.trace.context[row])
    draw_context(page, x, y, context, grid.most, shares, f"c{step}", grid.strip)


def draw_score_bars(page: Page, grid: Grid, shares: list[Share], y: float, step: int) -> None:
    """The scores of a step: standing bars from 0, with numbers where there is room."""
    tall = VECTOR_HEIGHT
    if grid.has_scores:
        tall -= NUMBER_ROOM
    width = 0.6 * grid.column
    middles = grid.middles(grid.scores)
    scale = grid.scale
    bottom = y - VECTOR_HEIGHT / 2
    zero = bottom - scale.reach(scale.low, tall)
    for share, x in zip(shares, middles, strict=True):
        colour = share.place.colour
        left = x - width / 2
        height = scale.reach(share.score, tall)
        name = f"score-{step}-{share.place.identity}"
        draw_bar(page, left, zero, width, height, colour, name)
        if grid.has_scores:
            page.write(x, y + 0.3, share.written_score, color=colour)
    start = middles[0] - 0.45 * grid.column
    end = middles[-1] + 0.45 * grid.column
    draw_thin_line(page, (start, zero), (end, zero))


def draw_bare_scores(page: Page, grid: Grid, shares: list[Share], y: float) -> None:
    """Scores without bars: their numbers or, where columns are narrow, one that holds for all."""
    middles = grid.middles(grid.scores)
    if not grid.has_weights:  # so many words have weights, and hence the same score
        middle = (middles[0] + middles[-1]) / 2
        score = shares[0].written_score
        page.write(middle, y, f"{score} each")
        return
    for share, x in zip(shares, middles, strict=True):
        page.write(x, y, share.written_score, color=share.place.colour)


def draw_weight_bars(page: Page, grid: Grid, shares: list[Share], y: float, step: int) -> None:
    """The weights of a step: frames as tall as 1, filled as far as the weight goes."""
    tall = VECTOR_HEIGHT
    if grid.has_weights:
        tall -= NUMBER_ROOM
    width = 0.6 * grid.column
    bottom = y - VECTOR_HEIGHT / 2
    for share, x in zip(shares, grid.middles(grid.weights), strict=True):
        left = x - width / 2
        colour = share.place.colour
        name = f"weight-{step}-{share.place.identity}"
        height = tall * share.weight
        draw_frame(page, left, bottom, width, tall)
        draw_bar(page, left, bottom, width, height, colour, name)
        if grid.has_weights:
            letters = "bold" if share.weight >= 0.1 else "normal"
            page.write(x, y + 0.3, share.written_weight, color=colour, weight=letters,
                       gid=f"written-{step}-{share.place.identity}")


def draw_products(page: Page, grid: Grid, shares: list[Share], y: float, step: int) -> None:
    """The weighted states of a step, with plus signs between them where there is room."""
    middles = grid.middles(grid.products)
    for share, x in zip(shares, middles, strict=True):
        strength = 0.4 + 0.6 * share.weight  # little is pale
        outline = paled(share.place.colour, strength)
        name = f"product-{step}-{share.place.identity}"
        vector_at(page, x, y, share.product, grid.most, outline, name, grid.strip)
    if grid.has_weights:
        for x in middles[1:]:
            page.write(x - grid.column / 2, y, "+")
