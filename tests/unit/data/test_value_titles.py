"""Presets, cameras and nuisances are shown by their titles."""

import numpy as np
import pytest

from lensmae.data.simulation.cameras import CAMERAS
from lensmae.data.value_titles import value_titles


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


def test_every_camera_has_a_title():
    assert set(CAMERAS).isdisjoint(value_titles("camera", np.array(list(CAMERAS))).tolist())
