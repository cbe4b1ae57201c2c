"""What is known of lenses, one number or name a lens: columns of `lenses.parquet`, lists of subhalos summed up."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

_UNITS = {
    "theta_E": "arcsec",
    "source_x": "arcsec",
    "source_y": "arcsec",
    "R_sersic": "arcsec",
    "axion_mass_ev": "eV",
    "axion_angle": "rad",
    "subhalo_mass": "Msun",
}
_LEFT_OUT = ("id", "seed", "source_file")
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


def fact_names(lenses: pd.DataFrame) -> list[str]:
    """Names of all by which these lenses differ; ids, seeds and file names tell nothing and are left out."""
    return [*(found.name for found in _scalars(lenses) if _differs(found)), *_list_makers(lenses)]


def fact(lenses: pd.DataFrame, name: str) -> Fact:
    """What a name of `fact_names` says of these lenses, or of some of them. Raises `KeyError` for another name."""
    makers = _list_makers(lenses)
    if name in makers:
        # Lists take a while for a large set, so they are read only where they are asked for.
        return makers[name](lenses)
    return {found.name: found for found in _scalars(lenses)}[name]


def number(name: str, values: np.ndarray, unit: str = "") -> Fact:
    """A fact of numbers. Masses span powers of ten and are shown as their logarithm."""
    values = np.asarray(values, dtype=np.float64)
    if "mass" not in name:
        return Fact(f"{name} ({unit})" if unit else name, values=values)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(values)
    return Fact(f"log10({name} / {unit})" if unit else f"log10({name})", values=np.where(np.isfinite(logs), logs, np.nan))


def _scalars(lenses: pd.DataFrame) -> list[Fact]:
    found = [_scalar(column, lenses[column]) for column in lenses.columns if column not in _LEFT_OUT]
    return [one for one in found if one is not None]


def _list_makers(lenses: pd.DataFrame) -> dict[str, Callable[[pd.DataFrame], Fact]]:
    return _OF_SUBHALOS if set(_SUBHALOS) <= set(lenses.columns) else {}


def _scalar(name: str, column: pd.Series) -> Fact | None:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return number(name, column.to_numpy(dtype=np.float64, na_value=np.nan), _UNITS.get(name, ""))
    if isinstance(column.iloc[0], str | bool | np.bool_):
        return Fact(name, names=column.astype(str).to_numpy())
    return None


def _differs(found: Fact) -> bool:
    if found.names is not None:
        return 1 < len(np.unique(found.names)) <= _MOST_NAMES
    finite = found.values[np.isfinite(found.values)]
    return len(finite) > 0 and bool(np.ptp(finite) > 0 or len(finite) < len(found.values))


def _number_of_subhalos(lenses: pd.DataFrame) -> Fact:
    return number("number of subhalos", lenses["subhalo_x"].map(len).to_numpy())


def _subhalo_mass(lenses: pd.DataFrame, which: str, sum_up: Callable[[np.ndarray], float]) -> Fact:
    values = [sum_up(masses) if len(masses) else np.nan for masses in lenses["subhalo_mass"]]
    return number(f"{which} subhalo mass", np.array(values), "Msun")


def _largest_distance(lenses: pd.DataFrame) -> Fact:
    distances = np.full(len(lenses), np.nan)
    for place, (masses, x, y) in enumerate(zip(*(lenses[name] for name in _SUBHALOS), strict=True)):
        if len(masses):
            largest = int(np.argmax(masses))
            distances[place] = np.hypot(x[largest], y[largest])
    return number("distance of the largest subhalo from the centre", distances, "arcsec")


_OF_SUBHALOS: dict[str, Callable[[pd.DataFrame], Fact]] = {
    "number of subhalos": _number_of_subhalos,
    "log10(largest subhalo mass / Msun)": partial(_subhalo_mass, which="largest", sum_up=np.max),
    "log10(total subhalo mass / Msun)": partial(_subhalo_mass, which="total", sum_up=np.sum),
    "distance of the largest subhalo from the centre (arcsec)": _largest_distance,
}
