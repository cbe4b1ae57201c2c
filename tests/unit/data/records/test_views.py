"""Saved views."""

import pytest

from lensmae.data.records.views import delete_view, save_view, saved_views
from lensmae.errors import RecordError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))


def test_views_are_kept_replaced_and_deleted_by_name():
    assert saved_views() == []
    save_view(" ring ", "reconstruction", "lens=3")
    save_view("all", "", "")
    save_view("ring", "reconstruction", "lens=4")
    assert {(view.name, view.page, view.address) for view in saved_views()} == {
        ("ring", "reconstruction", "lens=4"),
        ("all", "", ""),
    }
    delete_view("ring")
    delete_view("never there")
    assert [view.name for view in saved_views()] == ["all"]


@pytest.mark.parametrize(("name", "address"), [("", ""), ("x" * 81, ""), ("long", "x" * 9000)])
def test_a_view_without_a_name_or_with_an_endless_address_is_refused(name, address):
    with pytest.raises(RecordError):
        save_view(name, "data", address)
    assert saved_views() == []
