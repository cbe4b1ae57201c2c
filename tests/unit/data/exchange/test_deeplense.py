"""Folders in the original DeepLense layouts, written here as the published archives are."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.errors import DatasetError
from tests.unit.data.originals import write_axion


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("no_sub", "cdm", "axion"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for place in range(3):
            image, path = rng.random((64, 64)), tmp_path / "set" / name / f"{name}_sim_{place}.npy"
            write_axion(path, image, 10.0 ** -(22 + place)) if name == "axion" else np.save(path, image)
    return tmp_path / "set"


def test_class_folders_are_read_with_their_axion_masses(folder):
    dataset = open_dataset(folder)
    assert dataset.info.counts == {"no_sub": 3, "cdm": 3, "axion": 3}
    assert dataset.images.dtype == np.float32
    assert len(dataset.indices("test")) == 9
    axion = dataset.lenses[dataset.lenses["class"] == "axion"]
    np.testing.assert_allclose(axion["axion_mass_ev"], [1e-22, 1e-23, 1e-24])
    first = dataset.lenses["source_file"].tolist().index("cdm/cdm_sim_1.npy")
    np.testing.assert_allclose(dataset.images[first], np.load(folder / "cdm/cdm_sim_1.npy"), rtol=1e-6)


def test_train_and_val_above_the_classes_become_splits_and_aliases_are_known(tmp_path):
    for part, name in (("train", "no"), ("train", "sphere"), ("val", "vort")):
        (tmp_path / part / name).mkdir(parents=True)
        np.save(tmp_path / part / name / "1.npy", np.ones((1, 8, 8)))
    dataset = open_dataset(tmp_path)
    assert dataset.info.counts == {"no_sub": 1, "cdm": 1, "axion": 1}
    assert dataset.info.splits == {"train": 2, "validation": 1, "test": 0}


def test_pairs_of_equal_names_are_read(tmp_path):
    for name, size in (("LR", 75), ("HR", 150)):
        (tmp_path / name).mkdir()
        for place in range(2):
            np.save(tmp_path / name / f"sample{place}.npy", np.full((1, size, size), float(place)))
    dataset = open_dataset(tmp_path)
    assert dataset.targets.shape == (2, 150, 150)
    assert (dataset.targets[1].mean(), dataset.images[1].mean()) == (1.0, 1.0)
    (tmp_path / "HR/sample1.npy").unlink()
    with pytest.raises(DatasetError, match=r"sample1\.npy"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.npy", b"\x93NUMPY", "header"),
        ("size.npy", np.zeros((32, 32)), "one size"),
        ("nan.npy", np.full((64, 64), np.nan), "finite"),
        ("text.npy", np.full((64, 64), "x"), "type"),
        ("cube.npy", np.zeros((64, 64, 64)), "shape"),
    ],
)
def test_one_bad_file_is_named_and_left_out(folder, name, content, message):
    whole = open_dataset(folder)
    path = folder / "cdm" / name
    path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content)
    with pytest.raises(DatasetError, match=rf"(?s){name}.*{message}"):
        open_dataset(folder)
    dataset = open_dataset(folder, leave_out=True)
    ((file, problem),) = dataset.skipped.items()
    assert file == f"cdm/{name}"
    assert message in problem
    np.testing.assert_array_equal(dataset.images, whole.images)
    assert dataset.lenses["source_file"].tolist() == whole.lenses["source_file"].tolist()
    assert dataset.info.counts == whole.info.counts


def test_a_folder_without_a_readable_file_is_refused(tmp_path):
    (tmp_path / "cdm").mkdir()
    (tmp_path / "cdm/1.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DatasetError, match=r"No image of .* could be read\. .*1\.npy"):
        open_dataset(tmp_path, leave_out=True)


def test_a_folder_that_is_no_data_set_says_what_is_needed(tmp_path):
    with pytest.raises(DatasetError, match="class folders"):
        open_dataset(tmp_path)
