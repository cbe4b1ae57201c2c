"""Reconstruction page: what is shown, as files."""

import numpy as np
import streamlit as st

from lensmae.app.reconstruction.state import Shown
from lensmae.app.shared.widgets import numbers, offer_file
from lensmae.data.images.writer import fits_bytes, npy_bytes
from lensmae.evaluation.reconstruction.frames import error_table, pixel_masks
from lensmae.figures.images.animation import gif_bytes


def files(shown: Shown) -> None:
    """Downloads: prediction and all that belongs to it, and the animation over the mask ratio."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for index, (name, _) in enumerate(shown.pairs):
            suffix = f" · {name}" if len(shown.pairs) > 1 else ""
            file = f"{shown.file}-{name}"
            offer_file(f"FITS{suffix}", lambda index=index: fits_file(shown, index), f"{file}.fits", "image/fits")
            offer_file(f"npy{suffix}", lambda index=index: _npy(shown, index), f"{file}.npy", "application/octet-stream")
        if len(shown.frames.ratios) > 1:
            offer_file("GIF over the mask ratio", lambda: _gif(shown), f"{shown.file}.gif", "image/gif")
        numbers(error_table(shown.whole), shown.file)
    st.caption(
        "FITS: the prediction, then ORIGINAL, HIDDEN (1 = hidden), COMPOSITE and ERROR (prediction minus original) as HDUs, "
        "in flux, with WCS, checkpoint, mask and date in the header. Prediction and error are NaN where the network was shown "
        "the image. npy: the same five in this order, float32 of shape (5, H, W). The PNG button below the pictures saves the "
        "view as it is. Each file is made when asked for."
    )


def _arrays(shown: Shown, index: int) -> dict[str, np.ndarray]:
    frames, image = shown.pairs[index][1], shown.image
    hidden = pixel_masks(frames.hidden[shown.index][None], image.shape)[0]
    # As on the page: a prediction of what the network was shown means nothing.
    prediction = np.where(hidden, frames.predictions[shown.index], np.nan)
    return {
        "PREDICTION": prediction,
        "ORIGINAL": image,
        "HIDDEN": hidden,
        "COMPOSITE": frames.composites(image)[shown.index],
        "ERROR": prediction - image,
    }


def fits_file(shown: Shown, index: int) -> bytes:
    """The prediction of one of the networks shown, and what belongs to it, as a FITS file (`files` says which HDUs)."""
    arrays = _arrays(shown, index)
    facts = {
        "CHECKPT": (shown.pairs[index][0], "checkpoint"),
        "DATASET": (shown.data.name, "data set"),
        "LENS": (shown.choice.lens, "row of the data set"),
        "STRATEGY": (shown.strategy, "which patches are hidden first"),
        "MASKSEED": (shown.seed, "seed of the mask"),
        "MASKFRAC": (shown.ratio, "share of patches hidden"),
        "PATCH": (shown.model.patch_size, "[pix] side of a patch"),
        # In words: many a unit of simulated lenses is none that BUNIT may hold.
        "FLUXUNIT": (shown.unit, "flux of the data set"),
    }
    return fits_bytes(arrays.pop("PREDICTION"), shown.pixel_scale, facts, arrays, unit=shown.unit)


def _npy(shown: Shown, index: int) -> bytes:
    return npy_bytes(np.stack(list(_arrays(shown, index).values())).astype(np.float32))


def _gif(shown: Shown) -> bytes:
    frames, display = shown.whole, shown.choice.display
    return gif_bytes(shown.image, frames.masks, frames.composites(shown.image), frames.ratios, **display)
