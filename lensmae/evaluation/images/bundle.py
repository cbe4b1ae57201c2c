"""All that networks made of a list of files, as one zip: records, the images they drew, a table."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lensmae.evaluation.images.analyse import Analysis, Refusal
from lensmae.evaluation.images.answers import record
from lensmae.evaluation.images.derived_images import Product
from lensmae.evaluation.images.virtual_observatory import votable_bytes
from lensmae.progress import Progress

_LONGEST = 80


@dataclass(frozen=True)
class Entry:
    """One file: what the networks say of it, and how the images that they drew are made.

    Attributes:
        products: makes them one by one; they are large.
    """

    answer: Analysis | Refusal
    products: Callable[[], Iterator[Product]]


def write_bundle(
    path: Path,
    entries: Sequence[Entry],
    files: Callable[[str, Product], dict[str, bytes]],
    progress: Progress | None = None,
) -> None:
    """Write answers as json, and for every file that was read its images, under names that no two share.

    Args:
        path: of the zip file.
        entries: the answers, with what their images are made from.
        files: (stem, product) -> content by name, what is stored of a product.
        progress: called with (files done, files in all).
    """
    answers = [entry.answer for entry in entries]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr("answers.json", json.dumps([record(answer) for answer in answers], indent=2))
        for done, (stem, entry) in enumerate(zip(safe_stems([answer.name for answer in answers]), entries, strict=True), start=1):
            if isinstance(entry.answer, Analysis):
                for product in entry.products():
                    for name, content in files(f"{stem}.{product.kind}", product).items():
                        archive.writestr(f"images/{name}", content)
            if progress is not None:
                progress(done, len(entries))


def with_tables(bundle: bytes, rows: pd.DataFrame) -> bytes:
    """A zip of `write_bundle` with a table as csv and VOTable in it: what people say of the images may change after the images of
    the networks were made.

    Args:
        bundle: the zip.
        rows: one row a file.
    """
    made = io.BytesIO(bundle)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("answers.csv", rows.to_csv(index=False))
        archive.writestr("answers.vot", votable_bytes(rows))
    return made.getvalue()


def safe_stems(names: Sequence[str]) -> list[str]:
    """Names of files without ending, as a zip may hold them: no folders, nothing that a file system minds, no two alike."""
    found: list[str] = []
    for name in names:
        stem = re.sub(r"[^\w.+-]+", "_", Path(name.replace("\\", "/")).name.rsplit(".", 1)[0]).strip("._")[:_LONGEST] or "image"
        taken = {one.lower() for one in found}
        number, unique = 1, stem
        while unique.lower() in taken:
            number += 1
            unique = f"{stem}-{number}"
        found.append(unique)
    return found
