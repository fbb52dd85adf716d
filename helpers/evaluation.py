"""How good translations are: BLEU over a split, and by sentence length with its uncertainty, model beside model."""
import time

import numpy as np
import pandas as pd
import torch
from sacrebleu.metrics import BLEU

from helpers import text, training, translation
from helpers.attention import Memory
from helpers.corpus import Pair

# The text is tokenised already, so sacrebleu must not do it again; force says that this is meant.
_BLEU = {"tokenize": "none", "force": True}


def bleu(traces, pairs):
    """Corpus BLEU, 0 to 100, by sacrebleu (Post 2018) against the tokenised references."""
    return BLEU(**_BLEU).corpus_score(*_texts(traces, pairs)).score


def bleu_interval(traces, pairs, draws=1000):
    """BLEU and the ends of its 95% bootstrap interval over sentences (Koehn 2004): (bleu, low, high)."""
    score = BLEU(**_BLEU).corpus_score(*_texts(traces, pairs), n_bootstrap=draws)
    return score.score, max(0.0, score._mean - score._ci), min(100.0, score._mean + score._ci)


def perfect(traces, pairs):
    """The share of sentences translated word for word as in the reference, 0 to 1."""
    return sum(trace.words == pair.target for trace, pair in zip(traces, pairs, strict=True)) / len(pairs)


def by_length(traces, pairs, buckets=5, draws=1000):
    """A row per bucket of source length: shortest, longest, sentences, bleu, low, high, perfect.

    The buckets hold about equally many sentences; all sentences of one length fall into one bucket.
    """
    lengths = pd.Series([len(pair.source) for pair in pairs])
    rows = []
    for _, places in lengths.groupby(pd.qcut(lengths, min(buckets, lengths.nunique()), duplicates="drop"),
                                     observed=True):
        some, gold = [traces[k] for k in places.index], [pairs[k] for k in places.index]
        rows.append((places.min(), places.max(), len(some), *bleu_interval(some, gold, draws), perfect(some, gold)))
    return pd.DataFrame(rows, columns=["shortest", "longest", "sentences", "bleu", "low", "high", "perfect"])


def links(traces, pairs):
    """Weights beside gold links: a row per target word of forced `traces` (see `translate`), <eos> left out.

    sentence, step (both from 0), word, looks_at (the place of the largest weight), hit (is that a gold link of this
    word), off (how many places it lies to the right of the nearest one), mass (the weight on all of them, 0 to 1),
    entropy of the weights (nats), sources (words in the source sentence), gold (how many links the word has).
    """
    rows = []
    for number, (trace, pair) in enumerate(zip(traces, pairs, strict=True)):
        if pair.alignment is None or trace.words != pair.target:
            raise ValueError(f"sentence {number}: gold links are needed, and a trace made to say the reference")
        entropy = torch.special.entr(trace.weights).sum(dim=1).tolist()
        for step, word in enumerate(pair.target):
            weights, gold = trace.weights[step].tolist(), [i for i, j in pair.alignment if j == step]
            best = max(range(len(weights)), key=weights.__getitem__)
            off = min((best - i for i in gold), key=abs)
            rows.append((number, step, word, best, off == 0, off, sum(weights[i] for i in gold), entropy[step],
                         len(weights), len(gold)))
    return pd.DataFrame(rows, columns=["sentence", "step", "word", "looks_at", "hit", "off", "mass", "entropy",
                                       "sources", "gold"])


def alignment_error(table):
    """AER, 0 (best) to 1, of the largest weights as links (Och and Ney 2003, section 3.1; all gold links are sure).

    `table` is what `links` gives; the result is (error, low, high), with the 95% bootstrap interval over sentences.
    """
    both = 1 + table["gold"]  # |A| + |S|, word by word
    return mean_interval(1 - 2 * table["hit"] / both, table["sentence"], both)


def mean_interval(values, sentences, counted=1, draws=1000, seed=1):
    """The mean of `values` and the ends of its 95% bootstrap interval, drawing whole `sentences` (their numbers).

    `counted`: how often each value counts.
    """
    counted = np.broadcast_to(counted, len(values))
    table = pd.DataFrame({"sum": np.asarray(values) * counted, "count": counted}).groupby(list(sentences)).sum()
    sums, counts = table.to_numpy(dtype=float).T
    drawn = np.random.default_rng(seed).integers(0, len(sums), (draws, len(sums)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    return sums.sum() / counts.sum(), low, high


@torch.no_grad()
def hidden_word(model, traces, seed=1):
    """What becomes of the next word when one source word is hidden (its weight 0, the others renormalised)?

    A row per step of `traces` (of sentences of two words or more): sentence, step, word, kept (the probability of the
    word said, nothing hidden), attended (the same with the most attended word hidden), other (with another one, drawn
    by lot). Only this one step is changed; what the encoder read and what was said before stay as they were.
    """
    device, lot, rows = next(model.parameters()).device, torch.Generator().manual_seed(seed), []
    for number, trace in enumerate(traces):
        (m, n), vocab = trace.weights.shape, model.vocabs.target
        if n < 2:
            continue
        best = trace.weights.argmax(dim=1)
        other = (best + torch.randint(1, n, (m,), generator=lot)) % n
        words = torch.tensor([vocab[word] for word in [text.START, *trace.target]], device=device)
        states = trace.states.to(device).expand(m, -1, -1)
        memory = Memory(states, None, states[:, -1], model.decoder.rule.keys(states))
        chances = []
        for hidden in (torch.full((m,), -1), best, other):  # a place that no sentence has hides nothing
            memory = memory._replace(mask=(torch.arange(n) != hidden[:, None]).to(device))
            after, _ = model.decoder.step(model.decoder.read(words[:-1]), trace.hidden[:-1].to(device), memory)
            chance = model.decoder.output(after).softmax(dim=1)
            chances.append(chance.gather(1, words[1:, None]).squeeze(1).tolist())
        rows += [(number, step, *row) for step, row in enumerate(zip(trace.target, *chances, strict=True))]
    return pd.DataFrame(rows, columns=["sentence", "step", "word", "kept", "attended", "other"])


def cost(model, lengths, sentences=16, repeats=5):
    """What a decoding step costs when both sentences have so many words: a row per length and task.

    words, task ("translating", or "training" with its backward pass), milliseconds and kilobytes of one step for a
    batch of `sentences`. Time is the shortest of the repeats; memory is what the Traces, or the backward pass, keep.
    """
    parameters = {weights.untyped_storage().data_ptr() for weights in model.parameters()}

    def translating(source, target):
        traces = translation.translate(model, [source] * sentences, [target] * sentences)
        return sum(part.nbytes for trace in traces for part in trace if isinstance(part, torch.Tensor))

    def training_step(source, target):
        kept = {}
        pairs = text.examples([Pair(source, target)] * sentences, model.vocabs)
        batch = next(text.batches(pairs, sentences)).to(next(model.parameters()).device)
        with torch.autograd.graph.saved_tensors_hooks(lambda saved: kept.update(
                {saved.untyped_storage().data_ptr(): saved.untyped_storage().nbytes()}) or saved, lambda saved: saved):
            loss = torch.nn.functional.cross_entropy(*model(batch))
        loss.backward()
        model.zero_grad()
        return sum(size for place, size in kept.items() if place not in parameters)

    rows = []
    for words in lengths:
        source, target = ([vocab.itos[-1 - k % 50] for k in range(words)] for vocab in model.vocabs)
        for task, run in (("translating", translating), ("training", training_step)):
            seconds = []
            for _ in range(repeats):  # the first is slow: memory is fetched for it
                start = time.perf_counter()
                size = run(source, target)
                seconds.append(time.perf_counter() - start)
            rows.append((words, task, 1e3 * min(seconds) / (words + 1), size / 1e3 / (words + 1)))
    return pd.DataFrame(rows, columns=["words", "task", "milliseconds", "kilobytes"])


def compare(corpus, protocols, buckets=5):
    """Train (or load) a model for each of the Settings in `protocols`; how good is it, by length?

    Returns two tables. The first has a row per model and bucket: rule, hidden, seed, split, and what `by_length` says
    of that bucket; the `long` split, where the corpus has one, is the last bucket. The second has a row per model,
    over the whole test split: rule, hidden, seed, parameters, seconds (of training), bleu, low, high, perfect.
    """
    lengths, models = [], []
    for settings in protocols:
        model, history = training.trained(corpus, settings)
        names = {"rule": settings.rule, "hidden": settings.hidden, "seed": settings.seed}
        for split, pairs, parts in (("test", corpus.test, buckets), ("long", corpus.long, 1)):
            if pairs:
                traces = translation.translate(model, [pair.source for pair in pairs])
                lengths.append(by_length(traces, pairs, parts).assign(split=split, **names))
                if split == "test":
                    interval = dict(zip(("bleu", "low", "high"), bleu_interval(traces, pairs), strict=True))
                    models.append({**names, "parameters": sum(weights.numel() for weights in model.parameters()),
                                   "seconds": history.seconds.sum(), **interval, "perfect": perfect(traces, pairs)})
    table = pd.concat(lengths, ignore_index=True)
    first = ["rule", "hidden", "seed", "split"]
    return table[first + [name for name in table if name not in first]], pd.DataFrame(models)


def _texts(traces, pairs):
    """What sacrebleu takes: the translations, and the references as its one stream."""
    if not traces or len(traces) != len(pairs):
        raise ValueError(f"{len(traces)} translations for {len(pairs)} references: give one for each, at least one")
    return [" ".join(trace.words) for trace in traces], [[" ".join(pair.target) for pair in pairs]]
