"""What several test files share: a toy corpus, models that train in a moment, the notebooks."""
import re

import pytest
import torch
from torch import nn

from devtools import Chromium
from helpers import course, training
from helpers.corpus import Corpus
from helpers.text import Pair
from series import runner

torch.set_num_threads(1)  # models this small are faster without a second thread

SERIES = sorted((course.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SOLVED = sorted((course.ROOT / "notebooks" / "solutions").glob("[0-9][0-9]_*.ipynb"))
# Passed on where the cell tagged "parameters" has the name.
QUICK = {"EPOCHS": 1, "PAIRS": 200, "SIZES": [16, 24, 32], "LENGTHS": [5, 10]}
# A path from the root of a machine, of whatever system; not the end of an address or of a tag. And
# a place in its memory, as Python prints of what has no better name.
MACHINE = re.compile(r"(?<![\w.:/<~])(?:/[\w.+-]+){2,}|\b[A-Za-z]:\\\w|\bat 0x[0-9a-f]{6,}")

NOUNS = {"cat": "chat", "dog": "chien", "bird": "oiseau", "horse": "cheval", "table": "table",
         "car": "voiture"}
FEMININE = {"table", "car"}
ADJECTIVES = {"red": "rouge", "big": "grand", "old": "vieux", "calm": "calme"}


def toy_pairs():
    """"the red car" → "la voiture rouge", with and without adjectives, with gold links."""
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
    quick = training.Settings(hidden_size=24, embedding_size=16, batch_size=8, epochs=12,
                              learning_rate=1e-2, weight_decay=0.01, label_smoothing=0.0)
    return quick._replace(**changes)


def gru_cell(decoder, embedding_size, hidden_size):
    """torch's own cell with the weights of a decoder."""
    cell = nn.GRUCell(embedding_size + hidden_size, hidden_size)
    with torch.no_grad():
        inputs = [decoder.word_gates.weight, decoder.context_gates.weight]
        cell.weight_ih.copy_(torch.cat(inputs, dim=1))
        cell.bias_ih.copy_(decoder.word_gates.bias)
        cell.weight_hh.copy_(decoder.hidden_gates.weight)
        cell.bias_hh.copy_(decoder.hidden_gates.bias)
    return cell


@pytest.fixture(scope="session")
def learnt(toy):
    """A model that has learnt the toy corpus."""
    model = training.build(toy, small())
    training.fit(model, toy, small())
    return model


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """One browser for all tests of a file."""
    browser = Chromium(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def apart(monkeypatch, tmp_path):
    """Notebooks write where no one looks, and 08 finds no Multi30k: the same on every machine."""
    monkeypatch.setenv("COURSE_BUILD", str(tmp_path / "build"))
    monkeypatch.setenv("MULTI30K_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as above, in their kernels


def outputs(nb):
    return [output for cell in runner.codes(nb) for output in cell.outputs]


def texts_of(output):
    """What a reader sees of an output as text: no picture, no script, no page in a frame."""
    texts = [output.get("text", ""), *output.get("traceback", [])]
    for kind, shown in output.get("data", {}).items():
        if not kind.startswith("image/"):
            texts.append(shown)
    without_frames = re.sub(r'srcdoc="[^"]*"', "", "\n".join(texts))
    without_scripts = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", without_frames)
    return re.sub(r"base64,[\w+/=]+", "", without_scripts)


def machine_paths(nb):
    """Paths of a machine, and places in its memory, in what a reader sees."""
    return [path for output in outputs(nb) for path in MACHINE.findall(texts_of(output))]


def without_words(nb):
    """The pictures that say nothing to those who cannot see them."""
    return [output for output in outputs(nb) if "image/png" in output.get("data", {})
            and not output.metadata.get("image/png", {}).get("alt")]
