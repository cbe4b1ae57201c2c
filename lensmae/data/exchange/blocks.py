"""Lenses of a data set in blocks, as an import reads and writes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lensmae.data.exchange.rows import Form, Row
from lensmae.data.images.reader import LensImage
from lensmae.errors import ImageReadError


@dataclass(frozen=True)
class Block:
    """Consecutive lenses of a layout.

    Attributes:
        start: row of the first.
        images: (n, H, W) float32.
        targets: (n, H2, W2) float32 of pairs, or None.
        masses: axion masses in eV by row, where a file says one.
        notes: what was done to pixels, by row.
        problems: why a row was not read; its pixels here mean nothing.
    """

    start: int
    images: np.ndarray
    targets: np.ndarray | None
    masses: dict[int, float]
    notes: dict[int, str]
    problems: dict[int, str]

    @property
    def stop(self) -> int:
        """Row after the last."""
        return self.start + len(self.images)


class Filler:
    """A block in the making.

    Args:
        start: row of its first lens.
        n: how many lenses it has.
        form: what they were brought to.
    """

    def __init__(self, start: int, n: int, form: Form) -> None:
        self._start, self._form = start, form
        self._images = np.zeros((n, *form.shape), np.float32)
        self._targets = np.zeros((n, *form.target_shape), np.float32) if form.target_shape else None
        self._masses: dict[int, float] = {}
        self._notes: dict[int, str] = {}
        self.problems: dict[int, str] = {}
        self._row = start

    def row(self, row: int) -> "Filler":
        """Inside `with`, an unreadable image becomes a problem of this row."""
        self._row = row
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, problem: BaseException | None, _: object) -> bool:
        if isinstance(problem, ImageReadError):
            self.problems[self._row] = str(problem)
            return True
        return False

    def put_row(self, row: int, read: Row) -> None:
        """Keep what was read of a file."""
        if read.image is None:
            raise ImageReadError(read.problem)
        self.put(row, read.image, read.target)

    def put(self, row: int, image: LensImage, target: LensImage | None) -> None:
        """Keep an image of the form's shape."""
        index = row - self._start
        _check_shape(image, self._form.shape)
        self._images[index] = image.pixels
        if target is not None and self._targets is not None:
            _check_shape(target, self._targets.shape[1:])
            self._targets[index] = target.pixels
        if image.axion_mass_ev is not None:
            self._masses[row] = image.axion_mass_ev
        if notes := [note for note in image.notes if "axion mass" not in note]:
            self._notes[row] = " ".join(notes)

    def block(self) -> Block:
        """What was kept, whole."""
        return Block(self._start, self._images, self._targets, self._masses, self._notes, self.problems)


def _check_shape(image: LensImage, shape: Sequence[int]) -> None:
    if image.pixels.shape != tuple(shape):
        found, wanted = ("x".join(map(str, sides)) for sides in (image.pixels.shape, shape))
        raise ImageReadError(f"{image.name} has {found} pixels, others have {wanted}; a data set has one size.")
