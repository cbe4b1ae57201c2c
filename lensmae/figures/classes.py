"""Class colours, the same on every page: Okabe and Ito's palette, which colour-blind people can tell apart."""

from types import MappingProxyType

CLASS_COLOURS = MappingProxyType({"no_sub": "#56B4E9", "cdm": "#E69F00", "axion": "#CC79A7", "macro": "#009E73"})
_OTHERS = ("#0072B2", "#D55E00", "#F0E442", "#999999")


def class_colour(name: str, place: int = 0) -> str:
    """Colour of a class; classes of other sets take the palette's remaining colours in turn."""
    return CLASS_COLOURS.get(name, _OTHERS[place % len(_OTHERS)])
