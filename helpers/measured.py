"""What was measured beforehand: models of several seeds, in tables that came with the course.

`python -m series measure` trains them and writes data/measured/, a folder for each corpus. A
notebook trains one model before the reader's eyes, and finds here how much another seed would have
changed.
"""
import hashlib
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from helpers import course, evaluation, files
from helpers.corpus import Corpus
from helpers.text import Pair
from helpers.training import Settings

FOLDER = course.DATA / "measured"
MODELS = "models.csv"           # of a corpus: a row per model
SENTENCES = "sentences.csv.gz"  # of a corpus: a row per model and sentence
BENCH = "bench.csv"             # a row per speed, or time, of a version of the course
PUBLISHED = "published.csv"     # a row per model of the command line, and way to search
CORRECT = ["correct_1", "correct_2", "correct_3", "correct_4"]  # n-grams of a translation
COLUMNS = ["model", "split", "place", "said", *CORRECT, "perfect", "hits"]  # of SENTENCES
FINALISTS = 2    # so many of the best tries of a rule are trained with more seeds
TRAIN_STEP = 20  # of the training sentences every so many-th was translated, too

# The tables.

@cache
def models() -> pd.DataFrame:
    """A row per model that was trained beforehand.

    Columns: model (its name), corpus_name, corpus (its fingerprint), all fields of Settings,
    parameters, best_epoch, train_loss and valid_loss (nats per word, of the last and of the best
    epoch), seconds (of training, in one thread beside other processes), valid_bleu, bleu and
    perfect (on test), train_bleu, long_bleu, alignment_error (NaN where the weights choose
    nothing), protocol, torch and sacrebleu (what made the row).
    """
    return read_tables(MODELS)


@cache
def sentences() -> pd.DataFrame:
    """A row per model and sentence, with the columns of COLUMNS.

    place: within `pairs_of` its split; said: words of the translation; correct_n: its
    n-grams that stand in the reference, too; hits: largest weights that are gold links, of a model
    made to say the reference.
    """
    return read_tables(SENTENCES)


@cache
def bench() -> pd.DataFrame:
    """How fast training is beside what it was, as `make bench` found it.

    Columns: corpus, measure, version, value, threads.
    """
    return read_table(FOLDER / BENCH, "make bench")


@cache
def published() -> pd.DataFrame:
    """What the command line reaches in the directions of published figures, on Multi30k.

    Columns: direction, dropout, models (one seed, or two together), beam, valid (BLEU on `val`),
    bleu with low and high (on test), parameters, seconds (of training, in one thread beside another
    such process), signature, chosen (on `val`). `python -m benchmarks.published` measures it.
    """
    return read_table(FOLDER / PUBLISHED, "python -m benchmarks.published")


def read_tables(name: str) -> pd.DataFrame:
    """The tables of this name of all corpora, in one; each model is named after its corpus."""
    tables = []
    for path in sorted(FOLDER.glob(f"*/{name}")):
        table = read_table(path)
        table["model"] = path.parent.name + " " + table["model"].astype(str)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def read_table(path: Path, command: str = "python -m series measure") -> pd.DataFrame:
    """A table from its file; a ValueError where it is not what its checksum says."""
    content = files.checked(path, f"restore it, or make it anew with {command}")
    packing = "gzip" if path.suffix == ".gz" else None
    return pd.read_csv(io.BytesIO(content), compression=packing)


def fingerprint(corpus: Corpus) -> str:
    """A short name for exactly these sentences in exactly these splits."""
    digest = hashlib.sha256()
    for split in (corpus.train, corpus.valid, corpus.test, corpus.long):
        for pair in split:
            sentences = (pair.source, pair.target)
            digest.update(repr(sentences).encode())
        digest.update(b"end of the split")
    return digest.hexdigest()[:12]


def pairs_of(corpus: Corpus, split: str) -> Sequence[Pair]:
    """The sentences of a split that were translated: of train a sample, of others all."""
    if split == "train":
        return corpus.train[::TRAIN_STEP]
    return getattr(corpus, split)


# Models that differ only in their seeds.

def seeds(corpus: Corpus, settings: Settings) -> pd.DataFrame:
    """The rows of `models` for this corpus and these settings, whatever the seed; perhaps none."""
    rows = equal_but_for(["seed"], models(), corpus, settings)
    return rows.sort_values("seed")


def equal_but_for(free: Sequence[str], table: pd.DataFrame, corpus: Corpus,
                  settings: Settings) -> pd.DataFrame:
    """The rows of a table of models with this corpus and these settings; some of them are free."""
    fitting = table["corpus"] == fingerprint(corpus)
    for name, value in settings._asdict().items():
        if name not in free:
            fitting &= table[name] == value
    return table[fitting]


def counts(corpus: Corpus, settings: Settings, split: str = "test") -> np.ndarray:
    """What BLEU has to know of each sentence, for each seed: [seeds, sentences, 10].

    As `evaluation.sentence_counts` has it, in words also where a model works with pieces; seeds
    ascend. A ValueError where none was measured.
    """
    pairs = pairs_of(corpus, split)
    references = np.array([len(pair.target) for pair in pairs])
    table = sentences()
    of_split = table[table["split"] == split]
    of_each_seed = []
    for model in seeds(corpus, settings)["model"]:
        rows = of_split[of_split["model"] == model].sort_values("place")
        said = rows["said"].to_numpy()
        correct = [rows[column] for column in CORRECT]
        grams = [np.clip(said - shorter, 0, None) for shorter in range(4)]  # said - n + 1
        columns = [said, references, *correct, *grams]
        of_each_seed.append(np.column_stack(columns))
    if not of_each_seed:
        raise ValueError(f"no model was measured beforehand on {corpus.name} with {settings}: "
                         "ask measured.seeds first")
    return np.stack(of_each_seed)


def among_seeds(corpus: Corpus, protocols: Sequence[Settings],
                own: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `by_length` has for these protocols; of one that was not measured, the rows of `own`.

    `own`: the first table of `experiments.compare`, for the same protocols.
    """
    means, singles = by_length(corpus, protocols)
    parts = [means]
    for settings in dict.fromkeys(protocols):
        if seeds(corpus, settings).empty:
            has_rule = own["rule"] == settings.rule
            has_size = own["hidden_size"] == settings.hidden_size
            rows = own[has_rule & has_size]
            parts.append(rows.assign(seeds=1))
    filled = [part for part in parts if not part.empty]
    return pd.concat(filled, ignore_index=True), singles


def by_length(corpus: Corpus, protocols: Sequence[Settings], split: str = "test",
              buckets: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """BLEU by length of the models measured with these protocols, whatever their seeds.

    Two tables. The first has a row per rule, hidden_size and bucket: split, shortest, longest,
    sentences, seeds (how many), bleu (their mean), low, high (its 95% interval over seeds and
    sentences). The second has a row per seed, too, with its bleu. The test split is followed by the
    `long` one, as in `experiments.compare`. A protocol that was not measured has no rows.
    """
    means = []
    singles = []
    parts = parts_of(corpus, split, buckets)
    splits = dict.fromkeys(part for part, _ in parts)
    for settings in one_of_each(corpus, protocols):
        numbers = seeds(corpus, settings)["seed"].tolist()
        every = {part: counts(corpus, settings, part) for part in splits}
        for part, bucket in parts:
            some = every[part][:, bucket.index]     # [seeds, sentences of this length, 10]
            names = {
                "rule": settings.rule,
                "hidden_size": settings.hidden_size,
                "split": part,
                "shortest": bucket.min(),
                "longest": bucket.max(),
                "sentences": len(bucket),
            }
            score = evaluation.bleu_over_seeds(some)
            means.append(names | {
                "seeds": len(numbers),
                "bleu": score.value,
                "low": score.low,
                "high": score.high,
            })
            for number, of_seed in zip(numbers, some, strict=True):
                bleu = evaluation.bleu_of_counts(of_seed)
                singles.append(names | {"seed": number, "bleu": bleu})
    return pd.DataFrame(means), pd.DataFrame(singles)


def one_of_each(corpus: Corpus, protocols: Sequence[Settings]) -> list[Settings]:
    """Those of the protocols that were measured, each once: their seeds do not count."""
    without_seeds = [settings._replace(seed=0) for settings in protocols]
    different = dict.fromkeys(without_seeds)
    return [settings for settings in different if len(seeds(corpus, settings))]


def parts_of(corpus: Corpus, split: str, buckets: int) -> list[tuple[str, pd.Series]]:
    """The buckets of length of a split, each with its split; after test the long sentences.

    Every split is cut at the lengths where test is cut, so that lines can be compared.
    """
    pairs = pairs_of(corpus, split)
    lengths = pd.Series([len(pair.source) for pair in pairs])
    parts = []
    for bucket in evaluation.length_buckets(corpus.test, buckets):
        inside = lengths.between(bucket.min(), bucket.max())
        parts.append((split, lengths[inside]))
    if split == "test" and corpus.long:
        (bucket,) = evaluation.length_buckets(corpus.long, 1)
        parts.append(("long", bucket))
    return parts


def overall(corpus: Corpus, protocols: Sequence[Settings], split: str = "test") -> pd.DataFrame:
    """BLEU over a whole split: a row per protocol that was measured.

    Columns: rule, hidden_size, seeds, bleu (their mean), low, high (95%, over seeds and sentences),
    lowest and highest (of a single seed).
    """
    rows = []
    for settings in one_of_each(corpus, protocols):
        some = counts(corpus, settings, split)
        score = evaluation.bleu_over_seeds(some)
        of_each_seed = [evaluation.bleu_of_counts(of_seed) for of_seed in some]
        rows.append({
            "rule": settings.rule,
            "hidden_size": settings.hidden_size,
            "seeds": len(some),
            "bleu": score.value,
            "low": score.low,
            "high": score.high,
            "lowest": min(of_each_seed),
            "highest": max(of_each_seed),
        })
    return pd.DataFrame(rows)


def paired(corpus: Corpus, settings_a: Settings, settings_b: Settings, split: str = "test",
           corpus_b: Corpus | None = None,
           places: Sequence[int] | None = None) -> evaluation.Interval:
    """How far protocol a is ahead of b in BLEU, in its 95% interval over seeds and sentences.

    `corpus_b` is what b was trained on, where that is another corpus with the same references;
    `places` are those of the sentences that count. Only seeds that both were trained with count; a
    ValueError where there is none.
    """
    corpus_b = corpus_b or corpus
    seeds_a = seeds(corpus, settings_a)["seed"].tolist()
    seeds_b = seeds(corpus_b, settings_b)["seed"].tolist()
    both = sorted(set(seeds_a) & set(seeds_b))
    if not both:
        raise ValueError(f"{settings_a} and {settings_b} were measured with different seeds")
    places_a = [seeds_a.index(seed) for seed in both]
    places_b = [seeds_b.index(seed) for seed in both]
    counts_a = counts(corpus, settings_a, split)[places_a]             # [seeds, sentences, 10]
    counts_b = counts(corpus_b, settings_b, split)[places_b]
    if places is not None:
        counts_a = counts_a[:, places]
        counts_b = counts_b[:, places]
    return evaluation.paired_over_seeds(counts_a, counts_b)


# The search for the settings that serve a rule best.

def tries(corpus: Corpus, rule: str, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """The settings tried for a rule: learning_rate, weight_decay, valid_loss, valid_bleu.

    A row per try, the best on `valid` first; all with one seed. `table`: as `models` has it, in
    place of the one that came with the course.
    """
    if table is None:
        table = models()
    found = equal_but_for(["learning_rate", "weight_decay"], table, corpus, Settings(rule))
    best_first = found.sort_values("valid_bleu", ascending=False)
    columns = ["learning_rate", "weight_decay", "valid_loss", "valid_bleu"]
    return best_first[columns].reset_index(drop=True)


def search(corpus: Corpus, rules: Sequence[str]) -> pd.DataFrame:
    """BLEU on `valid` of all tries: a row per rule, a column per weight decay and learning rate."""
    tables = [tries(corpus, rule).assign(rule=rule) for rule in rules]
    found = pd.concat(tables).pivot_table(
        index="rule", columns=["weight_decay", "learning_rate"], values="valid_bleu", sort=False)
    return found.sort_index(axis="columns")


def valid_bleu(corpus: Corpus, settings: Settings) -> float:
    """BLEU on `valid` of the model measured with exactly these settings, seed and all."""
    (value,) = equal_but_for([], models(), corpus, settings)["valid_bleu"]
    return value


def finalists(corpus: Corpus, rule: str, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """The FINALISTS best tries of a rule, and the settings of the course; with common seeds.

    Columns: learning_rate, weight_decay, seeds (how many), valid_bleu (their mean); the best of
    them first. Among many tries the winner may owe it to its seed, among few in the mean less so.
    The settings of the course take part whatever one seed said of them: they have to be beaten.
    """
    if table is None:
        table = models()
    best_tries = tries(corpus, rule, table).head(FINALISTS)
    names = list(zip(best_tries["learning_rate"], best_tries["weight_decay"], strict=True))
    free = ["learning_rate", "weight_decay", "seed"]
    of_rule = equal_but_for(free, table, corpus, Settings(rule))
    by_seed = of_rule.pivot_table(index="seed", columns=free[:2], values="valid_bleu")
    of_the_course = Settings(rule)
    had_already = (of_the_course.learning_rate, of_the_course.weight_decay)
    if had_already in by_seed.columns and had_already not in names:
        names.append(had_already)
    of_shared_seeds = by_seed[names].dropna()                          # a column per finalist
    found = of_shared_seeds.mean().rename("valid_bleu").reset_index()
    found.insert(2, "seeds", len(of_shared_seeds))
    return found.sort_values("valid_bleu", ascending=False, ignore_index=True)


def best(corpus: Corpus, rule: str, table: pd.DataFrame | None = None) -> Settings:
    """The settings that served a rule best on `valid`: the first of its `finalists`.

    Those of the course where none were tried.
    """
    found = finalists(corpus, rule, table)
    if found.empty:
        return Settings(rule)
    return settings_of(rule, found.iloc[0])


def settings_of(rule: str, row: pd.Series) -> Settings:
    """The Settings of a row that has a learning_rate and a weight_decay."""
    rate = float(row["learning_rate"])
    decay = float(row["weight_decay"])
    return Settings(rule, learning_rate=rate, weight_decay=decay)
