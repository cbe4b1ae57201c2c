"""Files of an analysis: kept once, found again by whoever has the link, gone when removed."""

import os
import threading
import time

import pytest

from lensmae.data.images.crop import Crop
from lensmae.data.images.read_options import Reading
from lensmae.data.records.uploads import UploadSet
from lensmae.errors import RecordError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    return tmp_path


def test_files_and_how_they_are_read_are_found_again():
    made = UploadSet.new()
    first = made.add("../../a.npy", b"one")
    second = made.add("b.npy", b"one")
    assert made.add("b.npy", b"one") == second != first
    how = Reading(item="SCI", band=1, crop=Crop(3, 4, 20), clean=True, pixel_scale=0.05)
    made.read_otherwise({second: how})
    again = UploadSet.open(made.identity)
    assert [(file.name, file.getvalue()) for file in again.files()] == [("../../a.npy", b"one"), ("b.npy", b"one")]
    assert again.readings() == {second: how}
    again.remove({second})
    assert [file.name for file in made.files()] == ["../../a.npy"]
    assert made.readings() == {}


def test_nothing_is_written_outside_the_folder(home):
    made = UploadSet.new()
    made.add("../../../evil.npy", b"content")
    outside = [path for path in home.rglob("*") if path.is_file() and path.parent != home / "analyses" / made.identity]
    assert outside == []


@pytest.mark.parametrize("identity", ["", "..", "0" * 19, "g" * 20, "0" * 20, "0" * 20 + "\n"])
def test_what_is_no_analysis_here_is_refused(identity):
    with pytest.raises(RecordError):
        UploadSet.open(identity)


def test_several_visitors_add_at_once_and_nothing_is_lost():
    made = UploadSet.new()

    def visit(number):
        for place in range(8):
            UploadSet.open(made.identity).add(f"{number}-{place}", b"x")

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(4)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert {file.name for file in made.files()} == {f"{n}-{i}" for n in range(4) for i in range(8)}


def test_an_analysis_that_nobody_opened_for_long_goes_with_the_next_new_one(home):
    old, kept = UploadSet.new(), UploadSet.new()
    past = time.time() - 40 * 86_400
    for one in (old, kept):
        os.utime(home / "analyses" / one.identity, (past, past))
    UploadSet.open(kept.identity)
    UploadSet.new()
    assert UploadSet.open(kept.identity).files() == []
    with pytest.raises(RecordError, match="not kept here any more"):
        UploadSet.open(old.identity)


def test_a_record_of_another_version_or_damaged_is_no_reason_to_fail(home):
    made = UploadSet.new()
    identity = made.add("a.npy", b"one")
    record = home / "analyses" / made.identity / "record.json"
    record.write_text(record.read_text().replace('"readings": {}', f'"readings": {{"{identity}": {{"crop": "no such"}}}}'))
    assert made.readings() == {}
    record.write_text("{")
    with pytest.raises(RecordError, match="record"):
        UploadSet.open(made.identity)


def test_a_read_only_dashboard_keeps_no_files(monkeypatch, home):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    with pytest.raises(RecordError, match="read-only"):
        UploadSet.new()
    assert not (home / "analyses").exists()
