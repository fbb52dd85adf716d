"""Any input gets an answer, or one of the errors that the docstrings promise; nothing else."""
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import small
from helpers import beam, corpus, evaluation, figures, files, pieces, text, training, translation
from helpers.attention import RULES
from helpers.corpus import Corpus
from helpers.text import Pair

pytestmark = pytest.mark.slow

tried = 0


def often(number):
    """So many inputs, the same ones in every run."""
    return settings(max_examples=number, deadline=None, derandomize=True, database=None,
                    suppress_health_check=[HealthCheck.function_scoped_fixture,
                                           HealthCheck.too_slow])


def count():
    global tried
    tried += 1


ALPHABETS = st.one_of(
    st.characters(),                                                    # any, lone surrogates too
    st.characters(categories=["Cc", "Cf", "Cs", "Zs", "Zl", "Zp"]),     # controls, joiners, spaces
    st.characters(min_codepoint=0x590, max_codepoint=0x8FF),            # right to left
    st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3),          # Hangul
    st.characters(min_codepoint=0x1F300, max_codepoint=0x1FAFF),        # emoji
    st.sampled_from("the cat l'ami 'ß İ ﬁ ​"))
TEXTS = st.text(ALPHABETS, max_size=30)
KNOWN = ["the", "cat", "red", "big", "car", "table", *text.SPECIALS]
WORDS = st.one_of(st.sampled_from(KNOWN), st.text(ALPHABETS, min_size=1, max_size=8))
SENTENCES = st.lists(WORDS, min_size=1, max_size=6)
NOT_TEXTS = st.one_of(st.none(), st.integers(), st.floats(), st.binary(max_size=5), st.booleans(),
                      st.lists(st.integers(), max_size=3), st.tuples(st.none()))


@given(TEXTS)
@often(500)
def test_any_text_becomes_words(typed):
    count()
    words = text.tokenize(typed)
    assert bool(words) == bool(typed.strip())
    assert all(word and not any(letter.isspace() for letter in word) for word in words)


@given(NOT_TEXTS)
@often(50)
def test_what_is_no_text_is_refused(thing):
    count()
    with pytest.raises(ValueError, match="is no sentence: give a text, such as"):
        text.tokenize(thing)


@given(st.lists(SENTENCES, max_size=4), st.integers(1, 3))
@often(250)
def test_any_words_are_translated(learnt, sentences, batch_size):
    count()
    traces = translation.translate(learnt, sentences, batch_size=batch_size)
    assert len(traces) == len(sentences)
    for trace, sentence in zip(traces, sentences, strict=True):
        assert trace.source == sentence
        assert 1 <= len(trace.target) <= 2 * len(sentence) + 10
        assert trace.weights.shape == (len(trace.target), len(sentence))
        assert trace.weights.isfinite().all()
    spoken = list(translation.stream(learnt, sentences, batch_size))
    assert [one.target for one in spoken] == [trace.target for trace in traces]


@given(SENTENCES, SENTENCES)
@often(150)
def test_any_words_can_be_made_to_be_said(learnt, sentence, reference):
    count()
    (trace,) = translation.translate(learnt, [sentence], [reference])
    assert trace.words == reference
    assert trace.weights.sum(dim=1).allclose(torch.ones(len(reference) + 1))


@given(TEXTS)
@often(150)
def test_a_typed_sentence_is_translated_or_has_no_word(learnt, typed):
    count()
    if typed.strip():
        assert translation.translate_one(learnt, typed).target
    else:
        with pytest.raises(ValueError, match=r"sentence 1 is \[\]: give a list of at least one"):
            translation.translate_one(learnt, typed)


@given(st.one_of(NOT_TEXTS, st.lists(st.one_of(NOT_TEXTS, st.just([]), TEXTS), min_size=1)))
@often(200)
def test_what_is_no_sentence_is_refused(learnt, things):
    count()
    try:
        answer = translation.translate(learnt, things)
    except ValueError as error:
        assert "give a list" in str(error)
    except TypeError as error:  # a number in place of the list of sentences
        assert "iterable" in str(error)
    else:
        assert answer == [] and not things


@given(SENTENCES, st.integers(1, 4))
@often(60)
def test_any_words_go_through_a_beam(learnt, sentence, width):
    count()
    (trace,) = beam.translate(learnt, [sentence], width)
    assert trace.source == sentence and trace.target


@given(st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=4))
@often(100)
def test_any_translations_are_scored(learnt, pairs):
    count()
    pairs = [Pair(source, target) for source, target in pairs]
    spoken = list(translation.stream(learnt, [pair.source for pair in pairs]))
    assert 0 <= evaluation.bleu(spoken, pairs) <= 100 + 1e-9
    low, high = evaluation.bleu_interval(spoken, pairs, draws=5)[1:]
    assert 0 <= low <= high <= 100
    assert 0 <= evaluation.perfect(spoken, pairs) <= 1
    assert len(evaluation.side_by_side(spoken, pairs)) == len(pairs)
    with pytest.raises(ValueError, match="translations for .* references: give one for each"):
        evaluation.bleu(spoken, [*pairs, pairs[0]])


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=14))
@often(150)
def test_any_own_file_is_read_or_named(tmp_path_factory, pairs):
    count()
    path = tmp_path_factory.getbasetemp() / "own.tsv"
    lines = [f"{source}\t{target}" for source, target in pairs]
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    try:
        loaded = corpus.load(path)
    except ValueError as error:
        assert "own.tsv" in str(error)
        return
    everything = [*loaded.train, *loaded.valid, *loaded.test]
    assert len(everything) >= corpus.FEWEST_PAIRS
    assert all(pair.source and pair.target for pair in everything)


@given(st.binary(max_size=200))
@often(150)
def test_any_bytes_are_a_corpus_or_named(tmp_path_factory, content):
    count()
    path = tmp_path_factory.getbasetemp() / "bytes.tsv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bytes\.tsv"):
        corpus.load(path)  # too few pairs, if they are any


@given(st.one_of(TEXTS, NOT_TEXTS))
@often(100)
def test_any_name_of_a_corpus_is_known_or_refused(name):
    count()
    if name == "phrasebook":
        return
    with pytest.raises((ValueError, FileNotFoundError), match="is unknown|is not there|UTF-8"):
        corpus.load(name)


@given(st.binary(max_size=300))
@often(100)
def test_any_bytes_come_out_as_they_were_sealed(content):
    count()
    assert files.unsealed(files.sealed(content)) == content
    with pytest.raises(ValueError, match="is not what its first line says"):
        files.unsealed(content)


@given(SENTENCES)
@often(40)
def test_pieces_give_the_very_words_back(phrases_cutter, sentence):
    count()
    words = ["".join(letter for letter in word if not letter.isspace()) for word in sentence]
    known = [word for word in words if word and word.isascii() and word.isalpha()]
    cut = phrases_cutter.cut(known) if known else []
    assert pieces.words_of(cut) == known


@pytest.fixture(scope="module")
def phrases_cutter():
    return pieces.learn(corpus.load("phrasebook", pairs=200).train, 200)


@pytest.mark.slow
@given(SENTENCES)
@often(8)
def test_any_words_are_drawn(learnt, sentence):
    count()
    (trace,) = translation.translate(learnt, [sentence])
    for picture in (figures.attention_heatmap(trace), figures.step_panels(trace, 1)):
        data, metadata = picture._repr_mimebundle_()
        assert data["image/png"] and metadata["image/png"]["alt"]


BAD = st.sampled_from([0, -1, 1.5, None, "3", float("nan"), float("inf")])


@given(st.sampled_from(["hidden_size", "embedding_size", "epochs", "batch_size", "min_count",
                        "learning_rate", "rule"]), BAD)
@often(60)
def test_settings_that_make_no_sense_are_named(toy, name, value):
    count()
    if name == "learning_rate" and value in (1.5,):
        return
    with pytest.raises((ValueError, TypeError), match=f"{name}|'<'"):
        training.build(toy, small(**{name: value}))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("pairs", [1, 2, 9])
def test_the_smallest_corpora_train(rule, pairs, toy):
    few = Corpus("few", toy.train[:pairs], toy.train[:1], toy.train[:1], [])
    model = training.build(few, small(rule=rule, epochs=1))
    assert len(training.fit(model, few, small(rule=rule, epochs=1))) == 1


def test_a_corpus_without_pairs_is_named(toy):
    with pytest.raises(ValueError, match="corpus 'toy' has no pairs in train"):
        training.build(toy._replace(train=[]), small())
    with pytest.raises(ValueError, match="corpus 'toy' has no pairs in valid"):
        training.build(toy._replace(valid=[]), small())


def test_ten_thousand_words_are_translated(learnt):
    sentence = ["the", "cat"] * 5000
    with torch.no_grad():
        (spoken,) = translation.stream(learnt, [sentence])
    assert spoken.source == sentence and spoken.target


def test_so_many_inputs_were_tried(request):
    """The last test of this file."""
    print(f"\n{tried:,} odd inputs")
    is_part = hasattr(request.config, "workerinput")  # of several processes, which share the tests
    if count_own_tests(request.session) > 20 and not is_part:
        assert tried >= 2000


def count_own_tests(session):
    """How many of them are run: somebody may have asked for a few only."""
    return sum(item.path.name == "test_reliability_input.py" for item in session.items)
