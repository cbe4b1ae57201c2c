"""Files that crash a decoder, or claim the absurd, are refused by name; good files beside them are read."""

import io
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from astropy.io import fits

from lensmae.data import read_image
from lensmae.data.images import guarded_reader, reader
from lensmae.data.images.formats.npy import plain_content
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


def test_plain_npy_files_need_no_decoder_and_come_in_their_order_among_others(tmp_path, monkeypatch):
    for place in range(12):
        np.save(tmp_path / f"{place}.npy", np.full((16, 16), place, np.float32))
    (tmp_path / "3.npy").write_bytes(b"\x93NUMPY\x01\x00junk")
    np.save(tmp_path / "5.npy", np.array([{"no": "numbers"}], dtype=object))
    (tmp_path / "7.npy").write_bytes(fits_file())
    os.mkfifo(tmp_path / "pipe.npy")
    plain = [place for place in range(12) if plain_content(tmp_path / f"{place}.npy") is not None]
    assert plain == [0, 1, 2, 4, 6, 8, 9, 10, 11]
    assert plain_content(tmp_path / "pipe.npy") is None
    # So little room that it is filled again and again.
    monkeypatch.setattr(guarded_reader, "_HELD", 3000)
    found = list(guarded_reader.read_all_lenses([(tmp_path / f"{place}.npy", f"{place}.npy") for place in range(12)]))
    assert [place for place, _ in found] == list(range(12))
    assert [place for place, one in found if isinstance(one, ImageReadError)] == [3, 5]
    assert all(str(found[place][1]).startswith(f"{place}.npy was not read") for place in (3, 5))
    assert [found[place][1].pixels[0, 0] for place in plain] == plain


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes in folders")
def test_pipes_and_devices_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.fits")
    for path in (tmp_path / "pipe.fits", Path("/dev/zero")):
        with pytest.raises(ImageReadError, match="no regular file"):
            read_image(path)
    with pytest.raises(ImageReadError, match="it is a folder; name the files in it"):
        read_image(tmp_path)


def test_plain_npy_files_are_never_given_to_a_decoding_process(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise AssertionError("a decoding process was asked")

    np.save(tmp_path / "a.npy", PIXELS)
    monkeypatch.setattr(guarded_reader, "read_file", refused)
    np.testing.assert_array_equal(read_image(tmp_path / "a.npy").pixels, PIXELS)
    with pytest.raises(AssertionError):
        read_image(npy_of_objects(tmp_path / "b.npy"))


def npy_of_objects(path):
    np.save(path, np.array([1, "two"], dtype=object))
    return path


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
