"""Whole files or none: what the course writes, and the form in which Jupyter takes a picture."""
import base64
import os
import re
from pathlib import Path

import pandas as pd

from helpers import course


def write(path: str | Path, content: str | bytes) -> Path:
    """Write a text (as UTF-8) or bytes to `path`; its folder is made where it is missing.

    The content goes into a file beside it first, which then takes the name: a reader sees all of it
    or the old file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    if isinstance(content, str):
        content = content.encode("utf-8")
    try:
        half.write_bytes(content)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)  # only after an error is there still something to take away
    return path


def keep_table(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Keep a table of results as build/tables/<name>.csv, and give it back to be shown."""
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(f"table {name!r}: the name may hold letters, digits, _ and - only, "
                         "without .csv or a folder")
    has_named_rows = table.index.name is not None
    write(course.BUILD / "tables" / f"{name}.csv", table.to_csv(index=has_named_rows))
    return table


def image_bundle(png: bytes, alt: str) -> tuple[dict, dict]:
    """A PNG picture and what it shows in words, as the (data, metadata) that Jupyter takes."""
    data = {"image/png": base64.b64encode(png).decode(), "text/plain": alt}
    metadata = {"image/png": {"alt": alt}}
    return data, metadata
