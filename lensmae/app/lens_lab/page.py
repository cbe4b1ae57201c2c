"""The Lens lab: pictures of a lens made by hand, what networks say of it, and a sweep."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from lensmae.app.lens_lab import controls, substructure
from lensmae.app.lens_lab.controls import LabLens
from lensmae.app.lens_view.component import lens_view
from lensmae.app.shared import loaders, networks
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.units import power_of_ten
from lensmae.app.shared.widgets import figure, progress_bar
from lensmae.data import DatasetInfo
from lensmae.data.simulation.lens_lab import Observation, Vortex, matter_of
from lensmae.data.simulation.lens_lab import observe as look
from lensmae.data.simulation.presets import PRESETS
from lensmae.data.simulation.priors import MODEL_HALOS
from lensmae.data.simulation.rows import lab_preset
from lensmae.data.withheld import CANNOT_TELL
from lensmae.errors import CheckpointError, DatasetError
from lensmae.figures import Points
from lensmae.figures.classification.sweep import probability_sweep
from lensmae.figures.lens_lab import CAUSTIC_COLOUR, lab_lines, lab_panels
from lensmae.workspace import read_only

# Presets whose cdm lenses all have the same number of subhalos.
_FIXED_COUNT = ("model_i", "model_ii", "model_iii")


def begin(choice: Choice) -> Mapping[str, Any] | None:
    """The row of the data set's lens that the lab's lens began as; opens the lens that the address asks for (`open=1`)."""
    if st.query_params.get("open") == "1" and choice.data is not None:
        del st.query_params["open"]
        open_lens(choice.data, choice.lens)
    asked = st.query_params.get("base", st.session_state.get("_base"))
    if not asked:
        return None
    st.session_state["_base"] = asked
    if st.query_params.get("base") != asked:
        st.query_params["base"] = asked
    return _base_row(asked)


def open_button(choice: Choice) -> None:
    """A button that takes the sidebar's lens into the lab."""
    if choice.data is None:
        return
    known = loaders.can_open_in_lab(choice.data, choice.lens)
    label = f"Start from lens {choice.lens} of {choice.data.name}"
    why = None if known else "It was imported, or is of a preset that the lab does not have."
    st.button(label, icon=":material/input:", on_click=open_lens, args=(choice.data, choice.lens), disabled=not known, help=why)


def open_lens(info: DatasetInfo, index: int) -> None:
    """Put a lens of a data set into the sliders."""
    row = _row(info, index)
    preset = lab_preset(info.preset, row)
    if preset is None:
        raise DatasetError(f"Data set {info.name} has no parameters that the lab could start from; choose a simulated one.")
    controls.set_values(preset, row)
    substructure.set_matter(matter_of(row))
    st.session_state["_base"] = st.query_params["base"] = f"{info.name}/{index}"


def _row(info: DatasetInfo, index: int) -> dict[str, Any]:
    return loaders.get_dataset(info).lenses.iloc[index].to_dict()


def _base_row(asked: str) -> Mapping[str, Any] | None:
    name, _, index = asked.rpartition("/")
    found = next((info for info in loaders.datasets() if info.name == name), None)
    if found is None or not index.isdigit() or len(index) > 9 or int(index) >= found.n:
        st.warning(
            f"The address asks for the lens “{plain(asked[:60])}”, which is not here; its neighbours and knots are left out."
        )
        st.session_state.pop("_base", None)
        del st.query_params["base"]
        return None
    return _row(found, int(index))


def observe(lens: LabLens) -> Observation:
    """The lens as its telescope sees it, and its file holds it."""
    seen = look(lens.row, lens.preset)
    return replace(seen, image=lens.as_in_file(seen.image))


def pictures(lens: LabLens, seen: Observation, choice: Choice) -> None:
    """Image, difference, the lens without substructure and the source, with curves and points that can be dragged."""
    pixels, scale = lens.extent
    middle = (pixels - 1) / 2

    def heard(event: Any) -> None:
        substructure.moved(event, pixels, scale)

    source = Points(
        "source",
        np.array([lens.scalars["source_x"]]) / scale + middle,
        np.array([lens.scalars["source_y"]]) / scale + middle,
        colour=CAUSTIC_COLOUR,
        panels=(3,),
        draggable=True,
    )
    drawn = lab_lines(seen.curves.critical, seen.curves.caustics, pixels, scale)
    lens_view(
        lab_panels(seen.image, seen.expected, seen.smooth, seen.source),
        key="lab",
        file=f"lens-lab-{lens.preset}",
        unit=PRESETS[lens.preset].flux_unit,
        about=described(lens),
        columns=2,
        overlays=[*drawn, source, *substructure.overlays(lens.matter, pixels, scale)],
        pick=("click",),
        on_event=heard,
        **choice.display,
    )
    st.caption(
        f"{pixels}×{pixels} pixels of {scale:g} arcsec: {pixels * scale:.1f} arcsec a side. Class: {lens.row['class']}."
        f"{_weaker(lens)}"
    )


def described(lens: LabLens) -> str:
    """The lens in a line, for the foot of saved images."""
    kind = PRESETS[lens.preset]
    if not lens.matter:
        matter = "no substructure"
    elif isinstance(lens.matter, Vortex):
        matter = f"a vortex of an axion of {power_of_ten(lens.matter.axion_mass, 2)} eV"
    else:
        matter = f"{len(lens.matter)} subhalos, {power_of_ten(sum(halo.mass for halo in lens.matter), 2)} solar masses in all"
    return (
        f"Lens lab, {kind.title}, {lens.extent[1]:g} arcsec/pixel: Einstein radius {lens.scalars['theta_E']:.2f} arcsec; {matter}"
    )


def _weaker(lens: LabLens) -> str:
    """Why the ring is smaller than the Einstein radius of the slider, where it is."""
    factor = PRESETS[lens.preset].plane_factor
    if factor == 1.0:
        return ""
    seen = factor * lens.scalars["theta_E"]
    return (
        f" The Einstein radius looks like {seen:.2f} arcsec here: the simulator of "
        f"{PRESETS[lens.preset].title} bends light by {factor:.3f} of "
        "what the lens would."
    )


def answers(lens: LabLens, image: np.ndarray, choice: Choice) -> None:
    """What the chosen classifier and autoencoder say of the image; no class where it is out of the classifier's domain."""
    from lensmae.evaluation.images.lens_lab import reconstruct

    st.header("What the networks say", anchor=False)
    if not {"classifier", "mae"} & set(choice.checkpoints):
        st.info("There is no network yet; train one on the Training page.", icon=":material/info:")
        return
    if "classifier" in choice.checkpoints:
        _class(lens, image, choice.checkpoints["classifier"])
    if "mae" in choice.checkpoints:
        entry = choice.checkpoints["mae"]
        drawn = reconstruct(loaders.get_model(entry.path), image)
        hidden = f"{drawn.mask_ratio:.0%} of the patches hidden, image on [0, 1]; checkpoint {entry.name}"
        st.markdown(f"Reconstruction error **{drawn.mse:.2e}** :small[(MSE of hidden pixels; {plain(hidden)}).]")


def _chance(value: float) -> str:
    """A softmax probability: none is so sure that it is 0 or 1."""
    return "> 99.9%" if value > 0.9995 else "< 0.1%" if value < 0.0005 else f"{value:.1%}"


def _class(lens: LabLens, image: np.ndarray, entry: Any) -> None:
    from lensmae.evaluation.images.lens_lab import answer
    from lensmae.evaluation.images.verdicts import verdict

    found = answer(image, loaders.get_model(entry.path), _reference(entry), _specialist(entry.name))
    if found.called is None:
        st.metric("Class", CANNOT_TELL, width="content")
        st.warning(plain(verdict(found)), icon=":material/block:")
        _foreign_count(lens, entry)
        return
    with st.container(horizontal=True, gap="medium"):
        for name, chance in zip(found.classes, found.probabilities, strict=True):
            st.metric(f"P({name})", _chance(chance), width="content")
    orientations = "one orientation" if found.spread is None else "mean of eight orientations"
    st.caption(plain(f"{verdict(found)} Softmax, {orientations}."))
    _foreign_count(lens, entry)


def _reference(entry: Any) -> Any:
    """The reference of a checkpoint, from the file beside it; None where that is missing, or of other weights."""
    try:
        return networks.beside(entry.path)
    except CheckpointError as problem:
        st.info(plain(f"What is in the domain of {entry.name} is not known: {problem}"), icon=":material/help:")
        return None


def _specialist(name: str) -> tuple[Any, Any] | None:
    """The specialist that is asked before a classifier of this name, with its reference; None where there is none."""
    from lensmae.evaluation.images.automatic import specialist_of

    entry = specialist_of(name)
    reference = None if entry is None else _reference(entry)
    return None if reference is None else (loaders.get_model(entry.path), reference)


def _foreign_count(lens: LabLens, entry: Any) -> None:
    """A simulator whose cdm lenses all have the same number of subhalos teaches none with another."""
    usual = MODEL_HALOS["count"]
    if entry.card.data.get("preset") == lens.preset in _FIXED_COUNT and lens.row["class"] == "cdm" and len(lens.matter) != usual:
        few = f"{len(lens.matter)} subhalo" + ("s" if len(lens.matter) > 1 else "")
        st.info(
            f"Every cdm lens of {PRESETS[lens.preset].title} has {usual} subhalos, and this one {few}: the classifier was "
            "trained on none like it, and may well call it no_sub.",
            icon=":material/info:",
        )


def sweep(lens: LabLens, choice: Choice) -> None:
    """Class probability against the mass of the chosen subhalo or of the axion."""
    st.header("How much substructure does it take?", anchor=False)
    if "classifier" not in choice.checkpoints:
        st.info("There is no classifier yet; train one on the Training page.", icon=":material/info:")
        return
    if lens.row["class"] == "no_sub":
        st.info("Add a subhalo or choose the axion vortex: the sweep shows the classifier's answer against its mass.")
        return
    entry, axion = choice.checkpoints["classifier"], isinstance(lens.matter, Vortex)
    what = "the axion mass" if axion else f"the mass of subhalo {substructure.picked() + 1}"
    asked = _signature(lens, entry)
    if st.button(f"Sweep {what}", icon=":material/show_chart:", disabled=read_only(), key="sweep"):
        st.session_state["lab_sweep"] = asked, _swept(lens, entry)
    before, table = st.session_state.get("lab_sweep", (None, None))
    if before != asked:
        st.caption("13 masses, each classified with the noise of the same seed. Takes some seconds.")
        return
    now = lens.matter.axion_mass if axion else lens.matter[substructure.picked()].mass
    title = "axion mass (eV)" if axion else f"mass of subhalo {substructure.picked() + 1} (solar masses)"
    figure(probability_sweep(table, entry.card.classes, title, now), "lab-sweep", table)
    averaged = ", averaged over eight orientations" if entry.card.symmetric else ""
    st.caption(f"Softmax of {entry.name}{averaged}, for this lens only.")


def _signature(lens: LabLens, entry: Any) -> tuple[Any, ...]:
    """All that a sweep depends on: the lens but for the mass that is swept, and the classifier."""
    if isinstance(lens.matter, Vortex):
        matter: Any = (lens.matter.angle, lens.matter.x, lens.matter.y)
    else:
        index = substructure.picked()
        rest = [(halo.mass if number != index else None, halo.x, halo.y) for number, halo in enumerate(lens.matter)]
        matter = (index, tuple(rest))
    return (
        loaders.model_key(entry.path),
        lens.preset,
        tuple(lens.scalars.items()),
        lens.in_file,
        lens.seed,
        matter,
        st.session_state.get("_base"),
    )


def _swept(lens: LabLens, entry: Any) -> Any:
    from lensmae.evaluation.images.lens_lab import sweep_mass

    model = loaders.get_model(entry.path)
    with progress_bar("Classifying") as progress:
        which = 0 if isinstance(lens.matter, Vortex) else substructure.picked()
        options = {"which": which, "base": lens.base, "finish": lens.as_in_file, "progress": progress}
        return sweep_mass(model, lens.preset, lens.scalars, lens.matter, lens.seed, **options)
