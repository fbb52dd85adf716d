"""Many kernels on one read-only copy of the course, and many sentences for one model."""
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from benchmarks.reliability import Row
from helpers import course

READER = """
import runpy
runpy.run_path("helpers/course.py")["setup"]()
import torch
torch.set_num_threads(1)
from helpers import corpus, files, training, translation
import pandas as pd
data = corpus.load("phrasebook", pairs=64)
settings = training.Settings(hidden_size=16, embedding_size=16, epochs=1)
model, history = training.trained(data, settings)
words = translation.translate_one(model, "I love you").words
files.keep_table(pd.DataFrame({"words": words}), "said")
"""

STREAM = """
import resource
import sys
import torch
torch.set_num_threads(1)
from helpers import corpus, training, translation
data = corpus.load("phrasebook", pairs=500)
settings = training.Settings(hidden_size=16, embedding_size=16, epochs=1)
model = training.build(data, settings)
with torch.no_grad():
    model.decoder.output.bias[3] = 3.0  # it says <eos> soon
sentences = [pair.source for pair in data.test]

def coming(number):
    for place in range(number):
        yield sentences[place % len(sentences)]

for number in map(int, sys.argv[1:]):
    said = sum(1 for _ in translation.stream(model, coming(number)))
    assert said == number
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def surroundings(build: Path) -> dict[str, str]:
    """The environment of a process with one thread that keeps what it makes in `build`."""
    return os.environ | {"COURSE_BUILD": str(build), "OMP_NUM_THREADS": "1",
                         "PYTHONDONTWRITEBYTECODE": "1"}


def run(code: str, folder: Path, build: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run some code in a Python of its own, in `folder`."""
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder,
                          env=surroundings(build), check=False, capture_output=True, text=True)


def readers(number: int, at_once: int = 4) -> Row:
    """So many kernels are open on one copy of the course that nobody may write to."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "course"
        for part in ("helpers", "data"):
            shutil.copytree(course.ROOT / part, copy / part,
                            ignore=shutil.ignore_patterns("__pycache__", "multi30k"))
        before = state_of(copy)
        read_only = subprocess.run(["chmod", "-R", "a-w", str(copy)], check=False).returncode == 0

        kernels = []

        def read(place: int) -> bool:
            build = Path(folder) / f"build-{place}"
            manager, client = start_new_kernel(cwd=copy, env=surroundings(build),
                                               stderr=subprocess.DEVNULL)
            kernels.append((manager, client))  # it stays open, as those of a class do
            reply = client.execute_interactive(READER, output_hook=lambda message: None)
            is_ok = reply["content"]["status"] == "ok"
            return is_ok and (build / "tables" / "said.csv").exists()

        try:
            with ThreadPoolExecutor(at_once) as pool:
                good = sum(pool.map(read, range(number)))
        finally:
            for manager, client in kernels:
                client.stop_channels()
                manager.shutdown_kernel(now=True)
        unchanged = state_of(copy) == before
        subprocess.run(["chmod", "-R", "u+w", str(copy)], check=False)
    lost = number - good + (not unchanged) + (not read_only)
    return Row("Many kernels on one read-only copy of the course",
               "all open to the end, each with its own COURSE_BUILD, "
               f"{at_once} of them at work at once: the set-up, a training, a translation, a "
               "table; afterwards no file of the copy is new or changed",
               number, lost)


def state_of(folder: Path) -> dict[str, int]:
    """Every file of a folder, and when it was last changed."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def long_stream(number: int) -> Row:
    """Translate a tenth of so many sentences, then all of them: how much more memory is that?"""
    with tempfile.TemporaryDirectory() as build:
        ran = run(STREAM, course.ROOT, Path(build), str(number // 10), str(number))
    if ran.returncode != 0:
        raise RuntimeError(ran.stderr)
    few, many = [int(kilobytes) / 1000 for kilobytes in ran.stdout.split()]
    is_flat = many - few < 20
    return Row(f"{number:,} sentences to translate",
               "as a stream, words only: memory stays flat (20 MB more at most than for a tenth of "
               "them)", number, 0 if is_flat else number,
               f"at most {many:.0f} MB in all, {many - few:.0f} MB more than for "
               f"{number // 10:,}")
