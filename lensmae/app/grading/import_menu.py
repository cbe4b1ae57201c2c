"""Grades from a file."""

import io
from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from lensmae.data.records.grades import import_grades
from lensmae.errors import RecordError

_IMPORTED = "_imported"


def import_menu(sample: str, labels: Callable[[], Mapping[str, str]], named_by: str) -> None:
    """Draw the menu; the page is drawn anew once something was taken over.

    Args:
        sample: what is graded, as `import_grades` takes it.
        labels: makes item -> label of the sample.
        named_by: the columns by which a row is found, in words.
    """
    with st.popover("Import grades", icon=":material/upload:"):
        with st.form("import-grades", border=False):
            told = f"A CSV or Parquet file with the columns {named_by}, and grade, tags or note"
            file = st.file_uploader(told, ["csv", "parquet"])
            sent = st.form_submit_button("Take over", type="primary")
        if sent and file is not None:
            count = import_grades(sample, _table(file.name, file.getvalue()), labels())
            # All above was drawn without them.
            st.session_state[_IMPORTED] = count
            st.rerun()


def say_imported() -> None:
    """Say once what was taken over."""
    if (count := st.session_state.pop(_IMPORTED, None)) is not None:
        st.success(f"Imported: the marks of {count:,} {'image' if count == 1 else 'images'}.", icon=":material/check:")


def _table(name: str, data: bytes) -> pd.DataFrame:
    try:
        return pd.read_parquet(io.BytesIO(data)) if name.endswith(".parquet") else pd.read_csv(io.BytesIO(data), dtype=str)
    except (ValueError, OSError) as problem:
        raise RecordError(f"{name} cannot be read as a table: {problem}.") from problem
