"""Dark substructure in the Lens lab: a list of subhalos or an axion vortex, moved by hand, in the address."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from lensmae.app.lens_view.events import Click, Drag, Event
from lensmae.app.shared.units import power_of_ten
from lensmae.app.shared.widgets import unfit_number
from lensmae.data.simulation.lens_lab import Subhalo, Substructure, Vortex, matter_of
from lensmae.data.simulation.priors import VORTEX
from lensmae.data.simulation.sampling import draw_parameters
from lensmae.figures import Line, Overlay, Points

SUBSTRUCTURES = ("none", "subhalos", "axion")
TITLES = {"none": "None", "subhalos": "Subhalos", "axion": "Axion vortex"}
MOST = 40
# Farthest position of source and vortex in x and in y, arcsec.
REACH = 2.0
_HALOS, _PICK, _MASS = "lab_halos", "lab_pick", "lab_mass"
_MASSES = (6.0, 11.0)
_NEW_MASS = 1e9


def controls(kind: str, preset: str, theta_e: float) -> Substructure:
    """Draw the controls of one kind of substructure; what they say."""
    _follow_address()
    if kind == "axion":
        return _vortex_controls()
    if kind == "none":
        st.caption("Click on the image to put a subhalo there.")
        return ()
    return _halo_controls(preset, theta_e)


def set_matter(matter: Substructure) -> None:
    """Put substructure into the controls."""
    if isinstance(matter, Vortex):
        st.session_state["matter"] = "axion"
        st.session_state["axion"] = math.log10(matter.axion_mass)
        st.session_state["angle"] = math.degrees(matter.angle) % 180
        _place("vortex", round(matter.x, 6), round(matter.y, 6))
        return
    st.session_state["matter"] = "subhalos" if matter else "none"
    st.session_state[_HALOS] = tuple(matter)
    st.session_state[_PICK] = 0


def halos() -> tuple[Subhalo, ...]:
    """The subhalos of this visitor."""
    return st.session_state.get(_HALOS, ())


def picked() -> int:
    """Place of the chosen subhalo."""
    return min(st.session_state.get(_PICK) or 0, max(0, len(halos()) - 1))


def overlays(matter: Substructure, pixels: int, scale: float) -> list[Overlay]:
    """Points that can be dragged."""
    middle = (pixels - 1) / 2
    if isinstance(matter, Vortex):
        x, y = np.array([matter.x]) / scale + middle, np.array([matter.y]) / scale + middle
        reach = 0.35 * pixels
        end = Points(
            "angle of the vortex",
            x + reach * math.cos(matter.angle),
            y + reach * math.sin(matter.angle),
            panels=(0,),
            draggable=True,
            sizes=9,
        )
        half = VORTEX["length"] / (2 * matter.axion_mass) / scale
        across, along = (np.array([-half, half]) * turn(matter.angle) for turn in (math.cos, math.sin))
        shape = Line("its line", x + across, y + along, dashed=True, panels=(0, 1))
        return [shape, Points("vortex", x, y, panels=(0,), draggable=True), end]
    if not len(matter):
        return []
    x, y, mass = (np.array([getattr(halo, name) for halo in matter]) for name in ("x", "y", "mass"))
    sizes = np.clip(6 + 5 * (np.log10(mass) - 7), 6, 26)
    labels = [str(index + 1) for index in range(len(matter))] if len(matter) <= 10 else []
    return [Points("subhalos", x / scale + middle, y / scale + middle, labels=labels, sizes=sizes, panels=(0, 1), draggable=True)]


def moved(event: Event, pixels: int, scale: float) -> None:
    """A click or drag on the images, before the page is drawn again."""
    x, y = (round((coordinate - (pixels - 1) / 2) * scale, 4) for coordinate in (event.x, event.y))
    match event:
        case Drag(name="subhalos", index=index) if index < len(halos()):
            changed = replace(halos()[index], x=x, y=y)
            st.session_state[_HALOS] = (*halos()[:index], changed, *halos()[index + 1 :])
            st.session_state[_PICK] = index
        case Drag(name="source"):
            _place("source", x, y)
        case Drag(name="vortex"):
            _place("vortex", x, y)
        case Drag(name="angle of the vortex"):
            across, along = x - st.session_state["vortex_x"], y - st.session_state["vortex_y"]
            st.session_state["angle"] = round(math.degrees(math.atan2(along, across)) % 180, 1)
        case Click() if st.session_state.get("matter") == "axion":
            _place("vortex", x, y)
        case Click():
            st.session_state["matter"] = "subhalos"
            _add(x, y)


def _place(name: str, x: float, y: float) -> None:
    """Set two sliders, which end at `REACH`; a camera's field may be wider."""
    st.session_state[f"{name}_x"], st.session_state[f"{name}_y"] = (min(max(value, -REACH), REACH) for value in (x, y))


def remember() -> None:
    """Put the subhalos into the address."""
    text = halos_text(halos()) if st.session_state.get("matter") == "subhalos" else ""
    st.session_state["_halos_text"] = text or None
    if text and st.query_params.get("halos") != text:
        st.query_params["halos"] = text
    if not text and "halos" in st.query_params:
        del st.query_params["halos"]


def halos_text(found: Sequence[Subhalo]) -> str:
    """Subhalos as `log10 mass,x,y[,concentration]`, joined by semicolons."""
    parts = []
    for halo in found:
        values = [f"{math.log10(halo.mass):.8g}", f"{halo.x:.6g}", f"{halo.y:.6g}"]
        values += [f"{halo.concentration:.6g}"] if halo.concentration else []
        parts.append(",".join(values))
    return ";".join(parts)


def read_halos(text: str) -> tuple[Subhalo, ...] | None:
    """The subhalos that an address asks for; None where it cannot be understood."""
    found = []
    try:
        for part in text.split(";")[: MOST + 1]:
            log_mass, x, y, *given = map(float, part.split(","))
            fits = 4 <= log_mass <= 12 and abs(x) <= 20 and abs(y) <= 20 and all(0.1 < value < 1000 for value in given)
            if not fits or len(given) > 1:
                return None
            found.append(Subhalo(10**log_mass, x, y, *given))
    except ValueError:
        return None
    return tuple(found) if len(found) <= MOST else None


def _follow_address() -> None:
    asked = st.query_params.get("halos")
    if asked is None or asked == st.session_state.get("_halos_text"):
        return
    found = read_halos(asked)
    if found is None:
        st.warning("The address asks for subhalos in a way that cannot be understood; they are left out.")
        found = ()
    st.session_state[_HALOS], st.session_state["_halos_text"] = found, asked


def _add(x: float, y: float) -> None:
    if len(halos()) < MOST:
        mass = halos()[picked()].mass if halos() else _NEW_MASS
        st.session_state[_HALOS] = (*halos(), Subhalo(mass, x, y))
        st.session_state[_PICK] = len(halos()) - 1


def _remove() -> None:
    index = picked()
    st.session_state[_HALOS] = halos()[:index] + halos()[index + 1 :]
    st.session_state[_PICK] = max(0, index - 1)


def _reweigh() -> None:
    changed = replace(halos()[picked()], mass=10 ** st.session_state[_MASS], concentration=None)
    st.session_state[_HALOS] = (*halos()[: picked()], changed, *halos()[picked() + 1 :])


def _draw(preset: str) -> None:
    row = draw_parameters(preset, "cdm", int(np.random.default_rng().integers(1 << 31)))
    st.session_state[_HALOS] = matter_of(row)[:MOST]
    st.session_state[_PICK] = int(np.argmax(row["subhalo_mass"][:MOST]))


def _halo_controls(preset: str, theta_e: float) -> Substructure:
    with st.container(horizontal=True, gap="small"):
        full = len(halos()) >= MOST
        st.button("Add", icon=":material/add:", on_click=_add, args=(round(theta_e, 2), 0.0), disabled=full, key="add_halo")
        st.button("Remove", icon=":material/remove:", on_click=_remove, disabled=not halos(), key="remove_halo")
        drawing = "Another population, sampled as in the telescope's data set."
        st.button("Draw many", icon=":material/casino:", on_click=_draw, args=(preset,), help=drawing, key="draw_halos")
    st.caption("Click on the image to add one there; drag a ring to move it.")
    if not halos():
        return ()
    st.session_state[_PICK] = picked()
    if len(halos()) > 1:
        st.selectbox("Chosen subhalo", range(len(halos())), key=_PICK, format_func=partial(_named, halos()))
    st.session_state[_MASS] = float(np.clip(math.log10(halos()[picked()].mass), *_MASSES))
    st.slider("Its mass (log₁₀ of solar masses)", *_MASSES, step=0.05, key=_MASS, on_change=_reweigh)
    return halos()


def _named(found: Sequence[Subhalo], index: int) -> str:
    halo = found[index]
    return f"{index + 1}: {power_of_ten(halo.mass, 2)} M☉ at ({halo.x:.2f}, {halo.y:.2f})″"


def _vortex_controls() -> Vortex:
    unfit_number("axion", -24, -22, "axion mass")
    mass = st.slider("Axion mass (log₁₀ of eV)", -24.0, -22.0, -23.2, 0.02, key="axion", bind="query-params")
    unfit_number("angle", 0, 180, "angle")
    # Not 45: along the pixels' diagonal, rays through pixel centres meet the point masses, and single pixels are thrown far.
    angle = st.slider("Angle of its line (degrees)", 0.0, 180.0, 30.0, 1.0, key="angle", bind="query-params")
    unfit_number("vortex_x", -REACH, REACH, "position of the vortex")
    unfit_number("vortex_y", -REACH, REACH, "position of the vortex")
    x = st.slider("Its middle, x (arcsec)", -REACH, REACH, 0.0, 0.01, key="vortex_x", bind="query-params")
    y = st.slider("Its middle, y (arcsec)", -REACH, REACH, 0.0, 0.01, key="vortex_y", bind="query-params")
    st.caption(f"Half-length {VORTEX['length'] / (2 * 10**mass):.3g} arcsec. Drag its middle or its end on the image.")
    return Vortex(10**mass, math.radians(angle), x, y)
