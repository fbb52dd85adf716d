"""The exercises: unsolved they say "not yet", wrong answers are told why, solutions are right."""
import re

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from conftest import QUICK, SERIES, SOLVED, machine_paths, toy_pairs, without_words
from helpers import course, lessons
from series import runner

# For each notebook three wrong answers, and what the check has to say of them.
WRONG = {
    "00": [
        ("1", "equal scores share"),
        ("'nothing'", "along the first row"),
        ("'a blorf'", "never met ['blorf']")],
    "01": [
        ("(7, 8)", "first entries"),
        ("18 / 30", "without a word"),
        ("lambda row: ''", "should give")],
    "02": [
        ("math.log10(10_000)", "natural logarithm"),
        ("'states'", "left to right"),
        ("Encoder", "num_layers=2")],
    "03": [
        ("(50, 0)", "top of the scale"),
        ("2", "3·hidden rows"),
        ("lambda pair: pair._replace(source=pair.source[::-1])", "has lost its link")],
    "04": [
        ("2", "above 1 it flattens"),
        ("lambda scores, mask: scores.softmax(dim=0) * mask", "add up to"),
        ("(focus.context[short], focus.context[short])", "is the mask really broken?")],
    "05": [
        ("HIDDEN ** 2", "W and U are"),
        ("'fixed'", "one word only"),
        ("'blorf'", "is not in")],
    "06": [
        ("1", "two words share"),
        ("(traces['one-way'][chosen], None)", "transpose"),
        ("without_state['one-way'].query('word != \"<eos>\"').eval('kept - attended').idxmax()",
         "elsewhere hiding costs")],
    "07": [
        ("lambda hidden, states: states.sum(dim=1)", "the numbers differ"),
        ("3", "three times as many source words"),
        ("lambda steps, words, width: "
         "(torch.arange(words) - torch.arange(steps).unsqueeze(1)).abs() <= width",
         "step 7 sees nothing")],
    "08": [
        ("True", "pairs, triples"),
        ("['never', 'said']", "it says"),
        ("(0, traces[0].weights.max(dim=0).values.argmax().item())", "never gets more than")],
}


def named(path):
    return path.stem


def parameters(path):
    """The small values of QUICK for those parameters that a notebook has."""
    cells = runner.tagged(runner.read(path), "parameters")
    if not cells:
        return {}
    names = re.findall(r"^(\w+) *=", cells[0].source, re.MULTILINE)
    return {name: value for name, value in QUICK.items() if name in names}


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_every_notebook_has_its_solutions_and_three_exercises():
    assert [path.name for path in SOLVED] == [path.name for path in SERIES]
    assert set(WRONG) == {path.name[:2] for path in SERIES}
    for path in SERIES:
        assert len(runner.tagged(runner.read(path), "exercise")) == 3, path.name


@pytest.mark.slow
@pytest.mark.parametrize("path", SERIES, ids=named)
def test_every_notebook_runs_on_little_data_with_its_exercises_unsolved(path, apart, tmp_path):
    nb, warned = runner.execute(path, tmp_path / path.name, parameters(path))
    assert not warned
    assert not machine_paths(nb)
    assert not without_words(nb)
    not_yet = "not yet: write your answer into the cell above, run it, then run this one\n"
    for cell in runner.tagged(nb, "exercise"):
        assert printed(cell) == not_yet


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in SERIES if path.name[:2] not in ("06", "08")],
                         ids=named)
def test_a_notebook_runs_on_a_dozen_lines_of_a_learner(path, apart, tmp_path):
    """06 needs gold links, and 08 trains on a file of one's own in a section of its own."""
    lines = [f"{' '.join(pair.source)}\t{' '.join(pair.target)}\n" for pair in toy_pairs()]
    mine = tmp_path / "mine.tsv"
    mine.write_text("".join(lines[:12]), encoding="utf-8")
    changes = parameters(path) | {"CORPUS": str(mine), "PAIRS": None}
    nb, warned = runner.execute(path, tmp_path / path.name, changes)
    assert not warned
    assert not without_words(nb)


@pytest.mark.slow
@pytest.mark.parametrize("path", SOLVED, ids=named)
def test_solutions_are_right_and_wrong_answers_are_told_why(path, apart, tmp_path, monkeypatch):
    nb = runner.read(path)
    tried = WRONG[path.name[:2]]
    for number, (answer, _) in enumerate(tried, start=1):
        wrong = f"lessons.exercise({answer}, check_{number}, 'praised')"
        nb.cells.insert(-3, new_code_cell(wrong, metadata={"tags": ["wrong"]}))
    changes = parameters(course.ROOT / "notebooks" / path.name)
    assert changes, "this would train for minutes"
    # It is executed where it stands, with the wrong answers in it.
    monkeypatch.setattr(runner, "read", lambda _: nb)
    nb, warned = runner.execute(path, tmp_path / path.name, {"CHANGES": changes})
    assert not warned
    for cell, (_, told) in zip(runner.tagged(nb, "wrong"), tried, strict=True):
        assert printed(cell).startswith("not quite: ")
        assert told in printed(cell)
    for cell in runner.tagged(nb, "solution"):
        assert "correct! " in printed(cell), printed(cell)


def test_an_answer_of_another_kind_is_told_so(capsys):
    lessons.exercise("0.5", lambda number: abs(number - 0.5), "praised")
    told = "not quite: '0.5' is not the kind of answer asked for (TypeError: "
    assert capsys.readouterr().out.startswith(told)


@pytest.mark.parametrize("path", SOLVED, ids=named)
def test_committed_solutions_are_right(path):
    solutions = runner.tagged(nbformat.read(path, as_version=4), "solution")
    assert len(solutions) == 3
    for cell in solutions:
        assert "correct! " in printed(cell)


def test_a_lesson_brings_what_a_notebook_defines(monkeypatch, tmp_path):
    """A failing cell of the lesson fails here too; parameters replace those of the notebook."""
    cells = [new_code_cell("PAIRS = 5", metadata={"tags": ["parameters"]}),
             new_code_cell("double = 2 * PAIRS\n1 / PAIRS")]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "01_x.ipynb")
    monkeypatch.setattr(course, "ROOT", tmp_path)
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    try:
        lessons.lesson("01", PAIRS=7)
        assert shell.user_ns["double"] == 14
        with pytest.raises(ZeroDivisionError):
            lessons.lesson("01", PAIRS=0)
    finally:
        InteractiveShell.clear_instance()
