"""Uploaded images on the Analyse page: reading, a table over all, and one in detail."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app import loaders
from lensmae.app.choices import Choice
from lensmae.app.guard import fragment
from lensmae.app.lens_view import lens_view
from lensmae.app.redraw import redraw_view, remember_ratio
from lensmae.app.widgets import figure, numbers, progress_bar
from lensmae.data import LensImage, fit_image, read_image
from lensmae.errors import ImageReadError
from lensmae.figures import Panel, probability_bars

_PREVIEW = 256
_ENLARGE = 150
_UNIT = "in the file's unit"


@st.cache_data(max_entries=256, show_spinner=False)
def _read(data: bytes, name: str) -> LensImage:
    return read_image(data, name)


def read_all(files: Sequence[Any]) -> dict[str, LensImage]:
    """The readable files by name; each of the others gets its message, and never spoils the rest."""
    images: dict[str, LensImage] = {}
    for place, file in enumerate(files):
        try:
            image = _read(file.getvalue(), file.name)
        except ImageReadError as problem:
            st.error(str(problem), icon=":material/error:")
            continue
        images[file.name if file.name not in images else f"{file.name} ({place + 1})"] = image
    return images


def caveat(choice: Choice) -> str:
    """What must be known before an answer is believed."""
    sets = sorted({entry.card.data.get("preset") or "unknown data" for entry in choice.checkpoints.values()})
    return (
        f"These networks have learnt from simulated lenses only ({', '.join(sets)}): no light of the lens galaxy, no neighbours, "
        "one telescope. They answer for any picture, also for one unlike all they have seen. For a telescope image take the "
        "answers as a demonstration, not as a measurement."
    )


def summary(images: dict[str, LensImage], choice: Choice) -> None:
    """A table over all images, with the class probabilities."""
    entry = choice.checkpoints.get("classifier")
    rows = []
    with progress_bar("Analysing") as progress:
        for done, (name, image) in enumerate(images.items(), start=1):
            rows.append({"file": name, "format": image.format, "pixels": _pixels(image)} | _probable(image, entry))
            progress(done, len(images))
    table = pd.DataFrame(rows)
    st.dataframe(table, hide_index=True)
    numbers(table, "analysis")


def detail(name: str, image: LensImage, choice: Choice) -> None:
    """Everything about one image."""
    about, preview = st.columns([3, 2], gap="large")
    with about:
        st.subheader(name, anchor=False)
        scale = f" · {image.pixel_scale:.3f} arcsec a pixel" if image.pixel_scale else ""
        st.caption(f"{image.format} · {_pixels(image)} px{scale} · from {image.pixels.min():.4g} to {image.pixels.max():.4g}")
        for note in image.notes:
            st.markdown(f"- {note}")
        _classify(image, choice)
    with preview:
        shown = image if max(image.pixels.shape) <= _PREVIEW else fit_image(image, _PREVIEW)
        lens_view([Panel("As read", shown.pixels)], key="preview", unit=_UNIT, upright=_upright(image), **choice.display)
    fragment(_reconstruct)(image, choice)
    _enlarge(image, choice)


def _pixels(image: LensImage) -> str:
    return "×".join(map(str, image.pixels.shape))


def _upright(image: LensImage) -> bool:
    """Pictures have their first row on top, arrays and FITS at the bottom."""
    return image.format in ("image", "tiff")


def _fitted(image: LensImage, entry: Any) -> LensImage:
    return fit_image(image, loaders.get_model(entry.path).image_size)


def _probable(image: LensImage, entry: Any) -> dict[str, float | str]:
    if entry is None:
        return {}
    chances = loaders.probabilities(loaders.model_key(entry.path), _fitted(image, entry).pixels)
    named = {f"P({name})": round(float(chance), 4) for name, chance in zip(entry.card.classes, chances, strict=True)}
    return {"class": entry.card.classes[int(chances.argmax())]} | named


def _classify(image: LensImage, choice: Choice) -> None:
    entry = choice.checkpoint("classifier")
    chances = loaders.probabilities(loaders.model_key(entry.path), _fitted(image, entry).pixels)
    place = int(chances.argmax())
    share = f"{chances[place]:.1%} of the probability"
    st.metric("Most probable class", entry.card.classes[place], share, delta_color="off", delta_arrow="off")
    figure(probability_bars(chances, entry.card.classes), "probabilities")
    st.caption(f"Softmax of {entry.name}, averaged over eight rotations and reflections.")


def _new_notes(fitted: LensImage, image: LensImage) -> str:
    return " ".join(fitted.notes[len(image.notes) :])


def _reconstruct(image: LensImage, choice: Choice) -> None:
    st.subheader("Reconstruction", anchor=False)
    entry = choice.checkpoint("mae")
    fitted = _fitted(image, entry)
    st.caption(f"Checkpoint {entry.name}. {_new_notes(fitted, image)}")
    frames = loaders.frames(entry.path, fitted.pixels, 0, "random")
    place = redraw_view(fitted.pixels, frames, choice, key="upload", unit=_UNIT, upright=_upright(image))
    remember_ratio(place)
    _npy("Prediction (npy)", frames.predictions[place], f"prediction-{100 * frames.ratios[place]:.0f}")


def _enlarge(image: LensImage, choice: Choice) -> None:
    st.subheader("Super-resolution", anchor=False)
    entry = choice.checkpoint("superres")
    low = image if max(image.pixels.shape) <= _ENLARGE else fit_image(image, _ENLARGE)
    st.caption(f"Checkpoint {entry.name}. {_new_notes(low, image)}")
    bicubic, drawn = loaders.enlarged(loaders.model_key(entry.path), low.pixels)
    panels = [Panel("Image", low.pixels), Panel("Bicubic", bicubic), Panel("Network", drawn)]
    panels.append(Panel("Network − bicubic", drawn - bicubic, residual=True))
    lens_view(panels, key="upload-superres", unit=_UNIT, upright=_upright(image), **choice.display)
    _npy("Super-resolved image (npy)", drawn, "superres")


def _npy(label: str, array: np.ndarray, name: str) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    options = {"icon": ":material/download:", "type": "tertiary", "on_click": "ignore", "key": f"npy-{name.split('-')[0]}"}
    st.download_button(label, buffer.getvalue(), f"{name}.npy", "application/octet-stream", **options)
