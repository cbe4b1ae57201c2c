"""Thousands of hostile files: each gives an image or a message that names it, and good ones are read in between."""

import itertools
from pathlib import Path

import pytest

from tests.fuzz.generator import hostile_files
from tests.fuzz.records import run_records
from tests.fuzz.running import run

# `python -m tests.fuzz` makes as many as are asked for.
COUNT = 1000


def test_the_generator_gives_the_same_files_for_the_same_seed():
    few = dict(itertools.islice(hostile_files(10_000, seed=3), 60))
    assert few == dict(hostile_files(60, seed=3))
    assert few != dict(hostile_files(60, seed=4))


def test_hostile_tables_and_weights_are_read_or_refused(tmp_path: Path):
    found = run_records(400, 0, tmp_path)
    assert found.surprises == {}
    assert found.read + found.refused == 400
    assert found.read > 4
    assert found.most_cpu < 10


@pytest.mark.slow
def test_hostile_files_give_an_image_or_a_message(tmp_path: Path):
    found = run(COUNT, 0, tmp_path)
    assert found.surprises == {}
    assert found.read + found.refused == COUNT
    # The generator reaches both: what is merely damaged, and what ends a decoder.
    assert found.read > COUNT // 20
    assert found.refused > COUNT // 4
    assert found.good == COUNT // 50
    assert found.most_cpu < 10
    assert found.most_memory < 1_000_000_000
