"""Images that are read already become a data set."""

from dataclasses import replace

import numpy as np
import pytest

from lensmae.data import LensImage, list_datasets
from lensmae.data.exchange.from_images import dataset_of_images
from lensmae.errors import DatasetError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))


def images(count):
    random = np.random.default_rng(0)
    drawn = random.normal(size=(count, 8, 8)).astype(np.float32)
    return [LensImage(pixels, f"file {index}.fits", "fits", pixel_scale=0.05) for index, pixels in enumerate(drawn)]


def test_pixels_labels_and_names_are_kept_and_every_class_is_split(home):
    read = images(20)
    read[3] = replace(read[3], name="file 4.npy", notes=("Cut out.",))
    made = dataset_of_images("mine", read, ["A", "B"] * 10)
    np.testing.assert_array_equal(made.images, np.stack([one.pixels for one in read]))
    assert (made.info.counts, made.info.splits) == ({"A": 10, "B": 10}, {"train": 16, "validation": 2, "test": 2})
    assert (made.info.pixel_scale, made.info.flux_unit, made.info.preset) == (0.05, "as in the files", None)
    assert made.lenses["id"].tolist()[3:5] == ["file 4", "file 4-2"]
    assert made.lenses["source_file"].tolist()[3:5] == ["file 4.npy", "file 4.fits"]
    assert made.lenses["notes"].tolist()[2:4] == ["", "Cut out."]


def test_scales_that_differ_are_kept_by_lens():
    read = images(3)
    read[1] = replace(read[1], pixel_scale=None)
    made = dataset_of_images("mine", read, ["unknown"] * 3)
    assert made.info.pixel_scale is None
    np.testing.assert_array_equal(made.lenses["pixel_scale"], [0.05, np.nan, 0.05])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda read, labels: (read[:0], labels[:0]), "have none"),
        (lambda read, labels: ([*read[:2], replace(read[2], pixels=np.zeros((9, 9), np.float32))], labels), "8×8 and 9×9"),
        (lambda read, labels: (read, ["a", "b", "<b>"]), "no name of a class"),
    ],
)
def test_what_makes_no_set_is_refused_and_leaves_nothing(change, said):
    read, labels = change(images(3), ["a", "b", "a"])
    with pytest.raises(DatasetError, match=said):
        dataset_of_images("mine", read, labels)
    assert list_datasets() == []
