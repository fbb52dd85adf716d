"""Models packed for the explorer: their sizes, their words, and their weights as text."""
from collections.abc import Mapping
from typing import Any

from helpers import rounding
from helpers.model import Seq2Seq
from helpers.pieces import BEGINS

KNOWN = ("fixed", "mean", "additive", "dot", "scaled_dot", "general")  # SCORES in arithmetic.js


def pack_all(by_rule: Mapping[str, Seq2Seq]) -> dict[str, dict[str, Any]]:
    """Packed models by their rules. Vocabularies that an earlier one has are not packed again."""
    packed: dict[str, dict[str, Any]] = {}
    owners: dict[str, Seq2Seq] = {}  # the models whose vocabularies are packed
    for rule, model in by_rule.items():
        packed[rule] = pack(model)
        owner = owner_of_the_same_words(model, owners)
        if owner is None:
            owners[rule] = model
            continue
        del packed[rule]["source"]
        del packed[rule]["target"]
        packed[rule]["sharesVocabularies"] = owner
    return packed


def owner_of_the_same_words(model: Seq2Seq, owners: Mapping[str, Seq2Seq]) -> str | None:
    """The rule of a model that has the same vocabularies, in the same order."""
    for rule, other in owners.items():
        same_source = other.vocabs.source.itos == model.vocabs.source.itos
        same_target = other.vocabs.target.itos == model.vocabs.target.itos
        if same_source and same_target:
            return rule
    return None


def pack(model: Seq2Seq) -> dict[str, Any]:
    """A model as `unpack` in arithmetic.js reads it.

    "arrays" has the shape of each parameter, and its numbers as helpers/rounding.py writes them.
    A model that arithmetic.js cannot run raises a ValueError.
    """
    check(model)
    arrays: dict[str, Any] = {}
    for name, numbers in model.state_dict().items():
        arrays[name] = {"shape": list(numbers.shape), "numbers": rounding.write(numbers)}
    return {
        "rule": model.rule,
        "bidirectional": model.encoder.gru.bidirectional,
        "embedding": model.encoder.embedding.embedding_dim,
        "hidden": model.decoder.output.in_features,
        "state": model.decoder.context_gates.in_features,
        "source": list(model.vocabs.source.itos),
        "target": list(model.vocabs.target.itos),
        "arrays": arrays,
    }


def check(model: Seq2Seq) -> None:
    """Raise a ValueError that says why the explorer cannot show a model; None if it can."""
    if model.rule not in KNOWN:
        raise ValueError(f"the explorer does not know the rule {model.rule!r}: write its scores "
                         "into SCORES of helpers/figures/arithmetic.js, and its name into KNOWN "
                         "of packing.py")
    if any(len(word) > 1 and word.startswith(BEGINS) for word in model.vocabs.source.itos):
        raise ValueError("the explorer reads words as they are typed, and this model reads pieces "
                         "of words: train one on the words of the corpus")
    for name, numbers in model.state_dict().items():
        fits = numbers.abs() < rounding.LARGEST  # not where it is no number at all
        if not fits.all():
            raise ValueError(f"{name} of the model with the rule {model.rule!r} holds a number "
                             "that cannot be written into a page: has its training failed?")
