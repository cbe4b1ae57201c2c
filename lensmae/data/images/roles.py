"""What an array is, told from its name in the file: the image, its noise, its PSF, a mask, labels."""

import re
from collections.abc import Sequence

from lensmae.data.split_words import SPLIT_NAMES

SCIENCE, NOISE, VARIANCE, WEIGHT, FLAGS, PSF, OTHER, UNKNOWN = (
    "science", "noise", "variance", "weight", "flags", "psf", "other", "",
)  # fmt: skip

# Words of extension, key and file names, as archives and pipelines write them (MAST, ESA, ESO, LSST, PyAutoLens). The first line
# that has a word of a name decides: `image_mask` is a mask, `sky_sub_image` an image.
_WORDS = (
    (FLAGS, "dq dqf mask masks msk flag flags flg bpm bad badpix badpixel badpixels quality"),
    (PSF, "psf psfs psfim kernel"),
    (VARIANCE, "var variance variances stat covariance"),
    (WEIGHT, "wht wgt weight weights ivar invvar ivm wmap"),
    (NOISE, "err error errors rms sigma std stdev stddev noise noisemap unc uncert uncertainty uncertainties"),
    (OTHER, "label labels class classes seg segm segmentation segmap thumb thumbnail preview model models "
            "residual residuals resid catalog catalogue source src unlensed alpha deflection deflections kappa convergence shear "
            "gamma potential magnification light"),
    (SCIENCE, "sci science image images img imgs data flux signal intensity lens lenses lensed observed observation "
              "lr hr lowres highres input inputs pixels array picture cutout cutouts stamp stamps"),
    (OTHER, "target targets ctx con context conf confidence maskbits wt exp exptime exposure nsamp samp time bkg background sky "
            "coverage cov hits area id ids index indices hist history wavelength dimarr imarr wcsdvarr wcscorr beams chi snr "
            "dark flat gain nexp"),
)  # fmt: skip
# `y_train` is labels, `NIR_Y_FLUX` is not; `X_train` is images, `alpha_x` is not.
_SPLITS = frozenset(SPLIT_NAMES)
# `ERRMAP` and `PSFIMAGE` are what they begin with, `FLUXERR` and `testlabels` what they end with.
_ENDS = ("map", "image", "img", "array")
# What an array is whose name ends so, whatever is joined before it: `badmask`, `lensmodel`.
_TAILS = ("mask", "psf", "model", "residual")
_STARTS = ("flux", "image", "img", "sci", "data", "train", "test", "valid", "val")
# Of arrays with an entry a lens.
_OF_LENSES = frozenset(
    ("label", "labels", "y", "class", "classes", "target", "targets", "kind", "kinds", "ans", "truth",
     "answers", "category", "id", "ids", "index", "indices", "split", "splits", "name", "names", "redshift", "mass", "masses")
)  # fmt: skip
_SEVERAL = frozenset(("x", "train", "training", "images", "imgs", "lenses", "inputs", "cutouts", "stamps"))
# Of arrays with an entry a band or a moment.
_ALONG = frozenset(
    ("wave", "waves", "wavelength", "wavelengths", "wl", "lam", "lambda", "lambdas", "loglam", "freq", "freqs", "frequency",
     "frequencies", "velocity", "velocities", "vel", "energy", "energies", "band", "bands", "filter", "filters", "channel",
     "channels", "time", "times", "mjd", "epoch", "epochs")
)  # fmt: skip
_ROLES = {word: (index, role) for index, (role, line) in reversed(list(enumerate(_WORDS))) for word in line.split()}


def words(name: str) -> list[str]:
    """Words of a name in lower case: cut at signs, digits, where a capital follows a small letter, and in `xtest`, `ytrain`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    found = [word for word in re.split(r"[^a-z]+", spaced.lower()) if word]
    return [part for word in found for part in ((word[0], word[1:]) if word[0] in "xy" and word[1:] in _SPLITS else (word,))]


def role(name: str) -> str:
    """What an array of this name is; "" where the name does not say.

    Only the last part of a path counts (`group/image` is an image).
    """
    parts = words(name.rsplit("/", 1)[-1])
    if "y" in parts and set(parts) <= {"y", *_SPLITS}:
        return OTHER
    if "x" in parts and set(parts) <= {"x", *_SPLITS}:
        return SCIENCE
    found = [_ROLES[word] for word in map(_plain, parts) if word in _ROLES]
    return min(found)[1] if found else UNKNOWN


def _plain(word: str) -> str:
    """A word without what another is joined to."""
    if word in _ROLES:
        return word
    if tail := next((tail for tail in _TAILS if word.endswith(tail)), ""):
        return tail
    cut = [word.removesuffix(end) for end in _ENDS] + [word.removeprefix(start) for start in _STARTS]
    return next((one for one in cut if one != word and one in _ROLES), word)


def stem(name: str) -> str:
    """A name without its path and the number at its end: those of one series share it."""
    return name.rsplit("/", 1)[-1].rstrip("0123456789").rstrip("_- ")


def best(names: Sequence[str], roles: Sequence[str]) -> str | None:
    """The first image by name, else the first array of unknown meaning, else the first of another meaning that may be shown.

    Of images `image` goes before `image_noiseless` and `image_raw`: what a name adds says that it is something else.
    """
    for wanted in (SCIENCE, UNKNOWN, OTHER):
        found = [name for name, one in zip(names, roles, strict=True) if one == wanted]
        if found:
            return next((name for name in found if wanted == SCIENCE and is_plain(name)), found[0])
    return None


def is_plain(name: str) -> bool:
    """Whether the name of an image says no more than that: `image`, `SCI`, `lens_image`; not `image_noiseless`."""
    match = re.fullmatch(r"HDU \d+ \((.+)\)", name)
    parts = words(match[1] if match else name.rsplit("/", 1)[-1])
    return bool(parts) and all(_ROLES.get(_plain(word), (0, UNKNOWN))[1] == SCIENCE or word in {"x", *_SPLITS} for word in parts)


def is_of_lenses(name: str) -> bool:
    """Whether an array's name is that of labels or identifiers, which have an entry a lens."""
    return not set(map(_plain, words(name.rsplit("/", 1)[-1]))).isdisjoint(_OF_LENSES)


def is_along(name: str) -> bool:
    """Whether an array's name is that of wavelengths, frequencies, bands or times, which have an entry a plane of a cube; times
    of exposures are none."""
    parts = set(words(name.rsplit("/", 1)[-1]))
    return not parts.isdisjoint(_ALONG) and parts.isdisjoint(("exp", "exposure", "n", "num", "id", "index"))


def says_inverse_variance(name: str) -> bool:
    """Whether an array's name is that of inverse variances, and not of weights of any kind."""
    return not {"ivar", "invvar", "ivm"}.isdisjoint(words(name))


def says_several(name: str) -> bool:
    """Whether an array's name is that of many lenses: `images`, `X`, `train_img`; not `image`."""
    return not set(map(_plain, words(name.rsplit("/", 1)[-1]))).isdisjoint(_SEVERAL)


def root(name: str) -> str:
    """A name without the words of its role: `VIS_FLUX`, `VIS_RMS` and `VIS_PSF` belong together."""
    return " ".join(word for word in re.split(r"[^a-z0-9]+", name.lower()) if word and word not in _ROLES)
