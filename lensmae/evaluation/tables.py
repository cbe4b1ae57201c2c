"""Nested figures as rows to print."""

from typing import Any


def flatten(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Nested dictionary -> rows of dotted name and value."""
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        found += flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return found


def readable(value: Any) -> str:
    """A value for a table: six digits of a number, words for a figure that could not be computed."""
    if value is None:
        return "not defined"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
