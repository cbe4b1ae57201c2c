"""What a data set needs before it is measured is done by itself, and said: its split, its range, its classes."""

from dataclasses import replace

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.errors import DatasetError
from lensmae.evaluation import evaluate
from lensmae.evaluation.measure.reports import ClassificationReport
from lensmae.evaluation.measure.suited import (
    check_classes,
    data_ranges,
    held_out,
    is_on_another_scale,
    range_note,
    withheld_note,
)
from lensmae.models import load_checkpoint


@pytest.fixture
def lenses(workspace_with_lenses):
    return open_dataset("lenses")


def test_without_a_test_split_the_validation_split_is_measured_and_said(lenses):
    assert held_out(lenses) == ("test", None)
    only = replace(lenses, info=lenses.info.model_copy(update={"splits": {"train": 8, "validation": 4, "test": 0}}))
    split, said = held_out(only)
    assert split == "validation"
    assert "has no test split" in said
    none = replace(lenses, info=lenses.info.model_copy(update={"splits": {"train": 8, "validation": 0, "test": 0}}))
    assert held_out(none)[0] == "test"


def test_common_test_i_is_measured_as_it_lies_on_disk(classifier, tmp_path):
    """train/ and val/ with no, sphere, vort, (1, H, W) of another size than the network's: one call."""
    rng = np.random.default_rng(3)
    for part, n in (("train", 3), ("val", 2)):
        for kind in ("no", "sphere", "vort"):
            (tmp_path / "dataset" / part / kind).mkdir(parents=True)
            for k in range(n):
                np.save(tmp_path / "dataset" / part / kind / f"{k}.npy", rng.random((1, 18, 18)))
    report = evaluate(classifier, str(tmp_path))
    assert (report.split, len(report.labels)) == ("validation", 6)
    assert sorted(report.labels.tolist()) == [0, 0, 1, 1, 2, 2]
    assert "has no test split" in report.note
    assert "18x18 pixels were brought to" in report.note


def test_most_lenses_out_of_the_domain_are_said_beside_their_figures():
    assert withheld_note("net", np.array([True, False])) is None
    assert "67% of these lenses are out of the domain of net, which withholds" in withheld_note("net", np.arange(3) == 1)


def test_the_share_answered_and_its_accuracy_are_counted_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    shared = ("net", "set", "test", np.arange(4), 1.0, None, ("a", "b"), np.array([0, 1, 1, 1]), probabilities)
    figures = ClassificationReport(*shared, np.array([True, True, True, False])).summary()
    assert (figures["accuracy"], figures["answered"], figures["accuracy_answered"]) == (0.5, 0.75, pytest.approx(2 / 3))
    assert ClassificationReport(*shared, np.zeros(4, bool)).summary()["accuracy_answered"] is None
    assert "answered" not in ClassificationReport(*shared).summary()


def test_classes_that_a_network_does_not_know_are_named(classifier, lenses):
    model = load_checkpoint(classifier)
    check_classes(model, lenses)
    strange = replace(lenses, info=lenses.info.model_copy(update={"counts": {"cdm": 3, "wdm": 2}}))
    with pytest.raises(DatasetError, match="not trained on: wdm"):
        check_classes(model, strange)
    with pytest.raises(DatasetError, match="does not say the classes"):
        check_classes(model, replace(lenses, info=lenses.info.model_copy(update={"counts": {"unknown": 3}})))


def test_counts_are_told_from_images_on_0_to_1_and_scores_take_the_range_of_each():
    unit = np.random.default_rng(2).random((3, 8, 8)).astype(np.float32)
    assert not is_on_another_scale(unit)
    assert is_on_another_scale(unit * 30_000)
    assert is_on_another_scale(unit * 1e-6)
    counts = unit * np.array([1, 10, 100], np.float32)[:, None, None]
    np.testing.assert_allclose(data_ranges(counts)[:, 0, 0], np.ptp(counts, axis=(1, 2)))
    assert data_ranges(np.ones((1, 4, 4))).item() == 1.0
    assert f"{np.median(np.ptp(counts, axis=(1, 2))):.4g}" in range_note(counts)
