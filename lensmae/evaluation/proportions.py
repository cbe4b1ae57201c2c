"""What a share that was measured on some lenses says of all lenses of their kind."""


def exact_interval(right: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """The shares that `right` of `count` lenses are compatible with: the exact binomial interval (Clopper & Pearson 1934);
    0 to 1 for no lenses."""
    from scipy.stats import binomtest

    if count == 0:
        return 0.0, 1.0
    found = binomtest(right, count).proportion_ci(level, method="exact")
    return float(found.low), float(found.high)


def interval_text(right: int, count: int) -> str:
    """The 95 % interval in words, as "95 %: 73.5% to 100.0%"."""
    from lensmae.evaluation.rounding import share

    low, high = exact_interval(right, count)
    return f"95 %: {share(low, '.1%')} to {share(high, '.1%')}"
