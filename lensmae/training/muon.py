"""Muon (Jordan et al. 2024; Liu et al. 2025, arXiv:2502.16982): the momentum of each weight matrix, orthogonalised, is its step.

For convolutions too, as matrices (out, in * kernel), which torch.optim.Muon does not take; all other parameters go by AdamW.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

# Of the quintic Newton-Schulz iteration a X + b (X X^T) X + c (X X^T)^2 X, the optimal coefficients of each of five steps
# (Amsel et al. 2025, "The Polar Express", arXiv:2505.16932, algorithm 1, rounded).
_STEPS = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)
# The rms of a step is this share of the learning rate, as AdamW's usually is (arXiv:2502.16982, eq. 4).
_RMS = 0.2


@torch.no_grad()
def orthogonalised(matrix: Tensor) -> Tensor:
    """The nearest matrix with singular values near 1, of a matrix (M, N)."""
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    wide = wide / (wide.norm() + 1e-7)
    for a, b, c in _STEPS:
        gram = wide @ wide.T
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide.T if matrix.shape[0] > matrix.shape[1] else wide


class Muon(torch.optim.AdamW):
    """AdamW, with orthogonalised momentum in the groups that say `"muon": True`, whose parameters have two or more axes.

    One optimiser for both, so that schedules, saves and resumes know one.
    """

    def __init__(self, groups: list[dict[str, Any]], lr: float, momentum: float = 0.95, **options: Any) -> None:
        self._momentum = momentum
        super().__init__(groups, lr=lr, **options)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One step of all groups; `closure` as of other optimisers."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        everything = self.param_groups
        for group in everything:
            if group.get("muon"):
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self._orthogonal_step(parameter, group)
        self.param_groups = [group for group in everything if not group.get("muon")]
        try:
            super().step()
        finally:
            self.param_groups = everything
        return loss

    def _orthogonal_step(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
            # AdamW looks for it in every state that is loaded.
            state["step"] = torch.tensor(0.0)
        momentum: Tensor = state["momentum"].lerp_(parameter.grad, 1 - self._momentum)
        # Nesterov's: half a step ahead.
        ahead = parameter.grad.lerp(momentum, self._momentum).flatten(1)
        step = orthogonalised(ahead.float()).reshape(parameter.shape).to(parameter.dtype)
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(step, alpha=-group["lr"] * _RMS * math.sqrt(max(ahead.shape)))


def takes_muon(name: str, parameter: nn.Parameter) -> bool:
    """Whether a parameter is a hidden layer's matrix: not a vector, an embedding, the first layer or the last."""
    if parameter.ndim < 2 or name.endswith(("_token", "pos_embedding")):
        return False
    return not name.startswith(("conv.", "head.", "score.", "decoder.head.", "encoder.patchify."))
