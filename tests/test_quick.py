"""The quick copy of a model looks where the model looks, and says what it says."""
import pytest
import torch
from torch import nn

from conftest import small
from helpers import corpus, ensemble, quick, shipped, text, training, translation
from helpers.attention import RULES, AdditiveAttention
from helpers.quick import SigmoidAttention
from helpers.recipes import RECIPES
from helpers.training import Settings


def models_of(kind, toy):
    """Untrained models, whose weights are random: one, or two of them together."""
    if kind == "together":
        settings = [small(bidirectional=True, seed=seed) for seed in (1, 2)]
        return ensemble.together([RECIPES["plain"].build(toy, own) for own in settings])
    return RECIPES[kind].build(toy, small(bidirectional=True))


@torch.no_grad()
def first_focus(model, sentences):
    """The Focus of the first step."""
    model.eval()
    memory = translation.encode(model, sentences)
    decoder = model.decoder
    start = torch.full((len(sentences),), text.START_ID)
    _, focus = decoder.step(decoder.read(start), decoder.start(memory), memory)
    return focus


@pytest.mark.parametrize("kind", ["plain", "rich", "together"])
def test_it_looks_where_the_model_looks(kind, toy):
    model = models_of(kind, toy)
    sentences = [pair.source for pair in toy.test]
    copied = quick.for_words(model)
    plain = first_focus(model, sentences)
    same = first_focus(copied, sentences)
    assert same.weights.allclose(plain.weights, atol=1e-6)
    assert same.context.allclose(plain.context, atol=1e-6)


def test_scores_differ_by_a_number_that_a_row_has_in_common(toy):
    model = models_of("plain", toy)
    sentences = [pair.source for pair in toy.test]
    plain = first_focus(model, sentences)
    same = first_focus(quick.for_words(model), sentences)
    for scores, others in zip(plain.scores, same.scores, strict=True):
        real = scores.isfinite()
        assert others.isfinite().equal(real)
        differences = others[real] - scores[real]
        assert differences.max() - differences.min() < 1e-5
        assert differences.abs().min() > 0.01, "equal scores: no tanh was replaced"


@pytest.mark.parametrize("bidirectional", [False, True])
def test_its_encoder_has_the_states_of_the_model(bidirectional, toy):
    model = training.build(toy, small(bidirectional=bidirectional)).eval()
    copied = quick.for_words(model)
    assert type(copied.encoder) is quick.LoopEncoder
    # A word that reads <pad> is a word, and no padding.
    sentences = [*[pair.source for pair in toy.test], [text.PAD], [text.PAD, *toy.test[0].source]]
    assert len({len(words) for words in sentences}) > 1, "all of one length: no padding"
    plain = translation.encode(model, sentences)
    same = translation.encode(copied, sentences)
    torch.testing.assert_close(same.states, plain.states)
    torch.testing.assert_close(same.last, plain.last)


@pytest.mark.parametrize("kind", ["plain", "rich", "together"])
def test_it_has_no_tanh_left_and_the_model_keeps_its_own(kind, toy):
    model = models_of(kind, toy)
    before = {name: numbers.clone() for name, numbers in model.state_dict().items()}
    copied = quick.for_words(model)
    kinds = [type(part) for part in copied.modules()]
    assert SigmoidAttention in kinds and AdditiveAttention not in kinds
    kinds = [type(part) for part in model.modules()]
    assert AdditiveAttention in kinds and SigmoidAttention not in kinds
    for name, numbers in model.state_dict().items():
        assert numbers.equal(before[name])


@pytest.mark.parametrize("kind", ["plain", "rich", "together"])
def test_all_but_attention_and_table_is_shared(kind, toy):
    """The copy is light: no other parameter and no word of the model is there twice."""
    model = models_of(kind, toy)
    copied = quick.for_words(model)
    own = dict(model.named_parameters())
    new_count = 0
    for name, parameter in copied.named_parameters():
        is_table = kind != "rich" and name.endswith("decoder.embedding.weight")
        is_new = is_table or "context_rule" in name
        assert (parameter is own[name]) != is_new, name
        new_count += is_new
    assert new_count > 0
    assert copied.vocabs is model.vocabs


@torch.no_grad()
def test_a_word_gives_the_gates_what_it_gave(toy):
    model = models_of("plain", toy).eval()
    copied = quick.for_words(model).eval()
    assert isinstance(copied.decoder.word_gates, nn.Identity), "a product at every step"
    words = torch.arange(len(model.vocabs.target))
    assert copied.decoder.read(words).allclose(model.decoder.read(words), atol=1e-6)


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"additive"}))
def test_a_rule_without_tanh_stays(rule, toy):
    model = training.build(toy, small(rule=rule))
    copied = quick.for_words(model)
    assert type(copied.decoder.context_rule) is RULES[rule]


def test_the_model_that_comes_with_the_course_says_the_same_words():
    data = corpus.load("phrasebook")
    model, _ = shipped.ready(data, Settings())
    sources = [pair.source for pair in data.test]
    said = translation.stream(model, sources)
    for one, trace in zip(said, translation.translate(model, sources), strict=True):
        assert one.target == trace.target


def test_no_random_number_is_drawn(toy):
    """What is trained afterwards comes out the same, whether something was translated or not."""
    model = models_of("rich", toy)
    before = torch.get_rng_state()
    quick.for_words(model)
    assert torch.get_rng_state().equal(before)
