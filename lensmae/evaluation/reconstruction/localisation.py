"""Do anomaly maps say where substructure is? Against the true places of simulated lenses, and against chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from lensmae.data import LensDataset
from lensmae.data.store.dataset import select_rows
from lensmae.errors import ConfigError
from lensmae.evaluation.reconstruction.anomaly import AnomalyScores, Substructure, anomaly_scores, expected_map, substructure
from lensmae.models import Reconstructor
from lensmae.progress import Progress

_PERMUTATIONS = 2000
# So improbable by chance counts as found.
_CHANCE = 0.01
# Maps that point at it in fewer lenses do not locate, however unlikely that is by chance.
_OFTEN = 0.5


@dataclass(frozen=True)
class Localisation:
    """How often the maps of N lenses of one class peak at their substructure.

    Attributes:
        kind: name of the class.
        lenses: N.
        smooth: lenses without substructure that they are compared with.
        auc: area under the ROC curve of the mean error, this class against lenses without substructure.
        p_detected: probability of such an area where the errors are alike (Mann and Whitney, one-sided).
        at_heaviest: share of maps whose peak lies within `radius` of the heaviest subhalo, or of a vortex line.
        at_any: the same of any subhalo.
        chance_heaviest, chance_any: the same with the maps of the other lenses; it knows where peaks and substructure tend to be.
        p_located: probability that maps dealt out to lenses at random point at the heaviest as often.
        radius: pixels.
    """

    kind: str
    lenses: int
    smooth: int
    auc: float
    p_detected: float
    at_heaviest: float
    chance_heaviest: float
    at_any: float
    chance_any: float
    p_located: float
    radius: float

    @property
    def too_few(self) -> bool:
        """Whether even a perfect map of so many lenses might be chance."""
        orders = min(math.comb(self.lenses + self.smooth, self.lenses), math.factorial(self.lenses))
        return orders * _CHANCE <= 1

    @property
    def locates(self) -> bool:
        """Whether most maps point at the heaviest subhalo, and not by chance."""
        return self.p_located < _CHANCE and self.at_heaviest >= _OFTEN

    @property
    def sentence(self) -> str:
        """What the figures mean."""
        peaks = f"in {self.at_heaviest:.0%} of {self.lenses} lenses the map peaks at the heaviest"
        compared = f"{peaks}, maps of other lenses do in {self.chance_heaviest:.0%} (p = {self.p_located:.2g})"
        if self.too_few:
            compared += "; too few lenses to tell chance from more"
            return f"AUC of {self.kind} against {self.smooth} lenses without substructure {self.auc:.3f}; {compared}."
        detects = "Detects" if self.p_detected < _CHANCE else "Does not detect"
        locates = "locates" if self.locates else "locates some" if self.p_located < _CHANCE else "does not locate"
        return f"{detects} {self.kind} (AUC {self.auc:.3f}), {locates}: {compared}."


def rows_of_class(dataset: LensDataset, split: str, kind: str, most: int) -> np.ndarray:
    """Rows (K,) of the lenses of a class in a split, at most so many, spread over it.

    Args:
        dataset: the data set.
        split: train, validation, test or all.
        kind: name of the class.
        most: 1 or more.
    """
    rows = select_rows(dataset, split, None)
    rows = rows[dataset.lenses["class"].to_numpy(dtype=str)[rows] == kind]
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)]


def map_peaks(maps: np.ndarray, expected: np.ndarray | None = None) -> np.ndarray:
    """Row and column (N, 2) of the largest pixel of maps (N, H, W), in units of an expected map (H, W) where that is given."""
    flat = (maps if expected is None else maps / expected).reshape(len(maps), -1)
    return np.stack(np.unravel_index(flat.argmax(axis=1), maps.shape[1:]), axis=1)


def localisation(
    kind: str,
    scores: AnomalyScores,
    truths: Sequence[Substructure],
    smooth: AnomalyScores,
    radius: float,
    *,
    relative: bool = True,
) -> Localisation:
    """Compare the peaks of maps with the true places.

    Args:
        kind: name of the class.
        scores: of N lenses of it, 2 or more.
        truths: their substructure.
        smooth: scores of lenses without substructure, for the map that is expected and the detection.
        radius: pixels; a peak so near counts.
        relative: maps in units of the expected one, else as they are.

    Raises:
        ConfigError: where there are fewer than two lenses.
    """
    if len(truths) < 2:
        raise ConfigError(f"Of {kind} there are {len(truths)} lenses with known substructure; localisation needs two or more.")
    peaks = map_peaks(scores.maps, expected_map(smooth) if relative else None)
    heaviest, some = (_hits(peaks, truths, radius, whole) for whole in (False, True))
    higher = mannwhitneyu(scores.mean, smooth.mean, alternative="greater")
    return Localisation(
        kind=kind,
        lenses=len(truths),
        smooth=len(smooth.mean),
        auc=float(higher.statistic) / (len(scores.mean) * len(smooth.mean)),
        p_detected=float(higher.pvalue),
        at_heaviest=float(heaviest.diagonal().mean()),
        chance_heaviest=_others(heaviest),
        at_any=float(some.diagonal().mean()),
        chance_any=_others(some),
        p_located=_p_value(heaviest),
        radius=radius,
    )


def locate_in_set(
    model: Reconstructor,
    dataset: LensDataset,
    rows: np.ndarray,
    smooth: AnomalyScores,
    masks: int = 16,
    *,
    progress: Progress | None = None,
) -> list[Localisation]:
    """Localisation by class of those of the rows whose substructure is known; a class with fewer than two of them is left out.

    Args:
        model: the network.
        dataset: simulated lenses, of one pixel scale.
        rows: (N,) of lenses with substructure.
        smooth: scores of lenses without, under the same masks.
        masks: of each lens.
        progress: called with (reconstructions done, reconstructions in all).
    """
    lenses, shape = dataset.lenses, dataset.images.shape[1:]
    truths = {int(row): substructure(lenses.iloc[row], shape, dataset.info.pixel_scale) for row in rows}
    known = [row for row, truth in truths.items() if truth is not None]
    if not known:
        return []
    scores = anomaly_scores(model, np.asarray(dataset.images[known]), masks, progress=progress)
    kinds = lenses["class"].to_numpy(dtype=str)[known]
    radius = float(model.patch_size)
    found = []
    for kind in dict.fromkeys(kinds):
        chosen = np.flatnonzero(kinds == kind)
        if len(chosen) > 1:
            some = AnomalyScores(scores.mean[chosen], scores.peak[chosen], scores.maps[chosen])
            found.append(localisation(kind, some, [truths[known[place]] for place in chosen], smooth, radius))
    return found


def localisation_table(found: Sequence[Localisation]) -> pd.DataFrame:
    """One row a class, for tables and files."""
    return pd.DataFrame([{**vars(one), "locates": one.locates} for one in found])


def _hits(peaks: np.ndarray, truths: Sequence[Substructure], radius: float, whole: bool) -> np.ndarray:
    """Whether the peak of map i lies at the substructure of lens j, (N, N) bool."""
    return np.stack([_distance(peaks, truth, whole) <= radius for truth in truths], axis=1)


def _distance(peaks: np.ndarray, truth: Substructure, whole: bool) -> np.ndarray:
    """Pixels from each peak (N, 2) to the heaviest subhalo; to the nearest where `whole`, or where they are a line."""
    chosen = slice(None) if whole or truth.line else [int(np.argmax(truth.mass))]
    return np.hypot(peaks[:, :1] - truth.y[chosen], peaks[:, 1:] - truth.x[chosen]).min(axis=1)


def _others(hits: np.ndarray) -> float:
    return float(hits[~np.eye(len(hits), dtype=bool)].mean())


def _p_value(hits: np.ndarray) -> float:
    """One-sided permutation test of the diagonal, seed 0."""
    rng, columns = np.random.default_rng(0), np.arange(len(hits))
    dealt = np.array([hits[rng.permutation(len(hits)), columns].mean() for _ in range(_PERMUTATIONS)])
    return float((1 + (dealt >= hits.diagonal().mean()).sum()) / (1 + _PERMUTATIONS))
