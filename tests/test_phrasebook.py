"""The phrasebook: what its four files hold, that its French is French, and that its grammar writes them again."""
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from helpers import phrasebook

VOWELS = "aâàeéèêiîoôuûyœh"
SAME = {"paul": "paul", "she": "elle", "they": "ils", "we": "nous", "?": "?", ",": ","}
GENDER = {**dict.fromkeys("le un ce cet au du".split(), "m"), **dict.fromkeys("la une ma ta sa cette".split(), "f"),
          **dict.fromkeys("les des aux ces mes tes ses nos leurs plusieurs deux trois dix".split(), "p")}


@pytest.fixture(scope="module")
def written():
    """The committed files, line by line."""
    return {name: (phrasebook.FOLDER / f"{name}.tsv").read_text(encoding="utf-8") for name in phrasebook.SIZES}


@pytest.fixture(scope="module")
def corpus():
    return phrasebook.generate()


@pytest.fixture(scope="module")
def pairs(corpus):
    return [pair for split in corpus.values() for pair in split]


@pytest.fixture(scope="module")
def lexicon():
    return phrasebook.Grammar(0).rows


@pytest.fixture(scope="module")
def aspirated(lexicon):
    return {form[1:] for rows in lexicon.values() for row in rows for form in row.french if form.startswith("*")}


def test_the_committed_files_are_what_the_grammar_writes(corpus, written, tmp_path):
    phrasebook.write(corpus, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.tsv" for name in phrasebook.SIZES)
    for name, text in written.items():
        assert (tmp_path / f"{name}.tsv").read_bytes() == text.encode(), f"{name}.tsv: run python -m helpers.phrasebook"


def test_files_have_their_columns_sizes_and_fit_in_five_megabytes(written):
    for name, size in phrasebook.SIZES.items():
        header, *lines = written[name].splitlines()
        assert header == "english\tfrench\talignment"
        assert len(lines) == size
        assert all(line.count("\t") == 2 and "  " not in line and line == line.strip().lower() for line in lines)
    assert sum(len(text.encode()) for text in written.values()) < 4.9e6


def test_no_source_comes_twice_in_or_across_splits(pairs):
    counts = Counter(pair.english for pair in pairs)
    assert [english for english, count in counts.items() if count > 1] == []


def test_every_form_of_the_other_splits_is_in_train(corpus):
    for side in (0, 1):
        known = {word for pair in corpus["train"] for word in pair[side].split()}
        assert {word for split in corpus.values() for pair in split for word in pair[side].split()} <= known


def test_vocabulary(corpus):
    english, french = ({word for pair in corpus["train"] for word in pair[side].split()} for side in (0, 1))
    assert 400 <= len(english) <= 520
    assert 500 <= len(french) <= 900


def test_lengths_are_spread(corpus):
    lengths = {name: Counter(len(pair.english.split()) for pair in split) for name, split in corpus.items()}
    for name in ("train", "valid", "test"):
        assert set(lengths[name]) == set(range(2, 31))
    assert set(lengths["long"]) == set(range(31, 41))
    assert min(lengths["train"][length] for length in range(3, 31)) >= 250 and lengths["train"][2] >= 50
    assert 12 <= sum(length * count for length, count in lengths["train"].items()) / 20_000 <= 13


def test_every_french_token_is_aligned_and_tagged(pairs):
    for pair in pairs:
        links = [tuple(map(int, link.split("-"))) for link in pair.alignment.split()]
        assert [j for _, j in links] == sorted(j for _, j in links)
        assert {j for _, j in links} == set(range(len(pair.french.split()))), pair
        assert all(0 <= i < len(pair.english.split()) for i, _ in links)
        assert len(pair.kinds.split()) == len(pair.french.split()), pair


def test_kinds_are_parts_of_speech(pairs):
    kinds = Counter(kind for pair in pairs for kind in pair.kinds.split())
    assert sorted(kinds) == ["adjective", "adverb", "article", "auxiliary", "conjunction", "determiner", "negation",
                             "noun", "number", "preposition", "pronoun", "punctuation", "question", "verb"]
    assert min(kinds.values()) > 100


@pytest.mark.parametrize("english, french, alignment, kinds", [
    ("i love you", "je t' aime", "0-0 2-1 1-2", "pronoun pronoun verb"),
    ("you know me", "tu me connais", "0-0 2-1 1-2", "pronoun pronoun verb"),
    ("she sleeps", "elle dort", "0-0 1-1", "pronoun verb"),
])
def test_the_running_example(corpus, english, french, alignment, kinds):
    assert (english, french, alignment, kinds) in corpus["train"]


def test_links_tie_words_to_their_own_translation(pairs):
    """Also where a word comes twice in a sentence."""
    for pair in pairs:
        english, french = pair.english.split(), pair.french.split()
        links = {tuple(map(int, link.split("-"))) for link in pair.alignment.split()}
        for i, word in enumerate(english):
            if word in SAME:
                assert SAME[word] in {french[j] for source, j in links if source == i}, pair


def test_french_is_a_function_of_english():
    grammar, seen = phrasebook.Grammar(7), {}
    for _ in range(15_000):
        pair = phrasebook.finish(grammar.sentence(2 + int(8 * grammar.dice())))
        assert seen.setdefault(pair.english, pair) == pair
    assert len(seen) < 15_000, "no sentence came twice: nothing was tested"


def test_elision(pairs, aspirated):
    must = {"je", "me", "te", "se", "ne", "le", "la", "de", "que", "ma", "ta", "sa", "ce"}
    for pair in pairs:
        tokens = [*pair.french.split(), "."]
        for token, following in pairwise(tokens):
            vowel = following[0] in VOWELS and following not in aspirated
            assert not (vowel and token in must), pair
            assert vowel or not token.endswith("'"), pair
            assert not (token == "si" and following in ("il", "ils")), pair
            if token in ("bel", "vieil", "nouvel", "cet"):
                assert vowel, pair
    assert aspirated >= {"hibou", "héros", "haricots", "huit"}
    assert any(" le hibou" in pair.french or " le héros" in pair.french for pair in pairs)


def test_english_articles(pairs):
    for pair in pairs:
        words = pair.english.split()
        for word, following in pairwise(words):
            if word in ("a", "an"):
                assert (word == "an") == (following[0] in "aeiou"), pair


def test_contractions(pairs):
    for pair in pairs:
        tokens, kinds = pair.french.split(), pair.kinds.split()
        for token, following, kind in zip(tokens, tokens[1:], kinds[1:]):
            assert not (token in ("de", "à") and following in ("le", "les") and kind == "article"), pair


def test_negation_has_both_its_words(pairs):
    for pair in pairs:
        tokens = pair.french.split()
        negated = sum(word in ("not", "never", "cannot") for word in pair.english.split())
        assert sum(token in ("ne", "n'") for token in tokens) == negated, pair
        assert sum(token in ("pas", "jamais") for token in tokens) == negated, pair


def test_determiners_and_adjectives_agree_with_their_noun(pairs, lexicon):
    nouns, adjectives = defaultdict(set), defaultdict(set)
    for row in lexicon["noun"]:
        for i, form in enumerate(row.french):
            plural = i == 1 or row.flags[0] == "many"
            nouns[form.strip("*")].add(row.gender + "p" * plural)
    for row in [row for kind in lexicon if kind.endswith("adjective") for row in lexicon[kind]]:
        for form, cell in zip(row.french, ("m", "f", "mp", "fp")):
            for spelling in form.split("|"):
                adjectives[spelling].add(cell)
    checked = Counter()
    for pair in pairs:
        tokens, kinds = pair.french.split(), pair.kinds.split()
        for j, (token, kind) in enumerate(zip(tokens, kinds)):
            if kind != "noun" or token not in nouns:
                continue
            cells, left, right = nouns[token], j - 1, j + 1
            while left >= 0 and kinds[left] == "adjective":
                assert adjectives[tokens[left]] & cells, pair
                left -= 1
            while right < len(kinds) and kinds[right] == "adjective":
                assert not adjectives[tokens[right]] or adjectives[tokens[right]] & cells, pair
                right += 1
                checked["adjective"] += 1
            if left >= 0 and kinds[left] != "pronoun" and tokens[left] in GENDER:
                wanted = GENDER[tokens[left]]
                assert any(wanted == "p" == cell[-1] or wanted == cell for cell in cells), pair
                checked["determiner"] += 1
    assert checked["adjective"] > 1_000 and checked["determiner"] > 10_000


def test_she_agrees_with_her_adjective_and_participle(pairs, lexicon):
    feminine = {row.french[1] for kind in lexicon if kind.endswith("adjective") for row in lexicon[kind]
                if len(row.french) == 4}
    checked = 0
    for pair in pairs:
        tokens, kinds = pair.french.split(), pair.kinds.split()
        for j in range(len(tokens) - 2):
            if tokens[j] == "elle" and tokens[j + 1] in ("est", "était") and kinds[j + 2] in ("adjective", "verb"):
                assert tokens[j + 2] in feminine or kinds[j + 2] == "verb" and tokens[j + 2].endswith("e"), pair
                checked += 1
    assert checked > 100
