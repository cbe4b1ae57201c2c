"""Which axis of an array is which: one letter an axis, N lenses, C bands, H rows, W columns; P is flattened pixels, 1 nothing.

A header decides, then the shape: a square pair of axes is the image. What can be read in several ways is refused.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lensmae.data.images import roles
from lensmae.data.images.bands import Band
from lensmae.errors import ConfigError, ImageReadError

MIN_SIDE = 4
MAX_SIDE = 4096
# Of a first axis no longer than this the entries are bands, of a longer one lenses; a last axis may have more bands.
MOST_BANDS = 4
# A first axis of five or six may be bands (ugriz, grizy, ugrizy) as well as lenses; in FITS, where cubes are of one object, one
# of up to 16: nobody can know.
_MAY_BE_BANDS, _MAY_BE_PLANES = 6, 16
_MOST_LAST_BANDS = 16
_LEAST_FLAT_SIDE = 16
_LONGEST_SIDE_RATIO = 8
_NEARLY_SQUARE = 1.5
_POSITIONS = tuple(map(frozenset, (("x", "y"), ("ra", "dec"), ("lon", "lat"), ("row", "col"), ("rows", "cols"))))
_SYNONYMS = {"B": "C", "Y": "H", "X": "W", "S": "C"}
_MEANING = "N lenses, C bands, H rows, W columns, P flattened pixels"


@dataclass(frozen=True)
class ArrayChoice:
    """What a user says of an array where it could be read otherwise.

    Attributes:
        item: which HDU, array or page of a file that holds several.
        band: which band, from 0, or the mean of some (`lensmae.data.images.bands`).
        axes: a letter an axis, as `parse_axes` takes them.
        lens: which lens of a stack, from 0.
        classes: names of integer labels 0, 1, ... beside a stack.
    """

    item: str | None = None
    band: Band = None
    axes: str | None = None
    lens: int | None = None
    classes: tuple[str, ...] | None = None


NO_CHOICE = ArrayChoice()


def parse_axes(text: str) -> str:
    """Letters of the axes in the order of the array (`NHWC`, `nyxc`). Raises `ConfigError` where they are no axes of images."""
    letters = "".join(_SYNONYMS.get(letter, letter) for letter in text.upper() if letter.isalnum())
    single = [letter for letter in letters if letter != "1"]
    pixels = {"H", "W"} <= set(single) or "P" in single
    if not pixels or len(set(single)) < len(single) or not set(single) <= set("NCHWP") or ("P" in single and "H" in single):
        raise ConfigError(f"--axes {text!r} is not understood; give a letter an axis, in their order: {_MEANING}, as in NCHW.")
    return letters


def find_axes(
    shape: Sequence[int], hinted: str = "", given: str | None = None, lenses: int | None = None, flat: bool = True
) -> str:
    """The letter of each axis.

    Args:
        shape: of the array.
        hinted: letters that a header says, "?" where it is silent; empty where it says nothing.
        given: letters that the user says.
        lenses: how many lenses there must be, where labels beside the array say it.
        flat: whether it is of a file of arrays (npy, HDF5, ...), whose rows may be flattened images and whose first axis is that
            of lenses; no picture and no FITS file has such.

    Raises `ImageReadError` where the shape is no image's, or can be read in several ways.
    """
    shape = tuple(int(side) for side in shape)
    if given is not None:
        return _as_given(parse_axes(given), shape)
    if "H" in hinted and "W" in hinted:
        return "".join("1" if side == 1 and letter not in "HW" else letter.replace("?", "C")
                       for letter, side in zip(hinted, shape, strict=True))  # fmt: skip
    if 0 in shape and len(shape) > 2:
        raise ImageReadError(f"it holds an array of shape {shape}, which is empty")
    found = _by_shape(shape, lenses, flat)
    if found == ["HW"] and _is_long(shape):
        raise ImageReadError(
            f"it holds an array of shape {shape}, which is no image of a lens but a table or a spectrum; where it is one, say so "
            "with --axes HW"
        )
    if not found:
        raise ImageReadError(f"it holds an array of shape {shape}; an image (height, width) is needed")
    if len(found) > 1:
        ways = " or ".join(found)
        raise ImageReadError(
            f"its array of shape {shape} can be read in several ways; say which axis is which with --axes {ways} ({_MEANING})"
        )
    return found[0]


def lenses_said(name: str, shape: Sequence[int], lengths: Mapping[str, int], lenses_first: bool = True) -> int | None:
    """How many lenses an array of three axes holds, as what lies beside it and its own name say; None where they are silent.

    Args:
        name: of the array.
        shape: of the array.
        lengths: of arrays of one axis beside it, by name. Of a side that may be bands, of a cube of equal sides and where
            a square says something else only labels and identifiers tell.
        lenses_first: whether arrays of its format have the lenses along the first axis, which decides for a cube of equal sides;
            MATLAB's have them along the last.
    """
    if len(shape) < 2:
        return None
    if len(shape) > 3 and 1 in shape and sum(side != 1 for side in shape) == 3:
        return lenses_said(name, [side for side in shape if side != 1], lengths, lenses_first)
    labels = {length for one, length in lengths.items() if _is_of_lenses(one, lengths)}
    others = {length for one, length in lengths.items() if not roles.is_along(one) and not _is_position(one, lengths)}
    equal = len(shape) == 3 and len(set(shape)) == 1
    if equal:
        return shape[0] if lenses_first and shape[0] in labels else None
    for side, at_odds in ((shape[0], _is_square(shape[:2], shape)), (shape[-1], _is_square(shape[1:], shape))):
        if side in labels or (side in others and side > _MAY_BE_PLANES and not at_odds):
            return side
    if len(shape) != 3 or not roles.says_several(name):
        return None
    first, last = _ratio(*shape[1:]) <= _NEARLY_SQUARE, _ratio(*shape[:2]) <= _NEARLY_SQUARE
    if first and not last:
        return shape[0] if shape[0] > 1 else None
    return shape[2] if last and not first and shape[2] > MOST_BANDS else None


def _is_square(sides: Sequence[int], shape: Sequence[int]) -> bool:
    return len(shape) == 3 and sides[0] == sides[1] >= MIN_SIDE


def _is_position(name: str, lengths: Mapping[str, int]) -> bool:
    """Whether an array is one of a pair of coordinates (x and y, ra and dec): `y` beside `x` is no label."""
    last = name.rsplit("/", 1)[-1].lower()
    return any(last in pair and pair <= {one.rsplit("/", 1)[-1].lower() for one in lengths} for pair in _POSITIONS)


def _is_of_lenses(name: str, lengths: Mapping[str, int]) -> bool:
    return roles.is_of_lenses(name) and not _is_position(name, lengths)


def bands_said(shape: Sequence[int], lengths: Mapping[str, int]) -> str:
    """Letters of an array of three axes of which one has as many entries as the wavelengths, frequencies or times beside it; ""
    where that is none or several of them.

    Args:
        shape: of the array.
        lengths: of arrays of one axis beside it, by name.
    """
    along = {length for one, length in lengths.items() if roles.is_along(one)}
    found = [axis for axis, side in enumerate(shape) if side in along]
    return {0: "CHW", 2: "HWC"}.get(found[0], "") if len(shape) == 3 and len(found) == 1 else ""


def lenses_by_file(name: str, shape: Sequence[int]) -> int | None:
    """The same by the name of a file, where its array has none of its own; of a few planes, as of colours, that says nothing."""
    found = None if name.lower() == "x" else lenses_said(name, shape, {})
    return found if found is not None and found > MOST_BANDS else None


def _ratio(one: int, other: int) -> float:
    return max(one, other) / max(1, min(one, other))


def _is_long(shape: tuple[int, ...]) -> bool:
    return min(shape) >= MIN_SIDE and max(shape) > _LONGEST_SIDE_RATIO * min(shape)


def _as_given(letters: str, shape: tuple[int, ...]) -> str:
    if len(letters) == len(shape):
        return letters
    # Letters may be given for the axes that are longer than one.
    long, rest = sum(side != 1 for side in shape), iter(letters)
    if len(letters) == long:
        return "".join("1" if side == 1 else next(rest) for side in shape)
    raise ImageReadError(f"its array has the shape {shape}, {len(shape)} axes, and --axes {letters} names {len(letters)}")


def _by_shape(shape: tuple[int, ...], lenses: int | None, flat: bool) -> list[str]:
    if len(shape) == 1:
        return ["P"] if flat and _is_flat(shape[0]) else []
    if len(shape) == 2 and flat and shape[1] == 1 and _is_flat(shape[0]):
        return ["P1"]
    if len(shape) == 2:
        return ["NP"] if flat and _is_flat_stack(shape, lenses) else ["HW"]
    if len(shape) == 3:
        return _best(_three(shape, lenses, flat), shape, lenses)
    if len(shape) == 4:
        squeezed = _squeezed(shape, lenses) if lenses is not None else []
        if lenses not in (None, shape[0]) and squeezed and all(count_of("N", one, shape) == lenses for one in squeezed):
            # (1, 11, 64, 64) beside eleven labels.
            return squeezed
        return _best(("NCHW", "NHWC", "HWCN", "CNHW", "CHWN"), shape, lenses) or _squeezed(shape, lenses)
    return _squeezed(shape, lenses)


def _squeezed(shape: tuple[int, ...], lenses: int | None) -> list[str]:
    """The letters without the axes of one entry, which get a 1."""
    long = tuple(side for side in shape if side != 1)
    if len(long) == len(shape) or len(long) < 2:
        return []
    found = []
    for letters in _by_shape(long, lenses, flat=False):
        rest = iter(letters)
        found.append("".join("1" if side == 1 else next(rest) for side in shape))
    return found


def _three(shape: tuple[int, ...], lenses: int | None, flat: bool) -> tuple[str, ...]:
    if flat and lenses == shape[0] == shape[1] == shape[2]:
        return ("NHW",)
    first = "N" if shape[0] > MOST_BANDS or shape[0] == lenses else "C"
    last = "N" if shape[2] > _MOST_LAST_BANDS or (shape[2] == lenses and lenses != shape[0]) else "C"
    middle = ("HCW",) if shape[1] <= MOST_BANDS else ()
    either = ("CHW",) if MOST_BANDS < shape[0] <= (_MAY_BE_BANDS if flat else _MAY_BE_PLANES) and shape[0] != lenses else ()
    return (f"{first}HW", *either, f"HW{last}", *middle)


def _best(candidates: Sequence[str], shape: tuple[int, ...], lenses: int | None) -> list[str]:
    """The candidates whose image is nearest to a square; those with as many lenses as there are labels, where there are any."""
    # Bands before lenses are taken only where the lenses' axis cannot be bands.
    candidates = [one for one in candidates if one not in ("CNHW", "CHWN") or shape[one.index("N")] > _MOST_LAST_BANDS]
    ranked = [(_rank(one, shape), one) for one in candidates]
    ranked = [(rank, one) for rank, one in ranked if rank is not None]
    said = [one for one in ranked if lenses is not None and "N" in one[1] and shape[one[1].index("N")] == lenses]
    if said and min(said)[0] > 0 and (square := [one for rank, one in ranked if rank == 0]):
        # Labels say that a square picture is none.
        return [min(said)[1], *square]
    ranked = said or ranked
    least = min((rank for rank, _ in ranked), default=0)
    return [one for rank, one in ranked if rank == least]


def _rank(letters: str, shape: tuple[int, ...]) -> int | None:
    height, width = shape[letters.index("H")], shape[letters.index("W")]
    bands = shape[letters.index("C")] if "C" in letters else 1
    ratio = _ratio(height, width)
    if min(height, width) < MIN_SIDE or ratio > _LONGEST_SIDE_RATIO or bands > _MOST_LAST_BANDS:
        return None
    return 0 if height == width else 1 if ratio <= _NEARLY_SQUARE else 2


def _is_flat(size: int) -> bool:
    return size >= _LEAST_FLAT_SIDE**2 and math.isqrt(size) ** 2 == size


def _is_flat_stack(shape: tuple[int, ...], lenses: int | None) -> bool:
    n, size = shape
    uneven = max(shape) > _LONGEST_SIDE_RATIO * max(1, min(shape)) or n > MAX_SIDE or n == lenses
    return n > 0 and _is_flat(size) and uneven


def count_of(letter: str, letters: str, shape: Sequence[int]) -> int:
    """Entries along the axes of a letter; 1 where there is none."""
    return math.prod(side for one, side in zip(letters, shape, strict=True) if one == letter)


def ordered(array: np.ndarray, letters: str) -> np.ndarray:
    """An array with its axes as letters say -> (N, C, H, W)."""
    counts = {one: count_of(one, letters, array.shape) for one in "NCHWP"}
    order = [index for one in "NCHWP1" for index, letter in enumerate(letters) if letter == one]
    height, width = counts["H"], counts["W"]
    if "P" in letters:
        height = width = math.isqrt(counts["P"])
        if height * width != counts["P"]:
            raise ImageReadError(f"its rows of {counts['P']:,} values are no square image")
    return array.transpose(order).reshape(counts["N"], counts["C"], height, width)
