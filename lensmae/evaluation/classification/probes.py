"""How well a frozen encoder separates the classes: linear, nearest-neighbour and attentive probes at equal numbers of labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lensmae.data import LensDataset
from lensmae.data.nuisances import perturb
from lensmae.data.symmetry import apply_d4, d4_mean
from lensmae.errors import DatasetError
from lensmae.evaluation.ood.network_input import check_images, network_inputs
from lensmae.evaluation.stress.intervals import macro_auc, share_interval
from lensmae.models.linear_probe import fit_linear_probe
from lensmae.models.predictors import LoadedModel
from lensmae.progress import Progress

# By name, the nuisance and its strength that training and test lenses are seen under.
CONDITIONS = {"as given": None, "noise 0.1 % of the peak": ("noise", 1e-3), "noise 1 % of the peak": ("noise", 1e-2)}
COLUMNS = ("checkpoint", "condition", "probe", "layer", "labels", "n", "accuracy", "low", "high", "auc", "auc_low", "auc_high")
_NEIGHBOURS = 20
_QUERIES = 4
_EPOCHS, _RATE, _BATCH = 40, 1e-2, 64
_CHUNK = 32


@dataclass(frozen=True)
class _Seen:
    """Lenses as an encoder sees them: pooled tokens of some layers (L, N, D), tokens of the last (N, T, D), and the mean of the
    last layer's pooled tokens over the eight symmetries (N, D) where it is asked for."""

    pooled: np.ndarray
    tokens: Tensor
    symmetric: np.ndarray | None


def probe_encoder(
    model: LoadedModel,
    dataset: LensDataset,
    *,
    labels: int = 2000,
    test: int = 1000,
    conditions: Sequence[str] = tuple(CONDITIONS),
    layers: Sequence[int] = (),
    d4: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """One row a condition and probe, columns `COLUMNS`; every probe is fitted to the same labelled lenses.

    linear is a logistic regression on mean-pooled tokens of the last layer, and of each of `layers`; linear, D4 mean is one on
    the mean of the last layer's over a lens turned and mirrored in all eight ways, as answers of classifiers are means; kNN votes
    among the 20 nearest by cosine; attentive learns four queries that weigh the tokens (Psomas et al. 2025, arXiv:2506.10178).

    Args:
        model: any checkpoint with an encoder; it is frozen.
        dataset: with a training and a test split.
        labels: labelled training lenses, at most.
        test: test lenses, at most.
        conditions: names in `CONDITIONS`.
        layers: encoder layers with a linear probe of their own, from 1.
        d4: fit "linear, D4 mean" too, for which every lens is encoded eight times.
        seed: of the choice of lenses and of the attentive probe.
        progress: called with (conditions done, conditions in all).

    Raises:
        DatasetError: where the images do not fit the model, or the training split holds one class only.
    """
    dataset, _ = network_inputs(dataset, model)
    check_images(model, dataset)
    if not model.has_tokens:
        raise DatasetError(f"{model.name} has no encoder with tokens to probe.")
    rng = np.random.default_rng(seed)
    train = np.sort(rng.permutation(dataset.indices("train"))[:labels])
    held = np.sort(rng.permutation(dataset.indices("test"))[:test])
    truth = dataset.labels[train], dataset.labels[held]
    if len(np.unique(truth[0])) < 2 or not len(held):
        raise DatasetError(f"Data set {dataset.name} needs a training split of two classes and a test split to probe an encoder.")
    rows, kept = [], [layer for layer in layers if 1 <= layer < model.layers]
    for done, name in enumerate(conditions, start=1):
        seen = [
            _see(model, _under(np.asarray(dataset.images[part]), name, seed + index), kept, d4)
            for index, part in enumerate((train, held))
        ]
        found = _probes(seen, truth, kept, seed)
        rows += [
            {"checkpoint": model.name, "condition": name, "probe": probe, "layer": layer, "labels": len(train)}
            | _judged(truth[1], chances)
            for probe, layer, chances in found
        ]
        if progress is not None:
            progress(done, len(conditions))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _under(images: np.ndarray, condition: str, seed: int) -> np.ndarray:
    nuisance = CONDITIONS[condition]
    return images if nuisance is None else perturb(images, *nuisance, seed=seed).numpy()


def _see(model: LoadedModel, images: np.ndarray, layers: Sequence[int], d4: bool) -> _Seen:
    pooled, tokens = [[] for _ in layers], []
    for start in range(0, len(images), _CHUNK):
        part = images[start : start + _CHUNK]
        for index, layer in enumerate(layers):
            pooled[index].append(model.embed(part, layer))
        tokens.append(model.tokens(part))
    last = torch.cat(tokens)
    stack = [np.concatenate(one) for one in pooled] + [last.mean(dim=1).numpy()]
    return _Seen(np.stack(stack), last, _symmetric(model, images) if d4 else None)


def _symmetric(model: LoadedModel, images: np.ndarray) -> np.ndarray:
    flux = torch.from_numpy(np.array(images, dtype=np.float32))
    return d4_mean(lambda element: torch.from_numpy(model.embed(apply_d4(flux, element).numpy()))).numpy()


def _probes(seen: list[_Seen], truth: tuple[np.ndarray, np.ndarray], layers: Sequence[int], seed: int) -> list[tuple]:
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fit, held = seen
    found = []
    for index in range(len(layers) + 1):
        linear = fit_linear_probe(fit.pooled[index], truth[0])
        name = str(layers[index]) if index < len(layers) else "last"
        found.append(("linear", name, linear.predict_proba(held.pooled[index])))
    if fit.symmetric is not None:
        linear = fit_linear_probe(fit.symmetric, truth[0])
        found.append(("linear, D4 mean", "last", linear.predict_proba(held.symmetric)))
    nearest = KNeighborsClassifier(min(_NEIGHBOURS, len(truth[0])), metric="cosine", weights="distance")
    nearest = make_pipeline(StandardScaler(), nearest).fit(fit.pooled[-1], truth[0])
    found.append(("kNN", "last", nearest.predict_proba(held.pooled[-1])))
    found.append(("attentive", "last", _attentive(fit.tokens, truth[0], held.tokens, seed)))
    return found


class _Attentive(nn.Module):
    """Some queries weigh tokens (B, T, D); a linear layer tells the class of their weighted means, standardised over the batch as
    a linear probe's features are: what tells classes apart is far smaller than what tells tokens apart."""

    def __init__(self, tokens: Tensor, classes: int) -> None:
        super().__init__()
        flat = tokens.flatten(0, 1)
        self.register_buffer("mean", flat.mean(dim=0))
        self.register_buffer("spread", flat.std(dim=0).clamp_min(1e-6))
        width = flat.shape[1]
        self.queries = nn.Parameter(torch.randn(width, _QUERIES) / width)
        self.norm = nn.BatchNorm1d(width * _QUERIES, affine=False)
        self.head = nn.Linear(width * _QUERIES, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = (tokens - self.mean) / self.spread
        weights = (tokens @ self.queries).softmax(dim=1)
        return self.head(self.norm((weights.transpose(1, 2) @ tokens).flatten(1)))


def _attentive(tokens: Tensor, labels: np.ndarray, held: Tensor, seed: int) -> np.ndarray:
    known, targets = np.unique(labels, return_inverse=True)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        probe = _Attentive(tokens, len(known))
    optimizer = torch.optim.AdamW(probe.parameters(), _RATE, weight_decay=0.05)
    steps = _EPOCHS * -(-len(labels) // _BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    truth = torch.from_numpy(targets)
    for _ in range(_EPOCHS):
        for rows in torch.randperm(len(labels), generator=generator).split(_BATCH):
            loss = nn.functional.cross_entropy(probe(tokens[rows]), truth[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    probe.eval()
    with torch.inference_mode():
        return torch.cat([probe(part).softmax(dim=1) for part in held.split(256)]).numpy()


def _judged(labels: np.ndarray, chances: np.ndarray) -> dict[str, float]:
    right = chances.argmax(axis=1) == labels
    low, high = share_interval(right)
    auc, auc_low, auc_high = macro_auc(labels, chances)
    found = {"n": len(labels), "accuracy": float(right.mean()), "low": low, "high": high}
    return found | {"auc": auc, "auc_low": auc_low, "auc_high": auc_high}


def separation(table: pd.DataFrame, classes: int = 3) -> str:
    """What a table of probes says of an encoder, in a sentence: its best probe of each condition.

    Args:
        table: of `probe_encoder`, of one encoder.
        classes: 2 or more, that the lenses are of.
    """
    best = table.loc[table.groupby("condition", sort=False)["accuracy"].idxmax()]
    labels, checkpoint = int(table["labels"].iloc[0]), table["checkpoint"].iloc[0]
    said = "; ".join(f"{row.condition}, {row.accuracy:.0%} ({row.probe} probe)" for row in best.itertuples())
    worst = float(best["accuracy"].min())
    how = (
        "separates the classes well"
        if worst >= 0.9
        else "separates the classes in part"
        if float(best["accuracy"].max()) >= 0.6
        else "hardly separates the classes"
    )
    told = f"with {labels:,} labels {said} of the test lenses are classified correctly; chance is {1 / classes:.0%}."
    return f"Frozen, {checkpoint} {how}: {told}"
