"""Agreement: which form of a word goes with this person, gender and number.

A row of the lexicon lists the forms of its word in a fixed order; a *place* counts them from 0.
"""
from enum import IntEnum

from data.phrasebook.lexicon import Row


class Person(IntEnum):
    """Person and number, in the order of the lexicon: i, you, he or she, we, they."""
    FIRST_SINGULAR = 0
    SECOND_SINGULAR = 1
    THIRD_SINGULAR = 2
    FIRST_PLURAL = 3
    THIRD_PLURAL = 4


# The French forms of a pronoun: il, le, lui, se. Of these English has the first two: he, him.
SUBJECT = 0
OBJECT = 1
DATIVE = 2
REFLEXIVE = 3


def is_plural(person: Person) -> bool:
    return person in (Person.FIRST_PLURAL, Person.THIRD_PLURAL)


def listed_form(forms: tuple[str, ...], place: int) -> str:
    """The form at this place. The last one that a row lists stands for all that would follow it."""
    last = len(forms) - 1
    return forms[min(place, last)]


def number_place(row: Row, plural: bool) -> int:
    """Nouns and English determiners list a singular and a plural: cat, cats; or one form only."""
    if plural and len(row.english) > 1:
        return 1
    return 0


def adjective_place(gender: str, plural: bool) -> int:
    """Adjectives list four forms: petit, petite, petits, petites."""
    if plural:
        return 3 if gender == "f" else 2
    return 1 if gender == "f" else 0


def determiner_place(gender: str, plural: bool, before_adjective: bool) -> int:
    """French determiners list the same four, and two more for a plural before an adjective.

    So "some cats" are "des chats", but "some small cats" are "de petits chats".
    """
    place = adjective_place(gender, plural)
    if plural and before_adjective:
        place += 2
    return place


def pronoun_person(pronoun: Row) -> Person:
    return Person(int(pronoun.flags[0]))


def may_meet(pronoun: Row, subject: Person) -> bool:
    """May this object pronoun stand beside that subject? Never "i see me"."""
    forbidden = [Person(int(number)) for number in pronoun.takes]
    return subject not in forbidden


def is_there_is(verb: Row) -> bool:
    """Is this "there is"? Its subject is new: "there is a cat", never "there is the cat"."""
    return verb.gender == "new"


def is_to_be(verb: Row) -> bool:
    """Is this "to be" (i am tired, i am hungry)? Its subject is known: "the cat is tired"."""
    return verb.gender == "known"


def english_verb(verb: Row, form: str, person: Person) -> str:
    """The form that a frame asks for: "base" sleep, "past" slept, "third" sleeps or else sleep."""
    base, third, past = verb.english
    if form == "past":
        return past
    if form == "third" and person == Person.THIRD_SINGULAR:
        return third
    return base


def finite_verb(verb: Row, tense: str, person: Person) -> str:
    """The French verb that agrees with its subject: one form of the present for each person.

    Only "to be" has as many for the past (étais): other verbs have a helper there (ai aimé).
    """
    place = int(person)
    if is_to_be(verb) and tense == "past":
        place += len(Person)
    return verb.french[place]


def infinitive(verb: Row) -> str:
    return verb.french[-1]


def participle(verb: Row, gender: str, plural: bool) -> str:
    """The French past participle: parti, partie, partis, parties."""
    form = verb.french[-2]
    if gender == "f":
        form += "e"
    if plural and not form.endswith("s"):  # compris stays compris
        form += "s"
    return form
