"""New data sets on the Data page: simulate a preset, import a folder of this machine, upload a file; and the jobs that do it."""

import re
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from lensmae.app.data import dataset_jobs
from lensmae.app.jobs import view
from lensmae.app.shared.guard import whole_page
from lensmae.app.shared.plain_text import plain
from lensmae.data import PRESETS, SPLITS
from lensmae.errors import DatasetError, LensMAEError
from lensmae.jobs import Job, JobState
from lensmae.workspace import check_name, datasets_dir, read_only, uploads_dir

WAYS = {"simulate": "Simulate", "folder": "Import a folder", "upload": "Upload a file"}
_UPLOAD_MB = 1024
_DAY = 86_400.0
_AXES = "One letter per axis, in order, as in NHWC: N lenses, C bands, H rows, W columns."


def watch_jobs() -> None:
    """Progress and cancel buttons of what is going on, and how it ended; the page is drawn again when something ends."""
    found = dataset_jobs.all_jobs()
    running = {name for name, job in found.items() if job.active}
    before = st.session_state.get("_running_jobs", set())
    st.session_state["_running_jobs"] = running
    for name, job in found.items():
        with st.container(border=True):
            _draw_job(name, job)
    if before - running:
        st.rerun()


def _draw_job(name: str, job: Job) -> None:
    if job.active:
        view.draw(job, None if read_only() else f"Cancel {name}")
        return
    show = {JobState.FINISHED: st.success, JobState.CANCELLED: st.info}.get(job.state, st.error)
    with st.container(horizontal=True, vertical_alignment="center"):
        show(job.message)
        if job.state is JobState.FINISHED:
            st.button("Open", icon=":material/arrow_forward:", on_click=_open, args=(name, job), key=f"open-set-{name}")
        st.button("Dismiss", on_click=dataset_jobs.forget, args=(name, job), key=f"dismiss-{name}", type="tertiary")


def _open(name: str, job: Job) -> None:
    """Look into a set that is ready; its message has done its work."""
    dataset_jobs.forget(name, job)
    st.session_state["set"] = name
    whole_page()


def simulate_form() -> None:
    """A preset, a name, how many."""
    names = list(PRESETS)
    preset = st.selectbox(
        "Preset", names, names.index("model_ii"), format_func=lambda name: PRESETS[name].title, key="new-preset"
    )
    facts = PRESETS[preset]
    size = f"{facts.shape[0]}×{facts.shape[1]} px" + (f", HR {facts.target_shape[0]} px" if facts.target_shape else "")
    st.caption(f"{facts.description} {size}; classes {', '.join(facts.classes)}.")
    with st.form("simulate", border=False):
        name, per_class, seed = st.columns(3)
        chosen = name.text_input("Name", preset.replace("_", "-"), key=f"new-name-{preset}", max_chars=64)
        count = per_class.number_input("Lenses a class", 1, 100_000, 300, key="new-count")
        seeded = seed.number_input(
            "Seed", 0, 2**31 - 1, 0, key="new-seed", help="Sets of one seed share lenses; give a test set another seed."
        )
        classes = _classes_to_simulate(preset)
        if st.form_submit_button("Simulate", type="primary", icon=":material/play_arrow:"):
            if not classes:
                raise DatasetError("Choose at least one class to simulate.")
            _check_new(chosen)
            dataset_jobs.start_simulation(chosen, preset, int(count), int(seeded), classes)
            st.rerun()


def _classes_to_simulate(preset: str) -> list[str]:
    """The chosen classes."""
    classes = list(PRESETS[preset].classes)
    if len(classes) < 2:
        return classes
    note = "One class alone is for learning what that class is like: no_sub, or the axion mass."
    return st.pills("Classes", classes, selection_mode="multi", default=classes, key=f"new-classes-{preset}", help=note)


def import_form(way: str) -> None:
    """A folder or an upload, what is found in it, and then the import."""
    _unfinished()
    with st.form(f"look-{way}", border=False):
        given = _source(way)
        options = _options()
        looked = st.form_submit_button("Look at it", icon=":material/search:")
    if looked:
        st.session_state.pop("_plan", None)
        with st.spinner("Looking …"):
            st.session_state["_plan"] = _plan(_stored(given) if way == "upload" else given, options)
    if plan := st.session_state.get("_plan"):
        _confirm(plan)


def _source(way: str) -> Any:
    if way == "folder":
        return st.text_input(
            "Folder or file on the machine that runs this dashboard",
            key="import-path",
            placeholder="/data/deeplense/Model_II",
            help="Class folders (no_sub, cdm, axion), also under train/ and val/; LR/ and HR/; a folder of npy, FITS, PNG or "
            "TIFF images; or an npy, npz or HDF5 file with a stack of images.",
        )
    return st.file_uploader(
        "An npy, npz or HDF5 file with a stack of images",
        ["npy", "npz", "h5", "hdf5"],
        max_upload_size=_UPLOAD_MB,
        key="import-file",
    )


def _options() -> dict[str, Any]:
    with st.expander("Options"):
        left, middle, right = st.columns(3)
        return {
            "classes": left.text_input("Names of integer labels", key="import-classes", placeholder="no_sub, cdm, axion"),
            "split": middle.selectbox("Split", ["as named, else 80/10/10 %", *SPLITS], key="import-split"),
            "size": right.number_input("Pixels a side", 8, 1024, None, key="import-size", placeholder="as they are"),
            "pixel_scale": left.number_input("Pixel scale (arcsec)", 1e-3, 60.0, None, key="import-scale", format="%g"),
            "seed": middle.number_input("Seed of the split", 0, 2**31 - 1, 0, key="import-seed"),
            "clean": right.checkbox(
                "Remove cosmic rays", key="import-clean", help="L.A.Cosmic; for real exposures, not simulations."
            ),
            "axes": left.text_input("Axes of arrays", key="import-axes", placeholder="by header and shape", help=_AXES),
            "band": middle.number_input("Band, from 0", 0, None, None, key="import-band", placeholder="mean, or the middle one"),
            "item": right.text_input("HDU or array", key="import-item", placeholder="the image by its name"),
        }


def _plan(source: Any, options: dict[str, Any]) -> Any:
    from lensmae.data import ImportOptions, plan_import

    if not source:
        raise DatasetError("Say which folder or file to import.")
    named = tuple(name.strip() for name in options["classes"].split(",") if name.strip()) or None
    split = options["split"] if options["split"] in SPLITS else None
    fitting = options["size"], options["pixel_scale"], int(options["seed"]), options["clean"]
    chosen = options["item"].strip() or None, options["band"], options["axes"].strip() or None
    return plan_import(Path(source), ImportOptions(named, split, *fitting, *chosen))


def _stored(upload: Any) -> Path | None:
    """The upload as a file of the workspace; those that nobody imported within a day go."""
    if upload is None:
        return None
    for folder in uploads_dir().glob("*"):
        if time.time() - folder.stat().st_mtime > _DAY:
            shutil.rmtree(folder, ignore_errors=True)
    folder = uploads_dir() / secrets.token_hex(8)
    folder.mkdir(parents=True)
    path = folder / f"{_safe(Path(upload.name).stem)}{Path(upload.name).suffix.lower()}"
    path.write_bytes(upload.getbuffer())
    return path


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._").replace("..", ".")[:60] or "imported"


def _confirm(plan: Any) -> None:
    """What was found, and the button that starts."""
    from lensmae.data.exchange.layouts import describe

    lenses = plan.lenses
    st.info(plain(f"Found {describe(plan.layout)}"), icon=":material/folder_open:")
    size = "×".join(map(str, plan.form.shape)) + (
        f" and HR {'×'.join(map(str, plan.form.target_shape))}" if plan.layout.is_pair else ""
    )
    scale = f", {plan.form.pixel_scale:g} arcsec/pixel" if plan.form.pixel_scale else ""
    for warning in plan.warnings:
        st.warning(plain(warning), icon=":material/warning:")
    bound = ", at most" if plan.warnings else ""
    st.caption(f"{size} px{scale}; {plan.nbytes / 1e6:,.1f} MB as float32. The splits will be{bound}:")
    counts = pd.crosstab(lenses["class"], lenses["split"]).reindex(columns=list(SPLITS), fill_value=0)
    st.dataframe(counts.loc[list(plan.layout.classes)].reset_index(), hide_index=True, width="content")
    with st.form("import", border=False):
        name = st.text_input("Name of the new data set", _safe(plan.layout.root.stem), key="import-name", max_chars=64)
        if st.form_submit_button("Import", type="primary", icon=":material/download:"):
            st.session_state.pop("_plan")
            _begin_import(name, plan.layout.root, plan.options)


def _check_new(name: str) -> None:
    check_name(name, "data set")
    if (datasets_dir() / name).exists():
        raise DatasetError(f"There is a data set {name!r} already; choose another name, or delete it first.")


def _begin_import(name: str, source: Path, options: Any) -> None:
    _check_new(name)
    dataset_jobs.start_import(name, source, options)
    st.rerun()


def _unfinished() -> None:
    """Imports that were killed: go on, or discard."""
    from lensmae.data.exchange.importing import discard_import, unfinished_imports

    for left in unfinished_imports():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"The import of **{plain(left.name)}** from {plain(left.source)} was cut short.")
            if st.button("Go on", key=f"resume-{left.name}", icon=":material/play_arrow:"):
                _begin_import(left.name, left.source, left.options)
            if st.button("Discard", key=f"discard-{left.name}", icon=":material/delete:"):
                discard_import(left.name)
                st.rerun()


def add() -> None:
    """The three ways to a new data set; what is wrong with one is said below it."""
    way = st.segmented_control("How", list(WAYS), default="simulate", required=True, format_func=WAYS.get, key="new-way")
    try:
        simulate_form() if way == "simulate" else import_form(way)
    except LensMAEError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
