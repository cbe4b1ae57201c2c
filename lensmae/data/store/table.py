"""The table of a data set, read only where its header claims no more than such a table has: it may come from anywhere."""

from pathlib import Path

import pandas as pd

from lensmae.errors import DatasetError

_MOST_COLUMNS = 2_000
_MOST_BYTES = 1 << 31
# Of the header's own lists and texts.
_MOST_ENTRIES, _MOST_TEXT = 1 << 18, 1 << 25


def read_table(path: Path, rows: int) -> pd.DataFrame:
    """A Parquet file of so many rows.

    Args:
        path: the file.
        rows: as the data set's record says.

    Raises `DatasetError` where it is damaged, has other rows, or claims an absurd size.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path, thrift_string_size_limit=_MOST_TEXT, thrift_container_size_limit=_MOST_ENTRIES) as file:
            header = file.metadata
            size = sum(header.row_group(place).total_byte_size for place in range(header.num_row_groups))
            counts = {"columns": (header.num_columns, _MOST_COLUMNS), "bytes": (size, _MOST_BYTES)}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as problem:
        raise DatasetError(f"{path} cannot be read: {problem}.") from problem
    if header.num_rows != rows:
        raise DatasetError(f"Data set {path.parent} is damaged: {header.num_rows} rows in {path.name} for {rows} images.")
    for what, (count, most) in counts.items():
        if not 0 <= count <= most:
            raise DatasetError(f"{path} claims {count:,} {what}; the limit is {most:,}. Make the data set again.")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as problem:
        raise DatasetError(f"{path} cannot be read: {problem}.") from problem
