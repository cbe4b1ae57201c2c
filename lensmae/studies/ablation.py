"""What decides the classifier's result: the recipe with one thing changed at a time, on the same lenses for the same time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lensmae.errors import ConfigError
from lensmae.studies.trials import run_trials, trained_and_measured
from lensmae.training import make_config

RECIPE = "reference-cpu"
_SCRATCH = {"init": "scratch", "layer_decay": 1.0}
_RESNET = _SCRATCH | {"backbone": "resnet18", "whitening": 0, "stem_width": 0, "keep_tokens": None}
# What each variant changes in the recipe. A stretch belongs to the encoder, so other ones begin from random weights.
VARIANTS: dict[str, dict[str, Any]] = {
    "recipe": {},
    "residual of mae-no-sub, not whitened": {"whitening": 0, "init": "mae-no-sub", "residual_of": "mae-no-sub"},
    "not whitened": {"whitening": 0},
    "without stem": {"stem_width": 0},
    "neither whitened nor a stem": {"whitening": 0, "stem_width": 0},
    "encoder from scratch": _SCRATCH,
    "all patches": {"keep_tokens": None},
    "turned and mirrored (D4)": {"symmetry": True},
    "with a linear mass head": {"mass_head": True},
    "no average of weights": {"ema_decay": 0.0},
    "layer decay 0.75": {"layer_decay": 0.75},
    "no layer decay": {"layer_decay": 1.0},
    "encoder of mae-no-sub": {"init": "mae-no-sub"},
    "encoder from scratch, linear stretch": _SCRATCH | {"stretch": "linear"},
    "encoder from scratch, asinh": _SCRATCH | {"stretch": "asinh"},
    "ResNet-18 instead, on the image": _RESNET,
    "ResNet-18 instead, on the residual of mae-no-sub": _RESNET | {"residual_of": "mae-no-sub"},
}


def ablation(
    data: str,
    output: Path,
    *,
    variants: Sequence[str] = tuple(VARIANTS),
    epochs: float = 0.2,
    seed: int = 0,
    test_images: int = 3000,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> list[dict[str, Any]]:
    """Train every variant for the same epochs and measure it on the test split; results are kept one by one in `output`.

    Args:
        options: fields of the run configuration, the same for all variants.
    """
    unknown = [name for name in variants if name not in VARIANTS]
    if unknown:
        raise ConfigError(f"There is no variant {unknown[0]!r}; there are {', '.join(VARIANTS)}.")
    # Compiling takes as long as it saves in so short a training.
    shared = {"data": data, "epochs": epochs, "seed": seed, "validate_every": 1_000_000, "compile": False, **options}
    plan = []
    for name in variants:
        config = make_config("classifier", RECIPE, **{**shared, **VARIANTS[name]})
        identity = {"variant": name, "changes": VARIANTS[name], "data": data, "epochs": epochs, "seed": seed, "options": options}
        run_id = f"ablation-{list(VARIANTS).index(name)}-{seed}"
        plan.append((identity, lambda run_id=run_id, config=config: trained_and_measured(run_id, config, test_images)))
    return run_trials(plan, output, progress)
