"""Train a network: launch runs, follow their curves, stop, resume, compare and promote them."""

import streamlit as st

from lensmae.app.shared import choices
from lensmae.app.shared.guard import fragment, plain_errors
from lensmae.app.shared.widgets import empty_state, page_title, unknown_value
from lensmae.app.training.compare import compare
from lensmae.app.training.monitor import follow
from lensmae.app.training.new_run import duplicated, new_run
from lensmae.app.training.run_list import run_table
from lensmae.training import list_runs
from lensmae.workspace import read_only

choices.current()
page_title(
    "Training", "Train a network of your own. A run is a process of its own: it goes on when browser and dashboard are closed."
)
if read_only():
    empty_state("This dashboard is read-only: training is switched off.")
runs = [status.id for status in list_runs()]
with st.expander("New run", expanded=not runs or duplicated(), icon=":material/add_circle:"):
    new_run()
st.header("Runs", anchor=False)
if not runs:
    st.info("No run yet. The recipe “demo” takes about a minute on two cores.", icon=":material/info:")
else:
    fragment(run_table, run_every=10.0)()
    unknown_value("run", runs, "run", runs[0])
    chosen = st.selectbox("Follow", runs, key="run", bind="query-params")
    with plain_errors():
        follow(chosen)
    if len(runs) > 1:
        with st.expander("Compare runs", expanded="compare" in st.query_params, icon=":material/compare_arrows:"):
            fragment(compare)(runs)
