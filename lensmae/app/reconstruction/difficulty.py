"""Reconstruction page: is this lens hard to reconstruct, and what do many masks say?"""

import functools
from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.jobs.board import board
from lensmae.app.jobs.view import offered
from lensmae.app.lens_view.component import lens_view
from lensmae.app.reconstruction import custom_mask
from lensmae.app.reconstruction.state import Shown
from lensmae.app.shared import loaders
from lensmae.app.shared.widgets import figure
from lensmae.data import DatasetInfo
from lensmae.data.store.dataset import select_rows
from lensmae.data.store.splits import split_text
from lensmae.evaluation.reconstruction.custom_masks import mask_text
from lensmae.evaluation.reconstruction.difficulty import Difficulty, measure_difficulty, measure_mask
from lensmae.evaluation.reconstruction.frames import error_table
from lensmae.evaluation.reconstruction.spread import MOST_MASKS, Spread, reconstruct_many
from lensmae.figures import Panel, error_against_ratio, place_among, residual_bound
from lensmae.jobs import JobState, ThreadJob
from lensmae.progress import Progress

if TYPE_CHECKING:
    from lensmae.models import CheckpointEntry

_SET_LENSES = 64


def difficulty(shown: Shown) -> None:
    """Error against mask ratio, and where this lens lies among those of its set."""
    measured = _difficulty(shown)
    own = shown.strategy == custom_mask.OWN
    left, right = (st.container(), st.container()) if own else st.columns(2, gap="large")
    if not own:
        with left:
            band = (measured.ratios, *(measured.band(percentile) for percentile in (16, 50, 84))) if measured else None
            drawing = error_against_ratio(shown.frames.ratios, shown.frames.errors, band, "set")
            figure(drawing, "error-ratio", error_table(shown.frames), f"error-{shown.file}")
    if measured is None:
        return
    with right:
        if not np.isfinite(shown.error):
            st.info("Nothing is hidden, so there is no error to compare.", icon=":material/info:")
            return
        title = f"MSE of hidden pixels, image on [0, 1], {shown.ratio:.0%} hidden"
        figure(place_among(measured.at(shown.ratio), shown.error, title, "set"), "difficulty", name=f"difficulty-{shown.file}")
    easier = measured.easier(shown.ratio, shown.error)
    about = f"{len(measured.errors)} lenses of {split_text(shown.split)} of {shown.data.name}"
    st.caption(
        f"This lens is harder to reconstruct than {easier:.0f} % of {about}, "
        + ("all under this mask." if own else "each under a mask of the same kind and ratio, of its own seed.")
    )


def known_difficulty(entry: "CheckpointEntry", data: DatasetInfo, strategy: str) -> Difficulty | None:
    """The errors of the set under masks of a strategy, where they have been measured."""
    job = board().get(_key(loaders.model_key(entry.path), loaders.data_key(data), strategy))
    return job.result if job is not None and job.state is JobState.FINISHED else None


def _key(*facts: Hashable) -> Hashable:
    return ("difficulty", *facts)


def _difficulty(shown: Shown) -> Difficulty | None:
    own = shown.strategy == custom_mask.OWN
    if own and not shown.hidden.any():
        return None
    dataset, model, hidden = shown.dataset, shown.model, shown.hidden
    rows = select_rows(dataset, shown.split, _SET_LENSES)

    def work(progress: Progress) -> Difficulty:
        images = np.asarray(dataset.images[rows])
        if own:
            return measure_mask(model, images, hidden, progress)
        return measure_difficulty(model, images, shown.strategy, progress)

    key = _key(*shown.key, mask_text(hidden) if own else shown.strategy)
    # Every click makes another own mask: those are measured when asked for.
    button = "Compare with the set under this mask" if own else None
    return offered(key, functools.partial(ThreadJob, work, "Reconstructing lenses of the set", "lenses"), button)


def spread(shown: Shown) -> None:
    """Mean and standard deviation over many random masks, and the error of every patch."""
    if shown.strategy == custom_mask.OWN:
        st.info(
            "A mask of your own is a single mask. Choose a strategy above to reconstruct the lens under many.",
            icon=":material/info:",
        )
        return
    row = st.container(horizontal=True, vertical_alignment="bottom")
    masks = row.select_slider("Masks", (16, 32, 64, 128, MOST_MASKS), 64, key="masks", width=320)
    st.caption(f"Masks of the seeds {shown.seed} to {shown.seed + masks - 1}, {shown.ratio:.0%} of the patches hidden.")
    if not shown.hidden.any():
        st.info("Nothing is hidden at this ratio. Move the mask ratio up.", icon=":material/info:")
        return
    key = ("spread", *shown.key, shown.choice.lens)
    key += (shown.strategy, shown.seed, shown.ratio, masks)
    model, image = shown.model, shown.image

    def work(progress: Progress) -> Spread:
        options = {"mask_ratio": shown.ratio, "seed": shown.seed, "strategy": shown.strategy}
        return reconstruct_many(model, image, masks, progress=progress, **options)

    job = functools.partial(ThreadJob, work, "Reconstructing under many masks", "masks")
    found = offered(key, job, f"Reconstruct under {masks} masks")
    if found is None:
        return
    lens_view(
        [
            Panel("Lens", image),
            Panel("Mean", found.mean),
            Panel("Mean − lens", found.mean - image, residual=True, bound=residual_bound(image)),
            Panel("Deviation", found.std, measure="flux"),
            Panel("Patch error", found.patch_error, measure="MSE"),
        ],
        key="spread",
        file=shown.choice.file("many-masks"),
        unit=shown.unit,
        columns=5,
        about=f"{shown.about}; {found.masks} masks",
        **shown.choice.display,
    )
    st.caption(
        "Mean and standard deviation of the predictions over the masks that hid a pixel, and the mean error of every patch. "
        f"Mean error of the hidden pixels over {found.masks} masks: {found.score:.2e} (MSE, image on [0, 1])."
    )
