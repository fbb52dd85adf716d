"""Weights as text, with eighteen bits a number: short enough for a page that holds a model.

The numbers of a row share a power of two, p, the smallest that is above them all. A number is then
a whole number of 18 bits, from -131,072 to 131,071, times p / 131,072. Written in the 64 letters of
base64, p takes one letter and each number three.

float16 is shorter by a ninth, but has 11 bits for a number: where two words are nearly as likely,
that can change which of them is said. What is written here is read without any further rounding,
in Python as in arithmetic.js, so rounding twice is rounding once.
"""
import copy
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from helpers.model import Seq2Seq

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
CODES = np.frombuffer(LETTERS.encode(), dtype=np.uint8)  # value → code of its letter
VALUES = np.zeros(128, dtype=np.int64)                   # code of a letter → value
VALUES[CODES] = np.arange(64)
BITS = 18                         # of a number: three letters of six bits
MIDDLE = 2 ** (BITS - 1)          # is added to a number, so that none is below 0
LEAST_EXPONENT = -32              # of p; the first letter means this one
LARGEST = 2.0 ** 31               # no number may be larger: p has no letter for it


def write(numbers: torch.Tensor) -> str:
    """A vector, or a matrix of weights, as text; no number may be larger than LARGEST."""
    rows = numbers.detach().cpu().double().reshape(-1, numbers.shape[-1])
    largest = rows.abs().amax(dim=1, keepdim=True)                     # [rows, 1]
    exponents = torch.frexp(largest).exponent.clamp(min=LEAST_EXPONENT)
    steps = torch.ldexp(torch.ones_like(largest), exponents - (BITS - 1))
    whole = (rows / steps).round().clamp(-MIDDLE, MIDDLE - 1).long()   # [rows, columns]
    codes = whole + MIDDLE
    sixes = [codes // 64 ** 2, codes // 64 % 64, codes % 64]           # the digits of a number
    digits = torch.stack(sixes, dim=2).flatten(1)                      # [rows, 3 columns]
    of_rows = torch.cat([exponents - LEAST_EXPONENT, digits], dim=1)
    return CODES[of_rows.numpy()].tobytes().decode()


def read(text: str, shape: Sequence[int]) -> torch.Tensor:
    """What `write` was given, rounded: float32 in this shape."""
    codes = np.frombuffer(text.encode(), dtype=np.uint8)
    digits = torch.from_numpy(VALUES[codes])
    of_rows = digits.view(-1, 1 + 3 * shape[-1])                       # [rows, 1 + 3 columns]
    exponents = of_rows[:, :1] + LEAST_EXPONENT
    numbers = of_rows[:, 1:].unflatten(1, (-1, 3))                     # [rows, columns, 3]
    first, second, third = numbers.unbind(dim=2)
    whole = first * 64 ** 2 + second * 64 + third - MIDDLE             # [rows, columns]
    rows = torch.ldexp(whole.double(), exponents - (BITS - 1))
    return rows.float().view(*shape)


def write_all(model: Seq2Seq) -> dict[str, str]:
    """The weights of a model: for the name of each parameter its numbers as text."""
    return {name: write(numbers) for name, numbers in model.state_dict().items()}


def read_into(model: Seq2Seq, texts: Mapping[str, str]) -> None:
    """Give a model the weights that `write_all` wrote."""
    weights = {}
    for name, numbers in model.state_dict().items():
        weights[name] = read(texts[name], numbers.shape)
    model.load_state_dict(weights)


def rounded(model: Seq2Seq) -> Seq2Seq:
    """A copy of a model, with the weights that are read after they were written."""
    other = copy.deepcopy(model)
    read_into(other, write_all(model))
    return other
