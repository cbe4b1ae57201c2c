"""All that the networks made of the uploads, as one zip."""

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from lensmae.app.analyse.enlarged import whole_superres
from lensmae.app.analyse.summary import table
from lensmae.app.analyse.uploads import Answered
from lensmae.app.jobs.view import offered
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.networks import Asked
from lensmae.figures.images.derived_images import image_files
from lensmae.jobs import ThreadJob
from lensmae.workspace import read_only, workspace

if TYPE_CHECKING:
    from lensmae.evaluation.images.derived_images import Product

_ENDINGS = (".fits", ".png")


def all_products(found: Sequence[Answered], asked: Asked, choice: Choice) -> None:
    """A button that makes the zip, its progress, and then the download, whose table has the grades of that moment."""
    if read_only():
        return
    key = ("bundle", asked.identity, choice.stretch, tuple(one.upload.key for one in found))
    name = f"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.zip"
    path = workspace() / "cache" / "bundles" / name

    def work(progress: Callable[[int, int], None]) -> Path:
        from lensmae.evaluation.images.bundle import Entry, write_bundle
        from lensmae.workspace import replacing

        entries = [Entry(one.answer, lambda one=one: products_of(one, asked)) for one in found]
        with replacing(path) as partial:
            write_bundle(partial, entries, lambda stem, product: _files(stem, product, choice.stretch), progress)
        return path

    job = functools.partial(ThreadJob, work, "Making the zip", "files")
    made = offered(key, job, "All products (zip)")
    if made is not None and made.is_file():
        from lensmae.evaluation.images.bundle import with_tables

        label = f"Download all products (zip, {made.stat().st_size / 1e6:.1f} MB)"
        st.download_button(
            label,
            lambda: with_tables(made.read_bytes(), table(found)),
            "lensmae-products.zip",
            "application/zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            type="primary",
            key="bundle",
        )


def products_of(one: Answered, asked: Asked) -> "Iterator[Product]":
    """What the networks made of one file: its reconstruction, the super-resolved image."""
    from lensmae.evaluation.images.derived_images import reconstruction_product

    if asked.networks.mae is not None and one.answer.reconstruction is not None:
        yield reconstruction_product(one.answer, asked.networks.mae)
    if asked.networks.superres is not None:
        yield whole_superres(one.upload, asked.networks.superres)


def _files(stem: str, product: "Product", stretch: str) -> dict[str, bytes]:
    made = image_files(
        stem, product.pixels, product.pixel_scale, product.facts, stretch, upright=False, sky=product.sky, unit=product.unit
    )
    return {name: content for name, content in made.items() if name.endswith(_ENDINGS)}
