"""The lexicon: the rows of lexicon.tsv, and finding some among them.

Words, what goes with what, word orders and sentence patterns are all rows of that table, so a new
row is a new word. Comments in the table say what its columns mean for each kind of row.
"""
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

LEXICON = Path(__file__).resolve().parent / "lexicon.tsv"


Names = tuple[str, ...]  # of kinds of rows, of classes, of flags


class Row(NamedTuple):
    """A row of the lexicon. A column in which nothing stands is an empty tuple, or "" (gender)."""
    kind: str                 # noun, verb, frame, ...
    english: tuple[str, ...]  # the English forms
    french: tuple[str, ...]   # the French forms
    gender: str               # "m" or "f"; verbs, frames and slots keep other things here
    classes: Names            # what a noun can be (food, person), what an adjective fits, ...
    takes: Names              # the classes of its object, ...
    where: Names              # of a verb: groups of adverbs and prepositions, ! if one is required
    flags: Names              # everything else


class Lexicon:
    """The rows of lexicon.tsv, by their kind: `rows["noun"]`. No row is ever changed."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self._found: dict[tuple, list[Row]] = {}
        lines = LEXICON.read_text(encoding="utf-8").splitlines()
        for line in lines[1:]:  # the first line is the header
            if not line.startswith("#"):
                row = read_row(line)
                self.rows[row.kind].append(row)

    def find(self, kinds: str | Names, wanted: str | Names, column: str = "classes") -> list[Row]:
        """The rows of one or more kinds whose column has the `wanted` name, or one of several."""
        kinds = as_names(kinds)
        wanted = as_names(wanted)
        question = (kinds, wanted, column)
        if question not in self._found:  # the same few questions are asked again and again
            found = []
            for kind in kinds:
                for row in self.rows[kind]:
                    names = getattr(row, column)
                    if overlap(names, wanted):
                        found.append(row)
            self._found[question] = found
        return self._found[question]


def read_row(line: str) -> Row:
    """One line of the table. Between forms stands " / ", between names a space."""
    kind, english, french, gender, classes, takes, where, flags = line.split("\t")
    return Row(
        kind=kind,
        english=tuple(english.split(" / ")),
        french=tuple(french.split(" / ")),
        gender=gender,
        classes=tuple(classes.split()),
        takes=tuple(takes.split()),
        where=tuple(where.split()),
        flags=tuple(flags.split()),
    )


def as_names(names: str | Names) -> Names:
    """One name is a tuple of one."""
    if isinstance(names, str):
        return (names,)
    return names


def overlap(some: Iterable[str], others: Iterable[str]) -> bool:
    """Have the two a name in common?"""
    return not set(some).isdisjoint(others)
