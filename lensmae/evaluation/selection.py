"""Tables of lenses chosen in a plane of embeddings."""

import numpy as np
import pandas as pd

from lensmae.evaluation.facts import Fact


def count_table(classes: np.ndarray, chosen: np.ndarray) -> pd.DataFrame:
    """One row a class of the plane: how many of its lenses are chosen, of how many, and the class's share of the selection.

    Args:
        classes: (N,) class of every lens of the plane.
        chosen: (N,) bool.
    """
    counts = pd.DataFrame({"class": classes, "chosen": chosen}).groupby("class", sort=True)["chosen"].agg(["sum", "size"])
    share = counts["sum"] / max(1, int(chosen.sum()))
    return pd.DataFrame({"class": counts.index, "selected": counts["sum"], "of": counts["size"], "share": share}).reset_index(
        drop=True
    )


def selection_table(lenses: pd.DataFrame, rows: np.ndarray, points: np.ndarray, colour: Fact | None = None) -> pd.DataFrame:
    """One row a lens: its row in the data set, its facts (lists left out), its place in the plane, and what it is coloured by.

    Args:
        lenses: (N) their rows of the data set's table.
        rows: (N,) their rows in the data set.
        points: (N, 2 or 3) their places.
        colour: the values the points are coloured by.
    """
    lists = [name for name in lenses.columns if len(lenses) and isinstance(lenses[name].iloc[0], list | np.ndarray)]
    table = lenses.drop(columns=lists).reset_index(drop=True)
    table.insert(0, "row", rows)
    places = {name: points[:, place] for place, name in enumerate("xyz"[: points.shape[1]])}
    table = table.assign(**{f"plane_{name}": values for name, values in places.items()})
    if colour is None or colour.name in table.columns:
        return table
    return table.assign(**{colour.name: colour.names if colour.values is None else colour.values})
