"""The house is as its map says: what each file is for, what stands in it, and what imports what."""
import ast
import importlib
import re

import pytest

from helpers import course

HELPERS = course.ROOT / "helpers"
README = (HELPERS / "README.md").read_text(encoding="utf-8")
APART = {"course", "files", "downloads", "interrupts"}  # any file may import these


def rows_of_the_map():
    """file, clause, names, notebooks of every row."""
    return re.findall(r"^\| `([\w./]+)` \| (.+?) \| (.+?) \| (.+?) \|$", README, re.MULTILINE)


def module_name(file):
    """`figures/style.py` → helpers.figures.style, `figures/` → helpers.figures."""
    return "helpers." + file.removesuffix(".py").strip("/").replace("/", ".")


def test_every_file_has_its_row_and_every_row_its_file():
    written = {file for file, *_ in rows_of_the_map()}
    there = {path.name for path in HELPERS.glob("*.py")} - {"__init__.py"}
    there |= {"figures/"}
    figures = {f"figures/{path.name}" for path in (HELPERS / "figures").glob("*.py")}
    there |= figures - {"figures/__init__.py"}
    assert written == there


@pytest.mark.parametrize("file, clause, names, notebooks", rows_of_the_map())
def test_a_row_says_what_the_file_says(file, clause, names, notebooks):
    module = importlib.import_module(module_name(file))
    said = module.__doc__.splitlines()[0]
    assert module.__doc__.startswith(clause), f"{file} begins with {said!r}"
    for name in re.findall(r"`(\w+)`", names):
        assert hasattr(module, name), f"{file} has no {name}"
    for number in re.findall(r"\d\d", notebooks):
        assert list((course.ROOT / "notebooks").glob(f"{number}_*.ipynb"))


def imports_of(paths):
    """The parts of the house that these files import."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "helpers":
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers."):
                found.add(node.module.split(".")[1])
    return found


def real_imports():
    """part → the other parts that it imports; figures/ is one part."""
    parts = {path.stem: [path] for path in HELPERS.glob("*.py") if path.stem != "__init__"}
    parts["figures"] = sorted((HELPERS / "figures").glob("*.py"))
    return {part: imports_of(paths) - {part} for part, paths in parts.items()}


def test_the_picture_of_the_imports_is_true():
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", README, re.MULTILINE))
    real = set()
    for part, used in real_imports().items():
        real |= {(part, other) for other in used - APART}
    assert drawn == real


def test_imports_run_one_way():
    """Take away, again and again, what imports nothing that is left: of a cycle something stays."""
    left = real_imports()
    while left:
        free = [part for part, used in left.items() if not used & set(left)]
        assert free, f"a cycle among {sorted(left)}"
        for part in free:
            del left[part]


def test_only_text_knows_torchtext():
    users = []
    for path in (course.ROOT / "helpers").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if re.search(r"^\s*(import|from) torchtext", source, re.MULTILINE):
            users.append(path.name)
    assert users == ["text.py"]


def test_notebooks_know_one_door_for_pictures():
    """No notebook imports a module of helpers/figures, or another drawing library."""
    for path in (course.ROOT / "notebooks").rglob("[0-9][0-9]_*.ipynb"):
        source = path.read_text(encoding="utf-8")
        assert "helpers.figures." not in source, path.name
        assert "from helpers import charts" not in source, path.name
        assert not re.search(r"import (matplotlib|seaborn)", source), path.name
