"""On which lenses does a classifier do well? AUC in bins of what is known of them, with units in the names."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lensmae.data import LensDataset
from lensmae.data.columns import COLUMNS, QUANTITIES
from lensmae.data.simulation.presets import PRESETS
from lensmae.data.statistics import SIGMA_OF_MAD
from lensmae.evaluation.classification.delong import auc_interval
from lensmae.evaluation.facts import largest_subhalo, quantity

LARGEST = QUANTITIES["largest_subhalo_mass"].title
TO_RING = QUANTITIES["largest_subhalo_to_ring"].title
OFFSET = QUANTITIES["source_offset"].title
SNR = COLUMNS["snr"].title
_PLAIN = ("theta_E", "gamma1", "gamma2", "R_sersic", "n_sersic", "snr", "axion_mass_ev")
_FEWEST = 5


def physical_parameters(dataset: LensDataset, rows: np.ndarray) -> dict[str, np.ndarray]:
    """What is known of lenses, (N,) float64 by name with unit, nan where a lens has none; only what differs between them.

    The Einstein ring is the circle of the macro lens's Einstein radius. The signal-to-noise ratio is that of the table's column
    `snr`, else measured on the images: total flux of the pixels above three times the sky's rms over the root of their number
    times that rms, with the sky's rms from the image's border (1.48 times the median absolute deviation). Noise-free sets have
    none.
    """
    table = dataset.lenses.iloc[rows]
    facts = [quantity(COLUMNS[name], _numbers(table[name])) for name in _PLAIN if name in table]
    found = {known.name: known.values for known in facts}
    if {"source_x", "source_y"} <= set(table):
        found[OFFSET] = np.hypot(_numbers(table["source_x"]), _numbers(table["source_y"]))
    if {"subhalo_mass", "subhalo_x", "subhalo_y", "class"} <= set(table):
        found |= _largest_subhalo(dataset, table)
    if SNR not in found:
        found[SNR] = signal_to_noise(np.asarray(dataset.images[rows]))
    return {name: values for name, values in found.items() if _differs(values)}


def spreads(values: np.ndarray) -> bool:
    """Whether no value of a parameter (N,) is that of half of the lenses that have one: then bins of it are worth looking at."""
    _, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    return len(counts) > 0 and 2 * counts.max() < counts.sum()


def binned_auc(
    values: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], bins: int = 6
) -> pd.DataFrame:
    """One-vs-rest AUC of every class in bins of a parameter that hold equally many of its lenses.

    Positives are the class's lenses in a bin. Negatives are those lenses of other classes that lie in the bin too; where the
    parameter is one of this class only (an axion mass), all lenses of the others.

    Args:
        values: (N,) of the parameter, nan where a lens has none.
        labels: (N,) int, index in `classes`.
        probabilities: (N, K).
        classes: names, in the order of the probabilities.
        bins: at most; fewer where lenses are few.

    Returns:
        Columns class, low, high, centre (median), positives, negatives, auc, auc_low, auc_high (95 %); bins with fewer than five
        lenses on a side are left out.
    """
    known, rows = np.isfinite(values), []
    for index, name in enumerate(classes):
        mine, others = known & (labels == index), labels != index
        if mine.sum() < 2 * _FEWEST:
            continue
        shared = bool((known & others).sum() >= 2 * _FEWEST)
        edges = np.unique(np.quantile(values[mine], np.linspace(0, 1, min(bins, int(mine.sum()) // _FEWEST) + 1)))
        for low, high in itertools.pairwise(edges):
            inside = known & (values >= low) & ((values <= high) if high == edges[-1] else (values < high))
            here, rest = mine & inside, others & inside if shared else others
            if min(here.sum(), rest.sum()) >= _FEWEST:
                chosen = here | rest
                auc = auc_interval(here[chosen], probabilities[chosen, index])
                centre = float(np.median(values[here]))
                rows.append((name, low, high, centre, int(here.sum()), int(rest.sum()), *auc))
    names = ("class", "low", "high", "centre", "positives", "negatives", "auc", "auc_low", "auc_high")
    return pd.DataFrame(rows, columns=names)


def einstein_radius(preset: str | None, lenses: Mapping[str, pd.Series] | pd.DataFrame) -> np.ndarray:
    """Radius (N,) in arcsec of the Einstein ring that a preset's images show."""
    # Models II and III rescale deflections from another source redshift.
    return _numbers(lenses["theta_E"]) * (PRESETS[preset].plane_factor if preset in PRESETS else 1.0)


def _numbers(column: pd.Series) -> np.ndarray:
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _largest_subhalo(dataset: LensDataset, table: pd.DataFrame) -> dict[str, np.ndarray]:
    largest = largest_subhalo(table)
    found = {LARGEST: quantity(QUANTITIES["largest_subhalo_mass"], largest.mass).values}
    if "theta_E" in table:
        found[TO_RING] = np.abs(largest.radius - einstein_radius(dataset.info.preset, table))
    return found


def signal_to_noise(images: np.ndarray) -> np.ndarray:
    """Signal-to-noise ratio (N,) of images (N, H, W), as `physical_parameters` describes it; nan without noise."""
    border = np.concatenate(
        [images[:, :3].reshape(len(images), -1), images[:, -3:].reshape(len(images), -1)]
        + [images[:, 3:-3, edge].reshape(len(images), -1) for edge in (slice(0, 3), slice(-3, None))],
        axis=1,
    )
    sky = np.median(border, axis=1)
    rms = SIGMA_OF_MAD * np.median(np.abs(border - sky[:, None]), axis=1)
    signal = images - sky[:, None, None]
    # In a noise-free image the border differs from pixel to pixel by the faintest light of the lens only.
    noisy = rms > 1e-3 * signal.max(axis=(1, 2))
    bright = signal > 3 * rms[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (signal * bright).sum(axis=(1, 2)) / (rms * np.sqrt(bright.sum(axis=(1, 2))))
    return np.where(noisy & bright.any(axis=(1, 2)), ratio, np.nan)


def _differs(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) >= 2 * _FEWEST and bool(np.ptp(finite) > 0)
