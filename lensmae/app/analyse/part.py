"""Which part of one uploaded file is looked at: its image, lens and bands, one or the mean of several, and its axes."""

from dataclasses import replace
from typing import Any

import streamlit as st

from lensmae.app.analyse.uploads import Upload, read_otherwise
from lensmae.app.shared.plain_text import plain
from lensmae.data import LensImage
from lensmae.data.images import roles
from lensmae.data.images.read_options import AUTO

# More images than any camera has bands are lenses.
_MOST_BANDS = 16


def choose_part(upload: Upload, image: LensImage) -> None:
    """Another image of a file that holds several (HDUs, arrays, pages), another lens of a stack, other bands."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(image.items) > 1:
            _choose_item(upload, image)
        if image.lenses > 1:
            key = f"lens-{upload.key[0]}"
            label, last = f"Lens, 0 to {image.lenses - 1}", image.lenses - 1
            changed = _changed(upload, "lens", key)
            st.number_input(label, 0, last, upload.reading.lens or 0, key=key, on_change=changed, width=160)
        if image.bands > 1:
            _choose_band(upload, image)


def _changed(upload: Upload, field: str, key: str) -> Any:
    def changed() -> None:
        read_otherwise(upload, replace(upload.reading, **{field: st.session_state[key]}, crop=AUTO))

    return changed


def _choose_item(upload: Upload, image: LensImage) -> None:
    key = f"item-{upload.key[0]}"
    alone = image.item in image.items
    st.selectbox(
        "Image in the file", image.items, image.items.index(image.item) if alone else None, key=key,
        on_change=_changed(upload, "item", key), placeholder="mean of several",
    )  # fmt: skip
    names = [name for name in image.items if roles.role(name) in (roles.SCIENCE, roles.UNKNOWN)]
    if 1 < len(names) <= _MOST_BANDS:
        _choose_mean(upload, "item", names, [] if alone else image.item.split(" + "), [f"{name}" for name in names])


def _choose_band(upload: Upload, image: LensImage) -> None:
    key = f"band-{upload.key[0]}"
    asked = upload.reading.band
    names = [f"band {place} ({image.band_names[place]})" if image.band_names else f"band {place}" for place in range(image.bands)]
    several = isinstance(asked, str) and not asked.isdigit()
    bands: list[int | str | None] = [None, *range(image.bands)]
    named = {None: "as read by default", **dict(enumerate(names))}
    at = None if several else bands.index(None if asked is None else int(asked))
    st.selectbox(
        "Band", bands, at, key=key, on_change=_changed(upload, "band", key), format_func=named.get, placeholder="mean of several"
    )
    places = [str(place) for place in range(image.bands)]
    if image.bands <= _MOST_BANDS:
        _choose_mean(upload, "band", places, asked.split("+") if several else [], names)


def _choose_mean(upload: Upload, field: str, names: list[str], chosen: list[str], shown: list[str]) -> None:
    """Two bands or more, whose mean is network input."""
    key = f"mean-{field}-{upload.key[0]}"
    called = dict(zip(names, shown, strict=True))

    def changed() -> None:
        several = st.session_state[key]
        if len(several) != 1:
            value = "+".join(name for name in names if name in several) or None
            read_otherwise(upload, replace(upload.reading, **{field: value}, crop=AUTO))

    st.multiselect(
        "Mean of", names, [name for name in chosen if name in names], key=key, on_change=changed, format_func=called.get,
        placeholder="two or more", help="The mean of these bands is network input; their PSFs are not matched.",
    )  # fmt: skip


def choose_axes(upload: Upload) -> None:
    """For an array whose axes cannot be told: the visitor says them."""
    from lensmae.errors import ConfigError

    key = f"axes-{upload.key[0]}"

    def chosen() -> None:
        try:
            read_otherwise(upload, replace(upload.reading, axes=st.session_state[key].strip() or None))
        except ConfigError as problem:
            st.session_state[f"{key}-problem"] = str(problem)

    st.text_input(
        plain(f"Axes of the array in {upload.name}"), upload.reading.axes or "", key=key, on_change=chosen, width=360,
        placeholder="NHW, NHWC, CHW, ...",
        help="One letter per axis, in order: N lenses, C bands, H rows, W columns.",
    )  # fmt: skip
    if problem := st.session_state.pop(f"{key}-problem", None):
        st.error(plain(problem), icon=":material/error:")
