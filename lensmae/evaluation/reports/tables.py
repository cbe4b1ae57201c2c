"""Nested figures as rows to print."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lensmae.evaluation.classification.bootstrap import Band
from lensmae.evaluation.classification.calibration import Reliability
from lensmae.evaluation.classification.delong import macro_delong_test
from lensmae.evaluation.measure.reports import SuperResReport
from lensmae.evaluation.metrics import PrCurve, RocCurve
from lensmae.evaluation.rounding import share

# Rows beside the networks where the noise-free truth is known.
TRUTH, LIMIT = "noise-free truth", "limit: truth with LR's noise"


def flatten(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Nested dictionary -> rows of dotted name and value."""
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        found += flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return found


def readable(value: Any) -> str:
    """A value for a table: six digits of a number, words for a figure that could not be computed."""
    if value is None:
        return "not defined"
    if not isinstance(value, float):
        return str(value)
    return share(value, ".6f") if f"{value:.6g}" == "1" and value < 1 else f"{value:.6g}"


def roc_table(curves: Mapping[str, RocCurve], bands: Mapping[str, Band] | None = None) -> pd.DataFrame:
    """Points of ROC curves: class, false_positive_rate, true_positive_rate, threshold, auc, and where bands are given the bounds
    of the 95 % intervals at each point and of the AUC."""
    parts = []
    for name, curve in curves.items():
        columns = {"false_positive_rate": curve.fpr, "true_positive_rate": curve.tpr, "threshold": curve.thresholds}
        part = pd.DataFrame({"class": name, **columns, "auc": curve.auc})
        parts.append(_with_band(part, "true_positive_rate", "auc", curve.fpr, (bands or {}).get(name)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def pr_table(curves: Mapping[str, PrCurve], bands: Mapping[str, Band] | None = None) -> pd.DataFrame:
    """Points of precision-recall curves: class, recall, precision, threshold, average_precision, and bounds as `roc_table`."""
    parts = []
    for name, curve in curves.items():
        columns = {"recall": curve.recall, "precision": curve.precision, "threshold": curve.thresholds}
        part = pd.DataFrame({"class": name, **columns, "average_precision": curve.average})
        parts.append(_with_band(part, "precision", "average_precision", curve.recall, (bands or {}).get(name)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _with_band(part: pd.DataFrame, rate: str, area: str, indices: np.ndarray, band: Band | None) -> pd.DataFrame:
    if band is None:
        return part
    bounds = {f"{rate}_low": np.interp(indices, band.grid, band.low), f"{rate}_high": np.interp(indices, band.grid, band.high)}
    return part.assign(**bounds, **{f"{area}_low": band.area[0], f"{area}_high": band.area[1]})


def confusion_table(counts: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """One row a cell: true class, called class, lenses, share of the true class."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [(true, called) for true in classes for called in classes]
    table = pd.DataFrame(names, columns=["true_class", "called_class"])
    return table.assign(lenses=counts.ravel(), share_of_true_class=share.ravel())


def reliability_table(measured: Mapping[str, Reliability]) -> pd.DataFrame:
    """One row a bin: probabilities (as they are, tempered), bin, lenses, mean confidence, accuracy with its 95 % bounds, ECE."""
    parts = [
        pd.DataFrame(
            {
                "probabilities": name,
                "bin_low": found.edges[:, 0],
                "bin_high": found.edges[:, 1],
                "lenses": found.count,
                "confidence": found.confidence,
                "accuracy": found.accuracy,
                "accuracy_low": found.low,
                "accuracy_high": found.high,
                "ece": found.ece,
            }
        )
        for name, found in measured.items()
    ]
    return pd.concat(parts, ignore_index=True)


def auc_test_table(labels: np.ndarray, answers: Mapping[str, np.ndarray], classes: Sequence[str]) -> pd.DataFrame:
    """DeLong's test of the first model against each other one, by class and macro.

    Args:
        labels: (N,) int, index in `classes`.
        answers: probabilities (N, K) by model.
        classes: names, in the order of the probabilities.
    """
    first, *others = answers
    rows = []
    for other in others:
        for of, test in macro_delong_test(labels, answers[first], answers[other], classes).items():
            figures = (test.first, test.second, test.difference, test.low, test.high, test.z, test.p)
            rows.append((f"{first} − {other}", of, *figures))
    return pd.DataFrame(rows, columns=["comparison", "of", "auc", "auc_beside", "difference", "low", "high", "z", "p"])


def superres_table(report: SuperResReport) -> pd.DataFrame:
    """One row a pair: row of the data set, PSNR in dB, SSIM and MSE of the model, of bicubic interpolation and, where it is
    known, of the noise-free truth (`floor_`) and of it with LR's noise (`limit_`), and total flux over that of the HR image."""
    names = ("psnr", "ssim", "mse", "bicubic_psnr", "bicubic_ssim", "bicubic_mse", "flux", "bicubic_flux")
    floor = ("floor_psnr", "floor_ssim", "floor_mse") if report.floor_psnr is not None else ()
    limit = ("limit_psnr", "limit_ssim", "limit_mse") if report.limit_psnr is not None else ()
    return pd.DataFrame({"row": report.indices, **{name: getattr(report, name) for name in (*names, *floor, *limit)}})


def superres_means(reports: Mapping[str, SuperResReport]) -> pd.DataFrame:
    """Means over pairs with their standard errors, by model, then of bicubic, the noise-free truth and the limit."""
    first = next(iter(reports.values()))
    rows = [_mean_row(name, r.psnr, r.ssim, r.mse, r.flux, r.psnr - first.bicubic_psnr) for name, r in reports.items()]
    bicubic = (first.bicubic_psnr, first.bicubic_ssim, first.bicubic_mse, first.bicubic_flux)
    rows.append(_mean_row("bicubic", *bicubic, np.zeros(len(first.psnr))))
    if first.floor_psnr is not None:
        gain = first.floor_psnr - first.bicubic_psnr
        rows.append(_mean_row(TRUTH, first.floor_psnr, first.floor_ssim, first.floor_mse, None, gain))
    if first.limit_psnr is not None:
        gain = first.limit_psnr - first.bicubic_psnr
        rows.append(_mean_row(LIMIT, first.limit_psnr, first.limit_ssim, first.limit_mse, None, gain))
    return pd.DataFrame(rows)


def _mean_row(name: str, psnr: np.ndarray, ssim: np.ndarray, mse: np.ndarray, flux: np.ndarray | None, gain: np.ndarray) -> dict:
    def error(values: np.ndarray) -> float:
        return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")

    return {
        "image": name,
        "PSNR (dB)": psnr.mean(),
        "± (dB)": error(psnr),
        "gain on bicubic (dB)": gain.mean(),
        "± gain (dB)": error(gain),
        "SSIM": ssim.mean(),
        "MSE": mse.mean(),
        "flux / HR": np.nan if flux is None else flux.mean(),
    }
