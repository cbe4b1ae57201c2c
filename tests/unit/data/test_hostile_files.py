"""Damaged, hostile and odd files: a right image or an `ImageReadError`; never another exception, code run, or much memory."""

import contextlib
import gzip
import io
import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib

import h5py
import numpy as np
import pytest
import tifffile
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from lensmae.data import read_image
from lensmae.errors import ImageReadError

PIXELS = np.random.default_rng(0).random((20, 24)).astype(np.float32)
OBJECTS = b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n"


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def header(shape, descr="<f8"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def axion(protocol=4):
    pair = np.empty(2, dtype=object)
    pair[0], pair[1] = PIXELS.astype(np.float64), 3e-23
    return OBJECTS + pickle.dumps(pair, protocol=protocol)


def npz(array=PIXELS):
    file = io.BytesIO()
    np.savez_compressed(file, lens=array)
    return file.getvalue()


def fits_file(unit):
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), unit]).writeto(file)
    return file.getvalue()


def picture(kind, array=None):
    file = io.BytesIO()
    Image.fromarray((255 * PIXELS).astype(np.uint8) if array is None else array).save(file, kind)
    return file.getvalue()


def tiff(**options):
    file = io.BytesIO()
    tifffile.imwrite(file, PIXELS, **options)
    return file.getvalue()


def hdf5(**options):
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store.create_dataset("group/image", data=PIXELS, **options)
    return file.getvalue()


GOOD = {
    "npy": npy(PIXELS),
    "axion": axion(),
    "old axion": axion(2),
    "npz": npz(),
    "fits": fits_file(fits.ImageHDU(PIXELS.astype(">f4"))),
    "rice": fits_file(fits.CompImageHDU((PIXELS * 1000).astype(np.int16), compression_type="RICE_1")),
    "gzip tiles": fits_file(fits.CompImageHDU(PIXELS, compression_type="GZIP_1")),
    "fits.gz": gzip.compress(fits_file(fits.ImageHDU(PIXELS))),
    "png": picture("PNG"),
    "jpeg": picture("JPEG"),
    "tiff": tiff(),
    "deflated tiff": tiff(compression="zlib"),
    "hdf5": hdf5(),
    "gzip hdf5": hdf5(compression="gzip", shuffle=True, fletcher32=True, chunks=(5, 24)),
    "lzf hdf5": hdf5(compression="lzf", chunks=(20, 8)),
}
LOSSY = ("rice", "gzip tiles", "png", "jpeg")


def check(data):
    """A finite image, or the one kind of error; any other exception goes on to the test."""
    with contextlib.suppress(ImageReadError):
        image = read_image(data, "x")
        assert image.pixels.ndim == 2
        assert image.pixels.dtype == np.float32
        assert np.isfinite(image.pixels).all()


@pytest.mark.parametrize("name", list(GOOD))
def test_the_files_that_are_damaged_below_are_good_before(name):
    pixels = read_image(GOOD[name], "x").pixels
    assert pixels.shape == PIXELS.shape
    if name not in LOSSY:
        np.testing.assert_array_equal(pixels, PIXELS)


@settings(max_examples=1200, deadline=None)
@given(st.sampled_from(list(GOOD)), st.data())
def test_any_damage_gives_an_image_or_a_message(name, draw):
    data = bytearray(GOOD[name])
    # Half of the damage lies in the first kilobyte, where the headers are.
    reach = len(data) if draw.draw(st.booleans()) else min(len(data), 1024)
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, reach - 1))] = draw.draw(st.integers(0, 255))
    check(bytes(data[: draw.draw(st.integers(0, len(data)))] if draw.draw(st.booleans()) else data))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_numpy_array_is_read_rightly_or_refused(draw):
    kinds = (hnp.array_dtypes(), hnp.scalar_dtypes(), hnp.complex_number_dtypes(), hnp.floating_dtypes(endianness=">"))
    dtype = draw.draw(st.one_of(*kinds).filter(lambda kind: kind.kind not in "Mm"))
    shape = draw.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))
    array = draw.draw(hnp.arrays(dtype, shape))
    if draw.draw(st.booleans()):
        array = np.asfortranarray(array)
    if array.ndim and draw.draw(st.booleans()):
        array = array[::-1]
    data = npy(array)
    check(data)
    # Of True and False it is a mask, which is refused.
    if array.ndim == 2 and min(array.shape) >= 4 and array.dtype.kind in "iuf":
        wide = array.astype(np.float64)
        good = np.abs(wide) < np.finfo(np.float32).max
        if good.any():
            np.testing.assert_array_equal(read_image(data, "x").pixels[good], wide[good].astype(np.float32))


@settings(max_examples=300, deadline=None)
@given(
    st.tuples(st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40)), st.sampled_from(["<f8", ">i2", "|b1", "<U9", "|V7"])
)
def test_headers_that_claim_any_size_take_no_memory(shape, descr):
    check(header(shape, descr) + bytes(64))


HARMFUL = [("os", "system"), ("builtins", "eval"), ("builtins", "exec"), ("subprocess", "Popen"), ("numpy", "load")]
HARMFUL += [("numpy", "fromfile"), ("numpy._core.multiarray", "frombuffer"), ("_codecs", "decode"), ("operator", "attrgetter")]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(HARMFUL), st.text(max_size=20), st.integers(0, 4), st.binary(max_size=40))
def test_pickled_calls_of_any_name_are_refused(name, argument, place, rest):
    module, function = name
    call = b"c" + f"{module}\n{function}\n".encode() + b"(X" + struct.pack("<I", len(argument.encode())) + argument.encode()
    good = axion()[len(OBJECTS) :]
    data = OBJECTS + b"\x80\x04" + call + b"tR" + (good[2:] if place % 2 else b".") + rest
    with pytest.raises(ImageReadError, match=r"(could run code|damaged|pickled|pickle|header)"):
        read_image(data, "x")


class Hostile:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (os.mkdir, (self.marker,))


@pytest.mark.parametrize("protocol", range(5))
def test_a_pickle_that_would_make_a_folder_makes_none(tmp_path, protocol):
    array = np.empty(2, dtype=object)
    array[0], array[1] = PIXELS, Hostile(str(tmp_path / "ran"))
    with pytest.raises(ImageReadError, match=r"(could run code|pickled)"):
        read_image(OBJECTS + pickle.dumps(array, protocol=protocol), "x")
    assert not (tmp_path / "ran").exists()


def build(target, state):
    """A pickle that sets the state of a global of NumPy."""
    return OBJECTS + b"\x80\x02c" + target + b"\n}" + state + b"b."


@pytest.mark.parametrize(
    "target", [b"numpy\nndarray", b"numpy\ndtype", b"numpy._core.multiarray\n_reconstruct", b"_codecs\nencode"]
)
def test_a_pickle_cannot_change_what_later_files_are_read_with(target):
    with pytest.raises(ImageReadError):
        read_image(build(target, b"X\x0c\x00\x00\x00__setstate__Ns"), "x")
    np.testing.assert_array_equal(read_image(axion(), "x").pixels, PIXELS)


def zeros(size):
    """Deflated zeros: a thousandth of what they unpack to."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 22)
    return b"".join(packer.compress(block) for _ in range(size >> 22)) + packer.flush()


def npz_bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("lens.npy", "w") as member:
        member.write(header((200, 1 << 20)))
        for _ in range(100):
            member.write(bytes(1 << 22))
    return file.getvalue()


def tiff_bomb():
    """A small page whose one deflated strip unpacks to 400 MB."""
    good, bomb = bytearray(tiff(compression="zlib")), zeros(400 << 20)
    with tifffile.TiffFile(io.BytesIO(bytes(good))) as file:
        tags = file.pages[0].tags
        offset, size = tags["StripOffsets"], tags["StripByteCounts"]
        for tag, value in ((offset, len(good)), (size, len(bomb))):
            width = {3: 2, 4: 4}[int(tag.dtype)]
            good[tag.valueoffset : tag.valueoffset + width] = value.to_bytes(width, "little")
    return bytes(good) + bomb


def hdf5_bomb():
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        image = store.create_dataset("image", (64, 64), "f4", chunks=(64, 64), compression="gzip")
        image.id.write_direct_chunk((0, 0), zeros(400 << 20))
    return file.getvalue()


def hdf5_claim():
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store.create_dataset("image", (1 << 20, 1 << 20), "f8", chunks=(1 << 10, 1 << 10))
    return file.getvalue()


def fits_claim():
    cards = ["SIMPLE  =                    T", "BITPIX  =                  -64", "NAXIS   =                    2"]
    cards += ["NAXIS1  =              1000000", "NAXIS2  =              1000000", "END"]
    return b"".join(card.ljust(80).encode() for card in cards).ljust(2880) + bytes(2880)


def png_claim():
    size = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


BOMBS = {
    "npy terabytes": lambda: header((1 << 20, 1 << 20)) + bytes(64),
    "npz": npz_bomb,
    "gzip": lambda: gzip.compress(bytes(400 << 20), 1),
    "tiff": tiff_bomb,
    "hdf5": hdf5_bomb,
    "hdf5 terabytes": hdf5_claim,
    "fits terabytes": fits_claim,
    "png gigapixels": png_claim,
    "pickle of many lists": lambda: OBJECTS + b"\x80\x04" + b"]" * (1 << 25) + b".",
    "pickle of a far memory place": lambda: OBJECTS + b"\x80\x04]r" + struct.pack("<I", 1 << 30) + b".",
    "pickle of a long object array": lambda: OBJECTS + pickle.dumps(np.empty(1 << 20, dtype=object)),
    "pickle that claims a shape": lambda: axion().replace(b"K\x14K\x18\x86", b"J\xff\xff\xff\x7fK\x18\x86"),
    "a file too large": lambda: b"\x93NUMPY" + bytes(200 << 20),
}
READ = """
import re, sys
from pathlib import Path
from lensmae.data.images.reader import read_image
from lensmae.errors import ImageReadError

def peak():
    # Not ru_maxrss: it begins with the largest memory of the process that started this one.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        read_image(path)
    except ImageReadError as problem:
        print(path.name, peak(), problem, sep="|")
"""


def test_bombs_of_every_format_are_refused_within_a_gigabyte(tmp_path):
    for name, make in BOMBS.items():
        (tmp_path / name).write_bytes(make())
    done = subprocess.run([sys.executable, "-c", READ, str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    refused = {line.split("|")[0]: int(line.split("|")[1]) for line in done.stdout.splitlines()}
    assert set(refused) == set(BOMBS)
    assert max(refused.values()) < 1000, refused


def test_the_largest_images_that_are_read_fit_a_gigabyte(tmp_path):
    np.save(tmp_path / "large.npy", np.ones((4096, 4095)))
    fits.PrimaryHDU(np.ones((4096, 4095), ">f8")).writeto(tmp_path / "large.fits")
    code = READ.replace(
        "    try:\n        read_image(path)", "    try:\n        read_image(path)\n        raise ImageReadError('good')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=300)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert [(name, problem) for name, _, problem in rows] == [("large.fits", "good"), ("large.npy", "good")], done.stderr
    assert max(int(memory) for _, memory, _ in rows) < 1000
