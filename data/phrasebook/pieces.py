"""Pieces of a sentence that grow in English and French at once, and remember which word is which.

A `Piece` holds some English words and the French tokens that say the same; each French token knows
the English words it comes from. A production joins pieces in one order for English and in another
for French: "i love you" is I LOVE YOU here and I YOU LOVE there. The links travel along, so that
the gold alignment of a finished sentence is simply read off.
"""
from dataclasses import dataclass, replace
from typing import NamedTuple

from data.phrasebook.agreement import Person
from data.phrasebook.lexicon import Names
from helpers.corpus import Pair

ENGLISH_VOWELS = "aeiou"
FRENCH_VOWELS = "aâàeéèêiîoôuûyœh"  # h is mute: the lexicon marks the others with a star (*hibou)
CONTRACTIONS = {
    ("de", "le"): "du",
    ("de", "les"): "des",
    ("à", "le"): "au",
    ("à", "les"): "aux",
}


@dataclass(eq=False)
class Word:
    """An English word, equal to itself only: the two "the" of one sentence are two words."""
    form: str  # "a|an" until we know what follows


class Token(NamedTuple):
    """A French word, its part of speech, and the English words that it comes from."""
    form: str  # "le|l'" until we know what follows
    kind: str
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Piece:
    """The same piece of a sentence in both languages, and what others have to agree with."""
    english: tuple[Word, ...] = ()
    french: tuple[Token, ...] = ()
    person: Person = Person.THIRD_SINGULAR
    gender: str = "m"
    classes: Names = ()

    @property
    def length(self) -> int:
        """The number of English words."""
        return len(self.english)

    def __add__(self, other: "Piece") -> "Piece":
        """This piece and the other after it; agreement goes on with the first."""
        return replace(self, english=self.english + other.english,
                       french=self.french + other.french)


NOTHING = Piece()


def produce(english: str, french: str, parts: dict[str, Piece] | None = None, kind: str = "",
            head: Piece = NOTHING) -> Piece:
    """Apply a production: produce("A of B", "A de|d' B", {"A": door, "B": house}, "preposition").

    Names of parts stand for those pieces, all else for new words. A new French word has this `kind`
    and comes from all new English words, unless it says more: "le:article:1" has a kind of its own
    and comes from new word 1 (counted from 0), "1-" means 1 and all after it, "0+2" two words.
    Person, gender and classes are those of the `head`.
    """
    parts = parts or {}
    words: list[Word] = []
    new_words: list[Word] = []
    for name in english.split():
        if name in parts:
            words.extend(parts[name].english)
        else:
            word = Word(name)
            words.append(word)
            new_words.append(word)
    tokens: list[Token] = []
    for name in french.split():
        if name in parts:
            tokens.extend(parts[name].french)
        else:
            tokens.append(_new_token(name, kind, new_words))
    return replace(head, english=tuple(words), french=tuple(tokens))


def _new_token(text: str, kind: str, new_words: list[Word]) -> Token:
    """A token from the text form:kind:links, of which the kind and the links may be missing."""
    form, _, more = text.partition(":")
    own_kind, _, links = more.partition(":")
    return Token(form, own_kind or kind, _linked_words(links, new_words))


def _linked_words(links: str, new_words: list[Word]) -> tuple[Word, ...]:
    """The English words that links such as "1", "1-", "0+2" mean; no links mean all of them."""
    if not links:
        return tuple(new_words)
    if links.endswith("-"):
        first = int(links.removesuffix("-"))
        return tuple(new_words[first:])
    return tuple(new_words[int(place)] for place in links.split("+"))


def finish(sentence: Piece) -> Pair:
    """The last pass over a sentence: elision, contraction, and links as numbers."""
    english = _elided([word.form for word in sentence.english], ENGLISH_VOWELS)
    french = _elided([token.form for token in sentence.french], FRENCH_VOWELS)
    tokens = _contracted(sentence.french, french)
    return Pair(
        source=english,
        target=[token.form for token in tokens],
        alignment=_alignment(sentence.english, tokens),
        kinds=[token.kind for token in tokens],
    )


def _elided(forms: list[str], vowels: str) -> list[str]:
    """Elision, and a or an: of "le|l'" the second form stands where a vowel follows."""
    spelled = []
    for form, following in zip(forms, [*forms[1:], "."], strict=True):
        full, _, elided = form.removeprefix("*").partition("|")
        if elided and _elides(full, following, vowels):
            spelled.append(elided)
        else:
            spelled.append(full)
    return spelled


def _elides(word: str, following: str, vowels: str) -> bool:
    if word == "si":  # s' il, but si elle
        return following in ("il", "ils")
    return following[0] in vowels


def _contracted(tokens: tuple[Token, ...], forms: list[str]) -> list[Token]:
    """The tokens with their final forms; "à" and the article "le" become one token "au"."""
    finished: list[Token] = []
    for token, form in zip(tokens, forms, strict=True):
        token = token._replace(form=form)
        if finished and token.kind == "article":
            before = finished[-1]
            contraction = CONTRACTIONS.get((before.form, form))
            if contraction:
                token = Token(contraction, before.kind, before.words + token.words)
                finished.pop()
        finished.append(token)
    return finished


def _alignment(words: tuple[Word, ...], tokens: list[Token]) -> list[tuple[int, int]]:
    """Links (place of the English word, place of the French token), in the order of the tokens."""
    place_of = {word: place for place, word in enumerate(words)}
    links = []
    for target_place, token in enumerate(tokens):
        linked = token.words
        if not linked:  # "les" in "j'aime les chats", i like cats: it goes with the next token
            linked = tokens[target_place + 1].words
        source_places = {place_of[word] for word in linked}
        for source_place in sorted(source_places):
            links.append((source_place, target_place))
    return links
