"""A training step of the reference net beside the same step of an independent implementation, and what a faster step learns."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.before import before
from benchmarks.reference_mae import SequenceFirstMAE
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.data.transforms import surviving
from lensmae.models import MAEViT
from lensmae.models.arithmetic import multiplies_bfloat16, take_fast_float32
from lensmae.models.mae import masked_loss
from lensmae.progress import Progress

# Share of the hidden patches that the recipe `generalist-cpu` draws.
_SHARE = 0.25
# Of the reference net, forward and backward, at mask ratio 0.75 with all patches drawn.
_GFLOP = 5.53
_BATCH = 64


@dataclass(frozen=True)
class Learned:
    """What two networks of one beginning reach on the same batches of new Model II lenses.

    Attributes:
        images: seen by each.
        layers: of encoder and decoder, fewer than the reference net's.
        validation_loss, fast_validation_loss: mean squared error of hidden patches of lenses that neither saw, all drawn in
            float32; of the network trained so, and of the one trained with the fast step.
        seeds: the same for each of so many beginnings; the losses are means.
    """

    images: int
    layers: tuple[int, int]
    validation_loss: float
    fast_validation_loss: float
    seeds: int


@dataclass(frozen=True)
class PretrainResult:
    """A training step of the reference net beside the same step of an independent implementation, images a second.

    A step is forward, loss on hidden patches, backward and AdamW. The steps take turns in one process.

    Attributes:
        images_per_second, ratio: our step in float32; median over rounds of the reference's processor time over ours, above 1
            where we are faster.
        fast_images_per_second, fast_ratio: the step of the recipe `generalist-cpu`: a quarter of the hidden patches drawn, anew
            at each step, and bfloat16 where the processor multiplies it.
        gflop_per_image: of the reference net's whole step; times images a second, what the processor does.
        learned: whether the fast step teaches as much an image.
    """

    batch_size: int
    rounds: int
    parameters: int
    reference_parameters: int
    images_per_second: float
    reference_images_per_second: float
    ratio: float
    fast_images_per_second: float
    fast_ratio: float
    bfloat16: bool
    gflop_per_image: float
    learned: Learned


def pretrain(
    progress: Progress, batch_size: int = 32, rounds: int = 8, size: dict[str, int] | None = None, images: int = 5120
) -> PretrainResult:
    """Alternate training steps of `SequenceFirstMAE`, of `MAEViT`, and of the same with the fast step, on the same batch.

    Args:
        progress: called with (rounds done, rounds in all).
        batch_size: images a step.
        rounds: steps of each.
        size: `encoder_layers` and `decoder_layers` of smaller networks; the reference net where None.
        images: that the two networks of `Learned` see.
    """
    size = size or {}
    ours, fast = MAEViT(**size), MAEViT(**size)
    reference = SequenceFirstMAE(layers=(size.get("encoder_layers", 12), size.get("decoder_layers", 4)))
    batch = torch.randn(batch_size, 1, 64, 64)
    steps = {
        "reference": _training_step(reference, partial(_reference_loss, reference, batch), before),
        "ours": _training_step(ours, partial(_loss, ours, batch)),
        "fast": _training_step(fast, partial(_fast_loss, fast, batch)),
    }
    take_fast_float32()
    for step in steps.values():
        # The first allocates.
        step()
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for done in range(rounds):
        # Turn about which goes first, so that none profits from its place.
        for name in list(steps)[done % 3 :] + list(steps)[: done % 3]:
            seconds[name].append(_busy(steps[name]))
        progress(done + 1, rounds)
    times = {name: np.array(values) for name, values in seconds.items()}
    speed = {name: torch.get_num_threads() * batch_size / float(np.median(values)) for name, values in times.items()}
    return PretrainResult(
        batch_size=batch_size,
        rounds=rounds,
        parameters=count_parameters(ours),
        reference_parameters=count_parameters(reference),
        images_per_second=speed["ours"],
        reference_images_per_second=speed["reference"],
        ratio=float(np.median(times["reference"] / times["ours"])),
        fast_images_per_second=speed["fast"],
        fast_ratio=float(np.median(times["reference"] / times["fast"])),
        bfloat16=multiplies_bfloat16(),
        gflop_per_image=_GFLOP,
        learned=learned(images),
    )


def learned(images: int, layers: tuple[int, int] = (3, 1), seeds: int = 2) -> Learned:
    """Train two networks of one beginning on the same lenses, one with each step.

    Args:
        images: that each sees.
        layers: of encoder and decoder.
        seeds: beginnings.
    """
    transform = surviving(gain=20.0)
    held = simulate_batch("model_ii", 128, generator_of(0, 1)).images.unsqueeze(1)
    losses = np.empty((seeds, 2))
    for seed in range(seeds):
        torch.manual_seed(seed)
        networks = [MAEViT(encoder_layers=layers[0], decoder_layers=layers[1]) for _ in range(2)]
        networks[1].load_state_dict(networks[0].state_dict())
        optimizers = [torch.optim.AdamW(one.parameters(), lr=1e-3, betas=(0.9, 0.95), fused=True) for one in networks]
        count = max(1, images // _BATCH)
        for step in range(count):
            lenses = transform.forward(simulate_batch("model_ii", _BATCH, generator_of(seed, 2, step)).images.unsqueeze(1))
            noise = torch.rand(_BATCH, 256, generator=generator_of(seed, 3, step))
            for network, optimizer, loss in zip(networks, optimizers, (_loss, _fast_loss), strict=True):
                for group in optimizer.param_groups:
                    group["lr"] = 1e-3 * min((step + 1) / 10, 0.5 * (1 + np.cos(np.pi * step / count)))
                optimizer.zero_grad()
                loss(network, lenses, noise).backward()
                optimizer.step()
        noise = torch.rand(len(held), 256, generator=generator_of(0, 4))
        with torch.no_grad():
            losses[seed] = [float(_loss(network, transform.forward(held), noise)) for network in networks]
    mean = losses.mean(axis=0)
    return Learned(images, layers, float(mean[0]), float(mean[1]), seeds)


def _loss(network: MAEViT, images: Tensor, noise: Tensor | None = None) -> Tensor:
    prediction, mask = network(images, noise=noise)
    return masked_loss(prediction, images, mask)


def _fast_loss(network: MAEViT, images: Tensor, noise: Tensor | None = None) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bfloat16()):
        prediction, mask = network(images, noise=noise, drawn_share=_SHARE)
    return masked_loss(prediction.float(), images, mask)


def _reference_loss(network: SequenceFirstMAE, images: Tensor) -> Tensor:
    prediction, mask = network(images)
    return ((prediction - images) ** 2 * mask).mean() / 0.75


def _training_step(
    network: nn.Module, loss: Callable[[], Tensor], around: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Callable[[], None]:
    options: Mapping[str, Any] = {"lr": 1e-4, "betas": (0.9, 0.95), "weight_decay": 0.05}
    optimizer = torch.optim.AdamW(network.parameters(), **options, fused=isinstance(network, MAEViT))

    def step() -> None:
        with around():
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()

    return step


def _busy(work: Callable[[], Any]) -> float:
    """Processor seconds, which other processes on the machine do not add to."""
    start = time.process_time()
    work()
    return time.process_time() - start


def count_parameters(network: nn.Module) -> int:
    """Number of trainable values."""
    return sum(parameter.numel() for parameter in network.parameters())
