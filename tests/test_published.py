"""The benchmark of published directions: what it reads from a training, and how it chooses."""
import pytest

from benchmarks import published
from helpers import measured

LOG = """\
additive 2/2: 100%|####| 908/908 [04:00<00:00, 3.79step/s, loss 3.01, 2,100 words/s]

 epoch  train_loss  valid_loss  seconds  words_per_second
     1       4.100       3.050  120.500          2145.351
     2       3.010       2.610  119.000          2000.134
en-de-1.pt is written: python -m helpers translate en-de-1.pt
"""


def row(models, beam, valid, bleu):
    return {"models": models, "beam": beam, "valid": valid, "bleu": bleu}


def test_the_choice_looks_at_val_alone_and_at_the_two_together():
    rows = [row("seed 1", 5, 50.0, 50.0), row("together", 1, 40.0, 45.0),
            row("together", 5, 41.0, 38.0), row("together", 12, 40.5, 39.0)]
    chosen = [each["chosen"] for each in published.with_choice(rows)]
    assert chosen == [False, False, True, False]


def test_each_direction_is_trained_with_its_own_dropout():
    typed = published.command("en-de", 2)
    assert typed[typed.index("--dropout") + 1] == str(published.DROPOUT["en-de"])
    assert set(published.DROPOUT) == set(published.DIRECTIONS)
    table = measured.published()
    assert (table["dropout"] == table["direction"].map(published.DROPOUT)).all()


def test_seconds_of_a_training_are_those_of_its_table(tmp_path, monkeypatch):
    monkeypatch.setattr(published, "FOLDER", tmp_path)
    (tmp_path / "en-de-1.log").write_text(LOG, encoding="utf-8")
    assert published.seconds_of("en-de", 1) == pytest.approx(239.5)


def test_a_model_that_is_there_is_not_trained_again(tmp_path, monkeypatch):
    monkeypatch.setattr(published, "FOLDER", tmp_path)
    monkeypatch.setattr(published.subprocess, "Popen", None)  # calling it would raise
    for seed in published.SEEDS:
        published.model_path("en-de", seed).touch()
    published.train("en-de")


def test_the_committed_table_has_one_choice_a_direction_and_it_is_the_best_on_val():
    table = measured.published()
    assert set(table["direction"]) <= set(published.DIRECTIONS)
    for _, rows in table.groupby("direction"):
        together = rows[rows["models"] == "together"]
        chosen = rows[rows["chosen"]]
        assert len(chosen) == 1
        assert chosen["valid"].item() == together["valid"].max()
        assert ((rows["low"] <= rows["bleu"]) & (rows["bleu"] <= rows["high"])).all()
