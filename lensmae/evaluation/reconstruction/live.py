"""Reconstructions that fill in as they are computed, shared by all who look at the same lens under the same masks.

One `FrameQueue` a network. The mask ratio that somebody waits for is computed first, together with those of other visitors that
hide as many patches; the other ratios follow when nobody waits, nearest first, and only while somebody still looks at the lens.
"""

import threading
import time
from collections import OrderedDict, deque
from typing import Any
from weakref import WeakSet

import numpy as np

from lensmae.errors import LensMAEError
from lensmae.evaluation.metrics import masked_mse, masked_ssim
from lensmae.evaluation.reconstruction.frames import RATIOS, Frames, nested_masks, pixel_masks
from lensmae.models import Reconstructor

# Lenses whose frames are kept, ready or not; 20 ratios of 64 x 64 pixels take 0.4 MB.
_KEPT = 128
# Masks a batch: more would keep the next visitor waiting.
_BATCH = 8
# How long nobody must have asked for anything before ratios are computed that are not in view.
_IDLE_S = 0.1


class Viewer:
    """Somebody who looks: frames are filled in for as long as one of their viewers exists and has not turned to another lens."""

    def __init__(self) -> None:
        self.frames: LiveFrames | None = None

    def turn_to(self, frames: "LiveFrames") -> None:
        """Look at other frames; those before lose this viewer."""
        if self.frames is not None and self.frames is not frames:
            self.frames.viewers.discard(self)
        self.frames = frames
        frames.viewers.add(self)


class LiveFrames:
    """One lens under the nested masks of one seed and strategy; each ratio is there once it is computed.

    Attributes:
        image: (H, W) float32 flux.
        hidden: (R, gh, gw) bool, True = hidden.
        ready: (R,) bool.
        viewers: who looks at it.
        problem: why it will not be computed.
    """

    def __init__(self, image: np.ndarray, hidden: np.ndarray) -> None:
        self.image = image
        self.hidden = hidden
        self.ready = np.zeros(len(hidden), dtype=bool)
        self.viewers: WeakSet[Viewer] = WeakSet()
        self.problem: Exception | None = None
        self.last_asked = 0
        self._predictions = np.zeros((len(hidden), *image.shape), dtype=np.float32)
        self._errors = np.full(len(hidden), np.nan)
        self._similarities = np.full(len(hidden), np.nan)
        self.changed = threading.Condition()

    @property
    def complete(self) -> bool:
        """Whether every ratio is there."""
        return bool(self.ready.all())

    def store(self, index: int, prediction: np.ndarray) -> None:
        """Put in the prediction (H, W) of a ratio and wake those who wait."""
        mask = pixel_masks(self.hidden[index : index + 1], self.image.shape)
        pair = self.image[None], prediction[None], mask
        error, similarity = masked_mse(*pair)[0], masked_ssim(*pair)[0]
        with self.changed:
            self._predictions[index], self._errors[index], self._similarities[index] = prediction, error, similarity
            self.ready[index] = True
            self.changed.notify_all()

    def fail(self, problem: Exception) -> None:
        """Tell those who wait that nothing more comes."""
        with self.changed:
            self.problem = problem
            self.changed.notify_all()

    def snapshot(self) -> Frames:
        """What is there now; `Frames.ready` says which ratios."""
        with self.changed:
            parts = (self._predictions, self.hidden, self._errors, self._similarities, self.ready)
            return Frames(np.array(RATIOS), *(np.array(part) for part in parts))


class FrameQueue:
    """Computes `LiveFrames` of one network in a thread of its own."""

    def __init__(self, model: Reconstructor) -> None:
        self.model = model
        self._known: OrderedDict[tuple[bytes, int, str], LiveFrames] = OrderedDict()
        self._asked: deque[tuple[LiveFrames, int]] = deque()
        self._filling: deque[LiveFrames] = deque()
        self._wake = threading.Condition()
        self._last_asked = 0.0
        self._closed = False
        threading.Thread(target=self._work, name="frames", daemon=True).start()

    def open(self, image: np.ndarray, seed: int, strategy: str, viewer: Viewer) -> LiveFrames:
        """The frames of a lens (H, W), new or those that others look at; nothing is computed yet.

        Args:
            image: flux (H, W).
            seed: of the masks.
            strategy: one of `STRATEGIES`.
            viewer: who looks at them.

        Raises:
            DatasetError: where the image cannot be cut into the network's patches.
        """
        self.model.patch_grid(image.shape)
        key = (image.tobytes(), seed, strategy)
        with self._wake:
            frames = self._known.get(key)
            if frames is None or frames.problem is not None:
                frames = LiveFrames(image, nested_masks(image, self.model.patch_size, seed, strategy))
                self._known[key] = frames
            self._known.move_to_end(key)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            viewer.turn_to(frames)
        return frames

    def want(self, frames: LiveFrames, index: int, patience_s: float = 120.0) -> Frames:
        """Wait for one ratio, by its index in `RATIOS`; the others are filled in later. What is there when it is."""
        with self._wake:
            frames.last_asked = index
            if not frames.ready[index] and (frames, index) not in self._asked:
                self._asked.append((frames, index))
            if not frames.complete and frames not in self._filling:
                self._filling.append(frames)
            self._last_asked = time.monotonic()
            self._wake.notify()
        return self._wait(frames, lambda: bool(frames.ready[index]), patience_s)

    def whole(self, frames: LiveFrames, patience_s: float = 600.0) -> Frames:
        """Wait for all ratios."""
        with self._wake:
            waiting = {index for asked, index in self._asked if asked is frames}
            self._asked.extend((frames, int(index)) for index in np.flatnonzero(~frames.ready) if index not in waiting)
            self._last_asked = time.monotonic()
            self._wake.notify()
        return self._wait(frames, lambda: frames.complete, patience_s)

    @property
    def waiting(self) -> int:
        """Ratios that somebody waits for and that are not being computed yet."""
        with self._wake:
            return len(self._asked)

    def close(self) -> None:
        """End the thread; what is asked for afterwards is not computed."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    @staticmethod
    def _wait(frames: LiveFrames, done: Any, patience_s: float) -> Frames:
        with frames.changed:
            frames.changed.wait_for(lambda: frames.problem is not None or done(), patience_s)
            if frames.problem is not None:
                raise frames.problem
            if not done():
                raise LensMAEError("The reconstruction takes too long: the server is busy. Try again in a moment.")
        return frames.snapshot()

    def _work(self) -> None:
        while True:
            tasks = self._next()
            if not tasks:
                return
            try:
                images = np.stack([frames.image for frames, _ in tasks])
                hidden = np.stack([frames.hidden[index] for frames, index in tasks])
                predictions = self.model.predict(images, hidden=hidden).prediction
            except Exception as problem:  # noqa: BLE001 - whoever waits for these frames is told
                for frames, _ in tasks:
                    frames.fail(problem)
                continue
            for (frames, index), prediction in zip(tasks, predictions, strict=True):
                frames.store(index, prediction)

    def _next(self) -> list[tuple[LiveFrames, int]]:
        """Wait for something to do: what somebody waits for, in batches of one count of hidden patches; else one ratio more.
        Nothing once it is closed."""
        with self._wake:
            while True:
                if self._closed:
                    return []
                self._asked = deque(task for task in self._asked if not task[0].ready[task[1]])
                if self._asked:
                    return self._batch()
                quiet = _IDLE_S - (time.monotonic() - self._last_asked)
                if quiet <= 0 and (task := self._fill()) is not None:
                    return [task]
                self._wake.wait(max(quiet, 0.001) if self._filling else None)

    def _batch(self) -> list[tuple[LiveFrames, int]]:
        frames, index = self._asked[0]
        kind = frames.image.shape, int(frames.hidden[index].sum())
        alike = [task for task in self._asked if (task[0].image.shape, int(task[0].hidden[task[1]].sum())) == kind][:_BATCH]
        self._asked = deque(task for task in self._asked if task not in alike)
        return alike

    def _fill(self) -> tuple[LiveFrames, int] | None:
        """The missing ratio nearest to the one in view, of the frames asked for last; what nobody looks at is dropped."""
        self._filling = deque(frames for frames in self._filling if frames.viewers and not frames.complete and not frames.problem)
        if not self._filling:
            return None
        frames = self._filling[-1]
        missing = np.flatnonzero(~frames.ready)
        return frames, int(missing[np.argmin(np.abs(missing - frames.last_asked))])
