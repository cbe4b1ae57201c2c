"""The domain of an autoencoder or a super-resolver: limits that catch where inpainting or bicubic interpolation does better."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from lensmae.data.nuisances import NUISANCES, perturb
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.evaluation.ood.domain import embedding_input, measure
from lensmae.evaluation.ood.fit_domain import EVEN, beyond, limits_of_image
from lensmae.evaluation.ood.references import Domain, Reference
from lensmae.evaluation.ood.risk import Risk, aurc, failure_auroc, fit_risk
from lensmae.evaluation.ood.trials import AS_SIMULATED
from lensmae.evaluation.reconstruction.full_reconstruction import reconstruct
from lensmae.evaluation.reconstruction.inpainting import error_ratios
from lensmae.evaluation.superresolution.preset_pairs import gains, preset_pairs
from lensmae.models import Reconstructor, SuperResolver
from lensmae.progress import Progress

# Of images on which the network does well, measures of the image may flag so many; of those answered, it may fail on so many.
_FLAGGED, _FAILED = 0.03, 0.02
_BATCH = 16
# What is done to LR alone: with others, HR would be another image.
_OF_LOW = ("noise", "shot_noise", "levels", "jpeg", "bad_pixels")
_SEED = 770_101


@dataclass(frozen=True)
class Tries:
    """N images and what the network made of them.

    Attributes:
        measures: by name, (N,) each.
        failed: (N,) bool, whether the plain method does better.
        what: (N,) str, nuisance or preset.
        lens: (N,) which of the images it is.
    """

    measures: Mapping[str, np.ndarray]
    failed: np.ndarray
    what: np.ndarray
    lens: np.ndarray


def fit_failures(
    model: Reconstructor | SuperResolver,
    reference: Reference,
    images: np.ndarray,
    *,
    each: int = 60,
    progress: Progress | None = None,
) -> Reference:
    """The reference of an autoencoder or a super-resolver with its domain.

    Args:
        model: whose domain it is.
        reference: what images are compared with.
        images: (N, S, S) held-out lenses in its domain; not needed of a super-resolver, whose pairs are simulated.
        each: so many of them are asked under every nuisance.
        progress: called with (images done, images in all).
    """
    parts = list(_pairs(each) if isinstance(model, SuperResolver) else _images(images, each))
    done, total, found = 0, sum(len(part[1]) for part in parts), []
    for name, low, high in parts:
        for at in range(0, len(low), _BATCH):
            rows = slice(at, at + _BATCH)
            found.append((name, *_try(model, reference, low[rows], None if high is None else high[rows])))
            done += len(found[-1][2])
            if progress is not None:
                progress(done, total)
    tries = Tries(
        measures={name: np.concatenate([one[1][name] for one in found]) for name in found[0][1]},
        failed=np.concatenate([failed for _, _, failed in found]),
        what=np.concatenate([np.full(len(failed), name) for name, _, failed in found]),
        lens=np.concatenate([np.arange(len(part[1])) for part in parts]),
    )
    return with_domain(reference, tries)


def with_domain(reference: Reference, tries: Tries) -> Reference:
    """The reference with limits fitted to what was tried."""
    limits, risk = _limits(tries)
    measures = dict(tries.measures) | ({} if risk is None else {"risk": risk.of(tries.measures)})
    flagged, first = beyond(measures, limits), tries.what == tries.what[0]
    caught = float(flagged[tries.failed].mean()) if tries.failed.any() else None
    domain = Domain(
        limits=limits,
        lenses=len(tries.failed),
        nuisances={name: _under(tries.failed, flagged, tries.what == name) for name in dict.fromkeys(tries.what.tolist())},
        detection={
            name: {"auroc": failure_auroc(values, tries.failed), "aurc": aurc(values, tries.failed)}
            for name, values in measures.items()
        },
        flagged=float(flagged[first].mean()),
        risk=risk,
        confident={"wrong": float(tries.failed.sum()), "flagged": caught},
    )
    measured = {name: measures[name][first].astype(np.float32) for name in limits}
    return replace(reference, card=reference.card.model_copy(update={"domain": domain}), measured=measured)


def _limits(tries: Tries) -> tuple[dict[str, float], Risk | None]:
    """Limits of the measures of the image; where the network then still fails on more of the images answered than it may, the
    risk of it gets the limit that withholds the fewest of them, and none on which the network more probably does well."""
    own = {name: tries.measures[name] for name in ("embedding", "error") if name in tries.measures}
    limits = limits_of_image(own, ~tries.failed, _FLAGGED)
    kept = ~beyond(own, limits)
    fitted = None if tries.failed[kept].mean() <= _FAILED else fit_risk(tries.measures, tries.failed, tries.lens)
    if fitted is None:
        return limits, None
    risk, held_out = fitted
    order = np.argsort(held_out[kept], kind="stable")
    share = np.cumsum(tries.failed[kept][order]) / np.arange(1, kept.sum() + 1)
    most = np.flatnonzero(share <= _FAILED)
    limit = held_out[kept][order[most[-1]]] if len(most) else held_out[kept].min()
    return limits | {"risk": max(float(limit), EVEN)}, risk


def _under(failed: np.ndarray, flagged: np.ndarray, rows: np.ndarray) -> dict[str, float | None]:
    kept = rows & ~flagged
    return {
        "n": float(rows.sum()),
        "failed": float(failed[rows].mean()),
        "flagged": float(flagged[rows].mean()),
        "failed_of_answers": float(failed[kept].mean()) if kept.any() else None,
    }


def _try(
    model: Reconstructor | SuperResolver, reference: Reference, images: np.ndarray, high: np.ndarray | None
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Measures of images (B, S, S), and whether the plain method does better with each."""
    found = {"embedding": reference.space.distances(model.embed(embedding_input(model, images)))}
    if high is None:
        return measure(model, reference, images, found | {"error": reconstruct(model, images).score}), error_ratios(
            model, images
        ) > 1
    return measure(model, reference, images, found), gains(model, images, high) < 0


def _images(images: np.ndarray, each: int) -> Iterator[tuple[str, np.ndarray, None]]:
    """Lenses as they are, and some of them under every nuisance."""
    yield AS_SIMULATED, images, None
    rng = np.random.default_rng(_SEED)
    for number, (name, nuisance) in enumerate(NUISANCES.items()):
        chosen = rng.permutation(len(images))[:each]
        for at, strength in enumerate(nuisance.strengths):
            rows = chosen[at :: len(nuisance.strengths)]
            if len(rows):
                yield name, perturb(images[rows], name, strength, seed=_SEED + 100 * number + at).numpy(), None


def _pairs(each: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Pairs of the preset `superres`, the same with what files do to LR, and pairs of every other preset."""
    batch = simulate_batch("superres", each, generator_of(_SEED, 0, 0), turned=True)
    low, high = batch.images.numpy(), batch.targets.numpy()
    yield "superres", low, high
    for number, name in enumerate(_OF_LOW):
        for at, strength in enumerate(NUISANCES[name].strengths):
            rows = slice(at, None, len(NUISANCES[name].strengths))
            if len(low[rows]):
                yield name, perturb(low[rows], name, strength, seed=_SEED + 100 * number + at).numpy(), high[rows]
    for pairs in preset_pairs(each, _SEED):
        yield pairs.name, pairs.low, pairs.high
