"""The super-resolution of an uploaded image; a large one takes seconds and is computed beside the page."""

import functools
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.analyse.answers_cache import enlargements
from lensmae.app.analyse.product_files import offer_files
from lensmae.app.analyse.uploads import Upload, upright
from lensmae.app.jobs.board import board
from lensmae.app.jobs.view import offered, only_job
from lensmae.app.lens_view.component import lens_view
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain
from lensmae.data import LensImage
from lensmae.data.images.wcs import Grid
from lensmae.figures import Panel
from lensmae.jobs import JobState, ThreadJob
from lensmae.progress import Progress

if TYPE_CHECKING:
    from lensmae.evaluation.images.derived_images import Product
    from lensmae.models import SuperResolver

_UNIT = "in the file's unit"
# A larger image is enlarged in its middle: more would take minutes.
_LARGEST = 1024
# Images up to this side are enlarged at once.
_QUICK = 80


def enlarged(upload: Upload, choice: Choice) -> None:
    """The image beside bicubic interpolation and the network's, or how far the network is."""
    st.header("Super-resolution", anchor=False)
    entry, image = choice.checkpoint("superres"), upload.read()
    low, note = image, ""
    if max(image.pixels.shape) > _LARGEST:
        low = _central(image)
        note = f"The central {_pixels(low.pixels.shape)} of {_pixels(image.pixels.shape)} px; draw a box above to choose others."
    found = _found(loaders.model_key(entry.path), upload, low)
    if found is None:
        return
    product, bicubic = found
    st.caption(
        f"Checkpoint {plain(entry.name)}, {_pixels(low.pixels.shape)} to {_pixels(product.pixels.shape)} px. {plain(note)}"
    )
    panels = [Panel("Image", low.pixels), Panel("Bicubic", bicubic), Panel("Network", product.pixels)]
    panels.append(Panel("Network − bicubic", product.pixels - bicubic, residual=True))
    about = f"{upload.name}; checkpoint {entry.name}"
    view = {"key": "upload-superres", "unit": _UNIT, "upright": upright(image), "about": about}
    lens_view(panels, swipe=(1, 2), columns=3, **view, **choice.display)
    offer_files(upload.name, product, choice, upright(image))


def _found(model: loaders.ModelKey, upload: Upload, low: LensImage) -> "tuple[Product, np.ndarray] | None":
    """Product and bicubic interpolation; None while they are computed, which is then drawn."""
    network, key, made = loaders.get_model_by_key(model), (model, upload.key), enlargements()

    def work(progress: Progress | None = None) -> None:
        from lensmae.evaluation.images.derived_images import superres_product

        made.put(key, superres_product(low, network, progress))

    # Who goes on to the next image does not wait for this one.
    mine = only_job("superres", key)
    job = board().get(mine)
    if job is not None and job.state is JobState.FINISHED:
        # Its result is among those made, or was dropped since.
        board().forget(mine, job)
    if made.get(key) is None and max(low.pixels.shape) <= _QUICK:
        work()
    elif made.get(key) is None:
        offered(mine, functools.partial(ThreadJob, work, f"Super-resolving {upload.name}", "tiles"))
    return made.get(key)


def whole_superres(upload: Upload, network: "SuperResolver") -> "Product":
    """The super-resolved image of a whole file; where the page has it, it is not computed again."""
    from lensmae.evaluation.images.derived_images import superres_product

    image, key, made = upload.read(), (loaders.model_key(network.path), upload.key), enlargements()
    if max(image.pixels.shape) > _LARGEST:
        # Of a larger image the page has the middle.
        return superres_product(image, network)[0]
    found = made.get(key)
    if found is None:
        found = superres_product(image, network)
        made.put(key, found)
    return found[0]


def _central(image: LensImage) -> LensImage:
    top, left = (max(0, (side - _LARGEST) // 2) for side in image.pixels.shape)
    return image.cut(np.s_[top : top + _LARGEST, left : left + _LARGEST], Grid(top, left), "Its middle was taken.")


def _pixels(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}×{shape[0]}"
