"""`LensClassifier`: the MAE encoder with a linear head on its pooled tokens."""

from collections.abc import Callable
from typing import Protocol

import torch
from einops import reduce
from torch import Tensor, nn

from lensmae.models.linear_prior import LinearPrior
from lensmae.models.mae import MAEEncoder
from lensmae.models.mass import MassNetwork
from lensmae.models.stem import ConvStem
from lensmae.models.whitening import Whitening

# In the features of an MAE what separates the classes is small beside what does not; standardised channel by channel, a head
# learns it at once, while behind a layer norm 60,000 passes from `mae` stayed near chance (measured).
_HEAD_NORMS: dict[str, Callable[[int], nn.Module]] = {
    "layer": nn.LayerNorm,
    "batch": lambda width: nn.BatchNorm1d(width, affine=False),
}
# Of an encoder's tokens, what the head reads: `Classifier.head_poolings` names the same for stored embeddings.
_POOLED: dict[str, Callable[[Tensor], list[Tensor]]] = {
    "mean": lambda tokens: [reduce(tokens[:, 1:], "b t c -> b c", "mean")],
    "class_token": lambda tokens: [tokens[:, 0]],
    "all": lambda tokens: [reduce(tokens[:, 1:], "b t c -> b c", "mean"), tokens[:, 0], tokens[:, 1:].amax(1)],
}


class InputView(Protocol):
    """What a classifier looks at instead of the image; where it has none, it looks at the image."""

    def network_input(self, images: Tensor) -> Tensor:
        """Images (B, 1, H, W) in transform space -> the same shape."""


class LensClassifier(nn.Module):
    """Class logits, and optionally log10(axion mass / eV), from a lens image.

    Args:
        encoder: an `MAEEncoder`, usually pretrained.
        classes: number of classes.
        view: `Whitening`, or the `LinearPrior` of an MAE, of which the network sees the residual; None for the image itself.
        stem: a convolutional stem whose tokens are added to the patches' (`ConvStem`); None for none.
        mass: tells log10 of the axion mass: a linear layer on the pooled tokens, or a `MassNetwork` on the components of a
            `Whitening`; None for none.
        keep_tokens: encode only so many patches, those with the largest mean value in transform space (the arcs);
            all where None. Empty sky costs as much attention as an arc and says nothing about substructure.
        pooling: "mean" for the mean of the patch tokens, "class_token" for the class token, "all" for these two and the largest
            value of each channel over the patches side by side: what few patches hold, a mean dilutes.
        head_norm: what standardises the pooled tokens: "layer" by their own mean and deviation, "batch" by those of the batch,
            each channel by itself, without a scale or a shift (as the linear probes of He et al. 2022, arXiv:2111.06377).
    """

    def __init__(
        self,
        encoder: MAEEncoder,
        classes: int = 3,
        *,
        view: Whitening | LinearPrior | None = None,
        stem: ConvStem | None = None,
        mass: nn.Linear | MassNetwork | None = None,
        keep_tokens: int | None = None,
        pooling: str = "mean",
        head_norm: str = "layer",
    ) -> None:
        super().__init__()
        if head_norm not in _HEAD_NORMS:
            raise ValueError(f"head_norm is {head_norm!r}; it must be one of {', '.join(_HEAD_NORMS)}.")
        if pooling not in _POOLED:
            raise ValueError(f"pooling is {pooling!r}; it must be one of {', '.join(_POOLED)}.")
        self.pooling = pooling
        # One of the two is the view; their names are those of the tensors in a checkpoint.
        self.prior = view if isinstance(view, LinearPrior) else None
        self.whitening = view if isinstance(view, Whitening) else None
        self.encoder = encoder
        self.stem = stem
        self.keep_tokens = keep_tokens
        width = encoder.emb_dim * (3 if pooling == "all" else 1)
        self.head_norm = _HEAD_NORMS[head_norm](width)
        self.head = nn.Linear(width, classes)
        self.mass = mass
        # Small first logits: fine-tuning starts from near-uniform probabilities instead of unlearning random ones.
        nn.init.trunc_normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    @property
    def view(self) -> InputView | None:
        """What it looks at instead of the image; None for the image itself."""
        return self.prior if self.prior is not None else self.whitening

    def network_input(self, images: Tensor) -> Tensor:
        """What the network looks at instead of images (B, C, H, W), of the same shape: their residual, or whitened."""
        return images if self.view is None else self.view.network_input(images)

    def patches(self, images: Tensor, seen: Tensor | None = None) -> Tensor:
        """The patch tokens (B, K, emb_dim) that are encoded, of images (B, C, H, W): of their residual, or whitened, the
        stem's added, the brightest kept. `seen` is their `network_input` where that is known already."""
        return self._patches(self.network_input(images) if seen is None else seen, self.kept_tokens(images))

    def _patches(self, inputs: Tensor, indices: Tensor | None) -> Tensor:
        patches = self.encoder.patches(inputs)
        if self.stem is not None:
            patches = patches + self.stem(inputs)
        return patches if indices is None else torch.take_along_dim(patches, indices.unsqueeze(-1), dim=1)

    def kept_tokens(self, images: Tensor) -> Tensor | None:
        """Indices in raster order (B, K) of the patches that are encoded, in the order of `patches`; None where all are."""
        rows, columns = self.encoder.grid(images)
        if self.keep_tokens is None or self.keep_tokens >= rows * columns:
            return None
        size = self.encoder.patch_size
        brightness = reduce(images, "b c (h p) (w q) -> b (h w)", "mean", p=size, q=size)
        return torch.topk(brightness, self.keep_tokens, dim=1).indices

    def features(self, images: Tensor, seen: Tensor | None = None) -> Tensor:
        """Pooled tokens (B, D) of images (B, C, H, W), D being emb_dim or three times that; `seen` as of `patches`."""
        return self._pooled(self.patches(images, seen))

    def _pooled(self, patches: Tensor) -> Tensor:
        return torch.cat(_POOLED[self.pooling](self.encoder.encode(patches)), dim=1)

    def logits_of_input(self, inputs: Tensor, indices: Tensor | None) -> Tensor:
        """Logits (B, classes) of a `network_input` (B, C, H, W), from the patches of `indices` (B, K); all where None."""
        return self.logits(self._pooled(self._patches(inputs, indices)))

    def logits(self, features: Tensor) -> Tensor:
        """Logits (B, classes) of pooled tokens (B, D), as of `features`."""
        return self.head(self.head_norm(features))

    def forward(self, images: Tensor, seen: Tensor | None = None) -> Tensor:
        """Logits (B, classes) of images (B, C, H, W); `seen` as of `patches`."""
        return self.logits(self.features(images, seen))

    def log_mass(self, images: Tensor) -> Tensor:
        """log10(axion mass / eV), (B,); needs `mass_head` or `mass_network`."""
        if isinstance(self.mass, MassNetwork):
            return self.mass(self.whitening.components(images))
        return self.logits_and_log_mass(images)[1]

    def logits_and_log_mass(self, images: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Both answers from one pass: logits (B, classes), log10(axion mass / eV) (B,); needs `mass_head` or
        `mass_network`. `seen` as of `patches`."""
        if self.mass is None:
            raise ValueError("This classifier was built without an axion-mass head.")
        if isinstance(self.mass, MassNetwork):
            return self(images, seen), self.log_mass(images)
        features = self.head_norm(self.features(images, seen))
        # Centred on the middle of the simulated prior, log10 m ~ U(-24, -22), in units of its half width (1 dex).
        return self.head(features), self.mass(features).squeeze(-1).float() - 23.0


def build_classifier(
    encoder: MAEEncoder,
    classes: int = 3,
    *,
    whitening: int = 0,
    residual: int = 0,
    stem_width: int = 0,
    stem_depth: int = 0,
    mass_head: bool = False,
    mass_network: dict[str, int] | None = None,
    keep_tokens: int | None = None,
    pooling: str = "mean",
    head_norm: str = "layer",
) -> LensClassifier:
    """An untrained classifier from the architecture that a card holds.

    Args:
        encoder: an `MAEEncoder`.
        classes: number of classes.
        whitening: principal components that the input is whitened with; 0 for none.
        residual: principal components of the linear prior of an MAE, whose residual the network sees; 0 for none.
        stem_width: channels of the convolutional stem; 0 for none.
        stem_depth: residual blocks at each resolution of that stem.
        mass_head: a linear axion-mass output on the pooled tokens.
        mass_network: arguments of a `MassNetwork` (width, layers); None for none.
        keep_tokens: patches that are encoded; all where None.
        pooling: "mean", "class_token" or "all", what the head reads of the tokens.
        head_norm: "layer" or "batch", what the pooled tokens are standardised by.

    Raises:
        ValueError: for a whitened residual, or a mass network without whitening.
    """
    if whitening and residual:
        raise ValueError("A classifier takes the whitened image or the residual, not both.")
    size = encoder.native_grid[0] * encoder.patch_size
    view = Whitening(whitening, size) if whitening else None
    if residual:
        view = LinearPrior(residual, size, encoder.patch_size)
    stem = ConvStem(encoder.emb_dim, encoder.patch_size, stem_width, stem_depth) if stem_width else None
    mass: nn.Linear | MassNetwork | None = nn.Linear(encoder.emb_dim * (3 if pooling == "all" else 1), 1) if mass_head else None
    if mass_network is not None:
        if not whitening:
            raise ValueError("A mass network reads the components that a classifier whitens with; this one does not whiten.")
        mass = MassNetwork(whitening, **mass_network)
    return LensClassifier(
        encoder, classes, view=view, stem=stem, mass=mass, keep_tokens=keep_tokens, pooling=pooling, head_norm=head_norm
    )
