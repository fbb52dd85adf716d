"""Tables of several seeds: made on a toy corpus, read again, and held against other code."""
import io
import shutil
from concurrent.futures import ThreadPoolExecutor

import nbformat
import numpy as np
import pandas as pd
import pytest
import sacrebleu

from conftest import small
from helpers import course, evaluation, experiments, files, measured, pieces, training
from helpers.training import Settings
from series import measure
from series.runner import Stopped

CHOICES = {"additive": small(rule="additive", epochs=2), "fixed": small(rule="fixed", epochs=1)}
SEEDS = (1, 2)


def few(done):
    """In place of the real plan: two rules, two seeds, and reversed sources."""
    tasks = []
    for seed in SEEDS:
        for settings in CHOICES.values():
            tasks.append(measure.Task(settings._replace(seed=seed)))
    tasks.append(measure.Task(CHOICES["fixed"], reversed_source=True))
    return tasks


@pytest.fixture(scope="module")
def corpora(toy):
    long = [pair for pair in toy.train if len(pair.source) == 4][:8]
    plain = toy._replace(long=long)
    return plain, measure.corpus.with_sources_reversed(plain)


@pytest.fixture(scope="module")
def folders(corpora, tmp_path_factory):
    """Measured once for all tests; gives the folder of results, and that of the tables."""
    home = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as patch:
        prepare(patch, corpora)
        measure.run(["phrasebook"], home / "build", home / "tables")
    return home / "build/phrasebook", home / "tables/phrasebook"


def prepare(patch, corpora):
    """Measure little, in this process."""
    patch.setattr(measure, "words", lambda name, reversed_source=False: corpora[reversed_source])
    patch.setitem(measure.PLANS, "phrasebook", few)
    patch.setattr(measure, "pool", lambda: ThreadPoolExecutor(1))
    patch.setattr(measure, "WORKERS", 1)
    patch.setattr(course, "BUILD", course.BUILD)  # `measure` changes it; back afterwards
    measure.path_of.cache_clear()
    measure.learnt_from.cache_clear()


@pytest.fixture
def read_from(monkeypatch):
    """A function that makes the reader of tables read those of a folder."""
    def forget():
        measured.models.cache_clear()
        measured.sentences.cache_clear()

    def read_from(folder):
        monkeypatch.setattr(measured, "FOLDER", folder)
        forget()

    yield read_from
    forget()


@pytest.fixture
def tables(folders, read_from):
    """The reader of tables, reading these."""
    read_from(folders[1].parent)


def test_counts_give_the_bleu_of_the_translations(folders, tables, corpora, monkeypatch):
    """The models stayed: what they say now, scored by sacrebleu, is what the tables say."""
    monkeypatch.setattr(course, "BUILD", folders[0])
    data, _ = corpora
    for settings in CHOICES.values():
        counts = measured.counts(data, settings)
        rows = measured.seeds(data, settings)
        assert rows["seed"].tolist() == list(SEEDS)
        for seed, row, of_seed in zip(SEEDS, rows.itertuples(), counts, strict=True):
            model, _ = training.trained(data, settings._replace(seed=seed))
            traces = experiments.translate_pairs(model, data.test)
            said, references = evaluation.texts(traces, data.test)
            expected = sacrebleu.corpus_bleu(said, [references], tokenize="none", force=True).score
            assert evaluation.bleu_of_counts(of_seed) == pytest.approx(expected)
            assert row.bleu == pytest.approx(expected, abs=1e-5)
            assert row.perfect == pytest.approx(evaluation.perfect(traces, data.test), abs=1e-5)


def test_by_length_every_seed_and_their_mean(tables, corpora):
    data, _ = corpora
    means, singles = measured.by_length(data, list(CHOICES.values()), buckets=2)
    assert means["seeds"].tolist() == [2] * len(means)
    fixed = means[means["rule"] == "fixed"]
    tested = fixed[fixed["split"] == "test"]
    assert tested["sentences"].sum() == len(data.test)
    assert fixed["split"].tolist() == ["test"] * len(tested) + ["long"]
    for row in means.itertuples():
        of_bucket = singles[(singles["rule"] == row.rule) & (singles["shortest"] == row.shortest)
                            & (singles["split"] == row.split)]
        assert sorted(of_bucket["seed"]) == list(SEEDS)
        assert row.bleu == pytest.approx(of_bucket["bleu"].mean())
        assert row.low <= row.bleu <= row.high


def test_overall_and_paired_agree_on_the_mean(tables, corpora):
    data, _ = corpora
    table = measured.overall(data, list(CHOICES.values())).set_index("rule")
    test = measured.paired(data, CHOICES["additive"], CHOICES["fixed"])
    difference = table["bleu"]["additive"] - table["bleu"]["fixed"]
    assert test.value == pytest.approx(difference)
    assert test.low <= test.value <= test.high
    assert (table["lowest"] <= table["bleu"]).all() and (table["bleu"] <= table["highest"]).all()


def test_what_was_not_measured_is_not_there(tables, corpora):
    data, _ = corpora
    other = small(rule="mean")
    assert measured.seeds(data, other).empty
    fewer = data._replace(train=data.train[:-1])
    assert measured.seeds(fewer, CHOICES["fixed"]).empty
    means, singles = measured.by_length(data, [other])
    assert means.empty and singles.empty
    with pytest.raises(ValueError, match="no model was measured beforehand"):
        measured.counts(data, other)


def test_a_run_that_was_not_measured_beforehand_stands_for_itself(tables, corpora):
    """Every protocol has its line: the mean of its seeds, or the reader's own run."""
    data, _ = corpora
    own = pd.DataFrame([{"rule": rule, "hidden_size": 24, "seed": 1, "split": "test",
                         "shortest": 2, "longest": 4, "sentences": 9, "bleu": 50.0, "low": 40.0,
                         "high": 60.0, "perfect": 0.5} for rule in ("fixed", "mean")])
    protocols = [CHOICES["fixed"], small(rule="mean")]
    several, singles = measured.among_seeds(data, protocols, own)
    seeds = several.groupby("rule")["seeds"].max()
    assert seeds["fixed"] == len(SEEDS) and seeds["mean"] == 1
    assert several[several["rule"] == "mean"]["bleu"].tolist() == [50.0]
    assert set(singles["rule"]) == {"fixed"}
    alone, none = measured.among_seeds(data, protocols[1:], own)
    assert alone["rule"].tolist() == ["mean"] and none.empty


def test_reversed_sources_are_a_corpus_of_their_own(tables, corpora):
    plain, backwards = corpora
    assert len(measured.seeds(backwards, CHOICES["fixed"])) == 1
    for pair, turned in zip(plain.test, backwards.test, strict=True):
        assert turned.source == pair.source[::-1] and turned.target == pair.target
        words = {(pair.source[source], target) for source, target in pair.alignment}
        assert words == {(turned.source[source], target) for source, target in turned.alignment}


@pytest.mark.slow
def test_a_second_run_trains_nothing_and_an_interrupted_one_goes_on(folders, corpora, monkeypatch,
                                                                   tmp_path):
    """What is there stays as it is; what is missing is made again, and the tables are the same."""
    build, tables = folders
    prepare(monkeypatch, corpora)
    before = {path.name: path.read_bytes() for path in tables.iterdir()}
    trained = []
    monkeypatch.setattr(measure, "measure", lambda task, path: trained.append(task))
    measure.run(["phrasebook"], build.parent, tmp_path / "again")
    assert not trained
    again = {path.name: path.read_bytes() for path in (tmp_path / "again/phrasebook").iterdir()}
    assert again == before


@pytest.mark.slow
def test_models_of_pieces_are_measured_in_words(corpora, read_from, monkeypatch, tmp_path):
    """Real text: what the model says is put together before anything is counted."""
    data, _ = corpora
    cutter = pieces.learn(data.train, 60)
    task = measure.Task(CHOICES["additive"], corpus=measure.REAL_TEXT)
    prepare(monkeypatch, corpora)
    monkeypatch.setattr(measure, "cutter_of", lambda name: cutter)
    monkeypatch.setitem(measure.PLANS, measure.REAL_TEXT, lambda done: [task])
    measure.run([measure.REAL_TEXT], tmp_path / "build", tmp_path / "tables")
    read_from(tmp_path / "tables")
    (counts,) = measured.counts(data, task.settings)
    (row,) = measured.seeds(data, task.settings).itertuples()
    model, _ = training.trained(cutter.cut_corpus(data), task.settings)
    said = experiments.speak_pairs(model, data.test, cutter)
    assert counts[:, 0].tolist() == [len(one.words) for one in said]
    assert row.bleu == pytest.approx(evaluation.bleu(said, data.test), abs=1e-5)


def test_real_text_is_measured_with_the_settings_of_its_notebook():
    """What 08 trains before the reader is one of the seeds: the same settings as there."""
    cells = nbformat.read(course.ROOT / "notebooks" / "08_real_translation.ipynb", 4).cells
    (parameters,) = [cell.source for cell in cells if cell.source.startswith("CORPUS = ")]
    (cell,) = [cell.source for cell in cells if cell.source.startswith("settings = training")]
    names = {"training": training}
    exec(parameters, names)
    exec(cell.split("word_settings")[0], names)
    first, *_ = measure.real_text(pd.DataFrame())
    assert names["settings"] == first.settings


def test_only_what_has_a_plan_is_measured():
    with pytest.raises(Stopped, match="nothing is measured on 'toy'"):
        measure.run(["toy"])


@pytest.fixture
def in_the_tables(folders, corpora, monkeypatch, tmp_path):
    """A function that measures tasks, whose results are known, into the tables of `tmp_path`.

    It gives what was in these tables before each task, file by file.
    """
    build, _ = folders
    prepare(monkeypatch, corpora)
    into = tmp_path / "tables" / "phrasebook"
    during = []

    def known(task, path):
        during.append({file.name: file.read_bytes() for file in into.glob("*")})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((build / path.name).read_bytes())

    def measured_into(tasks):
        monkeypatch.setitem(measure.PLANS, "phrasebook", lambda done: tasks)
        monkeypatch.setattr(measure, "measure", known)
        measure.run(["phrasebook"], tmp_path / "build", tmp_path / "tables")
        return during

    return measured_into


def test_fewer_results_replace_a_fuller_table_only_when_all_are_there(folders, in_the_tables,
                                                                     tmp_path):
    """Somebody measures anew, and less: the old tables stay until the new ones are whole."""
    _, tables = folders
    into = tmp_path / "tables" / "phrasebook"
    shutil.copytree(tables, into)
    before = {file.name: file.read_bytes() for file in tables.iterdir()}
    tasks = few(None)[:2]
    assert in_the_tables(tasks) == [before, before]
    assert len(pd.read_csv(into / measured.MODELS)) == 2


def test_the_tables_grow_with_each_model(in_the_tables):
    nothing, one = in_the_tables(few(None)[:2])
    assert nothing == {}
    assert len(pd.read_csv(io.BytesIO(one[measured.MODELS]))) == 1


def test_the_committed_tables_fit_the_code():
    """Every setting has its column, every sentence its model, and every model its sentences."""
    models, sentences = measured.models(), measured.sentences()
    assert set(training.Settings._fields) <= set(models.columns)
    assert list(sentences.columns) == measured.COLUMNS
    assert set(sentences["model"]) == set(models["model"])
    assert not models.duplicated(["corpus", *training.Settings._fields]).any()


def test_the_best_tries_of_each_rule_are_trained_with_more_seeds(corpora):
    """Before all tries are done nothing is chosen; then the best on valid are."""
    search = measure.search(1)
    assert len(search) == len(set(search)) == len(measure.TRIES) * len(measure.SEARCHED)
    quality = [0.0, 1.0, 3.0, 2.0, 0.0, 0.0]  # of the tries of each rule
    rows = []
    for task, bleu in zip(search, quality * len(measure.SEARCHED), strict=True):
        rows.append({"corpus": measured.fingerprint(corpora[0]), **task.settings._asdict(),
                     "valid_loss": 1.0, "valid_bleu": bleu})
    table = pd.DataFrame(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "words", lambda name: corpora[0])
        chosen = measure.tuned(table, seed=2)
        without_a_try = measure.tuned(table[1:], seed=2)
    assert without_a_try == chosen[measured.FINALISTS:], "the first rule lacks a try"
    expected = []
    for rule in measure.TUNED:
        of_rule = [task for task in search if task.settings.rule == rule]
        for place in (2, 3):
            expected.append(of_rule[place].settings._replace(seed=2))
    assert [task.settings for task in chosen] == expected


def test_among_the_best_tries_the_mean_over_shared_seeds_decides(corpora):
    """The winner of one seed may lose with several; a seed that only one of them has is no vote."""
    toy = corpora[0]
    rows = []
    for rate, of_seeds in {0.1: [9.0, 1.0], 0.2: [8.0, 4.0], 0.3: [7.0, 100.0],
                           0.4: [6.0]}.items():
        for seed, bleu in enumerate(of_seeds, start=1):
            settings = Settings("dot", learning_rate=rate, seed=seed)
            rows.append({"corpus": measured.fingerprint(toy), **settings._asdict(),
                         "valid_loss": 1.0, "valid_bleu": bleu})
    table = pd.DataFrame(rows)
    assert list(measured.tries(toy, "dot", table)["learning_rate"]) == [0.1, 0.2, 0.3, 0.4]
    finalists = measured.finalists(toy, "dot", table)
    assert list(finalists["learning_rate"]) == [0.2, 0.1]
    assert list(finalists["valid_bleu"]) == [6.0, 5.0] and list(finalists["seeds"]) == [2, 2]
    assert measured.best(toy, "dot", table) == Settings("dot", learning_rate=0.2)

    lonely = table.drop(index=1)  # rate 0.1 with one seed
    assert list(measured.finalists(toy, "dot", lonely)["valid_bleu"]) == [9.0, 8.0]
    assert measured.best(toy, "mean", table) == Settings("mean"), "nothing was tried for it"


def test_the_settings_of_the_course_are_always_among_the_finalists(corpora):
    """The seed of the search may have been their worst: in the mean they can win all the same."""
    toy = corpora[0]
    of_the_course = Settings("dot").learning_rate
    rows = []
    for rate, of_seeds in {0.1: [9.0, 1.0], 0.2: [8.0, 4.0], of_the_course: [2.0, 20.0]}.items():
        for seed, bleu in enumerate(of_seeds, start=1):
            settings = Settings("dot", learning_rate=rate, seed=seed)
            rows.append({"corpus": measured.fingerprint(toy), **settings._asdict(),
                         "valid_loss": 1.0, "valid_bleu": bleu})
    table = pd.DataFrame(rows)
    finalists = measured.finalists(toy, "dot", table)
    assert list(finalists["learning_rate"]) == [of_the_course, 0.2, 0.1]
    assert measured.best(toy, "dot", table) == Settings("dot")


def test_the_search_has_every_try_of_every_rule():
    phrasebook = measure.words("phrasebook")
    table = measured.search(phrasebook, measure.SEARCHED)
    assert list(table.index) == list(measure.SEARCHED)
    assert list(table.columns) == sorted((decay, rate) for rate, decay in measure.TRIES)
    for rule in measure.SEARCHED:
        best = measured.best(phrasebook, rule)
        best_two = table.loc[rule].nlargest(measured.FINALISTS)
        allowed = {*best_two.index, (Settings().weight_decay, Settings().learning_rate)}
        assert (best.weight_decay, best.learning_rate) in allowed


def test_more_seeds_widen_the_interval_only_if_they_differ():
    """Seeds that say the same add nothing; seeds that differ are what the mean may turn on."""
    lot = np.random.default_rng(1)
    references = [[f"w{k}" for k in lot.integers(0, 20, 8)] for _ in range(60)]
    lines = [" ".join(words) for words in references]

    def counts(mistakes):
        said = []
        for words in references:
            wrong = lot.random(len(words)) < mistakes
            said.append(" ".join(np.where(wrong, "wrong", words)))
        return evaluation.sentence_counts(said, lines)

    good, bad = counts(0.1), counts(0.5)
    alike = evaluation.bleu_over_seeds(np.stack([good, good, good]), draws=200)
    apart = evaluation.bleu_over_seeds(np.stack([good, bad, good]), draws=200)
    assert alike.value == pytest.approx(evaluation.bleu_of_counts(good))
    assert apart.high - apart.low > 2 * (alike.high - alike.low)
    same = evaluation.paired_over_seeds(np.stack([good, bad]), np.stack([good, bad]), draws=50)
    assert same == (0, 0, 0)
    with pytest.raises(ValueError, match="give the same seeds"):
        evaluation.paired_over_seeds(np.stack([good, bad]), np.stack([good]))


def test_tables_are_written_with_their_checksums(folders):
    for name in (measured.MODELS, measured.SENTENCES):
        path = folders[1] / name
        assert files.checksum_path(path).exists()
        assert files.checked(path) == path.read_bytes()
