"""Answers for image files as a table and as records for JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from lensmae.evaluation.images.analyse import NETWORK_KINDS, Analysis, Refusal
from lensmae.evaluation.images.classified import Classified
from lensmae.evaluation.images.verdicts import helps, unusual, verdict, warnings
from lensmae.evaluation.ood.domain import DomainCheck
from lensmae.evaluation.ood.references import Reference

_MEASURES = {"embedding": "distance"}


def record(answer: Analysis | Refusal, references: Mapping[str, Reference] | None = None) -> dict[str, Any]:
    """One file as a JSON object.

    `file`, `probabilities`, `class` (null where it is withheld) and `in_domain` (by kind of network; null where that is not
    known) are a contract; the rest is facts, measures and sentences beside them.
    """
    if isinstance(answer, Refusal):
        return {"file": answer.name, "refused": answer.reason}
    found: dict[str, Any] = {"file": answer.name, "format": answer.format, "shape": list(answer.shape)}
    found |= {"pixel_scale_arcsec": answer.pixel_scale, "notes": [*answer.notes, *answer.framing]}
    found |= {"facts": {name: value for name, value in asdict(answer.facts).items() if value not in (None, "")}}
    found |= {"class": answer.called, "in_domain": answer.in_domain}
    if answer.classified:
        found |= _classified(answer.classified)
    if answer.reconstruction:
        found["masked_mse"] = answer.reconstruction.score
    known = list((references or {}).values())
    found["domain"] = {kind: _check(check, known) for kind, check in answer.checks.items()}
    return found | {"warnings": warnings(answer)}


def _classified(classified: Classified) -> dict[str, Any]:
    named = dict(zip(classified.classes, classified.probabilities.tolist(), strict=True))
    found: dict[str, Any] = {"probabilities": named, "classifier": classified.checkpoint, "verdict": verdict(classified)}
    found |= {"noise_of_peak": classified.noise, "width_pixels": classified.width, "expected": classified.expected}
    if classified.spread is not None:
        found["spread"] = dict(zip(classified.classes, classified.spread.tolist(), strict=True))
    if classified.tells_mass:
        found |= {"log10_axion_mass_ev": classified.log_mass, "log10_axion_mass_ev_spread": classified.log_mass_spread}
    return found


def _check(check: DomainCheck, references: list[Reference]) -> dict[str, Any]:
    measures = {
        _column(one.measure): {
            "value": one.value,
            "percentile": one.percentile,
            "limit": one.limit,
            "held_out": one.held_out,
            "in_domain": not one.outside,
        }
        for one in check.novelty
    }
    found = {"checkpoint": check.card.checkpoint, "data": check.card.data, "in_domain": check.in_domain, **measures}
    found |= {} if check.in_domain else {"unusual": unusual(check), "would_help": helps(check)}
    reference = next((one for one in references if one.card == check.card), None)
    if reference is not None:
        found["neighbours"] = [
            {"row": int(reference.rows[index]), "class": reference.class_of(index), "distance": float(distance)}
            for index, distance in zip(check.neighbours, check.distances, strict=True)
        ]
    return found


def _column(measure: str) -> str:
    return _MEASURES.get(measure, measure).replace(" ", "_")


def table(answers: Iterable[Analysis | Refusal]) -> pd.DataFrame:
    """One row a file. `class` is empty where it is withheld; probabilities are P(class), their spread over the eight symmetries
    sd(class); masked_mse is on the [0, 1] scale; percentiles are shares of held-out lenses with a smaller value; refused says
    why a file has no answer."""
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
    facts |= {"pixel_scale_arcsec": answer.pixel_scale, "ra_deg": answer.facts.ra, "dec_deg": answer.facts.dec}
    facts |= {"peak_signal_to_noise": answer.facts.peak_signal_to_noise}
    facts |= {} if answer.classified is None else _classified_row(answer.classified)
    facts |= {} if answer.reconstruction is None else {"masked_mse": answer.reconstruction.score}
    facts |= {f"in_domain_{kind}": answer.in_domain[kind] for kind in NETWORK_KINDS}
    for kind, check in answer.checks.items():
        for one in check.novelty:
            name = f"{kind}_{_column(one.measure)}"
            facts |= {} if one.measure == "error" else {name: one.value}
            facts |= {f"{name}_percentile": one.percentile, f"{name}_over_limit": one.ratio}
    return facts | {"notes": " ".join((*answer.notes, *answer.framing))}


def _classified_row(classified: Classified) -> dict[str, Any]:
    row: dict[str, Any] = {"class": classified.called, "classifier": classified.checkpoint, "verdict": verdict(classified)}
    row |= {f"P({name})": float(value) for name, value in zip(classified.classes, classified.probabilities, strict=True)}
    if classified.spread is not None:
        row |= {f"sd({name})": float(value) for name, value in zip(classified.classes, classified.spread, strict=True)}
    if classified.tells_mass:
        row["log10_axion_mass_ev"] = classified.log_mass
    return row
