"""Files that stand several times in a data set, as where `test/` holds links to some of `all/`."""

import functools
import os
from pathlib import Path, PurePosixPath

import pandas as pd

from lensmae.data.exchange.given_splits import stricter


def once_each(root: Path, lenses: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Rows of which each is of another file, held out where one of its names says so, and a sentence of that; "" where there are
    no links.

    Args:
        root: folder of the set.
        lenses: rows with `source_file`, from there, and `split`.
    """
    names = lenses["source_file"].tolist()
    if not _has_links(root, names):
        return lenses, ""
    places: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        places.setdefault(os.path.realpath(root / name), []).append(index)
    if len(places) == len(names):
        return lenses, ""
    splits = lenses["split"].to_numpy(copy=True)
    for same in places.values():
        splits[same] = functools.reduce(stricter, splits[same])
    # Of the names of a file the first that leads over no link stands for it.
    kept = sorted(min(same, key=lambda index: (os.path.realpath(root / names[index]) != _plain(root, names[index]), index))
                  for same in places.values())  # fmt: skip
    more = len(names) - len(kept)
    note = f"{more:,} files are links to others of the set; each counts once, held out where one of its names says so."
    return lenses.assign(split=splits).iloc[kept], note


def _has_links(root: Path, names: list[str]) -> bool:
    folders = {str(PurePosixPath(name).parent) for name in names}
    return any(os.path.realpath(root / one) != _plain(root, one) for one in folders) or any(
        os.path.islink(root / name) for name in names
    )


def _plain(root: Path, name: str) -> str:
    return os.path.normpath(os.path.join(os.path.realpath(root), name))
