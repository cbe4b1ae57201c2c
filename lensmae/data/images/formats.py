"""What image files hold, format by format: an array as it was saved and the facts beside it. Sizes are read from the headers
before memory is taken, and compressed data are unpacked no further than the size they claim."""

import contextlib
import io
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lensmae.data.images.fits_limits import check_fits
from lensmae.data.images.npy import MAX_BYTES, Npz, count, read_npy, split_objects
from lensmae.errors import ImageReadError

# The content of a file of MAX_BYTES pixels, and its headers.
MAX_FILE = MAX_BYTES + (1 << 24)
# Every strip, tile or chunk costs time and memory of its own, however small.
MAX_PIECES = 1 << 17
MAX_OBJECTS, MAX_DEPTH = 10_000, 32
# HDF5's filters that cannot unpack to more than a chunk once the deflated ones are checked: deflate, shuffle, checksum, LZF.
_HDF5_FILTERS = {1, 2, 3, 32000}
_DEFLATE = (8, 32946)


@dataclass(frozen=True)
class Stored:
    """An array as a file holds it.

    Attributes:
        array: any shape and type.
        items: names of all images in the file, in its order.
        item: which of them `array` is.
        pixel_scale: arcsec a pixel, where the file says it.
        axion_mass_ev: where the file says it.
        notes: what was done to the pixels.
    """

    array: np.ndarray
    items: tuple[str, ...] = ()
    item: str = ""
    pixel_scale: float | None = None
    axion_mass_ev: float | None = None
    notes: tuple[str, ...] = ()


def decode(data: bytes, item: str | None = None) -> tuple[str, Stored]:
    """The format of a file, told from its content, and the image `item` in it, or its first one."""
    if data.startswith(b"\x1f\x8b"):
        data = _gunzip(data)
    for signature, kind, function in _FORMATS:
        if data.startswith(signature):
            return kind, function(data, item)
    raise ImageReadError("its content is none of npy, npz, FITS, PNG, JPEG, TIFF or HDF5, whatever its name says")


def choose_item(items: Sequence[str], item: str | None, what: str) -> str:
    """The item asked for, or the first; `ImageReadError` where there is none."""
    if not items:
        raise ImageReadError(f"it holds no {what}")
    if item is not None and item not in items:
        raise ImageReadError(f"it holds no image {item!r}; it holds {', '.join(items[:8])}")
    return items[0] if item is None else item


def check_bytes(shape: Sequence[int], itemsize: int) -> None:
    """Refuse an array that is too large to be an image."""
    size = count(tuple(shape)) * itemsize
    if size > MAX_BYTES:
        raise ImageReadError(
            f"its image has the shape {tuple(shape)}, {size / 1e6:,.0f} MB; cut out the lens first "
            f"(the limit is {MAX_BYTES / 1e6:,.0f} MB)"
        )


def inflated(data: bytes, limit: int, wbits: int = zlib.MAX_WBITS) -> bytes:
    """Deflated data unpacked, at most `limit` bytes; `ImageReadError` where there is more."""
    unpacked = zlib.decompressobj(wbits).decompress(data, limit + 1)
    if len(unpacked) > limit:
        raise ImageReadError(f"its compressed data unpack to more than {limit / 1e6:,.1f} MB")
    return unpacked


def _gunzip(data: bytes) -> bytes:
    try:
        return inflated(data, MAX_FILE, 31)
    except zlib.error as problem:
        raise ImageReadError(f"its gzip data are damaged ({problem})") from None


def _from_npy(data: bytes, item: str | None) -> Stored:
    array, mass = split_objects(read_npy(io.BytesIO(data)))
    return Stored(array, axion_mass_ev=mass)


def _from_npz(data: bytes, item: str | None) -> Stored:
    with Npz(io.BytesIO(data)) as archive:
        headers = {key: archive.header(key) for key in archive.keys}
        images = tuple(key for key, header in headers.items() if header.dtype.kind in "biuf" and len(header.shape) >= 2)
        chosen = choose_item(images, item, "image array")
        return Stored(archive.read(chosen), images, chosen)


def _from_fits(data: bytes, item: str | None) -> Stored:
    from astropy.io import fits

    check_fits(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=True, ignore_missing_simple=False) as units:
                return _from_units(units, item, data)
        except ImageReadError:
            raise
        except Exception as problem:  # noqa: BLE001
            # astropy raises a dozen kinds of errors on damaged headers and data; all mean that the file is damaged.
            raise ImageReadError(f"its FITS structure is damaged ({type(problem).__name__}: {problem})") from None


def _from_units(units: Any, item: str | None, data: bytes) -> Stored:
    found = {
        f"HDU {i} ({unit.name or 'unnamed'})": unit for i, unit in enumerate(units) if unit.is_image and len(unit.shape) >= 2
    }
    chosen = choose_item(tuple(found), item, "image, only headers or tables")
    unit = found[chosen]
    # Scaled integers become float64.
    check_bytes(unit.shape, 8 if "BSCALE" in unit.header or "BZERO" in unit.header else abs(int(unit.header["BITPIX"])) // 8)
    if "ZCMPTYPE" in unit.header or type(unit).__name__ == "CompImageHDU":
        _check_gzip_tiles(data)
    notes = (f"The image of {chosen} was taken.",) if len(found) == 1 and not chosen.startswith("HDU 0") else ()
    return Stored(np.asarray(unit.data), tuple(found), chosen, _pixel_scale(unit.header), notes=notes)


def _check_gzip_tiles(data: bytes) -> None:
    """astropy unpacks gzip tiles of compressed images without a limit; whatever begins like one is tried with a limit here."""
    place, left = data.find(b"\x1f\x8b\x08"), MAX_BYTES
    while place >= 0:
        # These three bytes may begin other data too.
        with contextlib.suppress(zlib.error):
            left -= len(inflated(data[place:], left, 31))
        place = data.find(b"\x1f\x8b\x08", place + 1)


def _pixel_scale(header: Any) -> float | None:
    """Arcsec a pixel from CD, CDELT or PIXSCALE; None where the header is silent or implausible."""

    def value(key: str) -> float:
        number = header.get(key)
        return float(number) if isinstance(number, (int, float)) else 0.0

    from_cd = float(np.hypot(value("CD1_1"), value("CD2_1"))) * 3600
    scale = from_cd or abs(value("CDELT1")) * 3600 or value("PIXSCALE") or value("PIXELSCL")
    return scale if 1e-4 < scale < 60 else None


def _from_picture(data: bytes, item: str | None) -> Stored:
    stored = _pillow(data, ("PNG", "JPEG"))
    # Byte 24 of a PNG is its depth, byte 25 its kind; Pillow keeps 8 of 16 bits where there are colours.
    if data.startswith(b"\x89PNG") and data[24:26] in (b"\x10\x02", b"\x10\x06", b"\x10\x04"):
        return Stored(stored.array, notes=(*stored.notes, "Of its 16 bits a channel, 8 were read."))
    return stored


def _pillow(data: bytes, formats: tuple[str, ...]) -> Stored:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=formats) as picture:
                # At most four channels of at most four bytes.
                check_bytes((picture.height, picture.width, len(picture.getbands())), 4 if picture.mode in ("I", "F") else 1)
                return _from_pillow(picture)
        except ImageReadError:
            raise
        except Exception as problem:  # noqa: BLE001
            # Pillow's decoders raise many kinds of errors on damaged data.
            raise ImageReadError(f"its picture data are damaged ({type(problem).__name__}: {problem})") from None


def _from_pillow(picture: Any) -> Stored:
    if picture.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV"):
        picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")
    return _without_alpha(np.asarray(picture), picture.mode in ("LA", "RGBA", "La", "RGBa"))


def _without_alpha(values: np.ndarray, has_alpha: bool) -> Stored:
    """Colours (H, W, 3 or 4) -> grey (H, W); the alpha channel is left out."""
    notes: tuple[str, ...] = ()
    if has_alpha:
        values, notes = values[..., :-1], ("Its transparency was left out.",)
    if values.ndim == 3 and values.shape[2] == 3:
        # Rec. 601 luma: what a grey copy of the picture would show.
        weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
        return Stored(values @ weights, notes=(*notes, "Its colours were weighted to a grey image."))
    return Stored(values, notes=notes)


def _from_tiff(data: bytes, item: str | None) -> Stored:
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            pages = tuple(f"page {place}" for place in range(min(len(file.pages), 1000)))
            chosen = choose_item(pages, item, "page")
            page = file.pages[pages.index(chosen)]
            check_bytes(page.shape, page.dtype.itemsize)
            if len(page.dataoffsets) > MAX_PIECES:
                raise ImageReadError(f"its image lies in {len(page.dataoffsets):,} strips; the limit is {MAX_PIECES:,}")
            if page.compression in _DEFLATE:
                _check_segments(page, data)
            elif page.compression != 1:
                # LZW, JPEG and the like: Pillow's libtiff decodes them into buffers of the page's size; the first page only.
                return _pillow(data, ("TIFF",))
            return _from_page(page, pages, chosen)
    except ImageReadError:
        raise
    except Exception as problem:  # noqa: BLE001
        # tifffile's parsers raise many kinds of errors on damaged data.
        raise ImageReadError(f"its TIFF data are damaged ({type(problem).__name__}: {problem})") from None


def _check_segments(page: Any, data: bytes) -> None:
    left = count(page.shape) * page.dtype.itemsize + MAX_BYTES // 8
    for offset, size in zip(page.dataoffsets, page.databytecounts, strict=False):
        left -= len(inflated(data[offset : offset + size], left))


def _from_page(page: Any, pages: tuple[str, ...], chosen: str) -> Stored:
    values, notes = page.asarray(), ()
    if page.photometric == 2 and values.ndim == 3:
        if page.planarconfig == 2:
            values = np.moveaxis(values, 0, -1)
        grey = _without_alpha(values, values.shape[-1] == 4)
        values, notes = grey.array, grey.notes
    return Stored(values, pages, chosen, notes=notes)


def _from_hdf5(data: bytes, item: str | None) -> Stored:
    import h5py

    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            found = {array.name: array for array in _numeric_arrays(file) if array.ndim >= 2}
            chosen = choose_item(tuple(found), item, "numeric array with two axes or more")
            array = found[chosen]
            check_bytes(array.shape, array.dtype.itemsize)
            check_chunks(array, array.shape)
            return Stored(array[()], tuple(found), chosen)
    except ImageReadError:
        raise
    except Exception as problem:  # noqa: BLE001
        # HDF5's C library reports damage in many ways.
        raise ImageReadError(f"its HDF5 structure is damaged ({type(problem).__name__}: {problem})") from None


def _numeric_arrays(file: Any) -> list[Any]:
    """HDF5's arrays of real numbers that lie in the file itself; links out of it are not followed."""
    import h5py

    found: list[Any] = []
    visit_objects(file, lambda _, entry: found.append(entry) if isinstance(entry, h5py.Dataset) and entry.ndim else None)
    return [array for array in found if array.dtype.kind in "biuf" and array.external is None and not array.is_virtual]


def visit_objects(file: Any, look: Callable[[str, Any], None]) -> None:
    """Show every object of an HDF5 file with its name; `ImageReadError` where there are too many, or too deep."""
    seen = 0

    def visit(name: str, entry: Any) -> str | None:
        nonlocal seen
        seen += 1
        if seen > MAX_OBJECTS:
            return f"it holds more than {MAX_OBJECTS:,} objects"
        if name.count("/") >= MAX_DEPTH:
            return f"its groups are nested more than {MAX_DEPTH} deep"
        look(name, entry)
        return None

    # What is returned ends the visit; raised errors would pass through HDF5's C library.
    if (problem := file.visititems(visit)) is not None:
        raise ImageReadError(problem)


def check_chunks(array: Any, shape: Sequence[int]) -> None:
    """Refuse an HDF5 array whose chunks are too large, unpack to more than they claim, or are too many in a part of `shape`."""
    if array.chunks is None:
        return
    pieces = count(tuple(-(-side // chunk) for side, chunk in zip(shape, array.chunks, strict=True)))
    if pieces > MAX_PIECES:
        raise ImageReadError(f"its array {array.name} lies in {pieces:,} chunks; the limit is {MAX_PIECES:,}")
    stored = array.id
    filters = [stored.get_create_plist().get_filter(place)[0] for place in range(stored.get_create_plist().get_nfilters())]
    if not set(filters) <= _HDF5_FILTERS or filters.count(1) > 1 or filters.count(32000) > 1:
        raise ImageReadError(f"its array {array.name} is compressed in a way that is not read (HDF5 filters {filters})")
    claimed = count(array.chunks) * array.dtype.itemsize
    check_bytes(array.chunks, array.dtype.itemsize)
    if 1 not in filters:
        return
    for place in range(stored.get_num_chunks()):
        chunk = stored.get_chunk_info(place)
        # Deflate packs at most about 1032 to 1.
        if chunk.size * 1032 > MAX_BYTES // 8:
            _, packed = stored.read_direct_chunk(chunk.chunk_offset)
            inflated(packed, claimed + 4096)


_FORMATS: tuple[tuple[bytes, str, Callable[[bytes, str | None], Stored]], ...] = (
    (b"\x93NUMPY", "npy", _from_npy),
    (b"PK\x03\x04", "npz", _from_npz),
    (b"SIMPLE  =", "fits", _from_fits),
    (b"\x89PNG", "image", _from_picture),
    (b"\xff\xd8\xff", "image", _from_picture),
    (b"II*\x00", "tiff", _from_tiff),
    (b"MM\x00*", "tiff", _from_tiff),
    (b"\x89HDF\r\n\x1a\n", "hdf5", _from_hdf5),
)
