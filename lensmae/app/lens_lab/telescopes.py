"""Lens lab: the same lens through HST, Euclid and JWST, side by side on one scale."""

import streamlit as st

from lensmae.app.lens_lab.controls import LabLens
from lensmae.app.lens_view.component import lens_view
from lensmae.app.shared.choices import Choice
from lensmae.data.simulation.batched.telescopes import FIELD, TELESCOPES, row_elsewhere, through
from lensmae.data.simulation.presets import PRESETS
from lensmae.figures import Panel

_UNIT = "nJy / arcsec²"


def side_by_side(lens: LabLens, choice: Choice) -> None:
    """Three pictures of one field, drawn while the part is open."""
    part = st.expander("Through HST, Euclid and JWST", icon=":material/compare:", key="telescopes", on_change="rerun")
    if not part.open:
        return
    row = row_elsewhere(lens.preset, lens.row)
    views = [through(telescope, row) for telescope in TELESCOPES]
    panels = [Panel(PRESETS[view.preset].title, view.image) for view in views]
    with part:
        about = f"One lens of a source of AB magnitude {row['source_magnitude']:.1f}, each with its telescope's own noise"
        view = {"key": "telescope-views", "unit": _UNIT, "about": about}
        lens_view(panels, columns=len(panels), **view, **choice.display)
        for view in views:
            side = f"{view.image.shape[0]}×{view.image.shape[0]}"
            st.caption(
                f"{PRESETS[view.preset].title}: {side} pixels of {view.pixel_scale:g} arcsec, PSF {view.seeing:g} arcsec (FWHM), "
                f"peak S/N {view.signal_to_noise:.0f}."
            )
        halos = " Subhalos are truncated NFW halos there." if lens.row["class"] == "cdm" else ""
        st.caption(
            f"One field of {FIELD:g} arcsec and one scale, surface brightness in {_UNIT}, AB magnitude of the source "
            f"{row['source_magnitude']:.1f}; each with its telescope's own noise.{halos}"
        )
