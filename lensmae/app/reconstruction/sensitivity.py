"""Reconstruction page: could a subhalo have been seen here?"""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lensmae.app.jobs.view import offered
from lensmae.app.lens_view.component import lens_view
from lensmae.app.reconstruction.state import Shown
from lensmae.app.shared import loaders
from lensmae.app.shared.units import power_of_ten
from lensmae.evaluation.reconstruction.anomaly import AnomalyScores, was_moved
from lensmae.figures import Panel, compared
from lensmae.jobs import Report, ThreadJob

if TYPE_CHECKING:
    from lensmae.evaluation.reconstruction.sensitivity import Sensitivity

_PLACES, _PLACES_OF_NETWORK = 16, 8
_SEEN = 5.0
_RARE = 95


def sensitivity(shown: Shown, smooth: AnomalyScores | None, masks: int) -> None:
    """Signal-to-noise of a subhalo of a chosen mass at every place of the lens, and where the network would have noticed it.

    Args:
        smooth: scores of lenses without substructure; None where they are not there, then the network is not asked.
        masks: of each lens.
    """
    if shown.data.preset is None or shown.data.target_shape is not None:
        return
    row = loaders.get_dataset(shown.data).lenses.iloc[shown.choice.lens].to_dict()
    st.header("Could it have been seen?", anchor=False)
    if was_moved(row):
        st.info("This image was turned or shifted after it was simulated: a map would not lie over it.", icon=":material/info:")
        return
    log_mass = st.slider(
        "Mass of the subhalo (log₁₀ of solar masses)", 7.0, 11.0, 9.0, 0.25, key="subhalo-mass", bind="query-params", width=420
    )
    key = ("sensitivity", loaders.data_key(shown.data), shown.choice.lens, log_mass)

    def work(report: Report) -> "Sensitivity":
        from lensmae.evaluation.reconstruction.sensitivity import sensitivity as measure

        report.phase("bending light around it")
        return measure(shown.data.preset, row, 10**log_mass, _PLACES)

    found = offered(key, functools.partial(ThreadJob, work, "Putting a subhalo everywhere", ""), "Map the sensitivity")
    if found is None:
        st.caption("One subhalo of this mass at a time, everywhere in this lens made smooth, with the noise of its camera.")
        return
    scores = None if smooth is None else _noticed(shown, row, log_mass, masks)
    panels = [
        Panel("Lens", shown.image),
        *compared(
            [
                Panel("S/N, lens known", found.known_lens, measure="σ"),
                Panel("S/N, lens fitted", found.fitted_lens, measure="σ"),
            ]
        ),
    ]
    if scores is not None:
        # On a scale that holds the limit: else a score far below it would be as bright as one above.
        relative = scores / np.percentile(smooth.mean, _RARE)
        span = np.array([[0.0, max(1.0, relative.max())]])
        panels.append(Panel("Score of the network", relative, measure="× limit", span=span))
    about = f"{shown.choice.about(shown.entry.name)}; a subhalo of {power_of_ten(10**log_mass)} solar masses at every place"
    view = {"key": "sensitivity", "file": shown.choice.file("sensitivity"), "unit": shown.unit, "about": about}
    lens_view(panels, columns=len(panels), **view, **shown.choice.display)
    seen = f"{(found.fitted_lens >= _SEEN).mean():.0%} of the field"
    said = f"A subhalo of {power_of_ten(10**log_mass)} solar masses would stand out by {_SEEN:g} σ or more in {seen}"
    if scores is not None:
        share = (scores > np.percentile(smooth.mean, _RARE)).mean()
        said += f"; {shown.entry.name} would score the lens above {_RARE} % of no_sub lenses with it in {share:.0%}"
    if scores is not None:
        said += f" (1 × limit: what {_RARE} % of them stay below)"
    st.caption(
        f"{said}. S/N: matched filter on the camera's full noise; “lens fitted” takes out what lens and source can imitate. A "
        "detailed model of the lens could reach it; no classifier need."
    )


def _noticed(shown: Shown, row: Mapping[str, Any], log_mass: float, masks: int) -> np.ndarray | None:
    model, preset = shown.model, shown.data.preset

    def work(report: Report) -> np.ndarray:
        from lensmae.evaluation.reconstruction.sensitivity import noticed

        report.phase("bending light around it")
        return noticed(model, preset, row, 10**log_mass, count=_PLACES_OF_NETWORK, masks=masks, progress=report)

    key = ("noticed", *shown.key, shown.choice.lens, log_mass)
    job = functools.partial(ThreadJob, work, "Scoring the lens with a subhalo at each place", "reconstructions")
    return offered(key, job, f"Would {shown.entry.name} have noticed?")
