"""Lens lab: what a file does to the lens before a network sees it. In the address."""

import numpy as np
import streamlit as st

from lensmae.app.shared.widgets import unknown_value, unknown_values
from lensmae.data.nuisances import NUISANCES, perturb

# Name and strength of each, in the order in which they act.
Chosen = tuple[tuple[str, float], ...]
_MOST = 4


def controls() -> Chosen:
    """Draw the choice of nuisances and their strengths."""
    unknown_values("nuisances", [one.title for one in NUISANCES.values()], "nuisance")
    names = st.multiselect(
        "What the file does to it",
        list(NUISANCES),
        format_func=lambda name: NUISANCES[name].title,
        key="nuisances",
        bind="query-params",
        max_selections=_MOST,
        placeholder="Nothing: the image as the camera has it",
        help="The same nuisances as in training and in the stress test; they act in the order chosen.",
    )
    return tuple((name, _strength(name)) for name in names)


def _strength(name: str) -> float:
    nuisance = NUISANCES[name]
    texts = [f"{value:g}" for value in nuisance.strengths]
    if len(texts) == 1:
        return nuisance.strengths[0]
    key, middle = f"nuisance-{name}", texts[len(texts) // 2]
    unknown_value(key, texts, f"strength of “{nuisance.title}”", middle)
    label = f"{nuisance.title} ({nuisance.unit})"
    return float(st.select_slider(label, texts, middle, key=key, bind="query-params"))


def as_in_file(image: np.ndarray, chosen: Chosen, seed: int) -> np.ndarray:
    """The image (H, W) float32 with the chosen nuisances; the same arguments give the same image.

    Args:
        image: flux.
        chosen: names and strengths.
        seed: of what is random in them.
    """
    images = image[None]
    for place, (name, strength) in enumerate(chosen):
        images = perturb(images, name, strength, seed + place)
    return np.asarray(images[0], dtype=np.float32)


def columns(chosen: Chosen) -> dict[str, str | float]:
    """Columns of `lenses.parquet` that say what was done to the lens; nothing where nothing was."""
    if not chosen:
        return {}
    if len(chosen) == 1:
        return {"nuisance": chosen[0][0], "nuisance_strength": chosen[0][1]}
    return {"nuisance": " + ".join(f"{name} {strength:g}" for name, strength in chosen), "nuisance_strength": float("nan")}
