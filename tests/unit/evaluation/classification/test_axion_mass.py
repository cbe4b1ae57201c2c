import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.data.transforms import Transform
from lensmae.evaluation.classification.axion_mass import MassReport, evaluate_masses
from lensmae.models import load_checkpoint
from tests.unit.conftest import ENCODER, save


def test_errors_are_in_dex_over_all_and_over_resolved_vortices():
    report = MassReport(
        np.arange(3), np.array([-23.0, -22.5, -22.0]), np.array([-23.3, -22.5, -22.4]), np.array([True, True, False])
    )
    found = report.summary()
    assert found["rms_dex"] == pytest.approx(np.sqrt((0.09 + 0.16) / 3))
    assert found["rms_dex_resolved"] == pytest.approx(np.sqrt(0.09 / 2))
    assert found["median_absolute_dex"] == pytest.approx(0.3)
    assert found["spread_dex"] == pytest.approx(np.sqrt(0.5 / 3))
    assert (found["n"], found["n_resolved"]) == (3, 2)


def test_only_axion_lenses_are_asked_and_resolution_follows_from_the_line_of_point_masses(workspace_with_lenses):
    architecture = {"encoder": ENCODER, "classes": 3, "mass_head": True}
    name = save("weigher", "classifier", architecture, transform=Transform(), classes=("no_sub", "cdm", "axion"))
    dataset = open_dataset("lenses")
    report = evaluate_masses(load_checkpoint(name), dataset, np.arange(dataset.info.n))
    lenses = dataset.lenses[dataset.lenses["class"] == "axion"]
    np.testing.assert_allclose(report.truth, np.log10(lenses["axion_mass_ev"]))
    assert dataset.lenses["class"].to_numpy()[report.table()["row"]].tolist() == ["axion"] * len(lenses)
    spans = [np.hypot(np.ptp(x), np.ptp(y)) for x, y in zip(lenses["subhalo_x"], lenses["subhalo_y"], strict=True)]
    assert np.array_equal(report.resolved, np.array(spans) > dataset.info.pixel_scale)
    assert 0 < report.resolved.sum() < len(lenses)


def test_a_set_without_axion_lenses_has_no_error(workspace_with_lenses):
    empty = MassReport(np.empty(0, int), np.empty(0), np.empty(0), np.empty(0, dtype=bool)).summary()
    assert empty["rms_dex"] is None
    assert empty["n"] == 0
