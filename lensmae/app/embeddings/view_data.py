"""The Embeddings page's choices, and what they need: embeddings, points and colours, computed at once where that is quick and
by a background job where it is not."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.jobs.view import computed
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.widgets import SPLIT_OPTIONS, choose, empty_state, progress_bar, unfit_number, unknown_value
from lensmae.data import DatasetInfo, LensDataset
from lensmae.data.store.dataset import select_rows
from lensmae.evaluation.embeddings.embed import embed_dataset, errors_to_measure, lenses_to_embed
from lensmae.evaluation.embeddings.nearest import METRICS
from lensmae.evaluation.embeddings.projections import METHODS, Projection, kept_projection, project
from lensmae.evaluation.images.called import lenses_to_call
from lensmae.evaluation.tasks import IN_A_PROCESS, Task
from lensmae.models.predictors import PATCHES, POOLINGS
from lensmae.workspace import read_only

if TYPE_CHECKING:
    from lensmae.models import CheckpointEntry

LIMITS = {"100": 100, "300": 300, "1000": 1000, "3000": 3000, "10000": 10_000, "30000": 30_000, "all": None}
TITLES = {"umap": "UMAP", "pca": "PCA"}
# A job pays for the start of its process from so many lenses on; so many a read-only dashboard computes for a visitor.
_AT_ONCE = 512


@dataclass(frozen=True)
class EmbeddingsView:
    """What one projection shows.

    Attributes:
        entry: the network.
        data: the data set.
        split, limit: which lenses of it, as `select_rows` takes them.
        layer: 1 to the network's number of layers; None for the last.
        pooling: one of `POOLINGS`.
        patches: one of `PATCHES`.
        projection: how embeddings are projected.
    """

    entry: "CheckpointEntry"
    data: DatasetInfo
    split: str
    limit: int | None
    layer: int | None
    pooling: str
    projection: Projection
    patches: str = PATCHES[0]

    @property
    def dataset(self) -> LensDataset:
        """The opened data set."""
        return loaders.get_dataset(self.data)

    @property
    def rows(self) -> np.ndarray:
        """Rows (N,) of the data set that are shown."""
        return rows_of(loaders.data_key(self.data), self.split, self.limit)

    @property
    def key(self) -> tuple:
        """What its embeddings depend on."""
        names = loaders.model_key(self.entry.path), loaders.data_key(self.data)
        return (*names, self.split, self.limit, self.layer, self.pooling, self.patches)

    @property
    def described(self) -> str:
        """Network, layer and pooling in words."""
        layer = "last layer" if self.layer is None else f"layer {self.layer}"
        part = "" if self.patches == PATCHES[0] else f", {self.patches} of its patches"
        return f"{self.entry.name}, {layer}, {self.pooling if self.pooling == POOLINGS[1] else self.pooling + ' of tokens'}{part}"

    def task(self, work: str) -> Task:
        """The background task that computes something of it."""
        return Task(
            work=work,
            checkpoint=str(self.entry.path),
            data=self.data.name,
            split=self.split,
            limit=self.limit,
            layer=self.layer,
            pooling=self.pooling,
            patches=self.patches,
            projection=self.projection,
        )


def choose_views(choice: Choice) -> list[EmbeddingsView]:
    """Draw the choices; one view, or two of them to compare."""
    data = choice.dataset()
    kinds = [kind for kind in ("classifier", "mae") if kind in choice.checkpoints]
    if not kinds:
        empty_state("There is no network to embed lenses with yet. Train one on the Training page, or run `lensmae train`.")
    options = [*kinds, "both"] if len(kinds) == 2 else kinds
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        network = choose("Network", options, "network", {**_named(choice), "both": "Both"})
        method = choose("Projection", METHODS, "method", TITLES)
        dimensions = choose("Dimensions", ("2", "3"), "dims", {"2": "2-D", "3": "3-D"})
        split = choose("Split", SPLIT_OPTIONS, "split", default=3)
        limit = _select("Lenses at most", list(LIMITS), "most", "300")
        chosen = kinds if network == "both" else [network]
        entries = [choice.checkpoint(kind) for kind in chosen]
        with st.popover("Settings", icon=":material/tune:"):
            layer, pooling = _choose_tokens(entries)
            patches = _choose_patches(entries)
            projection = _choose_projection(method, int(dimensions))
    facts = (data, split, LIMITS[limit], layer, pooling, projection)
    return [EmbeddingsView(entry, *facts, patches if entry.card.kind == "mae" else PATCHES[0]) for entry in entries]


def _named(choice: Choice) -> dict[str, str]:
    """A classifier is fine-tuned only where it began as an autoencoder's encoder, and not where it went on from another
    classifier."""
    entry = choice.checkpoints.get("classifier")
    began = None if entry is None else entry.card.training.get("config", {}).get("init")
    encoder = began in {one.name for one in loaders.checkpoints("mae")}
    return {"classifier": "Fine-tuned" if encoder else "Classifier", "mae": "MAE"}


def _choose_tokens(entries: "list[CheckpointEntry]") -> tuple[int | None, str]:
    depth = min(_layers(entry) for entry in entries)
    name = _select("Layer of the encoder", ["last", *(str(layer) for layer in range(depth - 1, 0, -1))], "layer", "last")
    pooling = choose("Pooling of its tokens", POOLINGS, "pooling", {name: name.capitalize() for name in POOLINGS})
    return None if name == "last" else int(name), pooling


def _choose_patches(entries: "list[CheckpointEntry]") -> str:
    if all(entry.card.kind != "mae" for entry in entries):
        return PATCHES[0]
    titles = {name: name.capitalize() for name in PATCHES}
    chosen = choose("Patches that the autoencoder encodes", PATCHES, "patches", titles)
    st.caption("The brightest half takes half the time; its ten nearest neighbours are as often of the same class.")
    return chosen


def _choose_projection(method: str, dimensions: int) -> Projection:
    if method == "pca":
        st.caption("PCA has no parameters; UMAP's appear with UMAP.")
        return Projection("pca", dimensions)
    unfit_number("neighbours", 2, 200, "number of neighbours")
    unfit_number("min_dist", 0, 1, "UMAP min_dist")
    unfit_number("umap_seed", 0, 999, "UMAP seed")
    neighbours = st.number_input(
        "Neighbours", 2, 200, 15, key="neighbours", bind="query-params", help="Few show fine structure, many the whole."
    )
    near = st.number_input(
        "Least distance",
        0.0,
        1.0,
        0.1,
        0.05,
        key="min_dist",
        bind="query-params",
        help="UMAP's min_dist: how close points may lie.",
    )
    metric = _select("Metric", list(METRICS), "metric", "euclidean")
    seed = st.number_input("Seed", 0, 999, 0, key="umap_seed", bind="query-params", help="Another seed shows what is chance.")
    return Projection("umap", dimensions, int(neighbours), float(near), metric, int(seed))


def _select(label: str, options: list[str], key: str, default: str) -> str:
    unknown_value(key, options, label.lower(), default)
    return st.selectbox(label, options, options.index(default), key=key, bind="query-params", width=170)


def _layers(entry: "CheckpointEntry") -> int:
    return loaders.get_model(entry.path).layers


@st.cache_resource(max_entries=32, show_spinner=False)
def rows_of(data: loaders.DataKey, split: str, limit: int | None) -> np.ndarray:
    """Rows (N,) of a data set that a split and limit choose, kept."""
    return select_rows(loaders.get_dataset_by_key(data), split, limit)


def embeddings_ready(view: EmbeddingsView, work: str = "embed") -> bool:
    """Whether embeddings, reconstruction errors ("errors") or answers ("call") are at hand or quickly computed; else a job is
    drawn."""
    model, dataset, rows = loaders.get_model(view.entry.path), view.dataset, view.rows
    what, count = {
        "embed": ("Embeddings", functools.partial(lenses_to_embed, layer=view.layer, patches=view.patches)),
        "errors": ("Reconstruction errors", errors_to_measure),
        "call": ("Answers", lenses_to_call),
    }[work]

    def missing() -> int:
        return count(model, dataset, rows)

    if missing() > _AT_ONCE and read_only():
        st.info(
            f"{what} of {len(rows):,} lenses are not computed yet, and this dashboard is read-only. "
            f"Choose at most {_AT_ONCE} lenses.",
            icon=":material/lock:",
        )
        return False
    label = f"{what} of {len(rows):,} lenses by {view.entry.name}"
    return missing() <= _AT_ONCE or _computed(view.task(work), lambda: missing() == 0, label)


def _computed(task: Task, ready: Callable[[], bool], title: str) -> bool:
    unit = "epochs" if task.work == "project" else "lenses"
    return computed(task, IN_A_PROCESS, task.model_dump(mode="json"), ready, title, unit)


def embeddings(view: EmbeddingsView) -> np.ndarray:
    """Embeddings (N, D) of the view's lenses, shared by all visitors and never changed."""
    return _embeddings(
        loaders.model_key(view.entry.path),
        loaders.data_key(view.data),
        (view.split, view.limit),
        (view.layer, view.pooling, view.patches),
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _embeddings(
    model: loaders.ModelKey, data: loaders.DataKey, which: tuple[str, int | None], how: tuple[int | None, str, str]
) -> np.ndarray:
    layer, pooling, patches = how
    with progress_bar("Embedding") as progress:
        rows = rows_of(data, *which)
        network, dataset = loaders.get_model_by_key(model), loaders.get_dataset_by_key(data)
        return embed_dataset(network, dataset, rows, progress, layer=layer, pooling=pooling, patches=patches)


def points(view: EmbeddingsView) -> tuple[np.ndarray, Projection]:
    """Points (N, 2 or 3) of the view and how they were projected: by PCA for as long as UMAP is being computed."""
    embedded = embeddings(view)
    found = _kept_points(view, embedded)
    if found is not None:
        return found, view.projection
    pca = Projection("pca", view.projection.dimensions)
    if read_only():
        st.info(
            "UMAP was not computed for these lenses yet, and this dashboard is read-only: PCA instead.", icon=":material/lock:"
        )
    else:
        label = f"UMAP of {len(embedded):,} lenses by {view.entry.name}"
        _computed(view.task("project"), lambda: _kept_points(view, embedded) is not None, label)
    return project(embedded, pca), pca


def _kept_points(view: EmbeddingsView, embedded: np.ndarray) -> np.ndarray | None:
    """Points that are on disk, or quick to compute."""
    if view.projection.method == "pca" or len(embedded) < 4:
        return project(embedded, view.projection)
    return kept_projection(embedded, view.projection)
