"""Can it tell dark matter models apart? Curves, confusion, calibration, what it depends on, and what stands beside it."""

import streamlit as st

from lensmae.app.classification.axion_mass import masses
from lensmae.app.classification.calibration import calibration
from lensmae.app.classification.comparison import comparison
from lensmae.app.classification.curves import ranking
from lensmae.app.classification.dependence import labels, physics
from lensmae.app.classification.representation import representation
from lensmae.app.classification.robustness import robustness
from lensmae.app.classification.saliency import saliency
from lensmae.app.shared import choices, loaders
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import SPLIT_OPTIONS, choose, page_title
from lensmae.data.store.splits import split_text
from lensmae.evaluation.proportions import interval_text
from lensmae.evaluation.rounding import share

LIMITS = {"60": 60, "200": 200, "1000": 1000, "3000": 3000, "all": None}
VIEWS = {
    "curves": "Curves and confusion",
    "calibration": "Calibration",
    "physics": "Physics",
    "masses": "Axion mass",
    "comparison": "Comparison",
    "labels": "Few labels",
    "robustness": "Robustness",
    "representation": "Representation",
    "saliency": "One lens",
}

choice = choices.current()
page_title("Classification", "Can it tell dark matter models apart? One class against the others, on softmax probabilities.")
data, entry = choice.dataset(), choice.checkpoint("classifier")
with st.container(horizontal=True, gap="large"):
    split = choose("Split", SPLIT_OPTIONS, "split")
    limit = choose("Lenses at most", list(LIMITS), "most", default=1)
report = loaders.classification(entry.path, data, split, LIMITS[limit])
if report.note:
    st.warning(plain(report.note))
averaged = ", with test-time augmentation over the eight symmetries" if entry.card.symmetric else ", no test-time augmentation"
kind = loaders.kind_of_set(data)
st.caption(
    f"Measured on {len(report.labels)} lenses of {split_text(split)} of {data.name}{f' ({kind})' if kind else ''} with "
    f"checkpoint {entry.name}{averaged}."
)
row = st.container(horizontal=True)
area = share(report.macro_auc, ".4f") if report.curves else "–"
row.metric("Macro AUC", area, help="Mean of the one-vs-rest areas; chance is 0.5.", border=True, height="stretch")
row.metric(
    "Accuracy",
    share(report.accuracy, ".1%"),
    interval_text(round(report.accuracy * len(report.labels)), len(report.labels)),
    delta_color="off",
    delta_arrow="off",
    help="Share of lenses whose likeliest class is the true one, with its exact binomial interval (Clopper and Pearson).",
    border=True,
    height="stretch",
)
row.metric(
    "Calibration error (ECE)", f"{report.ece:.4f}", help="In 15 bins of confidence; 0 is best.", border=True, height="stretch"
)
row.metric("Speed (images/s)", f"{report.summary()['images_per_second']:.1f}", border=True, height="stretch")
view = choose("Look at", list(VIEWS), "view", VIEWS)
stem = f"{entry.name}-{data.name}-{split}"
if view == "curves":
    fragment(ranking)(report, data, choice, stem)
elif view == "calibration":
    fragment(calibration)(report, data, choice, LIMITS[limit], stem)
elif view == "physics":
    fragment(physics)(report, data, stem)
elif view == "masses":
    fragment(masses)(report, data, entry, stem)
elif view == "comparison":
    fragment(comparison)(report, data, choice, LIMITS[limit], stem)
elif view == "labels":
    fragment(labels)(stem)
elif view == "representation":
    fragment(representation)(data, choice, stem)
elif view == "robustness":
    fragment(robustness)(data, choice, split, stem)
else:
    fragment(saliency)(data, choice)
