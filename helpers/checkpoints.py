"""Checkpoints: what a training leaves on disk, whole and checked, finished or under way."""
import ast
import hashlib
import io
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from helpers import course, distributed, files
from helpers.model import Seq2Seq

# The code that decides the weights: after a change in it, a model is trained anew.
PROTOCOL_FILES = [Path(__file__).with_name(name)
                  for name in ("text.py", "attention.py", "model.py", "fast.py", "training.py")]
# Functions of these files that check, name, keep or fetch, but decide no weights.
DECIDE_NOTHING = {"check_text", "check_pair", "check_settings", "checkpoint_path", "trained",
                  "vocabulary"}


def protocol_version() -> str:
    """A short name of the training protocol: that of its code (not its words), and of torch."""
    digest = hashlib.sha256(torch.__version__.encode())
    for path in PROTOCOL_FILES:
        digest.update(code_of(path).encode())
    return digest.hexdigest()[:16]


def code_of(path: Path) -> str:
    """The code of a file without comments and docstrings, and without what only keeps weights."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    module.body = [node for node in module.body
                   if getattr(node, "name", None) not in DECIDE_NOTHING]
    for node in ast.walk(module):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        if ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(module)


# Any state on disk.

def write(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values to `path`, behind their checksum: whole or not at all."""
    content = io.BytesIO()
    torch.save(state, content)
    files.write(path, files.sealed(content.getvalue()))


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote. No code in the file is run; a ValueError where it is damaged."""
    try:
        content = files.unsealed(path.read_bytes())
        return torch.load(io.BytesIO(content), map_location=course.device(), weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise unusable(path, error) from error


def unusable(path: Path, error: Exception) -> ValueError:
    """The one thing to say of a checkpoint that cannot be used, and what to do."""
    return ValueError(f"{path} is damaged or belongs to another model ({error}): delete it, and it "
                      "will be trained again")


# A finished model.

def save(model: Seq2Seq, history: pd.DataFrame, path: str | Path) -> None:
    """Write weights and history to `path`: whole or not at all, never over another checkpoint."""
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists already: delete it or choose another name, "
                              "nothing was written")
    write(path, {"weights": model.state_dict(), "history": history.to_dict("list")})


def load(model: Seq2Seq, path: str | Path) -> pd.DataFrame:
    """Read the weights that `save` wrote into `model`; returns the history."""
    path = Path(path)
    saved = read(path)
    try:
        model.to(course.device()).load_state_dict(saved["weights"])
        history = pd.DataFrame(saved["history"])
    except (KeyError, RuntimeError) as error:
        first_line = str(error).splitlines()[0]
        raise unusable(path, ValueError(first_line)) from error
    model.eval()
    return history


# A training under way.

class Progress:
    """The file of a training under way: written now and then, so that a kill costs a few seconds.

    Writing takes at most a hundredth of the time: after a large state the pause is longer. Where
    several processes train together all of them read it, and the first one writes it.
    """
    SHORTEST_PAUSE = 2.0  # seconds
    SHARE = 0.01

    def __init__(self, path: Path | None) -> None:
        """Without a path nothing is kept."""
        self.path = path
        self.next_time = time.perf_counter() + self.SHORTEST_PAUSE

    def read(self) -> dict[str, Any] | None:
        """The newest state; None where there is none."""
        if self.path is None or not self.path.exists():
            return None
        return read(self.path)

    def is_due(self) -> bool:
        """Is it time to write again?"""
        is_kept_here = self.path is not None and distributed.is_first()
        return is_kept_here and time.perf_counter() >= self.next_time

    def write(self, state: dict[str, Any]) -> None:
        """Write the state in place of the one before."""
        if self.path is None or not distributed.is_first():
            return
        start = time.perf_counter()
        write(self.path, state)
        end = time.perf_counter()
        self.next_time = end + max(self.SHORTEST_PAUSE, (end - start) / self.SHARE)
