"""Small pieces that several pages draw."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import streamlit as st

_CONFIG = {"displaylogo": False, "toImageButtonOptions": {"format": "svg", "scale": 2}}


@contextlib.contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that is there while the work lasts; gives the callback to feed it."""
    bar = st.progress(0.0, text=f"{label} …")

    def progress(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), text=f"{label}: {done} of {total}")

    try:
        yield progress
    finally:
        bar.empty()


def figure(drawing: Any, key: str, **options: Any) -> Any:
    """A Plotly figure with our toolbar; its camera button saves SVG."""
    return st.plotly_chart(drawing, key=key, config=_CONFIG, **options)


def numbers(table: pd.DataFrame, name: str) -> None:
    """A download of the numbers under a figure."""
    data = table.to_csv(index=False).encode()
    st.download_button("Numbers (CSV)", data, f"{name}.csv", "text/csv", icon=":material/download:", key=f"csv-{name}")


def page_title(title: str, question: str) -> None:
    """Title and the question that the page answers."""
    st.title(title, anchor=False)
    st.caption(question)
