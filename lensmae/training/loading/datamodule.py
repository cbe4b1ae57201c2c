"""What a run reads: the rows of its splits, and loaders that count steps."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from lensmae.data import LensDataset, open_dataset
from lensmae.training.config import RunConfig
from lensmae.training.loading.batches import BatchPlan
from lensmae.training.loading.feed import Batch, Feed, StoredFeed, StreamFeed
from lensmae.training.loading.pairs import PairFeed, PairStream
from lensmae.training.loading.stream import EPOCH, LensStream, is_stream


def open_data(config: RunConfig) -> "LensData":
    """What a run reads: the data set its configuration names, or a stream of simulated lenses with a fixed validation set."""
    if not is_stream(config.data):
        return LensData(open_dataset(config.data), config)
    stream = PairStream(config) if config.pairs else LensStream(config)
    return LensData(stream.fixed_set(config), config, stream)


class LensData(pl.LightningDataModule):
    """Training and validation rows of a data set under a run configuration."""

    def __init__(self, dataset: LensDataset, config: RunConfig, stream: LensStream | PairStream | None = None) -> None:
        super().__init__()
        self.dataset = dataset
        self.config = config
        self.stream = stream
        self.labels, self.log_masses = dataset.labels, dataset.log_axion_masses
        self.training_rows = self._rows("train")
        rows = self._labelled(self.training_rows) if stream is None else np.arange(EPOCH)
        self.plan = BatchPlan(rows, config.batch_size, config.seed)
        self.validation_rows = self._validation_rows()
        self.feed = self._feed(stream)

    def _feed(self, stream: LensStream | PairStream | None) -> Feed:
        if stream is None:
            return StoredFeed(self.dataset, self.plan, self.labels, self.log_masses, self.config)
        return PairFeed(stream, self.config) if isinstance(stream, PairStream) else StreamFeed(stream, self.config)

    @property
    def total_steps(self) -> int:
        """Steps of the whole run."""
        return max(1, round(self.config.epochs * self.plan.steps_per_epoch))

    def _rows(self, split: str) -> np.ndarray:
        rows = self.dataset.indices(split)
        return rows[self.config.usable(self.dataset)[rows]]

    def _labelled(self, rows: np.ndarray) -> np.ndarray:
        """Where the configuration limits labels, that many of the rows, sampled by its seed, every class alike."""
        wanted = self.config.label_limit
        if wanted is None or wanted >= len(rows):
            return rows
        classes = np.unique(self.labels[rows])
        drawn = np.random.default_rng(self.config.seed).permutation(rows)
        shares = [len(part) for part in np.array_split(np.arange(wanted), len(classes))]
        parts = [drawn[self.labels[drawn] == label][:share] for label, share in zip(classes, shares, strict=True)]
        return np.sort(np.concatenate(parts))

    def _validation_rows(self) -> list[np.ndarray]:
        rows = np.random.default_rng(self.config.seed).permutation(self._rows("validation"))
        rows = np.sort(rows[: self.config.validation_images])
        return np.array_split(rows, max(1, len(rows) // self.config.batch_size)) if len(rows) else []

    def validation_batch(self, rows: np.ndarray, device: torch.device) -> Batch:
        """Images of validation rows (B,) and all that is known of them, on the device; `share` are the rows."""

        def pixels(source: np.ndarray) -> Tensor:
            return torch.from_numpy(np.asarray(source[rows], dtype=np.float32)).unsqueeze(1).to(device)

        dataset = self.dataset
        return Batch(
            images=pixels(dataset.images),
            labels=torch.from_numpy(self.labels[rows]).to(device),
            log_masses=torch.from_numpy(self.log_masses[rows]).to(device),
            count=len(rows),
            share=rows,
            targets=pixels(dataset.targets) if dataset.is_pair else None,
            clean=None if dataset.truths is None else pixels(dataset.truths),
        )

    def train_dataloader(self) -> DataLoader[Any]:
        # One Lightning epoch is the interval between two saves, so that a run resumes at whole epochs of Lightning's.
        return DataLoader(range(self.config.save_every), batch_size=None)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Batches are rows, with which arrays on the disk are read: they stay where they are."""
        return batch

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        # Every process reads the whole validation split: it is small, and each metric is then exact on every one of them.
        return DataLoader(self.validation_rows, batch_size=None) if self.validation_rows else []
