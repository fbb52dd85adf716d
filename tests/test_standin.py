"""Only text.py touches torchtext: thirty lines in its place, and the course goes on.

The whole suite passes with them, too:  PYTHONPATH=tests/standin python -m pytest
"""
import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import course

HERE = Path(__file__).parent / "standin"
ASK = """
import hashlib, random
import torchtext
from helpers import corpus, text

def digest():
    data = corpus.load("phrasebook", 3000)
    found = hashlib.sha256()
    for count in (1, 3):
        vocabs = text.vocabularies(data.train, count)
        found.update(repr([vocabs.source.itos, vocabs.target.itos]).encode())
        examples = text.examples(data.valid, vocabs)
        for order in (None, random.Random(1)):
            for batch in text.batches(examples, 7, order):
                found.update(repr([part.tolist() for part in batch]).encode())
    return found.hexdigest()

print(digest(), torchtext.__file__)
"""


def answer(*paths):
    """What a Python says that finds packages in these folders first."""
    paths = [*map(str, paths), str(course.ROOT)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True,
                         env=environment)
    return ran.stdout.split()


@pytest.mark.slow
def test_with_thirty_lines_in_torchtext_s_place_all_numbers_stay():
    digest, path = answer()
    assert "standin" not in path
    assert answer(HERE) == [digest, str(HERE / "torchtext" / "__init__.py")]


def test_they_are_thirty_lines():
    lines = 0
    for path in HERE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        words = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        code = {node.lineno for node in ast.walk(tree) if hasattr(node, "lineno")}
        lines += len(code - words)
    assert 10 < lines <= 30
