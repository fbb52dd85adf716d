"""What the explorer suggests: sentences to look at, and small questions for a reader's hands."""
from collections.abc import Iterator, Mapping, Sequence

import torch

from helpers import text
from helpers.corpus import Corpus
from helpers.model import Seq2Seq
from helpers.text import Pair
from helpers.translation import decode, encode, step_limits, translate, up_to_end, words_of

Question = dict[str, str]
Answer = tuple[str, list[str], list[str]]  # a sentence, its translation, and the changed one

SHORT = 8           # words: up to here a sentence is short, and each of its words has a hue
LOOKED_AT = 300     # so many pairs are translated to find hard ones, or questions
OFFERED = 40        # sentences of each kind
QUESTIONS = 3       # of each kind
LETTERS = 3         # a word that is asked for has so many: no article, no sign


# Sentences.

def examples(by_rule: Mapping[str, Seq2Seq], main: str,
             corpus: Corpus | None) -> dict[str, list[str]]:
    """Sentences of three kinds, as they could be typed: none without a corpus.

    "hard" are those that the fixed context gets wrong and the main model gets right.
    """
    if corpus is None:
        return {"short": [], "long": [], "hard": []}
    short = []
    others = []
    for pair in corpus.test:
        if len(pair.source) <= SHORT:
            short.append(pair)
        else:
            others.append(pair)
    hard_ones = hard(by_rule, main, others[:LOOKED_AT])
    return {
        "short": as_typed(short),
        "long": as_typed(corpus.long or others),
        "hard": as_typed(hard_ones),
    }


def hard(by_rule: Mapping[str, Seq2Seq], main: str, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs that the fixed context gets wrong and the main model gets right."""
    if "fixed" not in by_rule or main == "fixed":
        return []
    wrong_in_fixed = places_right(by_rule["fixed"], pairs, right=False)
    right_in_main = places_right(by_rule[main], pairs)
    both = set(wrong_in_fixed) & set(right_in_main)
    return [pairs[place] for place in sorted(both)]


def places_right(model: Seq2Seq, pairs: Sequence[Pair], right: bool = True) -> list[int]:
    """The places of those pairs that a model translates as their targets say, or those it does not.
    """
    sources = [pair.source for pair in pairs]
    traces = translate(model, sources)
    found = []
    for place, trace in enumerate(traces):
        is_right = trace.words == pairs[place].target
        if is_right == right:
            found.append(place)
    return found


def as_typed(pairs: Sequence[Pair]) -> list[str]:
    """The first of some sentences, as they could be typed."""
    return [" ".join(pair.source) for pair in pairs[:OFFERED]]


# Questions.

def questions(model: Seq2Seq, corpus: Corpus | None) -> list[Question]:
    """Small tasks that can be done by hiding one word of a short sentence.

    Each is {"sentence", "say": a word that must come out} or {"sentence", "lose": one that must
    not}. One of each kind from a sentence that the model translates right, in turns.
    """
    if corpus is None:
        return []
    say: list[Question] = []
    lose: list[Question] = []
    for sentence, plain, changed in answers(model, corpus.test):
        added = [word for word in changed if word not in plain]
        lost = [word for word in plain if word not in changed]
        wants_say = len(say) <= len(lose)
        if wants_say and len(say) < QUESTIONS and added:
            say.append({"sentence": sentence, "say": added[0]})
        elif not wants_say and lost:
            lose.append({"sentence": sentence, "lose": lost[0]})
        if len(lose) == QUESTIONS:
            break
    return say + lose


def answers(model: Seq2Seq, pairs: Sequence[Pair]) -> Iterator[Answer]:
    """Short sentences, what a model makes of them, and what it says with one word hidden.

    One hidden word of each sentence, and only where one word of the translation becomes another.
    """
    short = [pair for pair in pairs if 3 < len(pair.source) <= SHORT]
    short = short[:LOOKED_AT]
    for place in places_right(model, short):
        pair = short[place]
        for changed in with_one_hidden(model, pair.source):
            if is_one_word_away(changed, pair.target):
                sentence = " ".join(pair.source)
                yield sentence, pair.target, changed
                break


def is_one_word_away(changed: list[str], plain: list[str]) -> bool:
    """Whether two translations differ in one word, in one place, and both are words to ask for."""
    if len(changed) != len(plain):
        return False
    different = [pair for pair in zip(changed, plain, strict=True) if pair[0] != pair[1]]
    if len(different) != 1:
        return False
    new, old = different[0]
    return all(word.isalpha() and len(word) >= LETTERS for word in (new, old))


@torch.no_grad()
def with_one_hidden(model: Seq2Seq, words: list[str]) -> list[list[str]]:
    """What a model says when the first word is hidden at every step, the second, and so on."""
    n = len(words)
    sentences = [words] * n
    memory = encode(model, sentences)
    limits = step_limits(memory)
    is_hidden = torch.eye(n, dtype=torch.bool, device=model.device)     # [n, source]
    can_be_seen = memory.mask & ~is_hidden
    memory = memory._replace(mask=can_be_seen)
    first = torch.full_like(limits, text.START_ID)
    steps = decode(model, memory, first, limits)
    said = torch.stack(steps.words, dim=1).tolist()                     # [n, target]
    found = []
    for ids in said:
        words = words_of(model, ids)
        with_end = up_to_end(words)
        found.append([word for word in with_end if word != text.END])
    return found
