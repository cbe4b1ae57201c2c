"""Embedding on the CPU beside transformers' `ViTMAEModel` with the same sizes and the same weights, in one run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lensmae.data.transforms import Transform
from lensmae.errors import ConfigError
from lensmae.models import CheckpointCard, MAEViT, Reconstructor
from lensmae.progress import Progress

_BATCHES = (8, 64)


@dataclass(frozen=True)
class EmbeddingSpeedResult:
    """Mean-pooled embeddings of the same images, images a second; medians over rounds that alternate.

    Attributes:
        images, rounds: how many images a round, and rounds.
        images_per_second, thread_a_core_images_per_second: `LoadedModel.pooled`, as the pages do it for a few images, and
            `LoadedModel.pooled_thread_a_core`, as data sets are embedded.
        reference_images_per_second: of ViTMAEModel without masking, in inference mode, by its batch size.
        ratio, thread_a_core_ratio: median over rounds of the time of the reference over ours, by the batch size of the reference;
            above 1 we are faster. Ours chooses its own.
        largest_difference: between our embeddings (either way) and the reference's, in units of their deviation.
        transformers: version of the reference.
    """

    images: int
    rounds: int
    images_per_second: float
    thread_a_core_images_per_second: float
    reference_images_per_second: dict[str, float]
    ratio: dict[str, float]
    thread_a_core_ratio: dict[str, float]
    largest_difference: float
    transformers: str


def embedding_speed(
    progress: Progress, images: int = 64, rounds: int = 7, size: dict[str, int] | None = None
) -> EmbeddingSpeedResult:
    """Embed the same images with our reference net in both ways, and with ViTMAEModel with our weights.

    Args:
        size: `encoder_layers` and `decoder_layers` of a smaller network; the reference net where None.

    Raises:
        ConfigError: where transformers is not installed.
    """
    version, reference, plain = reference_encoder(size or {})
    flux = np.random.default_rng(0).random((images, 64, 64), dtype=np.float32)
    works = {f"reference {batch}": _embed_with(reference, plain.transform, flux, batch) for batch in _BATCHES}
    works |= {"plain": lambda: plain.pooled(flux)[0], "thread a core": lambda: plain.pooled_thread_a_core(flux)[0]}
    # First calls allocate.
    found = {name: work() for name, work in works.items()}
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for done in range(rounds):
        names = list(works)
        # Turn about which goes first, so that none profits from its place.
        for name in names[done % len(names) :] + names[: done % len(names)]:
            start = time.perf_counter()
            works[name]()
            seconds[name].append(time.perf_counter() - start)
        progress(done + 1, rounds)
    times = {name: np.array(values) for name, values in seconds.items()}
    speed = {name: images / float(np.median(values)) for name, values in times.items()}
    expected = found[f"reference {_BATCHES[0]}"]
    differences = [np.abs(found[name] - expected).max() / expected.std() for name in ("plain", "thread a core")]
    return EmbeddingSpeedResult(
        images=images,
        rounds=rounds,
        images_per_second=speed["plain"],
        thread_a_core_images_per_second=speed["thread a core"],
        reference_images_per_second={f"batch {batch}": speed[f"reference {batch}"] for batch in _BATCHES},
        ratio=_ratios(times, "plain"),
        thread_a_core_ratio=_ratios(times, "thread a core"),
        largest_difference=float(max(differences)),
        transformers=version,
    )


def _ratios(times: dict[str, np.ndarray], name: str) -> dict[str, float]:
    return {f"batch {batch}": float(np.median(times[f"reference {batch}"] / times[name])) for batch in _BATCHES}


def reference_encoder(size: dict[str, int]) -> tuple[str, nn.Module, Reconstructor]:
    """transformers' version, a `ViTMAEModel` and a loaded model of ours with the same weights."""
    try:
        import transformers
    except ImportError:
        raise ConfigError(
            "This benchmark compares with the transformers library, which LensMAE does not need otherwise; "
            "install it with `pip install -r requirements-benchmarks.txt`."
        ) from None
    torch.manual_seed(0)
    network = MAEViT(**size).eval().requires_grad_(False)
    config = transformers.ViTMAEConfig(
        hidden_size=192,
        num_hidden_layers=size.get("encoder_layers", 12),
        num_attention_heads=3,
        intermediate_size=768,
        image_size=64,
        patch_size=4,
        num_channels=1,
        qkv_bias=False,
        layer_norm_eps=1e-5,
        # An embedding sees the whole image.
        mask_ratio=0.0,
    )
    reference = transformers.ViTMAEModel(config).eval().requires_grad_(False)
    reference.load_state_dict(_translated(network, reference.state_dict()))
    card = CheckpointCard(kind="mae", architecture=size, transform=Transform())
    return transformers.__version__, reference, Reconstructor(Path("reference.safetensors"), card, network, "cpu")


_NAMES = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "attn.proj": "attention.o_proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}


def _translated(network: MAEViT, wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our encoder's weights under the names of ViTMAEModel, which keeps query, key and value apart."""
    ours = network.encoder.state_dict()
    # Theirs has a index of the class token, which ours has not.
    positions = torch.cat([torch.zeros_like(ours["cls_token"]), ours["pos_embedding"]], dim=1)
    state: dict[str, Any] = {"embeddings.cls_token": ours["cls_token"], "embeddings.position_embeddings": positions}
    for kind in ("weight", "bias"):
        state[f"embeddings.patch_embeddings.projection.{kind}"] = ours[f"patchify.{kind}"]
        state[f"layernorm.{kind}"] = ours[f"layer_norm.{kind}"]
        for layer in range(len(network.encoder.transformer)):
            for name, theirs in _NAMES.items():
                state[f"layers.{layer}.{theirs}.{kind}"] = ours[f"transformer.{layer}.{name}.{kind}"]
    for layer in range(len(network.encoder.transformer)):
        parts = ours[f"transformer.{layer}.attn.qkv.weight"].chunk(3)
        state |= {f"layers.{layer}.attention.{name}_proj.weight": part for name, part in zip("qkv", parts, strict=True)}
    missing = set(wanted) ^ set(state)
    if missing:
        raise ConfigError(f"This transformers names the weights of ViTMAEModel otherwise: {', '.join(sorted(missing))}.")
    return state


def _embed_with(reference: nn.Module, transform: Transform, flux: np.ndarray, batch: int) -> Callable[[], np.ndarray]:
    @torch.inference_mode()
    def work() -> np.ndarray:
        parts = []
        for start in range(0, len(flux), batch):
            images = transform.forward(torch.from_numpy(flux[start : start + batch]).unsqueeze(1))
            parts.append(reference(images).last_hidden_state[:, 1:].mean(dim=1).numpy())
        return np.concatenate(parts)

    return work
