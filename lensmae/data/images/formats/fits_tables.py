"""Images in the cells of FITS tables: a column with a shape (TDIM) is a stack of lenses, a row each."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lensmae.data.images.axes import MIN_SIDE, MOST_BANDS
from lensmae.data.images.formats.stored import check_bytes


@dataclass(frozen=True)
class ImageColumn:
    """A column of images, with what an image HDU has."""

    unit: Any
    name: str
    shape: tuple[int, ...]
    ver: int = 1

    @property
    def header(self) -> Any:
        """A header that says the type of its numbers and nothing of the sky."""
        from astropy.io import fits

        return fits.Header({"BITPIX": -64})

    @property
    def data(self) -> np.ndarray:
        """All its images."""
        return np.asarray(self.unit.data[self.name])

    @property
    def axes(self) -> str:
        """Letters of its axes, where their number says them."""
        if len(self.shape) == 4:
            return "NCHW" if self.shape[1] <= MOST_BANDS else "NHWC"
        return "NHW" if len(self.shape) == 3 else ""


def image_columns(units: Any) -> dict[str, ImageColumn]:
    """The columns of a file's tables that hold images, by the name of the item. Rows of numbers, as of spectra, are none."""
    found = {}
    for place, unit in enumerate(units):
        if unit.is_image or not hasattr(unit, "columns"):
            continue
        rows = int(unit.header.get("NAXIS2", 0))
        for name in unit.columns.names:
            kind = unit.columns.dtype[name]
            dims = kind.shape
            if rows and len(dims) >= 2 and kind.base.kind in "iuf" and min(dims[-2:]) >= MIN_SIDE:
                check_bytes((rows, int(unit.header.get("NAXIS1", 0))), 1)
                found[f"HDU {place} ({unit.name or 'unnamed'}), column {name}"] = ImageColumn(
                    unit, name, (rows, *(int(side) for side in dims))
                )
    return found
