"""What the stress test adds to a report: every checkpoint under the nuisances of real files, beside its figures as simulated."""

from collections.abc import Sequence
from typing import Any

from lensmae.data import LensDataset
from lensmae.errors import CheckpointError
from lensmae.evaluation.ood.references import Reference, find_reference
from lensmae.evaluation.stress.run import StressTested, stress
from lensmae.models import SuperResolver
from lensmae.models.checkpoint import FORMER_FIGURES
from lensmae.models.predictors import LoadedModel
from lensmae.progress import Progress
from studies.markdown import number, table

# What README's table says beside a classifier's accuracy as simulated.
_HEADLINES = (
    ("noise", 1e-3, "noise 0.1 %"),
    ("noise", 1e-2, "1 %"),
    ("levels", 8.0, "8 bit"),
    ("mirror", 1.0, "mirrored"),
    ("shift", 1.0, "moved a pixel"),
    ("sky", 0.01, "sky 1 %"),
)


def stress_record(
    models: Sequence[LoadedModel],
    lenses: LensDataset,
    pairs: LensDataset,
    split: str,
    limit: int,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Rows of the stress tests of all models, figures that were not measured as None.

    Args:
        models: of any kinds.
        lenses: set of single lenses.
        pairs: set of LR/HR pairs.
        split: of both sets.
        limit: images under each condition, at most.
        progress: called with (conditions done, conditions in all) of one model after the other.
    """
    found = []
    for model in models:
        data = pairs if isinstance(model, SuperResolver) else lenses
        tested = stress([StressTested(model, _reference(model))], data, split=split, limit=limit, progress=progress)
        found += tested.astype(object).where(tested.notna(), None).to_dict("records")
    return found


def _reference(model: LoadedModel) -> Reference | None:
    try:
        return find_reference(model.path)
    except CheckpointError:
        # Of other weights: then what would be answered is not known, and its columns stay empty.
        return None


def _stressed(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the stress test, with the present names of figures."""
    return [{FORMER_FIGURES.get(key, key): value for key, value in one.items()} for one in record.get("stress", ())]


def stress_lines(record: dict[str, Any]) -> list[str]:
    """A table of every condition; empty where nothing was tested."""
    rows = [
        (
            f"`{one['checkpoint']}`",
            one["title"],
            f"{one['label']} {one['unit']}".strip(),
            one["metric"],
            f"{one['value']:.3f}",
            f"{number(one['low'], '.3f')} to {number(one['high'], '.3f')}",
            number(one["auc"], ".3f"),
            number(one["ece"], ".3f"),
            number(one["answered"], ".2f"),
            number(one["accuracy_answered"], ".3f"),
            number(one.get("worse"), ".2f"),
            f"{one['n']}",
        )
        for one in _stressed(record)
    ]
    if not rows:
        return []
    columns = (
        "network",
        "nuisance",
        "strength",
        "metric",
        "value",
        "95 %",
        "macro AUC",
        "ECE",
        "answered",
        "of those answered",
        "worse",
        "images",
    )
    said = (
        "The same images as files hold them. Error ratio: masked error over that of biharmonic inpainting, median. Gain: PSNR "
        "over bicubic interpolation. Answered: the share whose class is not withheld as out of the network's domain. Worse: the "
        "share that inpainting or bicubic interpolation does better."
    )
    return ["## Under the nuisances of real files", "", said, "", *table(columns, rows)]


def stress_headlines(record: dict[str, Any], name: str) -> list[tuple[str, str, str, str]]:
    """README's row of a classifier under a few nuisances; none where it was not tested."""
    tested = {(one["nuisance"], one["strength"]): one for one in _stressed(record) if one["checkpoint"] == name}
    known = [(said, tested[kind, strength]) for kind, strength, said in _HEADLINES if (kind, strength) in tested]
    if not known:
        return []
    own = ", ".join(f"{said} {one['value']:.1%}" for said, one in known)
    answered = ", ".join(f"{said} {one['answered']:.0%}" for said, one in known if one["answered"] is not None)
    return [
        (
            f"`{name}`",
            "the same lenses as files hold them, accuracy",
            own,
            f"answered: {answered}" if answered else "33 % by chance",
        )
    ]
