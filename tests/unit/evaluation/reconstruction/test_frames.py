"""Masks of every strategy: nested, of the right size, and where they should be."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.errors import ConfigError, DatasetError
from lensmae.evaluation.reconstruction.frames import RATIOS, STRATEGIES, error_table, nested_masks, reconstruction_frames
from lensmae.models import load_checkpoint


@pytest.fixture
def lens(workspace_with_lenses):
    return np.array(open_dataset("lenses").images[3])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_masks_are_nested_and_hide_the_share_asked_for(lens, strategy):
    masks = nested_masks(lens, 4, seed=5, strategy=strategy)
    assert masks.shape == (len(RATIOS), 16, 16)
    assert (masks[1:] >= masks[:-1]).all()
    np.testing.assert_allclose(masks.mean(axis=(1, 2)), RATIOS, atol=1 / 256)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_seed_repeats_its_masks(lens, strategy):
    np.testing.assert_array_equal(nested_masks(lens, 8, 2, strategy), nested_masks(lens, 8, 2, strategy))


def test_another_seed_gives_another_random_mask(lens):
    assert (nested_masks(lens, 4, 0)[15] != nested_masks(lens, 4, 1)[15]).any()


def test_the_grid_strategy_leaves_every_second_patch_of_every_second_row(lens):
    visible = ~nested_masks(lens, 4, 0, "grid")[RATIOS.index(0.75)]
    rows, columns = np.nonzero(visible)
    assert set(np.diff(np.unique(rows))) == {2}
    assert set(np.diff(np.unique(columns))) == {2}


def test_a_block_is_one_square_where_the_border_does_not_cut_it(lens):
    hidden = nested_masks(lens, 4, 3, "block")[RATIOS.index(0.1)]
    rows, columns = np.nonzero(hidden)
    assert np.ptp(rows) <= 6
    assert np.ptp(columns) <= 6


def test_the_ring_strategy_hides_the_light_first_and_its_counterpart_last(lens):
    patches = lens.reshape(16, 4, 16, 4).sum(axis=(1, 3))
    half = RATIOS.index(0.5)
    hidden_light = {
        name: patches[nested_masks(lens, 4, 0, name)[half]].sum() / patches.sum() for name in ("ring", "surroundings")
    }
    assert hidden_light["ring"] > 0.9
    assert hidden_light["surroundings"] < 0.1


def test_the_random_frames_are_those_of_predict(mae, lens):
    model = load_checkpoint(mae)
    frames = reconstruction_frames(model, lens, seed=4)
    for ratio in (0.25, 0.75):
        drawn = model.predict(lens[None], mask_ratio=ratio, seed=4)
        np.testing.assert_array_equal(frames.hidden[RATIOS.index(ratio)], drawn.hidden[0])
        np.testing.assert_allclose(frames.predictions[RATIOS.index(ratio)], drawn.prediction[0], atol=1e-5)


def test_a_composite_keeps_visible_pixels_and_takes_hidden_ones_from_the_prediction(mae, lens):
    frames = reconstruction_frames(load_checkpoint(mae), lens, seed=0)
    composite = frames.composites(lens)[15]
    hidden = np.kron(frames.hidden[15], np.ones((8, 8))).astype(bool)
    np.testing.assert_array_equal(composite[~hidden], lens[~hidden])
    np.testing.assert_array_equal(composite[hidden], frames.predictions[15][hidden])


def test_the_table_has_the_error_of_every_ratio(mae, lens):
    frames = reconstruction_frames(load_checkpoint(mae), lens, seed=0)
    table = error_table(frames)
    assert table["mask_ratio"].tolist() == list(RATIOS)
    assert np.isnan(table["masked_mse"][0])
    np.testing.assert_allclose(10 ** (-table["masked_psnr_db"][1:] / 10), table["masked_mse"][1:])


def test_an_unknown_strategy_and_an_image_that_does_not_fit_are_named(mae, lens):
    with pytest.raises(ConfigError, match="spiral"):
        nested_masks(lens, 4, 0, "spiral")
    with pytest.raises(DatasetError, match="divisible by 8"):
        reconstruction_frames(load_checkpoint(mae), lens[:, :60], seed=0)


def test_a_network_with_a_linear_prior_refuses_another_size_in_plain_words(mae):
    model = load_checkpoint("mae-no-sub")
    with pytest.raises(DatasetError, match="takes no others"):
        reconstruction_frames(model, np.zeros((128, 128), dtype=np.float32), 0)
