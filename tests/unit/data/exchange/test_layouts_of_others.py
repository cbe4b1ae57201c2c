"""Every layout of `CASES` is planned with its classes and its own splits, or refused; nothing held out is for training."""

from collections import Counter

import numpy as np
import pytest

from lensmae.data import plan_import
from lensmae.data.exchange.layouts import find_layout
from lensmae.data.exchange.names import held_out_split, split_and_rest
from lensmae.errors import DatasetError
from tests.unit.data.exchange.labels_and_splits import CASES as LABELS_AND_SPLITS
from tests.unit.data.exchange.layouts_of_others import CASES as LAYOUTS
from tests.unit.data.exchange.makers_of_layouts import STACK, hdf5_with_scale, lens_folders

CASES = LAYOUTS | LABELS_AND_SPLITS


@pytest.mark.parametrize("name", list(CASES))
def test_a_layout_has_the_classes_and_the_splits_that_it_says(name, tmp_path):
    case = CASES[name]
    root = tmp_path / "set"
    root.mkdir()
    case.make(root)
    if case.lenses is None:
        with pytest.raises(DatasetError, match=case.words):
            find_layout(root / case.source)
        return
    layout = find_layout(root / case.source)
    assert Counter(zip(layout.lenses["class"], layout.lenses["split"], strict=True)) == case.lenses
    assert layout.is_pair == case.pairs
    assert case.words in " ".join((*layout.notes, *layout.ignored))


def test_what_no_split_names_in_a_set_with_splits_is_held_out(tmp_path):
    CASES["a table that says some splits"].make(tmp_path)
    planned = plan_import(tmp_path).lenses
    kept = planned.loc[planned["split"] == "train", "source_file"].str.extract(r"(\d+)")[0].astype(int)
    assert sorted(kept) == list(range(8))


def test_the_pixel_scale_of_a_stack_is_that_of_the_set(tmp_path):
    hdf5_with_scale(tmp_path)
    assert plan_import(tmp_path / "set.h5").form.pixel_scale == 0.05
    np.savez(tmp_path / "set.npz", images=STACK, pixel_scale=np.full(len(STACK), 0.11))
    assert plan_import(tmp_path / "set.npz").form.pixel_scale == pytest.approx(0.11)
    np.savez(tmp_path / "set.npz", images=STACK, pixel_scale=np.linspace(0.1, 0.2, len(STACK)))
    assert plan_import(tmp_path / "set.npz").form.pixel_scale is None


def test_a_table_that_names_the_folders_of_lenses_gives_their_parameters(tmp_path):
    lens_folders(tmp_path)
    lenses = find_layout(tmp_path).lenses
    assert lenses["z"].tolist() == [0.0, 0.2, 0.1, 0.3]
    assert lenses["source_file"].str[:9].tolist() == ["SLACS0000", "SLACS0002", "SLACS0001", "SLACS0003"]


def test_words_of_splits_in_names():
    assert split_and_rest("DIV2K_train_HR") == ("train", "DIV2K_HR")
    assert split_and_rest("trainLenses") == ("train", "Lenses")
    assert split_and_rest("train_test") == ("", "train_test")
    assert [held_out_split(name) for name in ("Model_II_test", "Test set", "held-out", "val")] == ["test"] * 3 + ["validation"]
    assert [held_out_split(name) for name in ("Test III", "test_of_masks", "latest", "train", "contest")] == [""] * 5


def test_a_stack_beside_one_for_tests_is_for_training(tmp_path):
    CASES["a stack beside one for tests"].make(tmp_path)
    assert plan_import(tmp_path).lenses["split"].tolist() == ["train"] * 8 + ["test"] * 4
