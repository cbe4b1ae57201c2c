"""Lenses whose bands are files of their own: in a folder a band, or with the band at the end of the name."""

import re
from dataclasses import dataclass

from lensmae.data.exchange.leaves import Leaf
from lensmae.data.exchange.names import is_band

_TAIL = re.compile(r"(?P<lens>.+?)[_.-](?P<band>[A-Za-z0-9]+)$")


@dataclass(frozen=True)
class BandFiles:
    """Lenses with a file a band.

    Attributes:
        bands: names of the bands, in their order.
        files: by lens, the folder's leaf and the file's name of each band.
    """

    bands: tuple[str, ...]
    files: dict[str, tuple[tuple[Leaf, str], ...]]


def bands_in_folders(leaves: list[Leaf]) -> BandFiles | None:
    """Folders that are named like bands and hold the same lenses; of several splits each has the same bands."""
    if not leaves or not all(leaf.names and is_band(leaf.name) for leaf in leaves):
        return None
    groups: dict[tuple[str, tuple[str, ...]], list[Leaf]] = {}
    for leaf in leaves:
        groups.setdefault((leaf.split, leaf.names[:-1]), []).append(leaf)
    bands = {tuple(leaf.name for leaf in group) for group in groups.values()}
    if len(bands) != 1 or len(order := bands.pop()) < 2 or len({split for split, _ in groups}) < len(groups):
        return None
    files: dict[str, tuple[tuple[Leaf, str], ...]] = {}
    for (split, _), group in groups.items():
        by_id = [{_number(name): name for name in leaf.files} for leaf in group]
        shared = set(by_id[0]).intersection(*by_id[1:])
        if len(shared) < max(1, max(map(len, by_id)) // 2):
            return None
        for lens in sorted(shared):
            key = lens if len(groups) == 1 else f"{split}/{lens}"
            files[key] = tuple((leaf, one[lens]) for leaf, one in zip(group, by_id, strict=True))
    return BandFiles(order, files)


def bands_in_lens_folders(leaves: list[Leaf]) -> BandFiles | None:
    """A folder a lens, in each the same files, which are named like bands."""
    names = {leaf.files for leaf in leaves}
    if len(leaves) < 2 or len(names) != 1 or not all(leaf.names for leaf in leaves):
        return None
    (files,) = names
    stems = [_stem(name) for name in files]
    if len(files) < 2 or not all(map(is_band, stems)):
        return None
    return BandFiles(tuple(stems), {"/".join(leaf.names): tuple((leaf, name) for name in files) for leaf in leaves})


def _stem(name: str) -> str:
    return re.split(r"(?i)\.(?:fi?ts|fit|npy|npz|tiff?|png)", name)[0]


def bands_in_names(leaf: Leaf) -> BandFiles | None:
    """Files of one folder that end with a band, every lens with the same bands."""
    found: dict[str, dict[str, str]] = {}
    for name in leaf.files:
        match = _TAIL.fullmatch(name.split(".fit")[0])
        if match is None or not is_band(match["band"]):
            return None
        found.setdefault(match["lens"], {})[match["band"]] = name
    bands = {tuple(sorted(one)) for one in found.values()}
    if len(bands) != 1 or len(next(iter(bands))) < 2:
        return None
    (order,) = bands
    return BandFiles(order, {lens: tuple((leaf, one[band]) for band in order) for lens, one in sorted(found.items())})


def _number(name: str) -> str:
    """What names a lens whatever the band: the last number in the name of its file, else the name itself."""
    numbers = re.findall(r"\d+", name.split(".")[0])
    return numbers[-1] if numbers else name
