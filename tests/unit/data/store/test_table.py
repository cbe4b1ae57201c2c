"""Tables of data sets from anywhere are read within limits, and refused with their name."""

import numpy as np
import pandas as pd
import pytest

from lensmae.data.store.table import read_table
from lensmae.errors import DatasetError


def write(path, columns=3, rows=5):
    pd.DataFrame({f"c{place}": np.arange(rows) for place in range(columns)}).to_parquet(path, index=False)
    return path


def test_a_table_comes_back_as_it_was_written(tmp_path):
    found = read_table(write(tmp_path / "lenses.parquet"), 5)
    assert found.shape == (5, 3)
    assert found["c2"].tolist() == [0, 1, 2, 3, 4]


def test_other_rows_than_images_are_said_before_they_are_read(tmp_path):
    with pytest.raises(DatasetError, match=r"5 rows in lenses\.parquet for 6 images"):
        read_table(write(tmp_path / "lenses.parquet"), 6)


def test_too_many_columns_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="claims 2,001 columns"):
        read_table(write(tmp_path / "lenses.parquet", columns=2_001, rows=1), 1)


@pytest.mark.parametrize("seed", range(24))
def test_a_damaged_table_is_read_or_refused(tmp_path, seed):
    path = write(tmp_path / "lenses.parquet")
    data, draw = bytearray(path.read_bytes()), np.random.default_rng(seed)
    for place in draw.integers(len(data), size=4):
        data[place] = draw.integers(256)
    path.write_bytes(bytes(data[: int(draw.integers(4, len(data)))] if seed % 4 == 0 else data))
    try:
        said = f"{path.name} has {len(read_table(path, 5))} rows"
    except DatasetError as problem:
        said = str(problem)
    assert path.name in said
