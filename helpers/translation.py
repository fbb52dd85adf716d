"""From a trained model to sentences: greedy search, and the Trace of all that happened."""
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import torch

from helpers import cores, course, quick, text
from helpers.attention import Focus, Memory
from helpers.model import Seq2Seq

RIVALS = 6  # so many of the likeliest words are kept for each step
AT_ONCE = 5000  # so many sentences does a stream take before it gives the first translation
LEAVING = 0.25  # finished sentences leave their batch when they are such a share of it


class Trace(NamedTuple):
    """One translated sentence: n source words, m words produced.

    Tensors are on the CPU and hold no padding.
    """
    source: list[str]      # n words
    target: list[str]      # m words, the last of them <eos> unless the step limit came first
    scores: torch.Tensor   # [m, n]          row i was scored with s_{i-1} and belongs to word i
    weights: torch.Tensor  # [m, n]          each row sums to 1
    context: torch.Tensor  # [m, state]      c_1..c_m
    states: torch.Tensor   # [n, state]      h_1..h_n
    hidden: torch.Tensor   # [m + 1, hidden] s_0..s_m
    rivals: list[list[tuple[str, float]]]  # each step's likeliest words and their probabilities
    rule: str              # the key in RULES of the rule that made the context

    @property
    def words(self) -> list[str]:
        """The translation: the words produced, without <eos>."""
        return without_end(self.target)


class Spoken(NamedTuple):
    """A translated sentence of which only the words were asked for."""
    source: list[str]
    target: list[str]  # as in a Trace

    @property
    def words(self) -> list[str]:
        """The translation: the words produced, without <eos>."""
        return without_end(self.target)


Translation = Trace | Spoken
Sentences = Sequence[list[str]]  # tokenised
Answer = TypeVar("Answer")       # what is found for a sentence


@torch.no_grad()
def translate(model: Seq2Seq, sentences: Sentences, references: Sentences | None = None,
              batch_size: int = 100) -> list[Trace]:
    """Greedy translation of tokenised `sentences` (lists of words): one Trace each, in their order.

    With `references` (a list of words for each) the decoder is made to say these instead, as in
    training: row i of a Trace then belongs to word i of the reference. Sentences of similar length
    go through the model together; the result is the one that each would have alone. What is no list
    of at least one word raises a ValueError that names its place, and so do references that are
    not one for each sentence, and a model whose weights are not all numbers.
    """
    check_sentences(sentences)
    if references is not None:
        check_sentences(references, "reference")
        if len(references) != len(sentences):
            raise ValueError(f"{len(references)} references for {len(sentences)} sentences: "
                             "give one for each")
    model.eval()
    batches = similar_lengths(sentences, batch_size)
    answers = []
    rows = min(batch_size, len(sentences))  # the most that take a step at once
    with course.quick_products(model, rows):
        for places in batches:
            some = [sentences[place] for place in places]
            if references is None:
                traces = greedy(model, some)
            else:
                traces = forced(model, some, [references[place] for place in places])
            answers.append(traces)
    return in_order(batches, answers)


def stream(model: Seq2Seq, sentences: Iterable[list[str]],
           batch_size: int = 200) -> Iterator[Spoken]:
    """The same translations, words only, one after another as they come: for any number of them.

    Memory stays flat: AT_ONCE sentences are read, translated, given, and forgotten.
    """
    model = quick.for_words(model).eval()
    coming = iter(sentences)
    first_number = 1
    while some := list(islice(coming, AT_ONCE)):
        check_sentences(some, first_number=first_number)
        first_number += len(some)
        for source, target in zip(some, speak_all(model, some, batch_size), strict=True):
            yield Spoken(source, target)


def speak_all(model: Seq2Seq, sentences: Sentences, batch_size: int) -> list[list[str]]:
    """What `speak` finds for each of the sentences, in their order."""
    def speak_batch(places: list[int]) -> list[list[str]]:
        return speak(model, [sentences[place] for place in places])

    batches = similar_lengths(sentences, batch_size)
    rows = min(batch_size, len(sentences))  # the most that take a step at once
    with course.quick_products(model, rows):
        answers = cores.side_by_side(speak_batch, batches, model.device)
    return in_order(batches, answers)


def translate_one(model: Seq2Seq, sentence: str) -> Trace:
    """The Trace of one sentence, as typed: "I love you".

    What is no text, or has no word in it, raises a ValueError.
    """
    (trace,) = translate(model, [text.tokenize(sentence)])
    return trace


def similar_lengths(sentences: Sentences, batch_size: int) -> list[list[int]]:
    """The places of all sentences, in batches of about the same length: little padding.

    The longest come first: then several workers on the batches end at about the same time.
    """
    def length_at(place: int) -> int:
        return len(sentences[place])

    by_length = sorted(range(len(sentences)), key=length_at, reverse=True)
    starts = range(0, len(by_length), batch_size)
    return [by_length[start:start + batch_size] for start in starts]


def in_order(batches: list[list[int]], answers: list[list[Answer]]) -> list[Answer]:
    """What was found for batches of places, in the order of the places."""
    found: dict[int, Answer] = {}
    for places, some in zip(batches, answers, strict=True):
        found.update(zip(places, some, strict=True))
    return [found[place] for place in range(len(found))]


def check_sentences(sentences: Any, what: str = "sentence", first_number: int = 1) -> None:
    """Raise a ValueError at the first of `sentences` that is no list of at least one word."""
    if isinstance(sentences, str) or not isinstance(sentences, Iterable):
        raise ValueError(f"{what}s are {sentences!r:.60}: give a list of tokenised sentences, "
                         "such as [text.tokenize('I love you')]")
    for number, words in enumerate(sentences, start=first_number):
        is_list = isinstance(words, list | tuple) and len(words) > 0
        if not is_list or not all(isinstance(word, str) for word in words):
            raise ValueError(f"{what} {number} is {words!r:.60}: give a list of at least one word, "
                             "such as text.tokenize('I love you')")


class Steps(NamedTuple):
    """What a batch did, step by step."""
    hidden: list[torch.Tensor]         # s_0..s_m, each [batch, hidden]
    foci: list[Focus]                  # the Focus of each of the m steps
    words: list[torch.Tensor]          # y_1..y_m as ids, each [batch]
    rivals: list[torch.Tensor]         # ids of each step's likeliest words, [batch, RIVALS]
    probabilities: list[torch.Tensor]  # their probabilities, [batch, RIVALS]


def greedy(model: Seq2Seq, sentences: Sentences) -> list[Trace]:
    """Translate a batch: at every step the likeliest word, until each sentence has said <eos>."""
    memory = encode(model, sentences)
    limits = step_limits(memory)
    first = torch.full_like(limits, text.START_ID)
    steps = decode(model, memory, first, limits)
    said = torch.stack(steps.words, dim=1)                             # [batch, m]
    targets = targets_of(model, said, limits)
    return traces_of(model, sentences, targets, memory, steps)


@torch.inference_mode()
def speak(model: Seq2Seq, sentences: Sentences) -> list[list[str]]:
    """The words that `greedy` finds, in less time: no step is kept, and who is finished leaves.

    They leave several at a time, since to cut a batch down takes time too. Until then a sentence
    that is finished goes on saying words, which are cut off at the end.
    """
    decoder = model.decoder
    memory = encode(model, sentences)
    limits = step_limits(memory)
    longest = int(limits.max())
    said = torch.full((len(sentences), longest), text.END_ID, device=model.device)
    going = torch.arange(len(sentences), device=model.device)  # the rows that have not left
    is_finished = torch.zeros_like(going, dtype=torch.bool)    # which of these could leave
    words = torch.full_like(going, text.START_ID)
    hidden = decoder.start(memory)
    for step in range(longest):
        hidden, _ = decoder.step(decoder.read(words), hidden, memory)  # [going, hidden]
        logits = decoder.output(hidden)                                # [going, vocabulary]
        likeliest = logits.max(dim=1)                                  # not a number, if one is not
        check_numbers(likeliest.values, step)
        words = likeliest.indices
        said[going, step] = words
        is_last = limits[going] == step + 1
        is_finished = is_finished | is_last | (words == text.END_ID)
        finished = int(is_finished.sum())
        if finished == len(going):
            break
        if finished >= LEAVING * len(going):
            stays = ~is_finished
            going = going[stays]
            is_finished = is_finished[stays]
            words = words[stays]
            hidden = hidden[stays]
            memory = Memory(*[part[stays] for part in memory])
    return targets_of(model, said, limits)


def targets_of(model: Seq2Seq, said: torch.Tensor, limits: torch.Tensor) -> list[list[str]]:
    """What each sentence of a batch has said: ids [batch, m] → words."""
    targets = []
    for ids, limit in zip(said.tolist(), limits.tolist(), strict=True):
        targets.append(up_to_end(words_of(model, ids[:limit])))
    return targets


def forced(model: Seq2Seq, sentences: Sentences, references: Sentences) -> list[Trace]:
    """Make the decoder say the references, whatever it would have said itself."""
    memory = encode(model, sentences)
    ids = []
    for words in references:
        ids.append([*text.numbers(words, model.vocabs.target), text.END_ID])
    given = text.padded(ids).to(model.device)                          # [batch, target]
    limits = torch.tensor([len(row) for row in ids], device=model.device)
    first = torch.full_like(limits, text.START_ID)
    steps = decode(model, memory, first, limits, given)
    targets = [[*words, text.END] for words in references]
    return traces_of(model, sentences, targets, memory, steps)


def encode(model: Seq2Seq, sentences: Sentences) -> Memory:
    """What the decoder may look at, for a batch of sentences."""
    ids = [text.numbers(words, model.vocabs.source) for words in sentences]
    lengths = torch.tensor([len(row) for row in ids])
    return model.encode(text.padded(ids).to(model.device), lengths)


def step_limits(memory: Memory) -> torch.Tensor:
    """After how many steps a translation is cut off, so that a lost model stops: [batch]."""
    lengths = memory.mask.sum(dim=1)
    return 2 * lengths + 10


class Step(NamedTuple):
    """What a batch did in one step."""
    hidden: torch.Tensor         # s_i [batch, hidden]
    focus: Focus
    words: torch.Tensor          # y_i as ids, [batch]
    rivals: torch.Tensor         # ids of the likeliest words, [batch, RIVALS]
    probabilities: torch.Tensor  # their probabilities, [batch, RIVALS]


def walk(model: Seq2Seq, memory: Memory, first: torch.Tensor, limits: torch.Tensor,
         given: torch.Tensor | None = None) -> Iterator[Step]:
    """Run the decoder until every sentence is finished: it has said <eos>, or reached its limit.

    `first` [batch]: the ids to start from, <sos>. `limits` [batch]: the most steps of each
    sentence. `given` [batch, target]: ids to be said in place of the likeliest; then only the limit
    ends it.
    """
    decoder = model.decoder
    vocabulary_size = decoder.output.out_features
    words = first
    hidden = decoder.start(memory)                                     # s_0 [batch, hidden]
    finished = torch.zeros_like(words, dtype=torch.bool)               # [batch]
    for step in range(int(limits.max())):
        hidden, focus = decoder.step(decoder.read(words), hidden, memory)
        probabilities = decoder.output(hidden).softmax(dim=1)          # [batch, vocabulary]
        likeliest = probabilities.topk(min(RIVALS, vocabulary_size))
        check_numbers(likeliest.values, step)
        if given is None:
            words = likeliest.indices[:, 0]
            finished = finished | (words == text.END_ID)
        else:
            words = given[:, step]
        yield Step(hidden, focus, words, likeliest.indices, likeliest.values)
        finished = finished | (limits == step + 1)
        if finished.all():
            break


def check_numbers(found: torch.Tensor, step: int) -> None:
    """Raise a ValueError where a model's answers are no numbers; steps are counted from 0."""
    if found.isnan().any():
        raise ValueError(f"step {step + 1}: the probabilities are not numbers, so the model's "
                         "weights are none either: train it anew, or load it again")


def decode(model: Seq2Seq, memory: Memory, first: torch.Tensor, limits: torch.Tensor,
           given: torch.Tensor | None = None) -> Steps:
    """All steps of `walk`, kept."""
    steps = Steps([model.decoder.start(memory)], [], [], [], [])
    for step in walk(model, memory, first, limits, given):
        steps.hidden.append(step.hidden)
        steps.foci.append(step.focus)
        steps.words.append(step.words)
        steps.rivals.append(step.rivals)
        steps.probabilities.append(step.probabilities)
    return steps


def words_of(model: Seq2Seq, ids: list[int]) -> list[str]:
    """Target ids → words."""
    return [model.vocabs.target.itos[number] for number in ids]


def up_to_end(words: list[str]) -> list[str]:
    """The words up to the first <eos> and with it; all of them where there is none."""
    if text.END not in words:
        return words
    end = words.index(text.END)
    return words[:end + 1]


def without_end(words: list[str]) -> list[str]:
    """The words without an <eos> at their end."""
    if words[-1] == text.END:
        return words[:-1]
    return words


def traces_of(model: Seq2Seq, sentences: Sentences, targets: list[list[str]], memory: Memory,
              steps: Steps) -> list[Trace]:
    """Cut what a batch did into one Trace per sentence, without its padding."""
    scores = torch.stack([focus.scores for focus in steps.foci], dim=1).cpu()    # [batch, m, n]
    weights = torch.stack([focus.weights for focus in steps.foci], dim=1).cpu()  # [batch, m, n]
    context = torch.stack([focus.context for focus in steps.foci], dim=1).cpu()  # [batch, m, state]
    hidden = torch.stack(steps.hidden, dim=1).cpu()                    # [batch, m + 1, hidden]
    states = memory.states.cpu()                                       # [batch, n, state]
    rivals = torch.stack(steps.rivals, dim=1).tolist()                 # [batch, m, RIVALS]
    probabilities = torch.stack(steps.probabilities, dim=1).tolist()   # [batch, m, RIVALS]
    padding = ~memory.mask.cpu().unsqueeze(1).expand_as(weights)
    assert weights[padding].eq(0).all(), "a padded place has weight"

    traces = []
    for row, (source, target) in enumerate(zip(sentences, targets, strict=True)):
        n = len(source)
        m = len(target)
        step_rivals = []
        for step in range(m):
            names = words_of(model, rivals[row][step])
            step_rivals.append(list(zip(names, probabilities[row][step], strict=True)))
        traces.append(Trace(source=list(source), target=target,
                            scores=scores[row, :m, :n], weights=weights[row, :m, :n],
                            context=context[row, :m], states=states[row, :n],
                            hidden=hidden[row, :m + 1], rivals=step_rivals, rule=model.rule))
    return traces


def copy_unknown(trace: Trace) -> Trace:
    """The trace with each <unk> of its translation replaced by the source word looked at most.

    Names and numbers are often the same in both languages. Jean et al. 2015 (arXiv:1412.2007,
    section 3.3) do so with the weights; Luong et al. 2015 (arXiv:1410.8206) teach the model to
    point. Both look the word up in a dictionary before they copy it.
    """
    words = []
    for word, weights in zip(trace.target, trace.weights, strict=True):
        if word == text.UNKNOWN:
            word = trace.source[int(weights.argmax())]
        words.append(word)
    return trace._replace(target=words)
