"""Batches side by side give what they give one after another, and leave torch as it was."""
import threading

import pytest
import torch

from helpers import cores

CPU = torch.device("cpu")


@pytest.fixture(params=[1, 2, 3, 16])
def threads(request):
    """torch on a machine with so many cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_answers_come_in_the_order_of_the_inputs(threads):
    squares = cores.side_by_side(lambda number: number ** 2, range(50), CPU)
    assert squares == [number ** 2 for number in range(50)]
    assert torch.get_num_threads() == threads


def test_workers_share_the_threads_of_torch(threads):
    shares = cores.side_by_side(lambda _: torch.get_num_threads(), range(8), CPU)
    workers = min(threads, cores.MOST_WORKERS)
    assert set(shares) == {threads // workers}


@pytest.mark.parametrize("threads", [2], indirect=True)
def test_two_inputs_are_at_work_at_the_same_time(threads):
    """Each waits for the other: one after another they would wait for ever."""
    meeting = threading.Barrier(2, timeout=60)
    places = cores.side_by_side(lambda _: meeting.wait(), range(2), CPU)
    assert sorted(places) == [0, 1]


def test_an_error_comes_through_and_torch_keeps_its_threads(threads):
    def fail(number):
        if number > 2:
            raise ValueError(f"input {number}")
        return number

    with pytest.raises(ValueError, match="input 3"):
        cores.side_by_side(fail, range(8), CPU)
    assert torch.get_num_threads() == threads


def test_nothing_to_do_and_another_device(threads):
    assert cores.side_by_side(str, [], CPU) == []
    names = cores.side_by_side(lambda _: threading.current_thread().name, range(4),
                               torch.device("cuda"))
    assert set(names) == {threading.current_thread().name}
