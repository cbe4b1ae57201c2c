"""Folders appear whole or not at all, and what killed processes left goes."""

import multiprocessing
import os
import signal

import pytest

from lensmae.errors import DatasetError
from lensmae.folders import locked, new_folder
from lensmae.workspace import datasets_dir


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_at_the_end_and_not_before(tmp_path):
    with new_folder(tmp_path / "deep" / "whole") as partial:
        (partial / "file").write_text("content")
        assert not (tmp_path / "deep" / "whole").exists()
    assert names(tmp_path / "deep") == ["whole"]
    assert (tmp_path / "deep" / "whole" / "file").read_text() == "content"


def write(final, interrupt):
    with new_folder(final) as partial:
        (partial / "file").write_text("content")
        interrupt()


def test_nothing_is_left_of_a_failure(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "never", lambda: 1 / 0)
    assert names(tmp_path) == []


def test_what_somebody_else_made_meanwhile_stays(tmp_path):
    theirs = tmp_path / "taken" / "theirs"
    with pytest.raises(DatasetError, match="somebody else"):
        write(tmp_path / "taken", lambda: theirs.mkdir(parents=True))
    assert names(tmp_path) == ["taken"]
    assert names(tmp_path / "taken") == ["theirs"]


def _die_while_writing(final):
    with new_folder(final) as partial:
        (partial / "images.npy").write_bytes(b"x" * 1000)
        os.kill(os.getpid(), signal.SIGKILL)


def killed(final):
    process = multiprocessing.get_context("fork").Process(target=_die_while_writing, args=(final,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert len(names(final.parent)) == 1


def test_in_the_workspace_the_next_new_folder_removes_what_any_killed_process_left(home):
    killed(datasets_dir() / "first")
    with new_folder(datasets_dir() / "second"):
        pass
    assert names(datasets_dir()) == ["second"]


def test_elsewhere_only_what_was_to_have_the_same_name_is_removed(tmp_path):
    killed(tmp_path / "mine")
    others = [".mine.2.0123abcd-0123abcd.partial", ".mine.old.partial", ".other.partial"]
    for other in others:
        (tmp_path / other).mkdir()
    with new_folder(tmp_path / "mine"):
        pass
    assert names(tmp_path) == [*others, "mine"]


def test_what_another_machine_writes_is_left_alone(home, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("socket.gethostname", lambda: "another")
        killed(datasets_dir() / "first")
    left = names(datasets_dir())
    with new_folder(datasets_dir() / "second"):
        pass
    assert names(datasets_dir()) == [*left, "second"]


def test_what_was_removed_while_it_was_written_is_not_passed_off_as_whole(tmp_path):
    def remove():
        next(tmp_path.glob(".lost.*")).rename(tmp_path / "elsewhere")

    with pytest.raises(DatasetError, match="removed meanwhile"):
        write(tmp_path / "lost", remove)
    assert names(tmp_path) == ["elsewhere"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty", lambda: None)
    assert names(tmp_path / "empty") == ["file"]


def test_what_is_being_written_is_left_alone(home):
    with new_folder(datasets_dir() / "one") as first:
        with new_folder(datasets_dir() / "two"):
            assert first.is_dir()
        assert first.is_dir()
    assert names(datasets_dir()) == ["one", "two"]


def test_a_lock_that_is_held_is_told(tmp_path):
    with locked(tmp_path), pytest.raises(BlockingIOError), locked(tmp_path):
        pass
