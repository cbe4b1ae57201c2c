"""The dashboard: `streamlit run dashboard.py`. Pages are registered here; what they share stands in `lensmae.app`."""

import streamlit as st

from lensmae.app.shell import open_page

st.set_page_config(page_title="LensMAE", page_icon=":material/blur_circular:", layout="wide")
PAGES = [
    st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
    st.Page("pages/reconstruction.py", title="Reconstruction", icon=":material/blur_on:", url_path="reconstruction"),
    st.Page("pages/classification.py", title="Classification", icon=":material/category:", url_path="classification"),
    st.Page("pages/superresolution.py", title="Super-resolution", icon=":material/hd:", url_path="super-resolution"),
    st.Page("pages/embeddings.py", title="Embeddings", icon=":material/scatter_plot:", url_path="embeddings"),
    st.Page("pages/analyse.py", title="Analyse", icon=":material/upload_file:", url_path="analyse"),
    st.Page("pages/training.py", title="Training", icon=":material/model_training:", url_path="training"),
]
open_page(st.navigation(PAGES))
