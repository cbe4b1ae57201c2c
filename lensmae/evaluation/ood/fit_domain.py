"""Fit the domain of a network: limits that catch what it gets wrong and leave what it knows."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from lensmae.data.nuisances import NuisancePrior
from lensmae.errors import DatasetError
from lensmae.evaluation.metrics import ece
from lensmae.evaluation.ood.expectation import Answers, Temperature, expectation, fit_temperature_by_quality
from lensmae.evaluation.ood.measures import answer_measures
from lensmae.evaluation.ood.references import Domain, Reference
from lensmae.evaluation.ood.risk import Risk, aurc, failure_auroc, fit_foreign, fit_risk
from lensmae.evaluation.ood.trials import CONFIDENT, Held, Trials, run_trials
from lensmae.models import Classifier
from lensmae.progress import Progress

# Of in-domain lenses so many may be flagged by the measures of the image; of a generalist's, under all nuisances, more. By the
# risk of being wrong a specialist may withhold so many lenses, a generalist so many of its right answers under all nuisances:
# calibrated answers of 0.9 and more are wrong as often as they say, and to withhold half of those wrong ones takes 14 % of the
# right ones, 1 % of plain Model II (measured with `classifier`; a tenth of the right ones would leave nine in ten of them).
_FLAGGED_BY_IMAGE, _FLAGGED_OF_BROAD, _WITHHELD, _RIGHT_WITHHELD = 0.008, 0.02, 0.4, 0.15
# More probably wrong than right.
EVEN = 0.5
# Of answers that are wrong with confidence, so many must be flagged.
_CAUGHT = 0.97
_LEVELS = (0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 1.0)
# Beyond the largest value of finitely many lenses there are others.
_MARGIN = 1.1
_WHITENED = ("pca_residual", "background", "orientation", "centre", "half pixel", "flux scale")
LEAST = 20


def prepared(model: Classifier, reference: Reference, known: np.ndarray) -> Reference:
    """The reference with what the measures of a classifier that whitens need: the deviation of the components and the usual peak
    of lenses (M, S, S) like those it was trained on. Another is returned as it is, without limits."""
    domain = Domain(limits={"embedding": float(np.max(reference.distances))}, lenses=1)
    if not model.whitens:
        return replace(reference, card=reference.card.model_copy(update={"domain": domain}))
    peak = None if model.transform.per_image_peak else float(np.median(known.max(axis=(1, 2))))
    scale = np.maximum(model.components(known).std(axis=0), np.float32(1e-6))
    card = reference.card.model_copy(update={"domain": domain.model_copy(update={"peak": peak})})
    return replace(reference, card=card, component_scale=scale.astype(np.float32))


def fit_domain(
    model: Classifier,
    reference: Reference,
    known: np.ndarray,
    lenses: Held,
    *,
    each: int = 60,
    prior: NuisancePrior | None = None,
    foreign: Mapping[str, tuple[np.ndarray, np.ndarray]] = MappingProxyType({}),
    seed: int = 0,
    progress: Progress | None = None,
) -> Reference:
    """The reference of a classifier with its domain.

    Args:
        model: whose domain it is.
        reference: what images are compared with.
        known: (M, S, S) lenses like those that it was trained on.
        lenses: N held-out ones in its domain.
        each: so many of them are asked under every nuisance.
        prior: of nuisances that it was trained with; None for none.
        foreign: by preset, images and labels that are out of its domain; -1 for what has no class.
        seed: of which lenses meet which nuisance.
        progress: called with (images done, images in all).

    Raises:
        DatasetError: for too few lenses.
    """
    if len(lenses.images) < LEAST:
        raise DatasetError(f"There are {len(lenses.images)} held-out lenses; at least {LEAST} are needed to fit a domain.")
    ready = prepared(model, reference, known)
    trials = run_trials(model, ready, lenses, each=each, prior=prior, foreign=foreign, seed=seed, progress=progress)
    # Where its domain is one simulator, noisy images are not answered, whose answers would soften all others.
    warm = None if model.whitens else _temperature(trials)
    if warm is not None:
        views = replace(trials.views, temperature=warm.of(trials.quality))
        trials = replace(trials, views=views, measures=dict(trials.measures) | answer_measures(views))
    exposed = fit_foreign(trials.views.embeddings, trials.quality, trials.foreign, trials.lens)
    if exposed is not None:
        trials = replace(trials, measures=dict(trials.measures) | {"foreign": exposed[1]})
    limits, risk = fit_limits(trials, strict=model.whitens)
    measures = dict(trials.measures) | ({} if risk is None else {"risk": risk.of(trials.measures)})
    usual = trials.plain
    flagged = beyond(measures, limits)
    known_ones = ~trials.foreign
    answers = Answers(~trials.wrong[known_ones], ~flagged[known_ones], trials.strata[known_ones])
    expected = expectation(trials.quality[known_ones], answers)
    domain = _domain(trials, measures, limits, flagged).model_copy(
        update={
            "foreign": None if exposed is None else exposed[0],
            "risk": risk,
            "temperature": warm,
            "expectation": expected,
            "peak": ready.card.domain.peak,
        }
    )
    measured = {name: measures[name][usual].astype(np.float32) for name in limits}
    return replace(ready, card=ready.card.model_copy(update={"domain": domain}), measured=measured)


def _temperature(trials: Trials) -> Temperature:
    rows = ~trials.foreign
    return fit_temperature_by_quality(trials.views.probabilities[rows], trials.labels[rows], trials.quality[rows])


def fit_limits(trials: Trials, *, strict: bool) -> tuple[dict[str, float], Risk | None]:
    """Limits by measure, and the risk where one of them is its limit.

    The measures of the image get the quantile of in-domain lenses that together flags no more of them than is allowed. The risk
    of being wrong catches the answers wrong with confidence that the image does not give away, as far as few others are withheld.

    Args:
        trials: answers as they are and under nuisances.
        strict: for a network whose domain is its simulator alone; else lenses with nuisances are in domain too.
    """
    image = {name: trials.measures[name] for name in ("embedding", "foreign", *_WHITENED) if name in trials.measures}
    usual, most = (trials.plain, _FLAGGED_BY_IMAGE) if strict else (~trials.foreign, _FLAGGED_OF_BROAD)
    # What tells other images apart leaves the distance in embedding to catch only what is farther than any lens.
    far = {} if strict or "foreign" not in image else _at({"embedding": image.pop("embedding")}, usual, 1.0)
    limits = limits_of_image(image, usual, most) | far
    image = {name: trials.measures[name] for name in limits}
    caught, sure = beyond(image, limits), trials.wrong & (trials.views.probabilities.max(axis=1) >= CONFIDENT)
    found = _risk_limit(trials, caught, sure) if strict else _broad_risk_limit(trials, caught, sure)
    return (limits, None) if found is None else (limits | {"risk": found[0]}, found[1])


def limits_of_image(image: Mapping[str, np.ndarray], usual: np.ndarray, most: float) -> dict[str, float]:
    """One quantile of in-domain images for every measure (N,) of the image, which together flag at most a share of them.

    Args:
        image: measures by name.
        usual: (N,) bool, in domain.
        most: that share.
    """
    level = next((one for one in _LEVELS if _share(image, _at(image, usual, one), usual) <= most), 1.0)
    return _at(image, usual, level)


def _risk_limit(trials: Trials, caught: np.ndarray, sure: np.ndarray) -> tuple[float, Risk] | None:
    """The limit of a specialist's risk, and the risk; None where the image gives nearly all failures away.

    It leaves 3 % of the answers wrong with confidence, but withholds no more than 40 % of the lenses in domain.

    Args:
        trials: its answers.
        caught: (N,) bool, beyond a limit already.
        sure: (N,) bool, wrong with confidence.
    """
    if not sure.any() or caught[sure].mean() >= _CAUGHT:
        return None
    fitted = fit_risk(dict(trials.measures), trials.wrong, trials.lens)
    if fitted is None:
        return None
    risk, held_out = fitted
    floor = np.quantile(held_out[trials.plain & ~caught], 1 - _WITHHELD)
    return float(max(_catching(held_out, sure & ~caught, _spared(sure)), floor)), risk


def _broad_risk_limit(trials: Trials, caught: np.ndarray, sure: np.ndarray) -> tuple[float, Risk] | None:
    """The same of a generalist, whose risk is fitted to lenses in its domain: what is foreign to it the image gives away.

    An answer is withheld where it is more probably wrong than right. The limit is lower where that leaves answers wrong with
    confidence, as long as no more than 15 % of the right answers are withheld.

    Args:
        trials: its answers.
        caught: (N,) bool, beyond a limit already.
        sure: (N,) bool, wrong with confidence.
    """
    inside = ~trials.foreign
    measures = {name: values[inside] for name, values in trials.measures.items()}
    fitted = fit_risk(measures, trials.wrong[inside], trials.lens[inside])
    if fitted is None:
        return None
    risk, held_out = fitted
    right, left = ~trials.wrong[inside] & ~caught[inside], (sure & ~caught)[inside]
    if not left.any():
        return EVEN, risk
    # Foreign images that nothing catches are among those that may be left.
    spared = max(0, _spared(sure) - int((sure & ~caught & trials.foreign).sum()))
    floor = float(np.quantile(held_out[right], 1 - _RIGHT_WITHHELD)) if right.any() else 0.0
    return min(EVEN, max(_catching(held_out, left, spared), floor)), risk


def _spared(sure: np.ndarray) -> int:
    """How many of the answers wrong with confidence, (N,) bool, may be left."""
    return int((1 - _CAUGHT) * sure.sum())


def _catching(risk: np.ndarray, left: np.ndarray, spared: int) -> float:
    """The limit of a risk (N,) that leaves `spared` of the answers `left`, (N,) bool."""
    ordered = np.sort(risk[left])
    return float(ordered[max(0, min(spared, len(ordered)) - 1)]) * (1 + 1e-6 if spared else 1 - 1e-6)


def _at(image: Mapping[str, np.ndarray], usual: np.ndarray, level: float) -> dict[str, float]:
    margin = _MARGIN if level == 1.0 else 1.0
    return {name: margin * float(np.quantile(values[usual], level)) for name, values in image.items()}


def beyond(measures: Mapping[str, np.ndarray], limits: Mapping[str, float]) -> np.ndarray:
    """Whether any measure lies beyond its limit, (N,) bool."""
    return np.any([measures[name] > limit for name, limit in limits.items()], axis=0)


def _share(measures: Mapping[str, np.ndarray], limits: Mapping[str, float], rows: np.ndarray) -> float:
    return float(beyond(measures, limits)[rows].mean())


def _domain(trials: Trials, measures: Mapping[str, np.ndarray], limits: dict[str, float], flagged: np.ndarray) -> Domain:
    wrong = trials.wrong
    sure = wrong & (trials.views.probabilities.max(axis=1) >= CONFIDENT)
    names = dict.fromkeys(trials.nuisance.tolist())
    return Domain(
        limits=limits,
        lenses=int(trials.plain.sum()),
        nuisances={name: _under(trials, flagged, trials.nuisance == name) for name in names},
        detection={
            name: {"auroc": failure_auroc(values, wrong), "aurc": aurc(values, wrong)} for name, values in measures.items()
        },
        flagged=float(flagged[trials.plain].mean()),
        confident={"wrong": float(sure.sum()), "flagged": float(flagged[sure].mean()) if sure.any() else None},
    )


def _under(trials: Trials, flagged: np.ndarray, rows: np.ndarray) -> dict[str, float | None]:
    right, kept = ~trials.wrong, rows & ~flagged
    return {
        "n": float(rows.sum()),
        "accuracy": float(right[rows].mean()),
        "ece": ece(trials.views.probabilities[rows], trials.labels[rows]) if (trials.labels[rows] >= 0).all() else None,
        "flagged": float(flagged[rows].mean()),
        "accuracy_of_answers": float(right[kept].mean()) if kept.any() else None,
    }
