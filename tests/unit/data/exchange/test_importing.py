"""Import and export: every pixel arrives, bad files are named, a killed import goes on."""

import os
import signal
import subprocess
import sys
import threading

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from lensmae.data import ImportOptions, export_dataset, import_dataset, list_datasets, open_dataset, plan_import
from lensmae.errors import DatasetError
from lensmae.workspace import datasets_dir
from tests.unit.data.originals import write_classes, write_pairs


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))
    return tmp_path


def test_class_folders_arrive_pixel_by_pixel_with_masses_and_splits(home):
    images = write_classes(home / "src", per_class=10)
    told = []
    report = import_dataset(home / "src", "set", jobs=1, progress=lambda done, total: told.append((done, total)))
    dataset = open_dataset("set")
    assert report.skipped == {}
    assert told[-1] == (30, 30)
    assert dataset.info.counts == {"no_sub": 10, "cdm": 10, "axion": 10}
    assert dataset.info.splits == {"train": 24, "validation": 3, "test": 3}
    for image, file in zip(dataset.images, dataset.lenses["source_file"], strict=True):
        np.testing.assert_array_equal(image, images[file].astype(np.float32))
    masses = dataset.lenses.set_index("source_file")["axion_mass_ev"]
    assert masses["axion/axion_sim_0001.npy"] == pytest.approx(1e-23)
    assert masses.notna().sum() == 10
    assert list(datasets_dir().iterdir()) == [datasets_dir() / "set"]


def test_two_processes_give_the_same_set_as_one(home):
    write_classes(home / "src", per_class=400, side=8)
    one = import_dataset(home / "src", "one", jobs=1).dataset
    two = import_dataset(home / "src", "two", jobs=2).dataset
    assert one.info.fingerprint == two.info.fingerprint
    pd.testing.assert_frame_equal(one.lenses, two.lenses)


def test_a_copy_of_a_held_out_lens_is_held_out_under_any_name(home):
    rng = np.random.default_rng(3)
    for part, names in (("train", "abc"), ("test", "de")):
        for kind in ("cdm", "no_sub"):
            (home / "src" / part / kind).mkdir(parents=True)
            for name in names:
                np.save(home / "src" / part / kind / f"{name}.npy", rng.random((8, 8)))
    held_out = np.load(home / "src/test/cdm/d.npy")
    # As another type of number in another container.
    fits.PrimaryHDU(held_out.astype(np.float32)).writeto(home / "src/train/cdm/x.fits")
    np.save(home / "src/train/no_sub/blank.npy", np.zeros((8, 8)))
    np.save(home / "src/test/no_sub/blank.npy", np.zeros((8, 8)))
    report = import_dataset(home / "src", "set", jobs=1)
    lenses = report.dataset.lenses.set_index("source_file")
    assert report.copies == 1
    assert lenses["split"]["train/cdm/x.fits"] == "test"
    assert lenses["notes"]["train/cdm/x.fits"] == "The same pixels as test/cdm/d.npy, which is held out: held out with it."
    assert (lenses["split"] == "test").sum() == 6
    assert lenses["split"]["train/no_sub/blank.npy"] == "train"
    # Also where the folder is used as it lies there.
    assert open_dataset(home / "src").lenses.set_index("source_file")["split"].to_dict() == lenses["split"].to_dict()


KILLED = """
import os, signal, sys
from pathlib import Path
from lensmae.data.exchange import importing
importing._SAVE_SECONDS = 0.0
def progress(done, total):
    if done > total / 2:
        os.kill(os.getpid(), signal.SIGKILL)
importing.import_dataset(Path(sys.argv[1]), "killed", jobs=1, progress=progress)
"""


def test_an_import_killed_midway_goes_on_where_it_was_and_gives_the_same_set(home):
    write_classes(home / "src", per_class=200, side=8)
    (home / "src/cdm/cdm_sim_0000.npy").write_bytes(b"damaged")
    whole = import_dataset(home / "src", "whole", jobs=1)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(home / "src")], env=os.environ, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert [info.name for info in list_datasets()] == ["whole"]
    seen = []
    again = import_dataset(home / "src", "killed", jobs=1, progress=lambda done, _: seen.append(done))
    # Blocks of 128 of 600: two were journalled before the third one killed it.
    assert seen[0] > 256
    assert again.dataset.info.fingerprint == whole.dataset.info.fingerprint
    pd.testing.assert_frame_equal(again.dataset.lenses, whole.dataset.lenses)
    assert list(again.skipped) == list(whole.skipped) == ["cdm/cdm_sim_0000.npy"]
    assert {path.name for path in datasets_dir().iterdir()} == {"whole", "killed"}


def test_files_that_changed_since_the_interruption_are_read_anew(home):
    write_classes(home / "src", per_class=200, side=8)

    def interrupt(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset(home / "src", "set", jobs=1, progress=interrupt)
    assert [path.name for path in datasets_dir().iterdir()] == [".set.import"]
    np.save(home / "src/no_sub/no_sub_sim_0000.npy", np.full((8, 8), 7.0))
    seen = []
    dataset = import_dataset(home / "src", "set", jobs=1, progress=lambda done, _: seen.append(done)).dataset
    assert seen[0] == 128
    assert (dataset.images[0] == 7.0).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\x93NUMPY", "header"),
        (np.zeros((32, 32)), "one size"),
        (np.full((16, 16), np.nan), "finite"),
        (np.full((16, 16), "x"), "type"),
        (np.zeros((16, 16, 16)), "several ways"),
        (np.zeros((20, 16, 16)), "20 images"),
        (np.zeros((16, 16), complex), "type"),
    ],
)
def test_a_bad_file_is_named_and_left_out_and_the_others_arrive(home, content, message):
    write_classes(home / "src")
    path = home / "src/cdm/cdm_sim_0001.npy"
    path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content)
    report = import_dataset(home / "src", "set", jobs=1)
    assert list(report.skipped) == ["cdm/cdm_sim_0001.npy"]
    assert message in report.skipped["cdm/cdm_sim_0001.npy"]
    assert report.dataset.info.n == 8
    assert "cdm/cdm_sim_0001.npy" not in report.dataset.lenses["source_file"].tolist()
    assert not (report.dataset.images == 0).all(axis=(1, 2)).any()
    listed = pd.read_csv(report.dataset.path / "skipped.csv")
    assert listed["file"].tolist() == ["cdm/cdm_sim_0001.npy"]


def test_nothing_readable_is_an_error_that_says_why(home):
    (home / "src/cdm").mkdir(parents=True)
    (home / "src/cdm/1.npy").write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"No image .* could be read.*none of npy"):
        import_dataset(home / "src", "set")
    assert list_datasets() == []


def test_two_imports_under_one_name_do_not_mix(home):
    write_classes(home / "src", per_class=100, side=8)

    def second(done, total):
        with pytest.raises(DatasetError, match="going on right now"):
            import_dataset(home / "src", "set", jobs=1)

    assert import_dataset(home / "src", "set", jobs=1, progress=second).dataset.info.n == 300
    with pytest.raises(DatasetError, match="already exists"):
        import_dataset(home / "src", "set", jobs=1)


def test_named_splits_are_kept_and_a_split_can_be_given(home):
    for seed, part in enumerate(("train", "val")):
        write_classes(home / "src" / part, seed=seed)
    assert import_dataset(home / "src", "kept", jobs=1).dataset.info.splits == {"train": 9, "validation": 9, "test": 0}
    dataset = import_dataset(home / "src", "given", ImportOptions(split="test"), jobs=1).dataset
    assert dataset.info.splits == {"train": 0, "validation": 0, "test": 18}
    with pytest.raises(DatasetError, match="no split 'dev'"):
        plan_import(home / "src", ImportOptions(split="dev"))


def test_fits_images_of_any_size_are_brought_to_one_and_the_notes_say_how(home):
    (home / "src").mkdir()
    for place, side in enumerate((40, 52)):
        unit = fits.ImageHDU(np.random.default_rng(place).random((side, side)).astype(">f4"))
        unit.header["CDELT1"] = 0.05 / 3600
        unit.data[3, 3] = np.nan
        fits.HDUList([fits.PrimaryHDU(), unit]).writeto(home / "src" / f"{place}.fits")
    dataset = import_dataset(home / "src", "set", ImportOptions(size=16, pixel_scale=0.1), jobs=1).dataset
    assert (dataset.info.shape, dataset.info.pixel_scale) == ((16, 16), 0.1)
    assert all("arcsec were resampled to 16x16" in note for note in dataset.lenses["notes"])
    assert all("1 pixels that were not finite" in note for note in dataset.lenses["notes"])
    with fits.open(home / "src/1.fits") as units:
        centre = units[1].data[10:42, 10:42].reshape(16, 2, 16, 2).mean((1, 3))
    np.testing.assert_allclose(dataset.images[1], centre, rtol=1e-5)


def test_pairs_arrive_and_leave_as_they_came(home):
    write_pairs(home / "src")
    dataset = import_dataset(home / "src", "pairs", jobs=1).dataset
    assert (dataset.images.shape, dataset.targets.shape) == ((4, 8, 8), (4, 16, 16))
    export_dataset(dataset, home / "out")
    for folder in ("LR", "HR"):
        for path in (home / "src" / folder).iterdir():
            expected = np.load(path).astype(np.float32)
            np.testing.assert_array_equal(np.load(home / "out" / folder / path.name), expected)


def test_stacks_arrive_in_every_container(home):
    stack = np.random.default_rng(0).random((300, 8, 8))
    np.save(home / "stack.npy", stack.astype(">f8"))
    np.savez_compressed(home / "stack.npz", images=np.asfortranarray(stack), theta_E=np.arange(300))
    with h5py.File(home / "stack.h5", "w") as file:
        file.create_dataset("images", data=stack, chunks=(7, 8, 8), compression="gzip")
    for name in ("npy", "npz", "h5"):
        dataset = import_dataset(home / f"stack.{name}", name).dataset
        np.testing.assert_array_equal(dataset.images, stack.astype(np.float32))
    assert open_dataset("npz").lenses["theta_E"].tolist() == list(range(300))


def test_the_rest_of_a_stack_that_is_cut_short_is_named(home):
    stack = np.random.default_rng(0).random((300, 8, 8))
    with h5py.File(home / "stack.h5", "w") as file:
        file["good/images"] = stack
    np.save(home / "short.npy", stack)
    (home / "short.npy").write_bytes((home / "short.npy").read_bytes()[:-1000])
    with pytest.raises(DatasetError, match=r"short\.npy is cut short"):
        import_dataset(home / "short.npy", "short")
    stack[10] = np.nan
    np.save(home / "hole.npy", stack)
    report = import_dataset(home / "hole.npy", "hole")
    assert list(report.skipped) == ["hole.npy[10]"]
    np.testing.assert_array_equal(report.dataset.images, np.delete(stack, 10, axis=0).astype(np.float32))


def test_what_is_exported_comes_back_the_same(home):
    write_classes(home / "src", per_class=10)
    first = import_dataset(home / "src", "first", jobs=1).dataset
    assert export_dataset(first, home / "out", parts=True) == 30
    second = import_dataset(home / "out", "second", jobs=1).dataset
    one, two = (data.lenses.set_index("id").sort_index() for data in (first, second))
    assert first.info.splits == second.info.splits
    keyed = dict(zip(second.lenses["source_file"], second.images, strict=True))
    parts = {"train": "train", "validation": "val", "test": "test"}
    for place, (name, row) in enumerate(first.lenses.set_index("id").iterrows()):
        file = f"{parts[row['split']]}/{row['class']}/{name}.npy"
        np.testing.assert_array_equal(keyed[file], first.images[place])
    assert sorted(one["axion_mass_ev"].dropna()) == sorted(two["axion_mass_ev"].dropna())
    axion = np.load(next((home / "out").glob("train/axion/*.npy")), allow_pickle=True)
    assert axion.shape == (2,)
    assert axion[0].dtype == np.float64
    assert len(pd.read_csv(home / "out/lenses.csv")) == 30


def test_export_never_writes_over_what_is_there(home):
    write_classes(home / "src")
    dataset = import_dataset(home / "src", "set", jobs=1).dataset
    with pytest.raises(DatasetError, match="not empty"):
        export_dataset(dataset, home / "src")
    with pytest.raises(DatasetError, match="no lenses in its validation split"):
        export_dataset(import_dataset(home / "src", "test", ImportOptions(split="test")).dataset, home / "o", split="validation")
    assert not (home / "o").exists()


def test_an_import_waits_for_a_look_at_what_was_killed(home):
    """A page asks for unfinished imports whenever it is drawn, which may be as one of them is about to go on."""
    write_classes(home / "src", per_class=2)
    folder = datasets_dir() / ".late.import"
    folder.mkdir(parents=True)
    fcntl = pytest.importorskip("fcntl")
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    release = threading.Timer(0.1, os.close, (held,))
    release.start()
    assert import_dataset(home / "src", "late", jobs=1).dataset.info.n == 6
    release.join()


def test_a_plan_tells_of_images_that_would_be_left_out_and_of_missing_pixel_scales(home):
    for place, side in enumerate((20, 20, 24)):
        header = {"CDELT1": 0.05 / 3600, "CDELT2": 0.05 / 3600, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"} if place else {}
        hdu = fits.PrimaryHDU(np.random.default_rng(place).random((side, side)).astype(np.float32))
        hdu.header.update(header)
        (home / "src").mkdir(exist_ok=True)
        hdu.writeto(home / "src" / f"{place}.fits")
    sizes, scale = plan_import(home / "src").warnings
    assert "Of 3 images looked at, 1 would be left out: other pixels (24x24)" in sizes
    assert "1 of 3 images looked at say none" in scale
    assert len(import_dataset(home / "src", "mixed", jobs=1).skipped) == 1
    assert plan_import(home / "src", ImportOptions(size=16, pixel_scale=0.05)).warnings == []
