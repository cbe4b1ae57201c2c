"""Where what travels with LensMAE lies: the dashboard, its pages and the trained networks.

In a clone of the repository they stand beside the package; a wheel carries them inside it, in `_shipped` (pyproject.toml).
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "_shipped" if (_PACKAGE / "_shipped").is_dir() else _PACKAGE.parent

CHECKPOINTS = _ROOT / "checkpoints"
DASHBOARD = _ROOT / "dashboard.py"
