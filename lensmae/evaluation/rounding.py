"""Rounding that leaves less than perfect less than perfect."""

_MOST_DECIMALS = 9


def share(value: float, form: str) -> str:
    """A share in a format like ".4f" or ".1%", with so many more decimals that less than one does not read as one."""
    decimals, kind = int(form[1:-1]), form[-1]
    # What a sum of shares misses of one by its own rounding is one.
    while round(value, _MOST_DECIMALS) < 1 and decimals < _MOST_DECIMALS and f"{value:.{decimals}{kind}}" == f"{1:.{decimals}{kind}}":
        decimals += 1
    return f"{value:.{decimals}{kind}}"
