"""Weights that others trained, loaded from the sidebar: they become a checkpoint of the workspace."""

import tempfile
from pathlib import Path

import streamlit as st

from lensmae.app.shared.plain_text import plain
from lensmae.errors import LensMAEError
from lensmae.workspace import read_only

_TYPES = ["safetensors", "pt", "pth", "bin", "ckpt"]
_MOST_MB = 2000
_SAID = "_converted"


def load_weights() -> None:
    """A form for a file of masked-autoencoder weights, where this dashboard may write."""
    if read_only():
        return
    with st.popover("Load weights", icon=":material/upload:", width="stretch"):
        st.caption(
            "Masked autoencoders of IcarusWizard/MAE, facebookresearch/mae, timm or Hugging Face's ViTMAE become a checkpoint "
            "that every page takes. Nothing in the file is run."
        )
        with st.form("weights", border=False):
            file = st.file_uploader("Weights", type=_TYPES, max_upload_size=_MOST_MB)
            name = st.text_input("Name of the checkpoint", max_chars=60)
            if st.form_submit_button("Load", icon=":material/upload:"):
                _load(file, name.strip())
        said = st.session_state.pop(_SAID, None)
        if said:
            st.success(said, icon=":material/check:")


def _load(file: object, name: str) -> None:
    if file is None or not name:
        st.error("Choose a file and give the checkpoint a name.")
        return
    from lensmae.models.foreign import save_converted

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload{Path(file.name).suffix}"
        path.write_bytes(file.getbuffer())
        try:
            with st.spinner("Reading the weights …"):
                _, conversion = save_converted(path, name)
        except LensMAEError as problem:
            st.error(plain(str(problem).replace(path.name, file.name)))
            return
    unused = f" Not used: {plain(', '.join(conversion.unused))}." if conversion.unused else ""
    st.session_state[_SAID] = f"{plain(name)} is a checkpoint now ({conversion.layout}); choose it above.{unused}"
    st.rerun()
