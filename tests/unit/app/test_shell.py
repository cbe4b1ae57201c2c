"""The shell around every page: what it takes out of garbage collection does not stay for ever."""

import gc
import weakref

import pytest

from lensmae.app import shell


class Session:
    """What a visitor has open refers to itself, as Streamlit's sessions do."""

    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


def test_what_a_visitor_had_open_when_libraries_were_spared_goes_once_he_has_left(monkeypatch):
    monkeypatch.setattr(shell, "_RENEWED_S", 0.0)
    monkeypatch.setattr(shell, "_loaded", 0)
    monkeypatch.setattr(shell, "_renewal", None)
    session = Session()
    seen = weakref.ref(session)
    shell._spare_libraries()
    shell._renewal.join(60)
    spared = gc.get_freeze_count()
    assert spared > 10_000
    del session
    gc.collect()
    # It was taken out of garbage collection with the libraries.
    assert seen() is not None
    shell._spare_libraries()
    shell._renewal.join(60)
    assert seen() is None
    assert gc.get_freeze_count() > spared / 2
