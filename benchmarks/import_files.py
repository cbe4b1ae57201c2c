"""How fast `lensmae import` reads DeepLense's layout, and how much memory it takes."""

import json
import secrets
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensmae.data import delete_dataset, open_dataset
from lensmae.data.exchange.exporting import save_image, with_mass
from lensmae.progress import Progress

_SIDE = 64
_LOOK_S = 0.05
# In a process of its own, whose memory is not this one's.
_CODE = """
import json, sys, time
from pathlib import Path
from lensmae.data import import_dataset
start = time.perf_counter()
report = import_dataset(Path(sys.argv[1]), sys.argv[2])
print(json.dumps({"seconds": time.perf_counter() - start, "skipped": len(report.skipped)}))
"""


@dataclass(frozen=True)
class ImportResult:
    """Import of npy files of 64x64 float64 pixels, a third of them axion files, with all cores and a warm cache.

    Attributes:
        files: read.
        seconds: from looking for files to the opened data set; the start of the processes and the writing are in it.
        files_per_second: of the two.
        peak_memory_mb: largest sum of the resident memory of all its processes, memory-mapped pages included; None where the
            system does not say.
    """

    files: int
    seconds: float
    files_per_second: float
    peak_memory_mb: float | None


def import_files(progress: Progress, per_class: int = 6667) -> ImportResult:
    """Write three class folders, read them once to warm the cache, import them into the workspace, and delete all of it."""
    name = f"benchmark-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder:
        files = _write(Path(folder), per_class, progress)
        for path in Path(folder).glob("*/*.npy"):
            path.read_bytes()
        told, peak = _import(folder, name)
    try:
        counted = open_dataset(name).info.n
    finally:
        delete_dataset(name)
    if counted != files or told["skipped"]:
        raise RuntimeError(f"{counted} of {files} files arrived.")
    return ImportResult(files, told["seconds"], files / told["seconds"], peak)


def _write(folder: Path, per_class: int, progress: Progress) -> int:
    rng = np.random.default_rng(0)
    for index, kind in enumerate(("no_sub", "cdm", "axion")):
        for count in range(per_class):
            image = rng.random((_SIDE, _SIDE))
            path = folder / kind / f"{kind}_sim_{rng.integers(1 << 60)}_{count}.npy"
            save_image(path, with_mass(image, 1e-23) if kind == "axion" else image)
        progress(index + 1, 4)
    return 3 * per_class


def _import(folder: str, name: str) -> tuple[dict[str, float], float | None]:
    process = subprocess.Popen([sys.executable, "-c", _CODE, folder, name], stdout=subprocess.PIPE, text=True)
    peak: float | None = None
    while True:
        try:
            text, _ = process.communicate(timeout=_LOOK_S)
            break
        except subprocess.TimeoutExpired:
            now = _resident(process.pid)
            peak = now if peak is None or (now is not None and now > peak) else peak
    if process.returncode:
        raise RuntimeError(f"The import ended with status {process.returncode}.")
    return json.loads(text), peak


def _resident(pid: int) -> float | None:
    """Resident memory of a process and its descendants in MB, as Linux tells it; None elsewhere."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return None
    # A child may end between the two looks.
    return pages * 4096 / 1e6 + sum(_resident(int(child)) or 0.0 for child in children)
