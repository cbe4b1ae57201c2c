"""Files that belong to an image and are none themselves: `X_noise_map.fits`, `X_psf.fits`, `X_dq.fits` beside `X_data.fits`."""

import itertools
import re
from collections.abc import Iterable
from pathlib import Path, PurePath

from lensmae.data.images import roles

# A folder of more files is none of one lens.
_MOST_OF_ONE = 32
_ROLES = {roles.NOISE: "noise", roles.VARIANCE: "noise", roles.WEIGHT: "noise", roles.FLAGS: "bad", roles.PSF: "psf"}
_ENDING = re.compile(r"(?i)\.(fits|fit|fts)(\.(gz|fz|bz2|xz))?$")
_PARTS = (
    "noise_map", "noisemap", "noise", "rms", "err", "error", "sigma", "std", "unc", "uncertainty", "var", "variance", "wht",
    "weight_map", "weight", "ivar", "invvar", "psf_model", "psf", "kernel", "dq", "mask", "flag", "flags", "bpm",
)  # fmt: skip
_TAIL = f"(?:{'|'.join(_PARTS)})"
_COMPANION = re.compile(rf"(?i)^(?P<root>.+?)[_.-](?P<tail>{_TAIL})$")
# In a folder of one lens, as PyAutoLens and the lens modelling challenge keep it, the role alone is the name.
_BARE = re.compile(rf"(?i)^{_TAIL}$")
# The same words may stand before the name that is shared: `image_a.fits`, `noise_a.fits`, `psf_a.fits`.
_COMPANION_HEAD = re.compile(rf"(?i)^(?P<tail>{_TAIL})(?P<sign>[_.-])(?P<root>.+)$")
_IMAGE_HEAD = re.compile(r"(?i)^(data|sci|science|image|img|flux)[_.-](?=.)")
_IMAGE_TAIL = re.compile(r"(?i)[_.-](data|sci|image|img|flux|drz|drc)$")


def companions(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """By image, the files among `names` that belong to it: its "noise", "bad" pixels and "psf". Each lies in the image's folder.

    A name alone decides nothing: `a_psf.fits` without an `a.fits` or `a_data.fits` beside it is an image like any other; nor do
    `noise_map.fits` and `psf.fits` belong to anything but the one other image of their folder.
    """
    images: dict[tuple[str, str], str] = {}
    tails: list[tuple[str, str, str, str]] = []
    bare: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        folder, stem = _parts(name)
        if stem is None:
            continue
        if _BARE.match(stem):
            bare.setdefault(folder, []).append((name, stem))
            continue
        if match := _COMPANION.match(stem):
            tails.append((name, folder, match["root"].casefold(), match["tail"]))
        elif match := _COMPANION_HEAD.match(stem):
            tails.append((name, folder, _root(match["root"]).casefold(), match["tail"]))
        root = _root(stem).casefold()
        if root != stem.casefold() or (folder, root) not in images:
            images[folder, root] = name
    found: dict[str, dict[str, str]] = {}
    for name, folder, root, tail in tails:
        image = images.get((folder, root))
        if image is not None and image != name:
            found.setdefault(image, {}).setdefault(_role(tail), name)
    belong = {part for parts in found.values() for part in parts.values()}
    for folder, parts in bare.items():
        alone = [image for (place, _), image in images.items() if place == folder and image not in belong and _may_show(image)]
        if len(alone) == 1:
            for name, tail in parts:
                found.setdefault(alone[0], {}).setdefault(_role(tail), name)
    return found


def beside(path: Path) -> dict[str, Path]:
    """The companions of an image on disk."""
    stem = _parts(path.name)[1]
    if stem is None or not path.parent.is_dir():
        return {}
    root = _root(stem)
    # Only names that begin like it: a folder may hold a hundred thousand files.
    near = [one.name for one in path.parent.glob(f"{_escaped(root)}[_.-]*") if one.is_file()]
    # Those with the role before it are looked for by all the names that they may have.
    ending = path.name[len(stem) :]
    heads = (f"{part}{sign}{rest}{ending}" for part in _PARTS for sign in "_-" for rest in dict.fromkeys((root, stem)))
    near += [name for name in heads if (path.parent / name).is_file()]
    # ... but for the few that belong to the only image of theirs.
    some = [one.name for one in itertools.islice(path.parent.iterdir(), _MOST_OF_ONE) if _parts(one.name)[1] is not None]
    near = sorted({*near, *some}) if len(some) < _MOST_OF_ONE and any(_BARE.match(_parts(one)[1] or "") for one in some) else near
    return {role: path.parent / name for role, name in companions([*near, path.name]).get(path.name, {}).items()}


def _parts(name: str) -> tuple[str, str | None]:
    """Folder and stem of a name; None for the stem of a file that has no companions."""
    path = PurePath(name)
    match = _ENDING.search(path.name)
    return path.parent.as_posix(), path.name[: match.start()] if match else None


def _root(stem: str) -> str:
    """The name that an image and what belongs to it share."""
    return _IMAGE_TAIL.sub("", _IMAGE_HEAD.sub("", stem))


def _role(tail: str) -> str:
    return _ROLES[roles.role(tail)]


def kind(name: str) -> str:
    """What the tail of a companion's name says it is, in the words of `roles`: noise, variance, weight, flags or psf."""
    stem = _parts(name)[1] or ""
    match = _COMPANION.match(stem) or _COMPANION_HEAD.match(stem)
    return roles.role(match["tail"]) or roles.NOISE if match else roles.UNKNOWN


def _may_show(name: str) -> bool:
    """Whether a file's name does not say that it is something else, as `mask_extra_galaxies.fits` and `model_image.fits` do."""
    return roles.role(_parts(name)[1] or "") in (roles.SCIENCE, roles.UNKNOWN)


def _escaped(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)
