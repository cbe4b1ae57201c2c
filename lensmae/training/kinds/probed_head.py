"""A classifier's head, fitted to the features of a frozen encoder before all weights are fine-tuned.

From a random head the first steps of fine-tuning bend the features towards whatever that head happens to read, and lose part of
what pretraining gave; "linear probing, then fine-tuning" avoids that (Kumar et al. 2022, arXiv:2202.10054).
"""

import numpy as np
import torch
from torch import Tensor, nn

from lensmae.models.checkpoint import CheckpointCard
from lensmae.models.linear_probe import fit_linear_probe
from lensmae.training.config import RunConfig
from lensmae.training.loading.feed import Feed


def fit_head(config: RunConfig, card: CheckpointCard, network: nn.Module, feed: Feed) -> None:
    """Fit the head, and the batch norm before it, to the images of the run's first batches; not with `probe_images` 0.

    Args:
        config: of the run; a `ClassifierConfig`.
        card: of the network, for its transform.
        network: a `LensClassifier` whose `head_norm` is a batch norm; its head is changed.
        feed: where the run's batches come from.
    """
    if not config.probe_images:
        return
    features, labels = _features(config, card, network, feed)
    norm = network.head_norm
    norm.running_mean.copy_(features.mean(0))
    norm.running_var.copy_(features.var(0))
    with torch.inference_mode():
        standard = norm.eval()(features)
    probe = fit_linear_probe(standard.numpy(), labels)
    scaler, regression = probe[0], probe[-1]
    # The probe standardises too: what little that changes goes into the weights.
    weights = regression.coef_ / scaler.scale_
    bias = regression.intercept_ - weights @ scaler.mean_
    if len(weights) == 1:
        # Of two classes it gives the log odds.
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    with torch.no_grad():
        network.head.weight[probe.classes_] = torch.from_numpy(weights).to(network.head.weight)
        network.head.bias[probe.classes_] = torch.from_numpy(bias).to(network.head.bias)
    network.train()


@torch.inference_mode()
def _features(config: RunConfig, card: CheckpointCard, network: nn.Module, feed: Feed) -> tuple[Tensor, np.ndarray]:
    """Pooled tokens (N, D) float32 and labels (N,) of the first batches, on the processor."""
    network.eval()
    features, labels, count, step = [], [], 0, 0
    while count < config.probe_images:
        batch = feed.batch(step, 0, 1, torch.device("cpu"))
        with torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bf16-mixed"):
            features.append(network.features(card.transform.forward(batch.images)).float())
        labels.append(batch.labels.numpy())
        count, step = count + len(batch.images), step + 1
    return torch.cat(features), np.concatenate(labels)
