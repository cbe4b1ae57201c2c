"""New lenses of a preset, drawn and rendered on a device: nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.imaging import render
from lensmae.data.simulation.batched.models import model_scene
from lensmae.data.simulation.batched.noise import noisy_pairs, observed_batch, pair_truth
from lensmae.data.simulation.batched.pose import posed
from lensmae.data.simulation.batched.surveys import galaxy_scene, survey_scene
from lensmae.data.simulation.presets import CLASSES, PRESETS, Preset
from lensmae.errors import DatasetError

_DRAWN = {"survey": survey_scene, "galaxy": galaxy_scene}


@dataclass(frozen=True)
class LensBatch:
    """B simulated lenses on a device.

    Attributes:
        images: (B, H, W) in the unit of the lens's preset.
        labels: (B,) int64, indices in `CLASSES`; -1 for galaxies, which have no class.
        log_axion_mass: (B,) of eV, NaN where the class has no axion.
        strata: (B,) int64, indices in `names`.
        names: presets that the lenses are of; one but for a corpus.
        targets: (B, 2 H, 2 W) HR images of a pair preset, else None.
        truths: (B, 2 H, 2 W) noise-free HR images of a pair preset, else None.
    """

    images: Tensor
    labels: Tensor
    log_axion_mass: Tensor
    strata: Tensor
    names: tuple[str, ...]
    targets: Tensor | None = None
    truths: Tensor | None = None


def simulate_batch(
    preset: str,
    count: int,
    generator: torch.Generator,
    *,
    turned: bool = False,
    offset: float | None = None,
    noise: bool = False,
    classes: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
) -> LensBatch:
    """`count` new lenses in random order: of a corpus as many of every stratum as its weight says, of a preset as many of every
    class, give or take one; which one is drawn.

    Args:
        preset: a name of `PRESETS`.
        count: lenses, 1 or more.
        generator: all draws come from it. One on the CPU gives the same lenses on every device, to rounding; one on the device
            costs no copy.
        turned: turned by any angle and mirrored at random.
        offset: moved by up to so many arcsec in x and in y; the preset's own where None.
        noise: with the noise of the preset's camera, else noise-free. Pairs are noisy in any case; their truths are not.
        classes: those to draw; all of the preset where empty.
        weights: of the strata of a corpus by name; its own where None. A stratum without a weight is left out.
        device: that renders; the generator's where None.
        dtype: of the images.
    """
    if preset not in PRESETS:
        raise DatasetError(f"There is no preset {preset!r}; there are {', '.join(PRESETS)}.")
    unknown = [name for name in classes if name not in PRESETS[preset].classes]
    if unknown:
        raise DatasetError(f"Preset {preset} has no class {unknown[0]!r}; it has {', '.join(PRESETS[preset].classes)}.")
    draws = Draws(generator)
    device = draws.device if device is None else torch.device(device)
    shares = _strata(PRESETS[preset], weights, classes)
    parts = []
    for stratum, (name, number) in enumerate(zip(shares, _split(count, list(shares.values()), draws), strict=True)):
        kind = PRESETS[name]
        chosen = [one for one in kind.classes if not classes or one in classes]
        moved = kind.offset if offset is None else offset
        for class_name, of_class in zip(chosen, _split(number, [1.0] * len(chosen), draws), strict=True):
            part = _one_class(kind, class_name, of_class, draws, (turned, moved), noise, device, dtype)
            parts.append(replace(part, strata=torch.full_like(part.labels, stratum), names=tuple(shares)))
    return _shuffled(parts, draws)


def _strata(preset: Preset, weights: Mapping[str, float] | None, classes: Sequence[str]) -> dict[str, float]:
    """Weights of the presets that lenses are drawn from."""
    own = dict(preset.strata) or {preset.name: 1.0}
    unknown = [name for name in weights or {} if name not in own]
    if unknown:
        raise DatasetError(f"Preset {preset.name} has no stratum {unknown[0]!r}; it has {', '.join(own)}.")
    found = {name: own[name] if weights is None else weights.get(name, 0.0) for name in own}
    found = {name: weight for name, weight in found.items() if not classes or set(classes) & set(PRESETS[name].classes)}
    if min(found.values(), default=0.0) < 0 or sum(found.values()) <= 0:
        raise DatasetError(f"Weights of strata must be 0 or more, and one of them more; they are {found}.")
    return found


def _split(count: int, weights: list[float], draws: Draws) -> list[int]:
    """Whole numbers in proportion to weights, `count` in all: shares rounded down, then one more where drawn by the rest."""
    exact = [count * weight / sum(weights) for weight in weights]
    numbers = [int(share + 1e-9) for share in exact]
    missing = count - sum(numbers)
    if missing:
        rest = torch.tensor([max(share - number, 0.0) for share, number in zip(exact, numbers, strict=True)], device=draws.device)
        for index in torch.multinomial(rest, missing, replacement=False, generator=draws.generator).tolist():
            numbers[index] += 1
    return numbers


def _one_class(
    preset: Preset,
    class_name: str,
    count: int,
    draws: Draws,
    pose: tuple[bool, float],
    noise: bool,
    device: torch.device,
    dtype: torch.dtype,
) -> LensBatch:
    scene, log_mass = _DRAWN.get(preset.macro, model_scene)(preset, class_name, count, draws)
    scene = posed(scene, draws, *pose).to(device)
    images, targets, truths = render(scene, dtype), None, None
    if preset.noise == "pairs":
        images = pair_truth(images)
    if preset.target_shape is not None:
        images, targets, truths = noisy_pairs(images, draws)
    elif noise:
        images = observed_batch(preset, scene, images, draws)
    label = CLASSES.index(class_name) if class_name in CLASSES else -1
    labels = torch.full((count,), label, device=device)
    return LensBatch(images, labels, log_mass.to(device, dtype), labels, (preset.name,), targets, truths)


def _shuffled(parts: list[LensBatch], draws: Draws) -> LensBatch:
    """All parts in one batch, in random order."""
    count = sum(len(part.labels) for part in parts)
    order = torch.randperm(count, generator=draws.generator, device=draws.device).to(parts[0].images.device)

    def joined(name: str) -> Tensor | None:
        values = [getattr(part, name) for part in parts]
        return None if values[0] is None else torch.cat(values)[order]

    names = ("images", "labels", "log_axion_mass", "strata", "targets", "truths")
    return LensBatch(**{name: joined(name) for name in names}, names=parts[0].names)
