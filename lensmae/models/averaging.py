"""The mean of two networks' weights: of a network and of what it became by learning more, one that keeps what the first knew
and has most of what the second learned (Wortsman et al. 2022, arXiv:2109.01903)."""

import torch
from torch import nn

from lensmae.errors import CheckpointError
from lensmae.models.checkpoint import CheckpointCard, read_network
from lensmae.models.registry import find_checkpoint


def averaged(card: CheckpointCard, network: nn.Module, other: str, share: float) -> tuple[CheckpointCard, nn.Module]:
    """Card and network whose weights are a mean of those given and of another checkpoint's.

    Args:
        card: of the network.
        network: whose weights are averaged, in place.
        other: name, run id or path of the other checkpoint, of the same architecture and transform.
        share: of the other one, between 0 and 1.

    Raises:
        CheckpointError: where the networks differ in more than their weights, or for another share.
    """
    if not 0 < share < 1:
        raise CheckpointError(f"The share of {other} is {share:g}; it must be between 0 and 1.")
    other_card, other_network = read_network(find_checkpoint(other))
    for what in ("kind", "architecture", "transform", "classes"):
        if getattr(card, what) != getattr(other_card, what):
            raise CheckpointError(f"The weights of {other} cannot be averaged with these: their {what} differs.")
    beside = other_network.state_dict()
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(beside[name].to(tensor), share)
    return card.model_copy(update={"training": card.training | {"averaged_with": {"checkpoint": other, "share": share}}}), network
