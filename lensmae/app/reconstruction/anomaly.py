"""Reconstruction page: is there something in this lens that the network does not expect?"""

import functools
from collections.abc import Hashable

import numpy as np
import streamlit as st

from lensmae.app.jobs.board import board
from lensmae.app.jobs.view import offered
from lensmae.app.lens_view.component import lens_view
from lensmae.app.reconstruction.domain import ask_instead
from lensmae.app.reconstruction.localisation import localise
from lensmae.app.reconstruction.sensitivity import sensitivity
from lensmae.app.reconstruction.state import Shown
from lensmae.app.shared import loaders
from lensmae.app.shared.units import power_of_ten
from lensmae.app.shared.widgets import figure
from lensmae.data.store.splits import split_text
from lensmae.evaluation.reconstruction.anomaly import (
    AnomalyScores,
    Substructure,
    anomaly_scores,
    expected_map,
    percentile_among,
    substructure,
    trained_on,
)
from lensmae.figures import Line, Overlay, Panel, Points, place_among
from lensmae.jobs import JobState, ThreadJob
from lensmae.progress import Progress

_MASKS = 16
_SET_LENSES = 64
_LABELLED = 3


def anomaly(shown: Shown) -> None:
    """Error averaged over many masks, with the true substructure over it; where it lies among lenses without any; whether such
    maps locate; what could have been seen."""
    trained = trained_on(shown.entry.card)
    (st.success if trained.pure else st.warning)(trained.sentence, icon=":material/school:")
    if not trained.pure and (pure := next((one for one in loaders.checkpoints("mae") if trained_on(one.card).pure), None)):
        st.button(f"Ask {pure.name} instead", icon=":material/swap_horiz:", on_click=ask_instead, args=(pure.name,))
    own = _own_scores(shown.key[0], shown.image)
    row = loaders.get_dataset(shown.data).lenses.iloc[shown.choice.lens]
    found = None if shown.brought else substructure(row, shown.image.shape, shown.data.pixel_scale)
    job = board().get(_smooth_key(shown))
    known = job.result if job is not None and job.state is JobState.FINISHED else None
    panels = [Panel("Lens", shown.image), Panel("Mean error", np.sqrt(own.maps[0]), measure="RMS")]
    if known is not None:
        panels.append(Panel("Signal-to-noise", np.sqrt(own.maps[0] / expected_map(known)), measure="S/N"))
    overlays = substructure_overlays(found)
    about = f"{shown.choice.about(shown.entry.name)}; {_MASKS} masks with 75 % of the patches hidden"
    view = {"key": "anomaly", "file": shown.choice.file("anomaly"), "unit": shown.unit, "about": about, "columns": len(panels)}
    lens_view(panels, overlays=overlays, **view, **shown.choice.display)
    _say(str(row["class"]), found, known is not None, bool(shown.brought))
    smooth = _smooth_scores(shown)
    if smooth is not None:
        _rank(shown, own, smooth)
        if not shown.brought:
            localise(shown, smooth, _MASKS)
    if not shown.brought:
        sensitivity(shown, smooth, _MASKS)


def _say(kind: str, found: Substructure | None, relative: bool, brought: bool) -> None:
    about = f"Root of the mean squared error over {_MASKS} masks with 75 % of the patches hidden, image on [0, 1]. "
    if relative:
        about += "Signal-to-noise: the same in units of what lenses without substructure have in that pixel. "
    if brought:
        about += "Where substructure lies in the pixels that the network is asked is not known."
    elif found is None:
        about += (
            "This lens has no substructure."
            if kind == "no_sub"
            else "Where this lens has substructure is not recorded, or its image was turned or shifted since."
        )
    elif found.line:
        about += f"The line is the true vortex: {power_of_ten(found.mass.sum(), 1)} solar masses."
    else:
        least, most = (power_of_ten(one, 1) for one in (found.mass.min(), found.mass.max()))
        about += f"Rings are the true subhalos, larger for larger mass ({least} to {most} solar masses)."
    st.caption(about)


def substructure_overlays(found: Substructure | None) -> list[Overlay]:
    """True subhalos or the vortex line, to be drawn over an image; nothing where there are none."""
    if found is None:
        return []
    if found.line:
        return [Line("vortex", found.x, found.y)]
    heaviest = set(np.argsort(found.mass)[-_LABELLED:].tolist())
    labels = [f"{power_of_ten(mass, 0)} M☉" if index in heaviest else "" for index, mass in enumerate(found.mass)]
    # The area grows as the Einstein radius of a point mass does, with the root of the mass.
    sizes = 4.0 + 18.0 * (found.mass / 1e10) ** 0.25
    return [Points("subhalos", found.x, found.y, labels, sizes)]


def _smooth_key(shown: Shown) -> Hashable:
    return ("anomaly", *shown.key)


def _smooth_scores(shown: Shown) -> AnomalyScores | None:
    """Scores of lenses without substructure of the set; None while they are not there, which is then said or drawn."""
    dataset, model = shown.dataset, shown.model
    rows = shown.rows_of("no_sub", _SET_LENSES)
    if len(rows) == 0:
        st.info(f"{shown.data.name} has no lenses of the class no_sub to compare with.", icon=":material/info:")
        return None

    def work(progress: Progress) -> AnomalyScores:
        return anomaly_scores(model, np.asarray(dataset.images[rows]), _MASKS, progress=progress)

    job = functools.partial(ThreadJob, work, "Scoring lenses without substructure", "reconstructions")
    return offered(_smooth_key(shown), job, f"Score {len(rows)} no_sub lenses")


def _rank(shown: Shown, own: AnomalyScores, smooth: AnomalyScores) -> None:
    about = f"{len(smooth.mean)} no_sub lenses of {split_text(shown.split)} of {shown.data.name}"
    for column, name, title in zip(
        st.columns(2, gap="large"), ("mean", "peak"), ("Mean error", "Largest error of a patch"), strict=True
    ):
        values, value = getattr(smooth, name), float(getattr(own, name)[0])
        with column:
            st.metric(
                f"{title}, MSE",
                f"{value:.2e}",
                f"above {percentile_among(values, value):.0f} % of {about}",
                delta_color="off",
                delta_arrow="off",
            )
            figure(place_among(values, value, f"{title.lower()}, MSE, image on [0, 1]", "no_sub lenses"), f"anomaly-{name}")


@st.cache_data(max_entries=64, show_spinner="Reconstructing under many masks …")
def _own_scores(model: loaders.ModelKey, image: np.ndarray) -> AnomalyScores:
    return anomaly_scores(loaders.get_model_by_key(model), image[None], _MASKS)
