"""Maps that peak at the heaviest subhalo locate; maps that peak elsewhere, or always at one place, do not."""

import numpy as np
import pytest

from lensmae.errors import ConfigError
from lensmae.evaluation.reconstruction.anomaly import AnomalyScores, Substructure, expected_map
from lensmae.evaluation.reconstruction.localisation import localisation, localisation_table, map_peaks

SIDE, LENSES = 32, 40


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def truths(rng):
    """Three subhalos a lens, the second the heaviest."""
    places = rng.integers(2, SIDE - 2, (LENSES, 2, 3)).astype(float)
    return [Substructure(x, y, np.array([1e7, 1e9, 1e8]), line=False) for x, y in places]


def scores(maps):
    return AnomalyScores(maps.mean(axis=(1, 2)), maps.max(axis=(1, 2)), maps.astype(np.float32))


def maps_with_peaks(rng, columns, rows):
    maps = rng.uniform(0.0, 1.0, (len(columns), SIDE, SIDE))
    maps[np.arange(len(columns)), np.asarray(rows, int), np.asarray(columns, int)] = 50.0
    return maps


def smooth(rng):
    return scores(rng.uniform(0.0, 1.0, (LENSES, SIDE, SIDE)))


def test_maps_that_peak_at_the_heaviest_subhalo_detect_and_locate(rng, truths):
    maps = maps_with_peaks(rng, [one.x[1] for one in truths], [one.y[1] for one in truths])
    found = localisation("cdm", scores(maps), truths, smooth(rng), radius=1.0)
    assert found.at_heaviest == found.at_any == 1.0
    assert found.chance_heaviest < 0.1
    assert found.auc > 0.99
    assert found.p_located < 0.001
    assert found.sentence.startswith("Detects cdm (AUC 1.000), locates: in 100% of 40 lenses")
    table = localisation_table([found])
    assert bool(table["locates"].iloc[0])


def test_maps_that_all_peak_at_one_place_locate_no_better_than_chance(rng, truths):
    maps = maps_with_peaks(rng, [16] * LENSES, [16] * LENSES)
    found = localisation("cdm", scores(maps), truths, smooth(rng), radius=6.0, relative=False)
    assert found.at_heaviest == pytest.approx(found.chance_heaviest, abs=1e-12)
    assert found.p_located == 1.0
    assert "Detects cdm" in found.sentence
    assert "does not locate" in found.sentence


def test_where_errors_are_alike_it_neither_detects_nor_locates(rng, truths):
    found = localisation("cdm", scores(rng.uniform(0.0, 1.0, (LENSES, SIDE, SIDE))), truths, smooth(rng), radius=1.0)
    assert found.sentence.startswith("Does not detect cdm")
    assert not found.locates


def test_few_lenses_are_no_evidence_for_either_side(rng, truths):
    few = scores(maps_with_peaks(rng, [one.x[1] for one in truths[:4]], [one.y[1] for one in truths[:4]]))
    found = localisation("cdm", few, truths[:4], smooth(rng), radius=1.0)
    # Of four lenses there are 24 orders: even the right one comes by chance once in 24.
    assert found.too_few
    assert "too few lenses to tell" in found.sentence
    assert "etect" not in found.sentence


def test_a_peak_at_any_point_of_a_vortex_line_is_at_the_substructure(rng):
    along = np.linspace(4, 27, 24)
    line = Substructure(along, np.full(24, 10.0), np.full(24, 3e8), line=True)
    other = Substructure(np.full(24, 10.0), along, np.full(24, 3e8), line=True)
    maps = maps_with_peaks(rng, [25, 10], [10, 25])
    found = localisation("axion", scores(maps), [line, other], smooth(rng), radius=0.5)
    assert (found.at_heaviest, found.chance_heaviest) == (1.0, 0.0)


def test_a_peak_in_units_of_what_is_expected_is_not_the_brightest_part_of_all_maps():
    usual = np.ones((SIDE, SIDE))
    usual[5, 5] = 100.0
    one = usual.copy()
    one[20, 9] = 3.0
    assert map_peaks(one[None]).tolist() == [[5, 5]]
    assert map_peaks(one[None], expected_map(scores(np.stack([usual, usual])))).tolist() == [[20, 9]]


def test_one_lens_alone_cannot_be_compared_with_chance(rng, truths):
    maps = maps_with_peaks(rng, [4], [4])
    with pytest.raises(ConfigError, match="Of cdm there are 1 lenses"):
        localisation("cdm", scores(maps), truths[:1], smooth(rng), radius=1.0)
