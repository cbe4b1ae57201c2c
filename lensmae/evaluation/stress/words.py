"""Conditions of the stress test in words."""

# The strength of a nuisance that has none: it is done, or not.
YES = "yes"
# Records of before gave it the strength 1 with this unit.
_FORMERLY = "1 = yes"


def in_words(title: str, label: str, unit: str) -> str:
    """A condition in a sentence: "Noise 0.01 rms/peak", "Mirrored".

    Args:
        title: of the nuisance.
        label: its strength.
        unit: of the strength; "" where it has none.
    """
    if label == YES or unit == _FORMERLY or label.casefold() == title.casefold():
        return title
    return f"{title} {label} {unit}".strip()


def as_now(condition: str) -> str:
    """A condition as `in_words` says it, from a record of before."""
    return condition.removesuffix(f" 1 {_FORMERLY}")
