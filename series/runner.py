"""Executes one notebook with papermill and leaves a clean file: what its reader sees, and nothing of the machine."""
import base64
import re
import sys
import tempfile
import threading
from pathlib import Path

import nbformat
import papermill
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient.exceptions import DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.execute import remove_error_markers

from helpers import course

SETUP = course.ROOT / "notebooks" / "setup.py"  # the text of every set-up cell
PATHS = {str(path): shown for path, shown in [  # what no page should tell about the machine, longer paths first
    (course.BUILD, "build"), (course.ROOT / ".venv", "python"), (course.ROOT, "."), (sys.prefix, "python"),
    (sys.base_prefix, "python"), (Path.home(), "~"), (Path(tempfile.gettempdir()), "tmp")] if len(str(path)) > 3}
PATH = re.compile(rf"(?<![\w+/=])({'|'.join(map(re.escape, PATHS))})(?![\w+=-])")  # but not within a picture's base64


class Stopped(Exception):
    """What was asked for can't be done, or a notebook failed: the message says which, where and why."""


class ThisPython(AsyncKernelManager):
    """Starts kernels in the Python that runs this file, whatever kernels the machine has registered."""

    def _kernel_spec_manager_default(self):
        return KernelSpecManager(kernel_dirs=[])


class Ticking(NBClientEngine):
    """Papermill's engine, with a bar whose clock goes on while a long cell runs."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        done, bar = threading.Event(), nb_man.pbar

        def tick():
            while not done.wait(1 if sys.stderr.isatty() else 60):
                bar.refresh()

        threading.Thread(target=tick, daemon=True).start()
        try:
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            done.set()


papermill_engines.register("ticking", Ticking)


def read(path, setup=SETUP):
    """A notebook from its file: every cell with an id, the set-up cell as notebooks/setup.py has it."""
    try:
        nb = nbformat.read(path, as_version=4)
    except Exception as error:
        raise Stopped(f"{path} can't be read as a notebook ({error}): mend it or bring an earlier one back.") from None
    nb.nbformat_minor = max(5, nb.nbformat_minor)
    for number, cell in enumerate(nb.cells, 1):
        cell.setdefault("id", f"cell-{number}")
    for cell in tagged(nb, "setup"):
        cell.source = setup.read_text(encoding="utf-8").strip()
    return nb


def execute(source, copy, parameters=None):
    """Execute a notebook into `copy`, which holds what was executed even where a cell fails and `Stopped` is raised.

    Gives the clean notebook, and a list of what its cells wrote to the error stream.
    """
    copy, failed = copy.resolve(), None
    course.write(copy, nbformat.writes(read(source)))
    bar = {"desc": f"{source.stem:<28}", "bar_format": "{desc} {bar:24} {n_fmt:>3} of {total_fmt} cells, {elapsed}"}
    try:
        papermill.execute_notebook(copy, copy, parameters, engine_name="ticking", kernel_name="python3",
                                   language="python", cwd=source.parent, progress_bar=bar,
                                   kernel_manager_class=ThisPython, extra_arguments=["--log-level=ERROR"])
    except papermill.PapermillExecutionError as error:
        failed = f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        failed = "Python itself ended there, most often because the memory was full."
    finally:
        nb = remove_error_markers(nbformat.read(copy, as_version=4))
        ran = [cell for cell in codes(nb) if cell.metadata.get("papermill", {}).get("start_time")]
        notes = clean(nb)
        course.write(copy, nbformat.writes(nb))
    if failed:
        first = next(iter(ran[-1].source.strip().splitlines()), "")
        raise Stopped(f"{source.stem} stopped in code cell {len(ran)}, which begins with\n    {first}\n{failed}\n"
                      f"What was executed is in {copy}")
    return nb, notes


def clean(nb):
    """Take out of a notebook what running it left behind: times, paths, half-drawn bars, the runner's own cells.

    Gives a list of what was written to the error stream.
    """
    notes = []
    nb.metadata = {key: value for key, value in nb.metadata.items() if key not in ("papermill", "widgets")}
    nb.metadata.update(kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
                       language_info={"name": "python"})
    nb.cells = [cell for cell in nb.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    for cell in nb.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items()
                         if key not in ("papermill", "execution") and (key != "tags" or value)}
    for number, cell in enumerate(codes(nb), 1):
        kept = []
        for output in map(hide, cell.outputs):
            if output.get("name") == "stderr":
                notes += [f"code cell {number}: {output.text.strip()}"] if "\r" not in output.text else []
            elif "stdout" == output.get("name") == (kept[-1].get("name") if kept else None):
                kept[-1].text += output.text
            elif "application/vnd.jupyter.widget-view+json" not in output.get("data", {}):
                kept.append(output)
        for output in kept:
            if "text" in output:
                output.text = settled(output.text)
        cell.outputs = [output for output in kept if output.get("text") != ""]
    return notes


def hide(value):
    """An output without the machine's paths; pictures are left alone."""
    if isinstance(value, str):
        return PATH.sub(lambda match: PATHS[match[0]], value)
    if isinstance(value, list):
        return [hide(part) for part in value]
    if isinstance(value, dict):
        return type(value)({key: part if key.startswith("image/") else hide(part) for key, part in value.items()})
    return value


def settled(text):
    """What a terminal shows in the end: where a line was overwritten, as progress bars do, its last state."""
    lines = [(line, line.rstrip("\r").rpartition("\r")[2]) for line in text.split("\n")]
    return "\n".join(shown for line, shown in lines if shown.strip() or shown == line)


def codes(nb):
    """The code cells."""
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def tagged(nb, tag):
    """The cells that carry a tag."""
    return [cell for cell in nb.cells if tag in cell.metadata.get("tags", [])]


def headline(nb):
    """The result that a notebook is remembered by: what the cell tagged "headline" shows as text."""
    outputs = [output for cell in tagged(nb, "headline") for output in cell.get("outputs", [])]
    text = " ".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)
    return " ".join(text.split()) or "–"


def picture(nb):
    """The picture of the cell tagged "promised", as (bytes of a PNG, what it shows in words); None without one."""
    for output in (output for cell in tagged(nb, "promised") for output in cell.get("outputs", [])):
        if "image/png" in output.get("data", {}):
            return (base64.b64decode(output.data["image/png"]),
                    output.metadata.get("image/png", {}).get("alt") or output.data.get("text/plain", ""))
    return None
