"""What makes a notebook a lesson: the picture it promises, exercises that check themselves."""
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from IPython import get_ipython
from IPython.display import display
from IPython.utils.capture import capture_output
from PIL import Image
from tqdm import tqdm

from helpers import course, files


def promised(number: str, folder: Path = course.PICTURES) -> tuple[dict, dict] | None:
    """The picture that notebook `number` promises, as (data, metadata) for Jupyter.

    None where it is not drawn yet.
    """
    path = folder / f"{number}.png"
    if not path.exists():
        return None
    with Image.open(path) as picture:
        alt = picture.info.get("Description", f"The picture of notebook {number}")
    return files.image_bundle(path.read_bytes(), alt)


def promise(number: str) -> None:
    """Show the picture that notebook `number`, such as "03", will have drawn by its end."""
    bundle = promised(number)
    if bundle is None:
        print(f"The picture of notebook {number} is not drawn yet: `make refresh` puts it here.")
        return
    data, metadata = bundle
    display(data, metadata=metadata, raw=True)


def lesson(number: str, **parameters: Any) -> None:
    """Run notebook `number` in this kernel, quietly; `parameters` replace its own."""
    shell = get_ipython()
    (path,) = (course.ROOT / "notebooks").glob(f"{number}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    for cell in tqdm(cells, f"notebook {number}", file=sys.stdout, leave=False):
        if cell.cell_type == "code":
            with capture_output():
                shell.run_cell(cell.source).raise_error()
        if "parameters" in cell.metadata.get("tags", []):
            shell.user_ns.update(parameters)


def exercise(answer: Any, check: Callable[[Any], None], praise: str) -> None:
    """Check an exercise: nothing given yet, not right yet (with what is wrong), or right.

    `check` asserts what must hold; the first message is shown. A function that is not written yet
    raises NotImplementedError, an answer that is not given yet is None.
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
        print(f"not quite: {answer!r:.60} is not the kind of answer asked for "
              f"({type(error).__name__}: {error})")
    else:
        print(f"correct! {praise}")
