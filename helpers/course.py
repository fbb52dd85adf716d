"""Where things are, what to compute on, seeds, and the set-up that every notebook begins with.

The set-up cell of a notebook (its text is notebooks/setup.py) runs this file by its path and calls
`setup`.
"""
import contextlib
import importlib
import os
import platform
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pandas as pd
import torch

# Places.

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
BUILD = Path(os.environ.get("COURSE_BUILD") or ROOT / "build").resolve()  # what running makes
PICTURES = ROOT / "notebooks" / "pictures"  # the picture that each notebook promises at its top


# Device, library and seed.

LARGE = 150_000_000  # multiplications in a step


def device() -> torch.device:
    """The best device here: CUDA, then Apple's MPS, then the CPU (tested on)."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def quick_products(model: torch.nn.Module,
                   rows: int) -> contextlib.AbstractContextManager[None]:
    """Within, the matrix products of `model` come from the library that is quicker for them.

    On the CPU torch takes float32 products from MKL; oneDNN has them only where less precision
    would do ("medium"). But on an AMD processor with AVX-512 (Zen 5) oneDNN multiplies large
    matrices in half the time, and as precisely. A new shape costs it half a millisecond, so small
    models are better off with MKL, and few `rows`: the sentences that take a step at once.
    """
    numbers = sum(weights.numel() for weights in model.parameters())
    is_large = rows * numbers >= LARGE  # about one multiplication per number and row
    return onednn_products() if is_large else contextlib.nullcontext()


def onednn_products() -> contextlib.AbstractContextManager[None]:
    """Within, oneDNN multiplies on the CPU, unless precision would be lost by it.

    For products that are large themselves, whatever the model: see helpers/fast.py.
    """
    if device().type == "cpu" and medium_is_precise():
        return medium_precision()
    return contextlib.nullcontext()


@contextlib.contextmanager
def medium_precision() -> Iterator[None]:
    """Within, torch may compute float32 products with less precision; then as it was before."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@cache
def medium_is_precise() -> bool:
    """Has "medium" the precision of float32 here? A processor with AMX rounds to bfloat16."""
    numbers = torch.Generator().manual_seed(0)
    left = torch.rand(256, 256, generator=numbers)
    right = torch.rand(256, 256, generator=numbers)
    exact = left.double() @ right.double()
    with medium_precision():
        product = left @ right
    error = (product - exact).abs() / exact
    return error.max().item() < 1e-5  # bfloat16: above 1e-4


def seed(number: int) -> None:
    """Make what follows repeatable: Python's and torch's random numbers start from `number`."""
    random.seed(number)
    torch.manual_seed(number)


# The packages that the course needs.

NEEDED = {  # the lowest version that will do; of torchtext exactly this one
    "Python": "3.11",
    "torch": "2.6",
    "torchtext": "0.6.0",
    "sacrebleu": "2.0",
    "numpy": "2.0",
    "pandas": "2.2",
    "matplotlib": "3.10",
    "seaborn": "0.13",
    "tqdm": "4.60",
}
TORCHTEXT_NEEDS = ("tqdm", "requests", "six", "sentencepiece")  # besides torch and numpy


def found(name: str) -> str | None:
    """The version of a package that is installed here, or of Python; None where it is not."""
    if name == "Python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def version_numbers(version: str) -> list[int]:
    """The first three numbers of a version: "2.13.0+cpu" → [2, 13, 0]."""
    numbers = re.findall(r"\d+", version)
    return [int(number) for number in numbers[:3]]


def good(name: str) -> bool:
    """Is the package here, in a version that the course runs on?"""
    version = found(name)
    if version is None:
        return False
    here = version_numbers(version)
    needed = version_numbers(NEEDED[name])
    if name == "torchtext":
        return here == needed
    return here >= needed


def versions() -> str:
    """One line: what this notebook runs on."""
    parts = []
    for name in ("Python", "torch", "torchtext", "pandas", "matplotlib"):
        parts.append(f"{name} {found(name) or 'missing'}")
    parts.append(f"device {device()}")
    return " · ".join(parts)


def yes_or_no(fact: bool) -> str:
    return "yes" if fact else "no"


def check() -> pd.DataFrame:
    """A table: what the course needs, what was found here, and whether that will do."""
    rows = []
    for name, version in NEEDED.items():
        relation = "exactly" if name == "torchtext" else "at least"
        rows.append({"what": name, "needed": f"{relation} {version}",
                     "found": found(name) or "missing", "ok": yes_or_no(good(name))})
    here = (DATA / "phrasebook" / "train.tsv").exists()
    rows.append({"what": "phrasebook", "needed": "in data/phrasebook/",
                 "found": "there" if here else "missing", "ok": yes_or_no(here)})
    return pd.DataFrame(rows)


# The set-up.

def setup() -> None:
    """What the set-up cell leaves to the course: our `helpers` first, what is missing, one line."""
    put_our_helpers_first()
    missing = [name for name in NEEDED if not good(name)]
    if missing and "google.colab" in sys.modules:
        install(missing)
        missing = [name for name in missing if not good(name)]
    if missing:
        print(f"Missing or too old here: {', '.join(missing)}. "
              "In the course's folder: pip install -r requirements.txt")
    pd.set_option("display.max_colwidth", None)  # tables show whole sentences
    print(versions())


def put_our_helpers_first() -> None:
    """Make `import helpers` mean this course, even after another package of that name."""
    others = [entry for entry in sys.path if entry != str(ROOT)]
    sys.path[:] = [str(ROOT), *others]
    imported = sys.modules.get("helpers")
    place = getattr(imported, "__file__", None) or ""
    if Path(place).resolve().parent != ROOT / "helpers":
        for name in list(sys.modules):
            if name == "helpers" or name.startswith("helpers."):
                del sys.modules[name]
    importlib.invalidate_caches()


def install(missing: list[str]) -> None:
    """On Colab: bring torchtext and sacrebleu, and nothing that is there already.

    torch, numpy and pandas are never touched, so nothing has to be restarted.
    """
    small = []
    if "sacrebleu" in missing:
        small.append("sacrebleu")
    if "torchtext" in missing:
        small += [name for name in TORCHTEXT_NEEDS if not found(name)]
    if small:
        pip_install(*small)
    if "torchtext" in missing:
        pip_install("--no-deps", f"torchtext=={NEEDED['torchtext']}")
    importlib.invalidate_caches()


def pip_install(*wanted: str) -> None:
    """Run pip in this Python; an error says what could not be installed."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    ran = subprocess.run([*command, *wanted], check=False)
    if ran.returncode != 0:
        raise RuntimeError(f"pip could not install {wanted[-1]}: is there a network? "
                           "Run this cell again.")
