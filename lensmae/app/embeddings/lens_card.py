"""One lens, or an uploaded image, and the lenses nearest to it among the embeddings."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.analyse.uploads import upright
from lensmae.app.embeddings import colours, selection
from lensmae.app.embeddings.by_examples import example_buttons
from lensmae.app.embeddings.view_data import EmbeddingsView, embeddings
from lensmae.app.lens_view.component import lens_view
from lensmae.app.lens_view.events import Click, Event
from lensmae.app.shared import loaders, networks
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import numbers
from lensmae.data import LensImage, fit_image, read_image
from lensmae.data.withheld import CANNOT_TELL
from lensmae.evaluation.embeddings.nearest import nearest
from lensmae.evaluation.ood.network_input import network_input
from lensmae.figures import Panel
from lensmae.models import SuperResolver

_COUNT = 6


def lens_card(view: EmbeddingsView, row: int, choice: Choice) -> None:
    """A lens of the data set."""
    lens_view(
        [Panel(f"Lens {row}", loaders.lens_image(view.data, row))],
        key="chosen",
        unit=loaders.flux_unit(view.data, row),
        **choice.display,
    )
    st.caption(loaders.describe_lens(view.data, row))
    _labels(view, row, choice)
    example_buttons(row)
    address = st.query_params.to_dict() | {"lens": str(row)}
    st.page_link("pages/reconstruction.py", label="Reconstruct it", icon=":material/blur_on:", query_params=address)


def _labels(view: EmbeddingsView, row: int, choice: Choice) -> None:
    """What the chosen classifier calls the lens, and others of the same classes beside it; where it is in their domain."""
    entries = colours.classifiers(choice)
    said = [f"{one.name}: {_answer(view, row, one.path)}" for one in entries]
    if said:
        st.caption(plain(" · ".join(said)))


def _answer(view: EmbeddingsView, row: int, checkpoint: Path) -> str:
    """Class and probability, or that none is told."""
    found = networks.classified(checkpoint, view.data, row)
    return CANNOT_TELL if found.called is None else f"{found.called} {found.probabilities.max():.2f}"


def lens_neighbours(view: EmbeddingsView, row: int, choice: Choice) -> None:
    """The lenses nearest to one of the projection."""
    embedded = embeddings(view)
    index = int(np.flatnonzero(view.rows == row)[0])
    # The first is the lens itself, or one just like it.
    found, distances = nearest(embedded, embedded[index], _COUNT + 1, view.projection.metric)
    others = found != index
    _neighbours(view, found[others][:_COUNT], distances[others][:_COUNT], choice)


@st.cache_data(max_entries=32, show_spinner=False)
def read_upload(data: bytes, name: str) -> LensImage:
    """An uploaded image. Raises `ImageReadError`."""
    return read_image(data, name).found()


def upload_embedding(view: EmbeddingsView, image: LensImage) -> np.ndarray:
    """The embedding (D,) of an uploaded image under the view's network."""
    how = {"layer": view.layer, "pooling": view.pooling, "patches": view.patches}
    return _embed(loaders.model_key(view.entry.path), _fitted(view, image).pixels, how)


@st.cache_data(max_entries=64, show_spinner=False)
def _embed(model: loaders.ModelKey, pixels: np.ndarray, how: dict[str, Any]) -> np.ndarray:
    return loaders.get_model_by_key(model).embed(pixels[None], **how, rounded=True)[0]


def _fitted(view: EmbeddingsView, image: LensImage) -> LensImage:
    model = loaders.get_model(view.entry.path)
    if isinstance(model, SuperResolver):
        # It takes any size: that of the lenses that the image is compared with.
        return fit_image(image, view.data.shape[0], view.data.pixel_scale)
    return network_input(image, model)


def upload_card(view: EmbeddingsView, image: LensImage, choice: Choice) -> None:
    """An uploaded image as the network sees it."""
    fitted = _fitted(view, image)
    panel = Panel(image.name, fitted.pixels)
    lens_view([panel], key="uploaded", unit="in the file's unit", upright=upright(image), **choice.display)
    for note in fitted.notes:
        st.caption(plain(note))


def upload_neighbours(view: EmbeddingsView, image: LensImage, choice: Choice) -> None:
    """The lenses nearest to an uploaded image."""
    _neighbours(view, *nearest(embeddings(view), upload_embedding(view, image), _COUNT, view.projection.metric), choice)


def _neighbours(view: EmbeddingsView, indices: np.ndarray, distances: np.ndarray, choice: Choice) -> None:
    rows = view.rows[indices]
    lenses = view.dataset.lenses.iloc[rows]
    st.header(f"Nearest neighbours · {plain(view.entry.name)}", anchor=False)
    st.caption(
        f"Row, class and {view.projection.metric} distance among {len(view.rows):,} lenses; {view.described}. "
        "Click one to go on from it."
    )
    titles = [f"{row} · {name} · {far:.3g}" for row, name, far in zip(rows, lenses["class"], distances, strict=True)]
    images = np.asarray(view.dataset.images[rows])
    panels = [Panel(title, image) for title, image in zip(titles, images, strict=True)]

    def go_on(event: Event) -> None:
        if isinstance(event, Click):
            selection.pick(view, int(rows[event.panel]))

    key, unit = f"neighbours-{view.entry.card.kind}", view.data.flux_unit
    own = loaders.mixes_units(view.data)
    lens_view(panels, key=key, unit=unit, columns=_COUNT, own=own, pick=("click",), on_event=go_on, **choice.display)
    table = pd.DataFrame({"row": rows, "id": lenses["id"].to_numpy(), "class": lenses["class"].to_numpy(), "distance": distances})
    numbers(table, f"neighbours-{view.entry.name}")
