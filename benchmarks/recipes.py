"""How fast each training recipe runs on this machine, and what the whole of it would take."""

import secrets
from dataclasses import dataclass

from lensmae.data import delete_dataset, simulate_dataset
from lensmae.progress import Progress
from lensmae.training import RECIPES, make_config
from lensmae.training.probe import measure

# Training images of the sets that the shipped checkpoints were trained on, by what a recipe reads.
TRAINING_IMAGES = {"pretrain": 48_000, "no_sub": 16_000, "classifier": 48_000, "mass": 100_000, "superres": 6_400}
# Lenses a class: more images in the training split than any recipe's principal components.
_SETS = {"model_ii": 600, "superres": 64}


@dataclass(frozen=True)
class RecipesResult:
    """Training speed of every recipe, measured over a few seconds without compiling.

    Attributes:
        device: what trained.
        recipes: by "kind recipe": `images_per_second`; `passes`, images the whole recipe sees with `TRAINING_IMAGES`; `hours` of
            those at that speed, without preparation and validation.
    """

    device: str
    recipes: dict[str, dict[str, float]]


def recipes(progress: Progress, seconds: float = 6.0, only: tuple[str, ...] = (), **options: object) -> RecipesResult:
    """Train a few steps of every recipe on small data sets of its kind, which are deleted afterwards.

    Args:
        seconds: of steps a recipe.
        only: kinds of training; all where empty.
        options: fields of the run configuration, the same for all recipes.
    """
    plan = [(kind, recipe) for kind in RECIPES if not only or kind in only for recipe in RECIPES[kind]]
    names = {preset: f"benchmark-{secrets.token_hex(4)}" for preset in _SETS}
    found: dict[str, dict[str, float]] = {}
    device = ""
    try:
        for preset, name in names.items():
            simulate_dataset(preset, name, _SETS[preset], seed=0)
        for index, (kind, recipe) in enumerate(plan):
            data = names["superres" if kind == "superres" else "model_ii"]
            config = make_config(kind, recipe, **{"data": data, **options})
            estimate = measure(config, seconds)
            device = estimate.device
            passes = config.epochs * TRAINING_IMAGES["no_sub" if getattr(config, "classes", "all") == "no_sub" else kind]
            speed = estimate.images_per_second
            found[f"{kind} {recipe}"] = {"images_per_second": speed, "passes": passes, "hours": passes / speed / 3600}
            progress(index + 1, len(plan))
    finally:
        for name in names.values():
            delete_dataset(name)
    return RecipesResult(device, found)
