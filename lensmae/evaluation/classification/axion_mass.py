"""How well a classifier's second head tells the axion mass."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lensmae.data import LensDataset
from lensmae.data.simulation.rows import pixel_scale_of
from lensmae.evaluation.ood.network_input import network_inputs
from lensmae.models import Classifier
from lensmae.models.predictors import LoadedModel

# Half-length of a vortex line in arcsec is 0.06e-22 / (2 m), m in eV (DeepLenseSim).
_VORTEX_ARCSEC_EV = 0.06e-22
_BATCH = 256


@dataclass(frozen=True)
class MassReport:
    """log10(axion mass / eV) of N axion lenses, at `rows` of the data set: truth and estimate; `resolved` where the vortex is
    longer than a pixel."""

    rows: np.ndarray
    truth: np.ndarray
    estimate: np.ndarray
    resolved: np.ndarray

    def summary(self) -> dict[str, float | int | None]:
        """Root-mean-square error and median absolute error in dex, of all axion lenses and of the resolved ones; `spread_dex` is
        the deviation of the true masses, the error of always telling their mean."""
        error = self.estimate - self.truth
        return {
            "rms_dex": _rms(error),
            "median_absolute_dex": float(np.median(np.abs(error))) if len(error) else None,
            "rms_dex_resolved": _rms(error[self.resolved]),
            "spread_dex": float(np.std(self.truth)) if len(error) else None,
            "n": len(error),
            "n_resolved": int(self.resolved.sum()),
        }

    def table(self) -> pd.DataFrame:
        """One line a lens: row, truth, estimate, resolved."""
        return pd.DataFrame({"row": self.rows, "truth": self.truth, "estimate": self.estimate, "resolved": self.resolved})


def _rms(error: np.ndarray) -> float | None:
    return float(np.sqrt(np.square(error).mean())) if len(error) else None


def evaluate_masses(model: Classifier, dataset: LensDataset, rows: np.ndarray) -> MassReport:
    """Estimates for those of the rows whose lens has an axion mass."""
    images = network_inputs(dataset, model)[0].images

    def estimates(chosen: np.ndarray) -> np.ndarray:
        parts = [model.log_mass(np.asarray(images[chosen[at : at + _BATCH]])) for at in range(0, len(chosen), _BATCH)]
        return np.concatenate(parts).astype(np.float64) if parts else np.empty(0)

    return judged(dataset, rows, estimates)


def mass_figures(model: LoadedModel, dataset: LensDataset, rows: np.ndarray) -> dict[str, Any]:
    """`axion_mass`: the summary of `evaluate_masses`; nothing where the model tells no mass or no lens of the rows has one."""
    if not isinstance(model, Classifier) or not model.tells_mass:
        return {}
    found = evaluate_masses(model, dataset, rows).summary()
    return {"axion_mass": found} if found["n"] else {}


def judged(dataset: LensDataset, rows: np.ndarray, estimates: Callable[[np.ndarray], np.ndarray]) -> MassReport:
    """Report of estimates, asked for those of the rows (M,) whose lens has an axion mass; they are log10(m / eV), (M,)."""
    masses = np.full(len(dataset.lenses), np.nan)
    if "axion_mass_ev" in dataset.lenses:
        masses = dataset.lenses["axion_mass_ev"].to_numpy(dtype=np.float64, na_value=np.nan)
    chosen = rows[np.isfinite(masses[rows])]
    scales = [pixel_scale_of(row, dataset.info.pixel_scale) for row in dataset.lenses.iloc[chosen].to_dict("records")]
    # Where the scale is not known, no vortex counts as longer than a pixel.
    resolved = _VORTEX_ARCSEC_EV / masses[chosen] > np.array([np.inf if scale is None else scale for scale in scales])
    return MassReport(chosen, np.log10(masses[chosen]), estimates(chosen), resolved)
