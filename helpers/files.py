"""Whole files or none, and the same bytes as were written: what the course keeps on disk."""
import base64
import hashlib
import os
import re
import secrets
from pathlib import Path

import pandas as pd

from helpers import course

# Whole or not at all.

def write(path: str | Path, content: str | bytes) -> Path:
    """Write a text (as UTF-8) or bytes to `path`; its folder is made where it is missing.

    The content goes into a file beside it first, which then takes the name: a reader sees all of it
    or the old file, whatever happens meanwhile. Where there is no room, or no right to write, an
    OSError says so, and the old file is as it was.
    """
    path = Path(path)
    if isinstance(content, str):
        content = content.encode("utf-8")
    # The name is drawn by lot: two processes, even on two machines, never share a half file.
    half = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_to_disk(half, content)
        half.replace(path)
    except OSError as error:
        kilobytes = max(1, len(content) // 1000)
        raise OSError(error.errno, f"{path} could not be written ({error.strerror or error}), what "
                      f"was there is unchanged: {kilobytes:,} kB are needed; free them, or set "
                      "COURSE_BUILD to a folder with more room") from error
    finally:
        remove(half)  # only after an error is there still something to take away
    return path


def write_to_disk(path: Path, content: bytes) -> None:
    """Write a file and wait for the disk: after a power cut, what has its name has its content."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def remove(path: Path) -> None:
    """Take a file away, if it is there."""
    if path.exists():  # asked first: on a read-only disk even a vain attempt is an error
        path.unlink(missing_ok=True)


# The same bytes as were written.

SEAL = re.compile(rb"sha256 ([0-9a-f]{64})\n")
SEAL_LENGTH = len("sha256 ") + 64 + len("\n")


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal: 64 letters that no damage leaves the same."""
    return hashlib.sha256(content).hexdigest()


def sealed(content: bytes) -> bytes:
    """The content behind a first line that has its SHA-256."""
    return f"sha256 {sha256(content)}\n".encode() + content


def unsealed(content: bytes) -> bytes:
    """What `sealed` was given; a ValueError where one bit of it is another than it was."""
    seal = SEAL.fullmatch(content[:SEAL_LENGTH])
    content = content[SEAL_LENGTH:]
    if seal is None or seal[1].decode() != sha256(content):
        raise ValueError("its content is not what its first line says (SHA-256)")
    return content


# Files that others read, too, have their checksum in a file beside them, as sha256sum writes it.

def checksums(path: Path) -> dict[str, str]:
    """A file as `sha256sum` writes it → the name of each file and its SHA-256."""
    sums = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        checksum, name = line.split()
        sums[name] = checksum
    return sums


def checksum_path(path: Path) -> Path:
    """Where the checksum of a file stands: train.tsv.sha256 beside train.tsv."""
    return path.with_name(f"{path.name}.sha256")


def write_checked(path: str | Path, content: str | bytes) -> Path:
    """`write`, and beside it the checksum that `checked` looks at.

    The old checksum goes first: at no moment does one stand beside a file that it does not fit.
    """
    path = Path(path)
    if isinstance(content, str):
        content = content.encode("utf-8")
    remove(checksum_path(path))
    write(path, content)
    write(checksum_path(path), f"{sha256(content)}  {path.name}\n")
    return path


def checked(path: str | Path, remedy: str = "make it anew") -> bytes:
    """The content of a file; a ValueError where it is not what the checksum beside it says.

    A file without one is taken as it is. `remedy`: what to do about a damaged one, in words.
    """
    path = Path(path)
    content = path.read_bytes()
    beside = checksum_path(path)
    if beside.exists() and sha256(content) != read_checksum(beside, path.name):
        raise ValueError(f"{path} is damaged, it is not what {beside.name} says (SHA-256): "
                         f"{remedy}; if you changed it on purpose, delete {beside.name}")
    return content


def read_checksum(beside: Path, name: str) -> str | None:
    """The checksum of the file `name`; None where the list of checksums is itself damaged."""
    try:
        return checksums(beside).get(name)
    except ValueError:
        return None


# Tables and pictures.

def keep_table(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Keep a table of results as build/tables/<name>.csv, and give it back to be shown."""
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(f"table {name!r}: the name may hold letters, digits, _ and - only, "
                         "without .csv or a folder")
    has_named_rows = table.index.name is not None
    write_checked(course.BUILD / "tables" / f"{name}.csv", table.to_csv(index=has_named_rows))
    return table


def image_bundle(png: bytes, alt: str) -> tuple[dict, dict]:
    """A PNG picture and what it shows in words, as the (data, metadata) that Jupyter takes."""
    data = {"image/png": base64.b64encode(png).decode(), "text/plain": alt}
    metadata = {"image/png": {"alt": alt}}
    return data, metadata
