"""What README shows runs as it stands, and its table comes from the last report."""

import re
from pathlib import Path

from lensmae.errors import ConfigError
from lensmae.workspace import read_json
from studies.report_text import headline_table, shipped_only

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_is_short():
    assert len(README.encode()) <= 6000


def test_the_python_of_readme_runs(workspace_with_lenses):
    code = re.search("```python\n(.*?)```", README, flags=re.DOTALL).group(1)
    assert len(code.splitlines()) <= 10
    found = {}
    exec(compile(code, "README.md", "exec"), found)
    assert found["reconstruction"].prediction.shape == (8, 64, 64)
    assert found["probabilities"].shape == (8, 3)


def test_the_table_is_of_the_last_report():
    table = headline_table(shipped_only(read_json(ROOT / "checkpoints/results.json", ConfigError)))
    assert table in README
