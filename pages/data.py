"""What do I have? The data sets of the workspace, how to make and import more, and a look into each."""

import streamlit as st

from lensmae.app.data import browse, dataset_jobs, new_dataset
from lensmae.app.grading import sheet
from lensmae.app.shared import choices, loaders
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.widgets import choose, empty_state, page_title, unknown_value
from lensmae.workspace import read_only

VIEWS = {"gallery": "Gallery", "parameters": "Parameters", "lens": "One lens", "grades": "Grades"}


def look(choice: choices.Choice, name: str) -> None:
    """A look into the data set of this name."""
    info = named[name]
    browse.headline(info)
    view = choose("Show", list(VIEWS), "view", VIEWS)
    if view == "gallery":
        browse.gallery(info, choice)
    elif view == "parameters":
        browse.parameters(info)
    elif view == "lens":
        browse.one_lens(info, choice)
    else:
        sheet.grades(info, choice)


choice = choices.current()
page_title("Data", "What do I have? Simulated and imported lenses, with their splits and every parameter that is known of them.")
if jobs := dataset_jobs.all_jobs():
    active = any(job.active for job in jobs.values())
    fragment(new_dataset.watch_jobs, run_every=1.0 if active else None)()
infos = loaders.datasets() + loaders.datasets(pairs=True)
if not read_only():
    with st.expander("New data set", expanded=not infos, icon=":material/add_circle:"):
        fragment(new_dataset.add)()
if not infos:
    empty_state("There are no data sets here yet. Simulate or import one above, or run `lensmae simulate model_ii NAME`.")
browse.table(infos)
named = {info.name: info for info in infos}
default = choice.data.name if choice.data else infos[0].name
if deleted := st.session_state.pop("_deleted", None):
    st.success(f"{deleted} is deleted.", icon=":material/delete:")
else:
    unknown_value("set", list(named), "data set", default)
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    chosen = st.selectbox("Look into", list(named), list(named).index(default), key="set", bind="query-params", width=320)
    browse.tools(named[chosen])
fragment(look)(choice, chosen)
