"""Executes one notebook and leaves a clean file: what its reader sees, and nothing of the machine.

papermill runs it, nbconvert cleans up after it.
"""
import base64
import re
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient.exceptions import DeadKernelError
from nbconvert.preprocessors import ClearMetadataPreprocessor, CoalesceStreamsPreprocessor
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

from helpers import course, files

SETUP = course.ROOT / "notebooks" / "setup.py"  # the text of every set-up cell
SETUP_METADATA = {
    "tags": ["setup"],
    "cellView": "form",                   # collapsed in Colab,
    "jupyter": {"source_hidden": True},   # in JupyterLab,
    "slideshow": {"slide_type": "skip"},  # and not on the slides
}
KEPT = {"tags", "slideshow", "cellView", "jupyter"}  # of a code cell's metadata
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
WIDGET = "application/vnd.jupyter.widget-view+json"

# What no page should tell about the machine, and what it says instead. A path comes before those
# that it lies within.
PATHS = {
    str(course.BUILD / "refresh"): "build",
    str(course.BUILD): "build",
    str(course.ROOT / ".venv"): "python",
    str(course.ROOT): ".",
    sys.prefix: "python",
    sys.base_prefix: "python",
    str(Path.home()): "~",
    tempfile.gettempdir(): "tmp",
}


class Stopped(Exception):
    """What was asked for can't be done, or a notebook failed: the message says where and why."""


# The kernel, and the bar.

class ThisPython(AsyncKernelManager):
    """Starts kernels in the Python that runs this file, whatever the machine has registered."""

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


class Ticking(NBClientEngine):
    """Papermill's engine, with a bar whose clock goes on while a long cell runs."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str,
                                 **options: Any) -> NotebookNode:
        seconds = 1 if sys.stderr.isatty() else 60
        done = threading.Event()
        bar = nb_man.pbar

        def tick() -> None:
            while not done.wait(seconds):
                bar.refresh()

        threading.Thread(target=tick, daemon=True).start()
        try:
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            done.set()


papermill_engines.register("ticking", Ticking)


# Reading and executing.

def chosen(names: Iterable[str], home: Path) -> list[Path]:
    """The notebooks that `names` ask for, in the order of the series; all of them without names.

    A name is a number, such as 03, or a notebook's whole name; raises Stopped for any other.
    """
    every = sorted((home / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not every:
        raise Stopped(f"There is no notebook in {home / 'notebooks'}: "
                      "their names look like 03_the_bottleneck.ipynb.")
    wanted = {Path(name).stem for name in names}
    if not wanted:
        return every
    unknown = set(wanted)
    asked = []
    for path in every:
        both_names = {path.stem, path.stem[:2]}
        if wanted & both_names:
            asked.append(path)
        unknown -= both_names
    if unknown:
        there = ", ".join(path.stem for path in every)
        raise Stopped(f"There is no notebook {min(unknown)!r}. There are: {there}.")
    return asked


def read(path: Path, setup: Path = SETUP) -> NotebookNode:
    """A notebook from its file: every cell has an id, the set-up cell the text of `setup`."""
    try:
        nb = nbformat.read(path, as_version=4)
    except Exception as error:
        raise Stopped(f"{path} can't be read as a notebook ({error}): "
                      "mend it or bring an earlier one back.") from None
    nb.nbformat_minor = max(5, nb.nbformat_minor)
    for number, cell in enumerate(nb.cells, start=1):
        cell.setdefault("id", f"cell-{number}")
    return with_setup(nb, setup)


def with_setup(nb: NotebookNode, setup: Path = SETUP) -> NotebookNode:
    """The same notebook; its set-up cell has the text of `setup`, and is shown collapsed."""
    for cell in tagged(nb, "setup"):
        cell.source = setup.read_text("utf-8").strip()
        cell.metadata = nbformat.from_dict(SETUP_METADATA)
    return nb


def write(path: Path, nb: NotebookNode) -> Path:
    """Write a notebook, whole or not at all."""
    return files.write(path, nbformat.writes(nb) + "\n")


def execute(source: Path, copy: Path,
            parameters: dict[str, Any] | None = None) -> tuple[NotebookNode, list[str]]:
    """Execute the notebook `source` into the file `copy`, with `parameters` in place of its own.

    Gives the clean notebook, and what its cells wrote to the error stream. Raises Stopped where a
    cell fails; `copy` then holds what was executed.
    """
    copy = copy.resolve()
    nb = read(source)
    write(copy, nb)
    failure = ""
    try:
        failure = run(copy, source.parent, parameters)
    finally:  # what was executed is kept, even where somebody interrupts it
        executed = nbformat.read(copy, as_version=4)
        take_over(nb, executed)
        notes = clean(nb)
        write(copy, nb)
    if failure:
        number, first = last_executed(executed)
        raise Stopped(f"{source.stem} stopped in code cell {number}, which begins with\n"
                      f"    {first}\n{failure}\nWhat was executed is in {copy}")
    return nb, notes


def run(path: Path, folder: Path, parameters: dict[str, Any] | None) -> str:
    """Execute a notebook in place, as if it stood in `folder`; gives what went wrong, or ""."""
    bar = {"desc": f"{path.stem:<28}",
           "bar_format": "{desc} {bar:24} {n_fmt:>3} of {total_fmt} cells, {elapsed}"}
    try:
        papermill.execute_notebook(
            path, path, parameters, engine_name="ticking", kernel_name=KERNEL["name"],
            language="python", cwd=folder, progress_bar=bar, kernel_manager_class=ThisPython,
            extra_arguments=["--log-level=ERROR"])
    except papermill.PapermillExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        return "Python itself ended there, most often because the memory was full."
    return ""


def last_executed(executed: NotebookNode) -> tuple[int, str]:
    """The number, among the code cells, of the last one that papermill ran, and its first line."""
    began = [cell for cell in codes(executed) if cell.metadata.papermill.start_time]
    lines = began[-1].source.strip().splitlines()
    return len(began), lines[0] if lines else ""


def take_over(nb: NotebookNode, executed: NotebookNode) -> None:
    """Give a notebook the outputs of its executed copy, and nothing else that papermill added."""
    ran = {cell.id: cell for cell in codes(executed)}
    for cell in codes(nb):
        cell.outputs = ran[cell.id].outputs
        cell.execution_count = ran[cell.id].execution_count


# Cleaning.

def clean(nb: NotebookNode) -> list[str]:
    """Take out of an executed notebook what its reader has no use for.

    That is: the machine's paths, half-drawn bars, warnings, and what programs note in the metadata.
    Gives a list of what was written to the error stream.
    """
    notes = []
    for number, cell in enumerate(codes(nb), start=1):
        notes += [f"code cell {number}: {text}" for text in errors_written(cell)]
        cell.outputs = [hide(output) for output in cell.outputs if is_shown(output)]
    nb, _ = CoalesceStreamsPreprocessor().preprocess(nb, {})
    for cell in codes(nb):
        for output in cell.outputs:
            if "text" in output:
                output.text = without_erased_lines(output.text)
        cell.outputs = [output for output in cell.outputs if output.get("text") != ""]
    ClearMetadataPreprocessor(preserve_cell_metadata_mask=KEPT).preprocess(nb, {})
    nb.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    return notes


def errors_written(cell: NotebookNode) -> Iterator[str]:
    """What a cell wrote to the error stream, without progress bars: those overwrite their line."""
    for output in cell.outputs:
        if output.get("name") == "stderr" and "\r" not in output.text:
            yield output.text.strip()


def is_shown(output: NotebookNode) -> bool:
    """Does an output belong to what a reader sees?"""
    return output.get("name") != "stderr" and WIDGET not in output.get("data", {})


def hide(value: Any) -> Any:
    """An output, or a part of one, without the machine's paths; pictures are left alone."""
    if isinstance(value, str):
        return hide_paths(value)
    if isinstance(value, list):
        return [hide(part) for part in value]
    if isinstance(value, dict):
        for key, part in value.items():
            if not key.startswith("image/"):
                value[key] = hide(part)
    return value


def hide_paths(text: str) -> str:
    """A text without the machine's paths; what looks like one within base64 is none."""
    for path, shown in PATHS.items():
        if len(path) > 3:  # not "/"
            text = re.sub(rf"(?<![\w+/=]){re.escape(path)}(?![\w+=-])", shown, text)
    return text


def without_erased_lines(text: str) -> str:
    """A text without the lines that a progress bar has wiped out: blanks, and back to the start."""
    kept = []
    for line in text.split("\n"):
        is_erased = line.endswith("\r") and not line.strip()
        if not is_erased:
            kept.append(line.rstrip("\r"))
    return "\n".join(kept)


# What a notebook holds.

def codes(nb: NotebookNode) -> list[NotebookNode]:
    """The code cells."""
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def tagged(nb: NotebookNode, tag: str) -> list[NotebookNode]:
    """The cells that carry a tag."""
    return [cell for cell in nb.cells if tag in cell.metadata.get("tags", [])]


def tagged_outputs(nb: NotebookNode, tag: str) -> Iterator[NotebookNode]:
    """The outputs of the cells that carry a tag."""
    for cell in tagged(nb, tag):
        yield from cell.get("outputs", [])


def headline(nb: NotebookNode) -> str:
    """The result that a notebook is remembered by: the text of the cell tagged "headline"."""
    words = []
    for output in tagged_outputs(nb, "headline"):
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        words += text.split()
    return " ".join(words) or "–"


def picture(nb: NotebookNode) -> tuple[bytes, str] | None:
    """The picture of the cell tagged "promised", as (PNG, what it shows in words), or None."""
    for output in tagged_outputs(nb, "promised"):
        if "image/png" in output.get("data", {}):
            png = base64.b64decode(output.data["image/png"])
            alt = output.metadata.get("image/png", {}).get("alt")
            return png, alt or output.data.get("text/plain", "")
    return None
