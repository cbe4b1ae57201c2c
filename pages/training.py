"""Make me a better one: launch a run in the background, follow its curve, stop and resume it."""

import streamlit as st

from lensmae.app import choices, loaders
from lensmae.app.forms import config_form
from lensmae.app.guard import fragment
from lensmae.app.runs import follow, run_table
from lensmae.app.widgets import choose, page_title, unknown_value
from lensmae.training import RECIPES, launch, list_runs
from lensmae.workspace import read_only

TITLES = {"pretrain": "Masked autoencoder", "classifier": "Classifier", "superres": "Super-resolver"}


def start() -> None:
    kind = choose("What to train", list(TITLES), "kind", TITLES)
    recipes = list(RECIPES[kind])
    recipe = choose("Recipe", recipes, f"recipe-{kind}", default=len(recipes) - 1)
    sets = [info.name for info in loaders.datasets(pairs=kind == "superres")]
    if not sets:
        st.info("There is no data set for this yet; `lensmae simulate` makes one.")
        return
    starts = ["scratch"] if kind == "pretrain" else []
    starts += [entry.name for entry in loaders.checkpoints("mae")]
    config = config_form(kind, recipe, {"data": sets, "init": [*starts, *([] if kind == "pretrain" else ["scratch"])]})
    if config is not None:
        run_id = launch(config)
        st.session_state["run"] = run_id
        st.toast(f"Run {run_id} is starting.", icon=":material/rocket_launch:")
        st.rerun()


choices.current()
page_title("Training", "Make a better one. A run is a process of its own: it goes on when browser and dashboard are closed.")
if read_only():
    st.info("This dashboard is read-only: runs can be looked at, not started or changed.", icon=":material/lock:")
else:
    with st.expander("New run", expanded=not list_runs(), icon=":material/add_circle:"):
        start()
runs = [status.id for status in list_runs()]
st.subheader("Runs", anchor=False)
if not runs:
    st.info("No run yet. The recipe “demo” takes a minute or two on two cores.", icon=":material/info:")
else:
    fragment(run_table, run_every=5.0)()
    unknown_value("run", runs, "run", runs[0])
    chosen = st.selectbox("Follow", runs, key="run", bind="query-params")
    fragment(follow, run_every=2.0)(chosen)
