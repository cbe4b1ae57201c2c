"""What a run reads: the rows of its splits, and loaders that count steps."""

from functools import cached_property
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from lensmae.data import LensDataset, open_dataset
from lensmae.errors import DatasetError
from lensmae.training.batches import BatchPlan
from lensmae.training.config import MassConfig, RunConfig
from lensmae.training.feed import Feed, StoredFeed, StreamFeed
from lensmae.training.stream import EPOCH, LensStream, is_stream


def open_data(config: RunConfig) -> "LensData":
    """What a run reads: the data set its configuration names, or a stream of simulated lenses with a fixed validation set."""
    if not is_stream(config.data):
        return LensData(open_dataset(config.data), config)
    stream = LensStream(config)
    return LensData(stream.fixed_set(config), config, stream)


class LensData(pl.LightningDataModule):
    """Training and validation rows of a data set under a run configuration."""

    def __init__(self, dataset: LensDataset, config: RunConfig, stream: LensStream | None = None) -> None:
        super().__init__()
        self.dataset = dataset
        self.config = config
        self.stream = stream
        self.labels = dataset.labels
        self.training_rows = self._rows("train")
        rows = self._labelled(self.training_rows) if stream is None else np.arange(EPOCH)
        self.plan = BatchPlan(rows, config.batch_size, config.seed)
        self.validation_rows = self._validation_rows()
        self.feed: Feed = (
            StoredFeed(dataset, self.plan, self.labels, self.log_masses, config) if stream is None else StreamFeed(stream, config)
        )

    @cached_property
    def log_masses(self) -> np.ndarray:
        """log10(axion mass / eV) of every lens, float32; not finite where a lens has none."""
        if "axion_mass_ev" not in self.dataset.lenses:
            return np.full(len(self.dataset.lenses), np.nan, dtype=np.float32)
        return np.log10(self.dataset.lenses["axion_mass_ev"].to_numpy(dtype=np.float64, na_value=np.nan)).astype(np.float32)

    @property
    def total_steps(self) -> int:
        """Steps of the whole run."""
        return max(1, round(self.config.epochs * self.plan.steps_per_epoch))

    def _rows(self, split: str) -> np.ndarray:
        rows = self.dataset.indices(split)
        if isinstance(self.config, MassConfig):
            rows = rows[np.isfinite(self.log_masses[rows])]
            if split == "train" and len(rows) < 2:
                raise DatasetError(
                    f"Data set {self.dataset.name} has no training lenses with an axion mass (column axion_mass_ev) to learn."
                )
            return rows
        if getattr(self.config, "classes", "all") == "no_sub":
            return rows[np.asarray(self.dataset.lenses["class"])[rows] == "no_sub"]
        return rows

    def _labelled(self, rows: np.ndarray) -> np.ndarray:
        """Where the configuration limits labels, that many of the rows, drawn by its seed, every class alike."""
        wanted = getattr(self.config, "labels", None)
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

    def train_dataloader(self) -> DataLoader[Any]:
        # One Lightning epoch is the interval between two saves, so that a run resumes at whole epochs of Lightning's.
        return DataLoader(range(self.config.save_every), batch_size=None)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Batches are rows, with which arrays on the disk are read: they stay where they are."""
        return batch

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        # Every process reads the whole validation split: it is small, and each metric is then exact on every one of them.
        return DataLoader(self.validation_rows, batch_size=None) if self.validation_rows else []
