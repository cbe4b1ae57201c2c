"""Counts and sizes that a FITS file claims, told from its headers alone, before a library does work for them."""

import re

from lensmae.data.images.formats.npy import MAX_BYTES, count
from lensmae.errors import ImageReadError

_BLOCK, _CARD = 2880, 80
_MOST_UNITS = 1_000
_MOST_CARDS = 20_000
# The standard allows 999 of each.
_MOST_AXES, _MOST_FIELDS = 32, 999
_INTEGER = re.compile(rb"(NAXIS|NAXIS\d+|BITPIX|PCOUNT|GCOUNT|TFIELDS|ZNAXIS|ZNAXIS\d+|ZTILE\d+|ZBITPIX) *= *([+-]?\d+)")


def check_fits(data: bytes) -> None:
    """Walk through the headers of a FITS file. What is merely damaged is left to the library that reads it.

    Raises `ImageReadError` for too many HDUs, cards, axes or fields, and for compressed tiles too large to unpack.
    """
    index = 0
    for _ in range(_MOST_UNITS):
        if index >= len(data):
            return
        end = _header_end(data, index)
        if end is None:
            return
        index = end + _check_unit(data[index:end])
    raise ImageReadError(f"it has more than {_MOST_UNITS:,} HDUs")


def _header_end(data: bytes, start: int) -> int | None:
    """Place after the header that begins at `start`; None where its END is missing."""
    stop = min(len(data), start + _MOST_CARDS * _CARD)
    for index in range(start, stop, _BLOCK):
        block = data[index : index + _BLOCK]
        if any(block[card : card + 8] == b"END     " for card in range(0, len(block), _CARD)):
            return index + _BLOCK
    if stop < len(data):
        raise ImageReadError(f"a header in it has more than {_MOST_CARDS:,} cards")
    return None


def _check_unit(header: bytes) -> int:
    """Bytes of the data that follow a header, padded."""
    facts = _integers(header)
    axes, fields = facts.get("NAXIS", 0), facts.get("TFIELDS", 0)
    if not 0 <= max(axes, facts.get("ZNAXIS", 0)) <= _MOST_AXES:
        raise ImageReadError(f"a header in it claims {max(axes, facts.get('ZNAXIS', 0)):,} axes; the limit is {_MOST_AXES}")
    if fields > _MOST_FIELDS:
        raise ImageReadError(f"a header in it claims {fields:,} fields; FITS allows {_MOST_FIELDS}")
    tile = [facts[f"ZTILE{axis}"] for axis in range(1, facts.get("ZNAXIS", 0) + 1) if f"ZTILE{axis}" in facts]
    if count(tuple(tile)) * abs(facts.get("ZBITPIX", 8)) // 8 > MAX_BYTES or any(side < 1 for side in tile):
        raise ImageReadError(f"a compressed image in it claims tiles of shape {tuple(tile)}")
    sides = [facts.get(f"NAXIS{axis}", 0) for axis in range(1, axes + 1)]
    if any(side < 0 for side in sides) or facts.get("PCOUNT", 0) < 0:
        raise ImageReadError(f"a header in it claims an array of shape {tuple(sides)}")
    values = count(tuple(sides)) + facts.get("PCOUNT", 0) if axes else 0
    return -(-values * abs(facts.get("BITPIX", 8)) // 8 * max(1, facts.get("GCOUNT", 1)) // _BLOCK) * _BLOCK


def _integers(header: bytes) -> dict[str, int]:
    """The values that say sizes; of a keyword that stands there twice, the first, as the libraries take it."""
    found: dict[str, int] = {}
    for start in range(0, len(header), _CARD):
        match = _INTEGER.match(header, start, start + _CARD)
        if match is not None and len(match[2]) < 20:
            found.setdefault(match[1].decode(), int(match[2]))
        elif match is not None:
            raise ImageReadError(f"a header in it claims a {match[1].decode()} of {len(match[2])} digits")
    return found
