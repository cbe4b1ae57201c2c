"""Presets, cameras and nuisances are shown by their titles."""

import numpy as np
import pytest

from lensmae.data.simulation.cameras import CAMERAS
from lensmae.data.value_titles import data_title, value_titles


@pytest.mark.parametrize(
    ("column", "values", "shown"),
    [
        (
            "stratum",
            ["survey_hst", "model_ii", "of_a_file", "model_ii"],
            ["Survey, HST", "DeepLense Model II", "of_a_file", "DeepLense Model II"],
        ),
        ("camera", ["survey_jwst", "mine"], ["JWST NIRCam F277W", "mine"]),
        ("nuisance", ["none", "shot_noise"], ["none", "Photon noise"]),
        ("class", ["no_sub"], ["no_sub"]),
        ("stratum", [], []),
    ],
)
def test_values_are_shown_by_their_titles(column, values, shown):
    assert value_titles(column, np.array(values)).tolist() == shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [("generalist, simulated", "Generalist corpus, simulated"), ("lenses", "lenses"), ("mine, simulated", "mine, simulated")],
)
def test_lenses_of_a_reference_are_of_a_preset_by_its_title_or_of_a_set(data, shown):
    assert data_title(data) == shown


def test_every_camera_has_a_title():
    assert set(CAMERAS).isdisjoint(value_titles("camera", np.array(list(CAMERAS))).tolist())
