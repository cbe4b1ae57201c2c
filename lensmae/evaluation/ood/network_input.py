"""Images brought to what a network was trained on, the same for files, lenses of data sets, pages and commands."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data import PRESETS, LensDataset, LensImage, fit_image
from lensmae.data.images.fitting import SAME_SCALE
from lensmae.evaluation.ood.references import Reference, ReferenceCard, reference_or_problem
from lensmae.models import SuperResolver
from lensmae.models.predictors import LoadedModel
from lensmae.models.registry import reference_path

_SIDES = range(8, 4097)


@dataclass(frozen=True)
class TrainedForm:
    """Side in pixels and scale in arcsec/pixel of the images that a network was trained on; None where they had no one scale."""

    size: int
    pixel_scale: float | None


def trained_form(model: LoadedModel, reference: Reference | None = None) -> TrainedForm:
    """What a checkpoint says of its training images, or their preset; of weights from elsewhere, what they were compared with.

    Args:
        model: the network.
        reference: of a network that does not say it; the one beside its file where None.
    """
    data = model.card.data
    preset = PRESETS.get(str(data.get("preset")))
    shape, scale = data.get("shape"), data.get("pixel_scale")
    if shape is None and preset is not None:
        shape, scale = preset.shape, preset.pixel_scale
    elif shape is None:
        card = _kept_card(str(model.path), *_facts(model.path)) if reference is None else reference.card
        shape, scale = (None, None) if card is None else ((card.size, card.size), card.pixel_scale)
    known = isinstance(scale, float | int) and math.isfinite(scale) and scale > 0
    return TrainedForm(_side(model, shape), float(scale) if known else None)


def _facts(checkpoint: Path) -> tuple[int, int]:
    """What changes with the reference beside a checkpoint."""
    path = reference_path(checkpoint)
    return (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else (0, 0)


@lru_cache(maxsize=64)
def _kept_card(checkpoint: str, modified: int, size: int) -> ReferenceCard | None:
    reference = reference_or_problem(Path(checkpoint))[0] if size else None
    return None if reference is None else reference.card


def _side(model: LoadedModel, shape: object) -> int:
    square = isinstance(shape, tuple | list) and len(shape) == 2 and shape[0] == shape[1] and shape[0] in _SIDES
    takes = square and model.any_size and (isinstance(model, SuperResolver) or shape[0] % model.patch_size == 0)
    return int(shape[0]) if takes else model.image_size


def network_input(image: LensImage, model: LoadedModel) -> LensImage:
    """An image as a network is asked: on its pixels, at the scale of its training where both are known, and what was done in
    its notes. Where the lens was looked for (`LensImage.found`) and the field is larger, the square about it is cut out."""
    form = trained_form(model)
    return fit_image(image, form.size, form.pixel_scale)


def network_inputs(dataset: LensDataset, model: LoadedModel) -> tuple[LensDataset, str | None]:
    """A data set with its images as a network is asked, each as `lensmae predict` brings a file, and a sentence that says so.

    Nothing changes for images of the size and scale of the training, and for pairs before a super-resolver, which takes any.
    Images are brought when they are read.
    """
    form, info = trained_form(model), dataset.info
    scales = _scales(dataset)
    if isinstance(model, SuperResolver) or isinstance(dataset.images, BroughtImages) or _is_so(info.shape, scales, form):
        return dataset, None
    known = form.pixel_scale is not None and bool(np.isfinite(scales).all())
    changed = info.model_copy(update={"shape": (form.size, form.size), "pixel_scale": form.pixel_scale if known else None})
    at = f" at {form.pixel_scale:.4g} arcsec/pixel" if known else ""
    said = (
        f"Images of {info.shape[0]}x{info.shape[1]} pixels were brought to {form.size}x{form.size}{at}, which {model.name} was "
        "trained on, each as `lensmae predict` does: its lens was looked for, cut out, and resampled."
    )
    return replace(dataset, info=changed, images=BroughtImages(dataset.images, scales, form)), said


def _is_so(shape: tuple[int, int], scales: np.ndarray, form: TrainedForm) -> bool:
    if tuple(shape) != (form.size, form.size):
        return False
    return form.pixel_scale is None or not (np.abs(form.pixel_scale / scales - 1) >= SAME_SCALE).any()


def _scales(dataset: LensDataset) -> np.ndarray:
    """Arcsec/pixel of every image, (N,) float64; nan where it is not known."""
    own = dataset.lenses["pixel_scale"] if "pixel_scale" in dataset.lenses else np.full(len(dataset.lenses), np.nan)
    usual = np.nan if dataset.info.pixel_scale is None else dataset.info.pixel_scale
    return pd.Series(own, dtype="float64").fillna(usual).to_numpy()


class BroughtImages:
    """Images (N, S, S) float32 of a data set as a network is asked; they are brought when they are read.

    Args:
        images: (N, H, W) as they lie on disk.
        scales: (N,) arcsec/pixel; nan where not known.
        form: of the network.
    """

    dtype, ndim = np.dtype(np.float32), 3

    def __init__(self, images: np.ndarray, scales: np.ndarray, form: TrainedForm) -> None:
        self._images, self._scales, self._form = images, scales, form
        self.shape = (len(images), form.size, form.size)

    def __len__(self) -> int:
        return len(self._images)

    def __repr__(self) -> str:
        return f"BroughtImages({self._form!r})"

    def __getitem__(self, rows: int | slice | np.ndarray) -> np.ndarray:
        chosen = np.arange(len(self))[rows]
        if np.ndim(chosen) == 0:
            return self._brought(int(chosen))
        brought = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        for index, row in enumerate(chosen.tolist()):
            brought[index] = self._brought(row)
        return brought

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)

    def _brought(self, row: int) -> np.ndarray:
        scale = self._scales[row]
        image = LensImage(np.array(self._images[row]), str(row), "npy", pixel_scale=float(scale) if np.isfinite(scale) else None)
        return fit_image(image.found(), self._form.size, self._form.pixel_scale).pixels


def input_identity(dataset: LensDataset) -> str:
    """What tells apart the images of a data set as they are and as a network is asked, for what is kept of them."""
    return repr(dataset.images) if isinstance(dataset.images, BroughtImages) else ""


def check_images(model: LoadedModel, dataset: LensDataset) -> None:
    """Raise `DatasetError` where the set's images cannot be cut into the model's patches, or are not of its only size."""
    model.patch_grid(dataset.images.shape, f"Data set {dataset.name} has images of")
