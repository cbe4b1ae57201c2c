"""The shape of the house: what `lint-imports` (run by start.py) catches, what pages import, how large folders and files are."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint(folder):
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run([sys.executable, "-c", command, "--no-cache"], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("models/blocks.py", "import lensmae.training", "Imports run downward"),
        ("data/store/dataset.py", "import lensmae.models", "Imports run downward"),
        ("models/blocks.py", "import pytorch_lightning", "models and data know no training"),
        ("figures/__init__.py", "import torch", "figures knows no torch"),
        ("evaluation/metrics.py", "import streamlit", "Only app, pages and dashboard"),
        ("evaluation/metrics.py", "import benchmarks", "Benchmarks and studies stand beside"),
    ],
)
def test_the_contracts_catch_an_import_that_breaks_them(tmp_path, module, line, contract):
    """A copy of the package with one forbidden import more is refused, by the contract that forbids it."""
    packages = [path for package in ("lensmae", "benchmarks", "studies") for path in ROOT.glob(f"{package}/**/*.py")]
    for path in [*packages, ROOT / "pyproject.toml"]:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    target = tmp_path / "lensmae" / module
    target.write_text(target.read_text() + f"\n{line}\n")
    result = lint(tmp_path)
    assert result.returncode != 0
    broken = [text for text in result.stdout.splitlines() if "BROKEN" in text]
    assert any(contract in text for text in broken), result.stdout


def page_imports():
    for path in [*ROOT.glob("pages/*.py"), ROOT / "dashboard.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            yield from ((path.name, name.split(".")[0]) for name in names)


def test_pages_hold_no_training_code_file_formats_or_networks():
    forbidden = {"torch", "pytorch_lightning", "lenstronomy", "safetensors", "astropy", "h5py", "joblib", "pickle"}
    found = list(page_imports())
    assert found
    assert [entry for entry in found if entry[1] in forbidden] == []


def test_no_folder_has_more_than_eighteen_modules_and_no_file_more_than_four_hundred_lines():
    """`__init__.py` is a module too."""
    rooms = ("lensmae", "pages", "benchmarks", "studies", "tests", "docs")
    modules = [*ROOT.glob("*.py"), *(path for room in rooms for path in ROOT.glob(f"{room}/**/*.py"))]
    folders = Counter(str(path.parent.relative_to(ROOT)) for path in modules)
    assert {folder: count for folder, count in folders.items() if count > 18} == {}
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {path: length for path, length in lengths.items() if length > 400} == {}
