"""What several test files share: a toy corpus, models small enough to train in a moment, and the notebooks."""
import re

import pytest
import torch

from helpers import course, training
from helpers.corpus import Corpus, Pair
from series import runner

torch.set_num_threads(1)  # models this small are faster without a second thread

SERIES = sorted((course.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SOLVED = sorted((course.ROOT / "notebooks" / "solutions").glob("[0-9][0-9]_*.ipynb"))
# Passed on where the cell tagged "parameters" has the name.
QUICK = {"EPOCHS": 1, "PAIRS": 200, "SIZES": [16, 24, 32], "LENGTHS": [5, 10]}
MACHINE = re.compile(r"/(?:work|tmp|root|home|farm)/\w")

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


@pytest.fixture
def apart(monkeypatch, tmp_path):
    """Notebooks write where no one looks, and notebook 08 finds no Multi30k: the same on every machine."""
    monkeypatch.setenv("COURSE_BUILD", str(tmp_path / "build"))
    monkeypatch.setenv("MULTI30K_DIR", str(tmp_path / "nothing"))


def outputs(nb):
    return [output for cell in runner.codes(nb) for output in cell.outputs]


def machine_paths(nb):
    """Paths of a machine in what a reader sees; pictures, which are long strings of letters, are not text."""
    texts = [output.get("text", "") + " ".join(output.get("traceback", [])) + "".join(
        str(shown) for kind, shown in output.get("data", {}).items() if "image/" not in kind) for output in outputs(nb)]
    return MACHINE.findall(re.sub(r"base64,[\w+/=\\\s]+", "", "".join(texts)))


def without_words(nb):
    return [output for output in outputs(nb) for kind in ("image/png", "image/jpeg") if kind in output.get("data", {})
            and not output.metadata.get(kind, {}).get("alt")]
