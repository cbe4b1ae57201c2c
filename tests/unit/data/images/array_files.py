"""Files of arrays as libraries write them: netCDF, packed numbers, records, cubes; a case is one line of `CASES`."""

import io

import h5py
import numpy as np

from tests.unit.data.images.files_of_others import LENS, OTHERS, fits_file, hdf5, mat, npz, tiff
from tests.unit.data.images.survey_files import case, filled_rows, primary, tan


def scaled_dimensions(*names):
    """As netCDF keeps an array: each axis has a scale, whose name is that of the axis."""
    file = io.BytesIO()
    cube = OTHERS if names[0] == "lens" else np.repeat(LENS[None], 5, axis=0)
    with h5py.File(file, "w") as store:
        store["flux"] = cube
        for axis, (name, side) in enumerate(zip(names, cube.shape, strict=True)):
            store[name] = np.arange(side, dtype=np.float32)
            store[name].make_scale(name)
            store["flux"].dims[axis].attach_scale(store[name])
    return file.getvalue()


def packed_numbers(dtype, scale, offset, missing, **more):
    """Numbers as netCDF packs them, of which the first three rows are missing."""
    stored = np.round((LENS - offset) / scale).astype(dtype)
    stored[:3] = missing
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store["image"] = stored
        store["image"].attrs.update({"scale_factor": scale, "add_offset": offset, **more})
    return file.getvalue()


def stokes():
    """I, Q, U and V: only the first is light."""
    cards = {"CTYPE3": "STOKES", "CRVAL3": 1.0, "CRPIX3": 1.0, "CDELT3": 1.0, "CTYPE4": "FREQ", "CRVAL4": 1e9, **tan(0.1)}
    return fits_file(primary(np.stack([LENS, -LENS, LENS.T, 0 * LENS])[None], **cards))


def of_pandas():
    """A table of numbers as `DataFrame.to_hdf` writes it."""
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store["df/block0_values"] = np.random.default_rng(0).random((60, 24))
        store["df"].attrs["pandas_type"] = "frame"
    return file.getvalue()


def records(axes=()):
    rows = np.zeros((30, *axes), [("id", "i4"), ("stamp", "f4", (24, 24)), ("label", "i8")])
    rows["stamp"] = OTHERS
    return rows


CASES = {
    "packed by CF": case(
        packed_numbers("i2", 0.001, 2.0, -32768, _FillValue=np.int16(-32768)), filled_rows(np.round(LENS, 3), 3),
        said="unpacked as its attributes say: 0.001 times the number, plus 2",
    ),
    "packed by CF, a valid range": case(
        packed_numbers("u2", 0.001, 0.0, 65535, valid_range=np.array([0, 9000], "u2")), filled_rows(np.round(LENS, 3), 3),
        said="72 pixels that were not finite",
    ),
    "bytes that have no sign, as netCDF 3 has none": case(
        packed_numbers("i1", 0.1, 0.0, -1, _Unsigned="true", missing_value=np.array([255], "u1")),
        filled_rows(np.round(LENS, 1), 3), eight_bit=True,
    ),
    "netCDF, wavelengths first": case(scaled_dimensions("wavelength", "y", "x"), LENS, bands=5, lenses=1),
    "netCDF, lenses first": case(scaled_dimensions("lens", "y", "x"), LENS, lenses=30),
    "a stack beside coordinates": case(npz(images=OTHERS, x=np.arange(24.0), y=np.arange(24.0)), LENS, lenses=30),
    "colours beside coordinates": case(npz(image=np.stack([LENS] * 3), xgrid=np.arange(24.0)), LENS, bands=3),
    "a cube beside its wavelengths": case(npz(cube=np.stack([LENS] * 30), wave=np.arange(30.0)), LENS, bands=30, lenses=1),
    "a cube of equal sides and its labels": case(npz(X=OTHERS[:24], y=np.arange(24) % 3), LENS, lenses=24),
    "a cube of equal sides and labels, MATLAB": case(mat(X=OTHERS[:24], y=np.arange(24) % 3), None, "--axes NHW or HWN"),
    "a square that labels speak against": case(npz(images=OTHERS[:, :, :], labels=np.arange(24)), None, "--axes"),
    "a spectrum called flux": case(npz(flux=np.arange(4096.0), wave=np.arange(4096.0)), None, "no image array"),
    "records in an npz": case(npz(table=records()), LENS, lenses=30),
    "records in HDF5": case(hdf5(catalogue=records()), LENS, lenses=30),
    "a table of pandas": case(of_pandas(), None, "no numeric array"),
    "Stokes parameters": case(stokes(), LENS, bands=1, pixel_scale=0.1, said="Of its 4 Stokes parameters I was taken"),
    "channels of ImageJ": case(
        tiff(np.stack([LENS] * 3)[None, None], imagej=True, metadata={"axes": "TZCYX"}), LENS, bands=3, lenses=1
    ),
    "channels of OME": case(tiff(np.stack([LENS] * 3), ome=True, metadata={"axes": "CYX"}), LENS, bands=3),
}  # fmt: skip
