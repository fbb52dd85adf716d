"""Files are whole or not there, and a single changed bit is noticed before anybody believes it."""
import errno
import http.server
import random
import shutil
import threading
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import torch

from conftest import small
from helpers import checkpoints, corpus, course, downloads, files, pieces, training

PLACES = 30  # at which each file is cut, and as many at which a bit of it is turned


def damaged(content, lot):
    """Copies of a file: cut somewhere, or one bit turned."""
    for _ in range(PLACES):
        yield content[:lot.randrange(len(content))]
        place = lot.randrange(len(content))
        turned = content[place] ^ (1 << lot.randrange(8))
        yield content[:place] + bytes([turned]) + content[place + 1:]


def test_a_damaged_checkpoint_is_recognised_and_named(toy, learnt, tmp_path):
    path = tmp_path / "model.pt"
    checkpoints.save(learnt, pd.DataFrame({"epoch": [1]}), path)
    model = training.build(toy, small())
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    for content in damaged(path.read_bytes(), random.Random(1)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"model\.pt is damaged .*delete it, and it will be"):
            checkpoints.load(model, path)
    for name, weights in model.state_dict().items():
        assert weights.equal(before[name]), "a damaged checkpoint left its weights in the model"


def test_a_damaged_table_phrasebook_or_sub_word_file_is_recognised_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "BUILD", tmp_path / "build")
    files.keep_table(pd.DataFrame({"bleu": [1.5, 2.5]}), "results")
    for name in ("valid.tsv", "valid.tsv.sha256"):
        shutil.copy(corpus.PHRASEBOOK / name, tmp_path / name)
    cutter = pieces.learn(corpus.load("phrasebook", pairs=200).train, 200)
    files.write_checked(tmp_path / "some.pieces", cutter.model)

    readers = {course.BUILD / "tables" / "results.csv": files.checked,
               tmp_path / "valid.tsv": corpus.read_phrasebook,
               tmp_path / "some.pieces": pieces.load}
    for path, read in readers.items():
        whole = path.read_bytes()
        read(path)
        for content in damaged(whole, random.Random(2)):
            path.write_bytes(content)
            with pytest.raises(ValueError, match=rf"{path.name} is damaged.*SHA-256.*: \w+ "):
                read(path)


def test_a_damaged_checksum_is_no_proof(tmp_path):
    path = files.write_checked(tmp_path / "a.txt", "words")
    assert files.checked(path) == b"words"
    for content in damaged(files.checksum_path(path).read_bytes(), random.Random(3)):
        files.checksum_path(path).write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.txt is damaged"):
            files.checked(path)


def test_what_comes_with_the_course_has_its_checksum():
    for path in course.DATA.rglob("*.tsv"):
        if path.name != "lexicon.tsv":  # written by hand
            assert files.checksum_path(path).exists(), path
            files.checked(path)


def test_killed_between_a_file_and_its_checksum_the_file_is_taken_as_it_is(tmp_path, monkeypatch):
    """Whatever the moment: the old content, or the new one, and never an alarm without damage."""
    path = files.write_checked(tmp_path / "a.txt", "old")
    real = {name: getattr(files, name) for name in ("write", "remove")}
    for moment in range(10):
        files.write_checked(path, "old")
        left = [moment]

        def one_more(name, *arguments, left=left):
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return real[name](*arguments)

        with monkeypatch.context() as patched:
            for name in real:
                patched.setattr(files, name,
                                lambda *given, name=name, one_more=one_more: one_more(name, *given))
            try:
                files.write_checked(path, "new")
            except KeyboardInterrupt:
                assert files.checked(path) in (b"old", b"new")
                continue
        assert files.checked(path) == b"new"


class Malicious:
    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return Path.touch, (self.victim,)


def test_a_checkpoint_with_code_in_it_runs_nothing(tmp_path, learnt):
    victim = tmp_path / "the code has run"
    torch.save({"weights": Malicious(victim), "history": {}}, tmp_path / "plain.pt")
    files.write(tmp_path / "evil.pt", files.sealed((tmp_path / "plain.pt").read_bytes()))
    with pytest.raises(ValueError, match=r"evil\.pt is damaged or belongs to another model"):
        checkpoints.load(learnt, tmp_path / "evil.pt")
    assert not victim.exists()
    torch.load(tmp_path / "plain.pt", weights_only=False)
    assert victim.exists(), "the trap does not work, so nothing was proved"


@pytest.mark.parametrize("number, told", [
    (errno.ENOSPC, "No space left on device"), (errno.EROFS, "Read-only file system"),
    (errno.EACCES, "Permission denied")])
def test_where_nothing_can_be_written_the_old_file_stays(tmp_path, monkeypatch, number, told):
    path = files.write(tmp_path / "a.txt", "old")

    def refuse(half, content):
        half.write_bytes(content[:2])
        raise OSError(number, told)

    monkeypatch.setattr(files, "write_to_disk", refuse)
    with pytest.raises(OSError, match=rf"a\.txt could not be written \({told}\).*unchanged"):
        files.write(path, "new words")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


# Downloads.

@pytest.fixture
def server(monkeypatch):
    """A server on this machine that answers as its `answers` say, one after the other."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked += 1
            answer = self.server.answers[min(self.server.asked, len(self.server.answers)) - 1]
            answer(self)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = 0
    server.address = f"http://127.0.0.1:{server.server_port}/file"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(downloads, "PAUSE", 0)
    monkeypatch.setattr(downloads, "SILENCE", 0.3)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


CONTENT = b"the right bytes" * 1000


def says(content, length=None):
    """An answer with this content, which claims to be so long."""
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(length or len(content)))
        handler.end_headers()
        handler.wfile.write(content)
    return answer


def fails(handler):
    handler.send_error(503)


def is_silent(handler):
    threading.Event().wait(1)


def drips(handler):
    """A few bytes now and then: never silent for long, and never finished."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(20):
        try:
            handler.wfile.write(b"x" * 70000)
        except OSError:
            return
        threading.Event().wait(0.05)


@pytest.mark.parametrize("trouble", [fails, is_silent, says(CONTENT[:900], len(CONTENT)),
                                     says(CONTENT[:900]), says(b"another file")])
def test_a_download_is_tried_again(server, trouble):
    server.answers = [trouble, says(CONTENT)]
    assert downloads.fetch(server.address, files.sha256(CONTENT)) == CONTENT
    assert server.asked == 2


@pytest.mark.slow
@pytest.mark.parametrize("trouble, told", [
    (fails, "503"), (is_silent, "timed out"),
    (says(CONTENT[:900]), "900 bytes came, which are not"),
    (says(CONTENT[:900], len(CONTENT)), "IncompleteRead|900 bytes came")])
def test_a_download_that_always_fails_says_why(server, trouble, told):
    server.answers = [trouble]
    with pytest.raises(OSError, match=f"3 tries, at last: .*({told})"):
        downloads.fetch(server.address, files.sha256(CONTENT))
    assert server.asked == 3


def test_a_download_that_never_ends_is_given_up(server, monkeypatch):
    monkeypatch.setattr(downloads, "LONGEST", 0.1)
    monkeypatch.setattr(downloads, "TRIES", 1)
    server.answers = [drips]
    with pytest.raises(OSError, match="1 tries, at last: not finished after 0 seconds"):
        downloads.fetch(server.address, files.sha256(CONTENT))


def test_an_archive_cannot_leave_its_folder(tmp_path, monkeypatch):
    """course.zip is unpacked by the set-up cell with this function."""
    assert 'shutil.unpack_archive("course.zip")' in (
        course.ROOT / "notebooks" / "setup.py").read_text(encoding="utf-8")
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    with zipfile.ZipFile("course.zip", "w") as archive:
        archive.writestr("../outside.txt", "left its folder")
        archive.writestr("seq2seq/../../outside.txt", "left its folder")
        archive.writestr(str(tmp_path / "outside.txt"), "left its folder")
        archive.writestr("seq2seq/good.txt", "stays")
    shutil.unpack_archive("course.zip")
    assert not (tmp_path / "outside.txt").exists()
    assert (inside / "seq2seq" / "good.txt").read_text() == "stays"
