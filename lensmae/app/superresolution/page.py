"""One LR/HR pair looked at closely, and a whole split of pairs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.lens_view.component import Readout, lens_view
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice, choose_second
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import SPLIT_OPTIONS, choose, figure, unfit_number, unknown_values
from lensmae.app.superresolution import cached, downloads
from lensmae.data import DatasetInfo
from lensmae.data.store.splits import split_text
from lensmae.evaluation import SuperResReport
from lensmae.evaluation.reports.tables import LIMIT, TRUTH, superres_means, superres_table
from lensmae.evaluation.superresolution.pairs import ResolvedPair
from lensmae.evaluation.superresolution.structure import power_spectrum, radial_profile
from lensmae.figures import score_pairs, selected_rows
from lensmae.figures.superresolution import distributions, pair_panels, profiles, spectra

LIMITS = {"50": 50, "200": 200, "1000": 1000, "all": None}
_MEASURES = {"psnr": "PSNR", "ssim": "SSIM", "mse": "MSE"}
_TRUTH = "“truth” is the noise-free image against HR, whose noise costs it that much."
_LIMIT = (
    " An LR image made from HR shares its noise, and what keeps that noise scores higher, up to about the “limit”: the truth "
    "with all of HR's noise that LR tells."
)
_UNITS = {"psnr": "PSNR, dB", "ssim": "SSIM", "mse": "MSE, HR image on [0, 1]"}


def one_pair(choice: Choice) -> None:
    """All images of a pair on one scale, their residuals, and what they hold by scale and radius."""
    info, entry = choice.pair_set(), choice.checkpoint("superres")
    unfit_number("pair", 0, info.n - 1, "pair")
    default = int(loaders.get_dataset(info).indices("test")[0]) if info.splits["test"] else 0
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        row = int(st.number_input("Pair", 0, info.n - 1, default, key="pair", bind="query-params", width=180))
        other = choose_second(entry, "versus-superres")
        whole = st.toggle(
            "Test-time augmentation",
            key="ensemble",
            bind="query-params",
            help="Mean over the eight symmetries; eight times the work.",
        )
    entries = [entry] if other is None else [entry, other]
    pairs = {one.name: cached.pair(loaders.model_key(one.path), loaders.data_key(info), row, whole, info) for one in entries}
    named = " and ".join(pairs)
    st.caption(f"{loaders.describe_lens(info, row)} of {info.name}, checkpoint {named}; PSNR and SSIM against HR, data range 1.")
    _images(pairs, info, row, choice)
    for name, pair in pairs.items():
        downloads.files(pair, info, row, name, whole, len(pairs) > 1)
    downloads.explain(pairs[entry.name])
    left, right = st.columns(2, gap="large")
    enlarged = info.target_shape[0] / info.shape[0]
    scale, unit = (1.0, "HR pixel") if info.pixel_scale is None else (info.pixel_scale / enlarged, "arcsec")
    images = _kinds(pairs)
    stem = f"{'-'.join(pairs)}-{info.name}-{row}"
    with left:
        figure(
            spectra({name: power_spectrum(image, scale) for name, image in images.items()}, 0.5 / (scale * enlarged), unit),
            "spectra",
            name=f"spectra-{stem}",
        )
    with right:
        figure(
            profiles({name: radial_profile(image, scale, 2 * scale) for name, image in images.items()}, unit, info.flux_unit),
            "profiles",
            name=f"profiles-{stem}",
        )


def _kinds(pairs: Mapping[str, ResolvedPair]) -> dict[str, np.ndarray]:
    first = next(iter(pairs.values()))
    drawn = {name if len(pairs) > 1 else "network": pair.drawn for name, pair in pairs.items()}
    found = {"nearest": first.nearest, "bicubic": first.bicubic, **drawn, "HR": first.high}
    return found if first.truth is None else found | {"truth": first.truth}


def _images(pairs: Mapping[str, ResolvedPair], info: DatasetInfo, row: int, choice: Choice) -> None:
    first = next(iter(pairs.values()))
    drawn = {name if len(pairs) > 1 else "Network": pair.drawn for name, pair in pairs.items()}
    panels = pair_panels(first.low, {"Nearest": first.nearest, "Bicubic": first.bicubic, **drawn}, first.high, first.truth)
    scores = {"nearest": (first.nearest_psnr, first.nearest_ssim), "bicubic": (first.bicubic_psnr, first.bicubic_ssim)}
    scores |= {name if len(pairs) > 1 else "network": (pair.psnr, pair.ssim) for name, pair in pairs.items()}
    if first.floor_psnr is not None:
        scores[TRUTH] = (first.floor_psnr, first.floor_ssim)
    if first.limit_psnr is not None:
        scores[LIMIT] = (first.limit_psnr, first.limit_ssim)
    readouts = [Readout(name, (f"{ratio:.2f} dB · {similarity:.4f}",)) for name, (ratio, similarity) in scores.items()]
    flux = {name: pair.drawn.sum(dtype=float) / pair.high.sum(dtype=float) for name, pair in pairs.items()}
    readouts += [Readout(f"{name if len(flux) > 1 else 'network'}, flux / HR", (f"{ratio:.5f}",)) for name, ratio in flux.items()]
    about = f"Row {row} of {info.name}: {loaders.lens_text(info, row)}; checkpoint {', '.join(pairs)}"
    view = {"key": "superres", "file": f"{info.name}-{row}-superresolution", "unit": info.flux_unit, "about": about}
    swipe = (1, 2) if len(pairs) == 1 else (2, 3)
    lens_view(panels, columns=3 + len(pairs), readouts=readouts, swipe=swipe, **view, **choice.display)


def whole_split(choice: Choice) -> None:
    """Scores over a split against bicubic interpolation and the noise floor, for one or several checkpoints."""
    info, entry = choice.pair_set(), choice.checkpoint("superres")
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        split = choose("Split", SPLIT_OPTIONS, "split")
        most = choose("Pairs at most", list(LIMITS), "pairs-most", default=0)
        whole = st.toggle(
            "Test-time augmentation",
            key="ensemble-split",
            bind="query-params",
            help="Mean over the eight symmetries; eight times the work.",
        )
    others = {other.name: other for other in loaders.checkpoints("superres") if other.name != entry.name}
    unknown_values("beside-pairs", list(others), "comparison with")
    beside = st.multiselect(f"Beside {entry.name}", list(others), key="beside-pairs", bind="query-params") if others else []
    reports = {
        name: cached.report(path, info, split, LIMITS[most], whole)
        for name, path in {entry.name: entry.path, **{name: others[name].path for name in beside}}.items()
    }
    report = reports[entry.name]
    if report.note:
        st.warning(plain(report.note))
    mean, bicubic = report.summary(), report.summary()["bicubic"]
    row = st.container(horizontal=True)
    gain = f"{mean['psnr'] - bicubic['psnr']:+.2f} dB against bicubic"
    row.metric("Mean PSNR", f"{mean['psnr']:.2f} dB", gain, border=True)
    row.metric("Mean SSIM", f"{mean['ssim']:.4f}", f"{mean['ssim'] - bicubic['ssim']:+.4f} against bicubic", border=True)
    row.metric(
        "Flux over HR's",
        f"{report.flux.mean():.5f}",
        f"spread {report.flux.std():.1e}",
        delta_color="off",
        delta_arrow="off",
        border=True,
    )
    st.caption(
        f"Measured on {len(report.psnr)} pairs, {split_text(split)} of {info.name}; per image with data range 1, then the mean."
    )
    exponent = {"MSE": st.column_config.NumberColumn(format="scientific")}
    shown = _shown(superres_means(reports))
    st.dataframe(shown, hide_index=True, column_config=exponent, placeholder="–", alt="Means over the pairs, one row per image")
    stem = f"{entry.name}-{info.name}-{split}"
    measure = choose("Measure", list(_MEASURES), "score", _MEASURES)
    left, right = st.columns(2, gap="large")
    with left:
        _scatter(report, measure, stem)
    with right:
        drawn = {name if len(reports) > 1 else "network": getattr(found, measure) for name, found in reports.items()}
        drawn["bicubic"] = getattr(report, f"bicubic_{measure}")
        if report.floor_psnr is not None:
            drawn["truth"] = getattr(report, f"floor_{measure}")
        if report.limit_psnr is not None:
            drawn["limit"] = getattr(report, f"limit_{measure}")
        table = superres_table(report)
        figure(distributions(drawn, _UNITS[measure], measure == "mse"), "distribution", table, f"{measure}-{stem}")
        if report.floor_psnr is not None:
            st.caption(_TRUTH + (_LIMIT if report.limit_psnr is not None else ""))
    flux = {"network": report.flux, "bicubic": report.bicubic_flux}
    figure(distributions(flux, "total flux over that of HR"), "flux", name=f"flux-{stem}")


def _scatter(report: SuperResReport, measure: str, stem: str) -> None:
    baseline, model = getattr(report, f"bicubic_{measure}"), getattr(report, measure)

    def opened() -> None:
        rows = selected_rows(st.session_state["scores"])
        if rows:
            st.session_state["pair"] = rows[0]

    drawing = score_pairs(baseline, model, _UNITS[measure], report.indices)
    event = figure(drawing, "scores", superres_table(report), f"pairs-{stem}", on_select=opened, selection_mode="points")
    gains = (report.psnr - report.bicubic_psnr)[np.argsort(report.psnr - report.bicubic_psnr)]
    worst = report.indices[int(np.argmin(report.psnr - report.bicubic_psnr))]
    st.caption(f"Click a point to open its pair above. Smallest gain: pair {worst}, {gains[0]:+.2f} dB.")
    if st.button(f"Open pair {worst}", on_click=_open, args=(int(worst),)) or selected_rows(event):
        _once(selected_rows(event) or [int(worst)])


def _open(row: int) -> None:
    st.session_state["pair"] = row


def _once(rows: list[int]) -> None:
    """Draw the whole page again with a pair that was just asked for: this fragment holds its lower half only."""
    if st.session_state.get("pair-shown") != rows[0]:
        st.session_state["pair-shown"] = rows[0]
        st.rerun()


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    return table.round({"PSNR (dB)": 3, "± (dB)": 3, "gain on bicubic (dB)": 3, "± gain (dB)": 3, "SSIM": 5, "flux / HR": 5})
