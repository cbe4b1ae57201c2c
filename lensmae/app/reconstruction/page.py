"""The Reconstruction page: one lens, its mask, the pictures, and what can be asked about them."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.lens_view.component import Readout, Slider, lens_view
from lensmae.app.reconstruction import custom_mask
from lensmae.app.reconstruction.anomaly import anomaly
from lensmae.app.reconstruction.attention import attention
from lensmae.app.reconstruction.difficulty import difficulty, known_difficulty, spread
from lensmae.app.reconstruction.domain import say_domain
from lensmae.app.reconstruction.downloads import files
from lensmae.app.reconstruction.state import Shown
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice, choose_second
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.reconstruction_view import (
    asked_ratio,
    available_frames,
    await_frames,
    readouts,
    remember_ratio,
    shown_ratio,
)
from lensmae.app.shared.widgets import choose, unfit_number
from lensmae.errors import ConfigError
from lensmae.evaluation.reconstruction.frames import STRATEGIES, Frames, masked_frames, nested_masks
from lensmae.figures import Panel, compared, residual_bound

if TYPE_CHECKING:
    from lensmae.evaluation.reconstruction.difficulty import Difficulty
    from lensmae.models import CheckpointEntry, Reconstructor

TITLES = {
    "random": "Random",
    "block": "Block",
    "grid": "Grid",
    "half": "Half",
    "ring": "The ring",
    "surroundings": "All but the ring",
    custom_mask.OWN: "Own",
}
SECTION_TITLES = {
    "difficulty": "Is this lens hard?",
    "spread": "Many masks",
    "attention": "Attention",
    "anomaly": "Anomaly",
    "files": "Files",
}
_SECTIONS = {"difficulty": difficulty, "spread": spread, "attention": attention, "anomaly": anomaly, "files": files}
_SEEDS = 1000
_VIEW = "reconstruction"


@dataclass(frozen=True)
class Mask:
    """How patches are chosen to be hidden."""

    strategy: str
    seed: int

    @property
    def own(self) -> bool:
        """Whether the visitor's own clicks choose."""
        return self.strategy == custom_mask.OWN


def workbench(choice: Choice) -> None:
    """Controls, pictures, and the section chosen below them."""
    data, entry = choice.dataset(), choice.checkpoint("mae")
    other = choose_second(entry, "versus")
    _say_prior(entry)
    mask = _mask_controls()
    image = loaders.network_image(data, choice.lens, entry.path)
    if said := loaders.network_set(data, entry.path)[1]:
        st.caption(plain(said))
    model = loaders.get_model(entry.path)
    frames = _frames(entry, image, mask)
    pairs = [(entry.name, frames)]
    if other is not None:
        pairs.append((other.name, _other_frames(other, image, mask, frames)))
    owner = "" if other is None else f"{entry.name}: "
    figures = _readouts(pairs) + _share(frames, known_difficulty(entry, data, mask.strategy), owner)
    index = _view(image, pairs, choice, mask, model.patch_size, loaders.flux_unit(data, choice.lens), figures)
    shown = Shown(choice, data, entry, model, image, mask.strategy, mask.seed, pairs, index)
    custom_mask.remember_shown(frames.hidden[index])
    if mask.own:
        custom_mask.keep_address(frames.hidden[0])
    else:
        custom_mask.forget_own()
        remember_ratio(index)
        await_frames(*("first", "second")[: len(pairs)])
    say_domain(choice, [entry] if other is None else [entry, other])
    section = choose("Ask", list(_SECTIONS), "ask", SECTION_TITLES)
    _SECTIONS[section](shown)


def _say_prior(entry: "CheckpointEntry") -> None:
    components = entry.card.architecture.get("linear_prior")
    if components:
        st.caption(
            f"{entry.name} adds what is missing in a linear estimate: what {components} principal components of its training "
            "lenses say of the hidden pixels, given the visible ones (probabilistic PCA)."
        )


def _mask_controls() -> Mask:
    unfit_number("seed", 0, _SEEDS - 1, "seed")
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with left:
        strategy = choose("Hide", (*STRATEGIES, custom_mask.OWN), "strategy", TITLES)
    row = right.container(horizontal=True, vertical_alignment="bottom", gap="small")
    if strategy == custom_mask.OWN:
        row.button("Invert", on_click=custom_mask.invert, icon=":material/invert_colors:")
        row.button("Show all", on_click=custom_mask.show_all, icon=":material/visibility:")
    seed = row.slider("Seed of the mask", 0, _SEEDS - 1, 0, key="seed", bind="query-params", disabled=strategy == custom_mask.OWN)
    if strategy != custom_mask.OWN:
        row.button("", on_click=_another, icon=":material/casino:", help="Another mask (key M)", shortcut="M", key="another-mask")
    return Mask(strategy, int(seed))


def _another() -> None:
    st.session_state["seed"] = int(np.random.default_rng().integers(_SEEDS))


def _frames(entry: "CheckpointEntry", image: np.ndarray, mask: Mask) -> Frames:
    if not mask.own:
        return loaders.live_frames(entry.path, image, mask.seed, mask.strategy, shown_ratio(_VIEW))
    size = loaders.get_model(entry.path).patch_size
    fallback = nested_masks(image, size, mask.seed)[asked_ratio()]
    return masked_one(loaders.model_key(entry.path), image, custom_mask.own_mask(fallback))


def _other_frames(other: "CheckpointEntry", image: np.ndarray, mask: Mask, frames: Frames) -> Frames:
    model: Reconstructor = loaders.get_model(other.path)
    size = image.shape[0] // frames.hidden.shape[1]
    if model.patch_size != size:
        raise ConfigError(
            f"{other.name} has patches of {model.patch_size} pixels and the first checkpoint of {size}: no mask is the same for "
            "both. Choose checkpoints of one patch size."
        )
    if mask.own:
        return masked_one(loaders.model_key(other.path), image, frames.hidden[0])
    return loaders.live_frames(other.path, image, mask.seed, mask.strategy, shown_ratio(_VIEW), slot="second")


@st.cache_data(max_entries=256, show_spinner=False)
def masked_one(model: loaders.ModelKey, image: np.ndarray, hidden: np.ndarray) -> Frames:
    """An image under one mask, computed once."""
    return masked_frames(loaders.get_model_by_key(model), image, hidden[None])


def _view(
    image: np.ndarray,
    pairs: list[tuple[str, Frames]],
    choice: Choice,
    mask: Mask,
    patch_size: int,
    unit: str,
    figures: list[Readout],
) -> int:
    """All pictures; returns the frame shown."""
    frames = pairs[0][1]
    original, masked = Panel("Original", image), Panel("Masked", image, covered=frames.hidden)
    if len(pairs) == 1:
        panels = [original, masked, *_panels(image, frames, "")]
    else:
        # A row a network, so that counterparts stand above each other.
        (first, own), (second, other) = pairs
        panels = [original, *_panels(image, own, f" · {first}"), masked, *_panels(image, other, f" · {second}")]
        panels = compared([*panels, replace(_difference(first, own, second, other), bound=residual_bound(image))])
    slider = None if mask.own else Slider("Mask ratio", tuple(f"{100 * ratio:.0f} %" for ratio in frames.ratios))
    view = lens_view(
        panels,
        key=_VIEW,
        file=choice.file(_VIEW),
        unit=unit,
        slider=slider,
        frame=asked_ratio(),
        readouts=figures,
        columns=4 if len(pairs) == 1 else 5,
        pick=("click", "box"),
        patch_size=patch_size,
        on_event=partial(custom_mask.edit, patch_size=patch_size),
        mask=[panel.title for panel in panels].index(masked.title),
        swipe=(0, 3) if len(pairs) == 1 else (2, 7),
        about=f"{choice.about(*(name for name, _ in pairs))}; {TITLES[mask.strategy].lower()} mask, seed {mask.seed}",
        **choice.display,
    )
    return view.frame


def _panels(image: np.ndarray, frames: Frames, suffix: str) -> list[Panel]:
    # Visible patches are hatched: no training asks what the network predicts there, and it would look like a fault.
    at, available, visible = frames.computed, available_frames(frames), ~frames.hidden
    predictions, composites = frames.predictions[at], frames.composites(image)[at]
    errors = np.where(frames.hidden[at], frames.patch_errors(image)[at], 0.0)
    return [
        Panel(f"Prediction{suffix}", predictions, covered=visible, available=available),
        Panel(f"Composite{suffix}", composites, available=available),
        Panel(
            f"Prediction − original{suffix}",
            predictions - image,
            residual=True,
            covered=visible,
            available=available,
            bound=residual_bound(image),
        ),
        Panel(f"Error of each patch{suffix}", errors, covered=visible, measure="MSE", available=available),
    ]


def _difference(first: str, own: Frames, second: str, other: Frames) -> Panel:
    """What one network draws and the other does not, in the frames that both have drawn."""
    both = np.intersect1d(own.computed, other.computed)
    return Panel(
        f"{first} − {second}",
        own.predictions[both] - other.predictions[both],
        residual=True,
        covered=~own.hidden,
        available=None if own.complete and other.complete else tuple(both.tolist()),
    )


def _readouts(pairs: list[tuple[str, Frames]]) -> list[Readout]:
    if len(pairs) == 1:
        return readouts(pairs[0][1])
    return [readouts(pairs[0][1])[0], *(one for name, frames in pairs for one in readouts(frames, f"{name}: ")[1:])]


def _share(frames: Frames, measured: "Difficulty | None", owner: str) -> list[Readout]:
    """How much of the set is easier to reconstruct, at every ratio; nothing where that is not known."""
    if measured is None:
        return []
    parts = [measured.easier(ratio, error) for ratio, error in zip(frames.ratios, frames.errors, strict=True)]
    return [Readout(f"{owner}harder than", tuple(f"{part:.0f} % of the set" if np.isfinite(part) else "–" for part in parts))]
