"""The architecture page names files that there are, in walks that enter no file twice."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
WALKS = dict(re.findall(r"^### (.+?)\n(.+?)(?=^#|\Z)", PAGE, flags=re.DOTALL | re.MULTILINE))
FILE = re.compile(r"`([\w/]+\.(?:py|js))`")


def test_there_are_four_walks():
    assert len(WALKS) == 4


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_has_a_file_a_step_and_none_twice(walk):
    steps = re.findall(r"^\d+\. .*?(?=^\d+\. |^$|\Z)", WALKS[walk], flags=re.DOTALL | re.MULTILINE)
    files = [FILE.findall(step) for step in steps]
    assert all(len(named) == 1 for named in files), files
    named = [file for (file,) in files]
    assert len(named) == len(set(named)) >= 10
    assert [file for file in named if not (ROOT / file).is_file()] == []


def test_the_folders_of_the_table_are_all_there():
    table = re.findall(r"^\| (`.*?`) \|", PAGE, flags=re.MULTILINE)
    named = [name for cell in table for name in re.findall("`([^`]+)`", cell)]
    assert [name for name in named if not (ROOT / name).exists()] == []
    packages = {f"lensmae/{path.parent.name}/" for path in (ROOT / "lensmae").glob("*/__init__.py")}
    assert packages <= set(named)


def test_every_file_that_the_page_names_is_there():
    named = set(FILE.findall(PAGE))
    assert len(named) > 60
    assert [file for file in named if "/" in file and "NAME" not in file and not (ROOT / file).is_file()] == []
