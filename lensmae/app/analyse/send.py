"""A button that shows the table and the images in the DS9, Aladin and TOPCAT of the machine that the dashboard runs on."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from lensmae.app.analyse.products import products_of
from lensmae.app.analyse.summary import table
from lensmae.app.analyse.uploads import Answered
from lensmae.app.shared.networks import Asked
from lensmae.app.shared.plain_text import plain
from lensmae.errors import LensMAEError
from lensmae.workspace import read_only, sends_by_samp, workspace


def send_button(found: Sequence[Answered], one: Answered, asked: Asked) -> None:
    """Draw it, where the dashboard was started with it.

    Args:
        found: all answers, for the table.
        one: the image looked at; it and what networks made of it are sent.
        asked: the networks.
    """
    if read_only() or not sends_by_samp():
        return
    helped = "By SAMP: the table, this image, its reconstruction and the super-resolved image, to programs on the same machine."
    if not st.button("Send to DS9, Aladin, TOPCAT", icon=":material/cast:", key="samp", help=helped, type="tertiary"):
        return
    from lensmae.evaluation.images.virtual_observatory import send

    try:
        # The super-resolution of a large image takes a while.
        with st.spinner("Writing the images to send"):
            names = send(write_files(found, one, asked, _folder(one)))
    except LensMAEError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return
    st.success(plain(f"Sent to {', '.join(names)}."), icon=":material/cast:")


def _folder(one: Answered) -> Path:
    digest = hashlib.sha256(repr(one.upload.key).encode()).hexdigest()[:24]
    return workspace() / "cache" / "samp" / digest


def write_files(found: Sequence[Answered], one: Answered, asked: Asked, folder: Path) -> list[Path]:
    """The table of all answers as VOTable, and of one image the FITS of itself and of what networks made of it."""
    from lensmae.data.images.writer import fits_bytes
    from lensmae.evaluation.images.bundle import safe_stems
    from lensmae.evaluation.images.virtual_observatory import votable_bytes
    from lensmae.workspace import replacing

    image = one.upload.read()
    (stem,) = safe_stems([one.upload.name])
    contents = {f"{stem}.fits": fits_bytes(image.pixels, image.pixel_scale, sky=image.sky, unit=image.unit)}
    for made in products_of(one, asked):
        contents[f"{stem}.{made.kind}.fits"] = fits_bytes(made.pixels, made.pixel_scale, made.facts, sky=made.sky, unit=made.unit)
    contents["answers.vot"] = votable_bytes(table(found))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        with replacing(folder / name) as partial:
            partial.write_bytes(content)
    return [folder / name for name in contents]
