"""The phrasebook: what its files hold, that its French is French, and that its grammar writes them.

Making the corpus takes the grammar half a minute, so that only the slow tests let it. They hold the
files to what it makes; all others read the files.
"""
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from data.phrasebook import agreement, grammar, pieces
from data.phrasebook.agreement import Person
from data.phrasebook.lexicon import Lexicon
from data.phrasebook.pieces import NOTHING, Piece, finish, produce
from helpers import corpus as corpora
from helpers import course
from helpers.corpus import Pair

VOWELS = "aâàeéèêiîoôuûyœh"
SAME = {"paul": "paul", "she": "elle", "they": "ils", "we": "nous", "?": "?", ",": ","}
MASCULINE = ("le", "un", "ce", "cet", "au", "du")
FEMININE = ("la", "une", "ma", "ta", "sa", "cette")
PLURAL = ("les", "des", "aux", "ces", "mes", "tes", "ses", "nos", "leurs",
          "plusieurs", "deux", "trois", "dix")
KINDS = ["adjective", "adverb", "article", "auxiliary", "conjunction", "determiner", "negation",
         "noun", "number", "preposition", "pronoun", "punctuation", "question", "verb"]
HEADER = "english\tfrench\talignment\tkinds"


@pytest.fixture(scope="module")
def written():
    """The committed files as text."""
    texts = {}
    for name in grammar.SIZES:
        texts[name] = (grammar.FOLDER / f"{name}.tsv").read_text(encoding="utf-8")
    return texts


@pytest.fixture(scope="module")
def corpus():
    """The committed files as pairs."""
    splits = {}
    for name in grammar.SIZES:
        splits[name] = corpora.read_phrasebook(grammar.FOLDER / f"{name}.tsv")
    return splits


@pytest.fixture(scope="module")
def generated():
    """What the grammar makes."""
    return grammar.generate()


@pytest.fixture(scope="module")
def pairs(corpus):
    return [pair for split in corpus.values() for pair in split]


@pytest.fixture(scope="module")
def lexicon():
    return Lexicon().rows


@pytest.fixture(scope="module")
def adjectives(lexicon):
    """All rows of adjectives that list their four forms."""
    rows = [row for kind in lexicon if kind.endswith("adjective") for row in lexicon[kind]]
    return [row for row in rows if len(row.french) == 4]


@pytest.fixture(scope="module")
def aspirated(lexicon):
    """Words before which nothing is elided: the lexicon marks them with a star."""
    forms = [form for rows in lexicon.values() for row in rows for form in row.french]
    return {form.removeprefix("*") for form in forms if form.startswith("*")}


# The files.

@pytest.mark.slow
def test_the_committed_files_are_what_the_grammar_writes(generated, tmp_path):
    grammar.write(generated, tmp_path)
    names = sorted(f"{name}.tsv{end}" for name in grammar.SIZES for end in ("", ".sha256"))
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for name in names:
        committed = (grammar.FOLDER / name).read_bytes()
        remedy = f"{name}: run python -m data.phrasebook.grammar"
        assert (tmp_path / name).read_bytes() == committed, remedy


@pytest.mark.slow
def test_the_grammar_is_found_from_the_course_and_writes_nothing_when_imported():
    before = (grammar.FOLDER / "train.tsv").stat().st_mtime_ns
    code = "import data.phrasebook.grammar as g; print(g.FOLDER)"
    done = subprocess.run([sys.executable, "-c", code], cwd=course.ROOT, check=True,
                          capture_output=True, text=True)
    assert done.stdout.strip() == str(course.DATA / "phrasebook")
    assert (grammar.FOLDER / "train.tsv").stat().st_mtime_ns == before


def test_files_have_their_columns_sizes_and_fit_in_seven_megabytes(written):
    for name, size in grammar.SIZES.items():
        header, *lines = written[name].splitlines()
        assert header == HEADER
        assert len(lines) == size
        for line in lines:
            assert line.count("\t") == 3
            assert "  " not in line and line == line.strip().lower()
    assert sum(len(text.encode()) for text in written.values()) < 7e6


def test_the_column_kinds_has_one_entry_per_french_token(written):
    for name, text in written.items():
        for number, line in enumerate(text.splitlines()[1:], start=2):
            _, french, _, kinds = line.split("\t")
            assert len(kinds.split()) == len(french.split()), f"{name}.tsv, line {number}"


@pytest.mark.slow
def test_what_is_read_is_what_the_grammar_made(generated, corpus):
    assert corpus == generated


# The corpus.

def test_no_source_comes_twice_in_or_across_splits(pairs):
    counts = Counter(" ".join(pair.source) for pair in pairs)
    assert [source for source, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("side", ["source", "target"])
def test_every_form_of_the_other_splits_is_in_train(corpus, side):
    known = {word for pair in corpus["train"] for word in getattr(pair, side)}
    for split in corpus.values():
        for pair in split:
            assert known.issuperset(getattr(pair, side)), pair


def test_vocabulary(corpus):
    english = {word for pair in corpus["train"] for word in pair.source}
    french = {word for pair in corpus["train"] for word in pair.target}
    assert 400 <= len(english) <= 520
    assert 500 <= len(french) <= 900


def test_lengths_are_spread(corpus):
    lengths = {}
    for name, split in corpus.items():
        lengths[name] = Counter(len(pair.source) for pair in split)
    for name in ("train", "valid", "test"):
        assert set(lengths[name]) == set(range(2, 31))
    assert set(lengths["long"]) == set(range(31, 41))
    assert min(lengths["train"][length] for length in range(3, 31)) >= 250
    assert lengths["train"][2] >= 50
    words = sum(length * count for length, count in lengths["train"].items())
    assert 12 <= words / 20_000 <= 13


def test_every_french_token_is_aligned_and_tagged(pairs):
    for pair in pairs:
        sources = [i for i, _ in pair.alignment]
        targets = [j for _, j in pair.alignment]
        assert targets == sorted(targets)
        assert set(targets) == set(range(len(pair.target))), pair
        assert min(sources) >= 0 and max(sources) < len(pair.source), pair
        assert len(pair.kinds) == len(pair.target), pair


def test_kinds_are_parts_of_speech(pairs):
    counts = Counter(kind for pair in pairs for kind in pair.kinds)
    assert sorted(counts) == KINDS
    assert min(counts.values()) > 100


@pytest.mark.parametrize("english, french, alignment, kinds", [
    ("i love you", "je t' aime", [(0, 0), (2, 1), (1, 2)], "pronoun pronoun verb"),
    ("you know me", "tu me connais", [(0, 0), (2, 1), (1, 2)], "pronoun pronoun verb"),
    ("she sleeps", "elle dort", [(0, 0), (1, 1)], "pronoun verb"),
])
def test_the_running_example(corpus, english, french, alignment, kinds):
    pair = Pair(english.split(), french.split(), alignment, kinds.split())
    assert pair in corpus["train"]


def test_links_tie_words_to_their_own_translation(pairs):
    """Also where a word comes twice in a sentence."""
    for pair in pairs:
        for place, word in enumerate(pair.source):
            if word in SAME:
                linked = {pair.target[j] for i, j in pair.alignment if i == place}
                assert SAME[word] in linked, pair


@pytest.mark.slow
def test_french_is_a_function_of_english():
    speaker = grammar.Grammar(7)
    seen = {}
    for _ in range(15_000):
        room = 2 + int(8 * speaker.dice())
        pair = finish(speaker.sentence(room))
        assert seen.setdefault(tuple(pair.source), pair) == pair
    assert len(seen) < 15_000, "no sentence came twice: nothing was tested"


# Its French, and its English.

def test_elision(pairs, aspirated):
    must = {"je", "me", "te", "se", "ne", "le", "la", "de", "que", "ma", "ta", "sa", "ce"}
    only_before_vowels = ("bel", "vieil", "nouvel", "cet")
    for pair in pairs:
        for token, following in pairwise([*pair.target, "."]):
            vowel = following[0] in VOWELS and following not in aspirated
            assert not (vowel and token in must), pair
            assert vowel or not token.endswith("'"), pair
            assert not (token == "si" and following in ("il", "ils")), pair
            assert vowel or token not in only_before_vowels, pair
    assert aspirated >= {"hibou", "héros", "haricots", "huit"}
    followers_of_le = {after for pair in pairs for le, after in pairwise(pair.target) if le == "le"}
    assert followers_of_le & {"hibou", "héros"}, "no aspirated h after le: nothing was tested"


def test_english_articles(pairs):
    for pair in pairs:
        for word, following in pairwise(pair.source):
            if word in ("a", "an"):
                assert (word == "an") == (following[0] in "aeiou"), pair


def test_contractions(pairs):
    for pair in pairs:
        tagged = list(zip(pair.target, pair.kinds, strict=True))
        for (token, _), (following, kind) in pairwise(tagged):
            if kind == "article":
                assert (token, following) not in pieces.CONTRACTIONS, pair


def test_negation_has_both_its_words(pairs):
    for pair in pairs:
        negated = sum(word in ("not", "never", "cannot") for word in pair.source)
        assert sum(token in ("ne", "n'") for token in pair.target) == negated, pair
        assert sum(token in ("pas", "jamais") for token in pair.target) == negated, pair


@pytest.fixture(scope="module")
def noun_cells(lexicon):
    """French noun → what it may be: m, f, mp or fp, masculine or feminine, singular or plural."""
    cells = defaultdict(set)
    for row in lexicon["noun"]:
        for place, form in enumerate(row.french):
            plural = place == 1 or row.flags[0] == "many"
            cell = row.gender + ("p" if plural else "")
            cells[form.removeprefix("*")].add(cell)
    return cells


@pytest.fixture(scope="module")
def adjective_cells(adjectives):
    """The same for French adjectives."""
    cells = defaultdict(set)
    for row in adjectives:
        for form, cell in zip(row.french, ("m", "f", "mp", "fp"), strict=True):
            for spelling in form.split("|"):
                cells[spelling].add(cell)
    return cells


def nouns(pairs, noun_cells):
    """Every noun of the pairs that the lexicon has: its pair, its place, and what it may be."""
    for pair in pairs:
        for place, token in enumerate(pair.target):
            if pair.kinds[place] == "noun" and token in noun_cells:
                yield pair, place, noun_cells[token]


def test_adjectives_before_a_noun_agree_with_it(pairs, noun_cells, adjective_cells):
    checked = 0
    for pair, place, cells in nouns(pairs, noun_cells):
        before = place - 1
        while before >= 0 and pair.kinds[before] == "adjective":
            assert adjective_cells[pair.target[before]] & cells, pair
            checked += 1
            before -= 1
    assert checked > 1_000


def test_adjectives_after_a_noun_agree_with_it(pairs, noun_cells, adjective_cells):
    checked = 0
    for pair, place, cells in nouns(pairs, noun_cells):
        after = place + 1
        while after < len(pair.kinds) and pair.kinds[after] == "adjective":
            forms = adjective_cells[pair.target[after]]
            assert not forms or forms & cells, pair  # no forms: la semaine dernière
            checked += 1
            after += 1
    assert checked > 1_000


def test_determiners_agree_with_their_noun(pairs, noun_cells):
    checked = 0
    for pair, place, cells in nouns(pairs, noun_cells):
        before = place - 1
        while before >= 0 and pair.kinds[before] == "adjective":
            before -= 1
        if before < 0 or pair.kinds[before] == "pronoun":
            continue
        determiner = pair.target[before]
        if determiner in MASCULINE:
            assert "m" in cells, pair
        elif determiner in FEMININE:
            assert "f" in cells, pair
        elif determiner in PLURAL:
            assert {"mp", "fp"} & cells, pair
        checked += determiner in MASCULINE + FEMININE + PLURAL
    assert checked > 10_000


def test_she_agrees_with_her_adjective_and_participle(pairs, adjectives):
    feminine = {row.french[1] for row in adjectives}
    checked = Counter()
    for pair in pairs:
        for place, token in enumerate(pair.target[:-2]):
            if token != "elle" or pair.target[place + 1] not in ("est", "était"):
                continue
            agreeing = pair.target[place + 2]
            kind = pair.kinds[place + 2]
            if kind == "adjective":
                assert agreeing in feminine, pair
            elif kind == "verb":
                assert agreeing.endswith("e"), pair
            checked[kind] += 1
    assert checked["adjective"] > 50 and checked["verb"] > 50


# The parts of the grammar, by hand.

def test_a_production_orders_both_languages_and_links_new_words():
    cat = produce("cat", "chat", kind="noun")
    clause = produce("S does not like it",
                     "S ne:negation:1 le:pronoun:3 aime:verb:2- pas:negation:1", {"S": cat})
    assert [word.form for word in clause.english] == ["cat", "does", "not", "like", "it"]
    assert [token.form for token in clause.french] == ["chat", "ne", "le", "aime", "pas"]
    kinds = [token.kind for token in clause.french]
    assert kinds == ["noun", "negation", "pronoun", "verb", "negation"]
    assert clause.french[0].words == cat.english
    _, _, no, like, it = clause.english
    links = [token.words for token in clause.french[1:]]
    assert links == [(no,), (it,), (like, it), (no,)]


def test_a_link_can_name_two_words():
    raining = produce("it is raining", "pleut:verb:0+2")
    it, _, rains = raining.english
    assert raining.french[0].words == (it, rains)


def test_a_production_agrees_with_its_head():
    girls = Piece(person=Person.THIRD_PLURAL, gender="f", classes=("person",))
    who = produce("who", "qui", kind="pronoun", head=girls)
    assert (who.person, who.gender, who.classes) == (Person.THIRD_PLURAL, "f", ("person",))
    both = who + produce("sleep", "dorment")
    assert (both.person, both.gender) == (Person.THIRD_PLURAL, "f") and both.length == 2


@pytest.mark.parametrize("french, kinds, spelled", [
    ("le|l' ami", "article noun", "l' ami"),
    ("le|l' chat", "article noun", "le chat"),
    ("le|l' *hibou", "article noun", "le hibou"),
    ("le|l' homme", "article noun", "l' homme"),
    ("si|s' il", "conjunction pronoun", "s' il"),
    ("si|s' elle", "conjunction pronoun", "si elle"),
    ("vieux|vieil arbre", "adjective noun", "vieil arbre"),
    ("à le|l' marché", "preposition article noun", "au marché"),
    ("à le|l' ami", "preposition article noun", "à l' ami"),
    ("de|d' les amis", "preposition article noun", "des amis"),
    ("de|d' le lire", "preposition pronoun verb", "de le lire"),
])
def test_the_last_pass_elides_and_contracts(french, kinds, spelled):
    sentence = NOTHING
    for form, kind in zip(french.split(), kinds.split(), strict=True):
        sentence += produce("word", form, kind=kind)
    pair = finish(sentence)
    assert pair.target == spelled.split()
    assert len(pair.kinds) == len(pair.target)


def test_a_contraction_keeps_the_links_of_both_its_words():
    pair = finish(produce("at the market", "à:preposition:0 le|l':article:1 marché:noun:2"))
    assert pair == Pair(["at", "the", "market"], ["au", "marché"], [(0, 0), (1, 0), (2, 1)],
                        ["preposition", "noun"])


def test_an_article_that_english_lacks_is_linked_with_its_noun():
    cats = produce("cats", "chats", kind="noun")
    the = produce("", "les", kind="article")
    like = produce("i like", "je|j':pronoun:0 aime:verb:1")
    pair = finish(like + the + cats)
    assert pair.target == ["j'", "aime", "les", "chats"]
    assert pair.alignment == [(0, 0), (1, 1), (2, 2), (2, 3)]


def test_the_same_word_twice_is_two_words():
    both = produce("the", "le", kind="article") + produce("the", "la", kind="article")
    assert finish(both).alignment == [(0, 0), (1, 1)]


@pytest.mark.parametrize("gender, plural, form", [
    ("m", False, "petit"), ("f", False, "petite"), ("m", True, "petits"), ("f", True, "petites"),
])
def test_adjectives_agree(lexicon, gender, plural, form):
    small = [row for row in lexicon["before adjective"] if row.english == ("small",)][0]
    assert small.french[agreement.adjective_place(gender, plural)] == form


def test_determiners_agree(lexicon):
    some = [row for row in lexicon["article"] if row.english == ("some", "some")][0]
    the = lexicon["article"][0]

    def form(row, gender, plural, before_adjective):
        place = agreement.determiner_place(gender, plural, before_adjective)
        return agreement.listed_form(row.french, place)

    assert form(some, "f", plural=False, before_adjective=True) == "de|d' la|l'"
    assert form(some, "m", plural=True, before_adjective=False) == "de|d' les"
    assert form(some, "m", plural=True, before_adjective=True) == "de|d'"
    assert form(the, "f", plural=False, before_adjective=False) == "la|l'"
    assert form(the, "f", plural=True, before_adjective=True) == "les"


def test_verbs_agree(lexicon):
    verbs = {row.english[0]: row for row in lexicon["verb"]}
    sleep = verbs["sleep"]
    forms = [agreement.finite_verb(sleep, "present", person) for person in Person]
    assert forms == ["dors", "dors", "dort", "dormons", "dorment"]
    english = [agreement.english_verb(sleep, "third", person) for person in Person]
    assert english == ["sleep", "sleep", "sleeps", "sleep", "sleep"]
    assert agreement.english_verb(sleep, "past", Person.THIRD_SINGULAR) == "slept"
    assert agreement.english_verb(sleep, "base", Person.THIRD_SINGULAR) == "sleep"
    assert agreement.infinitive(sleep) == "dormir"

    to_be = next(row for row in lexicon["verb"] if agreement.is_to_be(row))
    past = [agreement.finite_verb(to_be, "past", person) for person in Person]
    assert past == ["étais", "étais", "était", "étions", "étaient"]

    leave = verbs["leave"]
    assert agreement.participle(leave, "m", plural=False) == "parti"
    assert agreement.participle(leave, "f", plural=True) == "parties"
    understand = verbs["understand"]
    assert agreement.participle(understand, "m", plural=True) == "compris"
    assert agreement.participle(understand, "f", plural=True) == "comprises"


def test_nobody_sees_himself(lexicon):
    pronouns = {row.english[0]: row for row in lexicon["pronoun"]}
    assert not agreement.may_meet(pronouns["i"], Person.FIRST_SINGULAR)
    assert not agreement.may_meet(pronouns["we"], Person.FIRST_SINGULAR)
    assert agreement.may_meet(pronouns["you"], Person.FIRST_SINGULAR)
    assert agreement.may_meet(pronouns["she"], Person.THIRD_SINGULAR)


def test_a_fresh_word_is_picked_where_there_is_one(lexicon):
    speaker = grammar.Grammar(1)
    nouns_by_name = {row.english[0]: row for row in lexicon["noun"]}
    cat = nouns_by_name["cat"]
    dog = nouns_by_name["dog"]
    speaker.used = {"cat"}
    assert {speaker.pick([cat, dog]) for _ in range(20)} == {dog}
    assert speaker.pick([cat]) == cat
