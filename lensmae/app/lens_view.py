"""Images of lenses on canvases: one component for every page that shows pixels."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lensmae.figures import Panel, pack, shared_scale

_HERE = Path(__file__).parent
_ASSETS = {kind: (_HERE / f"lens_view.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")}


@dataclass(frozen=True)
class Slider:
    """A slider through the frames of the panels; it moves in the browser, and Python hears of it when it is released."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Readout:
    """A figure above the panels: one text a frame, or one for all."""

    name: str
    values: tuple[str, ...]


def lens_view(
    panels: Sequence[Panel],
    *,
    key: str,
    stretch: str,
    percentile: float,
    unit: str,
    slider: Slider | None = None,
    frame: int = 0,
    readouts: Sequence[Readout] = (),
    upright: bool = False,
    columns: int | None = None,
) -> int:
    """Draw panels on one shared scale; returns the frame that the slider was released at.

    Args:
        key: of the component, and the name of the PNG file that its button saves.
        stretch, percentile: display stretch, and percentile of the first panel's pixels where it ends.
        unit: of the flux.
        frame: where the slider starts.
        columns: panels in a row; all where None.
        upright: the first row is the upper one, as in pictures; otherwise the lower one, as in FITS.
    """
    packed = pack(
        panels,
        shared_scale(panels, stretch, percentile),
        unit=unit,
        file=key,
        frame=frame,
        slider=asdict(slider) if slider else None,
        readouts=[asdict(readout) for readout in readouts],
        upright=upright,
        columns=columns or len(panels),
        hint="double-click to zoom all images",
    )
    result = _component()(data=packed, key=f"view-{key}", default={"frame": frame}, on_frame_change=_nothing)
    return int(result.frame if result.frame is not None else frame)


def _nothing() -> None:
    """Streamlit keeps the state of a component only where it has a callback."""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("lensmae.lens_view", **_ASSETS)
