"""One uploaded image as it was read, with the square that the networks see, and the ways to read the file otherwise."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.analyse.colour import in_colour
from lensmae.app.analyse.part import choose_part
from lensmae.app.analyse.uploads import Upload, read_otherwise, upright
from lensmae.app.lens_view.component import lens_view
from lensmae.app.lens_view.events import Box, Drag, Event
from lensmae.app.shared.choices import Choice
from lensmae.data import LensImage, fit_image
from lensmae.data.images.crop import Crop, square
from lensmae.data.images.read_options import AUTO
from lensmae.data.images.wcs import Grid, Tangent
from lensmae.figures import Line, Panel, Points

if TYPE_CHECKING:
    from lensmae.evaluation.images.analyse import Analysis

# A larger preview costs time in the browser and shows no more.
_LARGEST_SIDE = 512
_UNIT = "in the file's unit"
_MIDDLE, _CORNER = "middle of the square", "corner of the square"
_LEAST_SIDE = 8


def preview(upload: Upload, answer: "Analysis", choice: Choice) -> None:
    """The image as read; the square on it can be dragged and scaled, or drawn anew."""
    image = upload.whole()
    choose_part(upload, image)
    shown = _Shown.of(image)
    crop = upload.reading.crop if isinstance(upload.reading.crop, Crop) else answer.frame
    panel = Panel("As read", shown.pixels)

    def heard(event: Event) -> None:
        made = _moved(event, shown, image, crop)
        if made is not None:
            read_otherwise(upload, replace(upload.reading, crop=made))

    overlays = [] if crop is None else shown.overlays(crop)
    lens_view(
        [panel], key="preview", unit=_unit(image), upright=upright(image), pick=("box",), on_event=heard, overlays=overlays,
        sky=shown.tangent(image), **choice.display,
    )  # fmt: skip
    in_colour(upload, image)
    _say(upload, crop)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        _choose_scale(upload, image)
        _choose_cosmic_rays(upload)


def as_drawn(image: LensImage) -> np.ndarray:
    """Pixels of an image for the screen: a large one at fewer."""
    return _Shown.of(image).pixels


def _unit(image: LensImage) -> str:
    return image.unit or _UNIT


@dataclass(frozen=True)
class _Shown:
    """Pixels as drawn, and their position on those of the image: image = start + factor * (shown + 1/2) - 1/2."""

    pixels: np.ndarray
    factor: float
    start: tuple[float, float]

    @classmethod
    def of(cls, image: LensImage) -> "_Shown":
        height, width = image.pixels.shape
        if max(height, width) <= _LARGEST_SIDE:
            return cls(image.pixels, 1.0, (0.0, 0.0))
        small = fit_image(replace(image, lens=None), _LARGEST_SIDE).pixels
        factor = max(1.0, min(height, width) / _LARGEST_SIDE)
        return cls(small, factor, ((height - factor * _LARGEST_SIDE) / 2, (width - factor * _LARGEST_SIDE) / 2))

    def tangent(self, image: LensImage) -> Tangent | None:
        """The sky on the drawn pixels, where the file says it."""
        if image.sky is None:
            return None
        top, left = self.start
        return image.sky.on(Grid(top, left, self.factor, self.factor)).tangent(self.pixels.shape)

    def rows(self, row: float) -> float:
        """A row of the drawn pixels as one of the image."""
        return self.start[0] + self.factor * (row + 0.5) - 0.5

    def columns(self, column: float) -> float:
        """A column of the drawn pixels as one of the image."""
        return self.start[1] + self.factor * (column + 0.5) - 0.5

    def overlays(self, crop: Crop) -> list[Line | Points]:
        """The square's outline, and points to drag it by: its middle moves it, its corner scales it."""
        top, left = ((at - start) / self.factor - 0.5 for at, start in zip((crop.top, crop.left), self.start, strict=True))
        side = crop.side / self.factor
        outline = Line(
            "network input", left + side * np.array([0, 1, 1, 0, 0]), top + side * np.array([0, 0, 1, 1, 0]), dashed=True
        )
        middle = Points(_MIDDLE, np.array([left + side / 2]), np.array([top + side / 2]), draggable=True)
        corner = Points(_CORNER, np.array([left + side]), np.array([top + side]), draggable=True)
        return [outline, middle, corner]


def _moved(event: Event, shown: _Shown, image: LensImage, crop: Crop | None) -> Crop | None:
    """The square after a box was drawn, or a point of the square let go; None where nothing is to change."""
    if isinstance(event, Box):
        rows, columns = (shown.rows(event.y0), shown.rows(event.y1)), (shown.columns(event.x0), shown.columns(event.x1))
        return square(image.pixels.shape, rows, columns)
    if not isinstance(event, Drag) or not event.final or crop is None:
        return None
    row, column = shown.rows(event.y), shown.columns(event.x)
    if event.name == _MIDDLE:
        half = crop.side / 2
        return square(image.pixels.shape, (row - half, row + half), (column - half, column + half))
    middle_row, middle_column = crop.top + (crop.side - 1) / 2, crop.left + (crop.side - 1) / 2
    half = max(_LEAST_SIDE / 2, abs(row - middle_row), abs(column - middle_column))
    return square(image.pixels.shape, (middle_row - half, middle_row + half), (middle_column - half, middle_column + half))


def _say(upload: Upload, crop: Crop | None) -> None:
    now = upload.reading
    if crop is None:
        st.caption("The networks see all of it. Draw a box on the image to cut the lens out.")
    else:
        how = "found automatically" if now.crop == AUTO else "chosen by hand"
        st.caption(
            f"Network input, {how}: {crop.side}×{crop.side} px from column {crop.left} and row {crop.top} on. Drag its middle to "
            "move it and its corner to scale it, or draw a box."
        )
    with st.container(horizontal=True):
        if crop is not None:
            whole = replace(now, crop=None)
            st.button("Whole image", icon=":material/crop_free:", on_click=read_otherwise, args=(upload, whole), key="whole")
        if now.crop != AUTO:
            found = replace(now, crop=AUTO)
            st.button(
                "Find the lens", icon=":material/center_focus_strong:", on_click=read_otherwise, args=(upload, found), key="auto"
            )


def _choose_scale(upload: Upload, image: LensImage) -> None:
    def chosen() -> None:
        given = st.session_state[key]
        read_otherwise(upload, replace(upload.reading, pixel_scale=float(given) if given else None))

    key = f"scale-{upload.key[0]}"
    helped = "Arcsec/pixel. It decides how much of the image is network input; empty: what the file says."
    shown = "not in the file" if image.pixel_scale is None else f"{image.pixel_scale:.4g}, as the file says"
    st.number_input(
        "Pixel scale", 1e-3, 60.0, upload.reading.pixel_scale, format="%g", key=key, on_change=chosen, help=helped,
        placeholder=shown, width=200,
    )  # fmt: skip


def _choose_cosmic_rays(upload: Upload) -> None:
    def chosen() -> None:
        read_otherwise(upload, replace(upload.reading, clean=st.session_state[key]))

    key = f"clean-{upload.key[0]}"
    helped = "L.A.Cosmic (van Dokkum 2001); hit pixels get the median of their neighbours. For real exposures, not simulations."
    st.toggle("Remove cosmic rays", upload.reading.clean, key=key, on_change=chosen, help=helped)
