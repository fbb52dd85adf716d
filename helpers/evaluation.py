"""How good translations and weights are: scores, intervals, tables to read. It trains nothing."""
import math
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

from helpers.text import Pair
from helpers.translation import Trace, Translation


class Interval(NamedTuple):
    """A value between the ends of its 95% interval."""
    value: float
    low: float
    high: float


def interval_text(interval: Interval, digits: int = 3) -> str:
    """An interval as it is written in tables: "0.878 [0.871, 0.885]"."""
    value, low, high = [f"{number:.{digits}f}" for number in interval]
    return f"{value} [{low}, {high}]"


# Scores of translations.

def tokenised_bleu() -> BLEU:
    """sacrebleu's BLEU (Post 2018) for text that is tokenised already."""
    return BLEU(tokenize="none", force=True)  # force: yes, we know that it is tokenised


def signature() -> str:
    """How sacrebleu says which BLEU this is (Post 2018, section 4): to be printed beside a score.

    Two scores can be compared only if their signatures and their references are the same.
    """
    bleu = tokenised_bleu()
    bleu.corpus_score(["a"], [["a"]])  # only then does it know that there is one reference for each
    return str(bleu.get_signature())


def bleu_of_texts(translations: list[str], references: list[str]) -> float:
    """Corpus BLEU, 0 to 100, of tokenised texts (words between spaces), one reference for each."""
    return tokenised_bleu().corpus_score(translations, [references]).score


def bleu(traces: Sequence[Translation], pairs: Sequence[Pair]) -> float:
    """Corpus BLEU, 0 to 100, against the tokenised references, one for each trace."""
    translations, references = texts(traces, pairs)
    return bleu_of_texts(translations, references)


def bleu_interval(traces: Sequence[Translation], pairs: Sequence[Pair],
                  draws: int = 1000) -> Interval:
    """BLEU with its 95% bootstrap interval over sentences (Koehn 2004)."""
    translations, references = texts(traces, pairs)
    score = tokenised_bleu().corpus_score(translations, [references], n_bootstrap=draws)
    low = max(0.0, score._mean - score._ci)
    high = min(100.0, score._mean + score._ci)
    return Interval(score.score, low, high)


def perfect(traces: Sequence[Translation], pairs: Sequence[Pair]) -> float:
    """The share of sentences translated word for word as in the reference, 0 to 1."""
    right = 0
    for trace, pair in zip(traces, pairs, strict=True):
        if trace.words == pair.target:
            right += 1
    return right / len(pairs)


def texts(traces: Sequence[Translation], pairs: Sequence[Pair]) -> tuple[list[str], list[str]]:
    """Translations and references as texts; a ValueError where they do not belong together."""
    if not traces or len(traces) != len(pairs):
        raise ValueError(f"{len(traces)} translations for {len(pairs)} references: "
                         "give one for each, at least one")
    translations = [" ".join(trace.words) for trace in traces]
    references = [" ".join(pair.target) for pair in pairs]
    return translations, references


# Two models on the same sentences.

class Paired(NamedTuple):
    """How far one model is ahead of another on the same sentences, in BLEU."""
    difference: float  # positive: the first model is ahead
    low: float         # the difference's 95% interval over sentences
    high: float
    p: float           # how often it is so large if translations change sides by lot, 0 to 1

    @property
    def interval(self) -> Interval:
        """The difference between the ends of its interval."""
        return Interval(self.difference, self.low, self.high)


def paired(traces_a: Sequence[Translation], traces_b: Sequence[Translation], pairs: Sequence[Pair],
           draws: int = 1000) -> Paired:
    """How far is the model of `traces_a` ahead of that of `traces_b`, and may it be chance?

    Both models are compared on the same drawn sentences, so that what is hard for both cancels
    out: they may differ although their own intervals overlap. The interval is the paired bootstrap
    (Koehn 2004). `p` is sacrebleu's approximate randomisation (Riezler and Maxwell
    2005), two-sided and at least 1 / (draws + 1); the p of its bootstrap looks at one side only.
    The interval covers the choice of sentences, p takes them as given; neither knows the luck of
    training.
    """
    translations_a, references = texts(traces_a, pairs)
    translations_b, _ = texts(traces_b, pairs)
    counts_a = sentence_counts(translations_a, references)                # [sentences, 10]
    counts_b = sentence_counts(translations_b, references)
    lot = np.random.default_rng(1)
    differences = []
    for _ in range(draws):
        drawn = lot.integers(0, len(pairs), len(pairs))                   # [sentences]
        bleu_a = bleu_of_counts(counts_a[drawn])
        bleu_b = bleu_of_counts(counts_b[drawn])
        differences.append(bleu_a - bleu_b)
    difference = bleu_of_counts(counts_a) - bleu_of_counts(counts_b)
    low, high = np.quantile(differences, [0.025, 0.975])
    p = chance(translations_a, translations_b, references, draws)
    return Paired(difference, low, high, p)


def chance(translations_a: list[str], translations_b: list[str], references: list[str],
           draws: int) -> float:
    """sacrebleu's p: how often two models differ so much if the sentences change sides by lot."""
    if translations_a == translations_b:
        return 1.0  # sacrebleu counts larger differences only, and would find none
    metrics = {"BLEU": tokenised_bleu()}
    test = PairedTest([("b", translations_b), ("a", translations_a)], metrics, [references],
                      test_type="ar", n_samples=draws)
    _, found = test()
    result: Any = found["BLEU"][1]  # of the second system, beside the first
    return result.p_value


def sentence_counts(translations: list[str], references: list[str]) -> np.ndarray:
    """What BLEU has to know of each sentence: numbers [sentences, 10], which can be added up.

    Words of the translation and of the reference; correct 1- to 4-grams; all 1- to 4-grams.
    """
    bleu = BLEU(tokenize="none", force=True, effective_order=True)  # made for single sentences
    rows = []
    for translation, reference in zip(translations, references, strict=True):
        score = bleu.sentence_score(translation, [reference])
        lengths = [score.sys_len, score.ref_len]
        rows.append([*lengths, *score.counts, *score.totals])
    return np.array(rows)


def bleu_of_counts(counts: np.ndarray) -> float:
    """Corpus BLEU, 0 to 100, of sentences of which `sentence_counts` [sentences, 10] are known."""
    said, reference, *grams = counts.sum(axis=0).tolist()
    correct = grams[:4]
    total = grams[4:]
    score = BLEU.compute_bleu(correct, total, sys_len=said, ref_len=reference,
                              smooth_method="exp")  # as everywhere, for all that sacrebleu does
    return score.score


# Several seeds.

def bleu_over_seeds(counts: np.ndarray, draws: int = 1000) -> Interval:
    """The mean BLEU of models that differ only in their seeds, in its 95% interval over both.

    `counts` [seeds, sentences, 10]: what `sentence_counts` gives for each of the models. Each draw
    takes seeds and sentences with replacement, and asks all of its seeds the same sentences. The
    interval says where the mean would lie with other seeds and other sentences. Its part that comes
    from seeds is too narrow: of five seeds a t-interval would be about 1.6 times as wide.
    """
    drawn = drawn_over_seeds([counts], draws)                             # [draws, 1]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(mean_bleu(counts), low, high)


def paired_over_seeds(counts_a: np.ndarray, counts_b: np.ndarray, draws: int = 1000) -> Interval:
    """How far the models a are ahead of the models b in mean BLEU, over seeds and sentences.

    Both [seeds, sentences, 10], with the same seeds and sentences in the same order: a seed gives
    both models the same batches, so seeds are drawn in pairs, too.
    """
    if counts_a.shape != counts_b.shape:
        raise ValueError(f"{counts_a.shape} counts of one model and {counts_b.shape} of the other: "
                         "give the same seeds and the same sentences for both")
    drawn = drawn_over_seeds([counts_a, counts_b], draws)                 # [draws, 2]
    differences = drawn[:, 0] - drawn[:, 1]                               # [draws]
    low, high = np.quantile(differences, [0.025, 0.975])
    difference = mean_bleu(counts_a) - mean_bleu(counts_b)
    return Interval(difference, low, high)


def drawn_over_seeds(models: Sequence[np.ndarray], draws: int) -> np.ndarray:
    """Mean BLEU [draws, models] over drawn seeds, on drawn sentences: the same for all models."""
    seeds, sentences, _ = models[0].shape
    lot = np.random.default_rng(1)
    rows = []
    for _ in range(draws):
        some_seeds = lot.integers(0, seeds, seeds)
        some_sentences = lot.integers(0, sentences, sentences)
        row = []
        for counts in models:
            drawn = counts[some_seeds][:, some_sentences]                 # [seeds, sentences, 10]
            row.append(mean_bleu(drawn))
        rows.append(row)
    return np.array(rows)


def mean_bleu(counts: np.ndarray) -> float:
    """The mean over seeds of corpus BLEU; `counts` [seeds, sentences, 10]."""
    total = 0.0
    for seed in range(len(counts)):
        total += bleu_of_counts(counts[seed])
    return total / len(counts)


# By sentence length.

def by_length(traces: Sequence[Translation], pairs: Sequence[Pair], buckets: int = 5,
              draws: int = 1000) -> pd.DataFrame:
    """A row per bucket of source length: shortest, longest, sentences, bleu, low, high, perfect."""
    rows = []
    for bucket in length_buckets(pairs, buckets):
        some_traces = [traces[place] for place in bucket.index]
        some_pairs = [pairs[place] for place in bucket.index]
        score = bleu_interval(some_traces, some_pairs, draws)
        rows.append({
            "shortest": bucket.min(),
            "longest": bucket.max(),
            "sentences": len(bucket),
            "bleu": score.value,
            "low": score.low,
            "high": score.high,
            "perfect": perfect(some_traces, some_pairs),
        })
    return pd.DataFrame(rows)


def length_buckets(pairs: Sequence[Pair], buckets: int = 5) -> list[pd.Series]:
    """The source lengths of `pairs` in buckets, from short to long; the index has their places.

    The buckets hold about equally many sentences; all sentences of one length fall into one bucket.
    """
    lengths = pd.Series([len(pair.source) for pair in pairs])
    most = min(buckets, lengths.nunique())
    bucket_of_each = pd.qcut(lengths, most, duplicates="drop")
    by_bucket = lengths.groupby(bucket_of_each, observed=True)
    return [bucket for _, bucket in by_bucket]


def bucket_name(row: Any) -> str:
    """A row of a table by length → "2 to 6"."""
    return f"{row.shortest} to {row.longest}"


def length_table(table: pd.DataFrame, measure: str = "bleu") -> pd.DataFrame:
    """What `experiments.compare` or `measured.by_length` gives, to be read: a column per bucket.

    `measure`: "bleu" with its bootstrap interval, or "perfect" with Wilson's interval.
    """
    names = []
    cells = []
    for row in table.itertuples():
        if measure == "bleu":
            interval = Interval(row.bleu, row.low, row.high)
            cell = interval_text(interval, digits=1)
        else:
            interval = share_interval(row.perfect, row.sentences)
            cell = interval_text(interval, digits=2)
        names.append(bucket_name(row))
        cells.append(cell)
    named = table.assign(words=names, cell=cells)
    lines = [column for column in ("name", "rule", "hidden_size") if column in table]
    return named.pivot_table(index=lines, columns="words", values="cell", aggfunc="first",
                             sort=False)  # of several seeds the first


def share_interval(share: float, number: int) -> Interval:
    """A share of `number` cases with its 95% interval (Wilson 1927), good near 0 and 1 too."""
    z = 1.96  # 95% of a normal distribution lie within 1.96 standard deviations
    shrink = 1 + z**2 / number
    towards_half = share + z**2 / (2 * number)
    centre = towards_half / shrink
    variance = share * (1 - share) / number
    correction = z**2 / (4 * number**2)
    deviation = math.sqrt(variance + correction)
    half_width = z * deviation / shrink
    low = centre - half_width
    high = centre + half_width
    return Interval(share, low, high)


def side_by_side(traces: Sequence[Translation], pairs: Sequence[Pair]) -> pd.DataFrame:
    """Beside each other: words (of the source), source, reference, translation, right."""
    rows = []
    for trace, pair in zip(traces, pairs, strict=True):
        rows.append({
            "words": len(pair.source),
            "source": " ".join(pair.source),
            "reference": " ".join(pair.target),
            "translation": " ".join(trace.words),
            "right": trace.words == pair.target,
        })
    return pd.DataFrame(rows)


# Words skipped, words said again.

def coverage(traces: Sequence[Trace], pairs: Sequence[Pair]) -> pd.DataFrame:
    """What was skipped, and what was said again: a row per sentence.

    Columns: sentence, sources (words of the source), words (of the reference), skipped (words of
    the reference in whose place nothing stands, and which are missing), repeated (words too many
    which the translation has said elsewhere, too). Tu et al. 2016 (arXiv:1601.04811), section 5.3,
    had people count such under- and over-translations; here difflib lays translation and reference
    beside each other. A word in place of another is neither skipped nor repeated: it is wrong; nor
    is a word that stands at another place.
    """
    rows = []
    for number, (trace, pair) in enumerate(zip(traces, pairs, strict=True)):
        reference = pair.target
        said = trace.words
        too_seldom = Counter(reference) - Counter(said)
        too_often = Counter(said) - Counter(reference)
        said_again = [word for word in too_often if said.count(word) > 1]
        skipped = 0
        repeated = 0
        matcher = SequenceMatcher(None, reference, said, autojunk=False)
        for _, start, end, said_start, said_end in matcher.get_opcodes():
            wanted = reference[start:end]
            given = said[said_start:said_end]
            missing = [word for word in wanted if word in too_seldom]
            again = [word for word in given if word in said_again]
            too_few = max(0, len(wanted) - len(given))
            too_many = max(0, len(given) - len(wanted))
            skipped += min(too_few, len(missing))
            repeated += min(too_many, len(again))
        rows.append({
            "sentence": number,
            "sources": len(pair.source),
            "words": len(reference),
            "skipped": skipped,
            "repeated": repeated,
        })
    return pd.DataFrame(rows)


# Own words and right ones.

def errors_by_step(forced: Sequence[Trace], free: Sequence[Trace],
                   pairs: Sequence[Pair]) -> pd.DataFrame:
    """Is a word wrong with the right words before it, and with the model's own? A row per word.

    `forced`: traces made to say the references; `free`: what the same model says by itself.
    Columns: sentence, step (from 0), word (of the reference), right_words (True: among the
    likeliest words, with the right words before each, it is missing at its place), own_words (True:
    it is missing in the translation). See `places_said` for what its place is.
    """
    rows = []
    together = zip(forced, free, pairs, strict=True)
    for number, (given, said, pair) in enumerate(together):
        if given.words != pair.target:
            raise ValueError(f"sentence {number}: the first traces have to say the references")
        likeliest = []
        for step in range(len(pair.target)):
            word, _ = given.rivals[step][0]
            likeliest.append(word)
        found_with_right_words = places_said(pair.target, likeliest)
        found_with_own_words = places_said(pair.target, said.words)
        for step, word in enumerate(pair.target):
            rows.append({
                "sentence": number,
                "step": step,
                "word": word,
                "right_words": step not in found_with_right_words,
                "own_words": step not in found_with_own_words,
            })
    return pd.DataFrame(rows)


def places_said(reference: Sequence[str], words: Sequence[str]) -> set[int]:
    """The places (from 0) of the reference's words that are said, in their order.

    difflib lays the two beside each other, so that one word too many does not make all that follow
    wrong.
    """
    places: set[int] = set()
    matcher = SequenceMatcher(None, reference, words, autojunk=False)
    for block in matcher.get_matching_blocks():
        end = block.a + block.size
        places.update(range(block.a, end))
    return places


def by_stretch(errors: pd.DataFrame, words: int = 5, stretches: int = 6) -> pd.DataFrame:
    """The share of wrong words along the sentence, from what `errors_by_step` gives.

    A row per stretch of so many words and per kind of words before: stretch ("1–5"; the last one
    has all that follow), before ("right words" or "own words"), value (0 to 1), low, high (95%,
    over sentences).
    """
    last_stretch = stretches - 1
    stretch_of_each = (errors["step"] // words).clip(upper=last_stretch)
    rows = []
    for stretch, some in errors.groupby(stretch_of_each):
        first = stretch * words + 1
        last = first + words - 1
        name = f"{first}–{last}"
        if stretch == last_stretch:
            name = f"{first}+"
        for before in ("right words", "own words"):
            column = before.replace(" ", "_")
            share = mean_interval(some[column], some["sentence"])
            rows.append({"stretch": name, "before": before, **share._asdict()})
    return pd.DataFrame(rows)


# Weights beside gold links.

def links(traces: Sequence[Trace], pairs: Sequence[Pair]) -> pd.DataFrame:
    """Weights beside gold links: a row per target word of forced `traces`, <eos> left out.

    Columns: sentence, step (both from 0), word, kind (its part of speech, None where the corpus
    does not say it), looks_at (the place of the largest weight), hit (is that a gold link of this
    word), off (how many places it lies to the right of the nearest one), mass (the weight on all of
    them, 0 to 1), entropy of the weights (nats), sources (words in the source), gold (how many
    links the word has). A pair without gold links, or a trace that says something else, raises a
    ValueError.
    """
    rows = []
    for number, (trace, pair) in enumerate(zip(traces, pairs, strict=True)):
        if pair.alignment is None or trace.words != pair.target:
            raise ValueError(f"sentence {number}: gold links are needed, "
                             "and a trace made to say the reference")
        terms = torch.special.entr(trace.weights)                         # [target, source]
        entropies = terms.sum(dim=1).tolist()                             # [target]
        for step, word in enumerate(pair.target):
            weights = trace.weights[step].tolist()
            gold = [source for source, target in pair.alignment if target == step]
            looks_at = weights.index(max(weights))
            distances = [looks_at - place for place in gold]
            off = min(distances, key=abs)
            rows.append({
                "sentence": number,
                "step": step,
                "word": word,
                "kind": pair.kinds[step] if pair.kinds else None,
                "looks_at": looks_at,
                "hit": off == 0,
                "off": off,
                "mass": sum(weights[place] for place in gold),
                "entropy": entropies[step],
                "sources": len(weights),
                "gold": len(gold),
            })
    return pd.DataFrame(rows)


def diagonal(table: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """A copy of what `links` gives, with the hits of somebody who points along the diagonal."""
    hits = []
    steps = table.groupby("sentence")["step"]
    last_steps = steps.transform("max").clip(lower=1)  # of a single word: no division by 0
    for row, last_step in zip(table.itertuples(), last_steps, strict=True):
        progress = row.step / last_step            # 0 at the first word, 1 at the last
        last_place = row.sources - 1
        place = round(progress * last_place)
        link = (place, row.step)
        hits.append(link in pairs[row.sentence].alignment)
    return table.assign(hit=hits)


def alignment_error(table: pd.DataFrame) -> Interval:
    """AER, 0 (best) to 1, of the largest weights as links, with its 95% interval.

    Och and Ney 2003, section 3.1; all gold links are sure. `table` is what `links` gives; the
    interval is a bootstrap over sentences.
    """
    predicted_and_gold = 1 + table["gold"]                 # |A| + |S|, word by word
    right = table["hit"].astype(float)
    error = 1 - 2 * right / predicted_and_gold
    return mean_interval(error, table["sentence"], predicted_and_gold)


def mean_interval(values: Sequence[float] | pd.Series, sentences: Sequence[int] | pd.Series,
                  counted: Any = 1, draws: int = 1000, seed: int = 1) -> Interval:
    """The mean of `values` with its 95% bootstrap interval, drawing whole sentences.

    `sentences`: the number of the sentence that each value belongs to. `counted`: how often each
    value counts, one number for all or one for each.
    """
    counted = np.asarray(counted, dtype=float)
    counts = np.broadcast_to(counted, len(values))
    weighted = np.asarray(values, dtype=float) * counts
    table = pd.DataFrame({"sum": weighted, "count": counts})
    by_sentence = table.groupby(np.asarray(sentences)).sum()
    sums = by_sentence["sum"].to_numpy()                   # [sentences]
    counts = by_sentence["count"].to_numpy()
    lot = np.random.default_rng(seed)
    number = len(sums)
    drawn = lot.integers(0, number, (draws, number))       # [draws, sentences]: which were drawn
    drawn_sums = sums[drawn].sum(axis=1)                   # [draws]
    drawn_counts = counts[drawn].sum(axis=1)               # [draws]
    means = drawn_sums / drawn_counts
    low, high = np.quantile(means, [0.025, 0.975])
    mean = sums.sum() / counts.sum()
    return Interval(mean, low, high)


def means_by(table: pd.DataFrame, by: str, values: str) -> pd.DataFrame:
    """The mean of one column for each value of another: that, value, low, high (95%).

    `table` has a column sentence, too: the interval is `mean_interval`'s, over sentences.
    """
    rows = []
    for key, some in table.groupby(by):
        mean = mean_interval(some[values], some["sentence"])
        rows.append({by: key, **mean._asdict()})
    return pd.DataFrame(rows)
