"""A trained model in one file, with all that it needs to translate: settings, words, pieces."""
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from helpers import beam, checkpoints, course, ensemble, pieces, text, translation
from helpers.model import Seq2Seq
from helpers.pieces import Cutter
from helpers.recipes import RECIPES
from helpers.text import Vocabularies
from helpers.training import Settings
from helpers.translation import Sentences, Trace


class Translator(NamedTuple):
    """From words to words, whatever the model works with in between."""
    model: Seq2Seq
    recipe: str              # a key of RECIPES
    settings: Settings
    cutter: Cutter | None    # None: the model works with words
    tokenised: bool = False  # are words, as it knows them, what stands between spaces?

    def words(self, sentence: str) -> list[str]:
        """A sentence as typed → words as the model's corpus has them."""
        if self.tokenised:
            return sentence.split()
        return text.tokenize(sentence)

    def translate(self, sentences: Sentences, width: int = 1) -> list[Trace]:
        """A Trace over words for each of the tokenised `sentences`; `width`: that of the beam.

        Unknown words of a model of words are copied from the place looked at.
        """
        if self.cutter is not None:
            sentences = [self.cutter.cut(words) for words in sentences]
        if width == 1:
            traces = translation.translate(self.model, sentences)
        else:
            traces = beam.translate(self.model, sentences, width)
        if self.cutter is not None:
            return [pieces.merged(trace) for trace in traces]
        return [translation.copy_unknown(trace) for trace in traces]


def load_together(paths: Sequence[Path]) -> Translator:
    """One Translator of all that `save` wrote to `paths`: an ensemble, where there are several.

    A ValueError says which of them does not go with the first.
    """
    first, *others = [load(path) for path in paths]
    for path, other in zip(paths[1:], others, strict=True):
        try:
            ensemble.together([first.model, other.model])
        except ValueError as error:
            raise ValueError(f"{path} cannot translate together with {paths[0]}: "
                             f"{error}") from error
    model = ensemble.together([first.model, *[other.model for other in others]])
    return first._replace(model=model)


def save(translator: Translator, path: Path) -> None:
    """Write a Translator to `path`: whole or not at all, in place of an older one."""
    model, recipe, settings, cutter, tokenised = translator
    checkpoints.write(path, {
        "recipe": recipe,
        "settings": settings._asdict(),
        "source": model.vocabs.source.itos,
        "target": model.vocabs.target.itos,
        "pieces": cutter.model if cutter else None,
        "tokenised": tokenised,
        "weights": model.state_dict(),
    })


def load(path: Path) -> Translator:
    """Read what `save` wrote. A ValueError says what is wrong with a file that it did not write."""
    kept = checkpoints.read(path)
    try:
        settings = Settings(**kept["settings"])
        vocabs = Vocabularies(text.vocabulary(kept["source"]), text.vocabulary(kept["target"]))
        recipe = kept["recipe"]
        model = RECIPES[recipe].network(vocabs, settings)
        model.load_state_dict(kept["weights"])
        cutter = Cutter(kept["pieces"]) if kept["pieces"] is not None else None
        tokenised = kept["tokenised"]
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"{path} holds no translator, or one of another version of the course: "
                         "train it again with python -m helpers train") from error
    return Translator(model.to(course.device()).eval(), recipe, settings, cutter, tokenised)
