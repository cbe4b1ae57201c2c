"""Files as surveys and tools write them, made with the libraries that they use, and what must be read of each.

A case is one line of `CASES`: content, picture, and of the facts those that matter.
"""

import io
import pickle
import tarfile
import zipfile
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData, InverseVariance, VarianceUncertainty

from tests.unit.data.images.files_of_others import LENS, OTHERS, fits_file, hdf5, npy, npz, tiff, torch_file, unit

NOISE = np.full((24, 24), 0.2, np.float32)
# A star in the corner makes a picture whose sky is known.
COUNTS = (LENS * 1000).astype(np.float32)


@dataclass(frozen=True)
class Case:
    """A file, the picture that it shows (None: it is refused with `words`), and facts of `LensImage` by name."""

    content: bytes
    picture: np.ndarray | None
    words: str = ""
    facts: tuple[tuple[str, Any], ...] = ()


def case(content, picture, words="", **facts):
    return Case(content, picture, words, tuple(facts.items()))


def tan(scale, suffix="TAN", **more):
    """A header with a CD matrix."""
    return {
        "CTYPE1": f"RA---{suffix}", "CTYPE2": f"DEC--{suffix}", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 12.5, "CRPIX2": 12.5,
        "CD1_1": -scale / 3600, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": scale / 3600, **more,
    }  # fmt: skip


def primary(array, **cards):
    made = fits.PrimaryHDU(array)
    made.header.update(cards)
    return made


def packed(array, name, kind="RICE_1", **cards):
    made = fits.CompImageHDU(array, name=name, compression_type=kind, quantize_level=-1e-5 if array.dtype.kind == "f" else 16)
    made.header.update(cards)
    return made


def table(name="", **columns):
    """A table with images in the cells of its columns."""
    made = []
    for key, values in columns.items():
        kind = {"f": "E", "i": "J"}[values.dtype.kind]
        size = int(np.prod(values.shape[1:]))
        dim = str(values.shape[:0:-1]) if values.ndim > 2 else None
        made.append(fits.Column(key, f"{size}{kind}", dim=dim, array=values))
    return fits.BinTableHDU.from_columns(made, name=name)


def jwst():
    cards = tan(0.031, BUNIT="MJy/sr", PIXAR_A2=0.031**2)
    first = primary(None, TELESCOP="JWST", INSTRUME="NIRCAM")
    context = np.ones((1, 24, 24), np.int32)
    return fits_file(
        first, unit(LENS, "SCI", **cards), unit(NOISE, "ERR"), unit(context, "CON"), unit(np.full((24, 24), 900.0, "f4"), "WHT"),
        unit(NOISE**2, "VAR_POISSON"), unit(NOISE**2 / 2, "VAR_RNOISE"), table("HDRTAB", a=np.arange(3)),
    )  # fmt: skip


def hsc():
    planes = {f"MP_{name}": place for place, name in enumerate(("BAD", "SAT", "INTRP", "CR", "EDGE", "DETECTED"))}
    mask = np.full((24, 24), 1 << 5, np.int32)
    mask[2, 3] |= 1 << 3
    return fits_file(
        primary(None), unit(LENS, "IMAGE", **tan(0.168)), unit(mask, "MASK", **planes), unit(NOISE**2, "VARIANCE"),
        table("ARCHIVE_INDEX", id=np.arange(3)),
    )  # fmt: skip


def hst_drizzled(weight):
    return fits_file(
        primary(None, TELESCOP="HST", EXPTIME=2000.0),
        unit(LENS, "SCI", **tan(0.05, BUNIT="ELECTRONS/S")),
        unit(np.full((24, 24), weight, "f4"), "WHT"),
        unit(np.ones((1, 24, 24), np.int32), "CTX"),
    )


def des():
    return fits_file(
        primary(None), packed(LENS, "SCI", "GZIP_2", **tan(0.263, "TPV")), packed(np.zeros((24, 24), np.int32), "MSK"),
        packed(1 / NOISE**2, "WGT", "GZIP_2"),
    )  # fmt: skip


def ccd_data(uncertainty):
    data = CCDData(LENS, unit=u.electron / u.s, uncertainty=uncertainty, mask=np.zeros((24, 24), bool))
    return fits_file(*data.to_hdu())


def asinh_scaled():
    """Pan-STARRS stacks: data = 1.0857362 asinh((flux - BOFFSET) / (2 BSOFTEN))."""
    written = 1.0857362 * np.arcsinh((COUNTS - 2.0) / (2 * 30.0))
    return fits_file(primary(written.astype(np.float32), BOFFSET=2.0, BSOFTEN=30.0, **tan(0.25)))


def rubin():
    """An exposure whose planes have no names of their own (EXTTYPE alone)."""
    units = [primary(None)]
    for kind, array in (("IMAGE", LENS), ("MASK", np.zeros((24, 24), np.int32)), ("VARIANCE", NOISE**2)):
        units.append(unit(array, EXTTYPE=kind, **(tan(0.2) if kind == "IMAGE" else {})))
    return fits_file(*units)


def casa():
    """Axes as CASA orders them, the Stokes axis before the frequencies, the last axis many channels."""
    axes = tan(0.05, "SIN", CTYPE3="STOKES", CTYPE4="FREQ", CDELT4=1e6, CRVAL4=2.3e11, BUNIT="Jy/beam")
    return fits_file(primary(np.repeat(LENS[None, None], 12, axis=0), **axes))


def alma(planes=1):
    cards = {"CTYPE3": "FREQ", "CTYPE4": "STOKES", "CDELT3": 2e9, "CRVAL3": 2.3e11, "CUNIT3": "Hz", "CDELT4": 1.0, "CRVAL4": 1.0,
             "BUNIT": "Jy/beam", "BMAJ": 0.4 / 3600, "BMIN": 0.4 / 3600, "BPA": 10.0}  # fmt: skip
    axes = {
        "CTYPE1": "RA---SIN",
        "CTYPE2": "DEC--SIN",
        "CDELT1": -0.1 / 3600,
        "CDELT2": 0.1 / 3600,
        "CRVAL1": 10.0,
        "CRVAL2": 5.0,
    }
    return fits_file(primary(np.repeat(LENS[None, None], planes, axis=1), **axes, **cards))


def blanked():
    """Scaled integers with a value for what is not known."""
    values = np.round(LENS * 100).astype(np.int16)
    values[:3] = -32768
    made = fits.PrimaryHDU(values)
    made.header["BLANK"] = -32768
    made.header["BSCALE"], made.header["BZERO"] = 0.01, 0.0
    return fits_file(made)


def with_attributes(**attributes):
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store["image"] = LENS
        store["image"].attrs.update(attributes)
    return file.getvalue()


def keras():
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store.attrs["keras_version"] = "2.15.0"
        store["model_weights/dense/kernel:0"] = np.zeros((64, 64), np.float32)
    return file.getvalue()


def structured():
    rows = np.zeros(30, [("id", "i4"), ("image", "f4", (24, 24))])
    rows["image"] = OTHERS
    return npy(rows)


# A bright sky, of which four rows were never observed.
EMPTY = COUNTS + 5000
EMPTY[:4] = 0
LIKE_STATE = {"encoder.weight": np.zeros((64, 64), np.float32), "encoder.bias": np.zeros(64, np.float32)}


def filled_rows(array, rows):
    """A picture whose first rows are not known (`UNKNOWN`)."""
    array = array.astype(np.float64)
    array[:rows] = np.nan
    return array


def jwst_flags():
    """Bit 0 alone forbids a pixel; bit 2, a jump that was corrected, does not."""
    flags = np.full((24, 24), 4, np.uint32)
    flags[5, 5] |= 1
    values = LENS.copy()
    values[5, 5] = 99
    return fits_file(primary(None, TELESCOP="JWST"), unit(values, "SCI", **tan(0.031)), unit(flags, "DQ"))


ARCS = np.zeros((24, 24), np.uint8)
ARCS[-6:, :8] = 1
LENSED = LENS + np.float32(30) * ARCS


# Four bands, each brighter than the last.
BANDS = LENS[..., None] * np.arange(1, 5, dtype=np.float32)


def _tar():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("000000.npy")
        entry.size = len(npy(LENS))
        archive.addfile(entry, io.BytesIO(npy(LENS)))
    return file.getvalue()


def _zip_of_fits():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for k in range(3):
            archive.writestr(f"train/cdm/{k}.fits", fits_file(primary(LENS)))
    return file.getvalue()


def _parquet():
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(pa.table({"image": [{"bytes": b"x", "path": "a.png"}], "label": [0]}), file)
    return file.getvalue()


def _torch_weights():
    import torch

    return torch_file({key: torch.from_numpy(value) for key, value in LIKE_STATE.items()})


CASES = {
    "JWST i2d": case(jwst(), LENS, pixel_scale=0.031, noise=0.2, unit="MJy/sr", bands=1),
    "HSC cut-out": case(hsc(), LENS, pixel_scale=0.168, noise=0.2, said="1 pixels flagged"),
    "HST drizzled, weights are exposure times": case(hst_drizzled(1990.0), LENS, pixel_scale=0.05, noise=None),
    "HST drizzled, inverse variances": case(hst_drizzled(25.0), LENS, pixel_scale=0.05, noise=0.2),
    "DES coadd": case(des(), LENS, pixel_scale=0.263, noise=0.2),
    "CCDData, standard deviation": case(ccd_data(None), LENS, noise=None, unit="electron / s"),
    "CCDData, variance": case(ccd_data(VarianceUncertainty(NOISE**2)), LENS, noise=0.2),
    "CCDData, inverse variance": case(ccd_data(InverseVariance(1 / NOISE**2)), LENS, noise=0.2),
    "Pan-STARRS stack": case(asinh_scaled(), COUNTS, pixel_scale=0.25),
    "ALMA": case(alma(), LENS, pixel_scale=0.1, unit="Jy/beam", seeing=0.4),
    "ALMA cube": case(alma(5), LENS, pixel_scale=0.1, bands=5),
    "Rubin, planes by EXTTYPE": case(rubin(), LENS, pixel_scale=0.2, noise=0.2, bands=1),
    "CASA cube": case(casa(), LENS, pixel_scale=0.05, bands=12, unit="Jy/beam"),
    "JWST IFU cube": case(
        fits_file(primary(None, TELESCOP="JWST"), unit(np.stack([LENS] * 40), "SCI", CTYPE3="WAVE", CDELT3=1e-9, **tan(0.1)),
                  unit(np.stack([NOISE] * 40), "ERR"), unit(np.stack([NOISE] * 40), "WMAP")),
        LENS, pixel_scale=0.1, noise=0.2, bands=40,
    ),
    "wavelengths before the sky": case(
        fits_file(primary(np.ascontiguousarray(np.moveaxis(np.stack([LENS] * 70), 0, -1)), CTYPE1="WAVE", CTYPE2="RA---TAN",
                          CTYPE3="DEC--TAN", CDELT1=1e-9, CDELT2=-0.2 / 3600, CDELT3=0.2 / 3600)),
        LENS, pixel_scale=0.2, bands=70,
    ),
    "exposures over time": case(
        fits_file(primary(np.stack([LENS] * 30), CTYPE3="TIME", CUNIT3="s", CDELT3=60.0, **tan(0.1))), LENS, pixel_scale=0.1,
        bands=30, lenses=1, position=(150.0, 2.0),
    ),
    "frequencies in a unit that wcslib refuses": case(
        fits_file(primary(np.stack([LENS] * 24), CTYPE3="FREQ", CUNIT3="Angstrom", CDELT3=1.0, CRVAL3=5000.0, **tan(0.1))), LENS,
        pixel_scale=0.1, bands=24, lenses=1, position=(150.0, 2.0), said="along the other axes could not be used",
    ),
    "wavelengths in a table that is not there": case(
        fits_file(primary(np.stack([LENS] * 70), CTYPE3="WAVE-TAB", PS3_0="WCS-TABLE", CDELT3=1.0, **tan(0.1))), LENS,
        pixel_scale=0.1, bands=70, lenses=1,
    ),
    "wavelengths and nothing of the sky": case(
        fits_file(primary(np.stack([LENS] * 70), CTYPE3="WAVE", CDELT3=1e-9)), LENS, bands=70, lenses=1
    ),
    "a wavelength in words and nothing of the sky": case(
        fits_file(primary(np.stack([LENS] * 24), CTYPE3="Wavelength", CDELT3=1.0)), LENS, bands=24, lenses=1
    ),
    "an inverse variance that is far from the scatter": case(
        fits_file(unit(LENS, "SCI"), unit(np.full((24, 24), 1e-8, "f4"), "IVAR")), LENS, noise=1e4
    ),
    "an alternate WCS alone": case(
        fits_file(primary(LENS, **{f"{key}A": value for key, value in tan(0.1).items()})), LENS, pixel_scale=0.1,
        position=(150.0, 2.0),
    ),
    "offsets in arcsec": case(
        fits_file(primary(LENS, CTYPE1="XOFFSET", CTYPE2="YOFFSET", CUNIT1="arcsec", CUNIT2="arcsec", CDELT1=0.1, CDELT2=0.1)),
        LENS, pixel_scale=0.1,
    ),
    "angles without names of the axes": case(
        fits_file(primary(LENS, CUNIT1="mas", CUNIT2="mas", CDELT1=50.0, CDELT2=50.0)), LENS, pixel_scale=0.05
    ),
    "scale in a long keyword": case(fits_file(primary(LENS, **{"HIERARCH pixel_scale": 0.07})), LENS, pixel_scale=0.07),
    "scale of another camera": case(fits_file(primary(LENS, PIXSCL=0.07)), LENS, pixel_scale=0.07),
    "images of several bands": case(
        fits_file(*[unit(LENS, f"{band}_FLUX") for band in ("VIS", "NIR_Y", "NIR_H")], unit(NOISE, "VIS_RMS")), LENS,
        said="HDU 1 (VIS_FLUX) was taken, not HDU 2 (NIR_Y_FLUX), HDU 3 (NIR_H_FLUX); passed over: HDU 4 (VIS_RMS): noise",
    ),
    "a residual before an image without a name": case(fits_file(unit(LENS.T, "RESID"), unit(LENS)), LENS, said="RESID): other"),
    "signal-to-noise before an image without a name": case(fits_file(unit(LENS.T, "SNR"), unit(LENS)), LENS, said="SNR): other"),
    "galactic coordinates": case(
        fits_file(primary(LENS, **{**tan(0.1), "CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"})), LENS, pixel_scale=0.1
    ),
    "MER mosaic in MJy/sr": case(fits_file(primary(LENS, BUNIT="MJy/sr", **tan(0.3))), LENS, pixel_scale=0.3, unit="MJy/sr"),
    "a segmentation map first": case(
        fits_file(unit((LENS > 2).astype(np.int32) * 7, "SEGMAP"), unit(LENS, "COADD"), unit(NOISE, "COADD_ERR")), LENS, noise=0.2
    ),
    "a background first": case(fits_file(unit(np.full((24, 24), 3.0, "f4"), "BACKGROUND"), unit(LENS, "BKGSUB")), LENS),
    "GALFIT's model and residual": case(
        fits_file(unit(LENS, "INPUT"), unit(LENS * 0.9, "MODEL"), unit(LENS * 0.1, "RESIDUAL")), LENS, said="MODEL): other"
    ),
    "Legacy Survey cube": case(
        fits_file(primary(np.stack([LENS] * 3), BANDS="grz", **tan(0.262))), LENS, bands=3, band_names=("g", "r", "z")
    ),
    "SDSS frame": case(
        fits_file(primary(LENS, BUNIT="nanomaggy", **tan(0.396)), fits.ImageHDU(np.ones(2048, "f4")), table(ALLSKY=OTHERS[:1])),
        LENS, pixel_scale=0.396,
    ),
    "Euclid calibrated frame": case(
        fits_file(primary(None), unit(LENS, "3-4.F.SCI", **tan(0.1)), unit(NOISE, "3-4.F.RMS"),
                  unit(np.zeros((24, 24), np.int32), "3-4.F.FLG")),
        LENS, pixel_scale=0.1, noise=0.2,
    ),
    "PyAutoLens dataset": case(
        fits_file(unit(np.zeros((24, 24), np.uint8), "MASK"), unit(LENS, "DATA", PIXSCAY=0.08, PIXSCAX=0.08),
                  unit(NOISE, "NOISE_MAP"), unit(np.eye(5, dtype="f4"), "PSF")),
        LENS, pixel_scale=0.08, noise=0.2,
    ),
    "scale in the primary header": case(
        fits_file(primary(None, PIXSCALE=0.0099), unit(LENS, "SCI", INHERIT=True)), LENS, pixel_scale=0.0099
    ),
    "scale as text": case(fits_file(primary(LENS, PIXSCALE="0.05")), LENS, pixel_scale=0.05),
    "a table of images": case(fits_file(table("LENSES", image=OTHERS, label=np.arange(30))), LENS, lenses=30),
    "images of one series": case(fits_file(*[unit(one, f"LENS_{k}") for k, one in enumerate(OTHERS[:12])]), LENS),
    "blank scaled integers": case(blanked(), filled_rows(np.round(LENS * 100) / 100, 3), said="not finite"),
    "a border of zeros on a bright sky": case(fits_file(primary(EMPTY)), filled_rows(EMPTY, 4), said="the border"),
    "JWST flags by bit 0": case(jwst_flags(), LENS, said="1 pixels flagged"),
    "a mask of the arcs": case(fits_file(unit(LENSED, "SCI"), unit(ARCS, "MASK")), LENSED, said="was not used"),
    "flux error by its name": case(fits_file(unit(NOISE, "FLUXERR"), unit(LENS, "FLUX")), LENS, noise=0.2),
    "HDF5 scale in attributes": case(with_attributes(pixel_scale=0.11), LENS, pixel_scale=0.11),
    "npz scale": case(npz(image_data=LENS, pixel_scale=0.13, noise_map=NOISE), LENS, pixel_scale=0.13, noise=0.2),
    "HDF5 noise and PSF": case(
        hdf5(image=LENS, noise_map=NOISE, psf=np.eye(5), delta_pix=0.08), LENS, pixel_scale=0.08, noise=0.2
    ),
    "structured rows": case(structured(), LENS, lenses=30),
    "Galaxy10": case(hdf5(ans=np.arange(30), images=np.repeat(np.round(OTHERS[..., None] * 60).astype(np.uint8), 3, axis=-1)),
                     np.round(LENS * 60), lenses=30, bands=3),
    "magnitudes": case(fits_file(primary(-2.5 * np.log10(LENS + 0.1), BUNIT="mag/arcsec2")), LENS + 0.1),
    "Keras weights": case(keras(), None, "weights"),
    "a network of two tensors": case(_torch_weights(), None, "weights"),
    "a table of numbers": case(npy(np.random.default_rng(0).random((1000, 12))), None, "1000, 12"),
    "a mask alone": case(npy(LENS > 1), None, "it is a mask"),
    "a zip of a data set": case(_zip_of_fits(), None, "unpack it first"),
    "a WebDataset shard": case(_tar(), None, "tar archive of files; unpack it first"),
    "a table of pictures (Parquet)": case(_parquet(), None, "Parquet table; write its images"),
    "a pickle of the oldest protocol": case(pickle.dumps({"image": LENS}, protocol=0), None, "could run code"),
    "lenstronomy's arguments as a pickle": case(pickle.dumps({"kwargs_data": {"image_data": LENS}}), None, "could run code"),
    "complex numbers": case(npy(np.fft.fft2(LENS)), None, "real numbers"),
    "lenstronomy's arguments in HDF5": case(
        hdf5(image_data=LENS, exposure_time=np.full((24, 24), 900.0), kernel_point_source=np.eye(7),
             transform_pix2angle=np.eye(2) * 0.05),
        LENS, pixel_scale=0.05, said="PSF is that of /kernel_point_source",
    ),
    "TIFF of four measured bands": case(tiff(BANDS), LENS * 2.5, bands=4),
    "TIFF of three measured bands": case(tiff(BANDS[..., :3]), LENS * 2, bands=3),
    "TIFF of measured colours and no transparency": case(
        tiff(np.concatenate([BANDS[..., :3], np.ones((24, 24, 1), "f4")], -1), photometric="rgb", extrasamples=["unassalpha"]),
        LENS * 2, bands=3, said="transparency was left out",
    ),
    "a web page": case(b"<!DOCTYPE html><html><body>Error</body></html>", None, "web page"),
    "ASDF": case(b"#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n", None, "ASDF"),
}  # fmt: skip
