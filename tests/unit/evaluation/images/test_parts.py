"""Answers in parts: what is listed, and that parts are those of one process."""

import io
import tarfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from lensmae.data import open_dataset
from lensmae.data.images.read_options import Reading
from lensmae.errors import ConfigError, ImageReadError
from lensmae.evaluation.images import parts
from lensmae.evaluation.images.parts import Names, answer_in_parts, listed_files
from lensmae.jobs.cluster import cluster


@pytest.fixture
def files(workspace_with_lenses, tmp_path):
    folder = tmp_path / "lenses"
    folder.mkdir()
    for row, image in enumerate(np.asarray(open_dataset("lenses").images[:5])):
        np.save(folder / f"{row}.npy", image)
    (folder / "bad.fits").write_bytes(b"no image")
    (folder / "notes.md").write_text("no image at all")
    return folder


def test_folders_and_lists_name_files(files, tmp_path):
    six = [files / f"{row}.npy" for row in range(5)] + [files / "bad.fits"]
    assert listed_files([files]) == six
    (tmp_path / "list.txt").write_text("lenses/3.npy\n\nlenses/1.npy\n")
    pd.DataFrame({"file": ["lenses/0.npy", str(files / "2.npy")], "redshift": [0.5, 0.7]}).to_csv(tmp_path / "list.csv")
    pd.DataFrame({"file": ["lenses/4.npy"]}).to_parquet(tmp_path / "list.parquet")
    found = listed_files([tmp_path / name for name in ("list.txt", "list.csv", "list.parquet")])
    assert found == [files / f"{row}.npy" for row in (3, 1, 0, 2, 4)]


@pytest.fixture
def shard(files, tmp_path):
    """As WebDataset writes them: samples of one key, an image and a label."""
    path = tmp_path / "shard-000.tar"
    with tarfile.open(path, "w") as archive:
        for row in range(4):
            archive.add(files / f"{row}.npy", f"{row:06}.npy")
            label = tarfile.TarInfo(f"{row:06}.cls")
            label.size = 1
            archive.addfile(label, io.BytesIO(b"1"))
        link = tarfile.TarInfo("elsewhere.npy")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def test_images_in_a_shard_are_listed_and_read_where_they_lie(shard, files):
    found = listed_files([shard])
    assert [str(one) for one in found] == [f"{shard}/{row:06}.npy" for row in range(4)]
    assert [one.read() for one in found] == [(files / f"{row}.npy").read_bytes() for row in range(4)]
    assert listed_files([shard.parent]) == [*listed_files([files]), *found]


def test_a_damaged_shard_is_named(shard, tmp_path):
    cut = tmp_path / "cut.tar"
    cut.write_bytes(shard.read_bytes()[:20_000])
    with pytest.raises(ImageReadError, match=r"cut\.tar was not read"):
        listed_files([cut])
    (tmp_path / "none.tar").write_bytes(b"no archive")
    with pytest.raises(ImageReadError, match="no whole tar archive"):
        listed_files([tmp_path / "none.tar"])


def test_answers_of_a_shard_are_those_of_its_files(shard, files, classifier, tmp_path):
    names = Names(str(classifier), "none", "none")
    with ThreadPoolExecutor(1) as executor:
        (one,) = answer_in_parts(listed_files([shard]), names, Reading(), tmp_path / "shard", executor)
        (other,) = answer_in_parts(listed_files([files])[:4], names, Reading(), tmp_path / "files", executor)
    one, other = (pd.read_parquet(part) for part in (one, other))
    pd.testing.assert_frame_equal(one.drop(columns="file"), other.drop(columns="file"))
    assert one["file"].tolist() == [f"{shard}/{row:06}.npy" for row in range(4)]


def test_what_is_no_list_is_left_to_the_reader(tmp_path):
    names = ("note.txt", "table.csv", "table.parquet", "missing.npy")
    (tmp_path / "note.txt").write_text("a note")
    (tmp_path / "table.csv").write_text("x,y\n1,2\n")
    (tmp_path / "table.parquet").write_bytes(b"none")
    assert listed_files([tmp_path / name for name in names]) == [tmp_path / name for name in names]


def test_a_repeated_command_computes_what_is_missing(classifier, mae, files, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_PART", 2)
    given, told = listed_files([files]), []
    names, out = Names(str(classifier), str(mae), "none"), tmp_path / "parts"
    with ThreadPoolExecutor(1) as executor:
        made = answer_in_parts(given, names, Reading(), out, executor, lambda *progress: told.append(progress))
        assert [one.is_file() for one in made] == [True] * 3
        assert told[-1] == (6, 6)
        table = pd.concat(map(pd.read_parquet, made), ignore_index=True)
        assert [file.rsplit("/", 1)[1] for file in table["file"]] == [path.name for path in given]
        assert table["refused"].notna().tolist() == [False] * 5 + [True]
        written = [one.stat().st_mtime_ns for one in made]
        made[1].unlink()
        again = answer_in_parts(given, names, Reading(), out, executor)
        assert again == made
        assert [one.stat().st_mtime_ns == before for one, before in zip(made, written, strict=True)] == [True, False, True]
        # Other networks and changed files are other content.
        assert not set(answer_in_parts(given, Names(str(classifier), "none", "none"), Reading(), out, executor)) & set(made)
        np.save(given[0], np.ones((64, 64)))
        assert answer_in_parts(given, names, Reading(), out, executor)[0] != made[0]
        with pytest.raises(ConfigError, match="no image files"):
            answer_in_parts([], names, Reading(), out, executor)


@pytest.mark.slow
def test_two_processes_answer_as_one_does(classifier, files, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(parts, "_PART", 2)
    given, names = listed_files([files]), Names(str(classifier), "none", "none")
    with cluster("local:2") as workers:
        apart = answer_in_parts(given, names, Reading(), tmp_path / "apart", workers)
    with ThreadPoolExecutor(1) as executor:
        together = answer_in_parts(given, names, Reading(), tmp_path / "together", executor)
    for one, other in zip(apart, together, strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(one), pd.read_parquet(other), rtol=1e-5)
