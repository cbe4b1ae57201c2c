"""npy and npz files as images."""

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from lensmae.data.images import roles
from lensmae.data.images.axes import MIN_SIDE, MOST_BANDS
from lensmae.data.images.formats.named_arrays import Names, alike, with_beside
from lensmae.data.images.formats.npy import Npz, read_npy
from lensmae.data.images.formats.stored import Stored, choose_item
from lensmae.errors import ImageReadError

# Of DeepLense's axion files; any other number beside an image is none.
_LARGEST_MASS_EV = 1e-10
_LARGEST_NUMBER = 10**18
_MOST_CLASSES = 64


def npy_lenses(data: bytes, item: str | None) -> Iterator[Stored]:
    """The array of an npy file; of an object array the image in it, then those of a dictionary that are alike."""
    array = read_npy(io.BytesIO(data))
    if array.dtype.names:
        yield from _of_arrays({name: array[name] for name in array.dtype.names}, item)
        return
    if array.dtype == object and array.size == 1 and isinstance(array.item(), dict):
        yield from _of_arrays(_entries(array.item()), item)
        return
    yield split_objects(array) if array.dtype == object else Stored(array, flat=True)


def _entries(part: dict[Any, Any]) -> dict[str, np.ndarray]:
    return {str(key): np.asarray(value) for key, value in part.items()}


def object_columns(array: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays with an entry a lens, by name, of an object array: a dictionary of arrays, rows of an image and numbers,
    or a list of images. Empty where it is of one lens, such as `[image, axion mass]`."""
    parts = list(array.ravel())
    if len(parts) == 1 and isinstance(parts[0], dict):
        return {key: value for key, value in _entries(parts[0]).items() if value.dtype.kind in "biufUS"}
    if _are_rows(array):
        numbers = {place: np.array([_number(row[place]) for row in array]) for place in range(1, array.shape[1])}
        return {"images": np.stack([row[0] for row in array])} | {
            _name_of_numbers(values, place): values for place, values in numbers.items()
        }
    if len(parts) > MOST_BANDS and len({getattr(part, "shape", ()) for part in parts}) == 1 and np.ndim(parts[0]) >= 2:
        return {"images": np.stack(parts)}
    return {}


def _without_objects(entries: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays, those of objects as the numbers that they hold; what holds no image is left out."""
    found = {}
    for key, array in entries.items():
        if array.dtype != object:
            found[key] = array
            continue
        columns = object_columns(array)
        with contextlib.suppress(ImageReadError):
            columns = columns or {"": split_objects(array).array}
        found |= {key if name in ("", "images") else f"{key}/{name}": one for name, one in columns.items()}
    return found


def _name_of_numbers(values: np.ndarray, place: int) -> str:
    """What numbers beside images are: masses of axions by their size, classes where they are few and whole, else no more than
    numbers."""
    if (values > 0).all() and (values < _LARGEST_MASS_EV).all():
        return "axion_mass_ev"
    whole = np.isin(values, np.arange(_MOST_CLASSES)).all()
    return "label" if place == 1 and whole else f"value_{place}"


def npz_lenses(data: bytes, item: str | None) -> Iterator[Stored]:
    """The image array of an npz file, by its name, then its shape; after it all that are alike."""
    with Npz(io.BytesIO(data)) as archive:
        headers = {key: archive.header(key) for key in archive.keys}
        if any(header.dtype == object for header in headers.values()):
            entries = {key: archive.read(key) for key, header in headers.items() if header.dtype.kind in "biufO"}
            yield from _of_arrays(_without_objects(entries), item)
            return
        numbers = {key: header.shape for key, header in headers.items() if header.dtype.kind in "biuf"}
        records = {key: header for key, header in headers.items() if header.dtype.names}
        fields = {f"{key}/{name}": (key, name) for key, header in records.items() for name in header.dtype.names}

        def read(name: str) -> np.ndarray:
            if name in numbers:
                return archive.read(name)
            key, field = fields[name]
            return archive.read(key)[field]

        shapes = numbers | {
            name: (*records[key].shape, *records[key].dtype[field].shape)
            for name, (key, field) in fields.items()
            if records[key].dtype[field].base.kind in "biuf"
        }
        yield from named_lenses(shapes, read, item)


def named_lenses(
    shapes: Mapping[str, tuple[int, ...]],
    read: Callable[[str], np.ndarray],
    item: str | None,
    notes: tuple[str, ...] = (),
    lenses_first: bool = True,
) -> Iterator[Stored]:
    """Of arrays by name the image, then, where several are lenses of one set, each of them.

    Args:
        shapes: of the arrays of real numbers.
        read: an array by its name.
        item: the image asked for; the best by name and shape where None.
        notes: what is said of each.
        lenses_first: whether arrays of the format have the lenses along the first axis.
    """
    chosen, images, passed = choose_array(dict(shapes), item)
    names = Names(shapes, read)
    series = alike(shapes, chosen) if len(images) > 1 else ()
    whole = Stored(read(chosen), images, chosen, notes=notes, flat=True, passed=passed, alike=series)
    yield with_beside(whole, names, lenses_first=lenses_first)
    for name in series:
        yield with_beside(Stored(read(name), (name,), name, notes=notes, flat=True), names, lenses_first=lenses_first)


def choose_array(shapes: dict[str, tuple[int, ...]], item: str | None) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Of arrays by name the image, all that may be asked for, and what the others are."""
    images = tuple(key for key, shape in shapes.items() if len(shape) >= 2)
    if not images:
        # Flattened pixels are one axis; nothing else that is one axis is an image.
        images = tuple(key for key, shape in shapes.items() if len(shape) == 1 and _is_flat_image(key, shapes))
    large = tuple(key for key in images if _can_be_image(shapes[key])) or images
    chosen = choose_item(images if item is not None else large, item, "image array")
    passed = tuple(f"{key}: {roles.role(key)}" for key in images if key != chosen and _not_shown(key))
    return chosen, images, passed


def _is_flat_image(key: str, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether an array of one axis is named like an image, and no wavelengths or the like of as many entries lie beside it."""
    own = (roles.SCIENCE, roles.NOISE, roles.VARIANCE, roles.WEIGHT, roles.FLAGS)
    along = (one for one, shape in shapes.items() if shape == shapes[key] and roles.role(one) not in own)
    return roles.role(key) == roles.SCIENCE and next(along, None) is None


def _can_be_image(shape: tuple[int, ...]) -> bool:
    """Whether two sides are long enough, or the last one is that of flattened pixels."""
    sides = sorted((side for side in shape if side != 1), reverse=True)
    return len(sides) < 2 or sides[1] >= MIN_SIDE


def _not_shown(key: str) -> bool:
    return roles.role(key) not in (roles.SCIENCE, roles.UNKNOWN)


def split_objects(array: np.ndarray) -> Stored:
    """The image of an object array: `[image, axion mass]` of DeepLense's axion files, rows or pixels as objects."""
    parts = list(array.ravel())
    images = [part for part in parts if isinstance(part, np.ndarray) and part.ndim >= 2]
    numbers = [_number(part) for part in parts if _is_number(part)]
    if len(images) == 1 and len(numbers) == len(parts) - 1 <= 3:
        mass = next((number for number in numbers if 0 < number < _LARGEST_MASS_EV), None)
        others = [f"{number:g}" for number in numbers if number != mass]
        notes = (f"Beside its image it holds {', '.join(others)}.",) if others else ()
        return Stored(images[0], axion_mass_ev=mass, notes=notes)
    if len(numbers) == len(parts) and array.ndim >= 2:
        return Stored(np.array(numbers).reshape(array.shape), flat=True, notes=("Its pixels were stored as objects.",))
    if len(images) + len(numbers) == len(parts) and _are_rows(array):
        notes = (f"Beside each of its {len(images)} images it holds numbers.",)
        return Stored(np.stack(images), notes=notes, lenses=len(images))
    if images and len(images) == len(parts) and len({part.shape for part in images}) == 1:
        # A list of a few arrays may be bands.
        lenses = len(images) if len(images) > MOST_BANDS else None
        return Stored(np.stack(images), notes=(f"It holds {len(images)} arrays of one shape.",), lenses=lenses)
    rows = [part for part in parts if isinstance(part, np.ndarray) and part.ndim == 1]
    if array.size == array.shape[0] and len(rows) == len(parts) > 1 and len({len(row) for row in rows}) == 1:
        return Stored(np.stack(rows), flat=True, notes=("Its rows were stored as objects.",))
    raise ImageReadError(f"its object array of shape {array.shape} is not [image, axion mass]")


def _are_rows(array: np.ndarray) -> bool:
    """Whether each row of an object array is an image, all of one shape, and its label, mass or the like."""
    if array.ndim != 2 or len(array) < 2:
        return False
    shapes = {row[0].shape if isinstance(row[0], np.ndarray) and row[0].ndim >= 2 else None for row in array}
    return len(shapes) == 1 and None not in shapes and all(_is_number(part) for row in array for part in row[1:])


def _is_number(part: Any) -> bool:
    if isinstance(part, np.ndarray):
        return part.size == 1 and part.dtype.kind in "biuf"
    return isinstance(part, float | int | np.number) and not isinstance(part, np.complexfloating)


def _number(part: Any) -> float:
    number = part.item() if isinstance(part, np.ndarray) else part
    # Compared before it is converted: an integer may have any number of digits.
    if isinstance(number, int) and abs(number) > _LARGEST_NUMBER:
        raise ImageReadError(f"its object array holds a number of {len(hex(number))} hexadecimal digits, which is no axion mass")
    return float(number)


def _of_arrays(entries: dict[str, np.ndarray], item: str | None) -> Iterator[Stored]:
    arrays = {key: value for key, value in entries.items() if value.dtype.kind in "biuf"}
    return named_lenses({key: value.shape for key, value in arrays.items()}, arrays.__getitem__, item)
