"""What decides the classifier's result: recipe and pretraining with one thing changed at a time, on the same lenses for the
same time."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lensmae.data import open_dataset
from lensmae.errors import ConfigError
from lensmae.progress import Progress
from lensmae.training import delete_run, make_config
from studies.trials import run_trials, trained, trained_and_measured

RECIPE = "from-mae-cpu"
_PRETRAINING = "reference-cpu"
_SCRATCH = {"init": "scratch", "layer_decay": 1.0}
_PLAIN = {"whitening": 0, "stem_width": 0}
_RESNET = _SCRATCH | _PLAIN | {"backbone": "resnet18", "keep_tokens": None}
_SMALL = _SCRATCH | {"patch_size": 8, "encoder_layers": 6, "keep_tokens": 24}
_DEEP = _SMALL | {"stem_depth": 2}
# The network of the recipe `deep-stem`.
_TURNED = _DEEP | {"symmetry": "half_turn"}
# What each variant changes in the recipe. A stretch belongs to the encoder, so other ones begin from random weights.
VARIANTS: dict[str, dict[str, Any]] = {
    "recipe": {},
    "residual of mae-no-sub, not whitened": {"whitening": 0, "init": "mae-no-sub", "residual_of": "mae-no-sub"},
    "not whitened": {"whitening": 0},
    "without stem": {"stem_width": 0},
    "neither whitened nor a stem": _PLAIN,
    "encoder from scratch": _SCRATCH,
    "all patches": {"keep_tokens": None},
    "turned and mirrored (D4)": {"symmetry": "d4"},
    "with a linear mass head": {"mass_head": True},
    "no average of weights": {"ema_decay": 0.0},
    "layer decay 0.75": {"layer_decay": 0.75},
    "no layer decay": {"layer_decay": 1.0},
    "encoder of mae-no-sub": {"init": "mae-no-sub"},
    "class token instead of the mean": {"pooling": "class_token"},
    "encoder from scratch, neither whitened nor a stem": _SCRATCH | _PLAIN,
    "encoder from scratch, linear stretch": _SCRATCH | {"stretch": "linear"},
    "encoder from scratch, asinh": _SCRATCH | {"stretch": "asinh"},
    "ResNet-18 instead, on the image": _RESNET,
    # log10(x / peak + 1e-6) but for a factor and a constant, which standardising takes away.
    "ResNet-18 instead, log10 stretch": _RESNET | {"gain": 1e6},
    "ResNet-18 instead, linear stretch": _RESNET | {"stretch": "linear"},
    "ResNet-18 instead, on the residual of mae-no-sub": _RESNET | {"residual_of": "mae-no-sub"},
    "ResNet-18 instead, on the residual, half turns": _RESNET | {"residual_of": "mae-no-sub", "symmetry": "half_turn"},
    "encoder from scratch, half turns": _SCRATCH | {"symmetry": "half_turn"},
    "encoder from scratch, deep stem": _SCRATCH | {"stem_depth": 2},
    "small encoder (patch 8, 6 layers) from scratch": _SMALL,
    "small encoder, deep stem": _DEEP,
    "small encoder, deep stem, half turns": _TURNED,
    "small encoder, deep stem of width 48, half turns": _TURNED | {"stem_width": 48},
    "small encoder, deeper stem (4 blocks a resolution), half turns": _TURNED | {"stem_depth": 4},
    "small encoder, deep stem, half turns, on the residual of mae-no-sub": _TURNED
    | {"whitening": 0, "residual_of": "mae-no-sub"},
}

# What each changes in a pretraining of its own, by its recipe for a CPU; the classifier begins there, and
# sees the image itself (`_PLAIN`), so that the pretraining has to tell.
PRETRAININGS: dict[str, dict[str, Any]] = {
    "own MAE": {},
    "own MAE, no linear prior": {"linear_prior": 0},
    "own MAE, no_sub alone": {"classes": "no_sub"},
    "own MAE, mask ratio 0.5": {"mask_ratio": 0.5},
    "own MAE, mask ratio 0.9": {"mask_ratio": 0.9},
    "own MAE, a quarter of the hidden patches drawn": {"drawn_share": 0.25},
    "own MAE, linear stretch": {"stretch": "linear", "gain": 1.0},
}


def ablation(
    data: str,
    output: Path,
    *,
    variants: Sequence[str] = (*VARIANTS, *PRETRAININGS),
    epochs: float = 0.2,
    pretrain_epochs: float = 0.2,
    seed: int = 0,
    test_images: int = 3000,
    progress: Progress | None = None,
    **options: Any,
) -> list[dict[str, Any]]:
    """Train every variant for the same epochs and measure it on the test split; results are kept one by one in `output`.

    Args:
        variants: names in `VARIANTS` and `PRETRAININGS`.
        epochs: of each classifier.
        pretrain_epochs: of each MAE that a variant pretrains.
        options: fields of the run configuration, the same for all variants.
    """
    names = [*VARIANTS, *PRETRAININGS]
    unknown = [name for name in variants if name not in names]
    if unknown:
        raise ConfigError(f"There is no variant {unknown[0]!r}; there are {', '.join(names)}.")
    # Compiling takes as long as it saves in so short a training.
    shared = {"data": data, "seed": seed, "validate_every": 1_000_000, "compile": False, **options}
    plan = []
    for name in variants:
        run_id = f"ablation-{names.index(name)}-{seed}"
        changes = PRETRAININGS[name] if name in PRETRAININGS else VARIANTS[name]
        identity = {"variant": name, "changes": changes, "data": data, "epochs": epochs, "seed": seed, "options": options}
        work = partial(_varied, run_id, shared | {"epochs": epochs} | changes, test_images)
        if name in PRETRAININGS:
            identity["pretrain_epochs"] = pretrain_epochs
            # As many images for all: an epoch of one class of three is a third.
            length = pretrain_epochs * (len(open_dataset(data).info.classes) if "classes" in changes else 1)
            plain = shared | _PLAIN | {"epochs": epochs}
            work = partial(_pretrained, run_id, shared | {"epochs": length} | changes, plain, test_images)
        plan.append((identity, work))
    return run_trials(plan, output, progress)


def _varied(run_id: str, settings: dict[str, Any], test_images: int) -> dict[str, Any]:
    return trained_and_measured(run_id, make_config("classifier", RECIPE, **settings), test_images)


def _pretrained(run_id: str, pretraining: dict[str, Any], settings: dict[str, Any], test_images: int) -> dict[str, Any]:
    """Figures of a classifier that begins from a pretraining of its own."""
    mae = f"{run_id}-mae"
    trained(mae, make_config("pretrain", _PRETRAINING, **pretraining))
    found = _varied(run_id, settings | {"init": mae}, test_images)
    delete_run(mae)
    return found
