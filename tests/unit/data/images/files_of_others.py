"""Files as others write them, made with the libraries that they use: each a maker of bytes and the picture that it shows."""

import bz2
import gzip
import io
import lzma
import zipfile

import h5py
import numpy as np
import scipy.io
import tifffile
import torch
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

RNG = np.random.default_rng(7)
# Neither symmetric nor of few values, so that any turn, slice or rounding of it is another picture.
LENS = RNG.random((24, 24)).astype(np.float32) + np.linspace(0, 3, 24, dtype=np.float32)[:, None]
LEVELS = np.round(255 * LENS / LENS.max()).astype(np.uint8)
DEEP = np.round(60_000 * LENS / LENS.max()).astype(np.uint16)
OTHERS = np.stack([np.roll(LENS, k, axis=1) for k in range(30)])


def npy(array, **how):
    file = io.BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def in_objects(parts):
    array = np.empty(len(parts), dtype=object)
    array[:] = parts
    return array


def objects(parts, shape=None):
    array = in_objects(parts)
    return npy(array if shape is None else array.reshape(shape), allow_pickle=True)


def fits_file(*units):
    file = io.BytesIO()
    first = [] if isinstance(units[0], fits.PrimaryHDU) else [fits.PrimaryHDU()]
    fits.HDUList([*first, *units]).writeto(file)
    return file.getvalue()


def unit(array, name="", **cards):
    made = fits.ImageHDU(np.asarray(array), name=name)
    made.header.update({key.replace("_of_", "-"): value for key, value in cards.items()})
    return made


def hdf5(user_block=0, **arrays):
    file = io.BytesIO()
    with h5py.File(file, "w", userblock_size=user_block) as store:
        for name, array in arrays.items():
            store[name.replace("__", "/")] = array
    data = file.getvalue()
    return b"MATLAB 7.3 MAT-file".ljust(user_block) + data[user_block:] if user_block else data


def tiff(array, **how):
    file = io.BytesIO()
    tifffile.imwrite(file, array, **how)
    return file.getvalue()


def picture(image, kind, **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def mat(**arrays):
    file = io.BytesIO()
    scipy.io.savemat(file, arrays, do_compression=True)
    return file.getvalue()


def torch_file(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def torch_script():
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(3, 3)), file)
    return file.getvalue()


def zipped(name, data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


def turned(orientation):
    """The levels as a camera stores them that is held so."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    return Image.fromarray(LEVELS).transpose(Image.Transpose(back)), exif


def grey_of(colours):
    return colours.astype(np.float64) @ [0.299, 0.587, 0.114]


SKY = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CTYPE3": "WAVE", "CDELT1": -5e-5, "CDELT2": 5e-5, "CDELT3": 1e-10}
MASK = np.zeros((24, 24), np.int16)
MASK[3:5, 6:9] = 4
COLOURS = np.stack([LEVELS, LEVELS.T, 255 - LEVELS], axis=-1)
INKS = np.concatenate([255 - COLOURS, np.zeros((24, 24, 1), np.uint8)], axis=-1)
FITS = fits_file(fits.PrimaryHDU(LENS))
SMALL = LENS[:, :20]

# name -> (content, picture that it shows)
SAME = {
    "stack (N, H, W)": (npy(OTHERS), LENS),
    "stack of few": (npy(OTHERS[:10]), LENS),
    "stack (N, 1, H, W)": (npy(OTHERS[:, None]), LENS),
    "stack (N, H, W, 1)": (npy(OTHERS[..., None]), LENS),
    "three lenses of one band": (npy(OTHERS[:3, None]), LENS),
    "stack as Fortran has it": (npy(np.asfortranarray(OTHERS)), LENS),
    "lenses last": (npy(np.moveaxis(OTHERS, 0, -1)), LENS),
    "bands last": (npy(np.repeat(LENS[..., None], 4, 2)), LENS),
    "stack of three bands": (npy(np.repeat(OTHERS[:, None], 3, 1)), LENS),
    "lenses last, bands first": (npy(np.moveaxis(np.repeat(OTHERS[:, None], 3, 1), 0, -1)), LENS),
    "not square": (npy(SMALL[None]), SMALL),
    "flattened": (npy(LENS.ravel()), LENS),
    "flattened stack": (npz(X=OTHERS.reshape(30, -1), y=np.arange(30)), LENS),
    "three lenses with their labels": (npz(images=OTHERS[:3], labels=np.arange(3)), LENS),
    "four lenses in HDF5 with their labels": (hdf5(stamp=OTHERS[:4], label=np.arange(4)), LENS),
    "six lenses called X": (npz(X=OTHERS[:6]), LENS),
    "ten lenses last, MATLAB": (mat(images=np.moveaxis(OTHERS[:10], 0, -1)), LENS),
    "eleven lenses behind an axis of one, with their labels": (npz(data=OTHERS[None, :11], labels=np.arange(11)), LENS),
    "four lenses before an axis of one, with their labels": (
        npz(data=np.moveaxis(OTHERS[:4], 0, -1)[..., None], labels=np.arange(4)), LENS
    ),
    "bands and their wavelengths": (npz(image=np.stack([LENS] * 4), wavelength=np.arange(4.0)), LENS),
    "rows as objects": (objects(list(LENS)), LENS),
    "rows as objects, as a column": (objects(list(LENS), (24, 1)), LENS),
    "flattened, as a column": (npy(LENS.reshape(-1, 1)), LENS),
    "an image of objects in an npz": (npz(image=np.array(LENS.astype(float).tolist(), dtype=object)), LENS),
    "images as objects in an npz": (npz(images=in_objects(list(OTHERS)), labels=np.arange(30)), LENS),
    "pixels as objects": (objects(list(LENS.astype(float).ravel()), (24, 24)), LENS),
    "image, mass and label": (objects([LENS, 1e-23, 2]), LENS),
    "image and mass as arrays": (objects([LENS[None], np.array([1e-23])]), LENS),
    "rows of image and label": (objects([part for k in range(6) for part in (LENS, k % 2)], (6, 2)), LENS),
    "a dictionary": (objects([{"image": LENS, "label": 1}], ()), LENS),
    "a mask before the image": (npz(a_mask=LENS > 1, image=LENS), LENS),
    "noise and PSF before the image": (npz(noise_map=np.ones_like(LENS), psf=np.ones((9, 9)), sci=LENS), LENS),
    "the source and deflections before the image": (npz(source=LENS.T, alpha_x=LENS.T, alpha_y=LENS.T, image=LENS), LENS),
    "light of lens and source before the image": (npz(lens_light=LENS.T, source_light=LENS.T, lensed=LENS), LENS),
    "the noiseless image before the image": (npz(image_noiseless=LENS.T, image=LENS), LENS),
    "images of 24x24 that are lensed": (npz(source_plane=LENS.T, lensed_image=LENS), LENS),
    "one-hot labels before the image": (npz(y=np.eye(5)[np.arange(30) % 5], x=OTHERS), LENS),
    "plain FITS": (FITS, LENS),
    "gzip": (gzip.compress(FITS), LENS),
    "bzip2": (bz2.compress(FITS), LENS),
    "xz": (lzma.compress(FITS), LENS),
    "gzip of two members": (gzip.compress(FITS[:3000]) + gzip.compress(FITS[3000:]), LENS),
    "bzip2 of two members": (bz2.compress(FITS[:3000]) + bz2.compress(FITS[3000:]), LENS),
    "xz of two members": (lzma.compress(FITS[:3000]) + lzma.compress(FITS[3000:]), LENS),
    "zip": (zipped("lens.fits", FITS), LENS),
    "zip of macOS": (zipped("folder/lens.fits", FITS), LENS),
    "FITS that gzip and zip packed": (zipped("lens.fits.gz", gzip.compress(FITS)), LENS),
    "a badmask before an image without a name": (fits_file(unit(np.ones((24, 24)), "BADMASK"), unit(LENS)), LENS),
    "an IVM before an image without a name": (fits_file(unit(np.ones((24, 24)), "IVM"), unit(LENS)), LENS),
    "a lensmodel before the array": (npz(lensmodel=LENS.T, arr=LENS), LENS),
    "ERR before SCI": (fits_file(unit(np.ones((24, 24)), "ERR"), unit(LENS, "SCI")), LENS),
    "WHT before DATA": (fits_file(unit(np.ones((24, 24)), "WHT"), unit(LENS, "DATA")), LENS),
    "HDUCLAS2 says which is the error": (
        fits_file(unit(np.ones((24, 24)), "X1", HDUCLAS2="ERROR"), unit(LENS, "X2", HDUCLAS2="DATA")), LENS
    ),
    "PSF before FLUX": (fits_file(unit(np.eye(24, dtype="f4"), "VIS_PSF"), unit(LENS, "VIS_FLUX")), LENS),
    "a band called Y": (fits_file(unit(LENS, "NIR_Y_FLUX"), unit(LENS.T, "NIR_H_FLUX")), LENS),
    "a mask in the primary HDU": (fits_file(fits.PrimaryHDU((LENS > 1).astype(np.uint8)), unit(LENS, "SCI")), LENS),
    "a spectrum in the primary HDU": (fits_file(fits.PrimaryHDU(np.zeros((2, 500), "f4")), unit(LENS)), LENS),
    "IFU cube": (fits_file(unit(np.stack([LENS] * 70), "DATA", **SKY)), LENS),
    "radio cube": (fits_file(fits.PrimaryHDU(LENS[None, None])), LENS),
    "scaled integers": (fits_file(fits.ImageHDU(DEEP)), DEEP),
    "palette": (picture(Image.fromarray(LEVELS).convert("P"), "TIFF"), LEVELS),
    "inks": (picture(Image.fromarray(INKS, "CMYK"), "TIFF"), grey_of(COLOURS)),
    "inks, LZW": (picture(Image.fromarray(INKS, "CMYK"), "TIFF", compression="tiff_lzw"), grey_of(COLOURS)),
    "white is zero": (tiff(255 - LEVELS, photometric="miniswhite"), LEVELS),
    "colours of 16 bits, PackBits": (tiff(np.repeat(DEEP[..., None], 3, 2), photometric="rgb", compression="packbits"), DEEP),
    "colours, planes apart": (tiff(np.moveaxis(COLOURS, -1, 0), photometric="rgb", planarconfig="separate"), grey_of(COLOURS)),
    "predictor of floats": (tiff(LENS, compression="zlib", predictor=True), LENS),
    "LZW with predictor": (tiff(DEEP, compression="lzw", predictor=True), DEEP),
    "Zstandard": (tiff(LENS, compression="zstd"), LENS),
    "five bands, stored as narrow pages": (tiff(np.repeat(LENS[..., None], 5, 2)), LENS),
    "BigTIFF": (tiff(LENS, bigtiff=True), LENS),
    "big-endian TIFF": (tiff(LENS, byteorder=">"), LENS),
    "tiles": (tiff(LENS, tile=(16, 16)), LENS),
    "grey with transparency": (picture(Image.fromarray(LEVELS).convert("LA"), "TIFF"), LEVELS),
    **{f"orientation {one}, PNG": (picture(turned(one)[0], "PNG", exif=turned(one)[1]), LEVELS) for one in range(2, 9)},
    **{f"orientation {one}, TIFF": (picture(turned(one)[0], "TIFF", exif=turned(one)[1]), LEVELS) for one in range(2, 9)},
    "HDF5 with a user block of MATLAB": (hdf5(512, img=LENS.T), LENS),
    "HDF5 groups": (hdf5(lens_0000__image=LENS[..., None], lens_0001__image=LENS[..., None]), LENS),
    "HDF5, half floats": (hdf5(image=LENS.astype(">f2")), LENS.astype("f2")),
    "HDF5, a mask first": (hdf5(a_mask=LENS > 1, image=LENS), LENS),
    "MATLAB": (mat(mask=(LENS > 1).astype(np.uint8), image=LENS), LENS),
    "MATLAB, a stack": (mat(images=np.moveaxis(OTHERS, 0, -1)), LENS),
    "a tensor": (torch_file(torch.from_numpy(LENS)[None]), LENS),
    "tensors by name": (torch_file({"image": torch.from_numpy(LENS), "label": 1}), LENS),
    "a list of samples": (torch_file([{"image": torch.from_numpy(one), "label": 1} for one in OTHERS[:3]]), LENS),
    "a list of pairs": (torch_file([(torch.from_numpy(one), 1) for one in OTHERS[:3]]), LENS),
    "tensors in a dictionary in one": (torch_file({"data": {"image": torch.from_numpy(LENS)}, "epoch": 3}), LENS),
}  # fmt: skip


def hdf5_elsewhere(kind, **arrays):
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        for name, array in arrays.items():
            store[name] = array
        if kind == "records":
            store["catalogue"] = np.array([(0.5, 1)] * 1024, dtype=[("flux", "f4"), ("label", "i4")])
        elif kind == "dangling":
            store["image"] = h5py.SoftLink("/nope")
        elif kind == "link":
            store["image"] = h5py.ExternalLink("part.h5", "x")
        else:
            layout = h5py.VirtualLayout((24, 24), "f4")
            layout[...] = h5py.VirtualSource("part.h5", "x", (24, 24))
            store.create_virtual_dataset("image", layout)
    return file.getvalue()


# name -> (content, words of the message)
REFUSED = {
    "a cube of equal sides": (npy(np.zeros((24, 24, 24))), "--axes NHW"),
    "pixels and a label in one row": (npy(np.zeros(577)), "image"),
    "a link out of the file": (hdf5_elsewhere("link"), "a link to part.h5"),
    "a link to nothing": (hdf5_elsewhere("dangling"), "a link to /nope, which is not there"),
    "packed three times": (gzip.compress(gzip.compress(gzip.compress(FITS))), "packed more than 2 times"),
    "CIELAB of 16 bits": (tiff(np.repeat(DEEP[..., None], 3, 2), photometric="cielab"), "CIELAB of 16 bits"),
    "TorchScript": (torch_script(), "TorchScript"),
    "a virtual dataset": (hdf5_elsewhere("virtual"), "virtual dataset"),
    "a link called image beside another array": (hdf5_elsewhere("link", other=LENS), "lies in another file"),
    "records in HDF5, none of an image": (hdf5_elsewhere("records"), "catalogue is a table of records"),
    "six planes, bands or lenses": (npy(OTHERS[:6]), "--axes NHW or CHW"),
    "twelve planes of FITS": (fits_file(fits.PrimaryHDU(OTHERS[:12])), "--axes NHW or CHW"),
    "noise, flags and nothing else in HDF5": (hdf5(noise=LENS, flags=MASK), "no image"),
    "a checkpoint of torch": (torch_file({"model_state_dict": torch.nn.Linear(9, 9).state_dict(), "epoch": 1}), "weights"),
    "objects in a torch file": (torch_file({"image": LENS}), "could run code"),
    "LZMA of before xz": (lzma.compress(FITS, format=lzma.FORMAT_ALONE), "unpack it first"),
    "a packed tar archive": (gzip.compress(b"lens.fits".ljust(257, b"\0") + b"ustar".ljust(255, b"\0")), "tar archive"),
    "AVIF": (b"\0\0\0\x1cftypavif" + bytes(20), "AVIF or HEIC"),
    "PGM": (b"P5\n24 24\n255\n" + bytes(576), "PNM picture"),
    "structures of MATLAB": (mat(lens={"image": LENS, "z": 0.5}), "structure or a cell"),
    "a pickle": (b"\x80\x04]q\x00.", "could run code"),
    "noise alone": (fits_file(unit(np.ones((24, 24)), "ERR"), unit(np.ones((24, 24)), "WHT")), "no image"),
    "a zip of two files": (zipped("a.txt", b"x") + b"", "none of npy"),
    "weights of a network": (torch_file({f"layer.{k}": torch.zeros(8, 8) for k in range(80)}), "weights"),
}


def wcs_of(rotation, scale, cd):
    """A TAN WCS, turned, in degrees."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 2.0], [12.5, 12.5]
    turn = np.deg2rad(rotation)
    matrix = scale / 3600 * np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if cd:
        wcs.wcs.cd = matrix
    else:
        wcs.wcs.pc, wcs.wcs.cdelt = matrix * 3600 / scale, [scale / 3600] * 2
    return wcs
