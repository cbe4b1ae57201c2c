"""A training step of the reference net beside the same step of an independent implementation, and what a faster step learns."""

import copy
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
from lensmae.training.optimizer import learning_rate_factor

# Of the reference net, forward and backward, at mask ratio 0.75 with all patches drawn.
_GFLOP = 5.53
_BATCH, _RATE = 64, 1e-3
_FORMATS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Of the machine whose speed is told; what is measured is one core's time.
_CORES = 2


@dataclass(frozen=True)
class PretrainResult:
    """A training step of the reference net beside the same step of an independent implementation; images a second on two cores.

    A step is forward, loss on hidden patches, backward and AdamW. The steps take turns in one process.

    Attributes:
        images_per_second: of "reference" and of our steps: "float32"; "bfloat16", where the processor multiplies it; and "a
            quarter drawn", the same with a quarter of the hidden patches, others at each step (recipe `generalist-cpu`).
        ratio: of our steps, median over rounds of the reference's processor time over theirs, above 1 where we are faster.
        gflop_per_image: of the reference net's whole step; times images a second, what the processor does.
        peak_gflops: what a core reaches here in a product of square matrices of 2048, measured, in "float32" and "bfloat16": the
            denominator of `mfu`, as no data sheet says what a virtual core can; "bfloat16" only where the processor has it.
        mfu: model FLOP utilisation, the share of that peak, in the format that the step multiplies in. Of "a quarter drawn" there
            is none: it computes less than those FLOP.
        learned: validation loss by step of smaller networks of one beginning after the same `learned_images` new Model II lenses:
            mean squared error of hidden patches of lenses that none saw, all of them drawn in float32. "float32" stands for the
            reference, which computes the same.
    """

    batch_size: int
    rounds: int
    parameters: int
    reference_parameters: int
    images_per_second: dict[str, float]
    ratio: dict[str, float]
    bfloat16: bool
    gflop_per_image: float
    peak_gflops: dict[str, float]
    mfu: dict[str, float]
    learned: dict[str, float]
    learned_images: int
    learned_layers: tuple[int, int] = (3, 1)


def pretrain(
    progress: Progress, batch_size: int = 32, rounds: int = 8, size: dict[str, int] | None = None, images: int = 2560
) -> PretrainResult:
    """Alternate training steps of `SequenceFirstMAE` and of `MAEViT` in three ways on the same batch.

    Args:
        progress: called with (rounds done, rounds in all).
        batch_size: images a step.
        rounds: steps of each.
        size: `encoder_layers` and `decoder_layers` of smaller networks; the reference net where None.
        images: that each network of `learned` sees.
    """
    size = size or {}
    take_fast_float32()
    reference = SequenceFirstMAE(layers=(size.get("encoder_layers", 12), size.get("decoder_layers", 4)))
    batch = torch.randn(batch_size, 1, 64, 64)
    steps = {"reference": _training_step(reference, partial(_reference_loss, reference, batch), before)}
    for name, loss in _LOSSES.items():
        network = MAEViT(**size)
        steps[name] = _training_step(network, partial(loss, network, batch))
    for step in steps.values():
        # The first allocates.
        step()
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for done in range(rounds):
        # Turn about which goes first, so that none profits from its place.
        for name in list(steps)[done % 4 :] + list(steps)[: done % 4]:
            seconds[name].append(_busy(steps[name]))
        progress(done + 1, rounds)
    times = {name: np.array(values) for name, values in seconds.items()}
    # Where bfloat16 is emulated, such a product takes a minute and is nobody's peak.
    peak = {name: matmul_gflops(dtype) for name, dtype in _FORMATS.items() if dtype is torch.float32 or multiplies_bfloat16()}
    formats = {"reference": "float32", "float32": "float32", "bfloat16": "bfloat16" if multiplies_bfloat16() else "float32"}
    of_core = {name: batch_size / float(np.median(times[name])) for name in formats}
    return PretrainResult(
        batch_size=batch_size,
        rounds=rounds,
        parameters=count_parameters(network),
        reference_parameters=count_parameters(reference),
        images_per_second={name: _CORES * batch_size / float(np.median(values)) for name, values in times.items()},
        ratio={name: float(np.median(times["reference"] / times[name])) for name in _LOSSES},
        bfloat16=multiplies_bfloat16(),
        gflop_per_image=_GFLOP,
        peak_gflops=peak,
        mfu={name: _GFLOP * of_core[name] / peak[one] for name, one in formats.items()},
        learned=learned(images),
        learned_images=images,
    )


def matmul_gflops(dtype: torch.dtype, side: int = 2048, rounds: int = 5) -> float:
    """GFLOP a second of a core's own time in products of square matrices; the best of some rounds."""
    left, right = (torch.randn(side, side).to(dtype) for _ in range(2))
    left @ right
    return max(2e-9 * side**3 / _busy(lambda: left @ right) for _ in range(rounds))


def learned(images: int, layers: tuple[int, int] = (3, 1)) -> dict[str, float]:
    """Train networks of one beginning on the same lenses, one with each step; their validation losses.

    Args:
        images: that each sees.
        layers: of encoder and decoder.
    """
    transform = surviving(gain=20.0)
    torch.manual_seed(0)
    first = MAEViT(encoder_layers=layers[0], decoder_layers=layers[1])
    networks = {name: copy.deepcopy(first) for name in _LOSSES}
    options: Mapping[str, Any] = {"lr": _RATE, "betas": (0.9, 0.95), "fused": True}
    optimizers = {name: torch.optim.AdamW(network.parameters(), **options) for name, network in networks.items()}
    count = max(1, images // _BATCH)
    for step in range(count):
        lenses = transform.forward(simulate_batch("model_ii", _BATCH, generator_of(0, 2, step)).images.unsqueeze(1))
        noise = torch.rand(_BATCH, 256, generator=generator_of(0, 3, step))
        for name, optimizer in optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = _RATE * learning_rate_factor(step, count, 0.1)
            optimizer.zero_grad()
            _LOSSES[name](networks[name], lenses, noise).backward()
            optimizer.step()
    held = transform.forward(simulate_batch("model_ii", 128, generator_of(0, 1)).images.unsqueeze(1))
    noise = torch.rand(len(held), 256, generator=generator_of(0, 4))
    with torch.no_grad():
        return {name: float(_loss(network, held, noise)) for name, network in networks.items()}


def _loss(network: MAEViT, images: Tensor, noise: Tensor | None = None) -> Tensor:
    prediction, mask = network(images, scores=noise)
    return masked_loss(prediction, images, mask)


def _rounded_loss(network: MAEViT, images: Tensor, noise: Tensor | None = None, share: float = 1.0) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bfloat16()):
        prediction, mask = network(images, scores=noise, drawn_share=share)
    return masked_loss(prediction.float(), images, mask)


_LOSSES: dict[str, Callable[..., Tensor]] = {
    "float32": _loss,
    "bfloat16": _rounded_loss,
    "a quarter drawn": partial(_rounded_loss, share=0.25),
}


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
