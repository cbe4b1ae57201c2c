"""What in a folder of strangers is read: no pipes or devices, no links that lead out, no names that are no text."""

import os
from collections.abc import Iterator
from pathlib import Path

# So many entries of a folder are looked through for what is left out.
_MOST_LOOKED_AT = 100_000


def unusable(path: Path, root: Path) -> str:
    """Why an entry under `root` is left out; empty where it is not.

    Args:
        path: the entry.
        root: a link may lead to another place in it.
    """
    try:
        path.name.encode("utf-8")
        if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            return "it is a link that leads out of the folder"
        if path.is_dir():
            return "" if os.access(path, os.R_OK | os.X_OK) else "it is a folder that may not be read"
        return "" if path.is_file() else "it is no regular file"
    except UnicodeEncodeError:
        return "its name is no text in UTF-8"
    except OSError as problem:
        return f"it cannot be looked at ({problem.strerror or problem})"
    except RuntimeError:
        # Python before 3.13 says so of links in a circle.
        return "it is a link that leads to itself"


def left_out(root: Path) -> list[str]:
    """Entries of a folder and the folders in it that are not read: path in it, and the reason."""
    found = []
    for index, path in enumerate(_entries(root)):
        if index >= _MOST_LOOKED_AT:
            break
        if reason := unusable(path, root):
            name = path.relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode()
            found.append(f"{name} ({reason})")
    return found


def _entries(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not name.startswith((".", "__"))]
        yield from (Path(folder) / name for name in (*names, *files) if not name.startswith("."))
