"""Several processes train one model: each takes a part of every batch, and torch adds up.

    torchrun --nproc-per-node 2 -m helpers train phrasebook --out model.pt

starts two processes of this machine; docs/distributed.md tells of several machines and of GPUs.
Every process walks through the same batches in the same order. It computes the loss of its own rows
alone; torch's DistributedDataParallel averages the gradients, so that all processes take the same
step. Started without torchrun there is one process, which takes the whole batch.
"""
import os
from collections.abc import Callable
from functools import partial

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from helpers.model import Seq2Seq
from helpers.text import PAD_ID, Batch

Losses = tuple[torch.Tensor, torch.Tensor, int]  # smoothed and plain, per word; how many words
BatchLoss = Callable[[Seq2Seq, Batch, float], Losses]


def start() -> None:
    """Join the other processes that torchrun has started; without torchrun do nothing.

    "gloo" carries the numbers between CPUs, "nccl" between GPUs, of which each process takes one.
    """
    if "WORLD_SIZE" not in os.environ or distributed.is_initialized():
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("nccl")
    else:
        distributed.init_process_group("gloo")


def end() -> None:
    """Leave the other processes."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def processes() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    """Is this the process that writes files and tells what happens?"""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def draw_apart(seed: int) -> None:
    """From here on each process draws random numbers of its own, so it drops out other places.

    One process alone draws on as it was.
    """
    if distributed.is_initialized():
        torch.manual_seed(seed + distributed.get_rank())


class LossOfRows(nn.Module):
    """A model and its loss as one module, because DistributedDataParallel wants one to call."""

    def __init__(self, model: Seq2Seq, batch_loss: BatchLoss) -> None:
        super().__init__()
        self.model = model
        self.batch_loss = batch_loss

    def forward(self, batch: Batch, label_smoothing: float) -> Losses:
        return self.batch_loss(self.model, batch, label_smoothing)


def shared(model: Seq2Seq, batch_loss: BatchLoss) -> Callable[[Batch, float], Losses]:
    """`batch_loss` of a batch that all processes share; with one process `batch_loss` itself."""
    if processes() == 1:
        return partial(batch_loss, model)
    loss_of_rows = DistributedDataParallel(LossOfRows(model, batch_loss))

    def loss_of_batch(batch: Batch, label_smoothing: float) -> Losses:
        rows, counts = own_rows(batch)
        loss, plain_loss, words = loss_of_rows(rows, label_smoothing)
        all_words = int((batch.target[:, 1:] != PAD_ID).sum())
        # torch averages over processes; wanted is the average over the words of all of them.
        share = processes() * words / all_words if counts else 0.0
        sums = plain_loss.detach() * share / processes()
        distributed.all_reduce(sums)
        return loss * share, sums, all_words

    return loss_of_batch


def own_rows(batch: Batch) -> tuple[Batch, bool]:
    """Every n-th sentence of a batch, n processes, from the rank of this one on.

    Where the batch has fewer sentences than there are processes, those that get none take the first
    one, which then does not count: all have to come to the meeting.
    """
    rank = distributed.get_rank()
    counts = rank < len(batch.lengths)
    rows = slice(rank, None, processes()) if counts else slice(0, 1)
    lengths = batch.lengths[rows]
    target = batch.target[rows]
    longest_source = int(lengths.max())
    longest_target = int((target != PAD_ID).sum(dim=1).max())
    source = batch.source[rows, :longest_source]
    own = Batch(source, lengths, target[:, :longest_target])
    return own, counts
