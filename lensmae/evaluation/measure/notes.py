"""What stands beside a report: that a checkpoint was trained on what was measured, or on lenses of another kind."""

from collections.abc import Mapping
from typing import Any

from lensmae.data import PRESETS, LensDataset
from lensmae.data.value_titles import preset_title
from lensmae.models.predictors import LoadedModel


def overlap_note(model: LoadedModel, dataset: LensDataset, split: str) -> str | None:
    """A warning where the images measured are, or may be, those the checkpoint was trained on, or of another kind; else None."""
    # What a second stage was trained on stands within what the first did.
    data = model.card.data
    notes = (_overlap(model.name, trained, dataset, split) for trained in (data, data.get("mass")) if trained)
    written = model.card.training.get("config", {}).get("strata") or ""
    strata = tuple(part.partition("=")[0].strip() for part in str(written).split(",") if part)
    return next(filter(None, notes), None) or preset_note(model.name, data.get("preset"), presets_of(dataset), strata)


def preset_note(checkpoint: str, trained: str | None, lenses: Mapping[str, float], strata: tuple[str, ...] = ()) -> str | None:
    """A warning where lenses are of other presets than a checkpoint was trained on; None also where neither is known.

    Args:
        checkpoint: its name.
        trained: preset that it was trained on.
        lenses: share of the lenses that are of each preset.
        strata: presets of a corpus that it was trained on, where not on all of them.
    """
    if not trained or not lenses:
        return None
    corpus = strata or (tuple(dict(PRESETS[trained].strata)) if trained in PRESETS else ())
    known = corpus or ((trained, "survey_hst", "survey_euclid", "survey_jwst") if trained == "survey" else (trained,))
    others = {name: share for name, share in lenses.items() if name not in known}
    if not others:
        return None
    share = sum(others.values())
    these = "these" if share > 0.999 else f"{share:.0%} of these"
    # Titles have commas of their own.
    own, foreign = ("; ".join(map(preset_title, names)) for names in (known if strata else (trained,), others))
    trained_on = f"{checkpoint} was trained on lenses of: {own}."
    return f"{trained_on} {these[0].upper()}{these[1:]} are of: {foreign}. Its answers about them mean little."


def presets_of(dataset: LensDataset) -> dict[str, float]:
    """Share of a set's lenses that are of each preset; nothing where it was not simulated."""
    if "stratum" in dataset.lenses:
        return {str(name): float(share) for name, share in dataset.lenses["stratum"].value_counts(normalize=True).items()}
    return {} if dataset.info.preset is None else {dataset.info.preset: 1.0}


def _overlap(name: str, trained: dict[str, Any], dataset: LensDataset, split: str) -> str | None:
    info = dataset.info
    if trained.get("fingerprint") == info.fingerprint:
        seen = f"Checkpoint {name} was trained on the training split of {dataset.name}: these figures are not a test."
        return seen if split in ("train", "all") else None
    if info.preset is not None and (trained.get("preset"), trained.get("seed")) == (info.preset, info.seed):
        # A lens's seed comes from the set's seed and the lens's index, so sets of one seed hold the same lenses.
        return (
            f"Data set {dataset.name} has the preset and the seed of the data that {name} was trained on, so they share "
            "lenses: these figures are not a test."
        )
    return None
