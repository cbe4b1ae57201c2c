"""Small files whose structure is the attack: claims of every count, loops, links that lead out, bombs of every container."""

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache

import h5py
import numpy as np
import tifffile
from PIL import Image

from tests.unit.data.test_hostile_files import GOOD, PIXELS, header

Make = Callable[[np.random.Generator], bytes]
_FIRST = ("SIMPLE  =                    T", "BITPIX  =                    8")
_TABLE = ("XTENSION= 'BINTABLE'", "BITPIX  =                    8", "NAXIS   =                    2")
_HUGE = (2**31 - 1, 2**31, 10**12, 10**30, -1, -(2**31), -(10**12))


def cards(*lines: str) -> bytes:
    """A FITS header."""
    text = b"".join(line.ljust(80).encode() for line in (*lines, "END"))
    return text.ljust(-(-len(text) // 2880) * 2880)


def _number(draw: np.random.Generator) -> int:
    return _HUGE[int(draw.integers(len(_HUGE)))]


def fits_sides(draw: np.random.Generator) -> bytes:
    """Sides that are negative, or more than any disk holds."""
    sides = [f"NAXIS{place}  = {_number(draw) if draw.random() < 0.7 else 20:>20}" for place in (1, 2)]
    return cards(*_FIRST, "NAXIS   =                    2", *sides) + bytes(2880)


def fits_groups(draw: np.random.Generator) -> bytes:
    """Random groups, and extensions with absurd counts of parameters and groups."""
    counts = (f"PCOUNT  = {_number(draw):>20}", f"GCOUNT  = {_number(draw):>20}")
    if draw.random() < 0.5:
        sides = ("NAXIS   =                    3", "NAXIS1  =                    0", *(f"NAXIS{n}  = {20:>20}" for n in (2, 3)))
        return cards(*_FIRST, *sides, "GROUPS  =                    T", *counts) + bytes(2880)
    image = ("XTENSION= 'IMAGE   '", "BITPIX  =                    8", "NAXIS   =                    2")
    sides = tuple(f"NAXIS{n}  = {20:>20}" for n in (1, 2))
    return cards(*_FIRST, "NAXIS   =                    0") + cards(*image, *sides, *counts) + bytes(2880)


def fits_heap(draw: np.random.Generator) -> bytes:
    """A table whose descriptors point far out of its heap."""
    table = (*_TABLE, "NAXIS1  =                    8", "NAXIS2  =                    1", f"PCOUNT  = {abs(_number(draw)):>20}")
    table += ("GCOUNT  =                    1", "TFIELDS =                    1", "TFORM1  = '1PE(999999999)'")
    where = struct.pack(">ii", 2**31 - 1, int(draw.integers(-(2**31), 2**31)))
    return (
        cards(*_FIRST, "NAXIS   =                    0")
        + cards(*table, f"THEAP   = {_number(draw):>20}")
        + where.ljust(2880, b"\0")
    )


def fits_tiles(draw: np.random.Generator) -> bytes:
    """Tile-compressed with tiles of no size, of negative size, or larger than the image; blocks too."""
    table = (*_TABLE, "NAXIS1  =                    8", "NAXIS2  =                    1", "PCOUNT  =                  100")
    table += ("GCOUNT  =                    1", "TFIELDS =                    1", "TTYPE1  = 'COMPRESSED_DATA'")
    kind = ("RICE_1", "GZIP_1", "GZIP_2", "PLIO_1", "HCOMPRESS_1")[int(draw.integers(5))]
    table += (
        "TFORM1  = '1PB(100)'",
        "ZIMAGE  =                    T",
        f"ZCMPTYPE= '{kind:8s}'",
        "ZBITPIX =                  -32",
    )
    sides = [20, 24] if draw.random() < 0.6 else [10**6, 10**6]
    tiles = [(0, -5, 1, 2**31 - 1)[int(draw.integers(4))] for _ in range(2)]
    table += ("ZNAXIS  =                    2", *(f"ZNAXIS{n} = {side:>20}" for n, side in enumerate(sides, 1)))
    table += tuple(f"ZTILE{n}  = {tile:>20}" for n, tile in enumerate(tiles, 1))
    table += ("ZNAME1  = 'BLOCKSIZE'", f"ZVAL1   = {_number(draw):>20}")
    return cards(*_FIRST, "NAXIS   =                    0") + cards(*table) + struct.pack(">ii", 100, 0) + draw.bytes(2872)


def fits_cards(draw: np.random.Generator) -> bytes:
    """Thousands of cards, long strings continued without end, scales and coordinates of no sense."""
    count, sides = int(draw.integers(2000, 20_000)), tuple(f"NAXIS{n}  = {20:>20}" for n in (1, 2))
    odd = [
        ("HISTORY " + "x" * 60,) * count,
        ("OBJECT  = 'a&'", *("CONTINUE  'b&'",) * count),
        ("BSCALE  =                1E308", "BZERO   =                  NAN"),
        (
            "WCSAXES =           2000000000",
            "CTYPE1  = 'RA---TAN-SIP'",
            "CTYPE2  = 'DEC--TAN-SIP'",
            "A_ORDER =            999999999",
        ),
    ][int(draw.integers(4))]
    data = np.arange(400, dtype=">i2").tobytes().ljust(2880, b"\0")
    return (
        cards("SIMPLE  =                    T", "BITPIX  =                   16", "NAXIS   =                    2", *sides, *odd)
        + data
    )


def hdf5_links(draw: np.random.Generator) -> bytes:
    """Links that lead out of the file, in circles, to nothing; data that lie in other files."""
    file, elsewhere = io.BytesIO(), ("/etc/passwd", "/dev/zero", "../good.h5")[int(draw.integers(3))]
    with h5py.File(file, "w") as store:
        match int(draw.integers(5)):
            case 0:
                store["image"] = h5py.ExternalLink(elsewhere, "/x")
            case 1:
                store["image"], store["b"], store["g"] = h5py.SoftLink("/b"), h5py.SoftLink("/image"), h5py.SoftLink("/")
            case 2:
                group = store.create_group("g")
                group["self"], group["up"] = group, store["/"]
            case 3:
                layout = h5py.VirtualLayout(PIXELS.shape, "f4")
                layout[:] = h5py.VirtualSource(elsewhere, "x", PIXELS.shape)
                store.create_virtual_dataset("image", layout)
            case 4:
                store.create_dataset("image", PIXELS.shape, "f4", external=[(elsewhere, 0, PIXELS.nbytes)])
    return file.getvalue()


def tiff_directory(draw: np.random.Generator) -> bytes:
    """Directories that follow themselves, and sides of billions."""
    file = io.BytesIO()
    tifffile.imwrite(file, PIXELS, compression="zlib" if draw.random() < 0.5 else None)
    data = bytearray(file.getvalue())
    (start,) = struct.unpack("<I", data[4:8])
    (count,) = struct.unpack("<H", data[start : start + 2])
    if draw.random() < 0.5:
        data[start + 2 + 12 * count : start + 6 + 12 * count] = struct.pack("<I", start)
        return bytes(data)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack("<H", data[entry : entry + 2])[0] in (256, 257):
            data[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, 2 ** int(draw.integers(16, 32)) - 1)
    return bytes(data)


def picture_claims(draw: np.random.Generator) -> bytes:
    """JPEG and PNG of 65,535 squared, and PNG with compressed texts of megabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    if draw.random() < 0.4:
        file = io.BytesIO()
        Image.fromarray((PIXELS * 255).astype(np.uint8)).save(file, "jpeg")
        data = bytearray(file.getvalue())
        frame = data.index(b"\xff\xc0")
        data[frame + 5 : frame + 9] = struct.pack(">HH", 65535, 65535)
        return bytes(data)
    side, texts = (65535, 0) if draw.random() < 0.5 else (20, 20)
    text = chunk(b"zTXt", b"a\0\0" + _zeros()) * texts
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return start + text + chunk(b"IDAT", zlib.compress(bytes(420))) + chunk(b"IEND", b"")


@lru_cache(maxsize=1)
def _zeros() -> bytes:
    return zlib.compress(bytes(8 << 20), 9)


def archive_bombs(draw: np.random.Generator) -> bytes:
    """npz, zip and xz of zeros; archives whose thousands of members are one and the same."""
    kind = int(draw.integers(3))
    if kind == 0:
        return _xz()
    file = io.BytesIO()
    name = "a.npy" if kind == 1 else "00000.npy"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, header((30_000, 30_000)) + bytes(4 << 20))
    if kind == 1:
        return file.getvalue()
    data, count = file.getvalue(), int(draw.integers(2000, 20_000))
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entries = b"".join(data[start:end].replace(b"00000", b"%05x" % place, 1) for place in range(count))
    return data[:start] + entries + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(entries), start, 0)


@lru_cache(maxsize=1)
def _xz() -> bytes:
    return lzma.compress(bytes(250 << 20), preset=0)


def npy_literal(draw: np.random.Generator) -> bytes:
    """npy headers that are hard on a parser of Python."""
    text = (b"(" * 9000, b"{'descr': " + b"-" * 8000 + b"1}", b"[" * 9000 + b"]" * 900, b"9" * 9000)[int(draw.integers(4))]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", 9990) + text.ljust(9989) + b"\n"


def matlab_nested(draw: np.random.Generator) -> bytes:
    """Matrices in matrices, and elements of gigabytes."""
    start = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    if draw.random() < 0.5:
        return start + struct.pack("<II", int(draw.integers(1, 20)), 2 ** int(draw.integers(20, 32)) - 1) + draw.bytes(200)
    inner = b""
    for _ in range(int(draw.integers(100, 3000))):
        inner = struct.pack("<II", 14, len(inner)) + inner
    return start + inner


def torch_code(draw: np.random.Generator) -> bytes:
    """A torch file that asks for code to be run."""
    call = (b"cos\nsystem", b"cbuiltins\neval", b"ctorch\nload")[int(draw.integers(3))]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02" + call + b"\nX\x04\x00\x00\x00true\x85R.")
        archive.writestr("a/version", "3")
    return file.getvalue()


def axion_deep(draw: np.random.Generator) -> bytes:
    """A DeepLense file whose pickle nests."""
    return GOOD["axion"][:-1] + b"]" * int(draw.integers(1000, 50_000)) + b"."


CLAIMS: tuple[Make, ...] = (
    fits_sides,
    fits_groups,
    fits_heap,
    fits_tiles,
    fits_cards,
    hdf5_links,
    tiff_directory,
    picture_claims,
    archive_bombs,
    npy_literal,
    matlab_nested,
    torch_code,
    axion_deep,
)
