"""Answers to uploaded images, kept by the server for all who ask for the same file, reading and networks."""

import threading
from collections import OrderedDict
from typing import Any

import streamlit as st

# About 0.1 MB each.
_ANSWERS = 2000
# A few MB each, 34 MB of the largest images.
_ENLARGED = 8


class Answers:
    """The answers that were asked for last, so many at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple) -> Any | None:
        """An answer, None where it is not there."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: tuple, answer: Any) -> None:
        """Keep an answer; the one that nobody asked for longest goes where there are too many."""
        with self._lock:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


@st.cache_resource(show_spinner=False)
def answers() -> Answers:
    """Those of this server."""
    return Answers(_ANSWERS)


@st.cache_resource(show_spinner=False)
def enlargements() -> Answers:
    """Super-resolved images of this server."""
    return Answers(_ENLARGED)
