"""The dashboard: `streamlit run dashboard.py`. Pages are registered here; what they share stands in `lensmae.app`."""

import streamlit as st
from streamlit import runtime

if runtime.exists():
    from lensmae.app.shell import open_page

    st.set_page_config(page_title="LensMAE", page_icon="🔭", layout="wide")
    PAGES = [
        st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page("pages/reconstruction.py", title="Reconstruction", icon=":material/blur_on:"),
        st.Page("pages/classification.py", title="Classification", icon=":material/category:"),
        st.Page("pages/superresolution.py", title="Super-resolution", icon=":material/hd:"),
        st.Page("pages/embeddings.py", title="Embeddings", icon=":material/scatter_plot:"),
        st.Page("pages/analyse.py", title="Analyse", icon=":material/upload_file:"),
        st.Page("pages/lens_lab.py", title="Lens lab", icon=":material/science:"),
        st.Page("pages/data.py", title="Data", icon=":material/database:"),
        st.Page("pages/training.py", title="Training", icon=":material/model_training:"),
    ]
    open_page(st.navigation(PAGES))
else:
    # `streamlit run` looks for an application before there is a server: this script again, behind headers that browsers obey.
    from lensmae.app.headers import MIDDLEWARE

    app = st.App(__file__, middleware=MIDDLEWARE)
