"""The command line: what it trains it can translate and score, and bad input trains nothing."""
import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from conftest import toy_pairs
from helpers import __main__ as cli
from helpers import checkpoints, corpus, course, pieces, text, training, translator
from helpers.recipes import RECIPES, MeanRun

pytestmark = pytest.mark.slow

QUICK = ["--hidden-size", "24", "--embedding-size", "16", "--batch-size", "8", "--dropout", "0",
         "--learning-rate", "0.01", "--weight-decay", "0.01", "--label-smoothing", "0"]


@pytest.fixture(scope="module")
def toy_file(tmp_path_factory):
    """The toy corpus as a file of one's own, each pair twice so that few are left out of train."""
    path = tmp_path_factory.mktemp("toy") / "toy.tsv"
    lines = [f"{' '.join(pair.source)}\t{' '.join(pair.target)}\n" for pair in toy_pairs()]
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model_file(toy_file, tmp_path_factory):
    """A model of sub-words, trained from the command line."""
    path = tmp_path_factory.mktemp("model") / "toy.pt"
    assert cli.main(["train", str(toy_file), "--out", str(path), "--pieces", "80",
                     "--epochs", "25", *QUICK]) == 0
    return path


def translated(model_file, typed, monkeypatch, capsys, *more):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed)))
    status = cli.main(["translate", str(model_file), *more])
    return status, capsys.readouterr()


def test_a_file_is_trained_on_and_standard_input_translated(model_file, monkeypatch, capsys):
    assert list(model_file.parent.iterdir()) == [model_file], "nothing is left beside the model"
    pairs = list(toy_pairs())
    typed = "".join(f"{' '.join(pair.source).capitalize()}\n" for pair in pairs).encode()
    for width in ("1", "3"):
        status, said = translated(model_file, typed, monkeypatch, capsys, "--beam", width)
        lines = said.out.splitlines()
        assert status == 0 and len(lines) == len(pairs)
        right = sum(line == " ".join(pair.target)
                    for line, pair in zip(lines, pairs, strict=True))
        assert right > 0.8 * len(pairs)


def test_a_score_has_its_interval_and_its_signature(model_file, toy_file, capsys):
    assert cli.main(["score", str(model_file), str(toy_file)]) == 0
    said = capsys.readouterr().out
    score, low, high = re.search(r"BLEU ([\d.]+) \[([\d.]+), ([\d.]+)\]", said).groups()
    assert 30 < float(score) <= 100 and 30 < float(low) <= float(high) <= 100
    assert "0 translations have an <unk>" in said
    assert "nrefs:1" in said and "tok:none" in said and "version:" in said


def test_several_models_translate_together(model_file, toy_file, tmp_path, capsys):
    other = tmp_path / "other.pt"
    assert cli.main(["train", str(toy_file), "--out", str(other), "--pieces", "80",
                     "--epochs", "25", "--seed", "2", *QUICK]) == 0
    capsys.readouterr()
    assert cli.main(["score", str(model_file), str(toy_file), "--with", str(other)]) == 0
    score = re.search(r"BLEU ([\d.]+)", capsys.readouterr().out)[1]
    assert float(score) > 30

    smaller = tmp_path / "smaller.pt"
    assert cli.main(["train", str(toy_file), "--out", str(smaller), "--pieces", "60",
                     "--epochs", "1", *QUICK]) == 0
    assert cli.main(["score", str(model_file), str(toy_file), "--with", str(smaller)]) == 2
    told = capsys.readouterr().err
    assert re.search(r"smaller.pt cannot translate together with .*toy.pt: model 2 knows", told)


def test_what_is_loaded_is_what_was_saved(toy, tmp_path):
    cutter = pieces.learn(toy.train, 50)
    cut = cutter.cut_corpus(toy)
    for name, recipe in RECIPES.items():
        settings = recipe.settings._replace(hidden_size=16, embedding_size=12)
        model = recipe.build(cut, settings)
        path = tmp_path / f"{name}.pt"
        translator.save(translator.Translator(model, name, settings, cutter), path)
        loaded = translator.load(path)
        assert loaded.recipe == name and loaded.settings == settings
        assert loaded.cutter.model == cutter.model
        assert loaded.model.vocabs.source.itos == model.vocabs.source.itos
        assert loaded.model.vocabs.target.stoi["▁le"] == model.vocabs.target.stoi["▁le"]
        kept = loaded.model.state_dict()
        assert all(kept[name].equal(value) for name, value in model.state_dict().items())


def test_a_vocabulary_is_read_back_in_its_order(toy):
    words = text.vocabularies(toy.train).source.itos
    again = text.vocabulary(words)
    assert again.itos == words and again["never"] == text.UNKNOWN_ID


@pytest.mark.parametrize("content", [b"nothing", b""])
def test_a_file_that_is_no_model_is_named(tmp_path, content, capsys, toy_file):
    path = tmp_path / "bad.pt"
    path.write_bytes(content)
    assert cli.main(["score", str(path), str(toy_file)]) == 2
    assert "bad.pt is damaged" in capsys.readouterr().err


def written(folder, name, lines, encoding="utf-8"):
    path = folder / name
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
    return str(path)


SOME = [f"sentence {number}" for number in range(12)]
BAD = {
    "an empty line": ([*SOME[:5], "", *SOME[6:]], SOME, "utf-8", r"source.txt, line 6: is empty"),
    "files of unequal length": (SOME, SOME[:-2], "utf-8", r"target.txt, line 11: is missing"),
    "another encoding": ([*SOME[:3], "ä", *SOME[4:]], SOME, "latin-1",
                         r"source.txt is not UTF-8 text \(line 4, byte"),
    "too few": (SOME[:3], SOME[:3], "utf-8", "has 3 sentence pairs: at least 10"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_files_give_one_error_and_nothing_is_trained(what, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(training, "fit", lambda *_: pytest.fail("trained"))
    sources, targets, encoding, told = BAD[what]
    source = written(tmp_path, "source.txt", sources, encoding)
    target = written(tmp_path, "target.txt", targets)
    before = sorted(tmp_path.iterdir())
    assert cli.main(["train", source, target, "--out", str(tmp_path / "model.pt")]) == 2
    said = capsys.readouterr()
    assert re.search(told, said.err) and len(said.err.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_missing_side_is_named_with_its_line(tmp_path, capsys):
    path = written(tmp_path, "pairs.tsv", ["a\tb", "c\t"])
    assert cli.main(["train", path, "--out", str(tmp_path / "model.pt")]) == 2
    assert "pairs.tsv, line 2: 2 columns" in capsys.readouterr().err


def test_an_empty_line_of_the_input_is_named(model_file, monkeypatch, capsys):
    status, said = translated(model_file, b"the cat\n\nthe dog\n", monkeypatch, capsys)
    assert status == 2 and not said.out
    assert "standard input, line 2: is empty" in said.err


def test_two_files_are_pairs_line_by_line(tmp_path):
    source = written(tmp_path, "a.txt", [f"L'été {number}" for number in range(12)])
    target = written(tmp_path, "b.txt", [f"Summer {number}" for number in range(12)])
    pairs = corpus.load_two_files(Path(source), Path(target))
    for pair in pairs.train:
        assert pair.source[:2] == ["l'", "été"] and pair.source[2] == pair.target[1]
    spaced = corpus.load_two_files(Path(source), Path(target), tokenised=True)
    assert spaced.train[0].source[0] == "L'été"


def test_after_ctrl_c_the_best_model_is_kept_and_the_training_goes_on(toy_file, tmp_path,
                                                                      monkeypatch, capsys):
    """Stopped in the third epoch; what goes on ends as what was never stopped."""
    command = ["train", str(toy_file), "--epochs", "4", *QUICK]
    whole = tmp_path / "whole.pt"
    assert cli.main([*command, "--out", str(whole)]) == 0
    real_step = training.take_step

    def stopped_step(run, *rest):
        real_step(run, *rest)
        if run.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)

    out = tmp_path / "stopped.pt"
    with monkeypatch.context() as patched:
        patched.setattr(training, "take_step", stopped_step)
        assert cli.main([*command, "--out", str(out)]) == 130
    said = capsys.readouterr().out
    assert f"The best model so far is in {out}" in said
    assert translator.load(out).model.rule == "additive"
    assert cli.main([*command, "--out", str(out)]) == 0
    assert "Goes on from step" in capsys.readouterr().out
    weights = translator.load(whole).model.state_dict()
    again = translator.load(out).model.state_dict()
    assert all(again[name].equal(value) for name, value in weights.items())


# The mean of the weights.

def test_the_mean_is_that_of_the_weights_after_each_step_of_the_second_half(toy):
    settings = training.Settings(hidden_size=8, embedding_size=8, epochs=2, batch_size=10)
    model = training.build(toy, settings)
    kept = []
    steps = 2 * -(-len(toy.train) // settings.batch_size)

    class Noted(MeanRun):
        def note(self, *more):
            super().note(*more)
            kept.append(self.model.decoder.output.weight.detach().clone())

    run = None

    def make_run(*given):
        nonlocal run
        run = Noted(*given)
        return run

    training.fit(model, toy, settings, make_run=make_run)
    assert len(kept) == steps
    mean = torch.stack(kept[steps // 2:]).mean(dim=0)
    assert run.judged() is not model
    assert run.judged().decoder.output.weight.allclose(mean, atol=1e-6)


# Several processes.

def train_with(processes, toy_file, out, *more):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone",
               "--nproc-per-node", str(processes), "-m", "helpers", "train", str(toy_file),
               "--out", str(out), "--epochs", "2", *QUICK, *more]
    ran = subprocess.run(command, cwd=course.ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    rows = re.findall(r"^ *\d+ +([\d.]+) +([\d.]+)", ran.stdout, re.MULTILINE)
    assert len(rows) == 2, "only the first process tells what happens"
    return [float(number) for row in rows for number in row], translator.load(out)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["plain", "rich"])
def test_two_processes_have_the_loss_of_one(recipe, toy_file, tmp_path):
    """At the same batches; the last batch of an epoch has fewer rows than the others."""
    losses = {}
    weights = {}
    for processes in (1, 2):
        found, made = train_with(processes, toy_file, tmp_path / f"{processes}.pt",
                                 "--recipe", recipe)
        losses[processes] = found
        weights[processes] = made.model.state_dict()
    assert losses[2] == pytest.approx(losses[1], abs=2e-3)
    for name, value in weights[1].items():
        assert weights[2][name].allclose(value, atol=2e-3), name


def test_of_several_processes_each_reads_the_progress_and_the_first_writes_it(tmp_path,
                                                                             monkeypatch):
    path = tmp_path / "model.progress"
    checkpoints.write(path, {"steps": 1})
    for is_first, steps in ((False, 1), (True, 2)):
        monkeypatch.setattr(checkpoints.distributed, "is_first", lambda first=is_first: first)
        progress = checkpoints.Progress(path)
        progress.next_time = 0.0
        assert progress.is_due() is is_first
        progress.write({"steps": 2})
        assert progress.read() == {"steps": steps}
