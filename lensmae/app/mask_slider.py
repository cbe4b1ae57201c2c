"""The mask-ratio slider: all frames go to the browser once; sliding costs no round trip."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from lensmae.evaluation.frames import Frames
from lensmae.figures import inferno_table
from lensmae.figures.stretch import limits

_ASSETS = Path(__file__).parent / "mask_slider"


def _encoded(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    parts = {kind: (_ASSETS / f"mask_slider.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")}
    return st.components.v2.component("lensmae.mask_slider", **parts)


def mask_slider(image: np.ndarray, frames: Frames, *, ratio: float, stretch: str, key: str, unit: str) -> float:
    """Original, masked, prediction and error of one lens under a mask-ratio slider; returns the ratio when it is released.

    Args:
        image: (H, W) float32 flux.
        frames: its reconstructions.
        ratio: where the slider starts.
        stretch: display stretch of the flux panels.
        unit: of the flux, shown under the pointer.
    """
    low, high = limits(image)
    data = {
        "height": image.shape[0],
        "width": image.shape[1],
        "grid": list(frames.hidden.shape[1:]),
        "ratios": frames.ratios.tolist(),
        "errors": [None if np.isnan(error) else float(error) for error in frames.errors],
        "image": _encoded(image.astype(np.float32)),
        "predictions": _encoded(frames.predictions.astype(np.float32)),
        "hidden": _encoded(frames.hidden.astype(np.uint8)),
        "low": low,
        "high": high,
        "stretch": stretch,
        "unit": unit,
        "start": int(np.argmin(np.abs(frames.ratios - ratio))),
        "flux_map": inferno_table(),
        "error_map": inferno_table("RdBu_r"),
    }
    result = _component()(data=data, key=key, default={"ratio": ratio}, on_ratio_change=lambda: None)
    return float(result.ratio if result.ratio is not None else ratio)
