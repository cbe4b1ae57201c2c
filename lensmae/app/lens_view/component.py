"""Images of lenses on canvases: one component for every page that shows pixels."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from lensmae.app.lens_view.events import Event, View, read_event
from lensmae.data.images.wcs import Tangent
from lensmae.figures import Overlay, Panel, on_own_limits, pack, shared_scale

_HERE = Path(__file__).parent
# Streamlit takes one script a component; its parts share one scope and are joined here.
_SCRIPTS = ("lens_view.js", "lens_view_overlay.js", "lens_view_pointer.js", "lens_view_swipe.js", "lens_view_save.js")


@dataclass(frozen=True)
class Slider:
    """A slider through the frames of the panels; it moves in the browser, and Python hears of it when it is released.

    With `follow`, a slider that stands at its end goes with it when there are more frames.
    """

    name: str
    labels: tuple[str, ...]
    follow: bool = False


@dataclass(frozen=True)
class Readout:
    """A figure above the panels: one text a frame, or one for all."""

    name: str
    values: tuple[str, ...]


def lens_view(
    panels: Sequence[Panel],
    *,
    key: str,
    file: str = "",
    stretch: str,
    percentile: float,
    unit: str,
    slider: Slider | None = None,
    frame: int = 0,
    readouts: Sequence[Readout] = (),
    upright: bool = False,
    columns: int | None = None,
    overlays: Sequence[Overlay] = (),
    pick: Sequence[Literal["click", "box"]] = (),
    patch_size: int = 1,
    on_event: Callable[[Event], None] | None = None,
    swipe: tuple[int, int] | None = None,
    about: str = "",
    sky: Tangent | None = None,
    own: bool = False,
    mask: int | None = None,
) -> View:
    """Draw panels on one shared scale, with linked zoom, pan and pointer; returns the frame that the slider was released at, and
    what the visitor did.

    All panels show the same field. Coordinates of overlays and events are columns and rows of the first panel's array, (0, 0)
    the centre of its first pixel; panels of other sizes are drawn to fit. An event arrives twice: `on_event` hears of it before
    the script (or fragment) runs again, which is the place to change `st.session_state`; the run itself finds it in the result:

        def moved(event):
            if isinstance(event, Drag):
                st.session_state["subhalo"] = event.x, event.y

        point = Points("subhalo", x=[x], y=[y], draggable=True, panels=(0,))
        view = lens_view([Panel("Lens", image)], key="lab", unit=unit, overlays=[point], on_event=moved, **choice.display)

    Args:
        key: of the component.
        file: name of the PNG file that its button saves, without ending; the key where empty.
        stretch, percentile: display stretch, and percentile of the first panel's pixels where it ends.
        unit: of the flux.
        frame: where the slider starts.
        columns: panels in a row; all where None.
        upright: the first row is the upper one, as in pictures; otherwise the lower one, as in FITS.
        overlays: `Points` and `Line`s over the panels that they name. Draggable points send `Drag`s: while in the hand (one at a
            time, the next after the answer to the last), and once more, `final`, when let go.
        pick: "click" sends a `Click`, "box" a `Box`, from pointer, touch or keyboard (arrow keys and Enter).
        patch_size: side in pixels of what the pointer outlines, and to which a box snaps.
        on_event: called with each event before the run that it starts.
        sky: of the first panel's pixels; the pointer then tells right ascension and declination too.
        swipe: indices of two panels to lay over each other in a frame of their own; the visitor can choose others there.
        about: what a saved PNG file says below its images: lens, checkpoint.
        own: every image between its own limits, where they are lenses of several flux units that are not to be compared.
        mask: index of the panel whose covered patches are the mask that clicks change: there a patch turns over at once.
    """
    height, width = panels[0].pixels.shape[-2:]
    scale = shared_scale(panels, stretch, percentile)
    if own:
        panels, scale, unit = on_own_limits(panels, percentile), replace(scale, low=0.0, high=1.0), "of each image's own range"
    name = f"view-{key}"
    packed = pack(
        panels,
        scale,
        overlays,
        unit=unit,
        file=file or key,
        frame=frame,
        slider=asdict(slider) if slider else None,
        readouts=[asdict(readout) for readout in readouts],
        upright=upright,
        columns=columns or len(panels) + bool(swipe),
        pick=list(pick),
        patch=patch_size,
        swipe=swipe,
        about=about,
        sky=asdict(sky) if sky else None,
        mask=mask,
        # The browser draws what is new only, and takes back what it turned over where an event changed nothing here.
        heard=st.session_state.get(f"{name}-heard", 0) if mask is not None else 0,
    )

    def heard() -> None:
        event = read_event(st.session_state[name].event, height, width)
        st.session_state[f"{name}-heard"] = st.session_state.get(f"{name}-heard", 0) + 1
        if on_event is not None and event is not None:
            on_event(event)

    result = _component()(
        data=packed, key=name, default={"frame": frame}, on_frame_change=_nothing, on_event_change=heard
    )  # fmt: skip
    # The chosen frame is kept where there are fewer frames for a while.
    last = len(slider.labels) - 1 if slider else 0
    return View(min(last, int(result.frame if result.frame is not None else frame)), read_event(result.event, height, width))


def _nothing() -> None:
    """Streamlit keeps the state of a component only where it has a callback."""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    html, css = (_read(f"lens_view.{kind}") for kind in ("html", "css"))
    return st.components.v2.component("lensmae.lens_view", html=html, css=css, js="\n".join(map(_read, _SCRIPTS)))


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
