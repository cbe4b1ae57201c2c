"""Which patches the encoder sees: batched shuffling on the device, repeatable masks, masks given by hand."""

import torch
from einops import repeat
from torch import Tensor, nn


def take(tokens: Tensor, indexes: Tensor) -> Tensor:
    """Gather tokens (B, T, C) by indexes (B, K) -> (B, K, C)."""
    return torch.gather(tokens, 1, repeat(indexes, "b k -> b k c", c=tokens.shape[-1]))


def kept_count(tokens: int, mask_ratio: float) -> int:
    """How many of `tokens` patches stay visible at `mask_ratio` in [0, 1); at least one."""
    if not 0.0 <= mask_ratio < 1.0:
        raise ValueError(f"mask_ratio is {mask_ratio}; it must be at least 0 and below 1.")
    # The small term undoes binary rounding: 10 * (1 - 0.9) must keep 1 patch, not 0.
    return max(1, int(tokens * (1.0 - mask_ratio) + 1e-6))


def patch_scores(seeds: list[int], tokens: int) -> Tensor:
    """One uniform score a patch, (B, T) float32 on the CPU, from one seed an image. The patches with the lowest
    scores stay visible, so with one seed the masks of all ratios are nested."""
    rows = [torch.rand(tokens, generator=torch.Generator().manual_seed(seed % 2**63)) for seed in seeds]
    return torch.stack(rows)


class PatchShuffle(nn.Module):
    """Drops masked tokens and remembers the order (He et al. 2022, arXiv:2111.06377, section 3).

    Patches are sorted by a score; those with the lowest scores are kept. Scores are uniform and random unless given.
    """

    def __init__(self, mask_ratio: float = 0.75) -> None:
        super().__init__()
        kept_count(1, mask_ratio)
        self.mask_ratio = mask_ratio

    def forward(
        self, patches: Tensor, mask_ratio: float | None = None, scores: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Shuffle patches (B, T, C).

        Args:
            patches: tokens (B, T, C) in raster order.
            mask_ratio: share of patches to drop, in [0, 1); the module's own where None.
            scores: scores (B, T); uniform random where None.

        Returns:
            Kept tokens (B, K, C), forward indexes (B, T) (raster index of each shuffled place) and backward
            indexes (B, T) (shuffled position of each raster index).
        """
        batch, count, _ = patches.shape
        kept = kept_count(count, self.mask_ratio if mask_ratio is None else mask_ratio)
        if scores is None:
            scores = torch.rand(batch, count, device=patches.device)
        forward_indexes = torch.argsort(scores.to(patches.device), dim=1, stable=True)
        backward_indexes = torch.argsort(forward_indexes, dim=1)
        return take(patches, forward_indexes[:, :kept]), forward_indexes, backward_indexes


def hidden_from_scores(scores: Tensor, mask_ratio: float) -> Tensor:
    """The patches that `PatchShuffle` hides.

    Args:
        scores: scores (B, T).
        mask_ratio: share of patches to hide, in [0, 1).

    Returns:
        (B, T) bool, True = hidden: all but the lowest scores, of equal ones the later.
    """
    rank = scores.argsort(dim=1, stable=True).argsort(dim=1)
    return rank >= kept_count(scores.shape[1], mask_ratio)


def scores_from_hidden(hidden: Tensor) -> tuple[Tensor, float]:
    """Scores and mask ratio that make `PatchShuffle` hide exactly the given patches.

    Args:
        hidden: (B, T) bool, True = hidden; every image must hide the same number and show at least one.
    """
    counts = hidden.sum(dim=1)
    if not bool((counts == counts[0]).all()):
        raise ValueError("All masks of one batch must hide the same number of patches.")
    total, masked = hidden.shape[1], int(counts[0])
    if masked == total:
        raise ValueError("A mask must leave at least one patch visible.")
    return hidden.float(), masked / total
