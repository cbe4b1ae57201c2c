"""The Embeddings page below its choices: projections, figures beside them, and what is selected in them. A fragment."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from lensmae.app.embeddings import colours, selected_lenses, selection, view_data
from lensmae.app.embeddings.by_examples import example_search
from lensmae.app.embeddings.filters import shown_lenses
from lensmae.app.embeddings.hover import hover_pictures
from lensmae.app.embeddings.lens_card import (
    lens_card,
    lens_neighbours,
    read_upload,
    upload_card,
    upload_embedding,
    upload_neighbours,
)
from lensmae.app.embeddings.saved_selections import keep_selection, kept_selections
from lensmae.app.embeddings.view_data import TITLES, EmbeddingsView
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import choose, figure, unknown_value
from lensmae.data import LensImage
from lensmae.data.images.reader import SUFFIXES
from lensmae.data.store.splits import split_text
from lensmae.errors import ImageReadError
from lensmae.evaluation.embeddings.pictures import representatives
from lensmae.evaluation.embeddings.projections import Projection, position
from lensmae.evaluation.embeddings.quality import EmbeddingQuality, embedding_quality, trustworthiness
from lensmae.evaluation.facts import Fact
from lensmae.evaluation.proportions import interval_text
from lensmae.figures import Mark, Panel, class_scatter, ring_selected, value_scatter
from lensmae.figures.images.picture import data_url, png
from lensmae.figures.scatter import MOST_DRAWN, drawn_part, with_pictures

_MANY = 20_000
_PICTURE_SIDE = 32
_DRAG = {"pick": "pan", "lasso": "lasso", "box": "select"}


def workbench(choice: Choice, views: list[EmbeddingsView], projections: list[tuple[np.ndarray, Projection]]) -> None:
    """Draw the projections and what is selected in them.

    Args:
        projections: points (N, 2 or 3) of each view and how they were projected.
    """
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        colour = _choose_colour(choice, views[0])
        if views[0].projection.dimensions == 2:
            choose("Pointer", list(_DRAG), "pointer", {"pick": "Picks one", "lasso": "Lasso", "box": "Box"})
        image = _choose_image()
        pictures = views[0].projection.dimensions == 2 and st.toggle(
            "Pictures",
            key="pictures",
            bind="query-params",
            help="A thumbnail of a lens in every part of the projection.",
        )
        kept = shown_lenses(choice, views[0])
        kept_selections(views[0])
    rows = selection.selected([(view, *where) for view, where in zip(views, projections, strict=True)])
    rows = np.intersect1d(rows, views[0].rows[kept])
    several = len(views) > 1
    columns = st.columns(2 if several else [3, 1], gap="medium")
    for column, view, (points, projection) in zip(columns, views, projections, strict=False):
        with column:
            marks = _marks(choice, view, points, projection, image)
            _projection(view, points, projection, colour, marks, choice, rows, kept, pictures)
    with st.container() if several else columns[1]:
        _beside(choice, views[0], rows, projections[0][0], colour, image)
    hover_pictures(views[0])
    if len(rows) > 1:
        st.header(f"{len(rows):,} lenses selected", anchor=False)
        selected_lenses.gallery(views[0], rows, choice)
        return
    example_search(views[0], choice)
    for view in views:
        _neighbours(choice, view, rows, image)


def _choose_colour(choice: Choice, view: EmbeddingsView) -> Fact:
    names = colours.colour_names(choice, view)
    unknown_value("colour", names, "colour", names[0])
    name = st.selectbox("Colour by", names, key="colour", bind="query-params", width=320)
    found = colours.colour(choice, view, name)
    return found or colours.colour(choice, view, names[0])


def _choose_image() -> LensImage | None:
    with st.popover("Search by an image", icon=":material/image_search:"):
        file = st.file_uploader("An image of a lens", type=SUFFIXES, key="search-image")
        st.caption("It is placed among the lenses, and its nearest neighbours are shown. It is kept in memory only.")
    if file is None:
        return None
    try:
        return read_upload(file.getvalue(), file.name)
    except ImageReadError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return None


def _marks(
    choice: Choice, view: EmbeddingsView, points: np.ndarray, projection: Projection, image: LensImage | None
) -> list[Mark]:
    if image is not None:
        where = position(upload_embedding(view, image), view_data.embeddings(view), points, projection)
        return [Mark(image.name, where)]
    return [Mark(f"lens {choice.lens}", points[at]) for at in np.flatnonzero(view.rows == choice.lens)]


def _projection(
    view: EmbeddingsView,
    points: np.ndarray,
    projection: Projection,
    colour: Fact,
    marks: list[Mark],
    choice: Choice,
    selected: np.ndarray,
    kept: np.ndarray,
    pictures: bool,
) -> None:
    # Streamlit takes clicks on points only where a drag does not select.
    drag = _DRAG[st.session_state["pointer"]] if points.shape[1] == 2 else "orbit"
    # Prediction and error are those of the chosen networks, whichever of them the projection is of.
    judges = tuple(loaders.model_key(entry.path) for entry in choice.checkpoints.values())
    marked = tuple((mark.name, *mark.point.tolist()) for mark in marks)
    key = f"plane-{view.entry.card.kind}"
    shown = (*view.key, judges, colour.name, marked, kept.tobytes(), drag)
    rings = selection.ringed(key, selected, (projection, shown))
    drawing, table = _drawing((rings.tobytes(), *shown), projection, view, points, colour, marks, rings, kept)
    if pictures:
        drawing = _with_pictures(drawing, view, points, kept)
    # Where no graphics card draws, so many points at twice the page's resolution are a second of everybody's time (measured).
    coarse = len(points) > _MANY
    saved = {"coarse": coarse, "table": table, "name": f"{TITLES[projection.method]}-{view.entry.name}-{view.data.name}"}
    if points.shape[1] == 3:
        figure(drawing, key, **saved)
    else:
        chosen = {
            "on_select": lambda: selection.remember(key, (view, points, projection)),
            "selection_mode": ("points", "lasso", "box"),
        }
        figure(drawing, key, **saved, **chosen)
    st.caption(
        f"{_counted(kept)} lenses, {split_text(view.split)} of {view.data.name}; {view.described}; {_said(projection)}"
        f"{', until UMAP is there' if projection != view.projection else ''}."
        f"{_thinned(kept)}"
    )
    _quality(view, points, projection)


@st.cache_resource(max_entries=16, show_spinner=False)
def _drawing(
    key: tuple,
    projection: Projection,
    _view: EmbeddingsView,
    _points: np.ndarray,
    _colour: Fact,
    _marks: list[Mark],
    _rings: np.ndarray,
    _kept: np.ndarray,
) -> tuple[go.Figure, pd.DataFrame]:
    """The picture and the table behind it: with 90,000 lenses too much work for every click."""
    drawn = drawn_part(np.flatnonzero(_kept))
    axis, points, rows = TITLES[projection.method], _points[drawn], _view.rows[drawn]
    if _colour.values is None:
        drawing = class_scatter(points, _colour.names[drawn], rows, axis, _marks)
    else:
        drawing = value_scatter(points, _colour.values[drawn], rows, axis, _colour.name, _marks)
    if len(_rings):
        ring_selected(drawing, _points[drawn_part(np.flatnonzero(np.isin(_view.rows, _rings)))])
    table = selected_lenses.projection_table(_view, _points, _colour)
    return drawing.update_layout(dragmode=key[-1]), table[_kept].reset_index(drop=True)


def _with_pictures(drawing: go.Figure, view: EmbeddingsView, points: np.ndarray, kept: np.ndarray) -> go.Figure:
    """The projection with a small picture of a lens in each of its parts."""
    indices = np.flatnonzero(kept)[representatives(points[kept])]
    images = np.asarray(view.dataset.images[view.rows[indices]])
    step = max(1, images.shape[-1] // _PICTURE_SIDE)
    urls = [data_url(png(Panel("", image[::step, ::step]))) for image in images]
    return with_pictures(go.Figure(drawing), points, indices, urls)


def _counted(kept: np.ndarray) -> str:
    return f"{len(kept):,}" if kept.all() else f"{int(kept.sum()):,} of {len(kept):,}"


def _thinned(kept: np.ndarray) -> str:
    count = int(kept.sum())
    if count <= MOST_DRAWN:
        return ""
    return f" {MOST_DRAWN:,} of them, chosen at random, are plotted; lasso, box, search and downloads take all."


def _said(projection: Projection) -> str:
    if projection.method == "pca":
        return f"PCA in {projection.dimensions} dimensions"
    return (
        f"UMAP in {projection.dimensions} dimensions, {projection.neighbours} neighbours, "
        f"least distance {projection.min_dist:g}, {projection.metric}, seed {projection.seed}"
    )


def _quality(view: EmbeddingsView, points: np.ndarray, projection: Projection) -> None:
    quality, trust = _measured(view, points, projection)
    fitted = (
        f"Fitted to {quality.train:,} lenses of the training split, measured on {quality.measured:,} others of the projection."
    )
    chance = f"{fitted} Always naming the most frequent class scores {quality.majority:.1%}." if quality.measured else fitted
    sample = f"Of {quality.silhouette_lenses:,} lenses."
    with st.container(horizontal=True, gap="small"):
        _accuracy(
            "Linear probe", quality.linear, quality.measured, f"Accuracy of a logistic regression on the embeddings. {chance}"
        )
        _accuracy(
            "10 nearest",
            quality.neighbours,
            quality.measured,
            f"Accuracy of the vote of the ten nearest training lenses. {chance}",
        )
        _figure("Silhouette", f"{quality.silhouette:+.3f}", f"Of the classes in the embeddings: 1 apart, 0 mixed. {sample}")
        _figure(
            "Trustworthiness", f"{trust:.3f}", f"Share of the projection's neighbourhoods that are true, 15 neighbours. {sample}"
        )
    if np.isnan(quality.linear):
        st.caption("Linear probe and nearest neighbours need lenses of the training split and others, of two classes.")


def _accuracy(name: str, accuracy: float, count: int, text: str) -> None:
    """An accuracy with the interval that so many lenses allow."""
    if np.isnan(accuracy):
        _figure(name, "nan", text)
        return
    said = interval_text(round(accuracy * count), count)
    st.metric(name, f"{accuracy:.1%}", said, delta_color="off", delta_arrow="off", help=text)


def _figure(name: str, value: str, text: str) -> None:
    st.metric(name, "–" if "nan" in value else value, help=text)


def _measured(view: EmbeddingsView, points: np.ndarray, projection: Projection) -> tuple[EmbeddingQuality, float]:
    return _measure(view.key, projection, view, points)


@st.cache_data(max_entries=32, show_spinner="Measuring the embeddings …")
def _measure(key: tuple, projection: Projection, _view: EmbeddingsView, _points: np.ndarray) -> tuple[EmbeddingQuality, float]:
    embedded, lenses = view_data.embeddings(_view), _view.dataset.lenses.iloc[_view.rows]
    quality = embedding_quality(embedded, _view.dataset.labels[_view.rows], (lenses["split"] == "train").to_numpy())
    return quality, trustworthiness(embedded, _points)


def _beside(
    choice: Choice, view: EmbeddingsView, rows: np.ndarray, points: np.ndarray, colour: Fact, image: LensImage | None
) -> None:
    """The lens in hand, or what can be done with those selected."""
    if len(rows) > 1:
        selected_lenses.counts(view, np.isin(view.rows, rows))
        selected_lenses.exports(view, rows, points, colour)
        keep_selection(view, rows)
        st.button("Clear the selection", icon=":material/close:", on_click=selection.clear)
    elif image is not None and len(rows) == 0:
        upload_card(view, image, choice)
    elif (row := _in_hand(choice, view, rows)) is not None:
        lens_card(view, row, choice)
    else:
        st.info("Click a point to see the lens and its neighbours, or select many with the lasso.", icon=":material/touch_app:")


def _neighbours(choice: Choice, view: EmbeddingsView, rows: np.ndarray, image: LensImage | None) -> None:
    if image is not None and len(rows) == 0:
        upload_neighbours(view, image, choice)
    elif (row := _in_hand(choice, view, rows)) is not None:
        lens_neighbours(view, row, choice)


def _in_hand(choice: Choice, view: EmbeddingsView, rows: np.ndarray) -> int | None:
    """The lens clicked, else the one chosen in the sidebar where it is in the projection."""
    if len(rows) == 1:
        return int(rows[0])
    return choice.lens if choice.lens in view.rows else None
