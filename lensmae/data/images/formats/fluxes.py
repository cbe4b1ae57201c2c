"""Values that are stored on another scale than flux, turned back: asinh magnitudes of Pan-STARRS, magnitudes."""

import re
from typing import Any

import numpy as np

_POGSON = 2.5 / np.log(10)
# asinh magnitudes of any real flux lie below.
_LARGEST_ASINH = 50.0
_MAGNITUDES = re.compile(r"(?i)^(ab|st|vega)?[ _-]*mag(nitudes?)?(\(ab\))?([ /*.(].*)?$")


def as_flux(array: np.ndarray, header: Any, unit: str) -> tuple[np.ndarray, str, str]:
    """An array whose values are fluxes, its unit, and a note where it was something else.

    Args:
        array: as stored.
        header: FITS header.
        unit: that it says.
    """
    soft, offset = header.get("BSOFTEN"), header.get("BOFFSET")
    if array.dtype.kind == "f" and _is_number(soft) and _is_number(offset) and soft > 0:
        if np.nanmax(np.abs(array), initial=0.0) > _LARGEST_ASINH:
            return array, unit, "Its header says asinh magnitudes (BSOFTEN), its values do not; they were taken as flux."
        with np.errstate(over="ignore", invalid="ignore"):
            flux = offset + 2 * soft * np.sinh(array.astype(np.float64) / _POGSON)
        return flux, unit, "Its values, asinh magnitudes by BSOFTEN and BOFFSET, were turned into flux."
    if array.dtype.kind == "f" and _MAGNITUDES.match(unit):
        with np.errstate(over="ignore", invalid="ignore"):
            flux = 10 ** (-0.4 * array.astype(np.float64))
        return flux, "", f"Its values, magnitudes ({unit}), were turned into flux with the zero point 0."
    return array, unit, ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
