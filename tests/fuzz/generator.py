"""Seeded hostile files: good ones damaged in many ways, and small ones whose headers claim the absurd. Same seed, same bytes."""

import gzip
import io
from collections.abc import Callable, Iterator

import h5py
import numpy as np
import tifffile
from astropy.io import fits

from tests.fuzz.structures import CLAIMS
from tests.unit.data.test_hostile_files import BOMBS, GOOD, OBJECTS, PIXELS, fits_file, header

# Values that counts and sizes are replaced with.
_ABSURD = (0, 1, 127, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1)
# Of so many inputs, one is a structure rather than damage.
_STRUCTURES_EVERY = 12


def hcompressed() -> bytes:
    """A tile-compressed FITS image of the kind whose decoder is easily led out of its memory."""
    image = (PIXELS * 1000).astype(np.int16)
    return fits_file(fits.CompImageHDU(image, compression_type="HCOMPRESS_1", tile_shape=PIXELS.shape))


def seeds() -> dict[str, bytes]:
    """Good files of every format."""
    return GOOD | {"hcompress": hcompressed(), "gzipped npy": gzip.compress(GOOD["npy"], mtime=0)}


def _cards(*cards: str) -> bytes:
    return b"".join(card.ljust(80).encode() for card in (*cards, "END")).ljust(2880)


def _fits_axes(draw: np.random.Generator) -> bytes:
    axes = int(draw.choice([999, 10**5, 10**7, 2**32 - 1, 10**30]))
    return _cards("SIMPLE  =                    T", "BITPIX  =                    8", f"NAXIS   = {axes:>20}") + bytes(2880)


def _fits_fields(draw: np.random.Generator) -> bytes:
    first = _cards("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0")
    table = ["XTENSION= 'BINTABLE'", "BITPIX  =                    8", "NAXIS   =                    2"]
    table += ["NAXIS1  =                    8", "NAXIS2  =                    1", "PCOUNT  =                    0"]
    return first + _cards(*table, "GCOUNT  =                    1", f"TFIELDS = {int(draw.choice([10**4, 2**31, 10**18])):>20}")


def _fits_units(draw: np.random.Generator) -> bytes:
    unit = _cards("XTENSION= 'IMAGE   '", "BITPIX  =                    8", "NAXIS   =                    0")
    first = _cards("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0")
    return first + unit * int(draw.integers(1000, 6000))


def _hdf5(fill: Callable[[h5py.File], None]) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        fill(store)
    return file.getvalue()


def _hdf5_chunks(draw: np.random.Generator) -> bytes:
    side = int(draw.integers(600, 4000))
    return _hdf5(lambda store: store.create_dataset("i", (side, side), "f4", chunks=(1, 1)))


def _hdf5_nested(draw: np.random.Generator) -> bytes:
    return _hdf5(lambda store: store.create_group("/".join("g" * int(draw.integers(40, 1500)))))


def _hdf5_objects(draw: np.random.Generator) -> bytes:
    def fill(store: h5py.File) -> None:
        for place in range(int(draw.integers(500, 2500))):
            store.create_dataset(f"a{place}", data=np.zeros((4, 4), np.float32))

    return _hdf5(fill)


def _tiff_strips(draw: np.random.Generator) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((int(draw.integers(5_000, 120_000)), 1), np.uint8), rowsperstrip=1)
    return file.getvalue()


def _tiff_pages(draw: np.random.Generator) -> bytes:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for _ in range(int(draw.integers(50, 300))):
            writer.write(np.zeros((4, 4), np.uint8), contiguous=False)
    return file.getvalue()


def _npy_axes(draw: np.random.Generator) -> bytes:
    return header((1,) * int(draw.integers(17, 2000))) + bytes(8)


def _npy_descriptor(draw: np.random.Generator) -> bytes:
    descr = str(draw.choice(["|O", "<f8", "|V9", "<U99999999", "f4,f4", "<M8[s]", "(((((", "<f99"]))
    return header((2, int(draw.choice(_ABSURD))), descr) + draw.bytes(200)


def _pickle_steps(draw: np.random.Generator) -> bytes:
    step = [b"]", b"(", b"}", b"K\x01", b"\x94", b"N\x85", b"2"][int(draw.integers(7))]
    return OBJECTS + b"\x80\x04" + step * int(draw.integers(1000, 200_000)) + b"."


def _axion_mass(draw: np.random.Generator) -> bytes:
    size = int(draw.integers(100, 250))
    integer = b"\x8a" + bytes([size]) + draw.bytes(size - 1) + b"\x7f"
    number = GOOD["axion"].rfind(b"G")
    return GOOD["axion"][:number] + integer + GOOD["axion"][number + 9 :]


def _random(draw: np.random.Generator) -> bytes:
    starts = [b"", b"SIMPLE  =", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a"]
    starts += [b"II*\x00", b"MM\x00*", b"\x89HDF\r\n\x1a\n", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b"MATLAB 5.0", b"RIFF"]
    return starts[int(draw.integers(len(starts)))] + draw.bytes(int(draw.integers(0, 4000)))


def _bomb(draw: np.random.Generator) -> bytes:
    # The large ones are for the unit tests; here thousands are to be read.
    small = ("npy terabytes", "hdf5 terabytes", "fits terabytes", "png gigapixels", "pickle of a far memory place")
    return BOMBS[str(draw.choice(small))]()


STRUCTURES: tuple[Callable[[np.random.Generator], bytes], ...] = (
    _fits_axes,
    _fits_fields,
    _fits_units,
    _hdf5_chunks,
    _hdf5_nested,
    _hdf5_objects,
    _tiff_strips,
    _tiff_pages,
    _npy_axes,
    _npy_descriptor,
    _pickle_steps,
    _axion_mass,
    _random,
    _bomb,
    *CLAIMS,
)


def _damage(data: bytearray, draw: np.random.Generator, others: list[bytes]) -> bytearray:
    """One change of one kind; the first kilobyte, where headers are, as often as all the rest."""
    if not data:
        return data
    reach = len(data) if draw.random() < 0.5 else min(len(data), 1024)
    place = int(draw.integers(reach))
    match int(draw.integers(7)):
        case 0:
            data[place] = int(draw.integers(256))
        case 1:
            data[place] ^= 1 << int(draw.integers(8))
        case 2:
            del data[place:]
        case 3:
            width = int(draw.choice([2, 4, 8]))
            value = int(draw.choice(_ABSURD)) % 2 ** (8 * width)
            data[place : place + width] = value.to_bytes(width, "little" if draw.random() < 0.5 else "big")
        case 4:
            # A number written in letters, as in FITS cards and npy headers.
            digits = [at for at in range(min(len(data), 4096)) if 48 <= data[at] <= 57]
            if digits:
                data[digits[int(draw.integers(len(digits)))]] = int(draw.integers(48, 58))
        case 5:
            size = int(draw.integers(1, 200))
            data[place:place] = data[place : place + size]
        case 6:
            other = others[int(draw.integers(len(others)))]
            start = int(draw.integers(len(other)))
            data[place : place + 64] = other[start : start + 64]
    return data


def damaged(data: bytes, draw: np.random.Generator, others: list[bytes], at_end: bool = False) -> bytes:
    """A file with one to six changes; `at_end` where its header is at its end, as Parquet's is."""
    changed = bytearray(data[::-1] if at_end and draw.random() < 0.5 else data)
    turned = bytes(changed) != data
    for _ in range(int(draw.integers(1, 7))):
        changed = _damage(changed, draw, others)
    return bytes(changed[::-1] if turned else changed)


def hostile_files(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Names that say what each is, and contents. File `i` is the same whatever `count` is."""
    good = seeds()
    names, others = list(good), list(good.values())
    for place in range(count):
        draw = np.random.default_rng([seed, place])
        if place % _STRUCTURES_EVERY == 0:
            make = STRUCTURES[place // _STRUCTURES_EVERY % len(STRUCTURES)]
            yield f"{place}-{make.__name__.strip('_')}", make(draw)
            continue
        name = names[int(draw.integers(len(names)))]
        yield f"{place}-{name.replace(' ', '-')}", damaged(good[name], draw, others)
