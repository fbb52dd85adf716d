"""Sentences come in whole, and bad files are refused in one clear sentence."""
import hashlib
import random

import pytest
import torch

from helpers import corpus, course, downloads, text
from helpers.text import Pair


@pytest.mark.parametrize("typed, tokens", [
    ("I love you", "i love you"),
    ("Je t'aime !", "je t' aime !"),
    ("L’ami d'Anne, aujourd'hui : qu'est-ce que c'est ?",
     "l' ami d' anne , aujourd'hui : qu' est-ce que c' est ?"),
    ("She doesn't know the ice-cream man.", "she doesn't know the ice-cream man ."),
    ("Zwei Männer, 3 Hunde.", "zwei männer , 3 hunde ."),
    ("   ", ""),
])
def test_tokenize(typed, tokens):
    assert text.tokenize(typed) == tokens.split()


def test_the_vocabulary_counts_and_knows_what_it_does_not_know():
    pairs = [Pair(["b", "a", "b"], ["x"]), Pair(["c", "b", "a"], ["y"])]
    vocab = text.vocabularies(pairs, min_count=2).source
    assert vocab.itos == [*text.SPECIALS, "b", "a"]
    special_ids = [text.UNKNOWN_ID, text.PAD_ID, text.START_ID, text.END_ID]
    assert [vocab.stoi[word] for word in text.SPECIALS] == special_ids
    assert text.numbers(["a", "never", "b"], vocab) == [5, text.UNKNOWN_ID, 4]
    assert len(vocab) == 6, "looking an unknown word up must not add it"


def test_batches_hold_every_pair_once_and_little_padding():
    some = random.Random(0)
    examples = [([9] * some.randint(1, 30), [2, *[k + 4] * 3, 3]) for k in range(500)]
    batches = list(text.batches(examples, 16, shuffle=random.Random(1)))
    assert sorted(row[1].item() for batch in batches for row in batch.target) == list(range(4, 504))
    filled = sum((batch.source != text.PAD_ID).sum().item() for batch in batches)
    assert filled / sum(batch.source.numel() for batch in batches) > 0.9
    for batch in batches:
        assert batch.lengths.equal((batch.source != text.PAD_ID).sum(dim=1))
    again = list(text.batches(examples, 16, shuffle=random.Random(1)))
    other = list(text.batches(examples, 16, shuffle=random.Random(2)))
    assert all(torch.equal(a.target, b.target) for a, b in zip(batches, again, strict=True))
    first_words = [(a.target[0], b.target[0]) for a, b in zip(batches, other, strict=True)]
    assert not all(torch.equal(mine, theirs) for mine, theirs in first_words)


def test_the_phrasebook_loads_with_its_gold_links():
    phrasebook = corpus.load("phrasebook", pairs=300)
    sizes = [len(split) for split in phrasebook[1:]]
    assert sizes == [300, 300, 300, 300]
    for pair in phrasebook.test:
        assert {target for _, target in pair.alignment} == set(range(len(pair.target)))
        assert len(pair.kinds) == len(pair.target)
    table = corpus.as_table(phrasebook.test[:3])
    assert list(table.columns) == ["source", "target", "source_words", "target_words"]


def own_file(folder, lines, name="mine.tsv"):
    path = folder / name
    path.write_bytes("\n".join(lines).encode("utf-8"))
    return path


def test_your_own_file_is_split_by_source_sentence(tmp_path):
    lines = [f"Sentence {k // 2} here.\tPhrase {k} ici !\tCC-BY licence, number {k}"
             for k in range(200)]
    mine = corpus.load(own_file(tmp_path, lines))
    assert mine.name == "mine" and mine.long == []
    assert sum(len(split) for split in mine[1:]) == 200
    train, valid, test = ({tuple(pair.source) for pair in split} for split in mine[1:4])
    assert not (train & valid or train & test or valid & test) and valid and test
    assert mine.train[0].source[0] == "sentence" and mine.train[0].target[-1] == "!"


@pytest.mark.parametrize("line", ["no tab at all", "source only\t", "\ttarget only"])
def test_a_broken_line_is_named(tmp_path, line):
    path = own_file(tmp_path, ["one\tun", "", line, "two\tdeux"])
    with pytest.raises(ValueError, match=r"mine\.tsv, line 3: 2 columns separated by a tab"):
        corpus.load(path)


def test_other_bad_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.tsv is not there"):
        corpus.load(tmp_path / "nowhere.tsv")
    with pytest.raises(ValueError, match="3 sentence pairs: at least 10"):
        corpus.load(own_file(tmp_path, ["a\tb"] * 3))
    (tmp_path / "latin.tsv").write_bytes("café\tcoffee\n".encode("latin-1") * 20)
    with pytest.raises(ValueError, match="latin.tsv is not UTF-8 text"):
        corpus.load(tmp_path / "latin.tsv")
    with pytest.raises(ValueError, match="'phrasbook' is unknown.*phrasebook"):
        corpus.load("phrasbook")
    with pytest.raises(ValueError, match="'multi30k-de-de' is unknown"):
        corpus.load("multi30k-de-de")


@pytest.mark.parametrize("alignment, kinds, told", [
    ("0-0 2-9", "pronoun verb", "'0-0 2-9' is not an alignment"),
    ("0-0 x", "pronoun verb", "is not an alignment"),
    ("0.0", "pronoun verb", "is not an alignment"),
    ("0-0 -1-1", "pronoun verb", "is not an alignment"),
    ("0-0 1-1", "pronoun", "1 kinds for 2 French words"),
])
def test_a_damaged_phrasebook_is_named(tmp_path, alignment, kinds, told):
    header = "english\tfrench\talignment\tkinds"
    good = "i sleep\tje dors\t0-0 1-1\tpronoun verb"
    bad = f"i run\tje cours\t{alignment}\t{kinds}"
    with pytest.raises(ValueError, match=rf"mine\.tsv, line 3: .*{told}"):
        corpus.read_phrasebook(own_file(tmp_path, [header, good, bad]))


def multi30k_copy(folder, monkeypatch):
    """A copy of Multi30k with true checksums: four pairs in each split, one of them half empty."""
    tok = folder / "data" / "task1" / "tok"
    tok.mkdir(parents=True)
    sums = {}
    for split in ("train", "val", "test_2016_flickr"):
        for language, line in (("de", "ein hund &apos;s"), ("en", "a dog")):
            if language == "de":
                content = f"{line} 1\n{line} 2\n\n{line} 4\n".encode()
            else:
                content = f"{line}\n".encode() * 4
            (tok / f"{split}.lc.norm.tok.{language}").write_bytes(content)
            sums[f"{split}.lc.norm.tok.{language}"] = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(corpus, "MULTI30K_SHA256", sums)
    return tok


def test_multi30k_from_a_copy(tmp_path, monkeypatch):
    tok = multi30k_copy(tmp_path, monkeypatch)
    monkeypatch.setenv("MULTI30K_DIR", str(tmp_path))
    loaded = corpus.load("multi30k-de-en")
    assert [len(split) for split in loaded[1:]] == [3, 3, 3, 0]
    assert loaded.test[0].source == ["ein", "hund", "'s", "1"]
    assert loaded.test[0].target == ["a", "dog"]
    (tok / "val.lc.norm.tok.en").write_text("somebody else's text\n")
    with pytest.raises(ValueError, match=r"val\.lc\.norm\.tok\.en is not the file .*SHA-256"):
        corpus.load("multi30k-de-en")
    (tok / "train.lc.norm.tok.de").unlink()
    with pytest.raises(FileNotFoundError, match=r"train\.lc\.norm\.tok\.de is not in MULTI30K_DIR"):
        corpus.load("multi30k-de-en")


def test_multi30k_is_fetched_once_and_whole_or_not_at_all(tmp_path, monkeypatch):
    tok = multi30k_copy(tmp_path / "server", monkeypatch)
    monkeypatch.delenv("MULTI30K_DIR", raising=False)
    monkeypatch.setattr(course, "DATA", tmp_path / "data")
    monkeypatch.setattr(corpus, "MULTI30K", (tmp_path / "server").as_uri())
    assert len(corpus.load("multi30k-de-en").train) == 3
    monkeypatch.setattr(corpus, "MULTI30K", "file:///nowhere")
    monkeypatch.setattr(downloads, "PAUSE", 0)
    assert len(corpus.load("multi30k-de-en").train) == 3, "the second time needs no network"
    kept = tmp_path / "data" / "multi30k" / "data" / "task1" / "tok" / "val.lc.norm.tok.en"
    kept.unlink()
    with pytest.raises(FileNotFoundError, match="nor can it be downloaded.*MULTI30K_DIR"):
        corpus.load("multi30k-de-en")
    monkeypatch.setattr(corpus, "MULTI30K", (tmp_path / "server").as_uri())
    (tok / "val.lc.norm.tok.en").write_text("cut off")
    with pytest.raises(FileNotFoundError, match="3 tries, at last: 7 bytes came.*SHA-256"):
        corpus.load("multi30k-de-en")
    assert not kept.exists()
