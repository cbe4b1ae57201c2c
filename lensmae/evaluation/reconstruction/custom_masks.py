"""Masks made by hand: a text for the address, and what a click and a box do to them."""

import numpy as np

from lensmae.errors import ConfigError


def mask_text(hidden: np.ndarray) -> str:
    """A mask (gh, gw) bool as hexadecimal digits, four patches a digit in raster order."""
    return np.packbits(hidden).tobytes().hex()


def read_mask(text: str, grid: tuple[int, int]) -> np.ndarray:
    """The mask (gh, gw) of a text of `mask_text`. Raises `ConfigError` where the text is none of this grid, or hides all."""
    count = grid[0] * grid[1]
    digits = 2 * -(-count // 8)
    try:
        packed = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
    except ValueError:
        packed = np.empty(0, dtype=np.uint8)
    if 2 * len(packed) != digits:
        raise ConfigError(f"The mask “{text[:40]}” is not one of {grid[0]}x{grid[1]} patches, which has {digits} hex digits.")
    hidden = np.unpackbits(packed, count=count).astype(bool).reshape(grid)
    return _checked(hidden)


def flip_patch(hidden: np.ndarray, row: int, column: int) -> np.ndarray:
    """A mask (gh, gw) with one patch shown that was hidden, or hidden that was visible."""
    changed = hidden.copy()
    changed[row, column] ^= True
    return _checked(changed)


def fill_box(hidden: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """A mask (gh, gw) with the patches of a box hidden; shown, where all of them were hidden."""
    changed = hidden.copy()
    changed[rows, columns] = not hidden[rows, columns].all()
    return _checked(changed)


def _checked(hidden: np.ndarray) -> np.ndarray:
    if hidden.all():
        raise ConfigError("A mask must leave at least one patch visible.")
    return hidden
