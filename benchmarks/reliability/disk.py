"""The disk is full, at any byte of what is to be written."""
import contextlib
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.reliability import Row, victim
from helpers import checkpoints, training

SIZE = 2_000_000  # bytes of the small disk


@contextlib.contextmanager
def small_disk() -> Iterator[Path | None]:
    """A disk of SIZE bytes in memory; None where this system, or this user, cannot have one."""
    with tempfile.TemporaryDirectory() as folder:
        options = f"size={SIZE}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        try:
            mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
        except OSError:
            mounted = False
        if not mounted:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def full_disk(times: int) -> Row | None:
    """Write the state of a training over an older one, with room for a random part of it."""
    lot = random.Random(1)
    pairs = victim.data()
    run = training.Run(training.build(pairs, victim.SETTINGS), victim.SETTINGS, steps=10)
    lost = 0
    with small_disk() as disk:
        if disk is None:
            return None
        path = disk / "models" / "model.progress"
        checkpoints.write(path, run.state())
        old = path.read_bytes()
        for _ in range(times):
            room = lot.randrange(len(old))
            fill(disk / "filler", room)
            lost += not fails_clearly(path, run.state())
            lost += path.read_bytes() != old
            lost += [file.name for file in path.parent.iterdir()] != [path.name]
            (disk / "filler").unlink()
        checkpoints.write(path, run.state())  # with room again it goes on
    return Row("The disk is full",
               "the state of a training is written over an older one on a small disk (tmpfs) with "
               "room for a random part of it: one clear error, the old file is whole, no half file "
               "is left", times, lost)


def fill(path: Path, room: int) -> None:
    """Fill the disk up with one file until only about `room` bytes are free."""
    usage = os.statvfs(path.parent)
    free = usage.f_bavail * usage.f_frsize
    path.write_bytes(bytes(max(0, free - room)))


def fails_clearly(path: Path, state: dict) -> bool:
    """Does writing fail with an error that names the file and says what to do?"""
    try:
        checkpoints.write(path, state)
    except OSError as error:
        told = str(error)
        return str(path) in told and "No space left" in told and "free them" in told
    return False
