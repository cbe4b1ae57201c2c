"""Anomaly scores, the masks behind them, and where the true substructure lies."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.data.simulation.lenses import draw_parameters, simulate_row
from lensmae.data.simulation.presets import EUCLID_VIS
from lensmae.evaluation.reconstruction.anomaly import anomaly_scores, covering_masks, percentile_among, substructure, trained_on
from lensmae.models import CheckpointCard, load_checkpoint
from lensmae.models.checkpoint import read_card
from lensmae.workspace import models_dir


@pytest.mark.parametrize(("masks", "ratio"), [(4, 0.75), (16, 0.75), (6, 0.5), (10, 0.9)])
def test_all_patches_are_hidden_about_equally_often(masks, ratio):
    hidden = covering_masks((16, 16), masks, ratio, seed=1)
    assert hidden.shape == (masks, 16, 16)
    assert len(set(hidden.sum(axis=(1, 2)).tolist())) == 1
    assert hidden.mean() == pytest.approx(ratio, abs=1 / 256)
    assert np.ptp(hidden.sum(axis=0)) <= 1


def test_a_score_is_the_error_averaged_over_the_masks_that_hid_a_pixel(mae, workspace_with_lenses):
    model, images = load_checkpoint(mae), np.array(open_dataset("lenses").images[:3])
    scores = anomaly_scores(model, images, 4, mask_ratio=0.5, seed=2)
    squares = np.ma.masked_all((4, 64, 64))
    for place, hidden in enumerate(covering_masks((8, 8), 4, 0.5, 2)):
        drawn = model.predict(images[1][None], hidden=hidden[None])
        squares[place] = np.ma.array(((drawn.prediction[0] - images[1]) / np.ptp(images[1])) ** 2, mask=~drawn.mask[0])
    np.testing.assert_allclose(scores.maps[1], squares.mean(axis=0), rtol=1e-3)
    assert scores.mean[1] == pytest.approx(float(squares.mean(axis=0).mean()), rel=1e-3)
    assert scores.peak[1] == pytest.approx(scores.maps[1].reshape(8, 8, 8, 8).mean(axis=(1, 3)).max(), rel=1e-5)


def test_a_score_does_not_depend_on_the_lenses_beside_it(mae, workspace_with_lenses):
    model, images = load_checkpoint(mae), np.array(open_dataset("lenses").images[:3])
    np.testing.assert_allclose(anomaly_scores(model, images, 2).mean[2], anomaly_scores(model, images[2:], 2).mean[0], rtol=1e-4)


def test_a_percentile_counts_smaller_values():
    assert percentile_among(np.array([1.0, 2.0, 3.0, 4.0]), 2.5) == 50.0


def test_a_checkpoint_says_whether_it_saw_lenses_without_substructure_only(mae):
    unknown = trained_on(read_card(models_dir() / "tiny-mae.safetensors"))
    assert (unknown.pure, unknown.classes) == (False, ())
    card = CheckpointCard(kind="mae", architecture={}, transform=load_checkpoint(mae).transform)
    every = card.model_copy(update={"data": {"classes": ["no_sub", "cdm"]}, "training": {"config": {"classes": "all"}}})
    assert "no_sub, cdm" in trained_on(every).sentence
    pure = every.model_copy(update={"training": {"config": {"classes": "no_sub", "init": "scratch"}}})
    assert trained_on(pure).pure
    assert "went on" not in trained_on(pure).sentence
    later = every.model_copy(update={"training": {"config": {"classes": "no_sub", "init": "mae"}}})
    assert "checkpoint mae" in trained_on(later).sentence


def test_a_heavy_subhalo_is_where_it_changes_the_image():
    """Placed on the ring it bends the light around it, and nowhere else as much."""
    row = draw_parameters("model_ii", "cdm", 4)
    smooth = row | {"subhalo_mass": [], "subhalo_x": [], "subhalo_y": []}
    image = simulate_row("model_ii", smooth).image
    y, x = np.unravel_index(image.argmax(), image.shape)
    place = {"subhalo_x": [(x - 31.5) * EUCLID_VIS.pixel_scale], "subhalo_y": [(y - 31.5) * EUCLID_VIS.pixel_scale]}
    dented = smooth | {"subhalo_mass": [3e9]} | place
    change = np.abs(simulate_row("model_ii", dented).image - image)
    found = substructure(dented, image.shape, EUCLID_VIS.pixel_scale)
    rows, columns = np.indices(image.shape)
    near = np.hypot(rows - found.y[0], columns - found.x[0]) < 6
    assert change[near].mean() > 10 * change[~near].mean()
    assert (round(found.x[0]), round(found.y[0])) == (x, y)


def test_a_vortex_is_a_line_and_a_lens_without_substructure_has_none():
    vortex = substructure(draw_parameters("model_ii", "axion", 1), (64, 64), 0.101)
    assert vortex.line
    assert vortex.mass.sum() == pytest.approx(3e10)
    assert substructure(draw_parameters("model_ii", "no_sub", 1), (64, 64), 0.101) is None
    lens = draw_parameters("model_ii", "cdm", 1)
    kept = [
        substructure(lens | {"nuisance": name}, (64, 64), 0.101) is not None for name in ("none", "noise", "noise 0.1 + blur 1")
    ]
    assert kept == [True] * 3
    # What was moved is no longer where it was simulated.
    moved = [substructure(lens | {"nuisance": name}, (64, 64), 0.101) for name in ("rotation", "shift", "noise 0.1 + mirror 1")]
    assert moved == [None] * 3
    assert substructure({"class": "cdm"}, (64, 64), 0.101) is None
