"""Downloads of an image that a network made of an uploaded one."""

import functools
from typing import TYPE_CHECKING, Any

import streamlit as st

from lensmae.app.shared.choices import Choice
from lensmae.figures.images.derived_images import image_files

if TYPE_CHECKING:
    from lensmae.evaluation.images.derived_images import Product

_ENDINGS = {"npy": "application/octet-stream", "fits": "image/fits", "png": "image/png"}


def offer_files(name: str, product: "Product", choice: Choice, first_row_on_top: bool) -> None:
    """Downloads of an image that a network drew; a file is made when it is asked for."""
    stem = f"{name.rsplit('.', 1)[0]}.{product.kind}"
    options = {"stretch": choice.stretch, "upright": first_row_on_top}
    with st.container(horizontal=True, gap="small"):
        for ending, kind in _ENDINGS.items():
            made = functools.partial(_file, f"{stem}.{ending}", stem, product, options)
            label = f"{'Super-resolved image' if product.kind == 'superres' else 'Reconstruction'} ({ending})"
            st.download_button(
                label, made, f"{stem}.{ending}", kind, icon=":material/download:", type="tertiary", on_click="ignore",
                key=f"{product.kind}-{ending}",
            )  # fmt: skip


def _file(name: str, stem: str, product: "Product", options: dict[str, Any]) -> bytes:
    return image_files(stem, product.pixels, product.pixel_scale, product.facts, sky=product.sky, unit=product.unit, **options)[
        name
    ]
