"""Which bands of an image are network input: one, or the mean of several; bands of one array, or images of one file."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lensmae.data.images.fitting import SAME_SCALE
from lensmae.errors import ImageReadError

if TYPE_CHECKING:
    from lensmae.data.images.lens_image import LensImage

# Up to so many bands are averaged; of more the middle one is taken.
MOST_AVERAGED = 4
ALL = "all"
# A band by its index or name, several joined by + (0+2, g+r), all of them; None: as the number of bands has it.
Band = int | str | None
# Unnamed images of one shape in a file, more than any camera has bands, are lenses.
MOST_UNNAMED_BANDS = 16


def places_of(band: Band, n: int, names: Sequence[str] = ()) -> tuple[int, ...]:
    """Indices of the bands that are asked for, in their order.

    Args:
        band: index, name, some of them joined by "+", "all", or None for all of up to four, else the middle one.
        n: how many there are.
        names: of the bands, where they have names.

    Raises `ImageReadError` where there is no such band.
    """
    if band is None:
        return tuple(range(n)) if n <= MOST_AVERAGED else (n // 2,)
    if str(band).strip().casefold() == ALL:
        return tuple(range(n))
    known = {name.casefold(): place for place, name in enumerate(names)} | {str(place): place for place in range(n)}
    asked = [part.strip() for part in str(band).split("+")]
    missing = [part for part in asked if part.casefold() not in known]
    if missing:
        named = f" ({', '.join(names)})" if names else ""
        raise ImageReadError(f"it has {n} bands, 0 to {n - 1}{named}; there is no band {missing[0]}")
    return tuple(dict.fromkeys(known[part.casefold()] for part in asked))


def one_plane(bands: np.ndarray, places: tuple[int, ...]) -> np.ndarray:
    """Bands (C, H, W) -> the one plane (H, W) of those at `places`, their mean where there are several."""
    return bands[places[0]] if len(places) == 1 else bands[list(places)].mean(axis=0, dtype=np.float64)


def said_of(band: Band, places: tuple[int, ...], n: int, names: Sequence[str] = ()) -> tuple[str, ...]:
    """What was taken of several bands, in a full sentence; nothing where there is one.

    Args:
        band: as it was asked for.
        places: indices of those taken.
        n: how many there are.
        names: of the bands, where they have names.
    """
    if n == 1:
        return ()
    if len(places) == n:
        return (f"Its {n} bands were averaged.",)
    called = [f"{place} ({names[place]})" if names else str(place) for place in places]
    if len(places) > 1:
        return (f"The mean of its bands {', '.join(called[:-1])} and {called[-1]} was taken, of {n} (0 to {n - 1}).",)
    if band is None:
        return (f"It has {n} bands; the middle one, band {called[0]}, was taken.",)
    return (f"Band {called[0]} of its {n} was taken.",)


def noise_of_mean(noise: np.ndarray, places: tuple[int, ...]) -> np.ndarray:
    """Standard deviation (H, W) of the mean of planes with these (C, H, W), or with this one noise (1, H, W) each."""
    planes = noise if len(noise) == 1 else noise[list(places)]
    total = np.square(planes, dtype=np.float64).sum(axis=0) * (len(places) if len(noise) == 1 else 1)
    return np.sqrt(total) / len(places)


def split_items(item: str, items: Sequence[str]) -> tuple[str, ...]:
    """The images of a file that are asked for by names joined with "+"; one where the file has an image of that whole name."""
    known = [one.casefold() for one in items] + [match[1].casefold() for one in items if (match := re.search(r"\((.+)\)$", one))]
    if "+" not in item or item.strip().casefold() in known:
        return (item,)
    return tuple(dict.fromkeys(part.strip() for part in item.split("+") if part.strip()))


def mean_of_images(images: "Sequence[LensImage]") -> "LensImage":
    """The mean of images of one object, on the pixels of the first.

    Those of other pixels are brought onto it by their positions on the sky. Raises `ImageReadError` where a file says none.
    """
    first, others = images[0], images[1:]
    planes = [first.pixels] + [_onto(first, other) for other in others]
    aligned = all(_same_pixels(first, other) for other in others)
    noises = [image.noise for image in images] if aligned else [None]
    noise = None if any(one is None for one in noises) else noise_of_mean(np.stack(noises), tuple(range(len(noises))))
    own = dict.fromkeys(note for image in images for note in image.notes if not note.startswith("Of its "))
    named = [image.item or f"band {place}" for place, image in enumerate(images)]
    said = [f"The mean of {', '.join(named)} was taken; their PSFs were not matched."]
    if not aligned:
        said.append(f"All were brought onto the pixels of {named[0]} by their positions on the sky.")
    units = dict.fromkeys(image.unit or "no unit" for image in images)
    if len(units) > 1:
        said.append(f"They are in different units ({', '.join(units)}), which the mean does not make alike.")
    return replace(
        first,
        pixels=np.mean(planes, axis=0, dtype=np.float64).astype(np.float32),
        noise=None if noise is None else noise.astype(np.float32),
        psf=None,
        notes=(*own, *said),
        item=" + ".join(named),
        eight_bit=all(image.eight_bit for image in images),
        lossy=any(image.lossy for image in images),
    )


def _same_pixels(one: "LensImage", other: "LensImage") -> bool:
    if one.pixels.shape != other.pixels.shape:
        return False
    if one.sky is None or other.sky is None:
        scales = one.pixel_scale, other.pixel_scale
        return None in scales or abs(scales[0] / scales[1] - 1) < SAME_SCALE
    height, width = one.pixels.shape
    corners = [(0, 0), (height - 1, width - 1)]
    here, there = ([image.sky.position(*at) for at in corners] for image in (one, other))
    step = (one.pixel_scale or 1.0) / 3600
    away = np.subtract(here, there) * [np.cos(np.deg2rad(here[0][1])), 1.0]
    return bool(np.abs(away).max() < 0.1 * step)


def _onto(first: "LensImage", other: "LensImage") -> np.ndarray:
    """The pixels of `other` on the grid of `first`, bilinear; where it does not reach, its sky."""
    if _same_pixels(first, other):
        return other.pixels
    if first.sky is None or other.sky is None:
        sides = [f"{image.pixels.shape[1]}x{image.pixels.shape[0]}" for image in (first, other)]
        raise ImageReadError(
            f"{first.item} and {other.item} have other pixels ({', '.join(sides)}), and the file does not say where they lie on "
            "the sky, so they cannot be averaged; choose one of them"
        )
    from scipy.ndimage import map_coordinates, uniform_filter

    rows, columns = np.indices(first.pixels.shape)
    x, y = other.sky.wcs().world_to_pixel(first.sky.wcs().pixel_to_world(columns, rows))
    # Finer pixels are averaged over one of the first.
    step = max(abs(float(x[0, -1] - x[0, 0])), abs(float(y[0, -1] - y[0, 0]))) / max(1, first.pixels.shape[1] - 1)
    pixels = other.pixels if step < 1.5 else uniform_filter(other.pixels, round(step), mode="nearest")
    found = map_coordinates(pixels, (y, x), order=1, mode="constant", cval=np.nan)
    return np.where(np.isfinite(found), found, np.float32(np.median(other.pixels)))
