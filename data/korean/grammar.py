"""The small grammar that writes the Korean sentences: run `python -m data.korean.grammar`.

Korean puts the verb last and hangs small words on large ones: 고양이 (cat) becomes 고양이는 as what
the sentence is about, and 고양이를 as what somebody sees. Cut into pieces, the cat is the same in
both. A sentence is

    [time] subject-은/는 [somebody-와/과] [place-에서] [adjective] object-을/를/만 [안] verb .

in the polite everyday style, and in English: subject verb [only] object [with somebody] [place]
[time].
"""
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from helpers import files

FILE = Path(__file__).with_name("korean-english.tsv")
PAIRS = 900

TENSES = ("present", "past", "future")


class Subject(NamedTuple):
    korean: str
    english: str
    is_person: bool  # an animal does not read


class Object(NamedTuple):
    korean: str
    english: str     # without an article
    is_counted: bool  # a book, but: water


class Verb(NamedTuple):
    """Korean forms for present, past and future, which are polite; English ones for I, he, past."""
    korean: Sequence[str]
    english: Sequence[str]
    objects: Sequence[str]  # what can be eaten, read, ..: the Korean words
    for_people_only: bool


SUBJECTS = (
    Subject("나", "I", True),
    Subject("우리", "we", True),
    Subject("선생님", "the teacher", True),
    Subject("학생", "the student", True),
    Subject("아이", "the child", True),
    Subject("어머니", "my mother", True),
    Subject("할머니", "my grandmother", True),
    Subject("친구", "my friend", True),
    Subject("의사", "the doctor", True),
    Subject("고양이", "the cat", False),
    Subject("개", "the dog", False),
)
OBJECTS = (
    Object("사과", "apple", True),
    Object("빵", "bread", False),
    Object("생선", "fish", False),
    Object("수박", "watermelon", True),
    Object("물", "water", False),
    Object("우유", "milk", False),
    Object("차", "tea", False),
    Object("커피", "coffee", False),
    Object("책", "book", True),
    Object("편지", "letter", True),
    Object("신문", "newspaper", True),
    Object("그림", "picture", True),
    Object("영화", "film", True),
    Object("모자", "hat", True),
    Object("열쇠", "key", True),
    Object("공", "ball", True),
    Object("꽃", "flower", True),
    Object("가방", "bag", True),
    Object("노래", "song", True),
    Object("한국어", "Korean", False),
    Object("영어", "English", False),
)
FOOD = ("사과", "빵", "생선", "수박")
DRINKS = ("물", "우유", "차", "커피")
WRITTEN = ("책", "편지", "신문")
THINGS = ("책", "그림", "모자", "열쇠", "공", "꽃", "가방")
LEARNT = ("한국어", "영어", "노래")
VERBS = (
    Verb(("먹어요", "먹었어요", "먹을 거예요"), ("eat", "eats", "ate"), FOOD, False),
    Verb(("마셔요", "마셨어요", "마실 거예요"), ("drink", "drinks", "drank"), DRINKS, False),
    Verb(("찾아요", "찾았어요", "찾을 거예요"), ("look for", "looks for", "looked for"),
         (*THINGS, *FOOD), False),
    Verb(("봐요", "봤어요", "볼 거예요"), ("see", "sees", "saw"), (*THINGS, *FOOD), False),
    Verb(("읽어요", "읽었어요", "읽을 거예요"), ("read", "reads", "read"), WRITTEN, True),
    Verb(("써요", "썼어요", "쓸 거예요"), ("write", "writes", "wrote"), ("책", "편지"), True),
    Verb(("사요", "샀어요", "살 거예요"), ("buy", "buys", "bought"),
         (*THINGS, *FOOD, *DRINKS, "신문"), True),
    Verb(("배워요", "배웠어요", "배울 거예요"), ("learn", "learns", "learned"), LEARNT, True),
    Verb(("만들어요", "만들었어요", "만들 거예요"), ("make", "makes", "made"),
         ("빵", "차", "커피", "모자", "가방", "영화"), True),
    Verb(("그려요", "그렸어요", "그릴 거예요"), ("draw", "draws", "drew"),
         ("그림", "꽃", "사과", "공"), True),
)
ADJECTIVES = (("큰", "big"), ("작은", "small"), ("오래된", "old"), ("예쁜", "pretty"))
PLACES = (("집에서", "at home"), ("학교에서", "at school"), ("공원에서", "in the park"),
          ("시장에서", "at the market"), ("도서관에서", "in the library"))
TIMES = {
    "present": (("오늘", "today"), ("매일", "every day"), ("지금", "now")),
    "past": (("오늘", "today"), ("어제", "yesterday"), ("아침에", "in the morning")),
    "future": (("오늘", "today"), ("내일", "tomorrow"), ("저녁에", "in the evening")),
}


def ends_in_consonant(word: str) -> bool:
    """Does the last syllable have a final consonant? 물 (mul) has one, 우유 (uyu) has none.

    Unicode orders the syllables by their letters: every 28th, from 가 on, has none.
    """
    return (ord(word[-1]) - ord("가")) % 28 != 0


def with_particle(word: str, after_consonant: str, after_vowel: str) -> str:
    """A word with the small word that hangs on it, whose form depends on the last sound."""
    return word + (after_consonant if ends_in_consonant(word) else after_vowel)


def english_verb(verb: Verb, subject: Subject, tense: str, is_negated: bool) -> str:
    """The English verb group: "eats", "did not eat", "will eat"."""
    plain, he_form, past = verb.english
    is_he = subject.english not in ("I", "we")
    if tense == "future":
        return f"will not {plain}" if is_negated else f"will {plain}"
    if is_negated:
        helper = "did"
        if tense == "present":
            helper = "does" if is_he else "do"
        return f"{helper} not {plain}"
    if tense == "past":
        return past
    return he_form if is_he else plain


def english_object(thing: Object, adjective: str) -> str:
    """The English object: "an old book", "water"."""
    words = f"{adjective} {thing.english}".strip()
    if not thing.is_counted:
        return words
    article = "an" if words[0] in "aeiou" else "a"
    return f"{article} {words}"


def sentence(dice: random.Random) -> tuple[str, str]:
    """One Korean sentence, and its English translation."""
    subject = dice.choice(SUBJECTS)
    verb = dice.choice([verb for verb in VERBS if subject.is_person or not verb.for_people_only])
    thing = dice.choice([thing for thing in OBJECTS if thing.korean in verb.objects])
    tense = dice.choice(TENSES)
    is_negated = dice.random() < 0.2
    adjective = ("", "")
    if thing.is_counted and dice.random() < 0.35:
        adjective = dice.choice(ADJECTIVES)
    says_only = dice.random() < 0.15
    companion = dice.choice([other for other in SUBJECTS if other.english not in ("I", "we")])
    is_together = companion != subject and dice.random() < 0.25
    place = dice.choice(PLACES) if dice.random() < 0.4 else ("", "")
    time = dice.choice(TIMES[tense]) if dice.random() < 0.5 else ("", "")

    korean = [
        time[0],
        with_particle(subject.korean, "은", "는"),
        with_particle(companion.korean, "과", "와") if is_together else "",
        place[0],
        adjective[0],
        thing.korean + "만" if says_only else with_particle(thing.korean, "을", "를"),
        "안" if is_negated else "",
        verb.korean[TENSES.index(tense)],
    ]
    english = [
        subject.english,
        english_verb(verb, subject, tense, is_negated),
        "only" if says_only else "",
        english_object(thing, adjective[1]),
        f"with {companion.english}" if is_together else "",
        place[1],
        time[1],
    ]
    return as_sentence(korean), as_sentence(english)


def as_sentence(words: Sequence[str]) -> str:
    """Words, some of them empty → a sentence with a capital and a full stop."""
    joined = " ".join(word for word in words if word)
    return joined[0].upper() + joined[1:] + "."


def generate(number: int = PAIRS, seed: int = 1) -> dict[str, str]:
    """So many different Korean sentences, each with its English translation."""
    dice = random.Random(seed)
    pairs: dict[str, str] = {}
    while len(pairs) < number:
        korean, english = sentence(dice)
        pairs[korean] = english
    return pairs


def write(path: Path = FILE) -> None:
    """Write the file: a pair a line, Korean, a tab, English."""
    lines = [f"{korean}\t{english}\n" for korean, english in generate().items()]
    files.write_checked(path, "".join(lines))


if __name__ == "__main__":
    write()
