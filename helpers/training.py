"""Training: one protocol for every model, so a comparison changes one thing."""
import contextlib
import copy
import hashlib
import math
import random
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch.nn import functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from helpers import checkpoints, course, distributed, fast, files, interrupts, text
from helpers.checkpoints import Progress
from helpers.corpus import Corpus
from helpers.model import Seq2Seq


class Settings(NamedTuple):
    """Everything that decides what a model learns, besides the corpus and the code.

    On one machine equal settings give equal models.
    """
    rule: str = "additive"         # a key of attention.RULES
    hidden_size: int = 128         # of a decoder state, and of an encoder state (of each direction)
    embedding_size: int = 128
    bidirectional: bool = False
    dropout: float = 0.0
    epochs: int = 3
    batch_size: int = 48           # sentence pairs in one step
    learning_rate: float = 1.5e-2  # the highest of the one-cycle schedule
    weight_decay: float = 0.1      # pulls all but the embeddings towards 0; chosen on "additive"
    label_smoothing: float = 0.02
    min_count: int = 1             # words seen less often become <unk>
    seed: int = 1
    embedding_decay: float = 0.4   # pulls the embeddings, which want more of it
    warm_up: float = 0.02          # share of the steps in which the learning rate rises


def build(corpus: Corpus, settings: Settings) -> Seq2Seq:
    """An untrained model for `corpus`.

    The seed is set just before, so equal settings start from equal weights. Settings that make no
    sense, or an empty split of the corpus, raise a ValueError that names them.
    """
    check_settings(corpus, settings)
    vocabs = text.vocabularies(corpus.train, settings.min_count)
    course.seed(settings.seed)
    return Seq2Seq(vocabs, settings.rule, settings.embedding_size, settings.hidden_size,
                   settings.bidirectional, settings.dropout)


def check_settings(corpus: Corpus, settings: Settings) -> None:
    """Raise a ValueError at the first setting that cannot be trained with."""
    for name in ("hidden_size", "embedding_size", "epochs", "batch_size", "min_count"):
        value = getattr(settings, name)
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} is {value!r}: give a whole number, 1 or more")
    for name in ("dropout", "label_smoothing", "warm_up"):
        value = getattr(settings, name)
        if not 0 <= value < 1:
            raise ValueError(f"{name} is {value!r}: give a share, from 0 to below 1")
    for name in ("weight_decay", "embedding_decay"):
        value = getattr(settings, name)
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value!r}: give a number, 0 or more")
    if not 0 < settings.learning_rate < math.inf:
        raise ValueError(f"learning_rate is {settings.learning_rate!r}: give a number above 0")
    for name, pairs in (("train", corpus.train), ("valid", corpus.valid)):
        if not pairs:
            raise ValueError(f"corpus {corpus.name!r} has no pairs in {name}: training needs some")


# Training.

@torch.no_grad()
def loss_per_word(model: Seq2Seq, examples: list[text.Example], batch_size: int = 256) -> float:
    """Cross entropy in nats per target word (<eos> included), over words and not over batches."""
    model.eval()
    total_loss = 0.0
    total_words = 0
    for batch in text.batches(examples, batch_size):
        logits, gold = model(batch.to(model.device))
        total_loss += F.cross_entropy(logits, gold, reduction="sum").item()
        total_words += len(gold)
    return total_loss / total_words


class Run:
    """A training under way: all that decides how it goes on."""

    def __init__(self, model: Seq2Seq, settings: Settings, steps: int) -> None:
        """`steps`: how many it will have in all."""
        self.model = model
        self.batch_loss = distributed.shared(model, self.loss_of)
        self.optimizer, self.schedule = make_optimizer(model, settings, steps)
        self.order = random.Random(settings.seed)
        self.history: list[dict] = []  # a row per finished epoch
        self.best_loss = math.inf
        self.best_weights: dict | None = None
        self.steps = 0                 # done, in all epochs
        self.start_epoch()

    def start_epoch(self) -> None:
        """Nothing of this epoch is done yet."""
        self.order_at_start = self.order.getstate()
        self.batches = 0               # of this epoch, done
        self.words = 0                 # of the target, in these batches
        self.loss = torch.zeros((), device=self.model.device)  # in nats, summed over these words
        self.seconds = 0.0

    @staticmethod
    def loss_of(model: Seq2Seq, batch: text.Batch, label_smoothing: float) -> distributed.Losses:
        """`batch_loss`; a network of one's own may have a quicker way to it."""
        return batch_loss(model, batch, label_smoothing)

    def judged(self) -> Seq2Seq:
        """The model that is measured after an epoch."""
        return self.model

    @property
    def epoch(self) -> int:
        """The number of the epoch under way, from 1."""
        return len(self.history) + 1

    def state(self) -> dict[str, Any]:
        """What has to be kept to go on, as tensors and plain values."""
        return {
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(), "order": self.order_at_start,
            "random": random_states(self.model.device), "history": self.history,
            "best_loss": self.best_loss, "best_weights": self.best_weights, "steps": self.steps,
            "batches": self.batches, "words": self.words, "loss": self.loss,
            "seconds": self.seconds}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave, as if nothing had happened in between."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.order_at_start = state["order"]
        self.order.setstate(self.order_at_start)
        set_random_states(state["random"])
        self.history = state["history"]
        self.best_loss = state["best_loss"]
        self.best_weights = state["best_weights"]
        self.steps = state["steps"]
        self.batches = state["batches"]
        self.words = state["words"]
        self.loss = state["loss"]
        self.seconds = state["seconds"]


def random_states(device: torch.device) -> dict[str, torch.Tensor]:
    """Where torch's random numbers (those of dropout) are, on the CPU and on the device."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states[device.type] = torch.get_device_module(device.type).get_rng_state()
    return states


def set_random_states(states: dict[str, torch.Tensor]) -> None:
    """Go on from the random numbers that `random_states` noted."""
    for device, state in states.items():
        numbers = torch if device == "cpu" else torch.get_device_module(device)
        numbers.set_rng_state(state.cpu())


def fit(model: Seq2Seq, corpus: Corpus, settings: Settings,
        progress: Path | None = None, make_run: type[Run] = Run) -> pd.DataFrame:
    """Train `model`, leave the weights of its best epoch in it; returns a row per epoch.

    AdamW on a one-cycle schedule, gradients clipped at norm 1. Columns: epoch, train_loss and
    valid_loss (nats per target word; smoothing is not counted), seconds, words_per_second. Equal
    seeds give the same batches in the same order, whatever the model.

    `progress` is a file in which the state is kept now and then, and when somebody stops it: with
    the same file the training goes on from there, and ends with the weights that it would have
    had, bit for bit. (Of several processes each drops out other places than it would have.)

    At the first step whose gradient is not a number a ValueError names it.
    """
    check_settings(corpus, settings)
    model.to(course.device())
    train = text.examples(corpus.train, model.vocabs)
    valid = text.examples(corpus.valid, model.vocabs)
    steps = settings.epochs * math.ceil(len(train) / settings.batch_size)
    run = make_run(model, settings, steps)
    keeper = Progress(progress)
    kept = keeper.read()
    if kept is not None:
        run.restore(kept)
        distributed.draw_apart(settings.seed + run.steps)  # what is kept is of the first process
        if distributed.is_first():
            print(f"Goes on from step {run.steps} of {steps}.")

    bar = tqdm(total=steps, initial=run.steps, unit="step", file=sys.stdout, leave=False,
               mininterval=0.5, disable=not distributed.is_first())
    products = course.quick_products(model, settings.batch_size)
    with bar, products, interrupts.Waiting() as stop:
        while run.epoch <= settings.epochs:
            bar.set_description_str(f"{settings.rule} {run.epoch}/{settings.epochs}", refresh=False)
            train_epoch(run, train, settings, bar, keeper, stop)
            end_epoch(run, valid)
            keep(run, keeper, stop)

    if run.best_weights is None:
        raise ValueError(f"the loss is not a number after {settings.epochs} epochs: lower the "
                         f"learning rate ({settings.learning_rate})")
    model.load_state_dict(run.best_weights)
    model.eval()
    return pd.DataFrame(run.history)


def end_epoch(run: Run, valid: list[text.Example]) -> None:
    """Measure on the validation pairs; note the epoch, and its weights if they are the best."""
    judged = run.judged()
    valid_loss = loss_per_word(judged, valid)
    run.history.append({"epoch": run.epoch, "train_loss": run.loss.item() / run.words,
                        "valid_loss": valid_loss, "seconds": run.seconds,
                        "words_per_second": run.words / run.seconds})
    if valid_loss < run.best_loss:
        run.best_loss = valid_loss
        run.best_weights = copy.deepcopy(judged.state_dict())
    run.start_epoch()


def keep(run: Run, keeper: Progress, stop: interrupts.Waiting) -> None:
    """Between two steps: write the state when it is time to, or when somebody wants to stop."""
    if stop.pressed or keeper.is_due():
        keeper.write(run.state())
    if stop.pressed:
        raise KeyboardInterrupt(f"stopped after step {run.steps}: run this again to go on")


def make_optimizer(model: Seq2Seq, settings: Settings, steps: int) -> tuple[AdamW, OneCycleLR]:
    """AdamW; its learning rate rises in the first steps, then falls to 0 in a line."""
    on_mps = model.device.type == "mps"  # has no fused AdamW
    embeddings = [*model.encoder.embedding.parameters(), *model.decoder.embedding.parameters()]
    are_embeddings = set(embeddings)
    others = [weights for weights in model.parameters() if weights not in are_embeddings]
    groups = [{"params": others, "weight_decay": settings.weight_decay},
              {"params": embeddings, "weight_decay": settings.embedding_decay}]
    optimizer = AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=not on_mps)
    schedule = OneCycleLR(optimizer, settings.learning_rate, total_steps=max(steps + 1, 20),
                          pct_start=settings.warm_up, anneal_strategy="linear")
    return optimizer, schedule


def train_epoch(run: Run, train: list[text.Example], settings: Settings, bar: tqdm,
                keeper: Progress, stop: interrupts.Waiting) -> None:
    """One pass over the training sentences, or what is left of it."""
    run.model.train()
    batches = text.batches(train, settings.batch_size, shuffle=run.order)
    clock = time.perf_counter()
    for batch in islice(batches, run.batches, None):
        take_step(run, batch.to(run.model.device), settings.label_smoothing)
        now = time.perf_counter()
        run.seconds += now - clock
        clock = now
        bar.update()
        if run.steps % 10 == 0:
            mean_loss = run.loss.item() / run.words
            speed = run.words / run.seconds
            bar.set_postfix_str(f"loss {mean_loss:.2f}, {speed:,.0f} words/s", refresh=False)
        keep(run, keeper, stop)


def take_step(run: Run, batch: text.Batch, label_smoothing: float) -> None:
    """One step: the loss of a batch, its gradient, and new weights."""
    loss, plain_loss, words = run.batch_loss(batch, label_smoothing)
    run.optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), max_norm=1.0)
    if not norm.isfinite():
        rate = run.optimizer.param_groups[0]["lr"]
        raise ValueError(f"step {run.steps + 1}: the gradient is not a number (the loss is "
                         f"{loss.item():.3g}): lower the learning rate, here {rate:.3g}")
    run.optimizer.step()
    run.schedule.step()
    run.loss = run.loss + plain_loss.detach() * words
    run.words += words
    run.batches += 1
    run.steps += 1


def batch_loss(model: Seq2Seq, batch: text.Batch, label_smoothing: float) -> distributed.Losses:
    """The two losses of `smoothed_loss` for a batch, and how many target words it has."""
    if fast.is_known(model) and model.device.type == "cpu":
        loss, plain_loss = fast.smoothed_loss(model, batch, label_smoothing)
        words = int((batch.target[:, 1:] != text.PAD_ID).sum())
        return loss, plain_loss, words
    logits, gold = model(batch)
    loss, plain_loss = smoothed_loss(logits, gold, label_smoothing)
    return loss, plain_loss, len(gold)


def smoothed_loss(logits: torch.Tensor, gold: torch.Tensor,
                  label_smoothing: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross entropy with label smoothing (Szegedy et al. 2016, section 7), and without.

    `logits` [words, vocabulary], `gold` [words] → two numbers, in nats per word.
    """
    log_probabilities = logits.log_softmax(dim=1)                     # [words, vocabulary]
    plain_loss = F.nll_loss(log_probabilities, gold)
    uniform_loss = -log_probabilities.mean()                          # all words expected alike
    # (1 - smoothing) · plain + smoothing · uniform
    loss = torch.lerp(plain_loss, uniform_loss, label_smoothing)
    return loss, plain_loss


# Trained once, kept, and loaded.

def checkpoint_path(corpus: Corpus, settings: Settings) -> Path:
    """Where the model for this corpus and these settings is kept.

    Its name holds everything that decides the weights: the settings, the training pairs, the
    validation pairs (which choose the epoch), and the version of the training protocol.
    """
    digest = hashlib.sha256(checkpoints.protocol_version().encode())
    digest.update(repr(settings).encode())
    for pair in [*corpus.train, *corpus.valid]:
        digest.update(repr((pair.source, pair.target)).encode())
    digest.update(str(len(corpus.train)).encode())  # where train ends and valid begins
    key = digest.hexdigest()[:12]
    name = f"{corpus.name}-{settings.rule}-{settings.hidden_size}-{key}.pt"
    return course.BUILD / "models" / name


def trained(corpus: Corpus, settings: Settings) -> tuple[Seq2Seq, pd.DataFrame]:
    """The model for these settings, and its history.

    Loaded if an earlier notebook trained it, else trained now and kept. Stopped or killed on the
    way, it goes on the next time from where it was.
    """
    model = build(corpus, settings)
    path = checkpoint_path(corpus, settings)
    if path.exists():
        return model, checkpoints.load(model, path)
    under_way = path.with_suffix(".progress")
    history = fit(model, corpus, settings, under_way)
    with contextlib.suppress(FileExistsError):  # another notebook trained the same meanwhile
        checkpoints.save(model, history, path)
    files.remove(under_way)
    return model, history
