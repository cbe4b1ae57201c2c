"""What stands beside the package in a clone of the repository: studies and benchmarks. An installed wheel does not have them."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from lensmae.errors import ConfigError

_ROOT = Path(__file__).resolve().parents[2]


def from_clone(name: str) -> ModuleType:
    """Import `studies.X` or `benchmarks.X` from the clone that this package belongs to.

    Raises:
        ConfigError: where the package was installed without its repository.
    """
    if not (_ROOT / name.replace(".", "/")).with_suffix(".py").is_file() and not (_ROOT / name.replace(".", "/")).is_dir():
        raise ConfigError(
            "Benchmarks and studies are part of LensMAE's repository, not of the installed package; "
            "run this command in a clone of it."
        )
    if str(_ROOT) not in sys.path:
        sys.path.append(str(_ROOT))
    return import_module(name)
