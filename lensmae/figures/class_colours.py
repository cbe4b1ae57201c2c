"""Class colours, the same on every page: Okabe and Ito's palette, which colour-blind people can tell apart."""

from types import MappingProxyType

CLASS_COLOURS = MappingProxyType(
    {"no_sub": "#56B4E9", "cdm": "#E69F00", "axion": "#CC79A7", "macro": "#009E73", "micro": "#0072B2"}
)
_OTHERS = ("#D55E00", "#8C6BB1", "#F0E442", "#999999")
_SERIES = ("#3A96D8", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#999999")


def class_colour(name: str, index: int = 0) -> str:
    """Colour of a class; classes of other sets take the palette's remaining colours in turn."""
    return CLASS_COLOURS.get(name, _OTHERS[index % len(_OTHERS)])


def series_colour(index: int) -> str:
    """Colours of things that are no classes (checkpoints, baselines), told apart in the order they come."""
    return _SERIES[index % len(_SERIES)]


def faint(colour: str, opacity: float) -> str:
    """A "#rrggbb" colour as a half-transparent one."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
