"""Tries to break the course, and counts what was lost. `python -m benchmarks.reliability`.

A trial is a function that gives a Row; each lies in the file of its fault. The page that the
command writes is docs/reliability.md. `tests/test_reliability_trials.py` runs the same trials a few
times each.
"""
from typing import NamedTuple


class Row(NamedTuple):
    """One row of the page."""
    fault: str       # what happens
    how: str         # how that is tried
    tried: int       # how often
    lost: int        # how often something was lost, silently wrong, or not said clearly
    remark: str = "" # what was measured besides
