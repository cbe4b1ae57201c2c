"""Lens lab: the lens as files, and into a data set of the workspace."""

import json

import numpy as np
import streamlit as st

from lensmae.app.lens_lab import nuisances
from lensmae.app.lens_lab.controls import LabLens
from lensmae.app.shared.widgets import offer_file
from lensmae.data import SPLITS
from lensmae.data.images.writer import fits_bytes, npy_bytes
from lensmae.data.simulation.lens_lab import Observation
from lensmae.data.simulation.presets import PRESETS
from lensmae.workspace import read_only


def save(lens: LabLens, seen: Observation) -> None:
    """Keep the lens: as FITS, npy, lenstronomy's keywords, or in a data set of the workspace."""
    st.header("Keep this lens", anchor=False)
    stem = f"lens-lab-{lens.preset}"
    with st.container(horizontal=True):
        offer_file("FITS", lambda: fits_file(lens, seen), f"{stem}.fits", "image/fits")
        offer_file("npy", lambda: npy_bytes(seen.image), f"{stem}.npy", "application/octet-stream")
        offer_file("lenstronomy keywords (JSON)", lambda: _keywords(lens), f"{lens.preset}.lenstronomy.json", "application/json")
    st.caption(
        "FITS: the image, then NOISEFREE, SMOOTH (without noise and substructure) and SOURCE (unlensed) as HDUs, in flux, with "
        "WCS. npy: the image."
    )
    if read_only():
        st.caption("This dashboard is read-only: lenses cannot be saved.")
        return
    with st.form("lab-save", border=True):
        name = st.text_input(
            "Data set", f"lab-{lens.preset}", help="Made where there is none; a set holds lenses of one telescope."
        )
        split = st.selectbox("Split", SPLITS, index=SPLITS.index("test"))
        if st.form_submit_button("Save to the data set", icon=":material/save:"):
            _append(lens, seen, name, split)


def _append(lens: LabLens, seen: Observation, name: str, split: str) -> None:
    from lensmae.data.simulation.appending import append_lens
    from lensmae.data.simulation.lenses import SimulatedLens

    row = lens.row | nuisances.columns(lens.in_file)
    kept = append_lens(name, lens.preset, SimulatedLens(seen.image, None, None, row), split)
    index = kept.info.n - 1
    st.success(f"Saved as lens {index} of {kept.name}, {lens.row['class']}, {split} split.")
    address = st.query_params.to_dict() | {"set": kept.name, "view": "One lens", "row": str(index)}
    st.page_link("pages/data.py", label="Open it on Data", icon=":material/arrow_forward:", query_params=address)


def fits_file(lens: LabLens, seen: Observation) -> bytes:
    """The image of the lens, and what it is without noise, substructure and lens, as a FITS file (`save` says which HDUs)."""
    kind = PRESETS[lens.preset]
    arrays = {"NOISEFREE": seen.expected, "SMOOTH": seen.smooth, "SOURCE": seen.source}
    facts = {
        "CLASS": (lens.row["class"], "substructure: no_sub, cdm or axion"),
        "SIMULATR": (kind.title, "telescope and physics"),
        "THETA_E": (lens.scalars["theta_E"], "[arcsec] Einstein radius"),
        "SUBMASS": (_mass(lens), "[Msun] total mass of the substructure"),
        "SEED": (lens.seed, "of the noise"),
    }
    return fits_bytes(seen.image, seen.pixel_scale, facts, arrays, unit=kind.flux_unit)


def _mass(lens: LabLens) -> float:
    return float(np.sum(lens.row["subhalo_mass"]))


def _keywords(lens: LabLens) -> bytes:
    from lensmae.data.simulation.lensing.lenstronomy_keywords import lenstronomy_keywords

    return json.dumps(lenstronomy_keywords(lens.preset, lens.row), indent=2).encode()
