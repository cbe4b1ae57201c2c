import numpy as np
import pytest

from lensmae.data import list_datasets, open_dataset, subset_dataset
from lensmae.errors import ConfigError, DatasetError


@pytest.fixture
def home(lens_home, tmp_path, monkeypatch):
    """A workspace that sees the session's lenses and may get more."""
    (tmp_path / "datasets").mkdir()
    for name in ("lenses", "pairs"):
        (tmp_path / "datasets" / name).symlink_to(lens_home / "datasets" / name)
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    return tmp_path


def test_a_part_keeps_pixels_facts_splits_and_where_it_is_from(home):
    whole = open_dataset("lenses")
    part = subset_dataset(whole, np.array([70, 3, 41, 3]), "part")
    np.testing.assert_array_equal(part.images, whole.images[[3, 41, 70]])
    assert part.lenses["origin_row"].tolist() == [3, 41, 70]
    assert set(part.lenses["origin"]) == {"lenses"}
    for column in ("id", "class", "split", "seed"):
        assert part.lenses[column].tolist() == whole.lenses[column].iloc[[3, 41, 70]].tolist()
    assert part.info.origin == {"name": "lenses", "fingerprint": whole.info.fingerprint}
    assert (part.info.preset, part.info.seed) == ("model_ii", 11)
    assert part.info.counts == {"no_sub": 1, "cdm": 1, "axion": 1}


def test_pairs_keep_their_targets_and_truths(home):
    whole = open_dataset("pairs")
    part = subset_dataset(whole, np.array([5, 9]), "two")
    np.testing.assert_array_equal(part.targets, whole.targets[[5, 9]])
    np.testing.assert_array_equal(part.truths, whole.truths[[5, 9]])


@pytest.mark.parametrize("name", ["../out", "", "lenses", "a/b"])
def test_a_name_that_is_unsafe_or_taken_is_refused(home, name):
    with pytest.raises((ConfigError, DatasetError)):
        subset_dataset(open_dataset("lenses"), np.array([1]), name)
    assert sorted(path.name for path in (home / "datasets").iterdir()) == ["lenses", "pairs"]


@pytest.mark.parametrize("rows", [[], [90], [-1]])
def test_rows_that_are_not_there_are_refused_and_leave_nothing(home, rows):
    with pytest.raises(DatasetError):
        subset_dataset(open_dataset("lenses"), np.array(rows, dtype=int), "part")
    assert [info.name for info in list_datasets()] == ["lenses", "pairs"]


def test_a_part_can_carry_labels_of_ones_own(home):
    source = open_dataset("lenses")
    made = subset_dataset(source, np.array([40, 3, 12]), "mine", np.array(["ring", "arc", "ring"]))
    assert made.info.classes == ("arc", "ring")
    assert made.lenses["class"].tolist() == ["arc", "ring", "ring"]
    assert made.lenses["origin_class"].tolist() == source.lenses["class"].iloc[[3, 12, 40]].tolist()
    np.testing.assert_array_equal(made.images, source.images[[3, 12, 40]])


def test_a_label_that_is_no_name_of_a_class_is_refused_in_a_sentence(home):
    with pytest.raises(DatasetError, match="'a<b' is no name of a class"):
        subset_dataset(open_dataset("lenses"), np.array([1]), "mine", np.array(["a<b"]))
    assert not (home / "datasets" / "mine").exists()
