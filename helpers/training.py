"""Training and checkpoints: one protocol for every model of the course, so that a comparison changes one thing."""
import copy
import io
import random
import sys
import time
import zlib
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from helpers import course, text
from helpers.model import Seq2Seq


class Settings(NamedTuple):
    """Everything that decides what a model learns, besides the corpus. Equal settings give equal models."""
    rule: str = "additive"       # a name in attention.RULES
    hidden: int = 128            # size of a decoder state and of an encoder state (of each direction)
    embedding: int = 128
    bidirectional: bool = False
    dropout: float = 0.0
    epochs: int = 6
    batch: int = 80              # sentence pairs in one step
    rate: float = 1e-2           # the highest learning rate of the one-cycle schedule
    decay: float = 0.3           # weight decay: with it and with smoothing, rules are learnt rather than sentences
    smoothing: float = 0.1       # label smoothing
    at_least: int = 1            # rarer words become <unk>
    seed: int = 1


def build(corpus, settings):
    """An untrained model for `corpus`. The seed is set just before, so equal settings start from equal weights."""
    vocabs = text.vocabularies(corpus.train, settings.at_least)
    course.seed(settings.seed)
    return Seq2Seq(vocabs, settings.rule, settings.embedding, settings.hidden, settings.bidirectional,
                   settings.dropout)


@torch.no_grad()
def loss_per_word(model, examples, size=256):
    """Cross entropy in nats per target word (<eos> included), over all words and not over batches."""
    model.eval()
    total = words = 0
    for batch in text.batches(examples, size):
        logits, gold = model(batch.to(next(model.parameters()).device))
        total += F.cross_entropy(logits, gold, reduction="sum").item()
        words += len(gold)
    return total / words


def fit(model, corpus, settings=Settings()):
    """Train `model` and leave the weights of its best epoch in it; returns the history, a row per epoch.

    AdamW on a one-cycle schedule, gradients clipped at norm 1. Columns: epoch, train_loss and valid_loss (nats per
    target word; smoothing is not counted), seconds, words_per_second. Equal seeds give the same batches in the same
    order, whatever the model.
    """
    device = course.device()
    model.to(device)
    train, valid = text.examples(corpus.train, model.vocabs), text.examples(corpus.valid, model.vocabs)
    order = random.Random(settings.seed)
    steps = settings.epochs * -(-len(train) // settings.batch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.rate, betas=(0.9, 0.98),
                                  weight_decay=settings.decay, fused=device.type != "mps")
    schedule = OneCycleLR(optimizer, settings.rate, total_steps=max(steps + 1, 10), pct_start=0.2)
    history, best, best_loss = [], None, float("inf")
    with tqdm(total=steps, unit="step", file=sys.stdout, leave=False, mininterval=0.5) as bar:
        for epoch in range(1, settings.epochs + 1):
            model.train()
            start, total, words = time.perf_counter(), 0.0, 0
            for batch in text.batches(train, settings.batch, shuffle=order):
                logits, gold = model(batch.to(device))
                log_chances = logits.log_softmax(dim=1)
                plain = F.nll_loss(log_chances, gold)
                loss = torch.lerp(plain, -log_chances.mean(), settings.smoothing)  # Szegedy et al. 2016, section 7
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                total, words = total + plain.detach() * len(gold), words + len(gold)
                bar.update()
                if bar.n % 10 == 0:
                    speed = words / (time.perf_counter() - start)
                    bar.set_description_str(f"{settings.rule} {epoch}/{settings.epochs}", refresh=False)
                    bar.set_postfix_str(f"loss {total.item() / words:.2f}, {speed:,.0f} words/s", refresh=False)
            seconds = time.perf_counter() - start
            valid_loss = loss_per_word(model, valid)
            history.append((epoch, total.item() / words, valid_loss, seconds, words / seconds))
            if valid_loss < best_loss:
                best, best_loss = copy.deepcopy(model.state_dict()), valid_loss
    if best is None:
        raise ValueError(f"the loss is not a number after {settings.epochs} epochs: lower the rate ({settings.rate})")
    model.load_state_dict(best)
    model.eval()
    return pd.DataFrame(history, columns=["epoch", "train_loss", "valid_loss", "seconds", "words_per_second"])


def checkpoint(corpus, settings):
    """Where the model for this corpus and these settings is kept: any difference between two gives two files."""
    content = repr((settings, [(pair.source, pair.target) for pair in corpus.train]))
    name = f"{corpus.name}-{settings.rule}-{settings.hidden}-{zlib.crc32(content.encode()):08x}.pt"
    return course.BUILD / "models" / name


def save(model, history, path):
    """Write weights and history to `path`: whole or not at all, and never over another checkpoint."""
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists already: delete it or choose another name, nothing was written")
    content = io.BytesIO()
    torch.save({"weights": model.state_dict(), "history": history.to_dict("list")}, content)
    course.write(path, content.getvalue())


def load(model, path):
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


def trained(corpus, settings=Settings()):
    """The model for these settings and its history: loaded if an earlier notebook trained it, else trained and kept."""
    model, path = build(corpus, settings), checkpoint(corpus, settings)
    if path.exists():
        return model, load(model, path)
    history = fit(model, corpus, settings)
    save(model, history, path)
    return model, history
