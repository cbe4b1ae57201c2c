"""The live reconstruction that several pages show: one lens under a mask-ratio slider."""

import numpy as np
import streamlit as st

from lensmae.app.lens_view.component import Readout, Slider, lens_view
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.guard import fragment
from lensmae.evaluation.reconstruction.frames import RATIOS, Frames
from lensmae.figures import Panel, residual_bound

_START = 0.75
_LOOK_S = 0.7


def asked_ratio() -> int:
    """Index in `RATIOS` that the address asks for."""
    try:
        ratio = float(st.query_params.get("ratio", _START))
    except ValueError:
        ratio = _START
    return int(np.argmin(np.abs(np.array(RATIOS) - (ratio if np.isfinite(ratio) else _START))))


def reconstruction_view(
    image: np.ndarray, frames: Frames, choice: Choice, *, key: str, unit: str, about: str, upright: bool = False
) -> int:
    """Original, masked image, composite and error under a slider; returns the frame it was released at.

    Args:
        image: (H, W).
        frames: its reconstructions.
        choice: of the visitor.
        key, unit, about, upright: as in `lens_view`.
    """
    at, available = frames.computed, available_frames(frames)
    residual = frames.predictions[at] - image
    panels = [
        Panel("Original", image),
        Panel("Masked", image, covered=frames.hidden),
        Panel("Composite", frames.composites(image)[at], available=available),
        Panel("Prediction − original", residual, True, ~frames.hidden, available=available, bound=residual_bound(image)),
    ]
    slider = Slider("Mask ratio", tuple(f"{100 * ratio:.0f} %" for ratio in frames.ratios))
    view = lens_view(
        panels,
        key=key,
        file=choice.file("reconstruction"),
        unit=unit,
        slider=slider,
        frame=asked_ratio(),
        readouts=readouts(frames),
        upright=upright,
        about=about,
        **choice.display,
    )
    return view.frame


def shown_ratio(key: str) -> int:
    """Index in `RATIOS` that the slider of a view stands at, before the view is drawn."""
    frame = getattr(st.session_state.get(f"view-{key}"), "frame", None)
    return asked_ratio() if frame is None else min(len(RATIOS) - 1, max(0, int(frame)))


def available_frames(frames: Frames) -> tuple[int, ...] | None:
    """`Panel.available` of pixels at `Frames.computed`."""
    return None if frames.complete else tuple(map(int, frames.computed))


def await_frames(*slots: str) -> None:
    """Draw the page again when the mask ratios that are still missing in these views (`loaders.live_frames`) have come."""
    if not loaders.frames_complete(slots):
        fragment(_look, run_every=_LOOK_S)(slots)


def _look(slots: tuple[str, ...]) -> None:
    if loaders.frames_complete(slots):
        st.rerun()


def remember_ratio(frame: int) -> None:
    """Put the ratio of a frame into the address, so that a link reopens it."""
    if RATIOS[frame] != _START:
        st.query_params["ratio"] = f"{RATIOS[frame]:g}"
    elif "ratio" in st.query_params:
        del st.query_params["ratio"]


def readouts(frames: Frames, prefix: str = "") -> list[Readout]:
    """Figures of every frame: hidden patches, and error of the hidden pixels."""
    hidden, patches = frames.hidden.sum(axis=(1, 2)), frames.hidden[0].size
    return [
        Readout("hidden patches", tuple(f"{count} of {patches}" for count in hidden)),
        Readout(f"{prefix}MSE of hidden pixels, image on [0, 1]", tuple(_mse(error) for error in frames.errors)),
        Readout(f"{prefix}PSNR of hidden pixels", tuple(_psnr(error) for error in frames.errors)),
        Readout(f"{prefix}SSIM of hidden pixels", tuple(_ssim(value) for value in frames.similarities)),
    ]


def _ssim(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else "–"


def _mse(error: float) -> str:
    return f"{error:.2e}" if np.isfinite(error) else "–"


def _psnr(error: float) -> str:
    if not np.isfinite(error):
        return "–"
    return f"{-10 * np.log10(error):.1f} dB" if error > 0 else "∞ dB"
