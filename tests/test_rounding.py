"""Weights as text: near to what they were, the same after a second time, and never out of range."""
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import rounding

ROWS = st.lists(st.lists(st.floats(-1e9, 1e9, width=32), min_size=3, max_size=3),
                min_size=1, max_size=4)


def round_trip(numbers):
    return rounding.read(rounding.write(numbers), numbers.shape)


@given(ROWS)
def test_a_number_moves_by_no_more_than_a_step_of_its_row(rows):
    numbers = torch.tensor(rows)
    least = 2.0 ** rounding.LEAST_EXPONENT
    largest = numbers.double().abs().amax(dim=1, keepdim=True).clamp(min=least / 2)
    step = 2 * largest / rounding.MIDDLE  # the power of two is at most twice the largest number
    moved = (round_trip(numbers).double() - numbers.double()).abs()
    assert (moved <= step).all()


@given(ROWS)
def test_rounding_twice_is_rounding_once(rows):
    once = round_trip(torch.tensor(rows))
    assert torch.equal(round_trip(once), once)


def test_three_letters_a_number_and_one_a_row():
    text = rounding.write(torch.randn(5, 7))
    assert len(text) == 5 * (1 + 3 * 7)
    assert set(text) <= set(rounding.LETTERS)
    assert len(rounding.write(torch.randn(7))) == 1 + 3 * 7


@pytest.mark.parametrize("numbers", [
    [0.0, 0.0], [1.0, -1.0], [0.75, -0.5], [2.0 ** -20, 2.0 ** -36], [-(2.0 ** 30), 2.0 ** 29],
])
def test_what_needs_no_rounding_stays_as_it_is(numbers):
    numbers = torch.tensor(numbers)
    assert torch.equal(round_trip(numbers), numbers)


def test_eighteen_bits_are_more_exact_than_float16():
    numbers = torch.randn(100, 128, generator=torch.Generator().manual_seed(1))
    moved = (round_trip(numbers) - numbers).pow(2).mean()
    moved_by_float16 = (numbers.half().float() - numbers).pow(2).mean()
    assert moved.sqrt() < moved_by_float16.sqrt() / 10


def test_a_rounded_model_is_another_and_the_first_is_unchanged(learnt):
    before = {name: numbers.clone() for name, numbers in learnt.state_dict().items()}
    other = rounding.rounded(learnt)
    for name, numbers in learnt.state_dict().items():
        assert torch.equal(numbers, before[name])
        assert not torch.equal(other.state_dict()[name], numbers)
