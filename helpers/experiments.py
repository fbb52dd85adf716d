"""What the notebooks measure with models: train and compare them, hide a word, time a step."""
import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from torch.nn import functional as F

from helpers import evaluation, text, training, translation
from helpers.attention import Memory
from helpers.corpus import Corpus
from helpers.model import Seq2Seq, count_parameters
from helpers.text import Pair
from helpers.training import Settings
from helpers.translation import Trace

# Train and compare.

def compare(corpus: Corpus, protocols: Sequence[Settings],
            buckets: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train (or load) a model for each of the Settings in `protocols`; how good is it, by length?

    Returns two tables. The first has a row per model and bucket: rule, hidden_size, seed, split,
    and what `evaluation.by_length` says of that bucket; the `long` split, where the corpus has one,
    is the last bucket. The second has a row per model, over the whole test split: rule,
    hidden_size, seed, parameters, seconds (of training), bleu, low, high, perfect.
    """
    lengths = []
    models = []
    for settings in protocols:
        model, history = training.trained(corpus, settings)
        names = {"rule": settings.rule, "hidden_size": settings.hidden_size, "seed": settings.seed}

        traces = translate_pairs(model, corpus.test)
        lengths.append(named(evaluation.by_length(traces, corpus.test, buckets), names, "test"))
        score = evaluation.bleu_interval(traces, corpus.test)
        models.append(names | {
            "parameters": count_parameters(model), "seconds": history["seconds"].sum(),
            "bleu": score.value, "low": score.low, "high": score.high,
            "perfect": evaluation.perfect(traces, corpus.test)})

        if corpus.long:
            traces = translate_pairs(model, corpus.long)
            lengths.append(named(evaluation.by_length(traces, corpus.long, 1), names, "long"))
    return pd.concat(lengths, ignore_index=True), pd.DataFrame(models)


def translate_pairs(model: Seq2Seq, pairs: Sequence[Pair],
                    say_references: bool = False) -> list[Trace]:
    """The Traces of the sources of `pairs`; if wanted, the model is made to say the targets."""
    sources = [pair.source for pair in pairs]
    if say_references:
        return translation.translate(model, sources, [pair.target for pair in pairs])
    return translation.translate(model, sources)


def named(table: pd.DataFrame, names: dict, split: str) -> pd.DataFrame:
    """The table with the names of a model and its split as first columns."""
    table = table.copy()
    for place, (column, value) in enumerate((names | {"split": split}).items()):
        table.insert(place, column, value)
    return table


# Hide a word.

@torch.no_grad()
def hide_words(model: Seq2Seq, traces: Sequence[Trace], seed: int = 1) -> pd.DataFrame:
    """What becomes of the next word when one encoder state is hidden?

    Hidden: its weight is 0, and the others are renormalised. A row per step of `traces` (of
    sentences of two words or more): sentence, step, word, kept (the probability of the word said,
    nothing hidden), attended (the same with the most attended state hidden), other (with another
    one, drawn by lot). Only this one step is changed; what the encoder read and what was said
    before stay as they were.
    """
    lot = torch.Generator().manual_seed(seed)
    rows = []
    for number, trace in enumerate(traces):
        steps, sources = trace.weights.shape
        if sources < 2:
            continue
        nothing = torch.full((steps,), -1)  # a place that no sentence has
        attended = trace.weights.argmax(dim=1)
        shift = torch.randint(1, sources, (steps,), generator=lot)
        other = (attended + shift) % sources
        kept = probabilities_without(model, trace, nothing)
        without_attended = probabilities_without(model, trace, attended)
        without_other = probabilities_without(model, trace, other)
        for step, word in enumerate(trace.target):
            rows.append({"sentence": number, "step": step, "word": word, "kept": kept[step],
                         "attended": without_attended[step], "other": without_other[step]})
    return pd.DataFrame(rows)


def probabilities_without(model: Seq2Seq, trace: Trace, hidden_places: torch.Tensor) -> list[float]:
    """The probability of each word that a trace says, if at its step one state could not be seen.

    `hidden_places` [steps]: for each step the place of the state to hide. All steps of the trace
    are computed side by side, as a batch.
    """
    decoder = model.decoder
    steps, sources = trace.weights.shape
    states = trace.states.to(model.device).expand(steps, -1, -1)       # [steps, source, state]
    mask = torch.arange(sources) != hidden_places.unsqueeze(1)         # [steps, source]
    memory = Memory(states, mask.to(model.device), last=states[:, -1],
                    keys=decoder.context_rule.keys(states))
    ids = text.numbers([text.START, *trace.target], model.vocabs.target)
    before = torch.tensor(ids[:-1], device=model.device)               # y_0..y_{m-1}
    said = torch.tensor(ids[1:], device=model.device)                  # y_1..y_m
    queries = trace.hidden[:-1].to(model.device)                       # s_0..s_{m-1}
    after, _ = decoder.step(decoder.read(before), queries, memory)
    probabilities = decoder.output(after).softmax(dim=1)               # [steps, vocabulary]
    of_the_words = probabilities.gather(1, said.unsqueeze(1))          # [steps, 1]
    return of_the_words.squeeze(1).tolist()


# Ask for a word.

@torch.no_grad()
def word_probability(model: Seq2Seq, trace: Trace, step: int, word: str) -> float:
    """The probability, 0 to 1, of `word` at a step (from 0) of a trace, whatever was said there.

    A word that the target vocabulary lacks gets the probability of <unk>.
    """
    hidden = trace.hidden[step + 1].to(model.device)                   # s_i [hidden]
    probabilities = model.decoder.output(hidden).softmax(dim=0)        # [vocabulary]
    (number,) = text.numbers([word], model.vocabs.target)
    return probabilities[number].item()


# What a step costs.

def step_cost(model: Seq2Seq, lengths: Sequence[int], sentences: int = 16,
              repeats: int = 5) -> pd.DataFrame:
    """What a decoding step costs when both sentences have so many words: a row per length and task.

    Columns: words, task ("translating", or "training" with its backward pass), milliseconds and
    kilobytes of one step for a batch of `sentences`. Time is the shortest of the repeats; memory is
    what the Traces, or the backward pass, keep.
    """
    rows = []
    for words in lengths:
        source = some_words(model.vocabs.source, words)
        target = some_words(model.vocabs.target, words)
        pairs = [Pair(source, target)] * sentences
        steps = words + 1  # one for <eos>
        for task, run in (("translating", translating_bytes), ("training", training_bytes)):
            seconds = []
            for _ in range(repeats):  # the first is slow: memory is fetched for it
                start = time.perf_counter()
                kept_bytes = run(model, pairs)
                seconds.append(time.perf_counter() - start)
            rows.append({"words": words, "task": task, "milliseconds": 1e3 * min(seconds) / steps,
                         "kilobytes": kept_bytes / 1e3 / steps})
    return pd.DataFrame(rows)


def some_words(vocab: Any, number: int) -> list[str]:
    """So many words of a vocabulary: its rarest fifty, again and again."""
    ordinary = vocab.itos[len(text.SPECIALS):]
    rarest = ordinary[-50:]
    rarest.reverse()
    return [rarest[place % len(rarest)] for place in range(number)]


def translating_bytes(model: Seq2Seq, pairs: Sequence[Pair]) -> int:
    """Translate, and count the bytes of the Traces."""
    total = 0
    for trace in translate_pairs(model, pairs, say_references=True):
        for part in (trace.scores, trace.weights, trace.context, trace.states, trace.hidden):
            total += part.nbytes
    return total


def training_bytes(model: Seq2Seq, pairs: Sequence[Pair]) -> int:
    """Compute a loss, and count the bytes kept for its backward pass, parameters aside."""
    examples = text.examples(pairs, model.vocabs)
    batch = next(text.batches(examples, len(pairs))).to(model.device)
    kept = {}  # place in memory → bytes: what is kept twice counts once

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    def give_back(tensor: torch.Tensor) -> torch.Tensor:
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, give_back):
        logits, gold = model(batch)
        loss = F.cross_entropy(logits, gold)
    loss.backward()
    model.zero_grad(set_to_none=True)
    for weights in model.parameters():
        kept.pop(weights.untyped_storage().data_ptr(), None)
    return sum(kept.values())
