"""LR/HR pairs of every preset of single images: on what a super-resolver gains over bicubic interpolation, and on what not."""

from dataclasses import dataclass

import numpy as np
from einops import reduce

from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.data.simulation.bicubic import downsample_bicubic
from lensmae.evaluation.metrics import mse, unit_scale
from lensmae.models import SuperResolver, bicubic_upsample

# As their cameras see them.
_PRESETS = (
    "model_ii",
    "model_ii_free",
    "model_iii",
    "model_i_64",
    "pairs_64",
    "survey_hst",
    "survey_euclid",
    "survey_jwst",
    "galaxies",
)
# Of the squared range of an image; keeps quotients finite.
_TINY = 1e-12


@dataclass(frozen=True)
class PresetPairs:
    """N pairs of one preset on the HR images' [0, 1].

    Attributes:
        name: of the preset, and how HR was halved.
        low: (N, S/2, S/2).
        high: (N, S, S).
    """

    name: str
    low: np.ndarray
    high: np.ndarray


def preset_pairs(count: int, seed: int) -> list[PresetPairs]:
    """`count` pairs of every preset, with the noise of its camera, twice: halved as the preset `superres` does it, and by the
    mean of two by two pixels, as larger pixels would see it."""
    found = []
    for number, name in enumerate(_PRESETS):
        images = simulate_batch(name, count, generator_of(seed, 1, number), turned=True, noise=True).images.numpy()
        low, width = unit_scale(images)
        high = ((images - low) / width).astype(np.float32)
        binned = reduce(high, "n (h p) (w q) -> n h w", "mean", p=2, q=2)
        found += [PresetPairs(name, downsample_bicubic(high), high), PresetPairs(f"{name}, pixels binned", binned, high)]
    return found


def gains(model: SuperResolver, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """PSNR of a super-resolver over that of bicubic interpolation, dB (N,), of LR (N, h, w) and HR images in any flux unit, which
    goes in on [0, 1] as `enlarge` gives it."""
    least, span = unit_scale(low)
    scaled = ((low - least) / span).astype(np.float32)
    error, plain = (mse(drawn * span + least, high) for drawn in (model.predict(scaled), bicubic_upsample(scaled, model.scale)))
    return 10 * np.log10(np.maximum(plain, _TINY * span[:, 0, 0] ** 2) / np.maximum(error, _TINY * span[:, 0, 0] ** 2))
