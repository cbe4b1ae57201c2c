"""What image files hold, format by format: an array as it was saved and the facts beside it. Sizes are read from the headers
before memory is taken, and compressed data are unpacked no further than the size they claim."""

from collections.abc import Callable, Iterator, Sequence

from lensmae.data.images.formats.archives import unpacked
from lensmae.data.images.formats.fits_file import each_fits, from_fits
from lensmae.data.images.formats.hdf5 import check_chunks, each_hdf5, from_hdf5, is_hdf5, visit_objects
from lensmae.data.images.formats.matlab import SIGNATURE as MATLAB
from lensmae.data.images.formats.matlab import from_matlab
from lensmae.data.images.formats.numpy_file import from_npy, from_npz
from lensmae.data.images.formats.pictures import from_picture
from lensmae.data.images.formats.stored import MAX_FILE, Stored, check_bytes, choose_item, inflated
from lensmae.data.images.formats.tiff import each_tiff, from_tiff
from lensmae.data.images.formats.torch_file import from_torch, is_torch
from lensmae.data.images.formats.unreadable import unreadable
from lensmae.errors import ImageReadError

__all__ = [
    "MAX_FILE",
    "Stored",
    "check_bytes",
    "check_chunks",
    "choose_item",
    "decode",
    "decode_each",
    "inflated",
    "is_hdf5",
    "unpacked",
    "visit_objects",
]

_FORMATS: tuple[tuple[bytes, str, Callable[[bytes, str | None], Stored]], ...] = (
    (b"\x93NUMPY", "npy", from_npy),
    (b"SIMPLE  =", "fits", from_fits),
    (b"\x89PNG", "image", from_picture),
    (b"\xff\xd8\xff", "image", from_picture),
    (b"II*\x00", "tiff", from_tiff),
    (b"MM\x00*", "tiff", from_tiff),
    (b"II+\x00", "tiff", from_tiff),
    (b"MM\x00+", "tiff", from_tiff),
    (MATLAB, "matlab", from_matlab),
)
# Formats whose lenses may be arrays of their own (`Stored.alike`).
_EACH: dict[str, Callable[[bytes, Sequence[str]], Iterator[Stored]]] = {
    "fits": each_fits, "hdf5": each_hdf5, "tiff": each_tiff
}  # fmt: skip
# A pickle of protocol 2 or later.
_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def decode(data: bytes, item: str | None = None) -> tuple[str, Stored]:
    """The format of a file, told from its content, and the image `item` in it; where None the best by name and shape."""
    data = unpacked(data)
    for signature, kind, function in _FORMATS:
        if data.startswith(signature):
            return kind, function(data, item)
    if is_hdf5(data):
        return "hdf5", from_hdf5(data, item)
    if data.startswith(b"PK\x03\x04"):
        return ("torch", from_torch(data, item)) if is_torch(data) else ("npz", from_npz(data, item))
    if data.startswith(_PICKLE):
        raise ImageReadError(
            "it is a Python pickle, or a torch file of before 2020, which could run code and is not read; save the array from "
            "Python: numpy.save('lens.npy', array)"
        )
    known = "npy, npz, FITS, PNG, JPEG, TIFF, HDF5, MATLAB or torch tensors"
    if said := unreadable(data):
        raise ImageReadError(f"its content is none of {known}: {said}")
    raise ImageReadError(f"its content is none of {known}, whatever its name says")


def decode_each(data: bytes, kind: str, names: Sequence[str]) -> Iterator[Stored]:
    """The images `names` of a file, one after the other, each with itself as its only item.

    The file is opened and its objects are listed once, so that the cost grows with the number of images, not with its square.

    Args:
        data: the content.
        kind: its format, as `decode` tells it: "fits", "hdf5" or "tiff".
        names: as in `Stored.alike`.
    """
    yield from _EACH[kind](unpacked(data), names)
