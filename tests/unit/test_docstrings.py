"""Public functions say what they take: ruff holds that they have docstrings, this that long lists of parameters are told."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The rooms that others call; pages' own parts are read where they stand.
MODULES = [path for path in sorted((ROOT / "lensmae").rglob("*.py")) if path.relative_to(ROOT / "lensmae").parts[0] != "app"]
FEWEST = 4


def public_functions(node: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Those whose names, and whose classes' names, have no underscore; commands say in their options what they take."""
    for child in getattr(node, "body", []):
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from public_functions(child, f"{child.name}.")
        elif isinstance(child, ast.FunctionDef) and not child.name.startswith("_") and not is_command(child):
            yield f"{inside}{child.name}", child


def is_command(function: ast.FunctionDef) -> bool:
    called = [decorator.func for decorator in function.decorator_list if isinstance(decorator, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr in ("command", "callback") for one in called)


def parameters(function: ast.FunctionDef) -> list[ast.arg]:
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [one for one in every if one.arg not in ("self", "cls") and not one.arg.startswith("_")]


def told(docstring: str) -> set[str]:
    """Names in the section Args, of which one line may hold several: "x, y: ..."."""
    section = re.split(r"\n(?:Returns|Raises|Yields):", docstring.partition("Args:\n")[2])[0]
    lines = re.findall(r"^    (\*{0,2}\w+(?:, \*{0,2}\w+)*):", section, re.MULTILINE)
    return {name.strip(" *") for line in lines for name in line.split(",")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_four_or_more_parameters_are_told_one_by_one(path):
    for name, function in public_functions(ast.parse(path.read_text(encoding="utf-8"))):
        docstring = ast.get_docstring(function) or ""
        names = {one.arg for one in parameters(function)}
        # A method that another describes says of which: "As of `Feed`."
        if not docstring.startswith("As of `") and (len(names) >= FEWEST or "Args:\n" in docstring):
            assert names - told(docstring) == set(), f"{name} does not tell all of its parameters"


def test_the_check_finds_what_is_missing():
    code = 'def f(a, b, c, d):\n    """Do it.\n\n    Args:\n        a, b: numbers.\n        c: more.\n    """\n'
    (name, function), *_ = public_functions(ast.parse(code))
    assert name == "f"
    assert {one.arg for one in parameters(function)} - told(ast.get_docstring(function)) == {"d"}
