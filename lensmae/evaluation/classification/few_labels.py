"""Results of `lensmae few-labels` as a table: a JSON list of trainings {model, labels, seed, accuracy, macro_auc, ...}."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lensmae.errors import DatasetError

# What the models of the study are; those of other files are not explained.
EXPLAINED = {
    "mae": "starts from `mae-no-sub`; its input is the residual of that MAE's linear prior. The prior was trained on lenses that "
    "are known to have no substructure, which are not counted among the labels, because they are simulated at will",
    "resnet18-residual": "a ResNet-18 on the same residual",
    "scratch": "the same transformer from random weights, on images whitened with the principal components of all training "
    "images, no label needed",
    "resnet18": "a ResNet-18 from random weights on the images",
}

_TITLES = {
    "mae": "MAE, fine-tuned",
    "resnet18-residual": "ResNet-18 on the residual",
    "scratch": "transformer from scratch",
    "resnet18": "ResNet-18",
}


def budget(images: Iterable[int | float | None]) -> str:
    """How long the trainings of a table were, in a sentence; empty where it does not say."""
    known = sorted({int(count) for count in images if count is not None and count == count})
    if not known:
        return ""
    return f"Every training passed {' or '.join(f'{count:,}' for count in known)} images, or every label once where that is more."


def explanation(models: Iterable[str], title: Callable[[str], str] = str) -> str:
    """The models of a table in a sentence or more, each called by its `title`."""
    there = set(models)
    return " ".join(f"{title(name)}: {EXPLAINED[name]}." for name in EXPLAINED if name in there)


def model_title(name: str) -> str:
    """A model of the study for a legend; others have their names."""
    return _TITLES.get(name, name)


class FewLabelResult(BaseModel):
    """One training: how many labelled lenses it had in all, and what it reached on the test split."""

    model_config = ConfigDict(extra="ignore")

    model: str
    labels: int = Field(gt=0)
    seed: int = 0
    accuracy: float = Field(ge=0, le=1)
    macro_auc: float = Field(ge=0, le=1)
    n: int | None = Field(None, description="lenses measured on")
    images: int | None = Field(None, description="image passes of the training, unless its labels are more")
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
