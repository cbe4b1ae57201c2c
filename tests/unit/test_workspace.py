"""Files that appear whole or not at all, and what killed processes left of them."""

import multiprocessing
import os
import signal
import socket

import pytest

from lensmae import workspace
from lensmae.workspace import replacing, write_all, write_text

linux = pytest.mark.skipif(os.name != "posix", reason="Windows has no signal that kills")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def _die_while_writing(path):
    with replacing(path) as temporary:
        temporary.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)


def killed(path):
    process = multiprocessing.get_context("fork").Process(target=_die_while_writing, args=(path,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


@linux
def test_the_next_file_written_beside_it_removes_what_a_killed_process_left(tmp_path):
    killed(tmp_path / "status.json")
    (left,) = names(tmp_path)
    assert left.startswith(".status.json.")
    write_text(tmp_path / "other.json", "whole")
    assert names(tmp_path) == ["other.json"]


@linux
def test_what_a_living_process_or_another_machine_writes_stays(tmp_path, monkeypatch):
    (tmp_path / f".mine.{workspace._machine()}-{os.getpid()}-00000000.tmp").touch()
    (tmp_path / ".theirs.00000000-999999-00000000.tmp").touch()
    (tmp_path / ".notes.tmp").touch()
    write_text(tmp_path / "new", "whole")
    assert len(names(tmp_path)) == 4
    with monkeypatch.context() as patched:
        patched.setattr(socket, "gethostname", lambda: "another")
        workspace._machine.cache_clear()
        assert workspace._machine() not in names(tmp_path)[0]
    workspace._machine.cache_clear()


def test_of_several_files_all_are_written_or_none(tmp_path):
    (tmp_path / "a").write_text("before")
    (tmp_path / "c").mkdir()
    (tmp_path / "c/full").touch()
    with pytest.raises(OSError, match="c"):
        # A folder that is not empty cannot be replaced by a file; it comes first when they are renamed.
        write_all({tmp_path / "a": b"after", tmp_path / "b": b"new", tmp_path / "c": b"no file"})
    assert (tmp_path / "a").read_text() == "before"
    assert names(tmp_path) == ["a", "c"]
    write_all({tmp_path / "a": b"after", tmp_path / "b": b"new"})
    assert [(tmp_path / name).read_text() for name in "ab"] == ["after", "new"]


def test_folders_made_for_a_file_that_failed_go_unless_they_are_in_use(tmp_path):
    def raise_after(meanwhile):
        meanwhile()
        raise InterruptedError

    def fail(path, meanwhile=lambda: None):
        with pytest.raises(InterruptedError), replacing(path):
            raise_after(meanwhile)

    fail(tmp_path / "new/deep/file")
    assert names(tmp_path) == []
    fail(tmp_path / "new/deep/file", (tmp_path / "new/theirs").touch)
    assert names(tmp_path / "new") == ["theirs"]
    (tmp_path / "empty").mkdir()
    fail(tmp_path / "empty/file")
    assert names(tmp_path) == ["empty", "new"]
