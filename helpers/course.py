"""Where things are, which device to use, and seeds: what every notebook needs and no other helper should know."""
import random
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
BUILD = ROOT / "build"  # everything the course writes: models/, tables/, notebooks/, site/


def device():
    """The best device here: CUDA, then Apple's MPS, then the CPU (which is what the course is tested on)."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def seed(number):
    """Make what follows repeatable: Python's and torch's random numbers start from `number`."""
    random.seed(number)
    torch.manual_seed(number)
