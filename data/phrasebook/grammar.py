"""The synchronous grammar that writes the phrasebook: run `python -m data.phrasebook.grammar`.

English and French grow together: each method of `Grammar` makes one kind of piece, from noun phrase
to sentence, in both languages at once (pieces.py). Which words and word orders there are stands in
the lexicon (lexicon.py). What is said is decided by dice, in a fixed order: whoever adds, drops or
moves a throw gets another corpus.
"""
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from data.phrasebook import agreement
from data.phrasebook.agreement import Person, is_plural, is_there_is, is_to_be
from data.phrasebook.lexicon import Lexicon, Names, Row, overlap
from data.phrasebook.pieces import NOTHING, Piece, finish, produce
from helpers import files
from helpers.corpus import Pair

FOLDER = Path(__file__).resolve().parent
SIZES = {"train": 20_000, "valid": 1_000, "test": 1_000, "long": 500}  # sentence pairs in each file
EVERYDAY = ("i love you", "i see you", "you know me", "she sleeps", "we help them", "they dance")

# A tense comes as often as it stands here. "modal" is can, must, want to; "habit" is like to.
TENSES = ("present", "present", "present", "present", "present", "past", "past", "past", "past",
          "future", "modal", "future", "modal", "habit")

# Flags of determiners: "the" and "my" are known, "a" and "two" are new.
KNOWN: Names = ("known",)
NEW: Names = ("new",)
KNOWN_OR_NEW: Names = ("known", "new")
KNOWN_OR_NONE: Names = ("known", "none")  # after a negation: pas de pain, never "pas du pain"
EVERY: Names = ("every",)                 # in general: i like cats, j'aime les chats
ONLY_THE: Names = ("the",)

# Kinds of rows. Articles are named three times, so that each comes three times as often.
DETERMINERS = ("article", "article", "article", "determiner", "number")
ADJECTIVES_BEFORE = ("before adjective", "attributive adjective")  # un petit chat
ADJECTIVES_AFTER = ("adjective",)                                  # un chat noir
ADJECTIVES_ALONE = ("adjective", "before adjective", "predicative adjective")  # il est noir

Option = TypeVar("Option")


@dataclass
class Clause:
    """What has been decided about a clause, before its words are put in order."""
    verb: Row
    subject: Piece
    tense: str                # present, past, future, modal or habit
    mode: str                 # "", "-not", "-never", "-often", or "-ask" for a question
    pronoun: Piece = NOTHING  # an object pronoun: after the verb in English, before it in French
    rest: Piece = NOTHING     # what follows the verb in both languages


class Grammar:
    """The productions. Their `room` is about how many English words a piece may have."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed).random  # the only call that gives the same on every Python
        self.lexicon = Lexicon()
        self.used: set[str] = set()  # nouns and verbs of this sentence
        self.topic: tuple[Person, str] | None = None  # person and gender of who is talked about

    # The dice.

    def happens(self, probability: float) -> bool:
        """Throw the dice once: True with this probability."""
        return self.dice() < probability

    def choose(self, options: Sequence[Option]) -> Option:
        """Throw the dice once: one of the options, all equally likely."""
        place = int(self.dice() * len(options))
        return options[place]

    def pick(self, rows: list[Row]) -> Row:
        """Throw the dice once: a row; where possible, a word that this sentence does not have."""
        fresh = [row for row in rows if row.english[0] not in self.used]
        return self.choose(fresh or rows)

    # Words and noun phrases.

    def word(self, row: Row, english: int = 0, french: int = 0) -> Piece:
        """A word of the lexicon, in the forms that stand at these places of its row."""
        head = Piece(gender=row.gender, classes=row.classes)
        if row.kind == "pronoun":
            head = replace(head, person=agreement.pronoun_person(row))
        french_form = agreement.listed_form(row.french, french)
        return produce(row.english[english], french_form, kind=part_of_speech(row), head=head)

    def noun_phrase(self, classes: Names, room: int = 0, determiners: Names = KNOWN_OR_NEW,
                    single: bool = False) -> Piece:
        """Determiner, adjectives, noun: the small black cat, le petit chat noir.

        `determiners` are flags of those that may stand there; `single` forbids the plural.
        """
        one_class = self.choose(classes)
        row = self.pick(self.lexicon.find("noun", one_class))
        self.used.add(row.english[0])

        use = self.noun_use(row, determiners, single)
        plural = use == "many"
        noun_form = agreement.number_place(row, plural)
        noun = self.word(row, english=noun_form, french=noun_form)
        if plural:
            noun = replace(noun, person=Person.THIRD_PLURAL)
        if "name" in row.classes:
            return noun

        before = self.attribute(ADJECTIVES_BEFORE, noun, room)
        after = self.attribute(ADJECTIVES_AFTER, noun, room)
        determiner_row = self.determiner_row(row, use, determiners)
        has_adjective_before = before is not NOTHING
        french_form = agreement.determiner_place(noun.gender, plural, has_adjective_before)
        english_form = agreement.number_place(determiner_row, plural)
        determiner = self.word(determiner_row, english_form, french_form)

        parts = {"D": determiner, "B": before, "A": after, "N": noun}
        return produce("D B A N", "D B N A", parts, head=noun)

    def noun_use(self, noun: Row, determiners: Names, single: bool) -> str:
        """How the noun is used: as "many", or else as "one", "mass" or "relative", which it is."""
        has_plural = len(noun.english) > 1
        if single or not has_plural:
            return noun.flags[0]
        if determiners == EVERY or self.happens(0.35):
            return "many"
        return noun.flags[0]

    def attribute(self, kinds: Names, noun: Piece, room: int) -> Piece:
        """An adjective that stands with the noun, sometimes and where there is room, or nothing."""
        rows = self.lexicon.find(kinds, noun.classes)
        if rows and room > 3 and self.happens(0.3):
            form = agreement.adjective_place(noun.gender, is_plural(noun.person))
            return self.word(self.pick(rows), french=form)
        return NOTHING

    def determiner_row(self, noun: Row, use: str, determiners: Names) -> Row:
        """A determiner for a noun in this use, with one of these flags; if there is none, "the"."""
        fitting = []
        for row in self.lexicon.find(DETERMINERS, use):
            is_wanted = overlap(row.flags, determiners)
            is_excluded = overlap(row.takes, noun.flags)
            if is_wanted and not is_excluded:
                fitting.append(row)
        the = self.lexicon.rows["article"][0]
        return self.pick(fitting or [the])

    def rich_phrase(self, classes: Names, room: int, determiners: Names = KNOWN_OR_NEW) -> Piece:
        """A noun phrase that may carry more: "A of B", "A and B", or a relative clause."""
        roll = self.dice()
        patterns = self.lexicon.find(("phrase preposition", "phrase conjunction"), classes)
        if patterns and roll < 0.25 and room > 4 and determiners == KNOWN_OR_NEW:
            pattern = self.pick(patterns)
            return self.two_nouns(pattern, room)
        if roll < 0.8 or room < 7 or determiners == NEW:
            return self.noun_phrase(classes, room, determiners)

        noun = self.noun_phrase(classes, room, ONLY_THE)
        if roll > 0.88 and overlap(noun.classes, ("stranger", "animal")):
            return noun + self.who_clause(noun, room - 4)
        if overlap(noun.classes, ("kin", "name")):  # never "paul that i see"
            return noun
        if self.lexicon.find("verb", noun.classes, column="takes"):
            return noun + self.that_clause(noun)
        return noun

    def two_nouns(self, row: Row, room: int) -> Piece:
        """A pattern with noun phrases A and B: the door of the house, bread and cheese."""
        first_class, first_flags, second_class, second_flags = row.takes
        single = "single" in row.flags
        half = room // 2
        first_determiners = tuple(first_flags.split("+"))
        first = self.noun_phrase((first_class,), half, first_determiners, single)
        second_determiners = tuple(second_flags.split("+"))
        second = self.noun_phrase((second_class,), half, second_determiners, single)
        head = first
        if "both" in row.flags:  # paul and anna are, paul et anna sont
            head = replace(first, person=Person.THIRD_PLURAL)
        parts = {"A": first, "B": second}
        kind = part_of_speech(row)
        return produce(row.english[0], row.french[0], parts, kind, head)

    def who_clause(self, noun: Piece, room: int) -> Piece:
        """A relative clause whose subject is the noun: "the man who sleeps"."""
        english = "who" if "person" in noun.classes else "that"
        who = produce(english, "qui", kind="pronoun", head=noun)
        tense = self.choose(("present", "past"))
        return self.clause(tense, room, subject=who, need="deed")

    def that_clause(self, noun: Piece) -> Piece:
        """A relative clause whose object is the noun: "the bread that i eat"."""
        that = produce("that", "que|qu'", kind="pronoun")
        return that + self.clause("present", room=5, gap=noun)

    def description(self, kind: str, subject: Piece, room: int) -> Piece:
        """What somebody or something is: tired, very old, as old as my father, a doctor.

        `kind` is "adjective" for whatever fits the subject, else a class of adjectives.
        """
        if kind == "adjective":
            rows = self.lexicon.find(ADJECTIVES_ALONE, subject.classes)
        else:
            rows = self.lexicon.find(ADJECTIVES_ALONE, kind)
        row = self.pick(rows)
        adjective = self.adjective_alone(row, subject)
        degree = self.degree(row, room)
        # Whom to compare with is decided even where the degree turns out to compare with nobody.
        other = NOTHING
        shared_classes = [name for name in row.classes if name in subject.classes]
        if shared_classes:
            other = self.noun_phrase(tuple(shared_classes), determiners=KNOWN)
        parts = {"A": adjective, "B": other}
        return produce(degree.english[0], degree.french[0], parts)

    def degree(self, adjective: Row, room: int) -> Row:
        """A row such as "very A" or "as A as B", if there is room for as many English words."""
        short_enough = []
        for row in self.lexicon.find("degree", adjective.flags):
            words = int(row.flags[0])
            if words <= max(room, 1):
                short_enough.append(row)
        return self.pick(short_enough)

    def adjective_alone(self, row: Row, subject: Piece) -> Piece:
        """An adjective that no noun can follow: "beau|bel" is "beau", whatever comes next."""
        form = agreement.adjective_place(subject.gender, is_plural(subject.person))
        adjective = self.word(row, french=form)
        tokens = []
        for token in adjective.french:
            full, _, _ = token.form.partition("|")
            tokens.append(token._replace(form=full))
        return replace(adjective, french=tuple(tokens))

    # Clauses.

    def clause(self, tense: str, room: int, subject: Piece | None = None, gap: Piece | None = None,
               mode: str = "", need: str = "") -> Piece:
        """Subject, verb and the rest.

        `gap` is an object that was named before: "the bread that i eat". `mode` is "-ask" for a
        question. `need` is a flag that the verb must have: "deed", "think", or the question word.
        """
        verb = self.verb(tense, subject, gap, need)
        self.used.add(verb.english[0])
        object_stands_before = gap is not None or need == "what"
        if object_stands_before:
            room = 4
        if subject is None:
            subject = self.subject(verb, room)
        room -= subject.length + 1
        if not mode and not need:
            mode = self.mode(verb, tense)

        clause = Clause(verb, subject, tense, mode)
        self.add_object(clause, room, object_stands_before)
        place_groups = self.place_groups(verb, tense)
        if "dative" in verb.flags and self.happens(0.5):
            clause.pronoun = self.object_pronoun(subject, agreement.DATIVE)
            place_groups = []  # "i give him the book" has said to whom
        room -= clause.rest.length + clause.pronoun.length
        if place_groups and need != "where":
            self.add_place(clause, room, place_groups)
        if room > 1 and may_say_when(clause, need) and self.happens(0.4):
            time = self.pick(self.lexicon.find("time adverb", tense))
            clause.rest += self.word(time)

        self.topic = None
        if "person" in subject.classes:
            self.topic = (subject.person, subject.gender)
        return self.in_order(clause)

    def verb(self, tense: str, subject: Piece | None, gap: Piece | None, need: str) -> Row:
        """A verb that has this tense, fits the subject, and takes the object that was named."""
        rows = self.lexicon.find("verb", need or tense, column="flags")
        fitting = [row for row in rows if verb_fits(row, tense, subject, gap)]
        return self.pick(fitting)

    def subject(self, verb: Row, room: int) -> Piece:
        """A pronoun or a noun phrase, as the verb allows."""
        pronouns = self.lexicon.find("pronoun", verb.classes)
        only_pronouns = room < 5 or "someone" in verb.classes
        if pronouns and (only_pronouns or self.happens(0.5)):
            return self.subject_pronoun(pronouns)

        determiners = KNOWN_OR_NEW
        if is_to_be(verb):
            determiners = KNOWN
        elif is_there_is(verb):
            determiners = NEW
        one_class = self.choose(verb.classes)
        if room > 9:
            return self.rich_phrase((one_class,), room - 3, determiners)
        return self.noun_phrase((one_class,), room - 3, determiners)

    def subject_pronoun(self, pronouns: list[Row]) -> Piece:
        """One of these pronouns, and often that of whoever is being talked about."""
        same = []
        for row in pronouns:
            is_topic = self.topic == (agreement.pronoun_person(row), row.gender)
            if is_topic and self.happens(0.85):
                same.append(row)
        return self.word(self.pick(same or pronouns))

    def mode(self, verb: Row, tense: str) -> str:
        """Mostly "": it is so. Sometimes "-not", "-never", or "-often" (which may say "always")."""
        if is_there_is(verb) or "think" in verb.flags:
            return ""
        if not self.happens(0.25):
            return ""
        modes = ["-not"]
        if "deed" in verb.flags and tense in ("present", "past"):
            modes = ["-not", "-not", "-never", "-often"]
        return self.choose(modes)

    def add_object(self, clause: Clause, room: int, object_stands_before: bool) -> None:
        """What the verb takes: a clause, a description, an object pronoun or a noun phrase."""
        verb = clause.verb
        if "think" in verb.flags:
            thought = self.clause("present", room - 1)
            clause.rest = produce("that C", "que|qu' C", {"C": thought}, "conjunction")
        elif is_to_be(verb) and verb.takes:
            clause.rest = self.description(verb.takes[0], clause.subject, room)
        elif verb.takes and not object_stands_before:
            if "person" in verb.takes and (room < 2 or self.happens(0.35)):
                clause.pronoun = self.object_pronoun(clause.subject, agreement.OBJECT)
            else:
                clause.rest = self.object_phrase(clause, room)

    def object_pronoun(self, subject: Piece, french_case: int) -> Piece:
        """A pronoun in this case that can stand beside this subject."""
        pronouns = self.lexicon.rows["pronoun"]
        rows = [row for row in pronouns if agreement.may_meet(row, subject.person)]
        return self.word(self.pick(rows), agreement.OBJECT, french_case)

    def object_phrase(self, clause: Clause, room: int) -> Piece:
        """A noun phrase with the determiners that the verb, or a negation, asks for."""
        classes = clause.verb.takes
        if "liked" in classes:
            return self.rich_phrase(classes, 0, EVERY)
        determiners = KNOWN_OR_NEW
        if clause.mode in ("-not", "-never"):
            determiners = KNOWN if clause.tense == "habit" else KNOWN_OR_NONE
        return self.rich_phrase(classes, room, determiners)

    def place_groups(self, verb: Row, tense: str) -> list[str]:
        """The groups of adverbs and prepositions that may follow, or those of them that must."""
        required = [group for group in verb.where if group.endswith("!")]
        if required:
            return required
        if tense == "present":
            return list(verb.where)
        return [group for group in verb.where if group not in ("well", "lots")]

    def add_place(self, clause: Clause, room: int, groups: list[str]) -> None:
        """Where, with whom or how: always where the verb requires it, else sometimes."""
        is_required = groups[0].endswith("!")
        if not is_required and (room <= 0 or not self.happens(0.6)):
            return
        group = self.choose(groups)
        group = group.removesuffix("!")
        row = self.pick(self.lexicon.find(("adverb", "preposition"), group))
        clause.rest += self.word(row)
        if row.takes:
            single = "person" not in row.takes
            noun = self.noun_phrase(row.takes, room - 2, row.flags, single)
            clause.rest += noun

    # Word order.

    def in_order(self, clause: Clause) -> Piece:
        """The words of a clause in their order, which is a row of kind "frame".

        Words in braces there are forms of the verb and its helpers, see `verb_forms`.
        """
        order = clause.tense + clause.mode
        if is_to_be(clause.verb):
            order = "be-" + order
        elif is_there_is(clause.verb):
            order = "there-" + order
        frame = self.pick(self.lexicon.find("frame", order))
        forms = self.verb_forms(clause, frame)
        english = frame.english[0].format(**forms)
        french = frame.french[0].format(**forms)
        parts = {
            "S": clause.subject,
            "C": clause.pronoun,  # its place in English
            "B": clause.pronoun,  # its place in French
            "R": clause.rest,
        }
        return produce(english, french, parts)

    def verb_forms(self, clause: Clause, frame: Row) -> dict[str, str]:
        """What may stand in the braces of a frame: {do}, {finite}, {participle}, ..."""
        verb = clause.verb
        person = clause.subject.person
        forms = {}
        for row in self.lexicon.rows["form"]:  # do, be, want, va, peut, ...
            name = row.english[0]
            forms[name] = row.french[person]
        if is_there_is(verb):  # which has its verb in the frame
            return forms
        forms["finite"] = agreement.finite_verb(verb, clause.tense, person)
        if is_to_be(verb):
            return forms
        english_form = frame.takes[0]
        forms["verb"] = agreement.english_verb(verb, english_form, person)
        forms["infinitive"] = agreement.infinitive(verb)
        forms["helper"] = forms["a"]
        if "être" in verb.flags:
            forms["helper"] = forms["est"]
        forms["participle"] = agreeing_participle(clause)
        forms["before"] = self.before_verb(clause, frame)
        return forms

    def before_verb(self, clause: Clause, frame: Row) -> str:
        """What stands before the French verb: B, the object pronoun, or a reflexive pronoun."""
        if "reflexive" not in clause.verb.flags:
            return "B"
        verb_links = frame.gender  # "se" comes from the words that the verb comes from
        for row in self.lexicon.rows["pronoun"]:
            if agreement.pronoun_person(row) == clause.subject.person:
                return f"{row.french[agreement.REFLEXIVE]}:pronoun:{verb_links}"
        raise ValueError(f"lexicon.tsv has no pronoun for {clause.subject.person!r}")

    # Sentences.

    def pattern(self, kind: str, room: int, given: dict[str, Piece] | None = None) -> Piece:
        """A sentence pattern of the lexicon, such as "DEED because REASON".

        Its words in capitals are slots. Those that are not `given` are filled here.
        """
        tense = self.choose(TENSES)
        rows = self.lexicon.find(kind, tense)
        row = rows[0]  # the plainest
        if room >= 7 and not self.happens(0.3):
            row = self.pick(rows)
        parts = dict(given or {})
        for name in row.english[0].split():
            is_empty_slot = name.isupper() and name not in parts
            if is_empty_slot:
                left = room_left(row, room, parts)
                parts[name] = self.filled_slot(name, tense, left)
        return produce(row.english[0], row.french[0], parts)

    def filled_slot(self, name: str, tense: str, room: int) -> Piece:
        """What stands for a word in capitals: a clause as its row of kind "slot" says, or a row."""
        for slot in self.lexicon.rows["slot"]:
            if slot.english[0] == name:
                return self.slot_clause(slot, tense, room)
        return self.word(self.pick(self.lexicon.rows[name]))  # WEATHER: it is raining

    def slot_clause(self, slot: Row, tense: str, room: int) -> Piece:
        """The clause that a row of kind "slot" asks for."""
        own_tense = slot.gender
        if own_tense:
            tense = own_tense
        elif slot.english[0] == "REASON" and tense != "past":
            tense = "present"  # i am going to eat because i am hungry
        subject = None
        if slot.classes:  # WHO: the question word is the subject
            subject = Piece(classes=slot.classes)
        mode = slot.french[0]
        need = slot.takes[0] if slot.takes else ""
        return self.clause(tense, room, subject, mode=mode, need=need)

    def sentence(self, room: int) -> Piece:
        """A question, or one pattern after another, joined by "and" and "but"."""
        self.used = set()
        self.topic = None
        if room < 18 and self.happens(0.15):
            return self.pattern("question", room)
        share = 1.0
        if room >= 9 and not self.happens(0.4):
            share = 0.3 + 0.4 * self.dice()
        text = self.pattern("unit", int(room * share))
        while room - text.length > 4:
            left = room - text.length - 2
            more = self.pattern("unit", min(16, left))
            text = self.pattern("join", 9, {"A": text, "B": more})
        return text


def part_of_speech(row: Row) -> str:
    """The last word of a row's kind: a "before adjective" is an adjective."""
    return row.kind.split()[-1]


def verb_fits(verb: Row, tense: str, subject: Piece | None, gap: Piece | None) -> bool:
    """Has the verb this tense, and does it go with the subject and the object that are there?"""
    if tense not in verb.flags:
        return False
    if gap is not None and not overlap(gap.classes, verb.takes):
        return False
    if subject is None:
        return True
    return overlap(subject.classes, verb.classes) and not is_there_is(verb)


def may_say_when(clause: Clause, need: str) -> bool:
    """May "yesterday" follow? Not where "never", "when" or another clause has said it."""
    if "deed" not in clause.verb.flags:
        return False
    if clause.mode in ("-never", "-often"):
        return False
    return need in ("", "what", "deed", "doing")


def agreeing_participle(clause: Clause) -> str:
    """The participle that agrees: with the subject after être (elle est partie), else with an
    object before it (je l' ai vue), but never with a dative (je leur ai donné).
    """
    agrees_with = clause.pronoun
    if "être" in clause.verb.flags:
        agrees_with = clause.subject
    elif "dative" in clause.verb.flags:
        agrees_with = NOTHING
    plural = is_plural(agrees_with.person)
    return agreement.participle(clause.verb, agrees_with.gender, plural)


def room_left(pattern: Row, room: int, parts: dict[str, Piece]) -> int:
    """The first clause of a pattern has its share of the room, the next what is left of it."""
    if not parts:
        sharing = int(pattern.takes[0])
        return room // sharing
    words = sum(part.length for part in parts.values())
    return room - 1 - words


# The corpus.

def generate(seed: int = 2014) -> dict[str, list[Pair]]:
    """All sentence pairs, with alignment and kinds, by the name of their split (see `SIZES`)."""
    grammar = Grammar(seed)
    pairs = write_sentences(grammar)
    shuffled = sorted(pairs, key=lambda pair: grammar.dice())
    everyday = [pair for pair in shuffled if is_everyday(pair)]
    others = [pair for pair in shuffled if not is_everyday(pair)]
    return split(everyday + others)


def is_everyday(pair: Pair) -> bool:
    return " ".join(pair.source) in EVERYDAY


def write_sentences(grammar: Grammar) -> list[Pair]:
    """Let the grammar speak until there are enough sentences of each length, no source twice."""
    missing = lengths_wanted()
    pairs: dict[str, Pair] = {}
    while any(missing.values()):
        early = len(pairs) < len(EVERYDAY)  # what every phrasebook begins with is found first
        room = 3
        if not early:
            lengths = [length for length, count in missing.items() if count > 0]
            room = grammar.choose(lengths)
        pair = finish(grammar.sentence(room))
        source = " ".join(pair.source)
        length = len(pair.source)
        if source in pairs or missing.get(length, 0) == 0:
            continue
        if early and source not in EVERYDAY:
            continue
        pairs[source] = pair
        missing[length] -= 1
    return list(pairs.values())


def lengths_wanted() -> dict[int, int]:
    """How many sentences of each length: fewer and fewer up to 30 words, and then the long ones."""
    wanted = {2: 150}
    for length in range(3, 31):
        wanted[length] = round(1603.8 * 0.94 ** (length - 3))
    for length in range(31, 41):
        wanted[length] = 50
    lost_by_rounding = sum(SIZES.values()) - sum(wanted.values())
    wanted[3] += lost_by_rounding
    return wanted


def split(pairs: list[Pair]) -> dict[str, list[Pair]]:
    """Long sentences apart; valid and test get sentences whose words train has all shown before."""
    splits: dict[str, list[Pair]] = {}
    for name in SIZES:
        splits[name] = []
    known_english: set[str] = set()
    known_french: set[str] = set()
    for pair in pairs:
        all_known = known_english.issuperset(pair.source) and known_french.issuperset(pair.target)
        if len(pair.source) > 30:
            splits["long"].append(pair)
        elif all_known and len(splits["valid"]) < SIZES["valid"]:
            splits["valid"].append(pair)
        elif all_known and len(splits["test"]) < SIZES["test"]:
            splits["test"].append(pair)
        else:
            splits["train"].append(pair)
            known_english.update(pair.source)
            known_french.update(pair.target)
    return splits


def as_line(pair: Pair) -> str:
    """A line of a file: english, french, alignment, kinds, separated by tabs."""
    assert pair.alignment is not None and pair.kinds is not None, "the grammar knows both"
    links = []
    for source_place, target_place in pair.alignment:
        links.append(f"{source_place}-{target_place}")
    columns = [pair.source, pair.target, links, pair.kinds]
    return "\t".join(" ".join(words) for words in columns)


def write(splits: dict[str, list[Pair]], folder: Path = FOLDER) -> None:
    """Write train.tsv, valid.tsv, test.tsv and long.tsv into the folder, with their checksums."""
    for name, pairs in splits.items():
        lines = ["english\tfrench\talignment\tkinds"]
        for pair in pairs:
            lines.append(as_line(pair))
        text = "\n".join(lines) + "\n"
        files.write_checked(folder / f"{name}.tsv", text)


if __name__ == "__main__":
    write(generate())
