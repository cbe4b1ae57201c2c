"""Tables and numbers of a report, as Markdown."""

from collections.abc import Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, an empty one at its end."""
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def number(value: float | None, form: str) -> str:
    """A figure in the given format; a dash where there is none."""
    return "–" if value is None else f"{value:{form}}"
