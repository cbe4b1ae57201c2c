"""Run configurations: one definition gives the command's options, the page's form and the stored record."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from lensmae.data.symmetry import Symmetry, recorded_symmetry
from lensmae.data.transforms import Stretch
from lensmae.errors import ConfigError

Positive = Annotated[int, Field(ge=1)]


class RunConfig(BaseModel):
    """What every training run needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field("32-true", description="number format of the arithmetic")
    accelerator: Literal["auto", "cpu", "gpu"] = Field("auto", description="where to train")
    devices: int = Field(1, ge=1, le=1024, description="devices a node")
    nodes: int = Field(1, ge=1, le=1024, description="nodes")
    strategy: Literal["auto", "ddp", "fsdp"] = Field("auto", description="how several devices share the work")
    logger: Literal["csv", "tensorboard", "mlflow", "wandb"] = Field(
        "csv", description="keep the curve as CSV only, or in another logger too (its package must be installed)"
    )
    compile: bool = Field(False, description="compile the network first (about a minute; 1.3x faster on a CPU)")

    @field_validator("symmetry", mode="before")
    @classmethod
    def _symmetry_of_old_records(cls, value: Any) -> Any:
        return recorded_symmetry(value)


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


class PretrainConfig(NetworkConfig):
    """Masked-autoencoder pretraining (He et al. 2022, arXiv:2111.06377)."""

    kind: Literal["pretrain"] = "pretrain"
    classes: Literal["all", "no_sub"] = Field("all", description="classes to learn from")
    mask_ratio: float = Field(0.75, gt=0, lt=1, description="share of patches hidden")
    drawn_share: float = Field(
        1.0, gt=0, le=1, description="share of the hidden patches that are drawn, others at each step; below 1 is faster"
    )
    denoise: bool = Field(False, description="the target is the image without noise, where that is known (simulate:, nuisances)")
    linear_prior: int = Field(
        0, ge=0, le=4096, description="start each drawing from a linear guess with so many principal components; 0 = none"
    )
    decoder_layers: int = Field(4, ge=1, le=64, description="decoder layers")
    decoder_heads: int = Field(3, ge=1, le=64, description="decoder attention heads")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="peak learning rate")


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


class ClassifierConfig(FineTuneConfig):
    """Classification by full fine-tuning."""

    kind: Literal["classifier"] = "classifier"
    backbone: Literal["vit", "resnet18", "convnet"] = Field(
        "vit", description="network; resnet18 is the supervised baseline, convnet a small residual network"
    )
    conv_width: int = Field(
        32, ge=4, le=512, description="channels of the convnet at half resolution; twice as many each halving"
    )
    conv_stages: int = Field(3, ge=1, le=5, description="resolutions of the convnet")
    conv_blocks: int = Field(2, ge=1, le=16, description="residual blocks of the convnet at each resolution")
    crop: int = Field(
        0, ge=0, le=4096, description="train the convnet on the central square of so many pixels first, which is faster; 0 = all"
    )
    crop_share: float = Field(0.85, ge=0, le=1, description="share of the steps that see the central square only")
    labels: int | None = Field(
        None, ge=2, description="learn from so many labelled lenses only, evenly from all classes; all where unset"
    )
    pooling: Literal["mean", "class_token"] = Field("mean", description="mean of the patch tokens, or class token")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="label smoothing")
    keep_tokens: int | None = Field(None, ge=1, description="encode only so many of the brightest patches; all where unset")
    whitening: int = Field(
        0, ge=0, le=4096, description="whiten the input with so many principal components of the training images; 0 = none"
    )
    stem_width: int = Field(
        0, ge=0, le=512, description="channels of a convolutional stem beside the patch projection (patch 2, 4, 8, ...); 0 = none"
    )
    stem_depth: int = Field(0, ge=0, le=16, description="residual blocks at each resolution of the convolutional stem")
    residual_of: str = Field(
        "",
        description="MAE with a linear prior (name, run id or path): the network sees what that prior leaves of an image; "
        "empty = the image itself",
    )
    mass_head: bool = Field(
        False, description="also regress log10 of the axion mass, linearly; `train mass` gives a trained classifier a better head"
    )
    mass_weight: float = Field(0.1, ge=0, description="weight of the mass loss")

    @model_validator(mode="after")
    def _one_orientation_and_one_view(self) -> Self:
        if self.residual_of and self.symmetry == "d4":
            raise ValueError("a linear prior knows one orientation; with residual_of set symmetry to half_turn or none")
        if self.stem_depth and not self.stem_width:
            raise ValueError("a deep stem needs a stem; set stem_width, or stem_depth to 0")
        if self.crop and self.backbone != "convnet":
            raise ValueError("only a convnet can be trained on a crop; set backbone to convnet, or crop to 0")
        if self.residual_of and self.whitening:
            raise ValueError(
                "the network sees the whitened image or the residual, not both; set whitening to 0 or residual_of to nothing"
            )
        return self


class MassConfig(RunConfig):
    """Second stage of a classifier that whitens its input: a network for the axion mass; the classifier itself stays as it is."""

    kind: Literal["mass"] = "mass"
    init: str = Field(
        "classifier-model-ii", description="classifier to give it to (name, run id or path); it must whiten its input"
    )
    width: int = Field(512, ge=8, le=8192, description="units of each hidden layer")
    layers: int = Field(3, ge=1, le=16, description="hidden layers")
    huber: float = Field(0.05, gt=0, description="error in dex beyond which the loss is linear (Huber)")
    epochs: float = Field(60.0, gt=0, le=100_000, description="passes over the training split")
    batch_size: int = Field(256, ge=1, le=65_536, description="images a step, over all devices together")
    warmup: float = Field(0.05, ge=0, le=0.9, description="share of the steps in linear warm-up; cosine to zero after it")
    weight_decay: float = Field(0.01, ge=0, le=1, description="AdamW weight decay (not on biases, norms and embeddings)")
    symmetry: Symmetry = Field("none", description="turn training images; no further than in the classifier's own training")
    ema_decay: float = Field(
        0.999, ge=0, lt=1, description="final decay a step of the weight average that becomes the model; 0 = none"
    )
    save_every: int = Field(500, ge=1, description="steps between resumable saves and points of the curve")


class SuperResConfig(FineTuneConfig):
    """Super-resolution fine-tuning on LR/HR pairs."""

    kind: Literal["superres"] = "superres"
    backbone: Literal["vit", "edsr"] = Field("vit", description="network; edsr is the convolutional baseline")
    batch_size: int = Field(16, ge=1, le=65_536, description="images a step, over all devices together")
    width: int = Field(48, ge=4, le=1024, description="channels of the convolutions after the encoder")
    depth: int = Field(4, ge=1, le=64, description="convolutions after the encoder")
    charbonnier: float = Field(1e-3, gt=0, description="width of the quadratic core of the Charbonnier loss, in flux")


CONFIGS: dict[str, type[RunConfig]] = {
    "pretrain": PretrainConfig,
    "classifier": ClassifierConfig,
    "mass": MassConfig,
    "superres": SuperResConfig,
}

# What Model II rewards: its lenses have one orientation and one flux scale, and differ from each other far more than by their
# substructure. One epoch of 24,000 lenses took a patch-8 encoder of 6 layers from scratch to a validation AUC of 0.52 with log1p
# alone, and to 0.99 with the same input whitened; a convolutional stem reaches the same in a quarter of that (measured). What a
# linear model of smooth lenses leaves of an image teaches fastest: 6,400 image passes to 0.9992, and 0.98 with 100 labels, but
# 33,600 passes of it end at 0.99988 on unseen lenses where 125,000 of the whitened image end at 0.99995 (measured). The encoder
# of an MAE knows images, not whitened ones, and has to unlearn: 67,000 passes end at 0.986 from `mae` and at 0.9994 from random
# weights, 1.6 million at a validation loss of 0.016 and 0.0014 (checkpoints/RESULTS.md). A deep stem pays in long trainings:
# 384,000 passes of a small encoder (patch 8) behind two residual blocks at each of three resolutions end at 99.90 % of 3,000
# unseen lenses, as many of `reference-cpu` at 99.77 %; cut short at 53,500 passes it is no better than a plain stem. Above all,
# passes over many lenses help: of 15,000 unseen ones those 384,000 end at 99.87 %, 1.6 million over 240,000 lenses at 99.96 %.
_MODEL_II = {
    "stem_width": 32,
    "keep_tokens": 48,
    "symmetry": "none",
    "learning_rate": 1e-3,
    "layer_decay": 0.9,
    "warmup": 0.05,
    "ema_decay": 0.995,
}
_RESIDUAL = _MODEL_II | {"init": "mae-no-sub", "residual_of": "mae-no-sub"}
_WHITENED = _MODEL_II | {"whitening": 400}
# A small network on a graphics card waits for kernels to be launched: large batches, compiled, and few saves.
_GPU = {"precision": "bf16-mixed", "compile": True, "save_every": 500}
_LONG = _GPU | {"epochs": 34, "batch_size": 512, "learning_rate": 1.5e-3, "drop_path": 0.1, "ema_decay": 0.999}
_FROM_SCRATCH = {"init": "scratch", "layer_decay": 1.0}
_CLASSIFIER_CPU = {"epochs": 2.6, "batch_size": 32, "compile": True}
# Half a turn takes a Model II lens to another Model II lens, which doubles what there is to learn from.
_DEEP_STEM = {"patch_size": 8, "encoder_layers": 6, "keep_tokens": 24, "stem_depth": 2, "symmetry": "half_turn"}
# For 240,000 lenses, six minutes of an H100: seven epochs end at the validation loss of 0.0017 (0.0033 after 384,000 passes).
_DEEP_STEM_GPU = {"stem_width": 48, "epochs": 7, "batch_size": 256, "drop_path": 0.0}

# The same holds for what an MAE must reconstruct: linear estimates from a quarter of the patches leave 3e-5 of a Model II image,
# 4e-6 of one without substructure (masked MSE on [0, 1], measured); 53,000 passes of the reference net without them left 5e-4.
_LINEAR_PRIOR = {"linear_prior": 256, "symmetry": "none", "warmup": 0.05}
_MAE_GPU = _GPU | {"batch_size": 256, "ema_decay": 0.999}
_MAE_CPU = {"batch_size": 32, "compile": True, "learning_rate": 5e-4, "ema_decay": 0.995}

# Generalists: new lenses of the corpus at every step, as files hold them. Muon took a convnet of 0.7 million parameters to a
# training loss of 0.62 in 73,000 passes and 89 % of 600 unseen Model II lenses, AdamW to 0.67 in 85,000 and 67 % (one pilot).
_GENERALIST = {
    "data": "simulate:generalist",
    "nuisances": "files",
    "transform": "surviving",
    "init": "scratch",
    "symmetry": "d4",
    "optimizer": "muon",
    "learning_rate": 2e-3,
    "weight_decay": 0.01,
    "ema_decay": 0.999,
}
_LENSES = {"strata": "model_ii=0.55,model_ii_free=0.35,model_iii=0.1", "gain": 100.0, "layer_decay": 1.0, "warmup": 0.01}
_CONVNET = _GENERALIST | _LENSES | {"backbone": "convnet"}
_DENOISING = _GENERALIST | {"denoise": True, "gain": 20.0, "warmup": 0.05}

# The depth of EDSR after the encoder: with 2,560 image passes 42.63 dB where 4 convolutions of 48 channels had 42.54 (validation
# pairs, measured), at the same speed where the processor multiplies in bfloat16.
_DEEP = {"width": 64, "depth": 16}

# Overrides of the defaults by name. `reference` is the net of DESIGN.md section 3, with a GPU; `reference-cpu` the same in hours
# on two cores; `deep-stem` a classifier that leaves more to convolutions; `from-mae` the classifier that begins from `mae`;
# `generalist` are the networks a newcomer gets, `generalist-from-mae` a classifier that begins from that MAE;
# `no-sub` learns from lenses without substructure only, to be surprised by it; `residual` sees the surprise of such an MAE;
# `resnet18`, `resnet18-residual` and `edsr` are the baselines.
RECIPES: dict[str, dict[str, dict[str, Any]]] = {
    "pretrain": {
        "reference": _LINEAR_PRIOR | _MAE_GPU | {"epochs": 15},
        "reference-cpu": _LINEAR_PRIOR | _MAE_CPU | {"epochs": 1.5},
        "no-sub": _LINEAR_PRIOR | _MAE_GPU | {"classes": "no_sub", "epochs": 20},
        "no-sub-cpu": _LINEAR_PRIOR | _MAE_CPU | {"classes": "no_sub", "epochs": 1},
        "generalist": _DENOISING | _GPU | {"batch_size": 1024, "epochs": 60},
        "generalist-cpu": _DENOISING | {"batch_size": 64, "epochs": 5, "drawn_share": 0.25, "precision": "bf16-mixed"},
        "fast": {"epochs": 20, "patch_size": 8},
        "demo": {"epochs": 2, "patch_size": 8, "encoder_layers": 4, "decoder_layers": 2, "batch_size": 32, "save_every": 5},
    },
    "classifier": {
        "reference": _WHITENED | _LONG | _FROM_SCRATCH,
        "reference-cpu": _WHITENED | _CLASSIFIER_CPU | _FROM_SCRATCH,
        "deep-stem": _WHITENED | _LONG | _FROM_SCRATCH | _DEEP_STEM | _DEEP_STEM_GPU,
        "deep-stem-cpu": _WHITENED | _CLASSIFIER_CPU | _FROM_SCRATCH | _DEEP_STEM | {"epochs": 4, "ema_decay": 0.999},
        "from-mae": _WHITENED | _LONG,
        "from-mae-cpu": _WHITENED | _CLASSIFIER_CPU,
        "generalist": _CONVNET | _GPU | {"conv_width": 64, "conv_stages": 4, "batch_size": 512, "epochs": 100},
        "generalist-cpu": _CONVNET | {"batch_size": 64, "epochs": 25, "crop": 40, "save_every": 200},
        "generalist-from-mae": _GENERALIST
        | _LENSES
        | _GPU
        | {"init": "mae", "layer_decay": 0.75, "stem_width": 48, "stem_depth": 2, "batch_size": 512, "epochs": 60},
        "residual": _RESIDUAL | _LONG,
        "residual-cpu": _RESIDUAL | {"epochs": 0.7, "batch_size": 32},
        "resnet18": _FROM_SCRATCH | {"backbone": "resnet18", "epochs": 20, "symmetry": "none"},
        "resnet18-residual": _FROM_SCRATCH
        | {"backbone": "resnet18", "residual_of": "mae-no-sub", "epochs": 20, "symmetry": "none"},
        # From random weights: the patch size of a checkpoint that it began from would be the checkpoint's.
        "fast": _FROM_SCRATCH | {"epochs": 10, "patch_size": 8, "keep_tokens": 24},
        "demo": {"epochs": 2, "batch_size": 32, "save_every": 5},
    },
    "mass": {"reference": {}, "demo": {"epochs": 20, "batch_size": 32, "save_every": 5}},
    "superres": {
        "reference": _DEEP | {"epochs": 50, "learning_rate": 5e-4, "ema_decay": 0.999},
        "reference-cpu": _DEEP | {"epochs": 3, "batch_size": 8, "learning_rate": 1e-3, "ema_decay": 0.998},
        "edsr": _FROM_SCRATCH | {"backbone": "edsr", "width": 64, "depth": 8, "epochs": 50, "learning_rate": 5e-4},
        "demo": {"epochs": 2, "batch_size": 8, "save_every": 5},
    },
}


def make_config(kind: str, recipe: str | None = None, **options: Any) -> RunConfig:
    """A checked configuration: defaults, then the recipe, then `options`. Raises `ConfigError` in plain words."""
    if kind not in CONFIGS:
        raise ConfigError(f"There is no training kind {kind!r}; there are {', '.join(CONFIGS)}.")
    recipes = RECIPES[kind]
    if recipe is not None and recipe not in recipes:
        raise ConfigError(f"There is no {kind} recipe {recipe!r}; there are {', '.join(recipes)}.")
    return _checked(lambda: CONFIGS[kind](**{**recipes.get(recipe or "", {}), **options}))


def config_from_record(record: dict[str, Any]) -> RunConfig:
    """The configuration a run's `config.json` holds."""
    union = TypeAdapter(Annotated[PretrainConfig | ClassifierConfig | MassConfig | SuperResConfig, Field(discriminator="kind")])
    return _checked(lambda: union.validate_python(record))


def _checked(build: Any) -> Any:
    try:
        return build()
    except ValidationError as problem:
        details = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']} (given: {e['input']!r})" for e in problem.errors())
        raise ConfigError(f"The training configuration is not valid. {details}.") from None
