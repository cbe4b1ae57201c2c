"""What is on the screen of the Reconstruction page, for the questions below the pictures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.data import DatasetInfo, LensDataset
from lensmae.data.simulation.rows import pixel_scale_of
from lensmae.evaluation.reconstruction.frames import Frames
from lensmae.evaluation.reconstruction.localisation import rows_of_class

if TYPE_CHECKING:
    from lensmae.models import CheckpointEntry, Reconstructor


@dataclass(frozen=True)
class Shown:
    """What is on the screen.

    Attributes:
        pairs: name and frames of every checkpoint shown, the chosen one first.
        index: frame shown.
    """

    choice: Choice
    data: DatasetInfo
    entry: "CheckpointEntry"
    model: "Reconstructor"
    image: np.ndarray
    strategy: str
    seed: int
    pairs: list[tuple[str, Frames]]
    index: int

    @property
    def unit(self) -> str:
        """Of the lens's flux."""
        return loaders.flux_unit(self.data, self.choice.lens)

    @property
    def dataset(self) -> LensDataset:
        """The data set, its images as the network is asked."""
        return loaders.network_set(self.data, self.entry.path)[0]

    @property
    def brought(self) -> str | None:
        """A sentence where the network is asked other pixels than those of the data set: then no position in them is known."""
        return loaders.network_set(self.data, self.entry.path)[1]

    @property
    def pixel_scale(self) -> float | None:
        """Arcsec/pixel of the image; None where it is not known."""
        if self.brought is not None:
            return self.dataset.info.pixel_scale
        return pixel_scale_of(loaders.get_dataset(self.data).lenses.iloc[self.choice.lens], self.data.pixel_scale)

    @property
    def frames(self) -> Frames:
        """Of the chosen checkpoint."""
        return self.pairs[0][1]

    @property
    def whole(self) -> Frames:
        """The same under every mask ratio; waits for those that are not computed yet."""
        if self.frames.complete:
            return self.frames
        return loaders.whole_frames(self.entry.path, self.image, self.seed, self.strategy)

    @property
    def hidden(self) -> np.ndarray:
        """The mask shown, (gh, gw)."""
        return self.frames.hidden[self.index]

    @property
    def ratio(self) -> float:
        """Its share of hidden patches."""
        return float(self.frames.ratios[self.index])

    @property
    def error(self) -> float:
        """Masked MSE."""
        return float(self.frames.errors[self.index])

    @property
    def split(self) -> str:
        """Split whose lenses this one is compared with."""
        return "test" if self.data.splits.get("test") else "all"

    def rows_of(self, kind: str, most: int) -> np.ndarray:
        """Rows (K,) of the lenses of a class in that split, at most so many, spread over it."""
        return rows_of_class(loaders.get_dataset(self.data), self.split, kind, most)

    @property
    def about(self) -> str:
        """What saved images say of themselves."""
        return f"{self.choice.about(self.entry.name)}; {self.ratio:.0%} hidden"

    @property
    def file(self) -> str:
        """Name for files about it."""
        return f"{self.data.name}-{self.choice.lens}-{self.strategy}-{self.seed}-{100 * self.ratio:.0f}"

    @property
    def key(self) -> tuple[loaders.ModelKey, loaders.DataKey]:
        """What identifies the checkpoint and the data set."""
        return loaders.model_key(self.entry.path), loaders.data_key(self.data)
