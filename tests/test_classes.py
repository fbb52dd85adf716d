"""A class that a notebook builds equals the one of helpers/: same weights, same numbers."""
import nbformat
import pytest
import torch

from conftest import small
from helpers import course, text, training
from helpers.attention import Focus


def built_in(number):
    """Run the cells tagged "class" of a notebook, and give what they define."""
    (path,) = (course.ROOT / "notebooks").glob(f"{number}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    cells = [cell.source for cell in cells if "class" in cell.metadata.get("tags", [])]
    assert cells, f"{path.name} builds no class"
    names = {"torch": torch, "nn": torch.nn}
    exec("\n".join(cells), names)
    return names


@pytest.fixture
def batch(toy):
    vocabs = text.vocabularies(toy.train)
    return next(text.batches(text.examples([toy.train[k] for k in (0, 1, 5, 6, 20)], vocabs), 5))


def test_the_vanilla_model_of_notebook_02(toy, batch):
    theirs = training.build(toy, small(rule="fixed")).eval()
    mine = built_in("02")["Seq2Seq"](len(theirs.vocabs.source), len(theirs.vocabs.target), 16, 24)
    mine.load_state_dict(theirs.state_dict())
    logits, gold = theirs(batch)
    real = batch.target[:, 1:] != text.PAD_ID
    assert not real.all() and mine(batch)[real].allclose(logits, atol=1e-6)
    assert batch.target[:, 1:][real].equal(gold)
    states, last = mine.encoder(batch.source, batch.lengths)
    memory = theirs.encode(batch.source, batch.lengths)
    assert states.equal(memory.states) and last.equal(memory.last)


def test_additive_attention_of_notebook_04(toy, batch):
    model = training.build(toy, small(rule="additive")).eval()
    memory = model.encode(batch.source, batch.lengths)
    mine = built_in("04")["AdditiveAttention"](24, 24)
    mine.load_state_dict(model.decoder.context_rule.state_dict())
    hidden = torch.randn(5, 24)
    mine_focus = Focus(*mine(hidden, memory._replace(keys=mine.key(memory.states))))
    for ours, theirs in zip(mine_focus, model.decoder.context_rule(hidden, memory), strict=True):
        assert ours.equal(theirs) or ours.allclose(theirs, atol=1e-6)
