"""What the nine frames tell: for each a title, a caption, and which parts of it are new.

All of it is computed from the trace: the numbers in the sentences are the model's own.
"""
from typing import NamedTuple

import torch

from helpers.figures.style import query_name, shown_score, shown_weights
from helpers.text import END, START
from helpers.translation import Trace

# How far a step has come by the end of a frame.
STAGES = ("vanilla", "network", "scores", "weights", "context", "word")


class Scene(NamedTuple):
    """What one frame tells: how far the translation has come, and which parts of it are new."""
    step: int             # the decoding step, from 1
    stage: str            # how far this step has come: one of STAGES
    new: tuple[str, ...]  # the parts that are lit
    title: str
    caption: str

    def reached(self, stage: str) -> bool:
        """Has this step come as far as `stage`?"""
        return STAGES.index(self.stage) >= STAGES.index(stage)


def story(trace: Trace) -> list[Scene]:
    """The vanilla model, step 1 in four scenes, step 2 in two, then one for each step."""
    scenes = [
        vanilla_scene(trace),
        network_scene(trace),
        scores_scene(trace),
        weights_scene(trace),
        context_scene(trace),
    ]
    steps = len(trace.target)
    if steps == 1:
        scenes.append(only_word_scene(trace))
        return scenes
    scenes.append(second_query_scene(trace))
    for step in range(2, steps + 1):
        scenes.append(step_scene(trace, step))
    return scenes


# The scenes.

def vanilla_scene(trace: Trace) -> Scene:
    """The last state alone is the context."""
    last = len(trace.source)
    caption = f"Word after word is read. The last state, h{last}, goes into every decoder cell"
    if last == 2:
        caption += "; h1 is not passed on"
    elif last > 2:
        caption += f"; {state_names(1, last - 1)} are not passed on"
    title = f"The vanilla model: h{last} alone is the context"
    return Scene(1, "vanilla", ("vanilla",), title, f"{caption}.")


def network_scene(trace: Trace) -> Scene:
    """The first query meets every state."""
    query = query_name(trace, 0)
    if trace.rule == "additive":
        caption = "f, one small fully connected network, takes each state, and a copy of the query."
    else:
        caption = "f, one function for all, takes each state, and a copy of the query."
    if query == "dh0":
        caption += " The decoder starts from dh0: it asks."
    else:
        caption += f" There is no decoder state yet: {query} asks."
    verb = "answers" if len(trace.source) == 1 else "answer"
    title = f"Step 1: {query} asks; {state_names(1, len(trace.source))} {verb}"
    return Scene(1, "network", ("query", "network"), title, caption)


def scores_scene(trace: Trace) -> Scene:
    """Each state gets a score."""
    title = "Step 1: one score for each state"
    scores = trace.scores[0]
    word = trace.source[int(scores.argmax())]
    highest = shown_score(float(scores.max()))
    caption = f"The state of “{word}” has the highest, {highest}: it answers the query best."
    if len(scores) == 1:
        caption = f"With one state there is one score, {highest}."
    elif scores.max() == scores.min():
        caption = f"All of them are {highest}: no state answers better than another."
    return Scene(1, "scores", ("scores",), title, caption)


def weights_scene(trace: Trace) -> Scene:
    """Softmax makes weights of the scores."""
    top = int(trace.weights[0].argmax())
    weight = shown_weights(trace.weights[0])[top]
    caption = ("e to the power of each score, divided by the sum of them all: "
               f"“{trace.source[top]}” gets {weight}, and together they make 1.")
    title = "Step 1: softmax turns scores into weights"
    return Scene(1, "weights", ("softmax", "weights"), title, caption)


def context_scene(trace: Trace) -> Scene:
    """The weighted sum enters the first cell."""
    caption = f"{mixture_told(trace, 1)} With {START} it enters the first decoder cell."
    title = "Step 1: the weighted sum is the context c1"
    return Scene(1, "context", ("word in", "context", "cell"), title, caption)


def only_word_scene(trace: Trace) -> Scene:
    """The end of a translation of one step."""
    title = f"Step 1: {comes_out(trace.target[0])}"
    return Scene(1, "word", ("word",), title, mixture_told(trace, 1))


def second_query_scene(trace: Trace) -> Scene:
    """The first word is out, and the decoder asks with a state of its own."""
    top = int(trace.weights[1].argmax())
    weight = shown_weights(trace.weights[1])[top]
    states = state_names(1, len(trace.source))
    verb = "goes" if len(trace.source) == 1 else "go"
    caption = (f"dh1 is the decoder's own state. {states} {verb} in again, as always: "
               f"now “{trace.source[top]}” gets {weight}.")
    title = f"Step 2: “{trace.target[0]}” has come out, and dh1 asks"
    new = ("word before", "word in", "query", "scores", "weights")
    return Scene(2, "weights", new, title, caption)


def step_scene(trace: Trace, step: int) -> Scene:
    """A whole step; of step 2 only its second half, for the first has been told."""
    told = comes_out(trace.target[step - 1])
    caption = mixture_told(trace, step)
    if step == 2:
        change = (trace.weights[1] - trace.weights[0]).abs().max()
        which = "another" if change > 0.005 else "the same"
        title = f"Step 2: {which} mixture, and {told}"
        caption += f" c1 was {main_part(trace, 1)}."
        return Scene(step, "word", ("context", "cell", "word"), title, caption)
    new = ("word in", "query", "scores", "weights", "context", "cell", "word")
    title = f"Step {step}: dh{step - 1} asks, and {told}"
    return Scene(step, "word", new, title, caption)


# Their words.

def comes_out(word: str) -> str:
    """What the word at the end of a step means."""
    if word == END:
        return f"“{END}” comes out: the sentence is done"
    return f"“{word}” comes out"


def state_names(first: int, last: int) -> str:
    """The states h_first to h_last: "h1", "h1 and h2", "h1, h2 and h3", "h1 to h7"."""
    names = [f"h{number}" for number in range(first, last + 1)]
    if len(names) == 1:
        return names[0]
    if len(names) > 3:
        return f"{names[0]} to {names[-1]}"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def heaviest(weights: torch.Tensor, most: int) -> list[int]:
    """The places of the `most` largest weights, from 0, in the order of the sentence."""
    by_weight = weights.argsort(descending=True, stable=True)
    return sorted(by_weight[:most].tolist())


def recipe(trace: Trace, step: int) -> str:
    """The context of a step as a sum: "0.00·h1 + 0.14·h2 + 0.86·h3"; of many terms the heaviest."""
    weights = trace.weights[step - 1]
    written = shown_weights(weights)
    most = 4 if len(weights) <= 4 else 3
    terms = [f"{written[place]}·h{place + 1}" for place in heaviest(weights, most)]
    if len(terms) < len(weights):
        terms.append("…")
    return " + ".join(terms)


def main_part(trace: Trace, step: int) -> str:
    """Whose state a context holds most of, in words."""
    weights = trace.weights[step - 1]
    word = trace.source[int(weights.argmax())]
    if weights.max() > 0.9995:
        return f"all “{word}”"
    if weights.max() - weights.min() < 1e-6:
        return "all words alike"
    if weights.max() > 0.95:
        return f"nearly all “{word}”"
    if weights.max() > 0.5:
        return f"mostly “{word}”"
    return f"more “{word}” than any other word"


def mixture_told(trace: Trace, step: int) -> str:
    """A context as a sum, and in words."""
    return f"c{step} = {recipe(trace, step)}: {main_part(trace, step)}."
