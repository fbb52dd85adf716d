"""The explorer: a page one can touch, in which the trained model itself translates what is typed.

The page needs no kernel, no server and no network. What stands here puts models and sentences into
explorer.html; there arithmetic.js translates, and explorer.js draws.
"""
import base64
import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers import files
from helpers.corpus import Corpus
from helpers.figures import style
from helpers.figures.packing import pack_all
from helpers.figures.player import (
    as_json,
    attribute,
    colours,
    still_picture,
    still_told,
    weight_scale,
    whole_letters,
)
from helpers.figures.steps import asks
from helpers.figures.suggestions import examples, questions
from helpers.model import Seq2Seq
from helpers.translation import translate_one

HERE = Path(__file__).parent
HEIGHT = 780  # pixels of the page within a notebook
PLACE = re.compile(r"\{\{(\S+?)\}\}")  # in explorer.html, to be filled
LANGUAGES = {"en": "English", "fr": "French", "de": "German"}

FRAME = """<div class="explorer">
<style>.explorer-still {{ display: none }}</style>
<p class="explorer-still"><img alt="{alt}" src="data:image/png;base64,{still}"></p>
<iframe title="{title}" srcdoc="{page}" allow="fullscreen"
 style="width: 100%; height: {height}px; border: 0"></iframe>
</div>
"""


class Explorer:
    """An explorer as Jupyter shows it; `page` is all of it as one HTML text, `save` keeps it."""

    def __init__(self, page: str, title: str, still: bytes, alt: str) -> None:
        """`still` (PNG), and `alt` in words, stand in where no page is shown."""
        self.page = page
        self.title = title
        self.still = still
        self.alt = whole_letters(alt)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """What Jupyter shows: the page in a frame of its own, or a picture of one step.

        The page is the text of an attribute: so its scripts run in JupyterLab, in VS Code and in
        Colab, and its style does not touch the notebook's. A notebook that is not trusted loses
        style and frame, and then the picture is seen.
        """
        data, metadata = files.image_bundle(self.still, self.alt)
        data["text/html"] = FRAME.format(
            alt=attribute(self.alt), still=data["image/png"], title=attribute(self.title),
            page=attribute(self.page), height=HEIGHT)
        return data, metadata

    def __repr__(self) -> str:
        return f"an explorer: {self.title}"

    def save(self, path: str | Path) -> Path:
        """Write the page as one file, which opens without a network; gives its path back."""
        return files.write(path, self.page)


Models = Seq2Seq | Sequence[Seq2Seq] | Mapping[str, Seq2Seq]


def explorer(models: Models, sentence: str = "I love you", corpus: Corpus | None = None,
             seed: int | None = None, note: Mapping[str, str] | None = None) -> Explorer:
    """A page in which `models` translate what a reader types, and what a reader changes in them.

    One model, or several of different rules: those translate the same sentence side by side, and
    the last that attends is shown first. `corpus` gives the page sentences to offer (short ones,
    long ones, and such as the fixed context gets wrong), small questions, and the names of the
    languages; `seed` and `note`, a line about where the weights come from in each language ("en",
    "ko"), stand at its foot.

    The weights are rounded to eighteen bits (helpers/rounding.py), which takes about 1.6 MB for a
    model of the course. A ValueError says why a model or a sentence cannot be shown.
    """
    by_rule = named(models)
    main = main_rule(by_rule)
    trace = translate_one(by_rule[main], sentence)
    title = whole_letters(f"{' '.join(trace.source)} → {' '.join(trace.words)}")
    still = still_picture(trace)
    data = {
        "models": pack_all(by_rule),
        "main": main,
        "sentence": whole_letters(sentence),
        "examples": examples(by_rule, main, corpus),
        "questions": questions(by_rule[main], corpus) if asks(main) else [],
        "corpus": corpus.name if corpus else "",
        "languages": languages(corpus),
        "seed": seed,
        "note": dict(note or {}),
        "colours": page_colours(),
    }
    page = filled({
        "title": html.escape(title),
        "data": as_json(data),
        "still": base64.b64encode(still).decode(),
    })
    return Explorer(page, title, still, still_told(trace))


def named(models: Models) -> dict[str, Seq2Seq]:
    """Models by their rules, in the order in which they are given."""
    if isinstance(models, Seq2Seq):
        models = [models]
    if isinstance(models, Mapping):
        models = list(models.values())
    if not models:
        raise ValueError("the explorer needs at least one model")
    by_rule: dict[str, Seq2Seq] = {}
    for model in models:
        if model.rule in by_rule:
            raise ValueError(f"two models have the rule {model.rule!r}: the explorer shows one "
                             "of each rule")
        by_rule[model.rule] = model
    return by_rule


def main_rule(rules: Mapping[str, Seq2Seq]) -> str:
    """The rule to be shown first: the last that attends, or else the first."""
    attending = [rule for rule in rules if asks(rule)]
    return attending[-1] if attending else next(iter(rules))


def languages(corpus: Corpus | None) -> list[str]:
    """The names of the two languages, where the name of the corpus tells them."""
    if corpus is None:
        return []
    if corpus.name == "phrasebook":
        return ["English", "French"]
    parts = corpus.name.split("-")
    return [LANGUAGES[part] for part in parts if part in LANGUAGES]


def page_colours() -> dict[str, Any]:
    """The colours of the picture language, as picture.js and explorer.js name them."""
    return {
        **colours(),
        "hues": list(style.HUES),
        "dark": style.DARK,
        "weights": weight_scale(style.DARK),
    }


def filled(values: Mapping[str, str]) -> str:
    """explorer.html with these values in it, and with the texts of the files that it names."""
    def text_for(place: re.Match) -> str:
        name = place[1]
        if name in values:
            return values[name]
        return (HERE / name).read_text("utf-8")

    template = (HERE / "explorer.html").read_text("utf-8")
    return PLACE.sub(text_for, template)
