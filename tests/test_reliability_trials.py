"""The trials of `make reliability`, a few times each: nothing is lost."""
import signal

import pytest

from benchmarks.reliability import damage, disk, interruption


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_real_training_survives_its_end(how):
    row = interruption.killed(how, times=2)
    assert row.tried >= 2 and row.lost == 0


def test_a_damaged_file_of_any_kind_is_refused(tmp_path):
    for row in damage.damage(tmp_path, places=3):
        assert row.tried == 6 and row.lost == 0, row


def test_a_full_disk_leaves_the_old_file():
    row = disk.full_disk(times=3)
    if row is None:
        pytest.skip("no small disk can be mounted here: that takes Linux and root")
    assert row.tried == 3 and row.lost == 0
