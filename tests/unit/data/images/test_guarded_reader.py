"""Files that crash a decoder, or claim the absurd, are refused by name; good files beside them are read."""

import io

import h5py
import numpy as np
import pytest
from astropy.io import fits

from lensmae.data import read_image
from lensmae.data.images import reader
from lensmae.errors import ImageReadError
from tests.crashing_files import CRASHING_FITS, CRASHING_HDF5

PIXELS = np.random.default_rng(0).random((20, 24)).astype(np.float32)


def fits_file():
    file = io.BytesIO()
    fits.PrimaryHDU(PIXELS).writeto(file)
    return file.getvalue()


def cards(*lines):
    return b"".join(line.ljust(80).encode() for line in (*lines, "END")).ljust(2880)


def hdf5(fill):
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        fill(store)
    return file.getvalue()


FIRST = cards("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0")
TABLE = (
    "XTENSION= 'BINTABLE'",
    "BITPIX  =                    8",
    "NAXIS   =                    2",
    "NAXIS1  =                    8",
)
TABLE += ("NAXIS2  =                    1", "PCOUNT  =                    0", "GCOUNT  =                    1")
TILES = ("ZIMAGE  =                    T", "ZBITPIX =                  -32", "ZNAXIS  =                    2")
ABSURD = {
    "axes": (cards("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =             10000000"), "axes"),
    "digits": (cards("SIMPLE  =                    T", f"NAXIS   = {'9' * 40}"), "40 digits"),
    "fields": (FIRST + cards(*TABLE, "TFIELDS =           2147483648"), "fields"),
    "tiles": (
        FIRST + cards(*TABLE, *TILES, "ZTILE1  =            100000000", "ZTILE2  =            100000000"),
        "tiles of shape",
    ),
    "HDUs": (
        FIRST + cards("XTENSION= 'IMAGE   '", "BITPIX  =                    8", "NAXIS   =                    0") * 1200,
        "HDUs",
    ),
    "chunks": (hdf5(lambda store: store.create_dataset("i", (1000, 1000), "f4", chunks=(1, 1))), "chunks"),
    "nested": (hdf5(lambda store: store.create_group("/".join("g" * 500))), "nested"),
}


@pytest.mark.parametrize("data", [CRASHING_FITS, CRASHING_HDF5], ids=["fits", "hdf5"])
def test_a_file_that_crashes_its_decoder_is_refused_and_the_next_is_read(data):
    with pytest.raises(ImageReadError, match=r"^bad\.bin was not read: its decoder crashed on it \(SIG"):
        read_image(data, "bad.bin")
    np.testing.assert_array_equal(read_image(fits_file(), "good.fits").pixels, PIXELS)


@pytest.mark.parametrize("name", ABSURD)
def test_absurd_counts_are_refused_from_the_header(name):
    data, said = ABSURD[name]
    with pytest.raises(ImageReadError, match=said):
        reader.read_image(data, "x")


def test_the_guarded_reader_reads_what_the_reader_reads(tmp_path, monkeypatch):
    (tmp_path / "lens.fits").write_bytes(fits_file())
    expected = reader.read_image(tmp_path / "lens.fits")
    found = read_image(tmp_path / "lens.fits")
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    assert (found.name, found.format, found.items, found.notes) == (
        expected.name,
        expected.format,
        expected.items,
        expected.notes,
    )
    # The process that decodes may have begun in another folder.
    monkeypatch.chdir(tmp_path)
    assert read_image(type(tmp_path)("lens.fits")).name == "lens.fits"
