"""The Korean sentences: the file is what its grammar writes, and its small words hang right."""
import pytest

from data.korean import grammar
from helpers import corpus, pieces


def test_the_file_is_what_the_grammar_writes(tmp_path):
    written = tmp_path / "written.tsv"
    grammar.write(written)
    assert written.read_bytes() == grammar.FILE.read_bytes()


def test_it_loads_as_any_file_of_ones_own_does():
    korean = corpus.load(grammar.FILE)
    assert korean.name == "korean-english"
    sizes = [len(split) for split in (korean.train, korean.valid, korean.test)]
    assert sum(sizes) == grammar.PAIRS and min(sizes) >= 40
    for pair in korean.train:
        assert pair.source[-1] == pair.target[-1] == "."


@pytest.mark.parametrize("word, topic, thing", [
    ("고양이", "고양이는", "고양이를"),   # ends in a vowel
    ("선생님", "선생님은", "선생님을"),   # ends in m
    ("물", "물은", "물을"),               # ends in l
    ("우유", "우유는", "우유를"),
])
def test_the_form_of_a_particle_depends_on_the_last_sound(word, topic, thing):
    assert grammar.with_particle(word, "은", "는") == topic
    assert grammar.with_particle(word, "을", "를") == thing


def test_tenses_agree_on_both_sides():
    """Every Korean future has a "will", every yesterday a past, no English verb is left bare."""
    for korean, english in grammar.generate().items():
        assert korean.endswith("거예요.") == ("will" in english.split()), korean
        assert ("만 " in korean) == ("only" in english.split()), korean
        assert ("안" in korean.split()) == ("not" in english.split()), korean
        assert ("어제" in korean) == ("yesterday" in english)
        assert ("내일" in korean) == ("tomorrow" in english)
        if "안" not in korean.split() and korean.endswith(("먹어요.", "마셔요.")):
            says_i = english.startswith(("I ", "We "))
            assert ("eats" in english or "drinks" in english) != says_i, english


def test_animals_neither_read_nor_buy():
    human = {"read", "reads", "write", "writes", "wrote", "buy", "buys", "bought", "learn",
             "learns", "learned", "make", "makes", "made", "draw", "draws", "drew"}
    said = set()
    for english in grammar.generate().values():
        words = set(english.rstrip(".").split())
        said |= words
        if english.startswith(("The dog", "The cat")):
            assert not words & human, english
    assert human <= said


def test_a_noun_is_found_again_in_all_its_forms():
    """고양이는 and 고양이와 begin with the same piece: what hangs on the cat is cut off."""
    korean = corpus.load(grammar.FILE)
    cutter = pieces.learn(korean.train, 250)
    shared = 0
    for subject in grammar.SUBJECTS:
        topic = cutter.cut([grammar.with_particle(subject.korean, "은", "는")])
        together = cutter.cut([grammar.with_particle(subject.korean, "과", "와")])
        shared += topic[0] == together[0]
    assert shared == len(grammar.SUBJECTS)
