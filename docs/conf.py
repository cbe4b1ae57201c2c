"""The site of the documentation, built by `sphinx-build -W docs build/site`. Pages are Markdown; the API comes from docstrings.

Some pages have their place elsewhere in the repository or are written from the code; they are put into `docs/generated` first.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import lensmae

_ROOT = Path(__file__).resolve().parents[1]
_GENERATED = _ROOT / "docs/generated"

project = "LensMAE"
author = copyright = "The LensMAE developers"
version = release = lensmae.__version__

extensions = ["myst_parser", "sphinx.ext.apidoc", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3
# Docstrings write `name` as Markdown does.
default_role = "code"

apidoc_modules = [
    {
        "path": _ROOT / "lensmae",
        "destination": "generated/api",
        "exclude_patterns": [str(_ROOT / "lensmae/app"), str(_ROOT / "lensmae/cli"), str(_ROOT / "lensmae/__main__.py")],
        # A page a package: the menu beside each page has all of them, so a page a module would take time by its square.
        "separate_modules": False,
        "module_first": True,
    }
]
# Each thing once, where it is defined; packages import the chief names of their modules.
autodoc_default_options = {"members": True, "member-order": "bysource", "ignore-module-all": True}
autodoc_inherit_docstrings = False
# Attributes of one name in several classes: a bare mention of it in a docstring links to none in particular.
suppress_warnings = ["ref.python"]
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "LensMAE"
html_show_sourcelink = False
html_show_copyright = False


def _write_generated() -> None:
    shutil.rmtree(_GENERATED, ignore_errors=True)
    _GENERATED.mkdir()
    for name, path in {
        "results.md": "checkpoints/RESULTS.md",
        "benchmarks.md": "benchmarks/README.md",
        "contributing.md": "CONTRIBUTING.md",
        "changelog.md": "CHANGELOG.md",
    }.items():
        text = (_ROOT / path).read_text(encoding="utf-8")
        (_GENERATED / name).write_text(text.replace("](docs/", "](../").replace("](CHANGELOG", "](changelog"), encoding="utf-8")
    for path in (_ROOT / "checkpoints").glob("results-*.png"):
        shutil.copyfile(path, _GENERATED / path.name)
    (_GENERATED / "networks.md").write_text(_networks(), encoding="utf-8")
    command = [sys.executable, "-m", "typer", "lensmae.cli", "utils", "docs", "--name", "lensmae", "--title", "Command line"]
    written = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True).stdout
    (_GENERATED / "commands.md").write_text(written, encoding="utf-8")


def _networks() -> str:
    """The cards of the shipped checkpoints, one after the other."""
    cards = [path.read_text(encoding="utf-8") for path in sorted((_ROOT / "checkpoints").glob("[a-z]*.md"))]
    return "# Networks\n\nThe checkpoints that come with LensMAE, as `lensmae promote` wrote their cards.\n\n" + "\n".join(
        re.sub("^#", "##", card, flags=re.MULTILINE) for card in cards
    )


_write_generated()
