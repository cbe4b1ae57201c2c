"""All uploads cut to squares of one side in one go, with a preview."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from lensmae.app.analyse import kept
from lensmae.app.analyse.uploads import Upload, upright
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import progress_bar
from lensmae.data import LensImage
from lensmae.data.images.crop import Crop, crop_image, square
from lensmae.data.images.read_options import AUTO
from lensmae.errors import ImageReadError
from lensmae.figures import Panel
from lensmae.figures.images.picture import png

_PREVIEWED = 12
_ABOUT = {"lens": "the lens, where it is found", "middle": "the middle of the image"}


def bulk_crop(files: Sequence[Upload], choice: Choice) -> None:
    """Draw the menu."""
    if len(files) < 2:
        return
    menu = st.popover("Crop all", icon=":material/crop:", type="tertiary", key="crop-all", on_change="rerun")
    if not menu.open:
        return
    with menu:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            side = int(st.number_input("Side (pixels)", 8, 4096, 64, key="crop-side", width=140))
            about = st.selectbox("About", list(_ABOUT), format_func=_ABOUT.get, key="crop-about", width=260)
        with st.grid(6, min_column_width=90, gap="small"):
            for upload in files[:_PREVIEWED]:
                _preview(upload, side, about, choice)
        if len(files) > _PREVIEWED:
            st.caption(f"The first {_PREVIEWED} of {len(files):,} images.")
        left, right = st.columns(2)
        if left.button(f"Cut all {len(files):,}", type="primary", width="stretch"):
            _apply(files, side, about)
            st.rerun()
        whole = {upload.key[0]: replace(upload.reading, crop=AUTO) for upload in files}
        right.button("As found automatically", on_click=kept.keep_readings, args=(whole,), width="stretch")


def _preview(upload: Upload, side: int, about: str, choice: Choice) -> None:
    with st.container(gap=None):
        try:
            image = upload.whole()
        except ImageReadError:
            st.caption(plain(f"{upload.name} is not read"))
            return
        pixels = crop_image(image, _square(image, side, about)).pixels
        st.image(
            png(Panel("", pixels), choice.stretch, choice.percentile, upright=upright(image), enlarge=max(1, 96 // len(pixels))),
            width="stretch",
        )
        st.caption(plain(upload.name))


def _square(image: LensImage, side: int, about: str) -> Crop:
    height, width = image.pixels.shape
    row, column = (height - 1) / 2, (width - 1) / 2
    if about == "lens" and (lens := image.found().lens) is not None:
        row, column = lens.row, lens.column
    half = side / 2
    return square((height, width), (row - half, row + half), (column - half, column + half))


def _apply(files: Sequence[Upload], side: int, about: str) -> None:
    """Files that cannot be read stay as they are; their answers say why."""
    changed = {}
    with progress_bar("Cutting") as progress:
        for done, upload in enumerate(files, start=1):
            try:
                changed[upload.key[0]] = replace(upload.reading, crop=_square(upload.whole(), side, about))
            except ImageReadError:
                continue
            finally:
                progress(done, len(files))
    kept.keep_readings(changed)
