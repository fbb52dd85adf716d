"""An ensemble is the mean of its models, and search sees no difference."""
import pytest
import torch

from conftest import small
from helpers import beam, ensemble, text, training, translation
from helpers.recipes import RECIPES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["plain", "rich"])
def models(request, toy):
    """Two seeds of a recipe that have learnt a little."""
    made = []
    for seed in (1, 2):
        settings = small(epochs=4, bidirectional=True, seed=seed)
        model = RECIPES[request.param].build(toy, settings)
        training.fit(model, toy, settings)
        made.append(model)
    return made


def test_one_model_is_an_ensemble_of_its_own(models):
    assert ensemble.together(models[:1]) is models[0]


def test_twice_the_same_model_says_the_same(models, toy):
    sources = [pair.source for pair in toy.test]
    alone = translation.translate(models[0], sources)
    doubled = ensemble.together([models[0], models[0]])
    for one, two in zip(alone, translation.translate(doubled, sources), strict=True):
        assert one.target == two.target
        assert two.weights.allclose(one.weights, atol=1e-6)
    for width in (1, 3):
        expected = beam.translate(models[0], sources, width)
        for one, two in zip(expected, beam.translate(doubled, sources, width), strict=True):
            assert one.target == two.target


@torch.no_grad()
def test_probabilities_and_weights_are_means(models, toy):
    """Made to say a reference, both models and the ensemble take the same steps."""
    pair = toy.test[0]
    said = [translation.translate(model, [pair.source], [pair.target])[0]
            for model in [*models, ensemble.together(models)]]
    first, second, both = said
    assert both.weights.allclose((first.weights + second.weights) / 2, atol=1e-6)
    assert both.weights.sum(dim=1).allclose(torch.ones(len(both.target)))
    assert both.scores.softmax(dim=1).allclose(both.weights, atol=1e-6)
    for step, rivals in enumerate(both.rivals):
        one, two = dict(first.rivals[step]), dict(second.rivals[step])
        for word, probability in rivals:
            if word in one and word in two:
                assert probability == pytest.approx((one[word] + two[word]) / 2, abs=1e-5)


def test_padding_gets_no_weight_and_a_batch_gives_what_its_sentences_give(models, toy):
    both = ensemble.together(models)
    sources = [pair.source for pair in toy.test]
    batch = translation.translate(both, sources)
    for source, trace in zip(sources, batch, strict=True):
        (alone,) = translation.translate(both, [source])
        assert alone.target == trace.target
    spoken = list(translation.stream(both, sources))
    assert [one.target for one in spoken] == [trace.target for trace in batch]


def test_models_that_do_not_go_together_are_named(models, toy):
    def other(corpus=toy, **changes):
        return training.build(corpus, small(bidirectional=True, **changes))

    first = other()
    with pytest.raises(ValueError, match="model 2 has the rule 'mean', and the first 'additive'"):
        ensemble.together([first, other(rule="mean")])
    with pytest.raises(ValueError, match="model 3 is built otherwise"):
        ensemble.together([first, other(), other(hidden_size=30)])
    with pytest.raises(ValueError, match="model 2 knows other source words"):
        ensemble.together([first, other(toy._replace(train=toy.train[:20]))])
    assert len(text.vocabularies(toy.train[:20]).source) < len(first.vocabs.source)
