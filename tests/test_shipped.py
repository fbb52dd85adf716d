"""Models that come with the course: taken where nothing was trained, whole, and told."""
import json

import pytest
import torch

from conftest import small
from helpers import checkpoints, corpus, course, evaluation, files, shipped, training
from helpers.translation import translate


@pytest.fixture
def shelf(monkeypatch, tmp_path, toy, learnt):
    """A course that comes with one model, of the toy corpus, and has trained none."""
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "shipped")
    monkeypatch.setattr(course, "BUILD", tmp_path / "build")
    history = training.pd.DataFrame({"epoch": [1], "valid_loss": [0.5]})
    shipped.write(learnt, history, toy, small())
    return tmp_path


@pytest.fixture
def never(monkeypatch):
    """A test in which nothing may be trained."""
    def trained(*_):
        raise AssertionError("this trains")

    monkeypatch.setattr(training, "trained", trained)


def test_a_model_that_comes_with_the_course_is_taken_and_told(shelf, never, toy, learnt, capsys):
    model, history = shipped.ready(toy, small())
    assert "comes with the course" in capsys.readouterr().out
    assert history.valid_loss.tolist() == [0.5]
    for name, numbers in learnt.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], numbers, atol=1e-4, rtol=1e-4)
    sentences = [pair.source for pair in toy.test]
    for one, other in zip(translate(model, sentences), translate(learnt, sentences), strict=True):
        assert one.words == other.words


def test_what_was_trained_here_wins(shelf, toy, learnt, capsys):
    history = training.pd.DataFrame({"epoch": [1], "valid_loss": [0.1]})
    checkpoints.save(learnt, history, training.checkpoint_path(toy, small()))
    _, found = shipped.ready(toy, small())
    assert found.valid_loss.tolist() == [0.1]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("changes, pairs", [
    ({"seed": 2}, None), ({"rule": "mean"}, None), ({}, 40)])
def test_another_model_is_none_that_comes_with_the_course(shelf, toy, changes, pairs):
    part = toy._replace(train=toy.train[:pairs])
    assert shipped.is_ready(toy, small())
    assert not shipped.is_ready(part, small(**changes))


def test_who_wants_to_train_trains(shelf, toy, capsys):
    _, history = shipped.ready(toy, small(), train=True)
    assert len(history) == small().epochs
    assert training.checkpoint_path(toy, small()).exists()


def test_a_damaged_one_is_never_used(shelf, toy):
    path = shipped.weights_path(small())
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path.name} is damaged"):
        shipped.ready(toy, small())


# Those that are committed.

@pytest.fixture(scope="module")
def phrasebook():
    return corpus.load(shipped.CORPUS)


@pytest.mark.parametrize("settings", shipped.SETTINGS, ids=lambda settings: settings.rule)
def test_each_has_a_card_that_is_true(settings, phrasebook):
    assert shipped.fits(phrasebook, settings), "make them again: `make models`"
    card = json.loads(shipped.card_path(settings).read_text("utf-8"))
    path = shipped.weights_path(settings)
    assert card["file"] == path.name
    assert files.checksum_path(path).exists()
    assert len(files.checked(path)) < 1_500_000
    assert f"series models {settings.rule}" in card["command"]


def test_the_one_that_attends_translates_and_the_fixed_one_falls_with_length(phrasebook,
                                                                             monkeypatch, tmp_path):
    monkeypatch.setattr(course, "BUILD", tmp_path)
    pairs = sorted(phrasebook.test, key=lambda pair: len(pair.source))[-100:]
    scores = {}
    for settings in shipped.SETTINGS:
        model, _ = shipped.ready(phrasebook, settings)
        traces = translate(model, [pair.source for pair in pairs])
        scores[settings.rule] = evaluation.bleu(traces, pairs)
    assert scores["additive"] > 90
    assert scores["fixed"] < scores["additive"] - 20
