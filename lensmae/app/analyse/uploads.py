"""Uploaded files: how each is to be read, and the answers for all, as they come."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lensmae.app.analyse import kept
from lensmae.app.analyse.answers_cache import answers
from lensmae.app.shared.networks import Asked
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import progress_bar
from lensmae.data import LensImage
from lensmae.data.images import roles
from lensmae.data.images.companions import companions
from lensmae.data.images.labels_beside import labels_of, shape_in
from lensmae.data.images.read_options import Reading
from lensmae.data.records.uploads import KeptFile
from lensmae.figures import Panel
from lensmae.figures.images.picture import data_url, png

if TYPE_CHECKING:
    from lensmae.evaluation.images.analyse import Analysis, Refusal

_PREVIEW_SIDE = 64
# The sample that grades of files are of.
FILES = "files"
# So often the table of answers is drawn while they come.
_SHOW_S = 1.0


# What files that belong to an image are of it.
_ROLES = {"noise": "noise map", "bad": "flags of bad pixels", "psf": "PSF", "labels": "labels"}


@dataclass(frozen=True)
class Upload:
    """A file of this visitor.

    Attributes:
        name: unlike those of the other files.
        key: of the file and its reading, and of those that belong to it.
        beside: its noise, flags, PSF and labels among the other files.
    """

    name: str
    key: tuple[str, Reading, tuple[str, ...]]
    file: Any
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def item(self) -> str:
        """What it is graded as: its content, and its name."""
        return self.key[0]

    @property
    def by_content(self) -> bool:
        """Whether its key tells its content, and not only this visit."""
        return isinstance(self.file, KeptFile)

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

    def _beside(self) -> dict[str, tuple[str, bytes]]:
        return {role: (file.name, file.getvalue()) for role, file in self.beside.items()}


@dataclass(frozen=True)
class Answered:
    """A file with what the networks say of it, and a small picture of it for the table."""

    upload: Upload
    answer: "Analysis | Refusal"
    thumbnail: str


def uploads(files: Sequence[Any]) -> list[Upload]:
    """The files in their order; where several have one name, the later ones get their place behind it.

    The noise, flags, PSF and labels of one of them belong to it and are none themselves.
    """
    belong = companions(file.name for file in files)
    for part, image in _labels(files).items():
        belong.setdefault(image, {})["labels"] = part
    parts = {name for found in belong.values() for name in found.values()}
    named = {file.name: file for file in files}
    how = kept.readings()
    found: dict[str, Upload] = {}
    for index, file in enumerate(files, start=1):
        if file.name in parts:
            continue
        name = file.name if file.name not in found else f"{file.name} ({index})"
        beside = {role: named[part] for role, part in belong.get(file.name, {}).items()}
        key = file.file_id, how.get(file.file_id, Reading()), tuple(part.file_id for part in beside.values())
        found[name] = Upload(name, key, file, beside)
    return list(found.values())


def _labels(files: Sequence[Any]) -> dict[str, str]:
    """By the name of an npy file of labels, that of the stack which they are of."""
    arrays = [file for file in files if file.name.endswith(".npy")]
    labels = [file for file in arrays if roles.is_of_lenses(Path(file.name).stem)]
    shapes = {file.name: shape_in(file.getvalue()) for file in arrays} if labels and len(arrays) > 1 else {}
    return labels_of(shapes, [file.name for file in labels]) if shapes else {}


def say_companions(wanted: Sequence[Upload]) -> None:
    """Say which files are no images of their own, and whose they are."""
    beside = [f"{', '.join(_ROLES.get(role, role) for role in one.beside)} of {one.name}" for one in wanted if one.beside]
    if beside:
        count = sum(len(one.beside) for one in wanted)
        what = (
            "1 image; {} of the files belong to it"
            if len(wanted) == 1
            else f"{len(wanted)} images; {{}} of the files belong to one of them"
        )
        st.caption(plain(f"{what.format(count)}: {'; '.join(beside)}."))


def read_otherwise(upload: Upload, how: Reading) -> None:
    """From now on a file is read otherwise."""
    kept.keep_readings({upload.key[0]: how})


def answer_all(files: Sequence[Upload], asked: Asked, show: Callable[[list[Answered]], None]) -> list[Answered]:
    """Answers for all files; those that are new are computed a few at a time, with progress, and can be stopped.

    Args:
        show: draws the answers that there are, each time more of them.
    """
    wanted = {(upload.key, asked.identity): upload for upload in files}
    known = _known(wanted)
    if len(known) < len(wanted):
        _recall(wanted, known, asked)
        known = _known(wanted)
    missing = {key: upload for key, upload in wanted.items() if key not in known}
    if missing and st.session_state.get("_stopped") != tuple(wanted):
        _answer(wanted, missing, asked, show)
        known = _known(wanted)
    return list(known.values())


def _known(wanted: Mapping[tuple, Upload]) -> dict[tuple, Answered]:
    found = {key: answers().get(key) for key in wanted}
    return {key: Answered(wanted[key], *answer) for key, answer in found.items() if answer is not None}


def _recall(wanted: Mapping[tuple, Upload], known: Mapping[tuple, Answered], asked: Asked) -> None:
    """Answers of an earlier run of the server, from the workspace."""
    from lensmae.evaluation.images.answer_files import AnswerFiles

    kept_answers = AnswerFiles(asked.networks)
    for key in wanted.keys() - known.keys():
        if (found := kept_answers.get(repr(wanted[key].key))) is not None:
            answers().put(key, found)


def _answer(wanted: Mapping[tuple, Upload], missing: dict[tuple, Upload], asked: Asked, show: Callable) -> None:
    from lensmae.evaluation.images.analyse import Analysis, Source, analyse_files
    from lensmae.evaluation.images.answer_files import AnswerFiles

    kept_answers = AnswerFiles(asked.networks)
    sources = [Source(upload.name, upload.read) for upload in missing.values()]
    slot = st.empty()
    with slot.container(), progress_bar("Analysing") as progress:
        progress(0, len(missing))
        if len(missing) > 1:
            st.button("Stop", key="stop-analysing", icon=":material/stop:", on_click=stop, args=(tuple(wanted),))
        so_far = st.empty()
        shown = time.monotonic()
        found = analyse_files(sources, asked.networks)
        for done, (key, answer) in enumerate(zip(missing, found, strict=True), start=1):
            # Kept one by one: when the visitor stops, or changes a choice, what is done is not lost.
            small = _thumbnail(answer)
            answers().put(key, (answer, small))
            # A refusal may be of a busy moment.
            if wanted[key].by_content and isinstance(answer, Analysis):
                kept_answers.put(repr(wanted[key].key), answer, small)
            progress(done, len(missing))
            if time.monotonic() - shown > _SHOW_S and done < len(missing):
                with so_far.container():
                    show(list(_known(wanted).values()))
                shown = time.monotonic()
    kept_answers.tidy()
    slot.empty()


def stop(keys: tuple) -> None:
    """Answer no more of the files with these keys, until `go_on`; for a button's `on_click`."""
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
