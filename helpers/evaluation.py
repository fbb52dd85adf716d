"""How good translations are: BLEU over a split, and by sentence length with its uncertainty, model beside model."""
import pandas as pd
from sacrebleu.metrics import BLEU

from helpers import training, translation

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
