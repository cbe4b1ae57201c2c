"""AdamW with layer-wise decay, and the warm-up + cosine schedule."""

import math
import re
from collections import defaultdict

import torch
from torch import nn

from lensmae.training.config import RunConfig
from lensmae.training.muon import Muon, takes_muon


def learning_rate_factor(step: int, total: int, warmup: float) -> float:
    """Factor on the peak learning rate: linear to 1 over `warmup * total` steps, then half a cosine to 0."""
    ramp = max(1, round(warmup * total))
    if step < ramp:
        return (step + 1) / ramp
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - ramp) / max(1, total - ramp))))


def _depth(name: str, layers: int) -> int:
    """How far a parameter lies below the head: 0 for the head, 1 for the last encoder layer, layers + 1 for embeddings."""
    if not name.startswith("encoder."):
        return 0
    block = re.match(r"encoder\.transformer\.(\d+)\.", name)
    if block:
        return layers - int(block.group(1))
    return 1 if name.startswith("encoder.layer_norm") else layers + 1


def parameter_groups(
    network: nn.Module, learning_rate: float, weight_decay: float, layer_decay: float, muon: bool = False
) -> list[dict]:
    """Groups with learning rate `learning_rate * layer_decay ** depth` (Bao et al. 2022, arXiv:2106.08254); no weight decay
    on vectors (biases, norms) and on tokens and position embeddings. With `muon`, those that go by it say so.

    Args:
        network: whose parameters are grouped.
        learning_rate: of the head.
        weight_decay: of matrices.
        layer_decay: factor a layer, in (0, 1].
        muon: whether hidden layers' matrices go by Muon.
    """
    layers = len(network.encoder.transformer) if hasattr(network, "encoder") else 0
    groups: dict[tuple[int, bool, bool], list[nn.Parameter]] = defaultdict(list)
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        decays = parameter.ndim > 1 and not name.endswith(("_token", "pos_embedding"))
        groups[(_depth(name, layers), decays, muon and takes_muon(name, parameter))].append(parameter)
    return [
        {"params": parameters, "lr": learning_rate * layer_decay**depth, "weight_decay": weight_decay if decays else 0.0}
        | ({"muon": orthogonal} if muon else {})
        for (depth, decays, orthogonal), parameters in groups.items()
    ]


def is_fused(config: RunConfig) -> bool:
    """Whether one kernel a group does an optimiser's step. A small network on a graphics card waits for kernels to be launched,
    of which the unfused step has a dozen a group. In float16 a fused step would unscale the gradients after they were clipped."""
    return config.precision != "16-mixed" and config.strategy != "fsdp"


def build_optimizer(
    network: nn.Module, config: RunConfig, total_steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """AdamW (betas 0.9, 0.95) or Muon, and its schedule over `total_steps` steps."""
    muon = config.optimizer == "muon"
    groups = parameter_groups(network, config.learning_rate, config.weight_decay, getattr(config, "layer_decay", 1.0), muon)
    kind = Muon if muon else torch.optim.AdamW
    optimizer = kind(groups, lr=config.learning_rate, betas=(0.9, 0.95), fused=is_fused(config))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, total_steps, config.warmup))
    return optimizer, schedule
