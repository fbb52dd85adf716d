"""What a run takes: the memory of the processes it starts, and a forecast of its time."""
import contextlib
import csv
import io
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread

import psutil

from helpers import corpus, files, training
from helpers.training import Settings

TIMES = Path(__file__).with_name("times.csv")  # a row per notebook: see `write_times`
STEP = "a step of training"  # the row of the machine itself
LOOK = 0.5  # seconds between two looks at the memory


# Memory.

class MemoryWatch:
    """The most memory that processes started by this one take together, while it watches.

    In a `with` statement; `megabytes` is the most that was seen, a look every LOOK seconds.
    """

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.megabytes = max(self.megabytes, memory_of_children())
            if self._done.wait(LOOK):
                return


def memory_of_children() -> float:
    """Megabytes that stand in memory for all processes that this one has started."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it may just have ended
            total += process.memory_info().rss
    return total / 2**20


# Time.

def step_seconds(steps: int = 40) -> float:
    """Seconds that a step of training takes on this machine now, the mean of so many."""
    data = corpus.load("phrasebook")
    settings = Settings(epochs=1)
    model = training.build(data, settings)
    few = data._replace(train=data.train[:steps * settings.batch_size], valid=data.valid[:1])
    with contextlib.redirect_stdout(io.StringIO()):  # its bar
        history = training.fit(model, few, settings)
    return history["seconds"].sum() / steps


def write_times(seconds: dict[str, float], path: Path = TIMES) -> None:
    """Keep what each notebook took, and beside it the machine's own step, to forecast from."""
    lines = [f"{STEP},{step_seconds():.5f}"]
    for name, taken in seconds.items():
        lines.append(f"{name},{taken:.0f}")
    files.write(path, "\n".join(["what,seconds", *lines]) + "\n")


def forecast(names: Iterable[str], path: Path = TIMES) -> float:
    """Seconds that these notebooks will take here, where nothing was trained yet.

    What they took elsewhere, times how much longer a step of training takes on this machine; 0
    where none of them is known.
    """
    times = read_times(path)
    there = sum(times.get(name, 0) for name in names)
    if there == 0:
        return 0.0
    return there * step_seconds() / times[STEP]


def read_times(path: Path = TIMES) -> dict[str, float]:
    """Seconds by notebook, and those of STEP."""
    with open(path, encoding="utf-8", newline="") as file:
        return {row["what"]: float(row["seconds"]) for row in csv.DictReader(file)}
