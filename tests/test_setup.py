"""The set-up cell, in a Python that knows nothing of the course; and what course.py does for it."""
import ast
import contextlib
import os
import re
import subprocess
import sys
from functools import partial

import pandas as pd
import pytest
import torch

from conftest import small
from helpers import beam, course, files, lessons, training, translation
from series import package, runner

FAKE_COLAB = """
import sys, types
for name in ["google", "google.colab"]:
    sys.modules[name] = types.ModuleType(name)
"""
ELSEWHERE = "import sys\nsys.prefix = '/nowhere/venv'\n"  # not in the course's own environment
OURS = "\nfrom helpers import course\nprint('OURS', course.ROOT)\n"


@pytest.fixture
def cell():
    """The set-up cell of a course without an address, outside the course's own environment."""
    return ELSEWHERE + package.with_address(runner.SETUP.read_text("utf-8"), "")


def bare(code, folder, **environment):
    """Run code in a Python that knows nothing of the course."""
    everything = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    everything.pop("PYTHONPATH", None)
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=everything,
                          capture_output=True, text=True)


def check_ours(ran, folder):
    """The helpers that were imported are those in `folder`."""
    assert ran.stdout.splitlines()[-1:] == [f"OURS {folder}"], ran.stderr


def copy_of_the_course(folder):
    """The helpers alone in a folder, which is what the set-up cell looks for."""
    (folder / "helpers").mkdir(parents=True)
    for name in ("__init__.py", "course.py"):
        content = (course.ROOT / "helpers" / name).read_bytes()
        (folder / "helpers" / name).write_bytes(content)
    return folder


def test_the_setup_cell_is_plain():
    """A title that Colab shows, few lines, and one statement on each."""
    text = runner.SETUP.read_text("utf-8")
    lines = text.splitlines()
    assert lines[0].startswith("# @title ")
    assert len(lines) <= 28 and max(map(len, lines)) <= 100
    statements = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    assert len({node.lineno for node in statements}) == len(statements)


@pytest.mark.slow
def test_the_setup_cell_finds_the_course_from_below(cell, tmp_path):
    below = copy_of_the_course(tmp_path / "here") / "notebooks" / "deep"
    below.mkdir(parents=True)
    ran = bare(cell + OURS, below)
    check_ours(ran, tmp_path / "here")
    assert not ran.stderr
    line = r"Python 3\.\d+\.\d+ · torch [\d.]+\S* · torchtext 0\.6\.0 · pandas"
    assert re.match(line, ran.stdout)


@pytest.mark.slow
def test_the_setup_cell_finds_the_course_of_its_environment(tmp_path):
    own = f"import sys\nsys.prefix = {str(course.ROOT / '.venv')!r}\n"
    ran = bare(own + runner.SETUP.read_text("utf-8") + OURS, tmp_path)
    check_ours(ran, course.ROOT)


@pytest.mark.slow
def test_the_setup_cell_puts_our_helpers_before_others(cell, tmp_path):
    copy_of_the_course(tmp_path / "here")
    other = tmp_path / "other" / "helpers"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("OTHER = True\n")
    (other / "course.py").write_text("OTHER = True\n")
    before = (f"import sys\nsys.path.insert(0, {str(other.parent)!r})\n"
              "import helpers.course\nassert helpers.OTHER\n")
    again = "\nfirst = course\n" + cell + OURS + "\nassert course is first"
    ran = bare(before + cell + OURS + again, tmp_path / "here")  # a second run changes nothing
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(f"OURS {tmp_path / 'here'}") == 2


@pytest.fixture
def public(tmp_path):
    """A course at github.com/ada/dots, as far as git can tell: the environment that makes it so."""
    folder = copy_of_the_course(tmp_path / "public")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(folder)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "course"]):
        subprocess.run(git + command, check=True)
    return {"GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{folder}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/ada/dots"}


@pytest.mark.slow
def test_colab_gets_the_course_from_its_address(cell, tmp_path, public):
    content = tmp_path / "content"
    content.mkdir()
    code = FAKE_COLAB + package.with_address(cell, "ada/dots") + OURS
    check_ours(bare(code, content, **public), content / "seq2seq-attention")
    check_ours(bare(code, content), content / "seq2seq-attention")  # there: nothing is asked for


def test_elsewhere_than_in_colab_nothing_is_brought(cell, tmp_path, public):
    ran = bare(package.with_address(cell, "ada/dots"), tmp_path, **public)
    assert "The course isn't here" in ran.stderr
    assert not (tmp_path / "seq2seq-attention").exists()


def test_an_address_that_does_not_answer_ends_in_the_one_clear_error(cell, tmp_path):
    broken = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/none.insteadOf",
              "GIT_CONFIG_VALUE_0": "https://github.com/ada/dots"}
    ran = bare(FAKE_COLAB + package.with_address(cell, "ada/dots"), tmp_path, **broken)
    assert "FileNotFoundError: The course isn't here" in ran.stderr


@pytest.mark.slow
def test_colab_without_an_address_asks_for_the_zip_and_takes_it(cell, tmp_path):
    ran = bare(FAKE_COLAB + cell, tmp_path)
    assert ("FileNotFoundError: The course isn't here: put course.zip (from `make zip`) "
            "beside this notebook and run this again.") in ran.stderr
    package.pack(course.ROOT, tmp_path)
    ran = bare(FAKE_COLAB + cell + OURS, tmp_path)
    check_ours(ran, tmp_path / "seq2seq-attention")


# What course.py installs, and says.

@pytest.mark.parametrize("missing, asked", [
    ([], []),
    (["sacrebleu"], [["sacrebleu"]]),
    (["torch", "pandas"], []),
    (["torchtext", "sacrebleu"], [["sacrebleu", "six"], ["--no-deps", "torchtext==0.6.0"]])])
def test_colab_installs_only_what_is_missing(missing, asked, monkeypatch):
    calls = []

    def pip(command, **options):
        calls.append(command[6:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(course, "found", lambda name: None if name == "six" else "9")
    monkeypatch.setattr(course.subprocess, "run", pip)
    course.install(missing)
    assert calls == asked


def test_an_install_that_fails_is_said(monkeypatch):
    def pip(command, **options):
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(course.subprocess, "run", pip)
    with pytest.raises(RuntimeError, match="pip could not install sacrebleu"):
        course.install(["sacrebleu"])


def test_check_says_what_is_needed_and_found():
    table = course.check().set_index("what")
    assert list(table) == ["needed", "found", "ok"]
    assert (table.ok[:-1] == "yes").all()


@pytest.mark.parametrize("name, version, good", [
    ("torch", "2.6.0", True), ("torch", "2.13.0+cpu", True), ("torch", "2.5.1", False),
    ("pandas", None, False), ("torchtext", "0.6.0", True), ("torchtext", "0.18.0", False)])
def test_versions_are_compared_as_numbers(name, version, good, monkeypatch):
    monkeypatch.setattr(course, "found", lambda name: version)
    assert course.good(name) == good


# Tables and promises.

def test_a_table_is_kept_and_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "BUILD", tmp_path)
    table = pd.DataFrame({"rule": ["fixed"], "bleu": [1.5]})
    assert files.keep_table(table, "bleu") is table
    assert (tmp_path / "tables/bleu.csv").read_text() == "rule,bleu\nfixed,1.5\n"
    kept = sorted(path.name for path in (tmp_path / "tables").iterdir())
    assert kept == ["bleu.csv", "bleu.csv.sha256"]
    with pytest.raises(ValueError, match="'a/b.csv'"):
        files.keep_table(table, "a/b.csv")


def test_a_promise_that_is_not_drawn_says_so(capsys):
    lessons.promise("99")
    assert "The picture of notebook 99 is not drawn yet" in capsys.readouterr().out


def test_every_version_is_fixed_once():
    """What is used stands in requirements.txt, all that it brings along in constraints.txt."""
    fixed = []
    for name in ("requirements.txt", "constraints.txt"):
        for line in (course.ROOT / name).read_text("utf-8").splitlines():
            line = line.partition("#")[0].strip()
            if line and not line.startswith("-c "):
                package, _, version = line.partition("==")
                assert version, f"{name}: {package} has no exact version"
                fixed.append(package.lower().replace("_", "-"))
    assert len(fixed) == len(set(fixed))
    assert {"torch", "numpy", "nbconvert"} <= set(fixed)


# The library of products.

LARGE = torch.nn.Linear(1000, course.LARGE // 1000 // 10)  # for batches of 10


def test_products_are_precise_and_the_precision_is_put_back():
    numbers = torch.Generator().manual_seed(1)
    left = torch.rand(300, 256, generator=numbers)
    right = torch.rand(256, 300, generator=numbers)
    exact = left.double() @ right.double()
    before = torch.get_float32_matmul_precision()
    with course.quick_products(LARGE, 10):
        product = left @ right
    assert ((product - exact).abs() / exact).max() < 1e-5
    with pytest.raises(RuntimeError), course.quick_products(LARGE, 10):
        raise RuntimeError
    assert torch.get_float32_matmul_precision() == before


@pytest.mark.parametrize(("rows", "is_precise", "kind", "expected"), [
    (10, True, "cpu", "medium"), (9, True, "cpu", "highest"),
    (10, False, "cpu", "highest"), (10, True, "cuda", "highest")])
def test_less_precision_is_allowed_where_none_is_lost_by_it(rows, is_precise, kind, expected,
                                                            monkeypatch):
    monkeypatch.setattr(course, "medium_is_precise", lambda: is_precise)
    monkeypatch.setattr(course, "device", lambda: torch.device(kind))
    with course.quick_products(LARGE, rows):
        assert torch.get_float32_matmul_precision() == expected


@pytest.fixture
def asked(monkeypatch):
    """For which models and rows the library of products is chosen."""
    questions = []

    def noted(model, rows):
        questions.append((model, rows))
        return contextlib.nullcontext()

    monkeypatch.setattr(course, "quick_products", noted)
    return questions


@pytest.mark.parametrize(("translate", "sentences", "rows"), [
    (translation.translate, 1, 1), (translation.translate, 3, 3),
    (partial(beam.translate, beam=2), 3, 6)])
def test_the_library_is_chosen_by_the_rows_of_a_step(translate, sentences, rows, toy, asked):
    model = training.build(toy, small())
    translate(model, [pair.source for pair in toy.test[:sentences]])
    assert asked == [(model, rows)]


def test_a_stream_of_few_sentences_has_few_rows(toy, asked):
    model = training.build(toy, small())
    list(translation.stream(model, [pair.source for pair in toy.test[:3]]))
    ((_, rows),) = asked  # for the copy of the model that a stream works with
    assert rows == 3
