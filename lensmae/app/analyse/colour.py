"""The bands of one uploaded image as a colour picture, for looking: those of its array, or images of the file side by side."""

from dataclasses import replace

import numpy as np
import streamlit as st

from lensmae.app.analyse.uploads import Upload, upright
from lensmae.app.shared.plain_text import plain
from lensmae.data import LensImage
from lensmae.data.images import roles
from lensmae.errors import ImageReadError
from lensmae.figures.images.colour import colour, three_of

_FEWEST, _MOST, _WIDTH = 3, 16, 400


def in_colour(upload: Upload, image: LensImage) -> None:
    """A toggle, where the file has three bands or more; networks see one band or their mean all the same."""
    names = _bands(image)
    if len(names) < _FEWEST or not st.toggle("In colour", key=f"colour-{upload.key[0]}", help="Three bands, for looking only."):
        return
    chosen = three_of(names)
    try:
        images = [_band(upload, image, name) for name in chosen]
    except ImageReadError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return
    if len({one.shape for one in images}) > 1:
        st.info("Its bands have other pixels than each other, so they make no colour picture.", icon=":material/palette:")
        return
    shown = colour(images)
    blue, green, red = chosen
    st.image(shown if upright(image) else shown[::-1], width=_WIDTH, alt=f"{image.name} in colour")
    st.caption(plain(f"Blue: {blue}; green: {green}; red: {red} (asinh stretch of Lupton et al. 2004)."))


def _bands(image: LensImage) -> list[str]:
    """Names of the bands: of the array's own, or of the file's images."""
    if image.bands >= _FEWEST:
        return [f"band {place}" for place in range(image.bands)]
    names = [name for name in image.items if roles.role(name) in (roles.SCIENCE, roles.UNKNOWN)]
    # More images than any camera has bands are lenses.
    return names if len(names) <= _MOST else []


def _band(upload: Upload, image: LensImage, name: str) -> np.ndarray:
    how = {"band": int(name.split()[1])} if image.bands >= _FEWEST else {"item": name}
    digest, reading, others = upload.key
    other = replace(upload, key=(digest, replace(reading, clean=False, **how), others))
    return other.whole().pixels
