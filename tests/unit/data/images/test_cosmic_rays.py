import json
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from scipy.stats import multivariate_normal
from typer.testing import CliRunner

from lensmae import cli
from lensmae.data import ImportOptions, import_dataset, plan_import, simulate_lens
from lensmae.data.images.cosmic_rays import find_cosmic_rays, with_warning, without_cosmic_rays
from lensmae.data.images.reader import image_of
from lensmae.errors import DatasetError


def struck(pixels, seed=0, hits=15, height=60):
    """The image with bright single pixels, and which they are."""
    rng = np.random.default_rng(seed)
    rms = 1.4826 * np.median(np.abs(pixels - np.median(pixels)))
    places = np.zeros(pixels.shape, dtype=bool)
    places[tuple(rng.integers(3, min(pixels.shape) - 3, (2, hits)))] = True
    return np.where(places, pixels + height * rms, pixels).astype(np.float32), places


@pytest.mark.parametrize("preset", ["survey_hst", "survey_euclid", "survey_jwst"])
def test_hits_on_a_telescope_image_are_found_and_little_else(preset):
    for seed in range(4):
        clean = simulate_lens(preset, "cdm", seed).image
        pixels, places = struck(clean, seed)
        found = find_cosmic_rays(pixels)
        assert found[places].mean() > 0.8
        assert (found & ~places).mean() < 0.01


def test_a_star_as_sharp_as_the_psf_of_hst_is_no_cosmic_ray():
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:64, :64]
    # FWHM 0.1 arcsec on pixels of 0.05 arcsec.
    star = multivariate_normal([31.3, 32.4], (2 / 2.355) ** 2).pdf(np.dstack([y, x]))
    pixels = (0.01 * rng.standard_normal((64, 64)) + 5 * star).astype(np.float32)
    assert not find_cosmic_rays(pixels).any()


@pytest.mark.parametrize("factor", [1e-20, 1.0, 1e8])
def test_the_unit_of_flux_does_not_matter(factor):
    pixels, _ = struck(simulate_lens("survey_hst", "no_sub", 3).image)
    assert np.array_equal(find_cosmic_rays((pixels.astype(np.float64) * factor).astype(np.float32)), find_cosmic_rays(pixels))


@pytest.mark.parametrize("pixels", [np.ones((16, 16)), np.eye(4), np.random.default_rng(0).random((4, 9))])
def test_drawings_and_tiny_images_pass(pixels):
    assert find_cosmic_rays(pixels.astype(np.float32)).shape == pixels.shape


def test_hit_pixels_get_the_median_of_their_good_neighbours_and_it_is_said():
    clean = simulate_lens("survey_hst", "no_sub", 5).image
    pixels, _ = struck(clean, 5)
    hit = find_cosmic_rays(pixels)
    image = without_cosmic_rays(image_of(pixels, "x.npy"))
    row, column = np.argwhere(hit)[0]
    part = np.s_[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
    assert image.pixels[row, column] == pytest.approx(np.median(pixels[part][~hit[part]]))
    assert np.array_equal(image.pixels[~hit], pixels[~hit])
    assert image.notes[-1].startswith(f"{hit.sum()} pixels hit by cosmic rays")


def test_an_image_of_a_camera_with_many_hits_says_so_and_no_other_does():
    clean = simulate_lens("survey_hst", "no_sub", 5).image
    pixels, _ = struck(clean, 5, hits=150)

    def notes(pixels, kind):
        return with_warning(replace(image_of(pixels, "x"), format=kind)).notes

    assert any("look hit by cosmic rays" in note and "--remove-cosmic-rays" in note for note in notes(pixels, "fits"))
    assert notes(clean, "fits") == notes(pixels, "npy") == ()
    removed = without_cosmic_rays(replace(image_of(pixels, "x"), format="fits"))
    assert with_warning(removed) is removed


def test_an_import_and_a_prediction_remove_them_where_asked(workspace_with_lenses, mae, tmp_path):
    pixels, places = struck(simulate_lens("survey_euclid", "no_sub", 2).image[:64, :64], 2)
    (tmp_path / "cut").mkdir()
    for name in "ab":
        fits.writeto(tmp_path / f"cut/{name}.fits", pixels)
    raw = import_dataset(tmp_path / "cut", "raw", ImportOptions(), jobs=1).dataset
    clean = import_dataset(tmp_path / "cut", "clean", ImportOptions(clean=True), jobs=1).dataset
    np.testing.assert_array_equal(raw.images[0], pixels)
    np.testing.assert_array_equal(clean.images[0], without_cosmic_rays(image_of(pixels, "a")).pixels)
    assert (clean.images[0] < raw.images[0])[places].mean() > 0.8
    options = ["--mae", mae, "--classifier", "none", "--superres", "none", "--json"]
    asked = CliRunner().invoke(cli.app, ["predict", str(tmp_path / "cut/a.fits"), *options, "--remove-cosmic-rays"])
    assert "hit by cosmic rays" in " ".join(json.loads(asked.stdout)["images"][0]["notes"])


def test_pairs_keep_their_pixels(workspace_with_lenses, tmp_path):
    for part, side in (("LR", 8), ("HR", 16)):
        (tmp_path / "src" / part).mkdir(parents=True)
        np.save(tmp_path / "src" / part / "sample1.npy", np.random.default_rng(0).random((side, side)))
    with pytest.raises(DatasetError, match="cosmic rays"):
        plan_import(tmp_path / "src", ImportOptions(clean=True))
