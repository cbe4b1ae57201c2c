"""Loaded checkpoints: arrays of flux in, arrays out. `load_checkpoint(name).predict(images)` works for every kind."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from einops import rearrange, reduce, repeat
from torch import Tensor, nn

from lensmae.data.symmetry import D4_ORDER, apply_d4, d4_mean, undo_d4
from lensmae.errors import DatasetError
from lensmae.models.arithmetic import multiplies_bfloat16, take_fast_float32, workers
from lensmae.models.checkpoint import CheckpointCard, encoder_architecture, read_network
from lensmae.models.masking import kept_count, patch_scores, take
from lensmae.models.registry import PRODUCT, find_checkpoint

# Tokens a batch. On a CPU the activations of so many stay in its cache; `lensmae benchmark embedding_speed` compares.
_CPU_TOKENS, _GPU_TOKENS = 2048, 65_536
# Tokens a batch of one thread of many.
_THREAD_TOKENS = 1024
POOLINGS = ("mean", "class token", "max")
# Which patches are encoded for an embedding: an autoencoder learned to do with a quarter of them.
PATCHES = ("all", "brightest half")


@dataclass(frozen=True)
class Reconstruction:
    """What an MAE reconstructed.

    Attributes:
        prediction: (B, H, W) float32 flux, the network's prediction of every pixel.
        hidden: (B, gh, gw) bool, True where a patch was hidden.
        mask: (B, H, W) bool, the same for pixels.
    """

    prediction: np.ndarray
    hidden: np.ndarray
    mask: np.ndarray


class LoadedModel:
    """A checkpoint in memory, shared and never changed."""

    def __init__(self, path: Path, card: CheckpointCard, module: nn.Module, device: str) -> None:
        take_fast_float32()
        self.path = path
        self.name = path.parent.name if path.name == PRODUCT else path.stem
        self.card = card
        self.module = module.to(device)
        self.device = device
        self.transform = card.transform
        size = encoder_architecture(card)
        self.image_size: int = size.get("image_size", 64)
        self.patch_size: int = size.get("patch_size", 4)
        # Principal components belong to one size; networks without them interpolate their position embeddings.
        self.any_size: bool = not any(card.architecture.get(name) for name in ("whitening", "linear_prior", "residual"))
        # Baselines without our encoder have no tokens: no masks, attention or position embeddings.
        self.has_tokens: bool = "backbone" not in card.architecture
        # A classifier reads what it was trained to read, and a super-resolver all.
        self.takes_part: bool = card.kind == "mae"
        self.layers: int = size.get("layers", 12) if self.has_tokens else 1
        self.grid: tuple[int, int] = (self.image_size // self.patch_size, self.image_size // self.patch_size)
        # A convolutional network has no tokens; an eighth of a side of its maps costs about as much.
        tokens = self.grid[0] * self.grid[1] if self.has_tokens else max(1, (self.image_size // 8) ** 2)
        self._batch = max(1, (_CPU_TOKENS if device == "cpu" else _GPU_TOKENS) // tokens)
        self._thread_batch = max(1, _THREAD_TOKENS // tokens)
        # An autoencoder's embeddings are for looking at many; those of a classifier give classes.
        self.rounds: bool = card.kind == "mae" and device == "cpu" and multiplies_bfloat16()

    def patch_grid(self, shape: tuple[int, ...], whose: str = "The image has") -> tuple[int, int]:
        """Rows and columns of patches of images of this shape (..., H, W).

        Args:
            shape: of the images.
            whose: begins the sentence of the error: "Data set demo has images of".

        Raises:
            DatasetError: where they cannot be cut into the network's patches, or are not of its only size.
        """
        height, width = shape[-2:]
        if not self.any_size and (height, width) != (self.image_size, self.image_size):
            raise DatasetError(
                f"{whose} {height}x{width} pixels; {self.name} has the principal components of images of "
                f"{self.image_size}x{self.image_size} and takes no others. Choose another data set, or another checkpoint."
            )
        if height % self.patch_size or width % self.patch_size:
            raise DatasetError(f"{whose} {height}x{width} pixels; {self.name} needs sides divisible by {self.patch_size}.")
        return height // self.patch_size, width // self.patch_size

    def _batches(self, images: np.ndarray) -> Iterator[Tensor]:
        """Flux (b, 1, H, W) on the device, a few images at a time."""
        if images.ndim != 3 or len(images) == 0:
            raise ValueError(f"Expected images of shape (B, H, W) with B >= 1, got {images.shape}.")
        for start in range(0, len(images), self._batch):
            batch = np.array(images[start : start + self._batch], dtype=np.float32)
            yield torch.from_numpy(batch).unsqueeze(1).to(self.device)

    def embed(
        self, images: np.ndarray, layer: int | None = None, pooling: str = "mean", *, rounded: bool = False, patches: str = "all"
    ) -> np.ndarray:
        """Pooled tokens of an encoder layer: flux (B, H, W) -> (B, D) float32.

        Args:
            images: flux (B, H, W).
            layer: 1 to `layers`; the last where None.
            pooling: one of `POOLINGS`; mean and max are over patch tokens.
            rounded, patches: as of `pooled`.
        """
        if pooling not in POOLINGS:
            raise ValueError(f"There is no pooling {pooling!r}; there are {', '.join(POOLINGS)}.")
        return self.pooled(images, layer, rounded=rounded, patches=patches)[POOLINGS.index(pooling)]

    def pooled(self, images: np.ndarray, layer: int | None = None, *, rounded: bool = False, patches: str = "all") -> np.ndarray:
        """Tokens of an encoder layer pooled in every way: flux (B, H, W) -> (3, B, D) float32, in the order of `POOLINGS`.

        Args:
            images: flux (B, H, W).
            layer: 1 to `layers`; the last where None.
            rounded: multiply in bfloat16 where the network `rounds`: for the many lenses of a data set, of which only those
                embedded so are compared.
            patches: one of `PATCHES`. Encoding the brightest half only takes half the time; of an autoencoder.

        Raises:
            ValueError: for another layer or other patches than there are.
        """
        if patches not in PATCHES[: 2 if self.takes_part else 1]:
            raise ValueError(f"{self.name} embeds all patches; there is no {patches!r} of them for it.")
        if layer is not None and not 1 <= layer <= self.layers:
            raise ValueError(f"There is no layer {layer}; {self.name} has layers 1 to {self.layers}.")
        rounded = rounded and self.rounds
        half = patches != "all"
        return np.concatenate([self._pooled(flux, layer, rounded, half) for flux in self._batches(images)], axis=1)

    def pooled_thread_a_core(
        self, images: np.ndarray, layer: int | None = None, *, rounded: bool = False, patches: str = "all"
    ) -> np.ndarray:
        """`pooled` with another division of labour: every core has images of its own, where `pooled` has all cores share each
        operation and wait for each other after it. Faster for many images; on a GPU there is no difference.

        For a process that computes nothing else with PyTorch meanwhile, because its number of threads is one until this ends.

        Args:
            images, layer, rounded, patches: as of `pooled`.
        """
        threads = torch.get_num_threads()
        if self.device != "cpu" or threads == 1:
            return self.pooled(images, layer, rounded=rounded, patches=patches)
        parts = [images[start : start + self._thread_batch] for start in range(0, len(images), self._thread_batch)]
        pooled = partial(self.pooled, layer=layer, rounded=rounded, patches=patches)
        try:
            return np.concatenate(list(workers(threads).map(pooled, parts)), axis=1)
        finally:
            torch.set_num_threads(threads)

    @torch.inference_mode()
    def tokens(self, images: np.ndarray) -> Tensor:
        """Patch tokens (B, T, D) float32 of the encoder's last layer, on the CPU, of flux (B, H, W)."""
        encode = self.module.encoder.encode
        return torch.cat([encode(self._patches(flux), None)[:, 1:].cpu() for flux in self._batches(images)])

    @torch.inference_mode()
    def _pooled(self, flux: Tensor, layer: int | None, rounded: bool, half: bool) -> np.ndarray:
        encoder = self._rounded_encoder if rounded else None
        with torch.autocast("cpu", torch.bfloat16, enabled=rounded):
            return self._pool(flux, layer, half, encoder).float().cpu().numpy()

    @cached_property
    def _rounded_encoder(self) -> nn.Module:
        """The encoder with the matrices that bfloat16 products round at every call rounded already: the same numbers, sooner."""
        encoder = copy.deepcopy(self.module.encoder)
        for layer in encoder.modules():
            if isinstance(layer, nn.Linear):
                layer.to(torch.bfloat16)
        return encoder

    def _pool(self, flux: Tensor, layer: int | None, half: bool = False, encoder: nn.Module | None = None) -> Tensor:
        patches = self._patches(flux)
        if half:
            patches = take(patches, self._brightest(flux, patches.shape[1] // 2))
        tokens = (encoder or self.module.encoder).encode(patches, layer)
        return torch.stack([tokens[:, 1:].mean(dim=1), tokens[:, 0], tokens[:, 1:].amax(dim=1)])

    def _brightest(self, flux: Tensor, count: int) -> Tensor:
        """Places (b, count) of the patches of flux (b, 1, H, W) with the largest mean."""
        size = self.patch_size
        means = reduce(flux, "b 1 (h p) (w q) -> b (h w)", "mean", p=size, q=size)
        return means.topk(max(1, count), dim=1).indices

    def _patches(self, flux: Tensor) -> Tensor:
        """Patch tokens (b, K, D) that are encoded."""
        return self.module.encoder.patches(self.transform.forward(flux))


class Reconstructor(LoadedModel):
    """A loaded MAE."""

    @torch.inference_mode()
    def predict(
        self, images: np.ndarray, *, mask_ratio: float = 0.75, seed: int = 0, hidden: np.ndarray | None = None
    ) -> Reconstruction:
        """Hide patches and reconstruct the images.

        Args:
            images: flux (B, H, W), H and W divisible by the patch size.
            mask_ratio: share of patches to hide, in [0, 1). Masks of one seed are nested over ratios.
            seed: of the masks; image i uses the seed `seed + i`.
            hidden: (B or 1, gh, gw) bool, exact masks instead; each must hide the same number of patches.
        """
        predictions, masks = [], []
        for start, flux in zip(range(0, len(images), self._batch), self._batches(images), strict=True):
            # One mask for all is the same in every batch.
            chosen = hidden if hidden is None or len(hidden) == 1 else hidden[start : start + self._batch]
            drawn, mask = self._reconstruct(flux, mask_ratio, seed + start, chosen)
            predictions.append(drawn.squeeze(1).cpu().numpy())
            masks.append(mask.squeeze(1).cpu().numpy() > 0.5)
        mask = np.concatenate(masks)
        size = self.patch_size
        return Reconstruction(np.concatenate(predictions), mask[:, ::size, ::size], mask)

    @torch.inference_mode()
    def linear_guess(self, images: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """What the network's linear prior alone predicts: flux (B, H, W), masks (B or 1, gh, gw) -> flux (B, H, W) float32.

        Raises:
            ValueError: where the network has none.
        """
        if self.module.prior is None:
            raise ValueError(f"Checkpoint {self.name} has no linear prior.")
        flux = torch.from_numpy(np.array(images, dtype=np.float32)).unsqueeze(1).to(self.device)
        peak = self.transform.scale(flux)
        masks = torch.from_numpy(np.array(hidden, dtype=bool).reshape(len(hidden), -1)).to(self.device).expand(len(flux), -1)
        guess = self.module.prior(self.transform.forward(flux, peak), masks)
        return self.transform.inverse(guess, peak).squeeze(1).cpu().numpy()

    def _reconstruct(self, flux: Tensor, mask_ratio: float, seed: int, hidden: np.ndarray | None) -> tuple[Tensor, Tensor]:
        peak = self.transform.scale(flux)
        inputs = self.transform.forward(flux, peak)
        rows, columns = self.module.encoder.grid(inputs)
        if hidden is not None:
            exact = repeat(torch.from_numpy(np.array(hidden, dtype=bool)), "b h w -> (b r) (h w)", r=len(flux) // len(hidden))
            prediction, mask = self.module(inputs, hidden=exact.to(self.device))
        else:
            kept_count(1, mask_ratio)
            scores = patch_scores([seed + index for index in range(len(flux))], rows * columns)
            prediction, mask = self.module(inputs, mask_ratio=mask_ratio, scores=scores)
        return self.transform.inverse(prediction, peak), mask


class Classifier(LoadedModel):
    """A loaded classifier."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities."""
        return self.card.classes

    @property
    def tells_mass(self) -> bool:
        """Whether it has an axion-mass head."""
        return self.module.mass is not None

    @torch.inference_mode()
    def log_mass(self, images: np.ndarray) -> np.ndarray:
        """log10(axion mass / eV), (B,) float32, of flux (B, H, W); it means something for axion lenses only."""
        return self._measured(self.module.log_mass, images)

    def _measured(self, measure: Callable[[Tensor], Tensor], images: np.ndarray) -> np.ndarray:
        return np.concatenate([measure(self.transform.forward(flux)).cpu().numpy() for flux in self._batches(images)])

    @property
    def head_poolings(self) -> tuple[str, ...]:
        """Which of `POOLINGS` its head reads, in this order side by side."""
        # A convolutional baseline has one embedding, whatever the pooling.
        pooling = getattr(self.module, "pooling", "mean")
        return POOLINGS if pooling == "all" else (pooling.replace("_", " "),)

    @property
    def whitens(self) -> bool:
        """Whether it sees images through their principal components."""
        return bool(self.card.architecture.get("whitening"))

    @torch.inference_mode()
    def pca_residual(self, images: np.ndarray) -> np.ndarray:
        """What the principal components of a network that `whitens` leave of flux (B, H, W): root mean square in transform
        space, (B,) float32. It is not seen, and large where an image is unlike those the components were found in."""
        return self._measured(self.module.whitening.residual, images)

    def _patches(self, flux: Tensor) -> Tensor:
        return self.module.patches(self.transform.forward(flux))

    def _pool(self, flux: Tensor, layer: int | None, half: bool = False, encoder: nn.Module | None = None) -> Tensor:
        if self.has_tokens:
            return super()._pool(flux, layer, half, encoder)
        # A convolutional baseline has one embedding, whatever the pooling.
        return repeat(self.module.features(self.transform.forward(flux)), "b d -> pooling b d", pooling=len(POOLINGS))

    @torch.inference_mode()
    def background(self, images: np.ndarray) -> np.ndarray:
        """Median absolute value in transform space, (B,) float32, of what the principal components of a network that `whitens`
        leave of flux (B, H, W). Substructure is left on the arcs alone; noise, grey levels and another pose everywhere."""
        return self._measured(self.module.whitening.background, images)

    @torch.inference_mode()
    def components(self, images: np.ndarray) -> np.ndarray:
        """Principal components (B, components) float32 that a network which `whitens` sees of flux (B, H, W)."""
        return self._measured(self.module.whitening.components, images)

    @torch.inference_mode()
    def answer(self, images: np.ndarray, symmetries: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings (B, D), as `embed` gives them, of square images, and logits (V, B, K) of all their views; both float32.

        Args:
            images: flux (B, S, S).
            symmetries: views of each, the first elements of D4: 1 (the image as it is) or 8.
        """
        embeddings, logits = [], []
        for flux in self._batches(images):
            for some in flux.split(max(1, self._batch // symmetries)):
                views = torch.cat([apply_d4(some, element) for element in range(symmetries)])
                pooled, answers = self._answer(views)
                embeddings.append(pooled[: len(some)].cpu().numpy())
                logits.append(rearrange(answers, "(v b) k -> v b k", v=symmetries).cpu().numpy())
        return np.concatenate(embeddings), np.concatenate(logits, axis=1)

    def _answer(self, flux: Tensor) -> tuple[Tensor, Tensor]:
        pooled = self._pool(flux, None)
        read = torch.cat([pooled[POOLINGS.index(name)] for name in self.head_poolings], dim=1)
        return pooled[POOLINGS.index("mean")], self.module.logits(read)

    @torch.inference_mode()
    def classify(self, embeddings: np.ndarray) -> np.ndarray:
        """Class probabilities (B, K) float32 from embeddings (B, D) of the last layer, as `embed` gives them for each of
        `head_poolings`, side by side: those of the one orientation that was embedded."""
        features = torch.from_numpy(np.array(embeddings, dtype=np.float32)).to(self.device)
        return self.module.logits(features).softmax(dim=1).cpu().numpy()

    @torch.inference_mode()
    def predict(self, images: np.ndarray, *, d4: bool | None = None) -> np.ndarray:
        """Class probabilities (B, K) float32 of flux (B, H, W); with `d4` the mean over the eight symmetries.

        Where `d4` is None, it is as the card's `symmetric` says.
        """
        d4 = self.card.symmetric if d4 is None else d4
        return np.concatenate([self._probabilities(flux, D4_ORDER if d4 else 1).cpu().numpy() for flux in self._batches(images)])

    def _probabilities(self, flux: Tensor, symmetries: int) -> Tensor:
        inputs = self.transform.forward(flux)
        return d4_mean(lambda element: self.module(apply_d4(inputs, element)).softmax(dim=1), symmetries)


class SuperResolver(LoadedModel):
    """A loaded super-resolver."""

    @property
    def scale(self) -> int:
        """Integer factor from LR to HR pixels."""
        return int(self.card.architecture.get("scale", 2))

    @torch.inference_mode()
    def predict(self, images: np.ndarray, *, peak: float | None = None, d4: bool = False) -> np.ndarray:
        """LR flux (B, h, w) -> HR flux (B, scale*h, scale*w) float32.

        Args:
            images: LR flux (B, h, w).
            peak: brightest pixel of the whole images that these are parts of; their own where None.
            d4: the mean over the eight symmetries, each super-resolved and turned back ("self-ensemble", Lim et al. 2017,
                arXiv:1707.02921, section 3.4); eight times the work.
        """
        drawn = []
        for flux in self._batches(images):
            scale = None if peak is None else self.transform.scale(torch.full_like(flux[:, :, :1, :1], peak))
            inputs = self.transform.forward(flux, scale)

            def turned(element: int, flux: Tensor = flux, inputs: Tensor = inputs) -> Tensor:
                return undo_d4(self.module(apply_d4(flux, element), apply_d4(inputs, element)), element)

            drawn.append(d4_mean(turned, D4_ORDER if d4 else 1).squeeze(1).cpu().numpy())
        return np.concatenate(drawn)

    def _patches(self, flux: Tensor) -> Tensor:
        size = self.patch_size
        height, width = flux.shape[-2:]
        padded = nn.functional.pad(flux, (0, -width % size, 0, -height % size), mode="replicate")
        return super()._patches(padded)


_LOADED = {"mae": Reconstructor, "classifier": Classifier, "superres": SuperResolver}


def load_checkpoint(reference: str | Path, device: str = "cpu") -> Reconstructor | Classifier | SuperResolver:
    """Load a checkpoint by name (`mae`, `classifier`, `superres`, an own one), run id or path; `CheckpointError` otherwise."""
    path = find_checkpoint(reference)
    card, network = read_network(path)
    return _LOADED[card.kind](path, card, network, device)
