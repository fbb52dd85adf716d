"""What several test files share: a toy corpus and models small enough to train in a moment."""
import pytest
import torch

from helpers import training
from helpers.corpus import Corpus, Pair

torch.set_num_threads(1)  # models this small are faster without a second thread

NOUNS = {"cat": "chat", "dog": "chien", "bird": "oiseau", "horse": "cheval", "table": "table", "car": "voiture"}
FEMININE = {"table", "car"}
ADJECTIVES = {"red": "rouge", "big": "grand", "old": "vieux", "calm": "calme"}


def toy_pairs():
    """"the red car" → "la voiture rouge", with and without its adjectives: lengths 2 to 4, gold links included."""
    for noun, french in NOUNS.items():
        article = "la" if noun in FEMININE else "le"
        yield Pair(["the", noun], [article, french], [(0, 0), (1, 1)])
        for first, premier in ADJECTIVES.items():
            yield Pair(["the", first, noun], [article, french, premier], [(0, 0), (2, 1), (1, 2)])
            for second, deuxieme in ADJECTIVES.items():
                if first != second:
                    yield Pair(["the", first, second, noun], [article, french, premier, deuxieme],
                               [(0, 0), (3, 1), (1, 2), (2, 3)])


@pytest.fixture(scope="session")
def toy():
    pairs = list(toy_pairs())
    return Corpus("toy", pairs, pairs[::7], pairs[::5], [])


def small(**changes):
    quick = training.Settings(hidden=24, embedding=16, batch=8, epochs=12, rate=1e-2, decay=0.01, smoothing=0.0)
    return quick._replace(**changes)


@pytest.fixture(scope="session")
def learnt(toy):
    """A model that has learnt the toy corpus."""
    model = training.build(toy, small())
    training.fit(model, toy, small())
    return model
