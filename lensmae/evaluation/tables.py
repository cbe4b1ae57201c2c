"""Nested figures as rows to print."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lensmae.evaluation.metrics import RocCurve
from lensmae.evaluation.reports import SuperResReport


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
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def roc_table(curves: Mapping[str, RocCurve]) -> pd.DataFrame:
    """The points of ROC curves: class, false_positive_rate, true_positive_rate, threshold."""
    parts = [
        pd.DataFrame({"class": name, "false_positive_rate": c.fpr, "true_positive_rate": c.tpr, "threshold": c.thresholds})
        for name, c in curves.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def superres_table(report: SuperResReport) -> pd.DataFrame:
    """One row a pair: row of the data set, PSNR in dB, SSIM and MSE of the model and of bicubic interpolation."""
    names = ("psnr", "ssim", "mse", "bicubic_psnr", "bicubic_ssim", "bicubic_mse")
    return pd.DataFrame({"row": report.indices, **{name: getattr(report, name) for name in names}})
