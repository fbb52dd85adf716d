"""What each source word does at a step, for the pictures of steps: its score, weight and product.

A place is a row of `step_panels` or a column of `pipeline_grid`. In a sentence of up to eight words
every word has its place and its hue. In a longer one the words share one dark blue: those that
weigh most have places, and all others stand in one more, with the sum of their weights and the sum
of their products, so that nothing is missing from the context.
"""
from typing import NamedTuple

import numpy as np
from matplotlib.colors import to_hex

from helpers.figures.style import DARK, HUES, hues, shown_score, shown_weights, toward_white
from helpers.translation import Trace

OTHERS = to_hex(toward_white(DARK, 0.4))  # the colour of the words that have no place of their own


class Place(NamedTuple):
    """One source word, or all the words that have no place of their own."""
    label: str        # "love", or "33 others"
    name: str         # "h2", or "" for several words
    colour: str
    words: list[int]  # which words, counted from 0

    @property
    def is_one_word(self) -> bool:
        """Whether it is the place of a single word."""
        return len(self.words) == 1

    @property
    def identity(self) -> str:
        """The end of the gid of all that is drawn for it: its word's number, or "others"."""
        if self.is_one_word:
            return str(self.words[0] + 1)
        return "others"


class Share(NamedTuple):
    """What a place does at one step."""
    place: Place
    score: float         # of several words the highest
    written_score: str   # "2.31", "−∞", "≤ 2.31"
    weight: float        # of several words the sum
    written_weight: str  # all written weights of a step add up to 1.00
    product: np.ndarray  # weight · state, [state]; of several words the sum


class ScoreScale(NamedTuple):
    """How long the bars of scores are: the same for all steps of a sentence."""
    low: float   # the lowest score, at most 0
    high: float  # the highest score, at least 0

    @property
    def has_bars(self) -> bool:
        """Whether any bar has a length: the fixed context and the mean have only 0 and −∞."""
        return self.high > self.low

    def reach(self, score: float, length: float) -> float:
        """How far the bar of this score goes from 0, if the whole scale has this `length`."""
        if score == -np.inf or not self.has_bars:
            return 0.0
        return length * score / (self.high - self.low)


def named_words(weights: np.ndarray, most: int) -> list[int]:
    """The words that get places of their own, counted from 0; `weights` [n] is what each weighs.

    All of up to eight words. Of more, the `most` heaviest, if they are written as 0.01 or more.
    """
    if len(weights) <= len(HUES):
        return list(range(len(weights)))
    heaviest = np.argsort(-weights, kind="stable")[:most]
    return sorted(int(word) for word in heaviest if weights[word] >= 0.005)


def places_for(trace: Trace, named: list[int]) -> list[Place]:
    """Places in the order of the sentence: for each of the `named` words, and for all others."""
    colours = hues(trace.source)
    others = [word for word in range(len(trace.source)) if word not in named]
    if len(others) == 1:  # a single word takes no more room than "the others"
        named = sorted(named + others)
        others = []
    places = []
    for word in named:
        name = f"h{word + 1}"
        places.append(Place(trace.source[word], name, colours[word], [word]))
    if others:
        places.append(Place(f"{len(others)} others", "", OTHERS, others))
    return places


def shares_of(trace: Trace, row: int, places: list[Place]) -> list[Share]:
    """What each place does at the step of this row, counted from 0."""
    scores = np.asarray(trace.scores[row])
    weights = np.asarray(trace.weights[row])
    states = np.asarray(trace.states)
    sums = [float(weights[place.words].sum()) for place in places]
    shares = []
    for place, weight, written_weight in zip(places, sums, shown_weights(sums), strict=True):
        lowest = float(scores[place.words].min())
        highest = float(scores[place.words].max())
        written_score = shown_score(highest)
        if lowest < highest:
            written_score = f"≤ {written_score}"
        product = weights[place.words] @ states[place.words]
        shares.append(Share(place, highest, written_score, weight, written_weight, product))
    return shares


def score_scale(trace: Trace) -> ScoreScale:
    """The scale of all finite scores of a trace, 0 included."""
    scores = np.asarray(trace.scores)
    finite = scores[np.isfinite(scores)]
    low = float(finite.min(initial=0))
    high = float(finite.max(initial=0))
    return ScoreScale(low, high)


def is_mixture(trace: Trace, row: int) -> bool:
    """Whether the context is the weighted sum of the states: always, but for one case.

    Over a bidirectional encoder the fixed context is [→h_n; ←h_1], which is no state.
    """
    weights = np.asarray(trace.weights[row])
    states = np.asarray(trace.states)
    return bool(np.allclose(weights @ states, np.asarray(trace.context[row]), atol=1e-4))
