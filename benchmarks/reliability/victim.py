"""A real training, small enough to be run again and again.

It trains, or goes on where COURSE_BUILD has the state of a training, and prints a line before it
starts, and one with a fingerprint of the weights and losses at its end.
"""
import hashlib
import sys

import pandas as pd
import torch

from helpers import checkpoints, corpus, training
from helpers.corpus import Corpus
from helpers.model import Seq2Seq
from helpers.training import Settings

STARTS = "training starts"
SETTINGS = Settings("additive", hidden_size=48, embedding_size=32, dropout=0.1, epochs=6,
                    batch_size=16)


def data() -> Corpus:
    """A few hundred pairs."""
    return corpus.load("phrasebook", pairs=320)


def fingerprint(model: Seq2Seq, history: pd.DataFrame) -> str:
    """Equal for equal weights and losses, to the last bit."""
    digest = hashlib.sha256()
    for weights in model.state_dict().values():
        digest.update(weights.numpy().tobytes())
    for loss in [*history["train_loss"], *history["valid_loss"]]:
        digest.update(loss.hex().encode())
    return digest.hexdigest()


def main(threads: int = 1) -> None:
    torch.set_num_threads(threads)
    # Much more often than in a notebook, so that kills meet the writing, too.
    checkpoints.Progress.SHORTEST_PAUSE = 0.05
    checkpoints.Progress.SHARE = 0.3
    pairs = data()
    print(STARTS, flush=True)
    try:
        model, history = training.trained(pairs, SETTINGS)
    except KeyboardInterrupt as stop:
        sys.exit(f"KeyboardInterrupt: {stop}")
    print(f"\n{fingerprint(model, history)} {history['valid_loss'].iloc[-1]:.9f}", flush=True)


if __name__ == "__main__":
    main(*[int(number) for number in sys.argv[1:]])
