"""The files of an analysis, kept in the workspace and named in the address: a reload loses nothing, a link reopens them."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from lensmae.app.analyse.recent import recent_uploads
from lensmae.app.shared.plain_text import plain
from lensmae.data.images.read_options import Reading
from lensmae.data.records.uploads import UploadSet
from lensmae.errors import RecordError
from lensmae.workspace import read_only

_ADDRESS, _TAKEN = "analysis", "_taken"


def kept_files(suffixes: Sequence[str]) -> list[Any]:
    """Draw the field for files; all files of the analysis that the address names, those just dropped among them.

    Args:
        suffixes: endings of files that can be read.
    """
    dropped = st.file_uploader("Images of lenses", type=suffixes, accept_multiple_files=True, key="uploads", on_change=_changed)
    if problem := st.session_state.pop("_upload_problem", None):
        st.error(plain(problem), icon=":material/error:")
    if read_only():
        return dropped
    analysis = open_analysis()
    files = [] if analysis is None else analysis.files()
    if files:
        _manage(analysis, files)
    recent_uploads(None if analysis is None else analysis.identity, [file.name for file in files])
    return files


def open_analysis() -> UploadSet | None:
    """The analysis that the address names; None where it names none, or one that is not here, which is said."""
    identity = st.query_params.get(_ADDRESS)
    if identity is None or read_only():
        return None
    try:
        return UploadSet.open(identity)
    except RecordError as problem:
        st.warning(plain(str(problem)), icon=":material/link_off:")
        return None


def _changed() -> None:
    """Keep what was dropped, and forget what was taken away from the field again."""
    if read_only():
        return
    files = {file.file_id: file for file in st.session_state["uploads"] or []}
    taken: dict[str, str] = st.session_state.setdefault(_TAKEN, {})
    try:
        analysis = open_analysis() or UploadSet.new()
        st.query_params[_ADDRESS] = analysis.identity
        for identity in [one for one in files if one not in taken]:
            taken[identity] = analysis.add(files[identity].name, files[identity].getvalue())
        gone = taken.keys() - files.keys()
        still = {kept for identity, kept in taken.items() if identity not in gone}
        analysis.remove({taken[identity] for identity in gone} - still)
        for identity in gone:
            del taken[identity]
    except RecordError as problem:
        st.session_state["_upload_problem"] = str(problem)


def _manage(analysis: UploadSet, files: list[Any]) -> None:
    """How many are kept, and a way to be rid of them."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{len(files):,} {'file is' if len(files) == 1 else 'files are'} kept; the address reopens them.")
        with st.popover("Remove", icon=":material/delete:", type="tertiary"):
            named = {file.file_id: file.name for file in files}
            chosen = st.multiselect("Files", list(named), format_func=named.get, key="remove-files", placeholder="All of them")

            def remove() -> None:
                analysis.remove(set(chosen or named))
                st.session_state.pop("remove-files", None)

            st.button("Remove them", type="primary", on_click=remove)


def readings() -> dict[str, Reading]:
    """How files are read, by id, where not as usual."""
    analysis = open_analysis()
    return analysis.readings() if analysis is not None else st.session_state.get("_readings", {})


def keep_readings(changed: dict[str, Reading]) -> None:
    """From now on, files are read so; by id."""
    analysis = open_analysis()
    if analysis is not None:
        analysis.read_otherwise(changed)
    else:
        st.session_state.setdefault("_readings", {}).update(changed)
