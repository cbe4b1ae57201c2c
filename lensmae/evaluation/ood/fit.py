"""`lensmae fit-ood`: what a checkpoint is compared with and inside which limits it is trusted, in a file beside it."""

from pathlib import Path

import numpy as np

from lensmae.data import CLASSES, PRESETS, LensDataset, open_dataset
from lensmae.data.nuisances import PRIORS, TRAINING, NuisancePrior, draw_nuisances
from lensmae.data.simulation.batched import LensBatch, generator_of, simulate_batch
from lensmae.errors import CheckpointError, DatasetError
from lensmae.evaluation.ood.failures import fit_failures
from lensmae.evaluation.ood.fit_domain import LEAST, fit_domain
from lensmae.evaluation.ood.fit_reference import fit_reference, fit_reference_on, thinned
from lensmae.evaluation.ood.network_input import network_inputs
from lensmae.evaluation.ood.references import Reference, ReferenceCard, content_digest, find_reference, save_reference
from lensmae.evaluation.ood.trials import Held
from lensmae.models import Classifier, SuperResolver, load_checkpoint
from lensmae.models.predictors import LoadedModel
from lensmae.models.registry import reference_path
from lensmae.progress import Progress

# Simulated lenses that the deviations of principal components are measured on; no network sees them.
_KNOWN = 3000
# Of each preset of other lenses, so many at least.
_FOREIGN = 100
_FOREIGN_PRESETS = ("survey", "galaxies", "model_i_64", "pairs_64")
# Seeds far from those that sets and trainings are made with.
_SEED = 770_001


def fit_checkpoint(
    checkpoint: str | Path,
    data: str | Path | None = None,
    reference: int = 400,
    held_out: int = 400,
    each: int = 60,
    progress: Progress | None = None,
) -> Path:
    """Write the reference of a checkpoint (name, run id, path) beside it; the path of that file.

    Args:
        checkpoint: name, run id or path.
        data: set of lenses like those it was trained on; where None they are simulated, and the training lenses of a reference
            that is there already stay, thinned to `reference`.
        reference, held_out: lenses to compare new images with, and to set limits on, at most.
        each: held-out lenses under every nuisance, at most; a specialist of reconstruction keeps percentiles for its limits.
        progress: called with (images done, images in all) of the part that runs.

    Raises:
        DatasetError: where the lenses do not fit the model, are too few to compare with, or are of an unknown preset and no set
            is given.
    """
    model = load_checkpoint(checkpoint)
    dataset = None if data is None else network_inputs(open_dataset(data), model)[0]
    found = _base(model, dataset, reference, held_out, progress)
    if isinstance(model, Classifier):
        known, lenses = _lenses(model, dataset, held_out)
        known_preset = model.card.data.get("preset") in PRESETS
        foreign = _foreign(model, max(each, _FOREIGN)) if known_preset and not model.whitens else {}
        # Of fewer lenses failures say nothing: each measure then has a percentile of the held-out ones for its limit.
        if len(lenses.images) >= LEAST:
            prior = nuisance_prior(model) if known_preset and is_generalist(model) else None
            found = fit_domain(model, found, known, lenses, each=each, prior=prior, foreign=foreign, progress=progress)
    elif isinstance(model, SuperResolver):
        found = fit_failures(model, found, np.empty(0), each=each, progress=progress)
    elif model.card.data.get("preset") in PRESETS and is_generalist(model):
        found = fit_failures(model, found, simulated_lenses(model, 2 * each, _SEED + 2)[0], each=each, progress=progress)
    path = reference_path(model.path)
    save_reference(path, found)
    return path


def _base(model: LoadedModel, dataset: LensDataset | None, reference: int, held_out: int, progress: Progress | None) -> Reference:
    """Training lenses and the measures of held-out ones."""
    if dataset is not None:
        return fit_reference(model, dataset, reference, held_out, progress=progress)
    try:
        there = find_reference(model.path)
    except CheckpointError:
        there = None
    if there is not None:
        return thinned(there, reference)
    images, labels = simulated_lenses(model, reference + held_out, seed=_SEED, nuisances=is_generalist(model))
    card = ReferenceCard(
        checkpoint=model.name,
        kind=model.card.kind,
        sha256=content_digest(model.path),
        data=f"{_preset(model)}, simulated",
        fingerprint="",
        preset=_preset(model),
        pixel_scale=PRESETS[_preset(model)].pixel_scale,
        size=images.shape[1],
        classes=CLASSES,
        trained_on=False,
    )
    return fit_reference_on(model, card, images, np.maximum(labels, 0), reference, progress)


def is_generalist(model: LoadedModel) -> bool:
    """Whether it was trained on a mixture of presets, with the nuisances of real files."""
    return bool(PRESETS[_preset(model)].strata)


def trained_strata(model: LoadedModel) -> dict[str, float]:
    """Presets that a model was trained on, with their weights; its own where it was trained on one."""
    preset = PRESETS[_preset(model)]
    written = model.card.training.get("config", {}).get("strata") or ""
    chosen = {name.strip(): float(weight) for name, weight in (part.split("=") for part in written.split(",") if part)}
    return chosen or dict(preset.strata) or {preset.name: 1.0}


def _preset(model: LoadedModel) -> str:
    name = model.card.data.get("preset")
    if name not in PRESETS:
        raise DatasetError(
            f"Which lenses {model.name} was trained on is not known; give a data set: lensmae fit-ood {model.name} DATA."
        )
    return name


def simulated_lenses(model: LoadedModel, count: int, seed: int, *, nuisances: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """New lenses (N, S, S) of the presets that a model was trained on, in every orientation where it was, and their labels (N,),
    indices in `CLASSES`, -1 for galaxies that are none.

    Args:
        model: trained on simulated lenses.
        count: N, or fewer by those without a class where the model is a classifier.
        seed: of all that is drawn.
        nuisances: as files hold them, else noise-free.
    """
    batch = _simulated(model, count, seed)
    drawn = draw_nuisances(batch.images, generator_of(seed, 1, 0), nuisance_prior(model)).images if nuisances else batch.images
    return drawn.numpy(), batch.labels.numpy()


def nuisance_prior(model: LoadedModel) -> NuisancePrior:
    """Of the nuisances that a generalist was trained with."""
    return PRIORS.get(model.card.training.get("config", {}).get("nuisances", "files"), TRAINING)


def _simulated(model: LoadedModel, count: int, seed: int) -> LensBatch:
    weights = trained_strata(model) if is_generalist(model) else None
    classes = CLASSES if isinstance(model, Classifier) else ()
    options = {"turned": model.card.symmetric, "weights": weights, "classes": classes}
    return simulate_batch(_preset(model), count, generator_of(seed, 0, 0), **options)


def _foreign(model: Classifier, count: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images of presets that a generalist was not trained on, as their cameras see them, with the indices of their labels in its
    classes; -1 for galaxies that are no lenses."""
    found = {}
    for number, name in enumerate(_FOREIGN_PRESETS):
        if name not in trained_strata(model):
            batch = simulate_batch(name, count, generator_of(_SEED + 3, number, 0), turned=True, noise=True)
            found[name] = (batch.images.numpy(), _indices(model, batch.labels.numpy()))
    return found


def _indices(model: Classifier, labels: np.ndarray) -> np.ndarray:
    """Labels (N,), indices in `CLASSES` or -1, as indices in a model's classes."""
    return np.append([model.classes.index(name) for name in CLASSES], -1)[labels]


def _lenses(model: Classifier, dataset: LensDataset | None, held_out: int) -> tuple[np.ndarray, Held]:
    """Lenses like the training ones (M, S, S); held-out lenses."""
    if dataset is not None:
        rows = np.random.default_rng(_SEED).permutation(dataset.indices("validation"))[:held_out]
        own = np.array([model.classes.index(name) for name in dataset.info.classes])
        strata = np.full(len(rows), dataset.info.preset or dataset.name)
        held = Held(np.asarray(dataset.images[rows]), own[dataset.labels[rows]], strata)
        return dataset.images[dataset.indices("train")[:_KNOWN]], held
    known, _ = simulated_lenses(model, _KNOWN if model.whitens else 0, _SEED + 1)
    batch = _simulated(model, held_out, _SEED + 2)
    strata = np.array(batch.names)[batch.strata.numpy()] if is_generalist(model) else np.full(held_out, _preset(model))
    return known, Held(batch.images.numpy(), _indices(model, batch.labels.numpy()), strata)
