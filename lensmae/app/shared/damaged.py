"""What lies in the workspace and cannot be used: named with its reason, beside what can."""

import pandas as pd
import streamlit as st

from lensmae.data.store.dataset import damaged_datasets
from lensmae.workspace import Damaged


def damaged_records() -> None:
    """A closed list of damaged data sets and checkpoints; nothing where there is none."""
    from lensmae.models import damaged_checkpoints

    found = damaged_datasets() + damaged_checkpoints()
    if found:
        with st.expander(f"Damaged: {len(found)}", icon=":material/warning:"):
            st.dataframe(_table(found), hide_index=True, width="stretch")


def _table(found: list[Damaged]) -> pd.DataFrame:
    # A table shows text as it is, whatever it holds.
    return pd.DataFrame([(one.kind, one.name, one.reason) for one in found], columns=["kind", "name", "reason"])
