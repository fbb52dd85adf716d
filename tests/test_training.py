"""Training learns and repeats, checkpoints lose nothing, translation answers sanely."""
import errno

import pandas as pd
import pytest
import torch

from conftest import small
from helpers import (
    checkpoints,
    course,
    distributed,
    evaluation,
    files,
    text,
    training,
    translation,
)
from helpers.attention import RULES
from helpers.corpus import Corpus
from helpers.text import Pair


@pytest.fixture(autouse=True)
def build_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "BUILD", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_a_tiny_corpus_is_learnt_by_heart(toy, rule):
    few = Corpus("few", toy.train[:12], toy.train[:12], toy.train[:12], [])
    model = training.build(few, small(rule=rule))
    history = training.fit(model, few, small(rule=rule, epochs=120))
    assert history.train_loss.iloc[-1] < 0.05 < history.train_loss.iloc[0]
    traces = translation.translate(model, [pair.source for pair in few.test])
    assert evaluation.perfect(traces, few.test) == 1
    assert evaluation.bleu(traces, few.test) == pytest.approx(100)


def test_equal_settings_give_equal_models(toy):
    histories, weights = [], []
    for _ in range(2):
        model = training.build(toy, small(epochs=2, dropout=0.2))
        history = training.fit(model, toy, small(epochs=2, dropout=0.2))
        histories.append(history[["train_loss", "valid_loss"]])
        weights.append(model.state_dict())
    pd.testing.assert_frame_equal(*histories)
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])


def test_the_best_epoch_is_kept(toy):
    model = training.build(toy, small())
    history = training.fit(model, toy, small())
    kept = training.loss_per_word(model, text.examples(toy.valid, model.vocabs))
    assert kept == pytest.approx(history.valid_loss.min(), rel=1e-5)


@pytest.mark.parametrize("pairs", [1, 8, 80])
def test_a_training_of_one_step_or_ten_works_too(toy, pairs):
    few = toy._replace(train=toy.train[:pairs])
    settings = small(epochs=1)
    history = training.fit(training.build(few, settings), few, settings)
    assert len(history) == 1


def test_the_loss_is_per_word_however_it_is_batched(toy, learnt):
    examples = text.examples(toy.test, learnt.vocabs)
    alone = training.loss_per_word(learnt, examples, 1)
    together = training.loss_per_word(learnt, examples, 64)
    assert alone == pytest.approx(together, rel=1e-5)


def test_a_diverging_training_says_so(toy):
    with pytest.raises(ValueError, match=r"step \d+: the gradient is not a number.*lower the "):
        training.fit(training.build(toy, small()), toy, small(learning_rate=1e30, epochs=2))


def test_a_number_that_is_none_is_caught_at_its_step(toy, monkeypatch):
    model = training.build(toy, small())
    real_step = training.take_step

    def spoil_the_fifth(run, batch, label_smoothing):
        if run.steps == 4:
            with torch.no_grad():
                model.decoder.output.bias[3] = torch.nan
        real_step(run, batch, label_smoothing)

    monkeypatch.setattr(training, "take_step", spoil_the_fifth)
    with pytest.raises(ValueError, match="step 5: the gradient is not a number"):
        training.fit(model, toy, small())


def test_a_model_is_trained_once_and_then_loaded(toy, monkeypatch):
    model, history = training.trained(toy, small(epochs=2))
    monkeypatch.setattr(training, "fit", lambda *_: pytest.fail("trained again"))
    again, same_history = training.trained(toy, small(epochs=2))
    assert all(again.state_dict()[name].equal(value) for name, value in model.state_dict().items())
    pd.testing.assert_frame_equal(history, same_history)


def test_other_settings_or_other_sentences_are_another_checkpoint(toy):
    path = training.checkpoint_path(toy, small())
    assert path == training.checkpoint_path(toy, small())
    fewer = toy._replace(train=toy.train[:-1])
    other_valid = toy._replace(valid=toy.valid[1:])
    moved = toy._replace(train=[*toy.train, toy.valid[0]], valid=toy.valid[1:])
    others = [training.checkpoint_path(toy, small(seed=2)),
              training.checkpoint_path(toy, small(rule="mean")),
              training.checkpoint_path(fewer, small()),
              training.checkpoint_path(other_valid, small()),
              training.checkpoint_path(moved, small())]
    assert len({path, *others}) == 6


def test_after_an_edit_of_the_protocol_a_model_is_trained_anew(toy, tmp_path, monkeypatch):
    """A change of the code trains again, a change of its words does not."""
    copies = []
    for path in checkpoints.PROTOCOL_FILES:
        copy = tmp_path / path.name
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        copies.append(copy)
    monkeypatch.setattr(checkpoints, "PROTOCOL_FILES", copies)
    trainings = []
    real_fit = training.fit

    def counted_fit(*arguments):
        trainings.append(arguments)
        return real_fit(*arguments)

    monkeypatch.setattr(training, "fit", counted_fit)
    quick = small(epochs=1)
    training.trained(toy, quick)
    protocol = tmp_path / "training.py"
    text_before = protocol.read_text(encoding="utf-8")
    reworded = text_before.replace("One step: the loss of a batch", "A step. The loss of a batch")
    assert reworded != text_before and "def trained(" in text_before
    reworded = reworded.replace("def trained(", "def trained(and_more, ")
    protocol.write_text(reworded + "\n# a comment\n", encoding="utf-8")
    training.trained(toy, quick)
    assert len(trainings) == 1, "comments, docstrings and what only keeps change no weights"
    assert "max_norm=1.0" in text_before
    edited = text_before.replace("max_norm=1.0", "max_norm=2.0")
    protocol.write_text(edited, encoding="utf-8")
    training.trained(toy, quick)
    assert len(trainings) == 2, "the old weights were loaded after an edit of the protocol"


def test_no_checkpoint_is_overwritten_or_half_written(toy, learnt, monkeypatch, tmp_path):
    path, history = tmp_path / "model.pt", pd.DataFrame({"epoch": [1]})
    checkpoints.save(learnt, history, path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="model.pt exists already"):
        checkpoints.save(learnt, history, path)
    assert path.read_bytes() == before

    def full_disk(half, content):
        half.write_bytes(content[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "write_to_disk", full_disk)
    with pytest.raises(OSError, match=r"other\.pt could not be written \(No space left.*free"):
        checkpoints.save(learnt, history, tmp_path / "other.pt")
    assert [file.name for file in tmp_path.iterdir()] == ["model.pt"]


def test_a_damaged_or_foreign_checkpoint_is_named(toy, learnt, tmp_path):
    path = tmp_path / "model.pt"
    checkpoints.save(learnt, pd.DataFrame({"epoch": [1]}), path)
    with pytest.raises(ValueError, match="model.pt is damaged or belongs to another model"):
        checkpoints.load(training.build(toy, small(hidden_size=32)), path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="model.pt is damaged.*SHA-256.*delete it"):
        checkpoints.load(learnt, path)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pt"):
        checkpoints.load(learnt, tmp_path / "nowhere.pt")


def test_a_trace_is_what_happened(toy, learnt):
    trace = translation.translate_one(learnt, "The old red car")
    n, m, size = 4, len(trace.target), 24
    assert trace.source == ["the", "old", "red", "car"]
    assert trace.target[-1] == text.END and trace.words == trace.target[:-1]
    assert trace.scores.shape == trace.weights.shape == (m, n)
    assert trace.states.shape == (n, size) and trace.context.shape == (m, size)
    assert trace.hidden.shape == (m + 1, size)
    assert trace.weights.allclose(trace.scores.softmax(dim=1))
    assert trace.context.allclose(trace.weights @ trace.states, atol=1e-6)
    assert trace.hidden[0].equal(trace.states[-1])
    for word, rivals in zip(trace.target, trace.rivals, strict=True):
        chances = [chance for _, chance in rivals]
        assert rivals[0][0] == word and chances == sorted(chances, reverse=True)
        assert sum(chances) <= 1 + 1e-6
        assert len(rivals) == 6


def test_a_forced_trace_says_the_reference_and_scores_as_training_does(toy, learnt):
    pairs = [toy.train[k] for k in (30, 0, 6)]
    references = [["le", "chat"], [*pairs[1].target, "rouge"], pairs[2].target]
    traces = translation.translate(learnt, [pair.source for pair in pairs], references)
    assert [trace.words for trace in traces] == references
    pair = Pair(pairs[0].source, references[0])
    batch = next(text.batches(text.examples([pair], learnt.vocabs), 1))
    states, foci = learnt.decoder(batch.target[:, :-1], learnt.encode(batch.source, batch.lengths))
    assert traces[0].hidden[1:].allclose(states[0], atol=1e-5)
    assert traces[0].weights.allclose(torch.cat([focus.weights for focus in foci]), atol=1e-5)
    greedy = translation.translate(learnt, [pairs[2].source])[0]
    again = translation.translate(learnt, [pairs[2].source], [greedy.words])[0]
    assert greedy.target == again.target and greedy.weights.allclose(again.weights, atol=1e-6)


def test_weight_on_padding_is_never_drawn(learnt, monkeypatch):
    rule, forward = type(learnt.decoder.context_rule), type(learnt.decoder.context_rule).forward

    def leaking(self, hidden, memory):
        return forward(self, hidden, memory._replace(mask=torch.ones_like(memory.mask)))

    monkeypatch.setattr(rule, "forward", leaking)
    with pytest.raises(AssertionError, match="a padded place has weight"):
        translation.translate(learnt, [["the", "big", "red", "car"], ["the", "car"]])


def test_strange_sentences_get_a_sane_answer(toy, learnt):
    long, unknown = ["the", "red", "car"] * 167, ["xyzzy", "plugh"]
    traces = translation.translate(learnt, [long[:500], unknown, ["the"]])
    for trace, words in zip(traces, (500, 2, 1), strict=True):
        assert 1 <= len(trace.target) <= 2 * words + 10
        assert trace.weights.shape == (len(trace.target), words)
        assert trace.weights.sum(dim=1).allclose(torch.ones(len(trace.target)), atol=1e-5)


@pytest.mark.parametrize("sentences", [[["the", "cat"], []], [["the", "cat"], "the cat"]])
def test_an_empty_sentence_is_refused(learnt, sentences):
    with pytest.raises(ValueError, match="sentence 2 is .* at least one word"):
        translation.translate(learnt, sentences)
    with pytest.raises(ValueError, match="sentence 1 is"):
        translation.translate_one(learnt, "   ")


def test_an_unknown_word_is_copied_from_the_place_looked_at(learnt):
    """Only the <unk>s change, each into the source word with the largest weight of its step."""
    source = ["the", "xyzzy", "car"]
    (trace,) = translation.translate(learnt, [source], [["la", text.UNKNOWN, "plugh"]])
    weights = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.1, 0.0, 0.9], [0.0, 0.0, 1.0]])
    copied = translation.copy_unknown(trace._replace(weights=weights))
    assert copied.words == ["la", "xyzzy", "plugh"] and copied.target[-1] == text.END
    assert trace.words == ["la", text.UNKNOWN, "plugh"], "the trace itself stays as it was"


def test_a_handful_of_steps_is_a_training_too(toy):
    """The schedule has to rise before it falls, however few its steps are."""
    for size in (len(toy.train), len(toy.train) // 4):
        settings = small(epochs=1, batch_size=size)
        history = training.fit(training.build(toy, settings), toy, settings)
        assert history["train_loss"].notna().all()


@pytest.mark.parametrize("name", ["weight_decay", "embedding_decay"])
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_weight_decay_that_makes_no_sense_is_named(toy, name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}: give a number, 0 or more"):
        training.build(toy, small(**{name: value}))


def test_embeddings_have_a_weight_decay_of_their_own(toy):
    model = training.build(toy, small())
    settings = small(weight_decay=0.1, embedding_decay=0.4)
    optimizer, _ = training.make_optimizer(model, settings, steps=10)
    decays = {}
    for group in optimizer.param_groups:
        for weights in group["params"]:
            assert weights not in decays, "in two groups"
            decays[weights] = group["weight_decay"]
    for name, weights in model.named_parameters():
        assert decays[weights] == (0.4 if "embedding" in name else 0.1), name


def test_several_processes_draw_apart_and_one_alone_draws_on(monkeypatch):
    torch.manual_seed(1)
    alone = torch.rand(3)
    torch.manual_seed(1)
    distributed.draw_apart(5)
    assert torch.rand(3).equal(alone)
    drawn = []
    monkeypatch.setattr(distributed.distributed, "is_initialized", lambda: True)
    for rank in (0, 1):
        monkeypatch.setattr(distributed.distributed, "get_rank", lambda rank=rank: rank)
        distributed.draw_apart(5)
        drawn.append(torch.rand(3))
    assert not drawn[0].equal(drawn[1])
