"""One image reader for the command line and the pages: any common file in, one finite float32 image out, and what was done."""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lensmae.data.images import bands, companions, roles
from lensmae.data.images.axes import MAX_SIDE, MIN_SIDE, ArrayChoice, count_of, find_axes, lenses_by_file, lenses_said, ordered
from lensmae.data.images.bad_pixels import clean
from lensmae.data.images.fitting import fill_bad
from lensmae.data.images.formats import MAX_FILE, Stored, decode, decode_lenses
from lensmae.data.images.formats.fits_beside import flagged, noise_of
from lensmae.data.images.formats.stored import Beside
from lensmae.data.images.labels_beside import lengths_beside, may_be_stack
from lensmae.data.images.lens_image import LensImage, fit_image, frame_of
from lensmae.data.images.wcs import Sky
from lensmae.errors import ImageReadError

__all__ = [
    "MAX_SIDE",
    "MIN_SIDE",
    "SUFFIXES",
    "LensImage",
    "fill_bad",
    "fit_image",
    "frame_of",
    "image_of",
    "read_image",
    "read_lenses",
]

SUFFIXES = (
    "npy", "npz", "fits", "fit", "fts", "fits.gz", "fits.fz", "fits.bz2", "fits.xz", "fits.zip", "png", "jpg", "jpeg", "tif",
    "tiff", "h5", "hdf5", "mat", "pt", "pth",
)  # fmt: skip
# So many other images of a file are named.
_MOST_OTHERS = 6
Source = Path | str | bytes
# A file that belongs to an image; of a content with its name.
Part = Source | tuple[str, bytes]


def read_image(
    source: Source,
    name: str | None = None,
    *,
    item: str | None = None,
    band: bands.Band = None,
    axes: str | None = None,
    lens: int | None = None,
    beside: Mapping[str, Part] | None = None,
) -> LensImage:
    """Read one image. The format is told from the content, not from the name.

    Args:
        source: the file, or its content.
        name: of the file, for messages.
        item: which image of a file that holds several, as `LensImage.items` names it, or by its extension's name or number; the
            image by name where None (never a mask, noise, PSF or labels). Of several, joined by "+", the mean is taken.
        band: which band of an image that has several, from 0, or the mean of some ("0+2") or of "all"; up to four are averaged
            where None, of more the middle is taken.
        axes: a letter an axis (N lenses, C bands, H rows, W columns), where header and shape do not say it.
        lens: which lens of a stack, from 0; the first where None.
        beside: files that belong to it, by "noise", "bad", "psf" and "labels", contents with their names; of a file on disk
            those of its name where None.

    Raises `ImageReadError` with the file's name, what was wrong and what to do.
    """
    label, choice = label_of(source, name), ArrayChoice(item, band, axes, lens)
    try:
        images = [_read_one(source, label, replace(choice, item=one), beside) for one in _items(source, item)]
        return images[0] if len(images) == 1 else bands.mean_of_images(images)
    except ImageReadError as problem:
        raise ImageReadError(f"{label} was not read: {str(problem).rstrip('.')}.") from None


def _as_named(stored: Stored, kind: str, label: str, source: Source) -> Stored:
    """An array of npy or of a primary HDU, whose only name is that of the file: `X_test.npy` is of many lenses. Of npy the labels
    in files beside it say that first."""
    nameless = not stored.items if kind == "npy" else stored.item.endswith("(PRIMARY)") and len(stored.items) == 1
    shape = stored.array.shape
    if not nameless or stored.lenses is not None:
        return stored
    lengths = lengths_beside(Path(source)) if kind == "npy" and may_be_stack(shape) and not isinstance(source, bytes) else {}
    said = lenses_said("", shape, lengths) if lengths else None
    return replace(stored, lenses=lenses_by_file(Path(label).stem, shape) if said is None else said)


def _items(source: Source, item: str | None) -> tuple[str | None, ...]:
    return (item,) if item is None or "+" not in item else bands.split_items(item, decode(_load(source))[1].items)


def _read_one(source: Source, label: str, choice: ArrayChoice, beside: Mapping[str, Part] | None) -> LensImage:
    kind, stored = _decoded(source, choice.item, beside)
    return _image(
        _Array.of(_as_named(stored, kind, label, source), choice), stored, label, kind, choice, choice.lens or 0, whole=False
    )


def read_lenses(
    source: Source,
    name: str | None = None,
    *,
    item: str | None = None,
    band: bands.Band = None,
    axes: str | None = None,
    beside: Mapping[str, Part] | None = None,
) -> Iterator[LensImage]:
    """Every lens of a file, in its order: of a stack all, of groups and pages of one shape all, else the one image.

    Takes what `read_image` takes. A stack's lenses are named by their index, as in `X_test.npy[3]`.

    Args:
        source: path, or bytes of a file.
        name: of the file, for errors; its own where None.
        item: which HDU, array or page; the best where None.
        band: from 0; None where there is one.
        axes: a letter an axis; found where None.
        beside: files beside it by name: noise map, PSF.
    """
    label, choice = label_of(source, name), ArrayChoice(item, band, axes)
    try:
        if len(_items(source, item)) > 1:
            yield read_image(source, name, item=item, band=band, axes=axes, beside=beside)
            return
        kind, parts = decode_lenses(_load(source), item)
        stored = _with_companions(source, kind, next(parts), beside)
        if item is None and stored.alike:
            for part in parts:
                yield from _of_item(part, kind, label, choice)
            return
        found = _Array.of(_as_named(stored, kind, label, source), choice)
        for lens in range(found.lenses):
            named = label if found.lenses == 1 else f"{label}[{lens}]"
            yield _image(found, stored, named, kind, choice, lens, whole=True)
    except ImageReadError as problem:
        raise ImageReadError(f"{label} was not read: {str(problem).rstrip('.')}.") from None


def _of_item(part: Stored, kind: str, label: str, choice: ArrayChoice) -> Iterator[LensImage]:
    """The lenses of one image of many."""
    found = _Array.of(part, choice)
    for lens in range(found.lenses):
        named = f"{label}:{part.item}" if found.lenses == 1 else f"{label}:{part.item}[{lens}]"
        yield _image(found, part, named, kind, choice, lens, whole=True)


def image_of(
    array: np.ndarray, name: str, *, band: bands.Band = None, axes: str | None = None, pixel_scale: float | None = None
) -> LensImage:
    """An array that was read already, by the same rules as a file.

    Args:
        array: the array.
        name: of the image, for errors.
        band: as `read_image` takes it.
        axes: a letter an axis; found where None.
        pixel_scale: arcsec/pixel, where known.
    """
    try:
        stored, choice = Stored(array, flat=True, pixel_scale=pixel_scale), ArrayChoice(band=band, axes=axes)
        return _image(_Array.of(stored, choice), stored, name, "npy", choice, 0, whole=False)
    except ImageReadError as problem:
        raise ImageReadError(f"{name} was not read: {str(problem).rstrip('.')}.") from None


def label_of(source: Source, name: str | None) -> str:
    """What a file is called in messages."""
    if name:
        return name
    return "the upload" if isinstance(source, bytes) else Path(source).name


def _load(source: Source) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        try:
            # A pipe would be waited for, a device read without end.
            kind = Path(source).stat().st_mode
            if stat.S_ISDIR(kind):
                raise ImageReadError(_of_folder(Path(source)))
            if not stat.S_ISREG(kind):
                raise ImageReadError("it is no regular file, but a pipe or a device")
            with Path(source).open("rb") as file:
                data = file.read(MAX_FILE + 1)
        except OSError as problem:
            raise ImageReadError(f"it cannot be opened ({problem.strerror or problem})") from None
    if len(data) > MAX_FILE:
        raise ImageReadError(
            f"it has more than {MAX_FILE / 1e6:,.0f} MB; cut out the lens, or import it if it is a stack of lenses"
        )
    if not data:
        raise ImageReadError("it is empty; save or download it again")
    return data


def _of_folder(folder: Path) -> str:
    """Why a folder is no image, and what to do."""
    if any((folder / name).exists() for name in (".zarray", ".zgroup", "zarr.json")):
        return "it is a zarr store; save its array as npy: numpy.save('lens.npy', zarr.open(folder)[...])"
    return "it is a folder; name the files in it, or import it as a data set (`lensmae import FOLDER NAME`)"


def _decoded(source: Source, item: str | None, beside: Mapping[str, Part] | None) -> tuple[str, Stored]:
    """The content of a file, with what lies in the files beside it."""
    kind, stored = decode(_load(source), item)
    return kind, _with_companions(source, kind, stored, beside)


def _with_companions(source: Source, kind: str, stored: Stored, beside: Mapping[str, Part] | None) -> Stored:
    """An image with what lies in the files beside it; where None is given, those of its name on disk."""
    if beside is None and kind == "fits" and not isinstance(source, bytes):
        beside = companions.beside(Path(source))
    return _with_files(stored, beside) if beside else stored


def _with_files(stored: Stored, beside: Mapping[str, Part]) -> Stored:
    """Noise, flags and PSF from files of their own; those of the file itself go first."""
    found: dict[str, Any] = {}
    sources = dict(stored.beside.sources)
    notes: tuple[str, ...] = ()
    for role, part in beside.items():
        if role in sources:
            continue
        source = part[1] if isinstance(part, tuple) else part
        label = part[0] if isinstance(part, tuple) else f"the {role} beside it" if isinstance(part, bytes) else Path(part).name
        try:
            array = decode(_load(source))[1].array
        except ImageReadError as problem:
            notes = (*notes, f"{label} was not used: {problem}.")
            continue
        if role == "labels":
            said = lenses_said("", stored.array.shape, {Path(label).stem: len(array)}) if array.ndim == 1 else None
            stored = replace(stored, lenses=stored.lenses if said is None else said)
            continue
        if role != "psf" and array.shape != stored.array.shape[-2:]:
            notes = (*notes, f"{label} was not used: its shape is {array.shape}.")
            continue
        if role == "noise":
            read = noise_of(array, companions.kind(label) or roles.NOISE, label, stored.array, {})
            notes = (*notes, read.note) if read.note else notes
            role, array = ("noise", read.deviation) if read.deviation is not None else ("bad", read.empty)
        else:
            array = flagged(array, {}, {}) if role == "bad" else np.asarray(array, dtype=np.float32)
        if role not in found:
            found[role], sources[role] = array, label
    return replace(stored, beside=replace(stored.beside, sources=sources, **found), notes=stored.notes + notes)


class _Array:
    """An array whose axes are known: (N, C, H, W)."""

    def __init__(self, cube: np.ndarray, letters: str, stored: Stored) -> None:
        self.cube, self.letters = cube, letters
        self._stored = stored

    @classmethod
    def of(cls, stored: Stored, choice: ArrayChoice) -> "_Array":
        array = stored.array
        if array.dtype == bool:
            raise ImageReadError("its values are True and False: it is a mask, and no image")
        if array.dtype.kind not in "iuf":
            raise ImageReadError(f"its values are of type {array.dtype}; real numbers are needed")
        letters = find_axes(array.shape, stored.axes, choice.axes, stored.lenses, stored.flat)
        height, width = (count_of(letter, letters, array.shape) for letter in "HW")
        if "P" not in letters:
            check_size(height, width)
        return cls(ordered(array, letters), letters, stored)

    @property
    def lenses(self) -> int:
        return self.cube.shape[0]

    @property
    def bands(self) -> int:
        return self.cube.shape[1]

    def beside(self, lens: int, places: tuple[int, ...]) -> Beside:
        """Noise and flags of one plane, as that is made of the bands at `places`."""
        noise = self._planes(self._stored.beside.noise, lens)
        bad = self._planes(self._stored.beside.bad, lens)
        noise = None if noise is None else bands.noise_of_mean(noise, places)
        bad = None if bad is None else (bad if len(bad) == 1 else bad[list(places)]).any(axis=0)
        return replace(self._stored.beside, noise=noise, bad=bad)

    def _planes(self, array: np.ndarray | None, lens: int) -> np.ndarray | None:
        """The bands (C, H, W) of an array that lies beside this one, or one plane for all of them."""
        if array is None:
            return None
        if array.shape == self._stored.array.shape:
            return ordered(array, self.letters)[lens]
        return array[None] if array.shape == self.cube.shape[-2:] else None


def check_size(height: int, width: int) -> None:
    """Refuse an image with too few or too many pixels."""
    if min(height, width) < MIN_SIDE:
        raise ImageReadError(f"its image has {height}x{width} pixels; at least {MIN_SIDE}x{MIN_SIDE} are needed")
    if max(height, width) > MAX_SIDE:
        raise ImageReadError(
            f"its image has {height}x{width} pixels; cut out the lens first (the limit is {MAX_SIDE}x{MAX_SIDE})"
        )


def _image(found: _Array, stored: Stored, name: str, kind: str, choice: ArrayChoice, lens: int, whole: bool) -> LensImage:
    """One lens of an array. `whole`: all its lenses are read, so that nothing was chosen."""
    if not 0 <= lens < found.lenses:
        raise ImageReadError(f"it holds {found.lenses} lenses, 0 to {found.lenses - 1}; there is no lens {lens}")
    places = bands.places_of(choice.band, found.bands, stored.band_names)
    plane, taken = (
        bands.one_plane(found.cube[lens], places),
        bands.said_of(choice.band, places, found.bands, stored.band_names),
    )
    beside = found.beside(lens, places)
    sources = beside.sources
    made = clean(plane, beside.bad, sources.get("bad", ""), beside.noise, sources.get("noise", ""))
    eight_bit = stored.eight_bit or stored.array.dtype == np.uint8 or _has_eight_bits(plane)
    notes = _of_items(stored) + stored.notes + _of_lenses(found, lens, whole) + taken + made.notes
    if stored.axion_mass_ev is not None:
        notes = (*notes, f"It also says an axion mass of {stored.axion_mass_ev:.3g} eV.")
    noise = None if beside.noise is None else np.asarray(beside.noise, dtype=np.float32)
    return LensImage(
        pixels=made.pixels,
        name=name,
        format=kind,
        pixel_scale=stored.pixel_scale,
        notes=notes + _of_beside(beside) + _of_levels(made.pixels, eight_bit, stored.lossy),
        axion_mass_ev=stored.axion_mass_ev,
        items=stored.items,
        item=stored.item,
        bands=found.bands,
        band_names=stored.band_names,
        lenses=found.lenses,
        unit=stored.unit,
        sky=Sky(stored.header) if stored.header else None,
        noise=noise,
        psf=beside.psf,
        eight_bit=eight_bit,
        lossy=stored.lossy,
    )


def _of_items(stored: Stored) -> tuple[str, ...]:
    if len(stored.items) <= 1:
        return ()
    over = f"; passed over: {', '.join(stored.passed[:8])}" if stored.passed else ""
    meant = {one.rpartition(": ")[0] for one in stored.passed}
    # Other bands or chips; of a series all are answered.
    others = [one for one in stored.items if one != stored.item and one not in meant] if not stored.alike else []
    shown = f", not {', '.join(others[:_MOST_OTHERS])}{' ...' if len(others) > _MOST_OTHERS else ''}" if others else ""
    return (f"Of its {len(stored.items)} images, {stored.item} was taken{shown}{over}.",)


def _of_lenses(found: _Array, lens: int, whole: bool) -> tuple[str, ...]:
    if "P" in found.letters:
        side = found.cube.shape[-1]
        flat = (f"Its rows of {side * side:,} values were read as {side}x{side} pixels.",)
    else:
        flat = ()
    if found.lenses == 1:
        return flat
    shape = "x".join(map(str, found.cube.shape[-2:]))
    said = f"Its array was read as {found.lenses:,} lenses of {shape} pixels (axes {found.letters})"
    return (*flat, f"{said}." if whole else f"{said}; lens {lens} was taken.")


def _of_beside(beside: Beside) -> tuple[str, ...]:
    words = {"noise": "noise", "psf": "PSF"}
    return tuple(f"Its {words[role]} is that of {name}." for role, name in beside.sources.items() if role in words)


def _of_levels(pixels: np.ndarray, eight_bit: bool, lossy: bool) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if pixels.max() == pixels.min():
        return ("All its pixels are equal, so there is nothing to classify.",)
    if eight_bit:
        notes = ("Its values are levels of 8 bits: what is fainter than a 255th of the brightest is lost.",)
    return (*notes, "It was compressed with a loss (JPEG), which changes faint structure.") if lossy else notes


def _has_eight_bits(plane: np.ndarray) -> bool:
    """Whether floats are the levels 0 to 255, or those over 255: an array made of a picture."""
    if plane.dtype.kind != "f" or plane.size < 256:
        return False
    top = float(plane.max())
    most = 255.0 if 1.0 < top <= 255.0 else 1.0 if 0.5 < top <= 1.0 else 0.0
    if not most or float(plane.min()) < 0:
        return False

    def levels(values: np.ndarray) -> bool:
        scaled = values.astype(np.float64) * (255.0 / most)
        return bool((np.abs(scaled - np.round(scaled)) < 1e-3).all())

    # The first row tells almost always.
    return levels(plane[0]) and levels(plane) and len(np.unique(plane)) > 2
