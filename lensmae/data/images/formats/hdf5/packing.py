"""Numbers that HDF5 and netCDF files keep as smaller ones, with the attributes of the CF conventions that say how."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# Conventions for Climate and Forecast, section 8.1; the names of FITS are those of files that were made of FITS.
_SCALES, _OFFSETS = ("scale_factor", "BSCALE"), ("add_offset", "BZERO")
# Of what was not measured, in the numbers as stored (section 2.5.1).
_MISSING = ("_FillValue", "missing_value", "BLANK")
_MOST_MISSING = 8


@dataclass(frozen=True)
class Packing:
    """How an array's numbers are packed: value = scale * number + offset, but for those that stand for nothing.

    Attributes:
        scale, offset: 1 and 0 where numbers are what they are.
        missing: numbers, as stored, that stand for no measurement.
        span: the least and the largest valid number, as stored.
        unsigned: whether negative numbers are large ones, as netCDF 3 knows no unsigned types.
    """

    scale: float = 1.0
    offset: float = 0.0
    missing: tuple[float, ...] = ()
    span: tuple[float, float] = (-np.inf, np.inf)
    unsigned: bool = False

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> "Packing":
        """What attributes of an array say; what is no number says nothing."""
        scale, offset = _first(attributes, _SCALES, 1.0), _first(attributes, _OFFSETS, 0.0)
        missing = [value for name in _MISSING for value in _numbers(attributes, name)[:_MOST_MISSING]]
        both = _numbers(attributes, "valid_range")
        low, high = both if len(both) == 2 else (
            _first(attributes, ("valid_min",), -np.inf), _first(attributes, ("valid_max",), np.inf)
        )  # fmt: skip
        unsigned = str(attributes.get("_Unsigned", "")).strip("[]b'\"").lower() == "true"
        return cls(scale or 1.0, offset, tuple(dict.fromkeys(missing)), (low, high), unsigned)

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to do."""
        return self == Packing()

    def unpacked(self, stored: np.ndarray) -> np.ndarray:
        """Numbers as stored -> as they are meant, what stands for nothing NaN; the same array where nothing is packed."""
        if self.is_plain or stored.dtype.kind not in "iuf":
            return stored
        if self.unsigned and stored.dtype.kind == "i":
            stored = stored.view(stored.dtype.str.replace("i", "u"))
        bad = np.isin(stored, np.array(self.missing)) | (stored < self.span[0]) | (stored > self.span[1])
        if not bad.any() and self.scale == 1 and self.offset == 0:
            return stored
        values = stored.astype(np.float64) * self.scale + self.offset
        values[bad] = np.nan
        return values

    @property
    def notes(self) -> tuple[str, ...]:
        """What is done, as a sentence; of values that stand for nothing it is said where they are filled."""
        if self.scale == 1 and self.offset == 0:
            return ()
        return (f"Its numbers were unpacked as its attributes say: {self.scale:g} times the number, plus {self.offset:g}.",)


def _first(attributes: Mapping[str, Any], names: tuple[str, ...], default: float) -> float:
    found = [value for name in names for value in _numbers(attributes, name)[:1] if np.isfinite(value)]
    return found[0] if found else default


def _numbers(attributes: Mapping[str, Any], name: str) -> list[float]:
    values = np.ravel(np.asarray(attributes[name])) if name in attributes else np.empty(0)
    return values.astype(np.float64).tolist() if values.dtype.kind in "iuf" else []
