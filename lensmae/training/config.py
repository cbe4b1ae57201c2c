"""What run configurations of all kinds share: one definition gives the command's options, the page's form and the record."""

from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, field_validator

from lensmae.data import LensDataset
from lensmae.data.symmetry import Symmetry, recorded_symmetry
from lensmae.data.transforms import Stretch
from lensmae.models.arithmetic import multiplies_bfloat16


class RunConfig(BaseModel):
    """What every training run needs.

    Attributes:
        labelled: whether the classes of lenses are learned.
        pairs: whether it learns from LR/HR pairs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    labelled: ClassVar[bool] = True
    pairs: ClassVar[bool] = False

    data: str = Field(
        description="data set: a name in the workspace, a path, or simulate:PRESET: new lenses at every step, 100,000 an epoch"
    )
    strata: str = Field(
        "", description="with simulate: and a corpus, weights of its strata, NAME=WEIGHT,...; the corpus's own where empty"
    )
    nuisances: Literal["none", "files", "faint"] = Field(
        "none",
        description="put on training images what files do to them: noise, sky, grey levels, seeing, shifts, bad pixels; faint: "
        "more and stronger noise, photon noise, seeing, JPEG",
    )
    epochs: float = Field(10.0, gt=0, le=100_000, description="passes over the training split")
    batch_size: int = Field(64, ge=1, le=65_536, description="images a step, over all devices together")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="peak learning rate")
    warmup: float = Field(0.1, ge=0, le=0.9, description="share of the steps in linear warm-up; cosine to zero after it")
    weight_decay: float = Field(0.05, ge=0, le=1, description="AdamW weight decay (not on biases, norms and embeddings)")
    optimizer: Literal["adamw", "muon"] = Field(
        "adamw", description="muon orthogonalises the steps of hidden layers' matrices; all others go by AdamW"
    )
    clip: float = Field(1.0, gt=0, description="gradient norm limit")
    symmetry: Symmetry = Field(
        "d4", description="turn training images at random: not at all, by half a turn, or by the eight symmetries of the square"
    )
    ema_decay: float = Field(
        0.99, ge=0, lt=1, description="final decay a step of the weight average that becomes the model; 0 = none"
    )
    seed: int = Field(0, ge=0, lt=2**31, description="seed of weights, order, masks and symmetry")
    save_every: int = Field(50, ge=1, description="steps between resumable saves and points of the curve")
    validate_every: int = Field(4, ge=1, description="saves between validations")
    validation_images: int = Field(1024, ge=1, description="validation images read at most")
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "auto"] = Field(
        "32-true",
        description="number format of the arithmetic; auto: bf16-mixed where the device multiplies bfloat16, else 32-true",
    )
    accelerator: Literal["auto", "cpu", "gpu"] = Field("auto", description="where to train")
    devices: int = Field(1, ge=1, le=1024, description="devices a node")
    nodes: int = Field(1, ge=1, le=1024, description="nodes")
    strategy: Literal["auto", "ddp", "fsdp"] = Field("auto", description="how several devices share the work")
    logger: Literal["csv", "tensorboard", "mlflow", "wandb"] = Field(
        "csv", description="keep the curve as CSV only, or in another logger too (its package must be installed)"
    )
    compile: bool = Field(False, description="compile the network first (about a minute)")
    compile_mode: Literal["auto", "default", "reduce-overhead", "max-autotune"] = Field(
        "auto", description="of torch.compile; auto: reduce-overhead (CUDA graphs) on one GPU, else default"
    )

    @field_validator("symmetry", mode="before")
    @classmethod
    def _symmetry_of_old_records(cls, value: Any) -> Any:
        return recorded_symmetry(value)

    @property
    def only_class(self) -> str:
        """The class it learns from; empty for all."""
        return ""

    @property
    def label_limit(self) -> int | None:
        """Labelled lenses it learns from; all where None."""
        return None

    def usable(self, dataset: LensDataset) -> np.ndarray:
        """Which lenses of a set it can learn from or be validated on, (N,) bool. Raises `DatasetError` where too few are."""
        classes = np.asarray(dataset.lenses["class"])
        return classes == self.only_class if self.only_class else np.ones(len(classes), dtype=bool)


def settled(config: RunConfig) -> RunConfig:
    """The configuration with the number format that `auto` stands for on this machine."""
    if config.precision != "auto":
        return config
    rounds = torch.cuda.is_bf16_supported() if trains_on_cuda(config) else multiplies_bfloat16() and not _on_apple(config)
    return config.model_copy(update={"precision": "bf16-mixed" if rounds else "32-true"})


def trains_on_cuda(config: RunConfig) -> bool:
    """Whether a run of this machine is trained on a GPU of NVIDIA's or AMD's."""
    return config.accelerator != "cpu" and torch.cuda.is_available()


def _on_apple(config: RunConfig) -> bool:
    return config.accelerator != "cpu" and torch.backends.mps.is_available()


def compile_mode(config: RunConfig) -> str:
    """The mode of `torch.compile` on this machine. CUDA graphs take one device: the exchange of gradients between several stands
    between forward and backward passes that they would record."""
    if config.compile_mode != "auto":
        return config.compile_mode
    return "reduce-overhead" if trains_on_cuda(config) and config.devices * config.nodes == 1 else "default"


class NetworkConfig(RunConfig):
    """Size of a network that starts from nothing; ignored where it starts from a checkpoint."""

    init: str = Field("scratch", description="checkpoint to start from (name, run id or path); 'scratch' for random weights")
    patch_size: int = Field(4, ge=1, le=64, description="patch side in pixels")
    emb_dim: int = Field(192, ge=8, le=4096, description="token width")
    encoder_layers: int = Field(12, ge=1, le=64, description="encoder layers")
    encoder_heads: int = Field(3, ge=1, le=64, description="encoder attention heads")
    transform: Literal["fitted", "surviving"] = Field(
        "fitted",
        description="network input: stretched by stretch and gain and standardised on training images, or what survives files "
        "(sky subtracted, no flux unit, asinh of gain times the crest of the arc)",
    )
    stretch: Stretch = Field("log1p", description="pixel stretch")
    gain: float = Field(
        4.0, gt=0, description="factor on the peak-normalised flux before the stretch (whitened input keeps its flux scale: 1)"
    )


class FineTuneConfig(NetworkConfig):
    """What both fine-tunings share."""

    init: str = Field(
        "mae",
        description="checkpoint to start from (name, run id or path): an MAE gives its encoder, a network of the same kind all "
        "its weights; 'scratch' for random ones",
    )
    layer_decay: float = Field(0.75, gt=0, le=1, description="learning-rate factor from each encoder layer to the one below")
    drop_path: float = Field(0.0, ge=0, lt=1, description="stochastic depth of the last encoder layer")
    backbone: Literal["vit"] = Field("vit", description="network")
