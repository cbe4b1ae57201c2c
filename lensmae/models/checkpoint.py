"""The checkpoint file: one `.safetensors` whose header says what it is. Nothing in it can run code."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from lensmae.data.symmetry import Symmetry, recorded_symmetry
from lensmae.data.transforms import Transform
from lensmae.errors import CheckpointError
from lensmae.models.architecture import check_header, check_sizes
from lensmae.models.baselines.convnet import ConvClassifier
from lensmae.models.baselines.edsr import ConvSuperResolver
from lensmae.models.baselines.resnet import ResNetClassifier
from lensmae.models.classifier import build_classifier
from lensmae.models.mae import MAEEncoder, MAEViT
from lensmae.models.superres import LensSuperResolver
from lensmae.workspace import check_class_names, replacing

_HEADER = "lensmae"
# Ending of the tensor that holds the scales of the rows of another, stored as whole numbers.
_ROW_SCALE = "::row_scale"
# Whitening multiplies differences of 1e-4 of an image by thousands, and a linear prior leaves as little: half precision of their
# components would be all that is left.
_EXACT = ("whitening.", "prior.", "mass.centre", "mass.scale")
Kind = Literal["mae", "classifier", "superres"]
# Figures of the stress test as cards and reports of LensMAE 0.1 call them, and as they are called now.
FORMER_FIGURES = {"told": "answered", "accuracy_of_told": "accuracy_answered"}
# Networks on our encoder, by the kind of their checkpoint.
_WITH_ENCODER = {"classifier": build_classifier, "superres": LensSuperResolver}
# Networks without it, which stand beside those.
_BASELINES = {"resnet18": ResNetClassifier, "convnet": ConvClassifier, "edsr": ConvSuperResolver}


class CheckpointCard(BaseModel):
    """All that a checkpoint says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    architecture: dict[str, Any] = Field(description="arguments of `build_network`")
    transform: Transform
    classes: tuple[str, ...] = ()
    training: dict[str, Any] = Field(default_factory=dict, description="run configuration and what came of it")
    data: dict[str, Any] = Field(default_factory=dict, description="identity of the training data")
    metrics: dict[str, Any] = Field(default_factory=dict, description="figures by split, with their date")
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    description: str = ""

    @field_validator("classes")
    @classmethod
    def _plain_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return check_class_names(value)

    @field_validator("metrics")
    @classmethod
    def _figures_by_split(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not all(isinstance(figures, dict) for figures in value.values()):
            raise ValueError("metrics holds figures by split")
        if "stress" in value:
            value = value | {"stress": {name: _present_figures(row) for name, row in value["stress"].items()}}
        return value

    @field_validator("training")
    @classmethod
    def _known_training(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(value.get("config", {}), dict):
            raise ValueError("training holds a configuration")
        recorded_symmetry(value.get("config", {}).get("symmetry", "d4"))
        return value

    @property
    def symmetric(self) -> bool:
        """Whether it was trained on turned and mirrored lenses; one that was not knows lenses in one orientation only."""
        return self.symmetry == "d4"

    @property
    def symmetry(self) -> Symmetry:
        """What turned lenses it was trained on."""
        return recorded_symmetry(self.training.get("config", {}).get("symmetry", "d4"))


def _present_figures(row: Any) -> Any:
    return {FORMER_FIGURES.get(name, name): figure for name, figure in row.items()} if isinstance(row, dict) else row


def build_network(kind: Kind, architecture: dict[str, Any]) -> nn.Module:
    """An untrained network of the given kind and size."""
    if kind == "mae":
        return MAEViT(**architecture)
    options = dict(architecture)
    if "backbone" in options:
        return _BASELINES[options.pop("backbone")](**options)
    return _WITH_ENCODER[kind](MAEEncoder(**options.pop("encoder")), **options)


def encoder_architecture(card: CheckpointCard) -> dict[str, Any]:
    """Arguments of `MAEEncoder` for any kind of checkpoint; of a network without one, its image size."""
    if "backbone" in card.architecture:
        return {"image_size": card.architecture["image_size"], "patch_size": 1}
    if card.kind != "mae":
        return dict(card.architecture["encoder"])
    size = dict(card.architecture)
    size["layers"], size["heads"] = size.pop("encoder_layers", 12), size.pop("encoder_heads", 3)
    return {name: value for name, value in size.items() if not name.startswith("decoder_") and name != "linear_prior"}


def save_checkpoint(path: Path, card: CheckpointCard, network: nn.Module, dtype: torch.dtype = torch.float32) -> None:
    """Write network and card to `path` atomically; weights are stored as `dtype`, principal components as float32.

    With torch.int8, matrices are stored as whole numbers with one scale a row, all else as float16: half of float16's size.

    Args:
        path: of the file.
        card: its header.
        network: whose weights are stored.
        dtype: of the weights in the file.
    """
    tensors: dict[str, torch.Tensor] = {}
    for name, tensor in network.state_dict().items():
        kept = tensor.detach().cpu()
        if name.startswith(_EXACT):
            tensors[name] = _converted(kept, torch.float32).contiguous()
        elif dtype == torch.int8 and kept.is_floating_point() and kept.ndim > 1 and len(kept) > 1:
            tensors[name], tensors[name + _ROW_SCALE] = _whole_numbers(kept.float())
        else:
            tensors[name] = _converted(kept, torch.float16 if dtype == torch.int8 else dtype).contiguous()
    with replacing(path) as temporary:
        # Its own `save_file` makes files that nobody else may read, which a shared workspace is not for.
        temporary.write_bytes(save(tensors, metadata={_HEADER: card.model_dump_json()}))


def rewrite_card(path: Path, card: CheckpointCard) -> None:
    """Give a checkpoint file another header, atomically; its tensors stay as they are stored."""
    tensors = _open(path, lambda file: {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118, as below
    with replacing(path) as temporary:
        temporary.write_bytes(save(tensors, metadata={_HEADER: card.model_dump_json()}))


def read_card(path: Path) -> CheckpointCard:
    """Read the header only. Raises `CheckpointError` where the file is missing, damaged or not ours."""
    return _open(path, lambda file: _card(path, file))


def read_network(path: Path) -> tuple[CheckpointCard, nn.Module]:
    """The card and the network in float32, in evaluation mode, with gradients off."""
    card, tensors = _open(
        path,
        lambda file: (_card(path, file), {name: file.get_tensor(name) for name in file.keys()}),  # noqa: SIM118, a safetensors file is no mapping
    )
    if bad := sorted(name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()):
        raise CheckpointError(f"{path} holds weights that are not finite ({', '.join(bad[:3])}); it cannot answer anything.")
    try:
        # On the meta device nothing is allocated: a header that claims a huge network fails on its tensors, not on memory.
        with torch.device("meta"):
            network = build_network(card.kind, card.architecture)
        network.load_state_dict(_weights(tensors), assign=True)
    except Exception as problem:
        # A header can make a constructor fail in any way; every one of them means the same.
        said = f"{type(problem).__name__}: {str(problem)[:500]}"
        raise CheckpointError(f"{path} does not hold the {card.kind} network that its header describes ({said}).") from problem
    return card, network.eval().requires_grad_(False)


def _whole_numbers(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A tensor (R, ...) as int8 (R, ...), and the float32 scale (R,) that its rows are multiplied by."""
    largest = matrix.abs().flatten(1).amax(dim=1)
    scale = torch.where(largest > 0, largest, torch.ones_like(largest)) / 127
    return torch.round(matrix / scale.view(-1, *[1] * (matrix.ndim - 1))).to(torch.int8).contiguous(), scale


def _weights(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a file as a network takes them: float32, those of whole numbers times the scales of their rows."""
    found = {}
    for name, tensor in tensors.items():
        if name.endswith(_ROW_SCALE):
            continue
        if name + _ROW_SCALE in tensors:
            scale = tensors[name + _ROW_SCALE].float()
            tensor = tensor.float() * scale.view(-1, *[1] * (tensor.ndim - 1))
        found[name] = _converted(tensor, torch.float32)
    return found


def _converted(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A tensor of numbers in another precision; counters stay integers."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _open(path: Path, read: Any) -> Any:
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist.")
    try:
        check_header(path)
    except (ValueError, OSError) as problem:
        raise CheckpointError(f"{path} is not a readable safetensors file: {problem}.") from problem
    try:
        with safe_open(path, framework="pt") as file:
            return read(file)
    except (SafetensorError, OSError, MemoryError, OverflowError) as problem:
        raise CheckpointError(f"{path} is not a readable safetensors file: {problem}.") from problem


def _card(path: Path, file: Any) -> CheckpointCard:
    metadata = file.metadata()
    if not metadata or _HEADER not in metadata:
        raise CheckpointError(
            f"{path} is a safetensors file without a LensMAE header; LensMAE loads checkpoints that LensMAE saved, "
            "and makes checkpoints of other weights with `lensmae convert FILE NAME`."
        )
    try:
        card = CheckpointCard.model_validate(json.loads(metadata[_HEADER]))
        check_sizes(card.architecture, tensors=len(file.keys()))
    except RecursionError:
        raise CheckpointError(f"The LensMAE header of {path} is damaged: it is nested too deep.") from None
    except (ValidationError, ValueError) as problem:
        raise CheckpointError(f"The LensMAE header of {path} is damaged: {str(problem)[:1000]}.") from problem
    return card
