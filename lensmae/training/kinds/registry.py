"""The kinds of training. A new one is a module with its configuration, recipes, start and objective, and a name below.

One that makes a network of a new kind also needs `lensmae.models.checkpoint` and `lensmae.models.predictors` (to keep it),
`lensmae.evaluation.measure.rows` and `.reports` with `lensmae.evaluation.reports.headlines` (to measure it),
`lensmae.app.shared.choices` and `lensmae.app.training.promotion` (to choose and open it on a page), and, where it answers files,
`lensmae.evaluation.images.analyse` and `.verdicts`. What measures or loads refuses kinds that it does not know.
"""

import math
from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError
from torch import nn

from lensmae.data import LensDataset
from lensmae.errors import ConfigError
from lensmae.models.checkpoint import CheckpointCard
from lensmae.training.config import RunConfig
from lensmae.training.kinds import classifier, mass, pretrain, superres
from lensmae.training.kinds.kind import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (pretrain.KIND, classifier.KIND, mass.KIND, superres.KIND)}
CONFIGS: dict[str, type[RunConfig]] = {name: kind.config for name, kind in KINDS.items()}
# Any of them, told apart by the field `kind`.
_RECORD: TypeAdapter[RunConfig] = TypeAdapter(Annotated[reduce(or_, CONFIGS.values()), Field(discriminator="kind")])
RECIPES: dict[str, Mapping[str, Mapping[str, Any]]] = {name: kind.recipes for name, kind in KINDS.items()}


def start_network(config: RunConfig, dataset: LensDataset, train_rows: np.ndarray) -> tuple[CheckpointCard, nn.Module]:
    """Card (without metrics) and network of a run that begins; `train_rows` (N,) int. Raises `LensMAEError` where the data set or
    the checkpoint it starts from does not fit."""
    return KINDS[config.kind].start(config, dataset, train_rows)


def make_config(kind: str, recipe: str | None = None, **options: Any) -> RunConfig:
    """A checked configuration: defaults, then the recipe, then `options`. Raises `ConfigError` in plain words.

    A recipe's learning rate goes with the square root of the batch size, where `options` name another batch and no rate
    (Malladi et al. 2022, arXiv:2205.10287: so that Adam's steps add up to the same motion an image).
    """
    if kind not in CONFIGS:
        raise ConfigError(f"There is no training kind {kind!r}; there are {', '.join(CONFIGS)}.")
    recipes = RECIPES[kind]
    if recipe is not None and recipe not in recipes:
        raise ConfigError(f"There is no {kind} recipe {recipe!r}; there are {', '.join(recipes)}.")
    chosen = recipes.get(recipe or "", {})
    if recipe is not None and "batch_size" in options and "learning_rate" not in options:
        usual = _checked(lambda: CONFIGS[kind](**{"data": "", **chosen}))
        options = options | {"learning_rate": scaled_rate(usual, options["batch_size"])}
    return _checked(lambda: CONFIGS[kind](**{**chosen, **options}))


def scaled_rate(usual: RunConfig, batch_size: Any) -> float:
    """Learning rate of a configuration for another batch size, at most 1; its own where that is no batch size."""
    if not isinstance(batch_size, int) or batch_size < 1:
        return usual.learning_rate
    return min(1.0, usual.learning_rate * math.sqrt(batch_size / usual.batch_size))


def config_from_record(record: dict[str, Any]) -> RunConfig:
    """The configuration a run's `config.json` holds. Raises `ConfigError` in plain words."""
    return _checked(lambda: _RECORD.validate_python(record))


def _checked(build: Callable[[], RunConfig]) -> RunConfig:
    try:
        return build()
    except ValidationError as problem:
        details = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']} (given: {e['input']!r})" for e in problem.errors())
        raise ConfigError(f"The training configuration is not valid. {details}.") from None
