"""New lenses of a preset, drawn and rendered on a device: nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.imaging import render
from lensmae.data.simulation.batched.models import model_scene
from lensmae.data.simulation.batched.pose import posed
from lensmae.data.simulation.presets import CLASSES, PRESETS
from lensmae.errors import DatasetError


@dataclass(frozen=True)
class LensBatch:
    """B simulated lenses on a device.

    Attributes:
        images: (B, H, W) noise-free, in the preset's unit.
        labels: (B,) int64, places in `CLASSES`.
        log_axion_mass: (B,) of eV, NaN where the class has no axion.
    """

    images: Tensor
    labels: Tensor
    log_axion_mass: Tensor


def simulate_batch(
    preset: str,
    count: int,
    generator: torch.Generator,
    *,
    free: bool = False,
    turned: bool = False,
    offset: float = 0.0,
    classes: Sequence[str] = (),
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
) -> LensBatch:
    """`count` new noise-free lenses in random order, as many of every class (give or take one).

    Args:
        preset: a name of `PRESETS`.
        generator: all draws come from it. One on the CPU gives the same lenses on every device, to rounding; one on the device
            costs no copy.
        free: with a free macro model (`FREE_MACRO`) instead of Models I-III's fixed one.
        turned: turned by any angle and mirrored at random.
        offset: moved by up to so many arcsec in x and in y.
        classes: those to draw; all of the preset where empty.
        device: that renders; the generator's where None.
        dtype: of the images.
    """
    draws, chosen = Draws(generator), tuple(classes) or PRESETS[preset].classes
    unknown = [name for name in chosen if name not in PRESETS[preset].classes]
    if unknown:
        raise DatasetError(f"Preset {preset} has no class {unknown[0]!r}; it has {', '.join(PRESETS[preset].classes)}.")
    device = draws.device if device is None else torch.device(device)
    images, labels, masses = [], [], []
    for class_name, number in zip(chosen, _shares(count, len(chosen), draws), strict=True):
        scene, log_mass = model_scene(PRESETS[preset], class_name, number, draws, free)
        images.append(render(posed(scene, draws, turned, offset).to(device), dtype))
        labels.append(torch.full((number,), CLASSES.index(class_name), device=draws.device))
        masses.append(log_mass)
    order = torch.randperm(count, generator=generator, device=draws.device)
    log_mass, label = torch.cat(masses)[order].to(device, dtype), torch.cat(labels)[order].to(device)
    return LensBatch(torch.cat(images)[order.to(device)], label, log_mass)


def _shares(count: int, classes: int, draws: Draws) -> list[int]:
    """Lenses a class; who gets the rest is drawn."""
    shares = [count // classes] * classes
    if count % classes:
        for place in torch.randperm(classes, generator=draws.generator, device=draws.device)[: count % classes].tolist():
            shares[place] += 1
    return shares
