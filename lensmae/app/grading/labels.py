"""Labels of one's own for a new data set: grades, or tags."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.errors import DatasetError

_OWN = {"grade": "their grade", "tag": "their tags"}
_LACKED = {"grade": "a grade", "tag": "one of these tags alone"}


def choose_labels(tags: pd.Series, others: Mapping[str, str]) -> tuple[str, list[str]]:
    """Draw the choice, in a form; what labels come from, and which tags are classes.

    Args:
        tags: (N,) tuples, of the images that may get labels.
        others: further choices and their titles, the first of them before grades and tags.
    """
    (first, title), *rest = others.items()
    titles = {first: title, **_OWN, **dict(rest)}
    by = st.selectbox("Labelled by", list(titles), format_func=titles.get, help="Images without a label are left out.")
    known = sorted({tag for own in tags for tag in own})
    helped = "For labels by tags: images with none of these, or with several, are left out."
    return by, st.multiselect("Tags that are classes", known, default=known, help=helped) if known else []


def own_labels(table: pd.DataFrame, by: str, tags: Sequence[str]) -> np.ndarray:
    """Labels (N,) from the columns grade and tags (tuples) of a table, "" where an image has none.

    Args:
        table: of the images.
        by: "grade" or "tag".
        tags: that are classes.

    Raises:
        DatasetError: where no image has a label.
    """
    if by == "grade":
        labels = table["grade"].to_numpy(dtype=str)
    else:
        own = [[tag for tag in several if tag in tags] for several in table["tags"]]
        labels = np.array([several[0] if len(several) == 1 else "" for several in own], dtype=str)
    if not (labels != "").any():
        raise DatasetError(f"None of these {len(table):,} images has {_LACKED[by]}, so there is no label.")
    return labels


def made(name: str, counts: Mapping[str, int], left_out: int) -> str:
    """What a new data set holds, in a sentence."""
    classes = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    left = f" {left_out:,} without a label are left out." if left_out else ""
    return f"Data set {name} holds {sum(counts.values()):,} lenses: {classes}.{left}"
