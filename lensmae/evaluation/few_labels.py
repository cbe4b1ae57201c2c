"""Results of `lensmae few-labels` as a table: a JSON list of trainings {model, labels, seed, accuracy, macro_auc, ...}."""

import json
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lensmae.errors import DatasetError


class FewLabelResult(BaseModel):
    """One training: how many labelled lenses it had in all, and what it reached on the test split."""

    model_config = ConfigDict(extra="ignore")

    model: str
    labels: int = Field(gt=0)
    seed: int = 0
    accuracy: float = Field(ge=0, le=1)
    macro_auc: float = Field(ge=0, le=1)
    n: int | None = Field(None, description="lenses measured on")
    data: str = ""


_RESULTS = TypeAdapter(list[FewLabelResult])


def read_few_labels(path: Path) -> pd.DataFrame:
    """One row a training; empty where there is no such file. Raises `DatasetError` where it is damaged."""
    if not path.is_file():
        return pd.DataFrame(columns=list(FewLabelResult.model_fields))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        results = _RESULTS.validate_python(found["results"] if isinstance(found, dict) and "results" in found else found)
    except (OSError, ValueError, ValidationError) as problem:
        raise DatasetError(f"{path} does not hold results of few-label trainings: {problem}.") from problem
    return pd.DataFrame([result.model_dump() for result in results], columns=list(FewLabelResult.model_fields))
