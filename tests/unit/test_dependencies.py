"""What the package declares, what the lock files pin, and what the code imports are the same libraries."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DECLARED = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
DEVELOPMENT = [Requirement(line) for line in PROJECT["dependency-groups"]["dev"]]
# What a user may have beside LensMAE, and is told about where it is missing.
OPTIONAL = [Requirement(line) for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines]


def pins(lock: str) -> dict[str, str]:
    """Version of every library that a lock file lists for this Python and system."""
    lines = [line for line in (ROOT / lock).read_text().splitlines() if line and not line.lstrip().startswith("#")]
    found = [Requirement(line) for line in lines]
    return {
        canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in found if r.marker is None or r.marker.evaluate()
    }


@pytest.mark.parametrize(
    ("lock", "declared"),
    [("requirements.txt", DECLARED), ("requirements-dev.txt", [*DECLARED, *DEVELOPMENT])],
    ids=["user", "dev"],
)
def test_a_lock_file_pins_each_declared_library_inside_its_range(lock, declared):
    pinned = pins(lock)
    for requirement in declared:
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


def test_both_lock_files_pin_the_same_versions():
    development = pins("requirements-dev.txt")
    assert {name: development.get(name) for name in pins("requirements.txt")} == pins("requirements.txt")


def test_what_is_tested_is_what_is_pinned():
    pinned = pins("requirements-dev.txt")
    names = [canonicalize_name(requirement.name) for requirement in [*DECLARED, *DEVELOPMENT]]
    assert {name: version(name).partition("+")[0] for name in names} == {name: pinned[name] for name in names}


def test_the_package_imports_declared_libraries_only():
    owners = packages_distributions()
    declared = {canonicalize_name(requirement.name) for requirement in [*DECLARED, *OPTIONAL]}
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "lensmae").rglob("*.py")
        for name in imported(path) - set(sys.stdlib_module_names) - {"lensmae"}
        if not declared & {canonicalize_name(owner) for owner in owners[name]}
    }
    assert strangers == set()


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names
