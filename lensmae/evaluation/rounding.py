"""Rounding that leaves less than perfect less than perfect."""

_MOST_DECIMALS = 8


def share(value: float, form: str) -> str:
    """A share in a format like ".4f" or ".1%", with so many more decimals that less than one does not read as one."""
    kind, one = form[-1], 1.0
    # What the rounding of sums leaves below one (1e-9, in bands of bootstrap samples) is one.
    most = _MOST_DECIMALS if round(value, _MOST_DECIMALS) < one else 0
    decimals = int(form[1:-1])
    while decimals < most and f"{value:.{decimals}{kind}}" == f"{one:.{decimals}{kind}}":
        decimals += 1
    return f"{value:.{decimals}{kind}}"
