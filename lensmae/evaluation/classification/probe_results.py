"""Results of `lensmae probe` that travel beside checkpoints: what a page says of a frozen encoder without measuring it."""

from pathlib import Path

import pandas as pd
from pandas.errors import EmptyDataError, ParserError

from lensmae.errors import DatasetError
from lensmae.evaluation.classification.probes import COLUMNS, separation

NAME = "representation.csv"


def read_probes(path: Path) -> pd.DataFrame:
    """The table, with columns `COLUMNS`; empty where there is no such file. Raises `DatasetError` where it is damaged."""
    if not path.is_file():
        return pd.DataFrame(columns=list(COLUMNS))
    try:
        table = pd.read_csv(path, dtype={"layer": str})
    except (OSError, ValueError, EmptyDataError, ParserError) as problem:
        raise DatasetError(f"{path} does not hold results of `lensmae probe`: {problem}.") from problem
    missing = set(COLUMNS) - set(table)
    if missing:
        raise DatasetError(f"{path} does not hold results of `lensmae probe`: no column {', '.join(sorted(missing))}.")
    return table


def said_of(path: Path, checkpoint: str) -> str | None:
    """How well a checkpoint, by name, separates the classes, in a sentence; None where it was never probed."""
    table = read_probes(path)
    own = table[table["checkpoint"] == checkpoint]
    return separation(own) if len(own) else None
