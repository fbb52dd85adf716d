"""Where things are, which device to use, seeds, versions: what every notebook needs and no other helper should know.

The set-up cell of a notebook (its text is notebooks/setup.py) runs this file by its path and calls `setup`.
"""
import base64
import importlib
import os
import platform
import random
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pandas as pd
import torch

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
BUILD = Path(os.environ.get("COURSE_BUILD") or ROOT / "build").resolve()  # models/, tables/, notebooks/, site/
PICTURES = ROOT / "notebooks" / "pictures"  # the picture that each notebook promises at its top, committed

NEEDED = {"Python": "3.11", "torch": "2.6", "torchtext": "0.6.0", "sacrebleu": "2.0", "numpy": "2.0", "pandas": "2.2",
          "matplotlib": "3.10", "seaborn": "0.13", "tqdm": "4.60"}  # the lowest version that will do; torchtext exactly


def device():
    """The best device here: CUDA, then Apple's MPS, then the CPU (which is what the course is tested on)."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def seed(number):
    """Make what follows repeatable: Python's and torch's random numbers start from `number`."""
    random.seed(number)
    torch.manual_seed(number)


def found(name):
    """The version of a package that is installed here (or of Python itself), None where there is none."""
    if name == "Python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def good(name):
    """Is the package here, in a version that the course runs on?"""
    here, needed = ([int(part) for part in re.findall(r"\d+", text or "")[:3]] for text in (found(name), NEEDED[name]))
    return here == needed if name == "torchtext" else here >= needed


def versions():
    """One line: what this notebook runs on."""
    names = ["Python", "torch", "torchtext", "pandas", "matplotlib"]
    return " · ".join([f"{name} {found(name) or 'missing'}" for name in names] + [f"device {device()}"])


def check():
    """A table for notebook 00: what the course needs, what was found here, and whether that will do."""
    rows = [(name, ("exactly " if name == "torchtext" else "at least ") + NEEDED[name], found(name) or "missing",
             "yes" if good(name) else "no") for name in NEEDED]
    here = (DATA / "phrasebook" / "train.tsv").exists()
    rows.append(("phrasebook", "in data/phrasebook/", "there" if here else "missing", "yes" if here else "no"))
    return pd.DataFrame(rows, columns=["what", "needed", "found", "ok"])


def setup():
    """What the set-up cell leaves to the course once it is found: our `helpers` first, what is missing, one line."""
    sys.path[:] = [str(ROOT), *(entry for entry in sys.path if entry != str(ROOT))]
    other = getattr(sys.modules.get("helpers"), "__file__", None) or ""
    if Path(other).resolve().parent != ROOT / "helpers":  # another package of this name was imported before: forget it
        for name in [name for name in sys.modules if name.split(".")[0] == "helpers"]:
            del sys.modules[name]
    importlib.invalidate_caches()
    missing = [name for name in NEEDED if not good(name)]
    if missing and "google.colab" in sys.modules:
        install(missing)
        missing = [name for name in missing if not good(name)]
    if missing:
        print(f"Missing or too old here: {', '.join(missing)}. In the course's folder: pip install -r requirements.txt")
    print(versions())


def install(missing):
    """On Colab: bring torchtext and sacrebleu, and nothing that is there already; torch, numpy, pandas never."""
    small = [name for name in ("sacrebleu",) if name in missing]
    if "torchtext" in missing:  # it asks for these, and for torch and numpy, which must stay as they are
        small += [name for name in ("tqdm", "requests", "six", "sentencepiece") if not found(name)]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for wanted in [small, ["--no-deps", "torchtext==" + NEEDED["torchtext"]] if "torchtext" in missing else []]:
        if wanted and subprocess.run(pip + wanted).returncode:
            raise RuntimeError(f"pip could not install {wanted[-1]}: is there a network? Run this cell again.")
    importlib.invalidate_caches()


def write(path, content):
    """Write a text or bytes whole or not at all: a reader of `path` never sees half a file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    half.write_bytes(content if isinstance(content, bytes) else content.encode())
    half.replace(path)
    return path


def table(frame, name):
    """Keep a table of results as build/tables/<name>.csv, and give it back to be shown."""
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(f"table {name!r}: the name may hold letters, digits, _ and - only, without .csv or a folder")
    write(BUILD / "tables" / f"{name}.csv", frame.to_csv(index=frame.index.name is not None))
    return frame


def image(png, alt):
    """A picture and what it shows in words, as (data, metadata) for Jupyter."""
    return {"image/png": base64.b64encode(png).decode(), "text/plain": alt}, {"image/png": {"alt": alt}}


def promised(number, folder=PICTURES):
    """The picture that notebook `number` promises, as (data, metadata) for Jupyter; None where it isn't drawn yet."""
    path = folder / f"{number}.png"
    if not path.exists():
        return None
    from PIL import Image

    with Image.open(path) as picture:
        return image(path.read_bytes(), picture.text.get("Description", f"The picture of notebook {number}"))


def promise(number):
    """Show the picture that notebook `number`, such as "03", will have drawn by its end."""
    from IPython.display import display

    bundle = promised(number)
    if bundle:
        display(bundle[0], metadata=bundle[1], raw=True)
    else:
        print(f"The picture of notebook {number} is not drawn yet: `make refresh` puts it here.")


def lesson(number, **parameters):
    """Run notebook `number` in this kernel, quietly, for what it defines; `parameters` replace its own."""
    import nbformat
    from IPython import get_ipython
    from IPython.utils.capture import capture_output
    from tqdm import tqdm

    shell, (path,) = get_ipython(), (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    for cell in tqdm(nbformat.read(path, as_version=4).cells, f"notebook {number}", file=sys.stdout, leave=False):
        if cell.cell_type == "code":
            with capture_output():
                shell.run_cell(cell.source).raise_error()
        if "parameters" in cell.metadata.get("tags", []):
            shell.user_ns.update(parameters)


def exercise(answer, check, praise):
    """Check an exercise: nothing given yet, not right yet (with what is wrong), or right.

    `check` asserts what must hold; the first message is shown. A function not yet written raises NotImplementedError.
    """
    try:
        if answer is None:
            raise NotImplementedError
        check(answer)
    except NotImplementedError:
        print("not yet: write your answer into the cell above, run it, then run this one")
    except AssertionError as wrong:
        print(f"not quite: {wrong}")
    except Exception as error:
        print(f"not quite: {answer!r:.60} is not the kind of answer asked for ({type(error).__name__}: {error})")
    else:
        print(f"correct! {praise}")
