"""Data sets on the Data page: a table of all, and one of them as a gallery, as distributions, and lens by lens."""

import functools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.data import dataset_jobs
from lensmae.app.grading.desk import desk
from lensmae.app.grading.lenses import lens_items
from lensmae.app.lens_view.component import lens_view
from lensmae.app.reconstruction.anomaly import substructure_overlays
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.units import size
from lensmae.app.shared.widgets import choose, figure, offer_file, unfit_number
from lensmae.data import DatasetInfo, delete_dataset
from lensmae.data.exchange.importing import SKIPPED
from lensmae.data.images.writer import fits_bytes, npy_bytes
from lensmae.data.simulation.presets import PRESETS
from lensmae.data.simulation.rows import pixel_scale_of
from lensmae.data.store.splits import split_text
from lensmae.evaluation.parameters import Distribution, Positions, constants, describe_row, distributions, without_lists
from lensmae.evaluation.reconstruction.anomaly import Substructure, substructure
from lensmae.figures import STRETCHES, Panel
from lensmae.figures.distributions import distribution
from lensmae.figures.images.picture import png
from lensmae.workspace import read_only

_THUMBNAIL = 128
_A_CLASS = 6
_LIMITS = ("100", "99.8", "99", "95")


def table(infos: Sequence[DatasetInfo]) -> None:
    """All data sets, one per row."""
    rows = [
        {
            "name": info.name,
            "made from": PRESETS[info.preset].title if info.preset in PRESETS else (info.preset or "imported"),
            "lenses": info.n,
            "classes": ", ".join(f"{count:,} {kind}" for kind, count in info.counts.items()),
            "train / validation / test": " / ".join(f"{info.splits[split]:,}" for split in ("train", "validation", "test")),
            "pixels": _pixels(info),
            "arcsec/pixel": info.pixel_scale,
            "MB": info.size_bytes / 1e6,
            "made": pd.Timestamp(info.created),
        }
        for info in infos
    ]
    numeric = {"MB": st.column_config.NumberColumn(format="%.1f"), "lenses": st.column_config.NumberColumn(format="localized")}
    made = st.column_config.DatetimeColumn("made (UTC)", format="YYYY-MM-DD")
    height = 38 + 35 * min(6, len(rows))
    columns = {**numeric, "made": made}
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height=height, column_config=columns, placeholder="–", alt="Data sets, one per row"
    )


def _pixels(info: DatasetInfo) -> str:
    low = "×".join(map(str, info.shape))
    return f"{low} → {'×'.join(map(str, info.target_shape))}" if info.target_shape else low


def headline(info: DatasetInfo) -> None:
    """Counts and sizes of one data set, what was left out of it, and how to be rid of it."""
    row = st.container(horizontal=True)
    row.metric("Lenses" if info.target_shape is None else "Pairs", f"{info.n:,}", border=True)
    row.metric("Pixels", _pixels(info), border=True)
    row.metric("Size", size(info.size_bytes), border=True)
    row.metric("Classes", len(info.classes), border=True, help=", ".join(info.classes))
    described = PRESETS[info.preset].description if info.preset in PRESETS else "Imported from files."
    scale = "" if info.pixel_scale is None else f" {info.pixel_scale:.3g} arcsec/pixel."
    changed = f" {said[0].upper()}{said[1:]}." if (said := loaders.changed(info)) else ""
    made = plain(f"Flux: {info.flux_unit}. Made {info.created[:10]}; fingerprint {info.fingerprint[:12]}.")
    st.caption(f"{described}{changed}{scale} {made}")
    skipped = loaders.get_dataset(info).path / SKIPPED
    if skipped.is_file():
        left_out = pd.read_csv(skipped)
        with st.expander(f"Left out: {len(left_out):,}", icon=":material/warning:"):
            st.dataframe(left_out, hide_index=True)


def delete_button(info: DatasetInfo) -> None:
    """Delete, after a second click."""
    with st.popover("Delete", icon=":material/delete:"):
        st.write(f"Delete **{plain(info.name)}** with its {info.n:,} lenses ({size(info.size_bytes)})? This cannot be undone.")
        if st.button(f"Delete {info.name}", type="primary", key=f"delete-{info.name}"):
            delete_dataset(info.name)
            if (job := dataset_jobs.all_jobs().get(info.name)) is not None:
                # That it is ready is no longer true.
                dataset_jobs.forget(info.name, job)
            st.session_state["_deleted"] = info.name
            st.rerun()


@st.cache_data(max_entries=2048, show_spinner=False)
def _picture(key: loaders.DataKey, row: int, target: bool, stretch: str, percentile: float) -> bytes:
    dataset = loaders.get_dataset_by_key(key)
    pixels = np.array((dataset.targets if target else dataset.images)[row])
    return png(Panel("", pixels), stretch, percentile, enlarge=max(1, round(_THUMBNAIL / max(pixels.shape))))


def gallery(info: DatasetInfo, choice: Choice) -> None:
    """Some lenses of every class, each on its own scale; a click on its name opens one."""
    lenses = loaders.get_dataset(info).lenses
    st.caption("Each lens between its own limits; a click on its name opens it.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = choose("Split", ("all", "train", "validation", "test"), "split")
        draw = int(st.session_state.get("draw", 0))
        st.button("Others", icon=":material/casino:", on_click=lambda: st.session_state.update(draw=draw + 1))
    for index, kind in enumerate(info.classes):
        rows = np.flatnonzero((lenses["class"] == kind) & ((lenses["split"] == split) | (split == "all")))
        st.markdown(f"**{plain(kind)}** · {len(rows):,} in {split_text(split)}")
        chosen = np.sort(np.random.default_rng([draw, index]).permutation(rows)[:_A_CLASS])
        with st.grid(_A_CLASS, min_column_width=110, gap="small"):
            for row in chosen:
                _thumbnail(info, int(row), str(lenses["id"].iloc[row]), choice)


def _thumbnail(info: DatasetInfo, row: int, name: str, choice: Choice) -> None:
    with st.container(gap=None):
        picture = _picture(loaders.data_key(info), row, info.target_shape is not None, choice.stretch, choice.percentile)
        st.image(picture, width="stretch", alt=f"Lens {name} of {info.name}")
        st.button(
            plain(name),
            key=f"open-{row}",
            type="tertiary",
            on_click=_open,
            args=(row,),
            help="Look at this lens",
            width="stretch",
        )


def _open(row: int) -> None:
    st.session_state["row"], st.session_state["view"] = row, "lens"
    # The field that keeps the row in the address is not drawn yet.
    st.query_params["row"] = str(row)


@st.cache_data(max_entries=16, show_spinner="Counting …")
def _distributions(key: loaders.DataKey, split: str) -> tuple[list[Distribution | Positions], pd.DataFrame]:
    dataset = loaders.get_dataset_by_key(key)
    lenses = dataset.lenses.iloc[dataset.indices(split)]
    return distributions(lenses), constants(lenses)


def parameters(info: DatasetInfo) -> None:
    """Histograms of all that varies, and a table of all that does not."""
    split = choose("Split", ("all", "train", "validation", "test"), "split")
    if split != "all" and not info.splits[split]:
        st.info(f"{info.name} has no lenses in {split_text(split)}.", icon=":material/info:")
        return
    varying, fixed = _distributions(loaders.data_key(info), split)
    count = info.n if split == "all" else info.splits[split]
    st.caption(f"{count:,} lenses, {split_text(split)} of {info.name}.")
    if not varying:
        st.info("Nothing is known of these lenses but their class.", icon=":material/info:")
    with st.grid(3, min_column_width=280, gap="medium"):
        for found in varying:
            with st.container():
                figure(distribution(found), f"distribution-{found.name}", name=f"{info.name}-{split}-{found.name}")
    if len(fixed):
        st.markdown("**The same in all lenses**")
        st.dataframe(fixed, hide_index=True, width="content")
    # Made when asked for: tens of megabytes of a large set.
    made = functools.partial(_csv, loaders.data_key(info), split)
    label, name = "All lenses, one per row (CSV, without lists of subhalos)", f"lenses-{info.name}-{split}.csv"
    st.download_button(
        label, made, name, "text/csv", icon=":material/download:", type="tertiary", on_click="ignore", key="csv-lenses"
    )


def _csv(key: loaders.DataKey, split: str) -> bytes:
    dataset = loaders.get_dataset_by_key(key)
    return without_lists(dataset.lenses.iloc[dataset.indices(split)]).to_csv(index=False).encode()


def one_lens(info: DatasetInfo, choice: Choice) -> None:
    """One lens with its own stretch, its subhalos and its parameters."""
    unfit_number("row", 0, info.n - 1, "lens")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if st.session_state.get("row") is not None and st.session_state["row"] >= info.n:
            st.session_state["row"] = 0
        row = int(st.number_input("Lens of this set", 0, info.n - 1, 0, key="row", bind="query-params", width=160))
        stretch = st.segmented_control("Stretch here", STRETCHES, default=choice.stretch, required=True, key="look-stretch")
        percentile = float(st.selectbox("Upper limit (percentile)", _LIMITS, _limit(choice), key="look-limit", width=180))
    dataset = loaders.get_dataset(info)
    lens = dataset.lenses.iloc[row]
    panels = _panels(info, row)
    left, right = st.columns([3, 2] if len(panels) > 1 else 2, gap="large")
    with left:
        height, width = info.target_shape or info.shape
        own = pixel_scale_of(lens, info.pixel_scale)
        found = substructure({**lens, "pixel_scale": own and own * info.shape[1] / width}, (height, width), None)
        about = f"Row {row} of {info.name}: {loaders.lens_text(info, row)}"
        view = {"key": "data", "file": f"{info.name}-{row}", "unit": loaders.flux_unit(info, row), "about": about}
        lens_view(panels, overlays=substructure_overlays(found), stretch=stretch, percentile=percentile, **view)
        st.caption(loaders.describe_lens(info, row) + _said_of(found))
        _save(info, row)
        if len(info.classes) > 1 and not read_only():
            st.caption("Class and parameters are in view here; under “Grades” they are hidden until a lens is graded.")
        items = lens_items(info, np.arange(info.n))
        desk(items, row, lambda index: st.session_state.update(row=index), "data")
    with right:
        wide = {"parameter": st.column_config.TextColumn(width=210), "value": st.column_config.TextColumn(width=160)}
        st.dataframe(describe_row(lens), hide_index=True, height=460, column_config=wide)


def _limit(choice: Choice) -> int:
    shown = f"{choice.percentile:g}"
    return _LIMITS.index(shown) if shown in _LIMITS else 0


def _panels(info: DatasetInfo, row: int) -> list[Panel]:
    dataset = loaders.get_dataset(info)
    if dataset.targets is None:
        return [Panel(str(dataset.lenses["id"].iloc[row]), np.array(dataset.images[row]))]
    named = {"HR": dataset.targets, "LR": dataset.images, "Noise-free": dataset.truths}
    return [Panel(name, np.array(array[row])) for name, array in named.items() if array is not None]


def _said_of(found: Substructure | None) -> str:
    if found is None:
        return ""
    return "; the line is the true vortex" if found.line else "; rings are the true subhalos, larger ones more massive"


def _save(info: DatasetInfo, row: int) -> None:
    dataset = loaders.get_dataset(info)
    own = pixel_scale_of(dataset.lenses.iloc[row], info.pixel_scale)
    name, unit = f"{info.name}-{dataset.lenses['id'].iloc[row]}", loaders.flux_unit(info, row)
    facts = {"DATASET": (info.name, "data set"), "LENS": (row, "row of the data set")}
    images = {"": dataset.images} if dataset.targets is None else {" · HR": dataset.targets, " · LR": dataset.images}
    with st.container(horizontal=True):
        for kind, stack in images.items():
            pixels, file = np.array(stack[row]), f"{name}{kind.replace(' · ', '-')}"
            scale = None if own is None else own * info.shape[0] / pixels.shape[0]
            made = functools.partial(fits_bytes, pixels, scale, facts, unit=unit)
            offer_file(f"FITS{kind}", made, f"{file}.fits", "image/fits")
            offer_file(f"npy{kind}", functools.partial(npy_bytes, pixels), f"{file}.npy", "application/octet-stream")


def tools(info: DatasetInfo) -> None:
    """Open the set on other pages, or delete it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        key, page, label = ("data", "pages/reconstruction.py", "Reconstruct its lenses")
        if info.target_shape is not None:
            key, page, label = ("pairs", "pages/superresolution.py", "Super-resolve its pairs")
        address = st.query_params.to_dict() | {key: info.name, "lens": "0"}
        st.page_link(page, label=label, icon=":material/arrow_forward:", query_params=address, width="content")
        if not read_only():
            delete_button(info)
