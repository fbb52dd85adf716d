"""Training and checkpoints: one protocol for every model, so a comparison changes one thing."""
import ast
import copy
import hashlib
import io
import math
import random
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch.nn import functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from helpers import course, files, text
from helpers.corpus import Corpus
from helpers.model import Seq2Seq


class Settings(NamedTuple):
    """Everything that decides what a model learns, besides the corpus and the code.

    Equal settings give equal models.
    """
    rule: str = "additive"         # a key of attention.RULES
    hidden_size: int = 128         # of a decoder state, and of an encoder state (of each direction)
    embedding_size: int = 128
    bidirectional: bool = False
    dropout: float = 0.0
    epochs: int = 6
    batch_size: int = 80           # sentence pairs in one step
    learning_rate: float = 1e-2    # the highest of the one-cycle schedule
    weight_decay: float = 0.3      # with it and with smoothing, rules are learnt and not sentences
    label_smoothing: float = 0.1
    min_count: int = 1             # words seen less often become <unk>
    seed: int = 1


def build(corpus: Corpus, settings: Settings) -> Seq2Seq:
    """An untrained model for `corpus`.

    The seed is set just before, so equal settings start from equal weights.
    """
    vocabs = text.vocabularies(corpus.train, settings.min_count)
    course.seed(settings.seed)
    return Seq2Seq(vocabs, settings.rule, settings.embedding_size, settings.hidden_size,
                   settings.bidirectional, settings.dropout)


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


def fit(model: Seq2Seq, corpus: Corpus, settings: Settings) -> pd.DataFrame:
    """Train `model`, leave the weights of its best epoch in it; returns a row per epoch.

    AdamW on a one-cycle schedule, gradients clipped at norm 1. Columns: epoch, train_loss and
    valid_loss (nats per target word; smoothing is not counted), seconds, words_per_second. Equal
    seeds give the same batches in the same order, whatever the model. Where the validation loss is
    never a number, a ValueError says so.
    """
    model.to(course.device())
    train = text.examples(corpus.train, model.vocabs)
    valid = text.examples(corpus.valid, model.vocabs)
    order = random.Random(settings.seed)
    steps = settings.epochs * math.ceil(len(train) / settings.batch_size)
    optimizer, schedule = make_optimizer(model, settings, steps)

    history = []
    best_loss = math.inf
    best_weights = None
    with tqdm(total=steps, unit="step", file=sys.stdout, leave=False, mininterval=0.5) as bar:
        for epoch in range(1, settings.epochs + 1):
            bar.set_description_str(f"{settings.rule} {epoch}/{settings.epochs}", refresh=False)
            start = time.perf_counter()
            train_batches = text.batches(train, settings.batch_size, shuffle=order)
            train_loss, words = train_epoch(model, train_batches, optimizer, schedule,
                                            settings.label_smoothing, bar)
            seconds = time.perf_counter() - start
            valid_loss = loss_per_word(model, valid)
            history.append({"epoch": epoch, "train_loss": train_loss, "valid_loss": valid_loss,
                            "seconds": seconds, "words_per_second": words / seconds})
            if valid_loss < best_loss:
                best_loss = valid_loss
                best_weights = copy.deepcopy(model.state_dict())

    if best_weights is None:
        raise ValueError(f"the loss is not a number after {settings.epochs} epochs: lower the "
                         f"learning rate ({settings.learning_rate})")
    model.load_state_dict(best_weights)
    model.eval()
    return pd.DataFrame(history)


def make_optimizer(model: Seq2Seq, settings: Settings, steps: int) -> tuple[AdamW, OneCycleLR]:
    """AdamW; its learning rate rises for a fifth of the steps, then falls."""
    on_mps = model.device.type == "mps"  # has no fused AdamW
    optimizer = AdamW(model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98),
                      weight_decay=settings.weight_decay, fused=not on_mps)
    schedule = OneCycleLR(optimizer, settings.learning_rate, total_steps=max(steps + 1, 10),
                          pct_start=0.2)
    return optimizer, schedule


def train_epoch(model: Seq2Seq, batches: Iterable[text.Batch], optimizer: AdamW,
                schedule: OneCycleLR, label_smoothing: float, bar: tqdm) -> tuple[float, int]:
    """One pass over the training sentences: the loss per word (unsmoothed), and the words."""
    model.train()
    start = time.perf_counter()
    total_loss = torch.zeros((), device=model.device)
    total_words = 0
    for batch in batches:
        logits, gold = model(batch.to(model.device))
        loss, plain_loss = smoothed_loss(logits, gold, label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        schedule.step()

        total_loss = total_loss + plain_loss.detach() * len(gold)
        total_words += len(gold)
        bar.update()
        if bar.n % 10 == 0:
            mean_loss = total_loss.item() / total_words
            speed = total_words / (time.perf_counter() - start)
            bar.set_postfix_str(f"loss {mean_loss:.2f}, {speed:,.0f} words/s", refresh=False)
    return total_loss.item() / total_words, total_words


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


# Checkpoints.

# The code that decides the weights: after a change in it, a model is trained anew.
PROTOCOL_FILES = [Path(__file__).with_name(name)
                  for name in ("text.py", "attention.py", "model.py", "training.py")]


def protocol_version() -> str:
    """A short name of the training protocol: that of its code (comments aside), and of torch."""
    digest = hashlib.sha256(torch.__version__.encode())
    for path in PROTOCOL_FILES:
        code = ast.parse(path.read_text(encoding="utf-8"))
        digest.update(ast.dump(code).encode())
    return digest.hexdigest()[:16]


def checkpoint_path(corpus: Corpus, settings: Settings) -> Path:
    """Where the model for this corpus and these settings is kept.

    Its name holds everything that decides the weights: the settings, the training pairs, the
    validation pairs (which choose the epoch), and the version of the training protocol.
    """
    digest = hashlib.sha256(protocol_version().encode())
    digest.update(repr(settings).encode())
    for pair in [*corpus.train, *corpus.valid]:
        digest.update(repr((pair.source, pair.target)).encode())
    digest.update(str(len(corpus.train)).encode())  # where train ends and valid begins
    key = digest.hexdigest()[:12]
    name = f"{corpus.name}-{settings.rule}-{settings.hidden_size}-{key}.pt"
    return course.BUILD / "models" / name


def save(model: Seq2Seq, history: pd.DataFrame, path: str | Path) -> None:
    """Write weights and history to `path`: whole or not at all, never over another checkpoint."""
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists already: delete it or choose another name, "
                              "nothing was written")
    content = io.BytesIO()
    torch.save({"weights": model.state_dict(), "history": history.to_dict("list")}, content)
    files.write(path, content.getvalue())


def load(model: Seq2Seq, path: str | Path) -> pd.DataFrame:
    """Read the weights that `save` wrote into `model`; returns the history."""
    try:
        saved = torch.load(path, map_location=course.device(), weights_only=True)
        model.to(course.device()).load_state_dict(saved["weights"])
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ValueError(f"{path} is damaged or belongs to another model ({type(error).__name__}): "
                         "delete it, and it will be trained again") from error
    model.eval()
    return pd.DataFrame(saved["history"])


def trained(corpus: Corpus, settings: Settings) -> tuple[Seq2Seq, pd.DataFrame]:
    """The model for these settings, and its history.

    Loaded if an earlier notebook trained it, else trained now and kept.
    """
    model = build(corpus, settings)
    path = checkpoint_path(corpus, settings)
    if path.exists():
        history = load(model, path)
    else:
        history = fit(model, corpus, settings)
        save(model, history, path)
    return model, history
