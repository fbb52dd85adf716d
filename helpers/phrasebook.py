"""The synchronous grammar that writes the phrasebook (python -m helpers.phrasebook): English and French grow together.

A node holds a piece of English and the same piece of French, and each French token remembers its English words. A rule
joins nodes in one order for English and in another for French: "i love you" is I LOVE YOU here, I YOU LOVE there. The
links travel along: the gold alignment of a finished sentence is simply read off. Words, what goes with what, word
orders and sentence patterns are rows of data/phrasebook/lexicon.tsv: a new row is a new word.
"""
import csv
import random
from collections import defaultdict, namedtuple
from functools import cache

from helpers import course

FOLDER = course.DATA / "phrasebook"
SIZES = {"train": 20_000, "valid": 1_000, "test": 1_000, "long": 500}
EVERYDAY = "i love you", "i see you", "you know me", "she sleeps", "we help them", "they dance"
TIMED = "", "-not", "-ask", "what-ask", "deed", "doing"  # clauses that may say when: not "never", not after "when"
CONTRACTIONS = {("de", "le"): "du", ("de", "les"): "des", ("à", "le"): "au", ("à", "les"): "aux"}
Pair = namedtuple("Pair", "english french alignment kinds")  # strings; `kinds` has a part of speech per French token
Row = namedtuple("Row", "kind english french gender classes takes where flags")  # a row of the lexicon
Token = namedtuple("Token", "form kind source")  # French, with its English words; "le|l'" until we know what follows


class Word(str):
    """An English word. Links go by identity: the two "the" of one sentence are two words."""


class Node(namedtuple("Node", "english french person gender classes", defaults=([], [], 2, "m", ()))):
    """The same piece of a sentence in both languages. Its person: 0 i, 1 you, 2 he/she/it, 3 we, 4 they."""
    def __add__(self, other):
        return self._replace(english=self.english + other.english, french=self.french + other.french)


def rule(english, french, kind="", like=Node(), **parts):
    """A rule: rule("A because B", "A parce que B", "conjunction", A=..., B=...). Names of parts stand for those nodes.
    Other French words are new tokens of this kind, linked to all of the new English words unless they say more:
    "le:article:1" has its own kind and comes from new English word 1, "1-" is 1 and all after it, "0+2" two words."""
    new = [Word(word) for word in english.split() if word not in parts]
    right, words = [], iter(new)
    left = [word for name in english.split() for word in (parts[name].english if name in parts else [next(words)])]
    for word in french.split():
        form, own_kind, links = (word.split(":") + ["", ""])[:3]
        source = new[int(links[:-1] or 0):] if links[-1:] in ("-", "") else [new[int(i)] for i in links.split("+")]
        right += parts[word].french if word in parts else [Token(form, own_kind or kind, tuple(source))]
    return like._replace(english=left, french=right)


def spell(forms, vowels):
    """Elision, and a/an: "le|l'" is "l'" before a vowel, if no star (*hibou) forbids it; "si" waits for an "il"."""
    for form, following in zip(forms, forms[1:] + ["."]):
        plain, _, elided = form.lstrip("*").partition("|")
        yield elided if elided and (following in ("il", "ils") or plain != "si" and following[0] in vowels) else plain


def finish(node):
    """The one last pass over a sentence: elision, contraction, and links from identities to numbers."""
    position, tokens = {id(word): i for i, word in enumerate(node.english)}, []
    for form, token in zip(spell([token.form for token in node.french], "aâàeéèêiîoôuûyœh"), node.french):
        if tokens and token.kind == "article" and (tokens[-1].form, form) in CONTRACTIONS:  # à + le marché
            first = tokens.pop()
            form, token = CONTRACTIONS[first.form, form], first._replace(source=first.source + token.source)
        tokens.append(token._replace(form=form))
    links = [f"{i}-{j}" for j, token in enumerate(tokens)
             for i in sorted({position[id(word)] for word in token.source or tokens[j + 1].source})]  # les ← "cats"
    columns = spell(node.english, "aeiou"), [token.form for token in tokens], links, [token.kind for token in tokens]
    return Pair(*map(" ".join, columns))


class Grammar:
    """The rules, from noun phrase to sentence. `room` is about how many English words a piece may have."""

    def __init__(self, seed):
        self.dice = random.Random(seed).random  # the only call whose numbers are the same on every Python
        self.rows, self.used, self.topic = defaultdict(list), set(), None
        for line in csv.reader((FOLDER / "lexicon.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"):
            forms = [tuple(cell.split(" / ")) for cell in line[1:3]]
            self.rows[line[0]].append(Row(line[0], *forms, line[3], *(tuple(cell.split()) for cell in line[4:])))

    def pick(self, options):  # where possible a word that this sentence does not have yet
        options = [row for row in options if not isinstance(row, Row) or row.english[0] not in self.used] or options
        return options[int(self.dice() * len(options))]

    @cache
    def find(self, kinds, wanted, column="classes"):  # the rows of some kinds with a wanted word in that column
        return [row for kind in kinds for row in self.rows[kind] if not {*wanted}.isdisjoint(getattr(row, column))]

    def leaf(self, row, form=0, english=0):
        like = Node([], [], int(row.flags[0]) if row.kind == "pronoun" else 2, row.gender, row.classes)
        return rule(row.english[english], row.french[min(form, len(row.french) - 1)], row.kind.split()[-1], like)

    def noun_phrase(self, classes, room=0, how="known new", single=False):
        """Determiner, adjectives, noun: le petit chat noir. `how` lists flags of determiners that may stand there."""
        noun = self.pick(self.find(("noun",), (self.pick(classes),)))
        self.used.add(noun.english[0])
        several = len(noun.english) > 1 and not single and (how == "every" or self.dice() < 0.35)
        use = "many" if several else noun.flags[0]
        form = 2 * (use == "many") + (noun.gender == "f")  # masculine, feminine, masculine plural, feminine plural
        head = self.leaf(noun, several, several)._replace(person=4 if use == "many" else 2)
        if "name" in noun.classes:
            return head
        kinds = ("before adjective", "attributive adjective"), ("adjective",)  # most French adjectives come after
        before, after = (self.leaf(self.pick(rows), form) if rows and room > 3 and self.dice() < 0.3 else Node()
                         for rows in (self.find(kind, noun.classes) for kind in kinds))
        rows = self.find(("article",) * 3 + ("determiner", "number"), (use,))
        row = self.pick([row for row in rows if {*how.split()} & {*row.flags} and not {*noun.flags} & {*row.takes}]
                        or self.rows["article"][:1])
        first = self.leaf(row, form + 2 * (form > 1 and before != Node()), use == "many")  # des chats, de petits chats
        return rule("D B A N", "D B N A", "", head, D=first, B=before, A=after, N=head)

    def rich_phrase(self, classes, room, how="known new"):
        """A noun phrase that may carry more: a pattern such as "A of B" or "A and B", or a relative clause."""
        roll, rows = self.dice(), self.find(("phrase preposition", "phrase conjunction"), tuple(classes))
        if rows and roll < 0.25 and room > 4 and how == "known new":
            row = self.pick(rows)
            a, b = (self.noun_phrase([name], room // 2, how.replace("+", " "), "single" in row.flags)
                    for name, how in (row.takes[:2], row.takes[2:]))
            both = a._replace(person=4) if "both" in row.flags else a
            return rule(*row.english, *row.french, row.kind.split()[1], both, A=a, B=b)
        if roll < 0.8 or room < 7 or how == "new":
            return self.noun_phrase(classes, room, how)
        head = self.noun_phrase(classes, room, "the")
        if roll > 0.88 and {"stranger", "animal"} & {*head.classes}:
            who = rule("who" if "person" in head.classes else "that", "qui", "pronoun", head)
            return head + self.clause(self.pick(("present", "past")), room - 4, who, need="deed")
        that = {"kin", "name"}.isdisjoint(head.classes) and self.find(("verb",), head.classes, "takes")
        return head + rule("that", "que|qu'", "pronoun") + self.clause("present", 5, gap=head) if that else head

    def description(self, kind, subject, room, kinds=("adjective", "before adjective", "predicative adjective")):
        """What somebody or something is: tired, very old, as old as my father, a doctor."""
        row = self.pick(self.find(kinds, subject.classes if kind == "adjective" else (kind,)))
        leaf = self.leaf(row, 2 * (subject.person > 2) + (subject.gender == "f"))
        leaf.french[0] = leaf.french[0]._replace(form=leaf.french[0].form.split("|")[0])  # beau: no noun follows
        degree = self.pick([row for row in self.find(("degree",), row.flags) if int(row.flags[0]) <= max(room, 1)])
        peers = [name for name in row.classes if name in subject.classes]
        return rule(*degree.english, *degree.french, A=leaf, B=self.noun_phrase(peers, 0, "known") if peers else leaf)

    def clause(self, tense, room, subject=None, gap=None, mode="", need=""):
        """Subject, verb and the rest. `gap` is an object named before: "the bread that i eat"."""
        verb = self.pick([row for row in self.find(("verb",), (need or tense,), "flags") if tense in row.flags
                          and (not gap or {*gap.classes} & {*row.takes})
                          and (not subject or {*subject.classes} & {*row.classes} and row.gender != "new")])
        self.used.add(verb.english[0])
        gap, simple, rest, clitic = gap or need == "what", tense in ("present", "past"), Node(), Node()
        pronouns, room = self.find(("pronoun",), verb.classes), 4 if gap else room
        if not subject and pronouns and (room < 5 or "someone" in verb.classes or self.dice() < 0.5):
            same = [row for row in pronouns if self.topic == (int(row.flags[0]), row.gender) and self.dice() < 0.85]
            subject = self.leaf(self.pick(same or pronouns))  # often whoever is being talked about
        phrase, how = self.rich_phrase if room > 9 else self.noun_phrase, verb.gender or "known new"
        subject = subject or phrase([self.pick(verb.classes)], room - 3, how)
        room -= len(subject.english) + 1
        if not (mode or need or verb.gender == "new" or "think" in verb.flags) and self.dice() < 0.25:
            mode = self.pick(("-not", "-not", "-never", "-often") if simple and "deed" in verb.flags else ("-not",))
        others = [row for row in self.rows["pronoun"] if str(subject.person) not in row.takes]  # never "i see me"
        if "think" in verb.flags:
            rest = rule("that C", "que|qu' C", "conjunction", C=self.clause("present", room - 1))
        elif verb.gender and verb.takes:
            rest = self.description(verb.takes[0], subject, room)
        elif "person" in verb.takes and not gap and (room < 2 or self.dice() < 0.35):
            clitic = self.leaf(self.pick(others), 1, 1)
        elif verb.takes and not gap:
            denied = "known" if tense == "habit" else "none known"  # pas de pain
            how = "every" if "liked" in verb.takes else denied if mode in ("-not", "-never") else "known new"
            rest = self.rich_phrase(verb.takes, room if how != "every" else 0, how)
        groups = [group for group in verb.where if "!" in group] or [
            group for group in verb.where if tense == "present" or group not in ("well", "lots")]
        if "dative" in verb.flags and self.dice() < 0.5:
            clitic, groups = self.leaf(self.pick(others), 2, 1), []
        room -= len(rest.english) + len(clitic.english)
        if groups and need != "where" and ("!" in groups[0] or room > 0 and self.dice() < 0.6):
            row = self.pick(self.find(("adverb", "preposition"), (self.pick(groups).strip("!"),)))
            rest += self.leaf(row)
            if row.takes:
                rest += self.noun_phrase(row.takes, room - 2, " ".join(row.flags), "person" not in row.takes)
        if room > 1 and "deed" in verb.flags and need + mode in TIMED and self.dice() < 0.4:
            rest += self.leaf(self.pick(self.find(("time adverb",), (tense,))))
        self.topic = subject[2:4] if "person" in subject.classes else None
        return self.frame(verb, subject, tense, mode, clitic, rest)

    def frame(self, verb, subject, tense, mode, clitic, rest):
        """The word order: rows of kind `frame`, with subject S, object pronoun C (B in French) and the rest R."""
        person, flags = subject.person, verb.flags
        row = self.pick(self.find(("frame",), ({"known": "be-", "new": "there-"}.get(verb.gender, "") + tense + mode,)))
        agree = subject if "être" in flags else Node() if "dative" in flags else clitic  # elle est partie, je l' ai vue
        participle = verb.french[-2 % len(verb.french)] + "e" * (agree.gender == "f")
        mine = next(row.french[3] for row in self.rows["pronoun"] if row.flags[0] == str(person))
        forms = {form.english[0]: form.french[person] for form in self.rows["form"]}
        forms |= {"verb": verb.english[{"past": 2, "third": person == 2}.get("".join(row.takes), 0)],
                  "finite": verb.french[(person + 5 * (tense == "past" and bool(verb.gender))) % len(verb.french)],
                  "infinitive": verb.french[-1], "helper": forms["est" if "être" in flags else "a"],
                  "participle": participle + "s" * (agree.person > 2 and participle[-1] != "s"),
                  "before": f"{mine}:pronoun:{row.gender}" if "reflexive" in flags else "B"}
        texts = row.english[0].format(**forms), row.french[0].format(**forms)
        return rule(*texts, like=subject, S=subject, R=rest, C=clitic, B=clitic)

    def pattern(self, kind, room, **parts):
        """A sentence pattern of the lexicon. Its words in capitals stand for clauses, or for rows of that kind."""
        tense = self.pick(["present"] * 5 + ["past"] * 4 + ["future", "modal"] * 2 + ["habit"])
        rows = self.find((kind,), (tense,))
        row = rows[0] if room < 7 or self.dice() < 0.3 else self.pick(rows)  # the first is the plainest
        for name in [name for name in row.english[0].split() if name.isupper() and name not in parts]:
            left = room - 1 - sum(len(part.english) for part in parts.values()) if parts else room // int(row.takes[0])
            for slot in [slot for slot in self.rows["slot"] if slot.english[0] == name]:
                then = slot.gender or ("present" if name == "REASON" and tense != "past" else tense)
                who = Node(classes=slot.classes) if slot.classes else None
                parts[name] = self.clause(then, left, who, None, slot.french[0], "".join(slot.takes))
            parts[name] = parts.get(name) or self.leaf(self.pick(self.rows[name]))
        return rule(*row.english, *row.french, **parts)

    def sentence(self, room):
        """A question, or one pattern after another, joined by "and" and "but"."""
        self.used, self.topic = set(), None
        if room < 18 and self.dice() < 0.15:
            return self.pattern("question", room)
        text = self.pattern("unit", int(room * (1 if room < 9 or self.dice() < 0.4 else 0.3 + 0.4 * self.dice())))
        while room - len(text.english) > 4:
            text = self.pattern("join", 9, A=text, B=self.pattern("unit", min(16, room - len(text.english) - 2)))
        return text


def generate(seed=2014):
    """The corpus in memory: a dictionary from split to list of Pair. `Pair.kinds` are the French parts of speech."""
    grammar, pool, known, splits = Grammar(seed), {}, set(), {name: [] for name in SIZES}
    quota = {2: 150} | {n: round(1603.8 * 0.94 ** (n - 3)) for n in range(3, 31)} | {n: 50 for n in range(31, 41)}
    quota[3] += sum(SIZES.values()) - sum(quota.values())
    while any(quota.values()):
        early = len(pool) < len(EVERYDAY)  # the first sentences of every phrasebook are found first
        pair = finish(grammar.sentence(3 if early else grammar.pick([length for length in quota if quota[length]])))
        length = pair.english.count(" ") + 1
        if quota.get(length) and pair.english not in pool and (pair.english in EVERYDAY or not early):
            pool[pair.english] = pair
            quota[length] -= 1
    for pair in sorted(pool.values(), key=lambda pair: (pair.english not in EVERYDAY, grammar.dice())):
        words = {*pair.english.split()} | {"fr " + word for word in pair.french.split()}
        name = "long" if pair.english.count(" ") > 29 else next(
            (name for name in ("valid", "test") if len(splits[name]) < SIZES[name] and words <= known), "train")
        splits[name].append(pair)
        known |= words if name == "train" else set()
    return splits


def write(splits, folder=FOLDER):
    """Write the four files, each in one piece."""
    for name, pairs in splits.items():
        course.write(folder / f"{name}.tsv", "".join("\t".join(row[:3]) + "\n" for row in [Pair._fields, *pairs]))


if __name__ == "__main__":
    write(generate())
