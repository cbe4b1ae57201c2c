"""What is known of lenses, one number or name a lens: columns of `lenses.parquet`, lists of subhalos summed up.

Names and units are those of `lensmae.data.columns`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lensmae.data.columns import QUANTITIES, Column, column
from lensmae.data.value_titles import value_titles

_SUBHALOS = ("subhalo_mass", "subhalo_x", "subhalo_y")
_MOST_NAMES = 12


@dataclass(frozen=True)
class Fact:
    """One value a lens.

    Attributes:
        name: with its unit, as shown.
        names: (N,) str where the values are names, else None.
        values: (N,) float64 where they are numbers, nan where a lens has none, else None.
    """

    name: str
    names: np.ndarray | None = None
    values: np.ndarray | None = None


@dataclass(frozen=True)
class LargestSubhalo:
    """The heaviest subhalo of each lens, nan where a lens has none.

    Attributes:
        mass: (N,) in solar masses.
        x, y: (N,) in arcsec from the middle of the image.
    """

    mass: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @property
    def radius(self) -> np.ndarray:
        """Distance from the middle of the image, (N,) in arcsec."""
        return np.hypot(self.x, self.y)


def fact_names(lenses: pd.DataFrame) -> list[str]:
    """Names of all by which these lenses differ; ids, seeds and file names tell nothing and are left out."""
    return [*(found.name for found in _scalars(lenses) if _differs(found)), *_of_subhalos(lenses)]


def fact(lenses: pd.DataFrame, name: str) -> Fact:
    """What a name of `fact_names` says of these lenses, or of some of them. Raises `KeyError` for another name."""
    found = _of_subhalos(lenses)
    if name in found:
        # Lists take a while for a large set, so they are read only where they are asked for.
        return found[name](lenses)
    return {found.name: found for found in _scalars(lenses)}[name]


def quantity(described: Column, values: np.ndarray) -> Fact:
    """A fact of numbers (N,); what spans powers of ten as its log10, nan where that is not finite."""
    values = np.asarray(values, dtype=np.float64)
    if described.log:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log10(values)
    return Fact(described.title, values=np.where(np.isfinite(values), values, np.nan))


def largest_subhalo(lenses: pd.DataFrame) -> LargestSubhalo:
    """The heaviest subhalo of each lens. The points of a vortex line are no subhalos, so lenses of the class axion have none."""
    found = np.full((3, len(lenses)), np.nan)
    for index, (masses, x, y, kind) in enumerate(zip(*(lenses[name] for name in (*_SUBHALOS, "class")), strict=True)):
        if len(masses) and kind != "axion":
            largest = int(np.argmax(masses))
            found[:, index] = masses[largest], x[largest], y[largest]
    return LargestSubhalo(*found)


def _scalars(lenses: pd.DataFrame) -> list[Fact]:
    found = [_scalar(column(name), lenses[name]) for name in lenses.columns]
    return [one for one in found if one is not None]


def _scalar(described: Column, values: pd.Series) -> Fact | None:
    if described.role == "identity":
        return None
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return quantity(described, values.to_numpy(dtype=np.float64, na_value=np.nan))
    first = values.first_valid_index()
    if first is not None and isinstance(values.loc[first], str | bool | np.bool_):
        return Fact(described.label, names=value_titles(described.name, values.astype(str).to_numpy()))
    return None


def _differs(found: Fact) -> bool:
    if found.names is not None:
        return 1 < len(np.unique(found.names)) <= _MOST_NAMES
    finite = found.values[np.isfinite(found.values)]
    return len(finite) > 0 and bool(np.ptp(finite) > 0 or len(finite) < len(found.values))


def _of_subhalos(lenses: pd.DataFrame) -> dict[str, Callable[[pd.DataFrame], Fact]]:
    if not {*_SUBHALOS, "class"} <= set(lenses.columns):
        return {}
    makers: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
        "subhalos": lambda table: table["subhalo_mass"].map(len).to_numpy(),
        "largest_subhalo_mass": lambda table: largest_subhalo(table).mass,
        "total_subhalo_mass": lambda table: table["subhalo_mass"].map(np.sum).to_numpy(),
        "largest_subhalo_to_centre": lambda table: largest_subhalo(table).radius,
    }
    return {QUANTITIES[name].title: _maker(QUANTITIES[name], make) for name, make in makers.items()}


def _maker(described: Column, make: Callable[[pd.DataFrame], np.ndarray]) -> Callable[[pd.DataFrame], Fact]:
    return lambda lenses: quantity(described, make(lenses))
