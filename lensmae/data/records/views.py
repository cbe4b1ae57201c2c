"""Saved views: a page and its address under a name."""

from dataclasses import dataclass
from datetime import UTC, datetime

from lensmae.data.records.database import changing, reading
from lensmae.errors import RecordError

_LONGEST_NAME, _LONGEST_ADDRESS = 80, 8000


@dataclass(frozen=True)
class SavedView:
    """A view.

    Attributes:
        page: name of the page, as in its address; "" for the Overview.
        address: its query string, without "?".
        made: ISO time, UTC.
    """

    name: str
    page: str
    address: str
    made: str


def save_view(name: str, page: str, address: str) -> None:
    """Keep a view; one of the same name is replaced. Raises `RecordError` for a name or an address that is empty or too long."""
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise RecordError(f"A view needs a name of 1 to {_LONGEST_NAME} characters.")
    if len(address) > _LONGEST_ADDRESS:
        raise RecordError(f"The address of this view has {len(address)} characters; {_LONGEST_ADDRESS} can be kept.")
    made = datetime.now(UTC).isoformat(timespec="seconds")
    with changing() as connection:
        connection.execute("REPLACE INTO views VALUES (?, ?, ?, ?)", (name, page, address, made))


def saved_views() -> list[SavedView]:
    """All views, the newest first."""
    with reading() as connection:
        query = "SELECT name, page, address, made FROM views ORDER BY made DESC, name"
        return [] if connection is None else [SavedView(*row) for row in connection.execute(query)]


def delete_view(name: str) -> None:
    """Forget a view; one that is gone already is no error."""
    with changing() as connection:
        connection.execute("DELETE FROM views WHERE name = ?", (name,))
