"""Every command that the documentation shows is one that `lensmae` takes, with options that it has."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from lensmae.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks/README.md"]
# A line of an indented block, and words between backticks.
SHOWN = re.compile(r"^    (?:\.venv/bin/)?lensmae (.+)$|`lensmae ([^`]+)`", re.MULTILINE)


def commands():
    for page in PAGES:
        for line, inline in SHOWN.findall(page.read_text(encoding="utf-8")):
            words = shlex.split(line or inline, comments=True)
            # An abbreviated one is no whole command.
            if "..." in words:
                continue
            yield pytest.param(words, id=f"{page.name}: {' '.join(words)}")


@pytest.mark.parametrize("words", list(commands()))
def test_a_documented_command_can_be_given(words):
    command, asked = get_command(app), list(words)
    context = command.make_context("lensmae", [], resilient_parsing=True)
    while hasattr(command, "get_command") and asked and not asked[0].startswith("-"):
        name = asked.pop(0)
        # `SET`, `RUN`: what a reader is to fill in.
        if name.isupper():
            return
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name!r}"
        command, context = found, found.make_context(name, [], parent=context, resilient_parsing=True)
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    given = [word.partition("=")[0] for word in asked if re.fullmatch(r"--?[a-z][a-z0-9-]*(=.*)?", word)]
    assert set(given) <= options, f"no option {sorted(set(given) - options)}"
