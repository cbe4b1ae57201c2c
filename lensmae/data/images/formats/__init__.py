"""What image files hold, format by format: an array as it was saved and the facts beside it. Sizes are read from the headers
before memory is taken, and compressed data are unpacked no further than the size they claim."""

from collections.abc import Callable, Iterator

from lensmae.data.images.formats.archives import unpacked
from lensmae.data.images.formats.fits_file import each_fits, from_fits
from lensmae.data.images.formats.hdf5 import hdf5_lenses, is_hdf5
from lensmae.data.images.formats.matlab import SIGNATURE as MATLAB
from lensmae.data.images.formats.matlab import matlab_lenses
from lensmae.data.images.formats.numpy_file import npy_lenses, npz_lenses
from lensmae.data.images.formats.pictures import from_picture
from lensmae.data.images.formats.stored import MAX_FILE, Stored, check_bytes, choose_item, inflated
from lensmae.data.images.formats.tiff import each_tiff, from_tiff
from lensmae.data.images.formats.torch_file import is_torch, torch_lenses
from lensmae.data.images.formats.unreadable import unreadable
from lensmae.errors import ImageReadError

__all__ = [
    "MAX_FILE",
    "Stored",
    "check_bytes",
    "choose_item",
    "decode",
    "decode_lenses",
    "inflated",
    "is_hdf5",
    "unpacked",
]

_Lenses = Callable[[bytes, str | None], Iterator[Stored]]


def _fits(data: bytes, item: str | None) -> Iterator[Stored]:
    yield (first := from_fits(data, item))
    yield from each_fits(data, first.alike)


def _tiff(data: bytes, item: str | None) -> Iterator[Stored]:
    yield (first := from_tiff(data, item))
    yield from each_tiff(data, first.alike)


def _picture(data: bytes, item: str | None) -> Iterator[Stored]:
    yield from_picture(data, item)


_FORMATS: tuple[tuple[bytes, str, _Lenses], ...] = (
    (b"\x93NUMPY", "npy", npy_lenses),
    (b"SIMPLE  =", "fits", _fits),
    (b"\x89PNG", "image", _picture),
    (b"\xff\xd8\xff", "image", _picture),
    (b"II*\x00", "tiff", _tiff),
    (b"MM\x00*", "tiff", _tiff),
    (b"II+\x00", "tiff", _tiff),
    (b"MM\x00+", "tiff", _tiff),
    (MATLAB, "matlab", matlab_lenses),
)
# A pickle of protocol 2 or later.
_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def decode(data: bytes, item: str | None = None) -> tuple[str, Stored]:
    """The format of a file, told from its content, and the image `item` in it; where None the best by name and shape."""
    kind, lenses = decode_lenses(data, item)
    return kind, next(lenses)


def decode_lenses(data: bytes, item: str | None = None) -> tuple[str, Iterator[Stored]]:
    """The format of a file, and what `decode` finds in it; after it, each with itself as its only item, the images that it names
    as `alike`.

    The file is opened and its objects are listed once or twice, whatever their number, so that the cost grows with the number of
    images, not with its square.

    Args:
        data: the content.
        item: the image asked for; where None the best by name and shape.
    """
    data = unpacked(data)
    for signature, kind, function in _FORMATS:
        if data.startswith(signature):
            return kind, function(data, item)
    if is_hdf5(data):
        return "hdf5", hdf5_lenses(data, item)
    if data.startswith(b"PK\x03\x04"):
        return ("torch", torch_lenses(data, item)) if is_torch(data) else ("npz", npz_lenses(data, item))
    if data.startswith(_PICKLE):
        raise ImageReadError(
            "it is a Python pickle, or a torch file of before 2020, which could run code and is not read; save the array from "
            "Python: numpy.save('lens.npy', array)"
        )
    known = "npy, npz, FITS, PNG, JPEG, TIFF, HDF5, MATLAB or torch tensors"
    if said := unreadable(data):
        raise ImageReadError(f"its content is none of {known}: {said}")
    raise ImageReadError(f"its content is none of {known}, whatever its name says")
