"""Can it tell dark matter models apart? ROC, accuracy, calibration and confusion of a classifier on a split."""

import streamlit as st

from lensmae.app import choices, loaders
from lensmae.app.widgets import SPLIT_OPTIONS, choose, figure, numbers, page_title
from lensmae.evaluation.tables import roc_table
from lensmae.figures import confusion_matrix, roc

LIMITS = {"60": 60, "200": 200, "1000": 1000, "all": None}

choice = choices.current()
page_title(
    "Classification",
    "Can it tell dark matter models apart? One-vs-rest ROC on softmax probabilities.",
)
data, entry = choice.dataset(), choice.checkpoint("classifier")
with st.container(horizontal=True, gap="large"):
    split = choose("Split", SPLIT_OPTIONS, "split")
    limit = choose("Lenses at most", list(LIMITS), "most", default=1)
report = loaders.classification(entry.path, data, split, LIMITS[limit])
if report.note:
    st.warning(report.note)
averaged = ", averaged over the eight symmetries" if entry.card.symmetric else ""
st.caption(f"Measured on {len(report.labels)} lenses of the {split} split of {data.name} with checkpoint {entry.name}{averaged}.")
areas, shares, errors, speed = st.columns(4)
areas.metric("Macro AUC", f"{report.macro_auc:.4f}", help="Mean of the one-vs-rest areas; chance is 0.5.", border=True)
shares.metric("Accuracy", f"{report.accuracy:.1%}", help="Share of lenses whose likeliest class is the true one.", border=True)
errors.metric("Calibration error (ECE)", f"{report.ece:.3f}", help="In 15 bins of confidence; 0 is best.", border=True)
speed.metric("Speed", f"{report.summary()['images_per_second']:.1f} images/s", border=True)
left, right = st.columns([3, 2], gap="large")
with left:
    st.subheader("ROC", anchor=False)
    zoomed = st.toggle("Logarithmic false-positive rate", key="logx", bind="query-params")
    figure(roc(report.curves, log_x=zoomed), "roc")
    numbers(roc_table(report.curves), f"roc-{entry.name}-{data.name}-{split}")
with right:
    st.subheader("Confusion", anchor=False)
    figure(confusion_matrix(report.confusion, report.classes), "confusion")
