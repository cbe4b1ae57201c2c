"""Uploaded images among the training lenses of a network, in a projection."""

import functools
from collections.abc import Sequence

import numpy as np
import streamlit as st

from lensmae.app.analyse.uploads import Answered
from lensmae.app.jobs.view import offered
from lensmae.app.shared.choices import NETWORK_TITLES
from lensmae.app.shared.networks import Asked
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import choose, figure
from lensmae.data.value_titles import data_title
from lensmae.figures import class_scatter
from lensmae.figures.ood_comparison import with_uploads
from lensmae.jobs import ThreadJob
from lensmae.progress import Progress

_METHODS = {"pca": "PCA", "umap": "UMAP"}


def show_projection(found: Sequence[Answered], names: Sequence[str], asked: Asked, looked_at: str) -> None:
    """The images among the training lenses in embedding space."""
    kinds = [kind for kind in ("classifier", "mae") if kind in asked.networks.references]
    if not kinds:
        return
    st.header("Among the training lenses", anchor=False)
    with st.container(horizontal=True, gap="large"):
        kind = choose("Network", kinds, "plane", NETWORK_TITLES) if len(kinds) > 1 else kinds[0]
        method = choose("Projection", list(_METHODS), "plane-method", _METHODS)
    reference = asked.networks.references[kind]
    # Where a specialist answered, the image was compared with the lenses of that one.
    own = {name: one.answer.checks[kind] for name, one in zip(names, found, strict=True) if kind in one.answer.checks}
    shown = {name: check for name, check in own.items() if check.card == reference.card}
    data, checkpoint = plain(data_title(reference.card.data)), plain(reference.card.checkpoint)
    if not shown:
        st.caption(f"No image was compared with the training lenses of {checkpoint}: another network answered.")
        return
    names, checks = list(shown), list(shown.values())
    if method == "pca":
        known, points = reference.space.points, np.stack([one.point for one in checks])
        what, how = "First two principal components", ""
    else:
        positions = _umap(asked, kind, np.stack([one.embedding for one in checks]))
        if positions is None:
            return
        known, points = positions
        what, how = "UMAP", " Your images lie at the weighted mean of their nearest neighbours."
    elsewhere = len(own) - len(shown)
    rest = (
        f" {elsewhere:,} more of your images were answered by another network, whose lenses these are not." if elsewhere else ""
    )
    labels = np.array([reference.class_of(index) for index in range(len(reference.labels))])
    drawing = class_scatter(known, labels, reference.rows, _METHODS[method])
    figure(with_uploads(drawing, points, names, looked_at), f"upload-plane-{method}")
    st.caption(
        f"{what} of {len(labels):,} training lenses of {data}, checkpoint {checkpoint}.{how} "
        "Distances are taken in more dimensions, so an image may be out of distribution and look near here."
        f"{rest}"
    )


def _umap(asked: Asked, kind: str, images: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """UMAP of the reference (M, 2), and in it the positions of images (N, D); None while it is being computed."""
    from lensmae.evaluation.embeddings.projections import Projection, position, project

    reference, projection = asked.networks.references[kind], Projection("umap")
    embedded = reference.embeddings.astype(np.float32)

    def work(progress: Progress) -> np.ndarray:
        return project(embedded, projection, progress)

    key = ("reference-umap", reference.card.sha256, reference.card.fingerprint, len(embedded))
    known = offered(key, functools.partial(ThreadJob, work, "Computing the UMAP projection", "epochs"))
    return None if known is None else (known, np.stack([position(image, embedded, known, projection) for image in images]))
