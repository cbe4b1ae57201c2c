"""Nuisances against SciPy, Pillow and NumPy; what training draws; a seed gives the same again."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from lensmae.data.nuisances import NUISANCES, PRIORS, TRAINING, NuisancePrior, draw_nuisances, moved, perturb
from lensmae.data.simulation.batched import generator_of, simulate_batch


@pytest.fixture(scope="module")
def lenses() -> torch.Tensor:
    """(6, 64, 64) noise-free Model II lenses, in flux of some unit."""
    return simulate_batch("model_ii", 6, generator_of(4)).images


def test_harmless_strengths_change_nothing(lenses: torch.Tensor) -> None:
    for nuisance in NUISANCES.values():
        same = nuisance.apply(lenses, nuisance.harmless, torch.Generator().manual_seed(1))
        torch.testing.assert_close(same, lenses, rtol=0, atol=3e-7 * float(lenses.max()), msg=nuisance.name)


def test_every_strength_is_finite_repeatable_and_changes_the_image(lenses: torch.Tensor) -> None:
    for nuisance in NUISANCES.values():
        for strength in nuisance.strengths:
            once, again = (perturb(lenses, nuisance.name, strength, seed=3) for _ in range(2))
            assert once.shape == lenses.shape
            assert bool(torch.isfinite(once).all())
            torch.testing.assert_close(once, again, rtol=0, atol=0)
            assert not torch.equal(once, lenses), (nuisance.name, strength)


def test_noise_has_the_rms_it_says_of_the_peak(lenses: torch.Tensor) -> None:
    rest = perturb(lenses, "noise", 0.02, seed=1) - lenses
    spread = lenses.amax((1, 2)) - lenses.amin((1, 2))
    np.testing.assert_allclose(rest.std(dim=(1, 2)) / spread, 0.02, rtol=0.05)


def test_photon_noise_grows_with_the_root_of_the_flux(lenses: torch.Tensor) -> None:
    many = lenses[:1].expand(400, -1, -1)
    rest = (perturb(many, "shot_noise", 0.1, seed=1) - many).std(dim=0)
    flux = lenses[0] / lenses[0].max()
    bright = flux > 0.2
    np.testing.assert_allclose(rest[bright] / lenses[0].max(), 0.1 * flux[bright].sqrt(), rtol=0.2)
    assert float(rest[flux < 1e-6].max() / lenses[0].max()) < 1e-3


def test_blur_is_scipys(lenses: torch.Tensor) -> None:
    sigma = 1.7 / 2.354820045
    expected = np.stack(
        [ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=5.0) for image in lenses.double().numpy()]
    )
    np.testing.assert_allclose(perturb(lenses, "blur", 1.7), expected, rtol=0, atol=2e-6 * float(lenses.max()))


def test_whole_shifts_are_exact_and_half_ones_are_scipys_cubic_ones_nearly() -> None:
    image = torch.from_numpy(ndimage.gaussian_filter(np.random.default_rng(2).random((1, 32, 32)), (0, 3, 3))).float()
    right = moved(image, torch.tensor([3.0]), torch.tensor([-2.0]))
    torch.testing.assert_close(right[:, :-2, 3:], image[:, 2:, :-3], rtol=0, atol=0)
    half = moved(image, torch.tensor([0.5]), torch.tensor([1.25]))
    expected = ndimage.shift(image[0].double().numpy(), (1.25, 0.5), order=3, mode="nearest")
    np.testing.assert_allclose(half[0, 4:-4, 4:-4], expected[4:-4, 4:-4], atol=1e-2 * float(image.max() - image.min()))


def test_turns_are_numpys_and_scipys(lenses: torch.Tensor) -> None:
    turned = perturb(lenses, "rotation", 90.0)
    np.testing.assert_array_equal(turned, np.rot90(lenses.numpy(), 1, (1, 2)))
    np.testing.assert_array_equal(perturb(lenses, "mirror", 1.0), lenses.numpy()[:, :, ::-1])
    smooth = torch.from_numpy(ndimage.gaussian_filter(np.random.default_rng(2).random((1, 32, 32)), (0, 3, 3))).float()
    some = perturb(smooth, "rotation", 30.0)
    expected = ndimage.rotate(smooth[0].double().numpy(), 30.0, reshape=False, order=3, mode="nearest")
    np.testing.assert_allclose(some[0, 8:-8, 8:-8], expected[8:-8, 8:-8], atol=1e-2 * float(smooth.max() - smooth.min()))


def test_levels_and_jpeg_are_pillows(lenses: torch.Tensor) -> None:
    image = lenses[0].numpy()
    low, span = image.min(), image.max() - image.min()
    grey = np.round((image - low) / span * 255).astype(np.uint8)
    np.testing.assert_allclose(perturb(lenses, "levels", 8.0)[0], grey / 255.0 * span + low, atol=1e-5 * span)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, format="JPEG", quality=85)
    read = np.array(Image.open(file)) / 255.0 * span + low
    np.testing.assert_allclose(perturb(lenses, "jpeg", 85.0)[0], read, atol=1e-5 * span)


def test_sky_unit_and_range(lenses: torch.Tensor) -> None:
    span = lenses.amax((1, 2), keepdim=True) - lenses.amin((1, 2), keepdim=True)
    torch.testing.assert_close(perturb(lenses, "sky", 0.1), lenses + 0.1 * span)
    torch.testing.assert_close(perturb(lenses, "gain", 10.0), 10 * lenses)
    scaled = perturb(lenses, "min_max", 1.0)
    torch.testing.assert_close(scaled.amax((1, 2)), torch.ones(6))
    torch.testing.assert_close(scaled.amin((1, 2)), torch.zeros(6))


def test_bad_pixels_are_as_many_as_it_says(lenses: torch.Tensor) -> None:
    many = lenses[:1].expand(100, -1, -1)
    changed = (perturb(many, "bad_pixels", 50.0) != many).float().mean()
    assert float(changed) == pytest.approx(50 / 1e4, rel=0.1)


def test_an_unknown_name_says_what_there_is(lenses: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="There is no nuisance 'haze'; there are noise, shot_noise"):
        perturb(lenses, "haze", 1.0)


def test_a_flat_image_stays_finite() -> None:
    flat = torch.full((2, 16, 16), 3.0)
    for nuisance in NUISANCES.values():
        for strength in nuisance.strengths:
            assert bool(torch.isfinite(perturb(flat, nuisance.name, strength)).all()), nuisance.name


def test_training_draws_repeat_and_differ_from_lens_to_lens() -> None:
    images = simulate_batch("model_ii", 3, generator_of(4)).images[:1].expand(64, -1, -1)
    one, two = (draw_nuisances(images, generator_of(7, 1)) for _ in range(2))
    torch.testing.assert_close(one.images, two.images, rtol=0, atol=0)
    other = draw_nuisances(images, generator_of(7, 2))
    assert not torch.equal(one.images, other.images)
    # A lens now and then meets nothing.
    assert len({image.numpy().tobytes() for image in one.images}) > 50


def test_faint_lenses_have_photon_noise_of_its_own_and_jpeg() -> None:
    images = simulate_batch("model_ii", 3, generator_of(4)).images.repeat(60, 1, 1)
    quiet = {"noise": 0.0, "sky": 0.0, "levels": 0.0, "blur": 0.0, "shift": 0.0, "bad_pixels": 0.0, "jpeg": 0.0}
    photons = draw_nuisances(images, generator_of(8), replace(PRIORS["faint"], **quiet, shot=1.0))
    # In units of the noise-free peak, the photon noise of a pixel is sqrt(its flux) times that of the peak.
    spread = ((photons.images - photons.clean) / photons.clean.clamp_min(1e-3).sqrt())[:, 16:48, 16:48].std(dim=(1, 2)).log10()
    assert (float(spread.min()), float(spread.max())) == (pytest.approx(-3.5, abs=0.15), pytest.approx(-1.0, abs=0.15))
    jpeg = draw_nuisances(images, generator_of(8), replace(PRIORS["faint"], **quiet | {"jpeg": 1.0}, shot=0.0))
    steps = jpeg.images - jpeg.images.amin((1, 2), keepdim=True)
    assert float((steps * 255).sub((steps * 255).round()).abs().max()) < 1e-3
    assert not torch.equal(jpeg.images, perturb(jpeg.clean, "levels", 8.0))


def test_training_noise_lies_between_its_bounds_and_the_target_has_none() -> None:
    images = simulate_batch("model_ii", 3, generator_of(4)).images.repeat(100, 1, 1)
    only_noise = NuisancePrior(shot=0.0, sky=0.0, levels=0.0, blur=0.0, shift=0.0, bad_pixels=0.0)
    drawn = draw_nuisances(images, generator_of(8), only_noise)
    torch.testing.assert_close(drawn.clean, images / images.amax((1, 2), keepdim=True))
    rms = (drawn.images - drawn.clean).std(dim=(1, 2))
    assert float((rms > 0).float().mean()) == pytest.approx(TRAINING.noise, abs=0.07)
    logarithm = rms[rms > 0].log10()
    assert float(logarithm.min()) > -5.1
    assert float(logarithm.max()) < -1.45
    assert float(logarithm.mean()) == pytest.approx(-3.25, abs=0.25)
