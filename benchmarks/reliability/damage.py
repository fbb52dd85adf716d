"""Files are cut off, and bits of them are turned."""
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.reliability import Row, victim
from helpers import checkpoints, corpus, course, files, measured, pieces, training
from helpers import shipped as shipped_models


def damaged(content: bytes, places: int, seed: int = 1) -> Iterator[bytes]:
    """Copies of a file: cut at so many places, then with one bit turned at as many."""
    lot = random.Random(seed)
    for _ in range(places):
        yield content[:lot.randrange(len(content))]
    for _ in range(places):
        place = lot.randrange(len(content))
        turned = content[place] ^ (1 << lot.randrange(8))
        yield content[:place] + bytes([turned]) + content[place + 1:]


def is_refused(path: Path, read: Callable[[Path], Any]) -> bool:
    """Is the file refused with one clear error, which names it and says what to do?"""
    try:
        read(path)
    except ValueError as error:
        told = str(error)
        return path.name in told and any(word in told for word in ("delete", "restore", "anew"))
    return False


def lost_of(path: Path, whole: bytes, places: int, read: Callable[[Path], Any]) -> int:
    """How many damaged copies of `whole`, written to `path`, are not refused by `read`."""
    lost = 0
    for content in damaged(whole, places):
        path.write_bytes(content)
        if not is_refused(path, read):
            lost += 1
    return lost


def kinds(folder: Path) -> dict[str, tuple[Path, Callable[[Path], Any]]]:
    """One file of each kind that the course writes or fetches, and how it is read."""
    pairs = victim.data()
    model = training.build(pairs, victim.SETTINGS)
    run = training.Run(model, victim.SETTINGS, steps=10)
    history = pd.DataFrame({"epoch": [1], "valid_loss": [2.5]})
    checkpoints.save(model, history, folder / "model.pt")
    checkpoints.write(folder / "model.progress", run.state())
    files.write_checked(folder / "results.csv", history.to_csv())
    cutter = pieces.learn(pairs.train, 200)
    files.write_checked(folder / "some.pieces", cutter.model)
    for name in ("valid.tsv", "valid.tsv.sha256"):
        shutil.copy(corpus.PHRASEBOOK / name, folder / name)

    def load(path: Path) -> pd.DataFrame:
        return checkpoints.load(model, path)

    return {
        "a checkpoint": (folder / "model.pt", load),
        "the state of a training": (folder / "model.progress", checkpoints.read),
        "a table of results": (folder / "results.csv", files.checked),
        "a sub-word file": (folder / "some.pieces", pieces.load),
        "a phrasebook file": (folder / "valid.tsv", corpus.read_phrasebook),
    }


def damage(folder: Path, places: int) -> list[Row]:
    """Damage each kind of file in `folder`."""
    rows = []
    for name, (path, read) in kinds(folder).items():
        whole = path.read_bytes()
        read(path)  # an error here would spoil the count
        lost = lost_of(path, whole, places, read)
        rows.append(Row(f"Damage: {name}",
                        f"cut at {places} random places, one bit turned at {places} others: "
                        "refused, named, and what to do is said", 2 * places, lost))
    return rows


def shipped(folder: Path, places: int) -> list[Row]:
    """Damage copies of what comes with the course: models, and tables of measured models."""
    models = [shipped_models.weights_path(settings) for settings in shipped_models.SETTINGS]
    tables = [*measured.FOLDER.glob(f"*/{measured.MODELS}"),
              *measured.FOLDER.glob(f"*/{measured.SENTENCES}")]
    rows = []
    for path in models + tables:
        beside = files.checksum_path(path)
        shutil.copy(beside, folder / beside.name)
        copy = folder / path.name
        whole = path.read_bytes()
        lost = lost_of(copy, whole, places, files.checked)
        name = path.relative_to(course.DATA)
        rows.append(Row(f"Damage: data/{name}, which comes with the course",
                        f"cut at {places} random places, one bit turned at {places} others",
                        2 * places, lost))
    return rows


def fetched(folder: Path, places: int) -> list[Row]:
    """Damage a copy of a file of Multi30k; no row where MULTI30K_DIR names none."""
    home = os.environ.get("MULTI30K_DIR")
    if not home:
        return []
    name = "val.lc.norm.tok.de"
    copy = folder / "data/task1/tok" / name
    copy.parent.mkdir(parents=True)
    whole = (Path(home) / "data/task1/tok" / name).read_bytes()
    os.environ["MULTI30K_DIR"] = str(folder)
    try:
        lost = lost_of(copy, whole, places, lambda path: corpus.multi30k_file(path.name))
    finally:
        os.environ["MULTI30K_DIR"] = home
    return [Row("Damage: a file of Multi30k", f"cut at {places} random places, one bit turned at "
                f"{places} others: refused, named, and what to do is said", 2 * places, lost)]
