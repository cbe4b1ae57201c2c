"""The film of a run: what its network reconstructs of fixed validation lenses, one small file a save."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensmae.workspace import replacing

# Enough to see it learn, few enough to be sent to a browser whole.
MOST_FRAMES = 32


@dataclass(frozen=True)
class Film:
    """Pictures of a run.

    Attributes:
        images: (L, h, w) float32 flux, what the network was given.
        truth: (L, H, W) float32 flux, what it should reconstruct: the images themselves, or HR targets.
        hidden: (L, gh, gw) bool patches it did not see, or None.
        steps: optimiser steps of the frames, rising.
        frames: (F, L, H, W) float32 flux.
    """

    images: np.ndarray
    truth: np.ndarray
    hidden: np.ndarray | None
    steps: tuple[int, ...]
    frames: np.ndarray


@dataclass(frozen=True)
class FilmFolder:
    """Where a film lies: `still.npz`, and one `STEP.npy` a frame."""

    path: Path

    def start(self, step: int, images: np.ndarray, truth: np.ndarray, hidden: np.ndarray | None) -> None:
        """Begin a film, or go on with one: frames after the step resumed from are dropped.

        Args:
            step: that is resumed from; 0 for a new run.
            images: (B, H, W) that the network gets.
            truth: (B, H, W) that it should reconstruct.
            hidden: (B, gh, gw) bool, True = hidden; None where nothing is.
        """
        self.path.mkdir(exist_ok=True)
        for later in self._frames():
            if int(later.stem) > step:
                later.unlink()
        still = {"images": images.astype(np.float32), "truth": truth.astype(np.float32)}
        if hidden is not None:
            still["hidden"] = hidden
        with replacing(self.path / "still.npz") as temporary, temporary.open("wb") as opened:
            np.savez(opened, **still)

    def add(self, step: int, pictures: np.ndarray) -> None:
        """Add a frame (L, H, W); of too many, the one that is missed least is dropped."""
        with replacing(self.path / f"{step:010d}.npy") as temporary, temporary.open("wb") as opened:
            # Half precision: a thousandth of a pixel's value is below what a picture shows.
            np.save(opened, pictures.astype(np.float16), allow_pickle=False)
        kept = self._frames()
        if len(kept) > MOST_FRAMES:
            steps = [int(frame.stem) for frame in kept]
            gaps = [after - before for before, after in zip(steps, steps[2:], strict=False)]
            kept[1 + int(np.argmin(gaps))].unlink()

    def read(self) -> Film | None:
        """The film so far; None before its first frame."""
        still = self.path / "still.npz"
        if not still.is_file() or not self._frames():
            return None
        with np.load(still, allow_pickle=False) as facts:
            images, truth, hidden = facts["images"], facts["truth"], facts.get("hidden")
        steps, frames = [], []
        for frame in self._frames():
            try:
                frames.append(np.load(frame, allow_pickle=False).astype(np.float32))
            except FileNotFoundError:
                # The run has just dropped it.
                continue
            steps.append(int(frame.stem))
        return Film(images, truth, hidden, tuple(steps), np.stack(frames))

    def stamp(self) -> str:
        """Changes when there is a new frame."""
        return max((frame.stem for frame in self._frames()), default="")

    def _frames(self) -> list[Path]:
        if not self.path.is_dir():
            return []
        return sorted(self.path / name for name in os.listdir(self.path) if name.endswith(".npy") and name[:-4].isdigit())
