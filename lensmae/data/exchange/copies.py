"""Lenses that stand several times in a data set under other names: files with the same pixels."""

import functools
import hashlib

import numpy as np
import pandas as pd

from lensmae.data.exchange.given_splits import stricter

NOTE = "The same pixels as {file}, which is held out: held out with it."


def held_out_together(images: np.ndarray, lenses: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The table with all lenses of the same pixels in one split, that which keeps them from training most, and how many lenses
    changed theirs; these say so in the column `notes`. Blank images are no copies of each other.

    Args:
        images: (N, H, W), as they are kept.
        lenses: N rows with `split` and `source_file`.
    """
    splits = lenses["split"].to_numpy(copy=True)
    if len(set(splits)) < 2:
        return lenses, 0
    files, notes = lenses["source_file"].tolist(), {}
    for same in _groups(images):
        found = functools.reduce(stricter, splits[same])
        other = files[next(row for row in same if splits[row] == found)]
        notes |= {row: NOTE.format(file=other) for row in same if splits[row] != found}
        splits[same] = found
    if not notes:
        return lenses, 0
    before = lenses["notes"].tolist() if "notes" in lenses else [""] * len(lenses)
    said = [f"{note} {notes.get(row, '')}".strip() for row, note in enumerate(before)]
    return lenses.assign(split=splits, notes=said), len(notes)


def _groups(images: np.ndarray) -> list[list[int]]:
    """Rows of the same pixels, where there are several."""
    places: dict[bytes, list[int]] = {}
    for row, image in enumerate(images):
        if image.min() < image.max():
            places.setdefault(hashlib.blake2b(np.ascontiguousarray(image), digest_size=16).digest(), []).append(row)
    return [rows for rows in places.values() if len(rows) > 1]
