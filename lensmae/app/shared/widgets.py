"""Small pieces that several pages draw."""

import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from lensmae.app.shared.guard import fragment
from lensmae.app.shared.plain_text import plain
from lensmae.figures import COLUMN_MM, FORMATS, PAGE_MM, export_figure, figure_numbers
from lensmae.figures.plain_text import as_text
from lensmae.progress import Progress

_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["autoScale2d", "toImage"]}
_WIDTHS = {"One column": COLUMN_MM, "Page": PAGE_MM}
SPLIT_OPTIONS = ("test", "validation", "train", "all")


@contextlib.contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """A bar that is there while the work lasts; gives the callback to feed it."""
    bar = st.progress(0.0, text=f"{label} …")

    def progress(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), text=f"{label}: {done} of {total}")

    try:
        yield progress
    finally:
        bar.empty()


def figure(
    drawing: Any, key: str, table: pd.DataFrame | None = None, name: str | None = None, coarse: bool = False, **options: Any
) -> Any:
    """A Plotly figure; a menu below it saves it for a paper (PNG, SVG, PDF) and its numbers (CSV), each made when asked for.

    Args:
        drawing: the figure.
        key: of the chart.
        table: the numbers behind it; what is drawn where None.
        name: of the files, without ending; `key` where None.
        coarse: draw WebGL with a quarter of Plotly's usual pixels, one a pixel of the page; for a great many points.
        options: of `st.plotly_chart`.
    """
    config = _CONFIG | ({"plotGlPixelRatio": 1} if coarse else {})
    event = st.plotly_chart(as_text(drawing), key=key, config=config, alt=_said(drawing), **options)
    fragment(_downloads)(drawing, key, table, name or key)
    return event


def _said(drawing: Any) -> str:
    """A figure for those who do not see it: what stands on its axes."""
    layout = drawing.layout
    axes = [layout.yaxis.title.text, layout.xaxis.title.text]
    return " against ".join(re.sub("<[^>]*>", " ", text) for text in axes if text) or "Figure"


def _downloads(drawing: Any, key: str, table: pd.DataFrame | None, name: str) -> None:
    menu = st.popover("Save", type="tertiary", icon=":material/download:", key=f"save-{key}", on_change="rerun")
    if not menu.open:
        # Four buttons a figure are not worth their place in every rerun of a page.
        return
    with menu:
        wide = st.segmented_control("Width in print", list(_WIDTHS), default="Page", required=True, key=f"width-{key}")
        with st.container(horizontal=True, gap="small"):
            for form, kind in FORMATS.items():
                made = functools.partial(export_figure, as_text(drawing), form, _WIDTHS[wide])
                _save(form.upper(), made, f"{name}.{form}", kind, f"{form}-{key}")
            made = functools.partial(_csv, drawing, table)
            _save("CSV", made, f"{name}.csv", "text/csv", f"csv-{key}")
        st.caption(f"{_WIDTHS[wide]:g} mm wide, white background; PNG at 300 dots an inch. CSV holds the numbers.")


def _save(label: str, data: Callable[[], bytes], name: str, kind: str, key: str) -> None:
    st.download_button(label, data, name, kind, key=key, on_click="ignore", type="secondary")


def _csv(drawing: Any, table: pd.DataFrame | None) -> bytes:
    return (figure_numbers(drawing) if table is None else table).to_csv(index=False).encode()


def offer_file(label: str, make: Callable[[], bytes], name: str, kind: str) -> None:
    """A download that is made when it is asked for.

    Args:
        label: of the button, one of its kind on a page.
        make: gives the bytes.
        name: of the file.
        kind: its MIME type.
    """
    st.download_button(label, make, name, kind, icon=":material/download:", key=f"file-{label}", on_click="ignore")


def numbers(table: pd.DataFrame, name: str) -> None:
    """A download of the numbers under a figure."""
    data = table.to_csv(index=False).encode()
    options = {"icon": ":material/download:", "type": "tertiary", "key": f"csv-{name}", "on_click": "ignore"}
    st.download_button("Numbers (CSV)", data, f"{name}.csv", "text/csv", **options)


def numbers_of_lenses(table: Callable[[], pd.DataFrame], name: str) -> None:
    """Downloads of a table with a row a lens, made when they are asked for: CSV, Parquet for notebooks, a VOTable for TOPCAT and
    Aladin.

    Args:
        table: makes it, with the grades of that moment.
        name: of the files, without ending.
    """
    forms: dict[str, tuple[str, str, Callable[[pd.DataFrame], bytes]]] = {
        "CSV": ("csv", "text/csv", lambda made: made.to_csv(index=False).encode()),
        "Parquet": ("parquet", "application/vnd.apache.parquet", lambda made: made.to_parquet(index=False)),
        "VOTable": ("vot", "application/x-votable+xml", _votable),
    }
    with st.container(horizontal=True):
        for title, (ending, kind, write) in forms.items():
            options = {"icon": ":material/download:", "type": "tertiary", "on_click": "ignore", "key": f"{ending}-{name}"}
            st.download_button(f"Numbers ({title})", lambda write=write: write(table()), f"{name}.{ending}", kind, **options)


def _votable(table: pd.DataFrame) -> bytes:
    # Here, because it loads astropy.
    from lensmae.evaluation.images.virtual_observatory import votable_bytes

    return votable_bytes(table)


def page_title(title: str, question: str) -> None:
    """Title and the question that the page answers."""
    st.title(title, anchor=False)
    st.caption(question)


def empty_state(text: str) -> None:
    """Say what is missing and what to do about it, and end the page here."""
    st.info(text, icon=":material/info:")
    st.stop()


def unknown_value(key: str, allowed: Sequence[str], what: str, fallback: str) -> None:
    """Say so where the address asks for something that is not there; the widget then takes its default."""
    asked = st.query_params.get(key)
    if asked is not None and asked not in allowed:
        st.warning(
            f"The address asks for the {what} “{plain(asked[:60])}”, which is not here; showing {plain(fallback)} instead."
        )


def unknown_values(key: str, allowed: Sequence[str], what: str) -> None:
    """The same of a choice of several, each a `key=` of its own in the address; the widget leaves out what is not there."""
    missing = [asked for asked in st.query_params.get_all(key) if asked not in allowed]
    if missing:
        named = ", ".join(f"“{plain(asked[:60])}”" for asked in missing[:4])
        st.warning(f"The address asks for the {what} {named}, which {'is' if len(missing) == 1 else 'are'} not here.")


def unfit_number(key: str, low: float, high: float, what: str) -> None:
    """Say so where the address holds no number from `low` to `high`; the widget then takes its default."""
    asked = st.query_params.get(key)
    if asked is None:
        return
    try:
        fits = low <= float(asked) <= high
    except ValueError:
        fits = False
    if not fits:
        st.warning(f"The address asks for the {what} “{plain(asked[:60])}”; it must be a number from {low:g} to {high:g}.")


def choose(label: str, options: Sequence[str], key: str, titles: dict[str, str] | None = None, default: int = 0) -> str:
    """One of a few options, in the address as `key`."""
    shown = titles or {}
    names = [shown.get(option, option) for option in options]
    unknown_value(key, names, f"option of “{label}”", names[default])
    return st.segmented_control(
        label,
        options,
        default=options[default],
        required=True,
        key=key,
        bind="query-params",
        format_func=lambda option: shown.get(option, option),
    )
