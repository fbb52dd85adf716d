"""What the notebooks measure with models: compare them, hide or patch a state, time a step."""
import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from torch.nn import functional as F

from helpers import evaluation, pieces, text, training, translation
from helpers.attention import Memory
from helpers.corpus import Corpus
from helpers.model import Seq2Seq, count_parameters
from helpers.pieces import Cutter
from helpers.text import Pair
from helpers.training import Settings
from helpers.translation import Spoken, Trace

# Train and compare.

def compare(corpus: Corpus, protocols: Sequence[Settings], buckets: int = 5,
            cutter: Cutter | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train (or load) a model for each of the Settings in `protocols`; how good is it, by length?

    Returns two tables. The first has a row per model and bucket: rule, hidden_size, seed, split,
    and what `evaluation.by_length` says of that bucket; the `long` split, where the corpus has one,
    is the last bucket. The second has a row per model, over the whole test split: rule,
    hidden_size, seed, parameters, seconds (of training), bleu, low, high, perfect.

    With a `cutter` the models work with its pieces; they are measured on words all the same.
    """
    lengths = []
    models = []
    trained_on = cutter.cut_corpus(corpus) if cutter else corpus
    for settings in protocols:
        model, history = training.trained(trained_on, settings)
        names = {"rule": settings.rule, "hidden_size": settings.hidden_size, "seed": settings.seed}

        spoken = speak_pairs(model, corpus.test, cutter)
        by_length = evaluation.by_length(spoken, corpus.test, buckets)
        lengths.append(named(by_length, names, "test"))
        score = evaluation.bleu_interval(spoken, corpus.test)
        models.append(names | {
            "parameters": count_parameters(model),
            "seconds": history["seconds"].sum(),
            "bleu": score.value,
            "low": score.low,
            "high": score.high,
            "perfect": evaluation.perfect(spoken, corpus.test),
        })

        if corpus.long:
            spoken = speak_pairs(model, corpus.long, cutter)
            by_length = evaluation.by_length(spoken, corpus.long, 1)
            lengths.append(named(by_length, names, "long"))
    return pd.concat(lengths, ignore_index=True), pd.DataFrame(models)


def translate_pairs(model: Seq2Seq, pairs: Sequence[Pair],
                    say_references: bool = False) -> list[Trace]:
    """The Traces of the sources of `pairs`; if wanted, the model is made to say the targets."""
    sources = [pair.source for pair in pairs]
    if not say_references:
        return translation.translate(model, sources)
    references = [pair.target for pair in pairs]
    return translation.translate(model, sources, references)


def speak_pairs(model: Seq2Seq, pairs: Sequence[Pair],
                cutter: Cutter | None = None) -> list[Spoken]:
    """The translations of the sources of `pairs`, words only: no trace is kept.

    A model that works with the pieces of a `cutter` gets pieces, and its answers are put together.
    """
    sources = [pair.source for pair in pairs]
    if cutter is None:
        return list(translation.stream(model, sources))
    spoken = []
    cut = [cutter.cut(source) for source in sources]
    answers = translation.stream(model, cut)
    for source, said in zip(sources, answers, strict=True):
        words = pieces.words_of(said.target)
        spoken.append(Spoken(source, words))
    return spoken


def named(table: pd.DataFrame, names: dict, split: str) -> pd.DataFrame:
    """The table with the names of a model and its split as first columns."""
    table = table.copy()
    first = names | {"split": split}
    for place, (column, value) in enumerate(first.items()):
        table.insert(place, column, value)
    return table


# Hide a state.

@torch.no_grad()
def hide_states(model: Seq2Seq, traces: Sequence[Trace], seed: int = 1) -> pd.DataFrame:
    """What becomes of the next word when one encoder state is hidden?

    Hidden: its weight is 0, and the others are renormalised. A row per step of `traces` (of
    sentences of two words or more): sentence, step, word, kept (the probability of the word said,
    nothing hidden), attended (the same with the most attended state hidden), other (with another
    one, drawn by lot), left and other_left (the weight of the states that stay, before they are
    renormalised, 0 to 1: where next to nothing is left, the step sees a mixture of leftovers that
    it never saw in training). Only this one step is changed; what the encoder read and what was
    said before stay as they were.
    """
    lot = torch.Generator().manual_seed(seed)
    rows = []
    for number, trace in enumerate(traces):
        steps, sources = trace.weights.shape
        if sources < 2:
            continue
        every_step = torch.arange(steps)
        nothing = torch.full((steps,), -1)  # a place that no sentence has
        attended = trace.weights.argmax(dim=1)
        shift = torch.randint(1, sources, (steps,), generator=lot)
        other = (attended + shift) % sources
        kept = probabilities_without(model, trace, nothing)
        without_attended = probabilities_without(model, trace, attended)
        without_other = probabilities_without(model, trace, other)
        left = 1 - trace.weights[every_step, attended]
        other_left = 1 - trace.weights[every_step, other]
        for step, word in enumerate(trace.target):
            rows.append({
                "sentence": number,
                "step": step,
                "word": word,
                "kept": kept[step],
                "attended": without_attended[step],
                "other": without_other[step],
                "left": left[step].item(),
                "other_left": other_left[step].item(),
            })
    return pd.DataFrame(rows)


def probabilities_without(model: Seq2Seq, trace: Trace, hidden_places: torch.Tensor) -> list[float]:
    """The probability of each word that a trace says, if at its step one state could not be seen.

    `hidden_places` [steps]: for each step the place of the state to hide. All steps of the trace
    are computed side by side, as a batch.
    """
    steps, sources = trace.weights.shape
    states = trace.states.expand(steps, -1, -1)                        # [steps, source, state]
    mask = torch.arange(sources) != hidden_places.unsqueeze(1)         # [steps, source]
    queries = trace.hidden[:-1]                                        # s_0..s_{m-1}
    before = [text.START, *trace.target[:-1]]                          # y_0..y_{m-1}
    probabilities = next_words(model, states, mask, queries, before)   # [steps, vocabulary]
    ids = text.numbers(trace.target, model.vocabs.target)
    said = torch.tensor(ids).unsqueeze(1)                              # [steps, 1]
    of_the_words = probabilities.gather(1, said)                       # [steps, 1]
    return of_the_words.squeeze(1).tolist()


def next_words(model: Seq2Seq, states: torch.Tensor, mask: torch.Tensor, queries: torch.Tensor,
               before: Sequence[str]) -> torch.Tensor:
    """One step of the decoder from states of our choice, a row each: how likely is each next word?

    `states` [rows, source, state], `mask` [rows, source], `queries` [rows, hidden] (s_{i-1}),
    `before` (y_{i-1}, a word for each row) → probabilities [rows, vocabulary], on the CPU.
    """
    decoder = model.decoder
    states = states.to(model.device)
    mask = mask.to(model.device)
    queries = queries.to(model.device)
    ids = text.numbers(before, model.vocabs.target)
    words = torch.tensor(ids).to(model.device)                         # [rows]

    keys = decoder.context_rule.keys(states)
    memory = Memory(states, mask, last_of(model, states), keys)
    word_gates = decoder.read(words)                                   # [rows, 3 hidden]
    hidden, _ = decoder.step(word_gates, queries, memory)              # [rows, hidden]
    logits = decoder.output(hidden)                                    # [rows, vocabulary]
    return logits.softmax(dim=1).cpu()


def last_of(model: Seq2Seq, states: torch.Tensor) -> torch.Tensor:
    """h_n of states without padding [rows, source, state]; of a two-way encoder [→h_n; ←h_1]."""
    if not model.encoder.gru.bidirectional:
        return states[:, -1]
    half = states.shape[2] // 2
    forward_last = states[:, -1, :half]
    backward_last = states[:, 0, half:]
    return torch.cat([forward_last, backward_last], dim=1)


# Patch a state.

@torch.no_grad()
def patch_step(model: Seq2Seq, trace: Trace, donor: Trace, step: int, words: Sequence[str],
               places: Sequence[int] = (), query: bool = False,
               donor_step: int | None = None) -> list[float]:
    """How likely are these `words` at a step of `trace`, if parts of it come from another sentence?

    Activation patching (Vig et al. 2020, arXiv:2004.12265): what one part carries is seen when that
    part alone is exchanged. From the trace `donor` come the states h_j at `places`
    and, where `query` is true, s_{i-1}, that of `donor_step` (the same step unless given). All
    else, the word before among it, stays as it was; so does every other step. A donor whose source
    has another number of words, or a step or place that is not there, raises a ValueError.
    """
    if donor_step is None:
        donor_step = step
    check_patch(trace, donor, step, donor_step, places)
    states = trace.states.clone()                                      # [source, state]
    for place in places:
        states[place] = donor.states[place]
    hidden = trace.hidden[step]                                        # s_{i-1} [hidden]
    if query:
        hidden = donor.hidden[donor_step]
    before = [text.START, *trace.target]                               # y_0..y_m
    word = before[step]                                                # y_{i-1}

    one_row = states.unsqueeze(0)                                      # [1, source, state]
    one_query = hidden.unsqueeze(0)                                    # [1, hidden]
    nothing_hidden = torch.ones(1, len(states), dtype=torch.bool)
    probabilities = next_words(model, one_row, nothing_hidden, one_query, [word])
    ids = text.numbers(words, model.vocabs.target)
    return probabilities[0, ids].tolist()


def check_patch(trace: Trace, donor: Trace, step: int, donor_step: int,
                places: Sequence[int]) -> None:
    sources = len(trace.source)
    if places and len(donor.source) != sources:
        raise ValueError(f"the donor has {len(donor.source)} source words and the trace {sources}: "
                         "states can be exchanged between sentences of one length")
    for place in places:
        if not 0 <= place < sources:
            raise ValueError(f"place {place} is not in the source: give 0 to {sources - 1}")
    of_trace = ("step", step, len(trace.target))
    of_donor = ("donor_step", donor_step, len(donor.target))
    for name, number, steps in (of_trace, of_donor):
        if not 0 <= number < steps:
            raise ValueError(f"{name} {number} is not in the trace: give 0 to {steps - 1}")


# How far a loss reaches back.

def gradients(model: Seq2Seq, pairs: Sequence[Pair]) -> pd.DataFrame:
    """How much each encoder state could change the loss of each word, the right words given.

    A row per sentence, step and place: sentence, step and place (from 0), read_after (words that
    the encoder reads after this one), gradient (the length of the gradient of the loss of this
    step's word with respect to this state, by all ways that lead there). <eos> is the last step.
    The encoder has to read one way only, or a ValueError says so.
    """
    if model.encoder.gru.bidirectional:
        raise ValueError("with an encoder that reads both ways no state is far from the decoder: "
                         "take one that reads one way")
    model.eval()
    rows = []
    for number, pair in enumerate(pairs):
        states = one_by_one(model, pair)
        last_place = len(states) - 1
        losses = losses_by_step(model, states, pair)
        for step, loss in enumerate(losses):
            found = torch.autograd.grad(loss, states, retain_graph=True)
            for place, gradient in enumerate(found):
                rows.append({
                    "sentence": number,
                    "step": step,
                    "place": place,
                    "read_after": last_place - place,
                    "gradient": gradient.norm().item(),
                })
    return pd.DataFrame(rows)


def one_by_one(model: Seq2Seq, pair: Pair) -> list[torch.Tensor]:
    """h_1..h_n, each [1, state] and made of the one before: autograd can ask for any of them."""
    encoder = model.encoder
    (parameters,) = encoder.gru.all_weights  # of its one layer: weights and biases
    ids = text.numbers(pair.source, model.vocabs.source)
    words = torch.tensor(ids, device=model.device)                     # [source]
    vectors = encoder.embedding(words)                                 # [source, embedding]
    state = torch.zeros(1, encoder.gru.hidden_size, device=model.device)  # h_0
    states = []
    for vector in vectors:
        state = torch.gru_cell(vector.unsqueeze(0), state, *parameters)
        states.append(state)
    return states


def losses_by_step(model: Seq2Seq, states: Sequence[torch.Tensor], pair: Pair) -> torch.Tensor:
    """The loss of each word of the target and of <eos>, in nats [target]; right words given."""
    side_by_side = torch.stack(list(states), dim=1)                    # [1, source, state]
    mask = torch.ones(1, len(states), dtype=torch.bool, device=model.device)
    keys = model.decoder.context_rule.keys(side_by_side)
    memory = Memory(side_by_side, mask, states[-1], keys)
    words = [text.START, *pair.target, text.END]
    ids = text.numbers(words, model.vocabs.target)
    target = torch.tensor(ids, device=model.device)
    before = target[:-1].unsqueeze(0)                                  # [1, target]
    gold = target[1:]                                                  # [target]
    hidden, _ = model.decoder(before, memory)                          # [1, target, hidden]
    logits = model.decoder.output(hidden.squeeze(0))                   # [target, vocabulary]
    return F.cross_entropy(logits, gold, reduction="none")


# Ask for a word.

@torch.no_grad()
def word_probability(model: Seq2Seq, trace: Trace, step: int, word: str) -> float:
    """The probability, 0 to 1, of `word` at a step (from 0) of a trace, whatever was said there.

    A word that the target vocabulary lacks gets the probability of <unk>.
    """
    hidden = trace.hidden[step + 1].to(model.device)                   # s_i [hidden]
    logits = model.decoder.output(hidden)                              # [vocabulary]
    probabilities = logits.softmax(dim=0)
    (number,) = text.numbers([word], model.vocabs.target)
    return probabilities[number].item()


# What a step costs.

def step_cost(model: Seq2Seq, lengths: Sequence[int], sentences: int = 16,
              repeats: int = 5) -> pd.DataFrame:
    """What a decoding step costs when both sentences have so many words: a row per length and task.

    Columns: words, task ("translating", or "training" with its backward pass), milliseconds and
    kilobytes of one step for a batch of `sentences`. Time is the shortest of the repeats; memory is
    what the Traces, or the backward pass, keep.

    Numbers below 1e-38 count as 0 while it measures. A gradient that has to go back through a long
    sentence without attention gets so small, and some processors take far longer for such numbers.
    """
    torch.set_flush_denormal(True)
    try:
        # In rounds over all lengths: what disturbs a machine meets no length every time.
        rounds = [step_cost_once(model, lengths, sentences) for _ in range(repeats)]
    finally:
        torch.set_flush_denormal(False)
    costs = pd.concat(rounds).groupby(["words", "task"], sort=False)
    return costs.min().reset_index()


def step_cost_once(model: Seq2Seq, lengths: Sequence[int], sentences: int) -> pd.DataFrame:
    """As `step_cost`, measured a single time."""
    tasks = {"translating": translating_bytes, "training": training_bytes}
    rows = []
    for words in lengths:
        source = some_words(model.vocabs.source, words)
        target = some_words(model.vocabs.target, words)
        pairs = [Pair(source, target)] * sentences
        steps = words + 1  # one for <eos>
        for task, run in tasks.items():
            start = time.perf_counter()
            kept_bytes = run(model, pairs)
            end = time.perf_counter()
            rows.append({
                "words": words,
                "task": task,
                "milliseconds": 1e3 * (end - start) / steps,
                "kilobytes": kept_bytes / 1e3 / steps,
            })
    return pd.DataFrame(rows)


def some_words(vocab: Any, number: int) -> list[str]:
    """So many words of a vocabulary: its rarest fifty, again and again."""
    ordinary = vocab.itos[len(text.SPECIALS):]
    rarest = ordinary[-50:]
    rarest.reverse()
    words = []
    for place in range(number):
        words.append(rarest[place % len(rarest)])
    return words


def translating_bytes(model: Seq2Seq, pairs: Sequence[Pair]) -> int:
    """Translate, and count the bytes of the Traces."""
    total = 0
    for trace in translate_pairs(model, pairs, say_references=True):
        parts = (trace.scores, trace.weights, trace.context, trace.states, trace.hidden)
        for part in parts:
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
        place = weights.untyped_storage().data_ptr()
        kept.pop(place, None)
    return sum(kept.values())
