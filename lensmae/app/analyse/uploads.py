"""Uploaded files: how each is to be read, and the answers for all, kept for as long as the visitor and the files stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lensmae.app.shared.networks import Asked
from lensmae.app.shared.widgets import progress_bar
from lensmae.data import LensImage
from lensmae.data.images.companions import companions
from lensmae.data.images.read_options import Reading
from lensmae.figures import Panel
from lensmae.figures.images.picture import data_url, png

if TYPE_CHECKING:
    from lensmae.evaluation.images.analyse import Analysis, Refusal

_PREVIEW_SIDE = 64


@dataclass(frozen=True)
class Upload:
    """A file of this visitor.

    Attributes:
        name: unlike those of the other files.
        key: of the file and its reading, and of those that belong to it.
        beside: its noise, flags and PSF among the other files.
    """

    name: str
    key: tuple[str, Reading, tuple[str, ...]]
    file: Any
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reading(self) -> Reading:
        """How it is read."""
        return self.key[1]

    def whole(self) -> LensImage:
        """Read it without the crop."""
        return self.reading.whole(self.file.getvalue(), self.name, self._beside())

    def read(self) -> LensImage:
        """Read it as it is to be read. Raises `ImageReadError`."""
        return self.reading.read(self.file.getvalue(), self.name, self._beside())

    def _beside(self) -> dict[str, bytes]:
        return {role: file.getvalue() for role, file in self.beside.items()}


@dataclass(frozen=True)
class Answered:
    """A file with what the networks say of it, and a small picture of it for the table."""

    upload: Upload
    answer: "Analysis | Refusal"
    thumbnail: str


def uploads(files: Sequence[Any]) -> list[Upload]:
    """The files in their order; where several have one name, the later ones get their place behind it.

    The noise, flags and PSF of one of them belong to it and are none themselves.
    """
    belong = companions(file.name for file in files)
    parts = {name for found in belong.values() for name in found.values()}
    named = {file.name: file for file in files}
    found: dict[str, Upload] = {}
    for place, file in enumerate(files, start=1):
        if file.name in parts:
            continue
        name = file.name if file.name not in found else f"{file.name} ({place})"
        beside = {role: named[part] for role, part in belong.get(file.name, {}).items()}
        key = file.file_id, reading(file.file_id), tuple(part.file_id for part in beside.values())
        found[name] = Upload(name, key, file, beside)
    return list(found.values())


def reading(file_id: str) -> Reading:
    """How a file is to be read."""
    return st.session_state.get(f"_reading-{file_id}", Reading())


def read_otherwise(upload: Upload, how: Reading) -> None:
    """From now on a file is read otherwise."""
    st.session_state[f"_reading-{upload.key[0]}"] = how


def answer_all(files: Sequence[Upload], asked: Asked) -> list[Answered]:
    """Answers for all files; those that are new are computed a few at a time, with progress, and can be stopped."""
    kept = st.session_state.setdefault("_answers", {})
    wanted = {(upload.key, asked.identity): upload for upload in files}
    for key in kept.keys() - wanted.keys():
        # Of files that are gone, and of other networks: a visitor's memory must not grow.
        del kept[key]
    missing = {key: upload for key, upload in wanted.items() if key not in kept}
    if missing and st.session_state.get("_stopped") != tuple(wanted):
        _answer(missing, asked, kept, tuple(wanted))
    return [Answered(wanted[key], *kept[key]) for key in wanted if key in kept]


def _answer(missing: dict[tuple, Upload], asked: Asked, kept: dict[tuple, Any], all_keys: tuple) -> None:
    from lensmae.evaluation.images.analyse import Source, analyse_files

    sources = [Source(upload.name, upload.read) for upload in missing.values()]
    place = st.empty()
    with place.container(), progress_bar("Analysing") as progress:
        progress(0, len(missing))
        if len(missing) > 1:
            st.button("Stop", key="stop-analysing", icon=":material/stop:", on_click=_stop, args=(all_keys,))
        answers = analyse_files(sources, asked.networks)
        for done, (key, answer) in enumerate(zip(missing, answers, strict=True), start=1):
            # Kept one by one: when the visitor stops, or changes a choice, what is done is not lost.
            kept[key] = (answer, _thumbnail(answer))
            progress(done, len(missing))
    place.empty()


def _stop(keys: tuple) -> None:
    st.session_state["_stopped"] = keys


def go_on() -> None:
    """Take back the visitor's stop."""
    st.session_state.pop("_stopped", None)


def _thumbnail(answer: "Analysis | Refusal") -> str:
    fitted = getattr(answer, "fitted", None)
    if not fitted:
        return ""
    pixels = next(iter(fitted.values())).pixels
    step = int(np.ceil(max(pixels.shape) / _PREVIEW_SIDE))
    return data_url(png(Panel("", pixels[::step, ::step]), upright=upright(answer)))


def upright(image: "Analysis | LensImage") -> bool:
    """Pictures have their first row on top, arrays and FITS at the bottom."""
    return image.format in ("image", "tiff")
