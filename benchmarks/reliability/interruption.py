"""A training is killed, stopped, run twice, and run beside another one."""
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.reliability import Row, victim
from helpers import checkpoints, course

FAULTS = {signal.SIGKILL: "A training is killed",
          signal.SIGINT: "A training is stopped by Ctrl-C, or Stop in a notebook"}


class Ended(NamedTuple):
    """How a victim ended."""
    killed: bool
    fingerprint: str      # "" where it did not come to its end
    valid_loss: float
    seconds: float        # from the line that training starts
    errors: str           # what it wrote to the error stream


def start(build: Path, threads: int = 1) -> subprocess.Popen:
    """Start a victim that keeps its models in `build`; comes back when its training starts."""
    environment = os.environ | {"COURSE_BUILD": str(build), "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.reliability.victim",
                                str(threads)], cwd=course.ROOT, env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == victim.STARTS:
            return process
    raise RuntimeError(f"the victim did not start: {process.communicate()[1]}")


def end(process: subprocess.Popen, after: float | None = None,
        how: int = signal.SIGKILL) -> Ended:
    """Wait for the end of a victim, or send it a signal `after` so many seconds."""
    begin = time.perf_counter()
    killed = False
    try:
        output, errors = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        killed = True
        process.send_signal(how)
        output, errors = process.communicate()
    seconds = time.perf_counter() - begin
    if process.returncode != 0:
        return Ended(killed, "", float("nan"), seconds, errors)
    fingerprint, loss = output.split()[-2:]
    return Ended(killed, fingerprint, float(loss), seconds, errors)


def whole_run() -> Ended:
    """What a training comes to that nobody disturbs."""
    with tempfile.TemporaryDirectory() as build:
        return end(start(Path(build)))


def killed(how: int, times: int, seed: int = 1) -> Row:
    """Kill trainings at so many random moments, start each again, and look at what it ends with."""
    name = signal.Signals(how).name
    lot = random.Random(f"{name} {seed}")
    undisturbed = whole_run()
    done = 0
    lost = 0
    complete = 0
    while done < times or complete == 0:
        with tempfile.TemporaryDirectory() as folder:
            build = Path(folder)
            while True:
                # Most moments lie within what is left, some after the end.
                moment = lot.uniform(0, 0.7 * undisturbed.seconds) if done < times else None
                ended = end(start(build), moment, how)
                if ended.killed:
                    done += 1
                    lost += not is_whole(build)
                    if how == signal.SIGINT and not ended.fingerprint:
                        lost += "KeyboardInterrupt" not in ended.errors
                if ended.fingerprint:
                    lost += ended.fingerprint != undisturbed.fingerprint
                    complete += 1
                    break
    return Row(f"{FAULTS[how]} ({name})",
               "a real training in a process of its own, ended at a random moment and started "
               "again until it comes to its end: the kept state is whole each time, the final "
               "weights and losses are those of a training that nobody disturbed, bit for bit",
               done, lost, f"{complete} trainings came to their end")


def is_whole(build: Path) -> bool:
    """Can everything be read that a killed training has left under its final name?"""
    for path in (build / "models").glob("*"):
        if path.suffix in (".pt", ".progress"):
            try:
                checkpoints.read(path)
            except ValueError:
                return False
    return True


def same_numbers(times: int) -> Row:
    """The same training in other processes; with another number of threads it is measured."""
    first = whole_run()
    lost = 0
    for _ in range(times):
        lost += whole_run().fingerprint != first.fingerprint
    with tempfile.TemporaryDirectory() as build:
        two_threads = end(start(Path(build), threads=2))
    difference = abs(two_threads.valid_loss - first.valid_loss)
    return Row("The same training again, in another process",
               "same seed, machine and number of threads: all weights and losses equal to the last "
               "bit", times, lost,
               "with two threads in place of one the last validation loss "
               + (f"differs by {difference:.1e} nats" if difference else "is the same"))


def together(times: int) -> Row:
    """Two processes train the same model at once, in the same folder."""
    undisturbed = whole_run()
    lost = 0
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            build = Path(folder)
            pair = [start(build), start(build)]
            both = [end(process) for process in pair]
            left = [path.suffix for path in (build / "models").iterdir()]
            good = left == [".pt"] and is_whole(build)
            for ended in both:
                good = good and ended.fingerprint == undisturbed.fingerprint
            lost += not good
    return Row("Two notebooks train the same model at once",
               "two processes, one folder: both end without an error, one whole checkpoint is "
               "left, with the weights of a single training", times, lost)
