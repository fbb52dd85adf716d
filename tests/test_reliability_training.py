"""A training that is stopped anywhere goes on as if nothing had happened."""
import random
import signal
import threading

import pandas as pd
import pytest

from conftest import small
from helpers import checkpoints, course, interrupts, training

LOSSES = ["epoch", "train_loss", "valid_loss"]


@pytest.fixture(autouse=True)
def build_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "BUILD", tmp_path)
    monkeypatch.setattr(checkpoints.Progress, "SHORTEST_PAUSE", 0)


@pytest.fixture(autouse=True)
def keyboard_heard():
    """Ctrl-C interrupts, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def same_weights(one, other):
    others = other.state_dict()
    return all(weights.equal(others[name]) for name, weights in one.state_dict().items())


class PowerCut(Exception):
    """Comes from outside, between any two lines."""


@pytest.mark.slow
@pytest.mark.parametrize("rule, dropout", [("fixed", 0.0), ("additive", 0.3)])
def test_stopped_anywhere_it_ends_with_the_same_weights(toy, monkeypatch, rule, dropout):
    settings = small(rule=rule, dropout=dropout, epochs=2)
    whole = training.build(toy, settings)
    whole_history = training.fit(whole, toy, settings)
    monkeypatch.setattr(checkpoints.Progress, "SHARE", 3)
    real_step = training.take_step
    lot = random.Random(rule)
    lives = 0

    def mortal_step(run, batch, label_smoothing):
        if lot.random() < 0.2:
            raise PowerCut
        real_step(run, batch, label_smoothing)
        if lot.random() < 0.2:
            raise PowerCut

    monkeypatch.setattr(training, "take_step", mortal_step)
    while True:
        lives += 1
        assert lives < 500, "it never comes forward"
        try:
            model, history = training.trained(toy, settings)
        except PowerCut:
            continue
        break
    assert lives > 5
    assert same_weights(model, whole)
    pd.testing.assert_frame_equal(history[LOSSES], whole_history[LOSSES], check_exact=True)
    assert [file.suffix for file in (course.BUILD / "models").iterdir()] == [".pt"]


def test_stop_waits_for_the_step_and_run_again_loses_none(toy, monkeypatch, capsys):
    settings = small(epochs=2)
    monkeypatch.setattr(checkpoints.Progress, "SHORTEST_PAUSE", 1000)
    real_step = training.take_step
    done = []

    def step_with_a_press(run, batch, label_smoothing):
        if len(done) == 20:
            signal.raise_signal(signal.SIGINT)  # in the midst of a step
        real_step(run, batch, label_smoothing)
        done.append(run.steps)

    monkeypatch.setattr(training, "take_step", step_with_a_press)
    with pytest.raises(KeyboardInterrupt, match="stopped after step 21: run this again"):
        training.trained(toy, settings)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    model, _ = training.trained(toy, settings)
    assert "Goes on from step 21" in capsys.readouterr().out
    assert done == list(range(1, len(done) + 1)), "a step was done twice"
    whole = training.build(toy, settings)
    monkeypatch.undo()
    training.fit(whole, toy, settings)
    assert same_weights(model, whole)


def test_a_second_press_does_not_wait():
    with interrupts.Waiting() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.pressed
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_outside_the_main_thread_training_listens_to_nobody(toy):
    found = []

    def train():
        found.append(training.trained(toy, small(epochs=1)))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert len(found) == 1


def test_a_damaged_state_of_training_is_named(toy):
    path = training.checkpoint_path(toy, small()).with_suffix(".progress")
    checkpoints.write(path, {"steps": 3})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{path.name} is damaged.*delete it, and it will be"):
        training.trained(toy, small())


def test_two_that_train_the_same_end_with_one_checkpoint(toy, monkeypatch):
    """The second one finishes while the first is still at work."""
    real_fit = training.fit
    nested = []

    def fit_twice(*arguments):
        history = real_fit(*arguments)
        if not nested:
            nested.append(True)
            training.trained(toy, small(epochs=1))
        return history

    monkeypatch.setattr(training, "fit", fit_twice)
    model, _ = training.trained(toy, small(epochs=1))
    again, _ = training.trained(toy, small(epochs=1))
    assert same_weights(model, again)
    assert len(list((course.BUILD / "models").iterdir())) == 1
