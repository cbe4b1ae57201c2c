"""Headline figures of a checkpoint, beside their baseline, as its card says them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lensmae.data.simulation.presets import PRESETS
from lensmae.evaluation.reconstruction.anomaly import trained_on
from lensmae.evaluation.rounding import share
from lensmae.evaluation.stress.words import in_words

if TYPE_CHECKING:
    from lensmae.models import CheckpointCard


@dataclass(frozen=True)
class Headline:
    """A figure to show: what it is, its value with unit, what it stands beside, and on what it was measured.

    Attributes:
        data: name of the data set it was measured on; "" where the card does not say.
        hardest: what the figure falls to under the condition of the stress test that it stands worst; "" where not measured.
    """

    name: str
    value: str
    baseline: str
    measured_on: str
    data: str = ""
    hardest: str = ""


# Where the record of `lensmae report` (results.json) keeps the figures of each kind of checkpoint.
_REPORTED = {"mae": "reconstruction", "classifier": "classification", "superres": "superres"}


def headline(card: "CheckpointCard", name: str = "", record: Mapping[str, Any] = MappingProxyType({})) -> Headline | None:
    """The most telling figure of a card, from the lenses that say most; None where there is no figure.

    Args:
        card: of the checkpoint.
        name: of the checkpoint in `record`.
        record: of `lensmae report`, on lenses that no network has seen; used where the card itself holds no figures of a test.
    """
    try:
        found = _headline(card)
        if "test" not in card.metrics:
            reported = record.get(_REPORTED.get(card.kind, ""), {}).get(name)
            beside = {"baselines": record.get("simple_classifiers")} if card.kind == "classifier" else {}
            found = (reported and _told(card, beside | reported, str(reported["split"]))) or found
        return found and replace(found, hardest=_hardest(name, record))
    except (TypeError, ValueError, AttributeError, KeyError) as problem:
        # Any JSON may stand in the card of a stranger's checkpoint.
        return Headline("Figures of its card", "damaged", f"they cannot be read ({type(problem).__name__})", "")


@dataclass(frozen=True)
class ReportedSet:
    """A simulated set that `lensmae report` measured on, by what makes it again: `simulate_dataset` of these."""

    name: str
    preset: str
    per_class: int
    seed: int
    lenses: int


def reported_set(record: Mapping[str, Any], name: str) -> ReportedSet | None:
    """The set of this name in the record of `lensmae report`; None where it is not one of those, or of no preset."""
    for facts in record.get("data", {}).values():
        if facts["name"] == name and facts["preset"] in PRESETS:
            per_class = facts["n"] // len(PRESETS[facts["preset"]].classes)
            return ReportedSet(name, facts["preset"], per_class, facts["seed"], facts["n"])
    return None


def _headline(card: "CheckpointCard") -> Headline | None:
    for split, figures in _by_worth(card.metrics):
        if (found := _told(card, figures, split)) is not None:
            return found
    loss = card.metrics.get("validation", {}).get("validation_loss")
    return None if loss is None else Headline("Loss of training", f"{loss:.3g}", "", _measured_on({}, "validation"))


def _told(card: "CheckpointCard", figures: dict[str, Any], split: str) -> Headline | None:
    """The headline of some figures; None where they hold none for this kind of checkpoint."""
    found = _no_sub(figures) if card.kind == "mae" and trained_on(card).pure else _HEADLINES[card.kind](figures)
    return found and Headline(*found, _measured_on(figures, split), str(figures.get("data") or ""))


def _hardest(name: str, record: Mapping[str, Any]) -> str:
    """The condition of the stress test under which a checkpoint is right least often."""
    rows = [row for row in record.get("stress", ()) if row["checkpoint"] == name and row["metric"] == "accuracy"]
    if not rows:
        return ""
    worst = min(rows, key=lambda row: row["value"])
    condition = in_words(worst["title"], worst["label"], worst["unit"])
    return f"accuracy {share(worst['value'], '.0%')} under the hardest of {len(rows)} conditions: {condition}"


def _by_worth(metrics: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Figures by split: those of a test split, of a whole data set of which nothing was trained on, of a validation split."""
    for split in ("test", "all", "validation"):
        # A note says that some were trained on, or are of another kind.
        if split != "all" or "note" not in metrics.get(split, {}):
            # Training names its figures `validation_loss` and the like; reports do not.
            yield split, {name.removeprefix(f"{split}_"): value for name, value in metrics.get(split, {}).items()}


def _measured_on(figures: dict[str, Any], split: str) -> str:
    count, data = figures.get("n"), figures.get("data")
    where = "all splits" if split == "all" else f"{split} split"
    return where + (f" of {data}" if data else "") + (f", {count:,} lenses" if count else "")


def _mae(figures: dict[str, Any]) -> tuple[str, str, str] | None:
    error = figures.get("masked_mse")
    if error is None:
        return None
    # The stronger baseline, where the network has one of its own.
    for beside, words in (("linear_prior", "its linear guess alone"), ("visible_mean", "mean of the visible pixels")):
        other = (figures.get(beside) or {}).get("masked_mse")
        if other:
            return "Error of hidden pixels, MSE on [0, 1]", f"{error:.1e}", f"{words}: {other:.1e}"
    return "Error of hidden pixels, MSE on [0, 1]", f"{error:.1e}", ""


def _no_sub(figures: dict[str, Any]) -> tuple[str, str, str] | None:
    """Of an MAE that was trained on no_sub alone: how well it reconstructs those, where that was measured."""
    known = {name: (figures.get(name) or {}).get("masked_mse_by_class", {}) for name in ("linear_prior", "visible_mean")}
    known[""] = figures.get("masked_mse_by_class", {})
    if "no_sub" in known[""]:
        only = {name: {"masked_mse": errors["no_sub"]} for name, errors in known.items() if "no_sub" in errors}
        found = _mae(only.pop("") | only)
        return found and ("Error of hidden pixels of no_sub, MSE on [0, 1]", *found[1:])
    found = _mae(figures)
    return found and ("Error of hidden pixels, MSE on [0, 1], of all classes, though it was trained on no_sub only", *found[1:])


def _classifier(figures: dict[str, Any]) -> tuple[str, str, str] | None:
    area = figures.get("macro_auc", figures.get("auc"))
    if not isinstance(area, float):
        return None
    accuracy = figures.get("accuracy")
    # The strongest of the simple models measured beside it, not the one that flatters.
    simple = [beside["macro_auc"] for beside in (figures.get("baselines") or {}).values() if isinstance(beside, dict)]
    baseline = f"best simple model: {share(max(simple), '.5f')}" if simple else "chance: 0.5"
    return (
        "Dark matter class, macro AUC",
        share(area, ".5f"),
        baseline + (f" · accuracy {share(accuracy, '.1%')}" if accuracy else ""),
    )


def _superres(figures: dict[str, Any]) -> tuple[str, str, str] | None:
    ratio = figures.get("psnr")
    if ratio is None:
        return None
    bicubic = (figures.get("bicubic") or {}).get("psnr")
    return "Super-resolution ×2, PSNR", f"{ratio:.2f} dB", f"bicubic: {bicubic:.2f} dB" if bicubic else ""


_HEADLINES = {"mae": _mae, "classifier": _classifier, "superres": _superres}
