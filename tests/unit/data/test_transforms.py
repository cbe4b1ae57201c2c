"""The surviving transform: what files do to flux does not change it, and nothing makes it infinite."""

import numpy as np
import pytest
import torch

from lensmae.data.nuisances import perturb
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.data.transforms import SURVIVING, Transform


@pytest.fixture(scope="module")
def lenses() -> torch.Tensor:
    """(9, 1, 64, 64) noise-free Model II lenses with noise of 1e-3 of the peak."""
    return perturb(simulate_batch("model_ii", 9, generator_of(4)).images, "noise", 1e-3)[:, None]


@pytest.mark.parametrize(("name", "strength"), [("gain", 1e-6), ("gain", 1e7), ("sky", 0.3), ("sky", -0.05), ("min_max", 1.0)])
def test_unit_and_offset_cancel(lenses: torch.Tensor, name: str, strength: float) -> None:
    changed = perturb(lenses[:, 0], name, strength)[:, None]
    torch.testing.assert_close(SURVIVING.forward(changed), SURVIVING.forward(lenses), rtol=0, atol=2e-4)


def test_it_commutes_with_turns(lenses: torch.Tensor) -> None:
    turned = torch.rot90(lenses.flip(-1), 1, (-2, -1))
    expected = torch.rot90(SURVIVING.forward(lenses).flip(-1), 1, (-2, -1))
    torch.testing.assert_close(SURVIVING.forward(turned), expected, rtol=0, atol=0)


def test_the_inverse_gives_flux_back(lenses: torch.Tensor) -> None:
    flux = 7.0 * lenses + 3.0
    scale = SURVIVING.scale(flux)
    torch.testing.assert_close(
        SURVIVING.inverse(SURVIVING.forward(flux, scale), scale), flux, rtol=0, atol=1e-5 * float(flux.max())
    )


def test_sky_and_scale_are_numpys(lenses: torch.Tensor) -> None:
    image = lenses[0, 0].numpy()
    border = np.ones_like(image, dtype=bool)
    border[2:-2, 2:-2] = False
    sky = np.quantile(image[border], 0.5, method="lower")
    bright = np.sort(image.ravel())[-12] - sky
    np.testing.assert_allclose(SURVIVING.forward(lenses)[0, 0], np.arcsinh((image - sky) / bright * 100) / 3, rtol=0, atol=1e-5)


def test_hot_pixels_do_not_move_the_scale(lenses: torch.Tensor) -> None:
    hot = lenses.clone()
    hot[:, 0, 5, 5] = 1e4 * lenses.amax()
    ratio = SURVIVING.scale(hot).peak / SURVIVING.scale(lenses).peak
    assert float((ratio - 1).abs().max()) < 0.03


@pytest.mark.parametrize("value", [0.0, 1.0, -5.0, 1e-45, 1e-38, 3e38, -3e38])
def test_flat_and_extreme_images_stay_finite(value: float) -> None:
    flat = torch.full((1, 1, 16, 16), value)
    spot = flat.clone()
    spot[0, 0, 8, 8] = 3e38
    for image in (flat, spot, -spot, torch.where(torch.rand(1, 1, 16, 16) > 0.5, spot, -spot)):
        assert bool(torch.isfinite(SURVIVING.forward(image)).all())


def test_transforms_of_earlier_checkpoints_are_what_they_were(lenses: torch.Tensor) -> None:
    record = {"stretch": "log1p", "gain": 4.0, "per_image_peak": True, "mean": 0.3, "std": 0.2, "known_peaks": None}
    old = Transform.model_validate(record)
    image = lenses.double()
    expected = (torch.sign(image) * torch.log1p((image * 4 / image.amax((1, 2, 3), keepdim=True)).abs()) - 0.3) / 0.2
    torch.testing.assert_close(old.forward(lenses).double(), expected, rtol=0, atol=1e-5)
    assert Transform.model_validate_json(old.model_dump_json()) == old
