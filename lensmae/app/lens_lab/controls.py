"""The Lens lab's sliders, and what they say together; everything they say is in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st

from lensmae.app.lens_lab import nuisances, substructure
from lensmae.app.shared.widgets import choose, unfit_number, unknown_value
from lensmae.data.simulation.cameras import CAMERAS
from lensmae.data.simulation.lens_lab import Substructure, lab_row
from lensmae.data.simulation.presets import PRESETS
from lensmae.data.simulation.rows import LAB_PRESETS


@dataclass(frozen=True)
class Control:
    """A slider: column of the row that it sets, what it is called, bounds, where it starts, its step."""

    column: str
    label: str
    low: float
    high: float
    start: float
    step: float = 0.01
    help: str | None = None


# They start at the lens of DeepLense's Models I-III; bounds hold what the survey presets draw.
LENS = (
    Control(
        "theta_E", "Einstein radius (arcsec)", 0.3, 3.0, 1.28, help="Models II and III see 0.634 of it; see docs/presets.md."
    ),
    Control("e1", "Ellipticity e1", -0.4, 0.4, 0.1, help="Along the axes."),
    Control("e2", "Ellipticity e2", -0.4, 0.4, 0.0, help="Along the diagonals."),
    Control("gamma1", "External shear γ1", -0.2, 0.2, 0.05, 0.005),
    Control("gamma2", "External shear γ2", -0.2, 0.2, 0.0, 0.005),
    Control("lens_x", "Centre of the lens, x (arcsec)", -1.0, 1.0, 0.0, help="From the centre of the image."),
    Control("lens_y", "Centre of the lens, y (arcsec)", -1.0, 1.0, 0.0),
)
SOURCE = (
    Control("source_x", "Position x (arcsec)", -substructure.REACH, substructure.REACH, 0.1, help="Or drag the point “source”."),
    Control("source_y", "Position y (arcsec)", -substructure.REACH, substructure.REACH, 0.05),
    Control("R_sersic", "Half-light radius (arcsec)", 0.03, 1.0, 0.25),
    Control("n_sersic", "Sérsic index n", 0.3, 5.0, 1.0, 0.1),
    Control("source_e1", "Ellipticity e1 of the source", -0.4, 0.4, -0.1),
    Control("source_e2", "Ellipticity e2 of the source", -0.4, 0.4, 0.1),
)
LIGHT = (
    Control("source_magnitude", "Magnitude of the source", 20.0, 27.0, 22.5, 0.1, "Without the lens, AB."),
    Control("lens_magnitude", "Magnitude of the lens galaxy", 16.0, 30.0, 19.0, 0.1, "AB; at 30 its light is gone."),
    Control("lens_R_sersic", "Half-light radius of the lens galaxy (arcsec)", 0.1, 5.0, 1.2, 0.05),
    Control("lens_n_sersic", "Sérsic index of the lens galaxy", 0.5, 6.0, 4.0, 0.1),
    Control("lens_e1", "Ellipticity e1 of the lens galaxy's light", -0.5, 0.5, 0.1),
    Control("lens_e2", "Ellipticity e2 of the lens galaxy's light", -0.5, 0.5, 0.0),
)


def camera_controls(preset: str) -> tuple[Control, ...]:
    """Sliders whose start depends on the telescope."""
    kind = PRESETS[preset]
    seeing = CAMERAS[kind.cameras[0]].seeing
    noise = "Share of the telescope's sky, read-out and photon noise: 0 none, 1 all of it."
    return (
        Control("psf_fwhm", "PSF, FWHM (arcsec)", 0.02, 1.0, seeing, 0.005),
        Control("noise_level", "Noise", 0.0, 3.0, kind.noise_level, 0.05, noise),
    )


@dataclass(frozen=True)
class LabLens:
    """What the sliders say.

    Attributes:
        preset: telescope and physics.
        scalars: columns of the row.
        matter: substructure.
        seed: of the noise.
        base: row of the data set's lens that it began as, else None.
        in_file: what a file does to its image.
    """

    preset: str
    scalars: Mapping[str, float]
    matter: Substructure
    seed: int
    base: Mapping[str, Any] | None
    in_file: nuisances.Chosen = ()

    @cached_property
    def row(self) -> dict[str, Any]:
        """Its row of parameters."""
        return lab_row(self.preset, self.scalars, self.matter, self.seed, self.base)

    def as_in_file(self, image: np.ndarray) -> np.ndarray:
        """Its image (H, W) as a file would hold it."""
        return nuisances.as_in_file(image, self.in_file, self.seed)

    @property
    def extent(self) -> tuple[int, float]:
        """Pixels a side, arcsec/pixel."""
        camera = CAMERAS[PRESETS[self.preset].cameras[0]]
        return camera.num_pix, self.scalars.get("pixel_scale", camera.pixel_scale)


def controls(base: Mapping[str, Any] | None) -> LabLens:
    """Draw all controls; what they say."""
    titles = {name: PRESETS[name].title for name in LAB_PRESETS}
    names = [titles[name] for name in LAB_PRESETS]
    unknown_value("telescope", names, "telescope", titles["model_ii"])
    preset = st.selectbox(
        "Telescope and physics",
        LAB_PRESETS,
        index=LAB_PRESETS.index("model_ii"),
        key="telescope",
        format_func=titles.get,
        bind="query-params",
        help=f"One of {', '.join(names)}.",
    )
    _restart_camera(preset)
    tabs = st.tabs(["Substructure", "Lens", "Source", "Telescope", "File"])
    with tabs[1]:
        scalars = _sliders(LENS)
    with tabs[2]:
        scalars |= _sliders(SOURCE)
    with tabs[3]:
        scalars |= _sliders(camera_controls(preset))
        seed = _noise_seed(base)
        if PRESETS[preset].halo_profile == "TNFW":
            scalars |= _sliders(LIGHT)
    with tabs[4]:
        done = nuisances.controls()
    with tabs[0]:
        kind = choose("Substructure", substructure.SUBSTRUCTURES, "matter", substructure.TITLES)
        matter = substructure.controls(kind, preset, scalars["theta_E"])
    if base is not None and base.get("camera") == preset:
        scalars["pixel_scale"] = float(base["pixel_scale"])
    return LabLens(preset, scalars, matter, seed, base, done)


def set_values(preset: str, row: Mapping[str, Any]) -> None:
    """Put a row of a data set into the sliders; columns that it lacks go back to their start."""
    st.session_state["telescope"] = preset
    st.session_state["_telescope"] = preset
    for control in (*LENS, *SOURCE, *LIGHT, *camera_controls(preset)):
        value = row.get(control.column)
        known = value is not None and np.isfinite(value)
        st.session_state[control.column] = float(np.clip(value, control.low, control.high)) if known else control.start
    st.session_state["noise_seed"] = 0


def _restart_camera(preset: str) -> None:
    """PSF and noise of another telescope start anew; those of the address do not."""
    if st.session_state.get("_telescope", preset) != preset:
        for control in camera_controls(preset):
            st.session_state[control.column] = control.start
    st.session_state["_telescope"] = preset


def _sliders(group: Sequence[Control]) -> dict[str, float]:
    values = {}
    for one in group:
        unfit_number(one.column, one.low, one.high, one.label)
        digits = "%.3f" if one.step < 0.01 else "%.2f" if one.step < 0.1 else "%.1f"
        values[one.column] = st.slider(
            one.label, one.low, one.high, one.start, one.step, digits, key=one.column, help=one.help, bind="query-params"
        )
    return values


def _noise_seed(base: Mapping[str, Any] | None) -> int:
    unfit_number("noise_seed", 0, 999, "noise")

    def another() -> None:
        st.session_state["noise_seed"] = int(np.random.default_rng().integers(1000))

    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    own = "0 is the noise of the lens that it began as." if base is not None else None
    seed = row.number_input("Seed of the noise", 0, 999, 0, key="noise_seed", bind="query-params", help=own)
    row.button("", icon=":material/casino:", help="Other noise", on_click=another, key="another_noise")
    return int(base["seed"]) if base is not None and seed == 0 else int(seed)
