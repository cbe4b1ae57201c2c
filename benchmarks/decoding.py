"""What it costs that files are decoded in a process of their own, beside the same reader in this process."""

import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import psutil
import tifffile
from astropy.io import fits
from PIL import Image

from lensmae.data.images import guarded_reader, reader
from lensmae.progress import Progress

_SIDE = 64
# A cut-out of a survey.
_WIDE = 200


@dataclass(frozen=True)
class DecodingResult:
    """A batch of ordinary files, equally many of each kind, read in turn by both readers.

    Attributes:
        files: in the batch.
        rounds: how often each reader read it.
        ratio: of the batch's processor time with the decoding process to that in this one alone, each the
            least over rounds.
        one_by_one_ratio: the same where each file is asked for after the last one's answer, as pages do.
        ratios: as `ratio`, by kind of file.
        milliseconds: a file of each kind takes in this process, the median over rounds.
    """

    files: int
    rounds: int
    ratio: float
    one_by_one_ratio: float
    ratios: dict[str, float]
    milliseconds: dict[str, float]


def decoding(progress: Progress, per_kind: int = 60, rounds: int = 7) -> DecodingResult:
    """Write files of five kinds and read them, now in this process, now in the other."""
    readers = {"here": _here, "each": _each, "one by one": _one_by_one}
    with tempfile.TemporaryDirectory() as folder:
        kinds = _write(Path(folder), per_kind)
        batch = [path for paths in zip(*kinds.values(), strict=True) for path in paths]
        for read in readers.values():
            read(batch)
        seconds: dict[tuple[str, str], list[float]] = {}
        for done in range(rounds):
            for kind, files in [("all", batch), *kinds.items()]:
                # Turn about which goes first, so that none profits from its place.
                for name in list(readers)[done % 3 :] + list(readers)[: done % 3]:
                    seconds.setdefault((kind, name), []).append(_timed(readers[name], files))
            progress(done + 1, rounds)
    return DecodingResult(
        files=len(batch),
        rounds=rounds,
        ratio=_ratio(seconds, "all", "each"),
        one_by_one_ratio=_ratio(seconds, "all", "one by one"),
        ratios={kind: _ratio(seconds, kind, "each") for kind in kinds},
        milliseconds={kind: 1000 * statistics.median(seconds[kind, "here"]) / per_kind for kind in kinds},
    )


def _write(folder: Path, count: int) -> dict[str, list[Path]]:
    rng = np.random.default_rng(0)
    kinds: dict[str, list[Path]] = {kind: [] for kind in ("npy", "fits", "png", "tif", "h5")}
    for place in range(count):
        image = rng.random((_SIDE, _SIDE), dtype=np.float32)
        paths = {kind: folder / f"lens{place}.{kind}" for kind in kinds}
        np.save(paths["npy"], image)
        wide = fits.ImageHDU(rng.random((_WIDE, _WIDE), dtype=np.float32), name="SCI")
        fits.HDUList([fits.PrimaryHDU(), wide]).writeto(paths["fits"])
        Image.fromarray((image * 255).astype(np.uint8)).save(paths["png"])
        tifffile.imwrite(paths["tif"], image)
        with h5py.File(paths["h5"], "w") as file:
            file["image"] = image
        for kind, path in paths.items():
            kinds[kind].append(path)
    return kinds


def _here(files: Sequence[Path]) -> None:
    for path in files:
        reader.read_image(path)


def _each(files: Sequence[Path]) -> None:
    for _, found in guarded_reader.read_all_lenses([(path, path.name) for path in files]):
        if isinstance(found, Exception):
            raise found


def _one_by_one(files: Sequence[Path]) -> None:
    for path in files:
        guarded_reader.read_image(path)


def _timed(read: Callable[[Sequence[Path]], None], files: Sequence[Path]) -> float:
    """Seconds of processor time, of this process and of the decoding process, which is there already."""
    start = _processor_seconds()
    read(files)
    return _processor_seconds() - start


def _processor_seconds() -> float:
    seconds = time.process_time()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            seconds += times.user + times.system
    return seconds


def _ratio(seconds: dict[tuple[str, str], list[float]], kind: str, name: str) -> float:
    # What else the machine does only ever adds processor time, by what it does to the caches.
    return min(seconds[kind, name]) / min(seconds[kind, "here"])
