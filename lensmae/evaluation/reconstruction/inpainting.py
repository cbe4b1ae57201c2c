"""What fills hidden pixels without a network: biharmonic inpainting (Damelin & Hoang 2018), as scikit-image has it."""

import numpy as np
from skimage.restoration import inpaint_biharmonic

from lensmae.evaluation.metrics import masked_mse
from lensmae.models import Reconstructor


def inpainted(images: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Images (N, H, W) with hidden pixels (N, H, W) bool filled from the others, float32, in their own flux."""
    return np.stack([inpaint_biharmonic(image, hidden) for image, hidden in zip(images, mask, strict=True)]).astype(np.float32)


def error_ratios(model: Reconstructor, images: np.ndarray, seed: int = 0) -> np.ndarray:
    """Masked error of an MAE at ratio 0.75 over that of biharmonic inpainting of the same hidden pixels, (N,), of (N, H, W)."""
    drawn = model.predict(images, mask_ratio=0.75, seed=seed)
    plain = masked_mse(images, inpainted(images, drawn.mask), drawn.mask)
    return masked_mse(images, drawn.prediction, drawn.mask) / np.maximum(plain, 1e-12)
