"""Several batches at once, one on each core of the processor.

torch divides every single product among the cores. Those of this course are small: dividing and
waiting for each other eats more than half of the gain. Whole batches have nothing to wait for.
"""
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Given = TypeVar("Given")
Found = TypeVar("Found")

MOST_WORKERS = 4  # Python itself runs in one thread at a time, so more would wait for it


def side_by_side(task: Callable[[Given], Found], inputs: Sequence[Given],
                 device: torch.device) -> list[Found]:
    """`[task(given) for given in inputs]` in less time; the first error ends it.

    `task` computes on `device` and changes nothing that others read. Anywhere but on the CPU the
    inputs are taken one after another: a GPU has its own way to be busy.
    """
    threads = torch.get_num_threads()
    workers = min(threads, MOST_WORKERS, len(inputs))
    if workers < 2 or device.type != "cpu":
        return [task(given) for given in inputs]

    def divide_threads() -> None:
        torch.set_num_threads(threads // workers)

    try:
        with ThreadPoolExecutor(workers, initializer=divide_threads) as pool:
            return list(pool.map(task, inputs))
    finally:
        torch.set_num_threads(threads)
