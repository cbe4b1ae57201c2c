"""Super-resolution page: the pair that is shown, as files."""

import numpy as np
import streamlit as st

from lensmae.app.shared.widgets import offer_file
from lensmae.data import DatasetInfo
from lensmae.data.images.writer import fits_bytes, npy_bytes
from lensmae.evaluation.superresolution.pairs import ResolvedPair


def files(pair: ResolvedPair, info: DatasetInfo, row: int, checkpoint: str, whole: bool, several: bool) -> None:
    """Downloads of a pair.

    Args:
        pair: that is shown.
        info: of its data set.
        row: in it.
        checkpoint: name of the super-resolver.
        whole: whether the network's image is a mean over the eight symmetries.
        several: whether other networks' files are offered too.
    """
    stem, suffix = f"{info.name}-{row}-{checkpoint}", f" · {checkpoint}" if several else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_file(f"FITS{suffix}", lambda: fits_file(pair, info, row, checkpoint, whole), f"{stem}.fits", "image/fits")
        offer_file(f"npy{suffix}", lambda: _npy(pair), f"{stem}.npy", "application/octet-stream")


def explain(pair: ResolvedPair) -> None:
    """What the files hold."""
    truth = "" if pair.truth is None else ", TRUTH (HR without its noise)"
    st.caption(
        f"FITS: the network's image, then HR, BICUBIC, RESIDUAL (network minus HR){truth} as HDUs, in flux, with WCS, "
        "checkpoint, PSNR, SSIM and date in the header. npy: the same in this order, float32. The LR image: Data, One lens."
    )


def _arrays(pair: ResolvedPair) -> dict[str, np.ndarray]:
    found = {"NETWORK": pair.drawn, "HR": pair.high, "BICUBIC": pair.bicubic, "RESIDUAL": pair.drawn - pair.high}
    return found if pair.truth is None else found | {"TRUTH": pair.truth}


def fits_file(pair: ResolvedPair, info: DatasetInfo, row: int, checkpoint: str, whole: bool) -> bytes:
    """The network's image of a pair, and what it is compared with, as a FITS file (`files` says which HDUs).

    Args:
        pair: of the data set `info`, its row `row`.
        info: of the data set.
        row: in it.
        checkpoint: name of the super-resolver.
        whole: whether the network's image is a mean over the eight symmetries.
    """
    arrays = _arrays(pair)
    scale = None if info.pixel_scale is None else info.pixel_scale * pair.low.shape[0] / pair.high.shape[0]
    facts = {
        "CHECKPT": (checkpoint, "checkpoint"),
        "DATASET": (info.name, "data set"),
        "PAIR": (row, "row of the data set"),
        "TTA": (int(whole), "1 = mean over the eight symmetries"),
        "PSNR": (pair.psnr, "[dB] against HR, data range 1"),
        "SSIM": (pair.ssim, "against HR, data range 1"),
    }
    return fits_bytes(arrays.pop("NETWORK"), scale, facts, arrays, unit=info.flux_unit)


def _npy(pair: ResolvedPair) -> bytes:
    return npy_bytes(np.stack(list(_arrays(pair).values())).astype(np.float32))
