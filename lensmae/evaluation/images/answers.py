"""Answers for image files as a table, as records for JSON, and as sentences."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from lensmae.evaluation.images.analyse import Analysis, Classified, RedrawnLens, Refusal, Standing
from lensmae.evaluation.ood.novelty import LIMIT_PERCENTILE
from lensmae.evaluation.ood.references import Reference

_MEASURES = {"embedding": "distance", "error": "error", "remainder": "remainder"}
_SAID = {
    "embedding": "its embedding lies {:.1f} times as far as the limit",
    "error": "its reconstruction error is {:.1f} times the limit",
    "remainder": "the principal components through which it is seen leave {:.1f} times as much of it as the limit",
}


def record(answer: Analysis | Refusal, references: Mapping[str, Reference] | None = None) -> dict[str, Any]:
    """One file as a JSON object: facts, answers, what is usual, and warnings."""
    if isinstance(answer, Refusal):
        return {"file": answer.name, "refused": answer.reason}
    found: dict[str, Any] = {"file": answer.name, "format": answer.format, "shape": list(answer.shape)}
    found |= {"pixel_scale_arcsec": answer.pixel_scale, "notes": list(answer.notes)}
    if answer.classified:
        found |= _classified(answer.classified, answer.tells_mass)
    if answer.redrawn:
        found["masked_mse"] = answer.redrawn.score
    found["outside"] = answer.outside
    found["standing"] = {kind: _standing(standing, (references or {}).get(kind)) for kind, standing in answer.standing.items()}
    return found | {"warnings": warnings(answer)}


def _classified(classified: Classified, tells_mass: bool) -> dict[str, Any]:
    named = dict(zip(classified.classes, classified.probabilities.tolist(), strict=True))
    found: dict[str, Any] = {"class": classified.name, "probabilities": named}
    if classified.spread is not None:
        found["spread"] = dict(zip(classified.classes, classified.spread.tolist(), strict=True))
    if tells_mass:
        found |= {"log10_axion_mass_ev": classified.log_mass, "log10_axion_mass_ev_spread": classified.log_mass_spread}
    return found


def _standing(standing: Standing, reference: Reference | None) -> dict[str, Any]:
    measures = {
        _MEASURES[one.measure]: {
            "value": one.value,
            "percentile": one.percentile,
            "limit": one.limit,
            "held_out": one.held_out,
            "outside": one.outside,
        }
        for one in standing.novelty
    }
    found = {"checkpoint": standing.card.checkpoint, "data": standing.card.data, **measures}
    if reference is not None:
        found["neighbours"] = [
            {"row": int(reference.rows[place]), "class": reference.class_of(place), "distance": float(distance)}
            for place, distance in zip(standing.neighbours, standing.distances, strict=True)
        ]
    return found


def table(answers: Iterable[Analysis | Refusal]) -> pd.DataFrame:
    """One row a file. Probabilities are P(class), their spread over the eight symmetries sd(class); masked_mse is on the [0, 1]
    scale; percentiles are shares of held-out lenses with a smaller value; refused says why a file has no answer."""
    rows = [_row(answer) for answer in answers]
    frame = pd.DataFrame(rows)
    # A column that a first, refused file lacks would come last; the reason of refusals belongs there.
    last = [name for name in ("notes", "refused") if name in frame]
    return frame[[name for name in frame if name not in last] + last]


def _row(answer: Analysis | Refusal) -> dict[str, Any]:
    if isinstance(answer, Refusal):
        return {"file": answer.name, "refused": answer.reason}
    height, width = answer.shape
    facts: dict[str, Any] = {"file": answer.name, "format": answer.format, "height_px": height, "width_px": width}
    facts["pixel_scale_arcsec"] = answer.pixel_scale
    facts |= {} if answer.classified is None else _classified_row(answer.classified, answer.tells_mass)
    facts |= {} if answer.redrawn is None else _redrawn_row(answer.redrawn)
    facts["outside"] = answer.outside
    for kind, standing in answer.standing.items():
        for one in standing.novelty:
            name = f"{kind}_{_MEASURES[one.measure]}"
            facts |= {} if one.measure == "error" else {name: one.value}
            facts |= {f"{name}_percentile": one.percentile, f"{name}_over_limit": one.ratio}
    return facts | {"notes": " ".join(answer.notes)}


def _classified_row(classified: Classified, tells_mass: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"class": classified.name}
    row |= {f"P({name})": float(value) for name, value in zip(classified.classes, classified.probabilities, strict=True)}
    if classified.spread is not None:
        row |= {f"sd({name})": float(value) for name, value in zip(classified.classes, classified.spread, strict=True)}
    if tells_mass:
        row["log10_axion_mass_ev"] = classified.log_mass
    return row


def _redrawn_row(redrawn: RedrawnLens) -> dict[str, Any]:
    return {"masked_mse": redrawn.score}


def warnings(analysis: Analysis) -> list[str]:
    """A sentence for each network whose training lenses the image is unlike; none where it is like them all."""
    return [sentence(standing) for standing in analysis.standing.values() if standing.outside]


def sentence(standing: Standing) -> str:
    """How unlike the training lenses of a network an image is, in plain words."""
    far = " and ".join(_SAID[one.measure].format(one.ratio) for one in standing.novelty if one.outside)
    card = standing.card
    compared = f"the lenses of {card.data} that it learnt from" if card.learnt_from else f"the lenses of {card.data}"
    return (
        f"Outside what {card.checkpoint} knows: {far}, compared with {compared} "
        f"(limit: {LIMIT_PERCENTILE:g} % of {standing.novelty[0].held_out:,} held-out lenses)."
    )
