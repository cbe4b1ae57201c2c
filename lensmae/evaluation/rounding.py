"""Rounding that leaves less than perfect less than perfect."""

_MOST_DECIMALS = 9


def share(value: float, form: str) -> str:
    """A share in a format like ".4f" or ".1%", with so many more decimals that less than one does not read as one."""
    kind, one = form[-1], 1.0
    # What a sum of shares misses of one by its own rounding is one.
    most = _MOST_DECIMALS if round(value, _MOST_DECIMALS) < one else 0
    decimals = int(form[1:-1])
    while decimals < most and f"{value:.{decimals}{kind}}" == f"{one:.{decimals}{kind}}":
        decimals += 1
    return f"{value:.{decimals}{kind}}"
