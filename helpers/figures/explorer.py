"""The explorer: a page one can touch, in which the trained model itself translates what is typed.

The page needs no kernel, no server and no network. What stands here packs models, as float16, into
explorer.html; there arithmetic.js translates, and explorer.js draws with the help of picture.js.
"""
import base64
import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from helpers import files
from helpers.attention import RULES
from helpers.corpus import Corpus
from helpers.figures import style
from helpers.figures.player import as_json, attribute, still_picture, whole_letters
from helpers.model import Seq2Seq
from helpers.text import Pair
from helpers.translation import translate, translate_one

HERE = Path(__file__).parent
HEIGHT = 780        # pixels of the page within a notebook
EXAMPLES = 40       # sentences of each kind that the page can offer
SHORT = 8           # words: sentences up to here are short, and have a hue for each word
LARGEST_HALF = torch.finfo(torch.float16).max

FRAME = """<div class="explorer">
<style>.explorer-still {{ display: none }}</style>
<p class="explorer-still"><img alt="{alt}" src="data:image/png;base64,{still}"></p>
<iframe title="{title}" srcdoc="{page}" style="width: 100%; height: {height}px; border: 0"
 allow="fullscreen"></iframe>
</div>
"""


class Explorer:
    """An explorer as Jupyter shows it; `page` is all of it as one HTML text, `save` keeps it."""

    def __init__(self, page: str, title: str, alt: str, still: bytes) -> None:
        """`alt` and `still` (PNG) stand in where a notebook shows no page."""
        self.page = page
        self.title = title
        self.alt = alt
        self.still = still

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """What Jupyter shows: the page in a frame of its own, or a picture of one step.

        The page is the text of an attribute: so its scripts run in JupyterLab, in VS Code and in
        Colab, and its style does not touch the notebook's. Where a notebook is not trusted, style
        and frame are taken out, and the picture is seen.
        """
        data, metadata = files.image_bundle(self.still, self.alt)
        data["text/html"] = FRAME.format(
            alt=attribute(self.alt), title=attribute(self.title), page=attribute(self.page),
            still=data["image/png"], height=HEIGHT)
        return data, metadata

    def __repr__(self) -> str:
        return f"an explorer: {self.title}"

    def save(self, path: str | Path) -> Path:
        """Write the page as one file, which opens without a network; gives its path back."""
        return files.write(path, self.page)


Models = Seq2Seq | Sequence[Seq2Seq] | Mapping[str, Seq2Seq]


def explorer(models: Models, sentence: str = "I love you", corpus: Corpus | None = None,
             seed: int | None = None, note: str = "") -> Explorer:
    """A page in which `models` translate what a reader types, and what a reader changes in them.

    One model, or one for each of several rules: they translate the same sentence side by side. The
    last that attends is the one whose machine is shown first. From `corpus` come the sentences that
    the page offers (short ones, long ones, and those which the fixed context gets wrong and the
    main model right) and the name of the languages; `seed` and `note` (a line about where the
    weights come from) stand at the page's foot.

    The weights are rounded to float16, which takes about 1.4 MB for a model of the course. A
    ValueError says why a model or a sentence can't be shown.
    """
    by_rule = named(models)
    main = main_rule(by_rule)
    trace = translate_one(by_rule[main], sentence)
    still = still_picture(trace)
    title = f"{' '.join(trace.source)} → {' '.join(trace.words)}"
    data = {
        "models": pack_all(by_rule),
        "main": main,
        "sentence": sentence,
        "examples": examples(by_rule, main, corpus),
        "questions": [],
        "corpus": corpus.name if corpus else "",
        "languages": languages(corpus),
        "seed": seed,
        "note": {"en": note},
    }
    page = filled({
        "title": html.escape(whole_letters(title)),
        "data": as_json(data),
        "still": base64.b64encode(still).decode(),
    })
    return Explorer(page, whole_letters(title), style.described(trace), still)


def filled(values: Mapping[str, str]) -> str:
    """explorer.html with these values in it, and with the files that it names."""
    def value(place: re.Match) -> str:
        name = place[1]
        if name in values:
            return values[name]
        return (HERE / name).read_text("utf-8")

    template = (HERE / "explorer.html").read_text("utf-8")
    return re.sub(r"\{\{([\w.]+)\}\}", value, template)


# The models.

def named(models: Models) -> dict[str, Seq2Seq]:
    """Models by their rules, in the order in which they are given; one of each rule."""
    if isinstance(models, Seq2Seq):
        models = [models]
    if isinstance(models, Mapping):
        models = list(models.values())
    by_rule: dict[str, Seq2Seq] = {}
    for model in models:
        if model.rule in by_rule:
            raise ValueError(f"two models have the rule {model.rule!r}: the explorer shows one of "
                             "each rule")
        by_rule[model.rule] = model
    if not by_rule:
        raise ValueError("the explorer needs at least one model")
    return by_rule


def main_rule(rules: Mapping[str, Any]) -> str:
    """The rule to be shown first: the last that attends, or else the first."""
    attending = [rule for rule in rules if RULES[rule].__name__.endswith("Attention")]
    return attending[-1] if attending else next(iter(rules))


def pack_all(by_rule: Mapping[str, Seq2Seq]) -> dict[str, dict[str, Any]]:
    """Packed models by their rules; the same vocabularies are packed once."""
    packed: dict[str, dict[str, Any]] = {}
    for rule, model in by_rule.items():
        packed[rule] = pack(model)
        words = (packed[rule]["source"], packed[rule]["target"])
        for other, earlier in packed.items():
            if other != rule and (earlier.get("source"), earlier.get("target")) == words:
                del packed[rule]["source"], packed[rule]["target"]
                packed[rule]["sharesVocabularies"] = other
                break
    return packed


def pack(model: Seq2Seq) -> dict[str, Any]:
    """A model as arithmetic.js unpacks it: its sizes, its words, its weights as float16."""
    arrays: dict[str, Any] = {}
    pieces = []
    at = 0
    for name, numbers in model.state_dict().items():
        if not (numbers.abs() <= LARGEST_HALF).all():
            raise ValueError(f"{name} of the model with the rule {model.rule!r} holds a number "
                             "that float16 does not know: has its training failed?")
        arrays[name] = {"shape": list(numbers.shape), "at": at}
        pieces.append(numbers.detach().cpu().half().flatten())
        at += numbers.numel()
    halves = torch.cat(pieces).numpy().astype("<f2")
    decoder = model.decoder
    return {
        "rule": model.rule,
        "bidirectional": model.encoder.gru.bidirectional,
        "embedding": model.encoder.embedding.embedding_dim,
        "hidden": decoder.output.in_features,
        "state": decoder.context_gates.in_features,
        "source": list(model.vocabs.source.itos),
        "target": list(model.vocabs.target.itos),
        "arrays": arrays,
        "data": base64.b64encode(halves.tobytes()).decode(),
    }


# The sentences.

def examples(by_rule: Mapping[str, Seq2Seq], main: str,
             corpus: Corpus | None) -> dict[str, list[str]]:
    """Sentences that the page offers, of three kinds: none without a corpus.

    "hard" are those that the fixed context gets wrong and the main model gets right.
    """
    if corpus is None:
        return {"short": [], "long": [], "hard": []}
    short = [pair for pair in corpus.test if len(pair.source) <= SHORT]
    rest = [pair for pair in corpus.test if len(pair.source) > SHORT]
    return {
        "short": as_typed(short),
        "long": as_typed(corpus.long or rest),
        "hard": as_typed(hard(by_rule, main, rest)),
    }


def hard(by_rule: Mapping[str, Seq2Seq], main: str, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs that the fixed context gets wrong and the main model gets right."""
    if "fixed" not in by_rule or main == "fixed" or not pairs:
        return []
    sources = [pair.source for pair in pairs]
    from_fixed = translate(by_rule["fixed"], sources)
    from_main = translate(by_rule[main], sources)
    found = []
    for pair, one, other in zip(pairs, from_fixed, from_main, strict=True):
        if one.words != pair.target and other.words == pair.target:
            found.append(pair)
    return found


def as_typed(pairs: Sequence[Pair]) -> list[str]:
    """The first of some sentences, as they could be typed."""
    return [" ".join(pair.source) for pair in pairs[:EXAMPLES]]


def languages(corpus: Corpus | None) -> list[str]:
    """The names of the two languages, where the corpus tells them."""
    return ["English", "French"] if corpus and corpus.name == "phrasebook" else []
