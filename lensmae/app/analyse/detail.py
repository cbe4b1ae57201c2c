"""Everything about one uploaded image: how it was read, what the networks say, how strange it is, files to keep."""

import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lensmae.app.analyse.uploads import Answered, Upload, read_otherwise, upright
from lensmae.app.lens_view.component import lens_view
from lensmae.app.lens_view.events import Box
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import KINDS, Choice
from lensmae.app.shared.networks import Asked
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.reconstruction_view import await_frames, redraw_view, remember_ratio, shown_ratio
from lensmae.app.shared.widgets import choose, figure, progress_bar
from lensmae.data import LensImage, fit_image
from lensmae.data.images.crop import square
from lensmae.figures import Panel, probability_bars
from lensmae.figures.images.derived_images import image_files
from lensmae.figures.ood_comparison import Measure, domain_strips

if TYPE_CHECKING:
    from lensmae.evaluation.images.analyse import Analysis
    from lensmae.evaluation.images.derived_images import Product

# A larger preview costs time in the browser and shows no more.
_PREVIEW = 512
_LARGEST = 1024
_UNIT = "in the file's unit"
_MEASURES = {"embedding": "distance in embedding", "error": "reconstruction error", "remainder": "not in its components"}
_ENDINGS = {"npy": "application/octet-stream", "fits": "image/fits", "png": "image/png"}


def detail(one: Answered, choice: Choice, asked: Asked) -> None:
    """Draw all about one image."""
    answer = one.answer
    st.subheader(one.upload.name, anchor=False)
    _verdict(answer)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _facts(answer)
        if answer.classified:
            _classes(answer)
    with right:
        _preview(one.upload, choice)
    if answer.checks:
        _domain(answer, asked)
    if answer.redrawn:
        _reconstruction(answer, choice, asked)
    if asked.networks.superres:
        _superres(one.upload, choice)
    if answer.checks:
        _neighbours(answer, choice, asked)


def _verdict(answer: "Analysis") -> None:
    """Whether the class is told, by which network and why; then the other networks whose domain the image is out of."""
    from lensmae.evaluation.images.verdicts import sentence, verdict

    if answer.classified:
        show, icon = (st.warning, ":material/block:") if answer.called is None else (st.info, ":material/verified:")
        show(plain(verdict(answer.classified)), icon=icon)
    for kind, check in answer.checks.items():
        if kind != "classifier" and not check.in_domain:
            st.caption(plain(f"{KINDS[kind]}: {sentence(check)}"))


def _facts(answer: "Analysis") -> None:
    scale = f" · {answer.pixel_scale:.3f} arcsec a pixel" if answer.pixel_scale else " · no pixel scale in the file"
    st.caption(f"{answer.format} · {_pixels(answer.shape)} px{scale}")
    shown = next(iter(answer.fitted.values()), None)
    for note in answer.notes if shown is None else shown.notes:
        st.markdown(f"- {note}")


def _pixels(shape: tuple[int, int]) -> str:
    return f"{shape[1]}×{shape[0]}"


def _classes(answer: "Analysis") -> None:
    found = answer.classified
    with st.container(horizontal=True):
        if found.called is None:
            st.metric("Class", "cannot tell")
        else:
            share = f"{found.probabilities.max():.1%} of the probability"
            st.metric("Most probable class", found.called, share, delta_color="off", delta_arrow="off")
        if found.tells_mass:
            spread = "" if found.log_mass_spread is None else f"± {found.log_mass_spread:.2f} dex over the symmetries"
            st.metric("Axion mass, log10(m/eV)", f"{found.log_mass:.2f}", spread, delta_color="off", delta_arrow="off")
    if found.called is None:
        named = ", ".join(f"{name} {value:.2f}" for name, value in zip(found.classes, found.probabilities, strict=True))
        st.caption(plain(f"Withheld: {found.checkpoint} is out of its domain. Its softmax, for the record: {named}."))
        return
    figure(probability_bars(found.probabilities, found.classes, found.spread), "probabilities")
    averaged = "mean over eight rotations and reflections; bars their standard deviation"
    alone = "in the one orientation that it knows"
    st.caption(f"Softmax of {found.checkpoint}, {alone if found.spread is None else averaged}.")


def _preview(upload: Upload, choice: Choice) -> None:
    """The image as read, and another way to read it: a box on it is cut out."""
    image = upload.whole()
    _choose_part(upload, image)
    shown = image if max(image.pixels.shape) <= _PREVIEW else fit_image(image, _PREVIEW)
    factor = min(image.pixels.shape) / min(shown.pixels.shape) if shown is not image else 1.0
    offset = [(length - factor * side) / 2 for length, side in zip(image.pixels.shape, shown.pixels.shape, strict=True)]

    def cut(event: Any) -> None:
        if isinstance(event, Box):
            rows, columns = (
                tuple(start + factor * (end + 0.5) - 0.5 for end in ends)
                for start, ends in zip(offset, ((event.y0, event.y1), (event.x0, event.x1)), strict=True)
            )
            read_otherwise(upload, replace(upload.reading, crop=square(image.pixels.shape, rows, columns)))

    lens_view(
        [Panel("As read", shown.pixels)], key="preview", unit=_UNIT, upright=upright(image), pick=("box",), on_event=cut,
        **choice.display,
    )  # fmt: skip
    crop, whole = upload.reading.crop, replace(upload.reading, crop=None)
    if crop is None:
        st.caption("Draw a box on the image to cut the lens out.")
    else:
        st.caption(f"Analysed: {crop.side}×{crop.side} px from column {crop.left} and row {crop.top} on.")
        st.button("Whole image", icon=":material/crop_free:", on_click=read_otherwise, args=(upload, whole), key="whole")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        _choose_scale(upload, image)
        _choose_cosmic_rays(upload)


def _choose_part(upload: Upload, image: LensImage) -> None:
    """Another image of a file that holds several (HDUs, arrays, pages), or another band."""

    def chosen() -> None:
        item = st.session_state[keys[0]] if len(image.items) > 1 else None
        band = st.session_state[keys[1]] if image.bands > 1 else None
        read_otherwise(upload, replace(now, item=item, band=band, crop=None))

    keys = [f"{part}-{upload.key[0]}" for part in ("item", "band")]
    now = upload.reading
    with st.container(horizontal=True):
        if len(image.items) > 1:
            place = image.items.index(now.item) if now.item in image.items else 0
            st.selectbox("Image in the file", image.items, place, key=keys[0], on_change=chosen)
        if image.bands > 1:
            bands = [None, *range(image.bands)]
            named = {None: "as read by default", **{band: f"band {band}" for band in range(image.bands)}}
            st.selectbox("Band", bands, bands.index(now.band), key=keys[1], on_change=chosen, format_func=named.get)


def _choose_scale(upload: Upload, image: LensImage) -> None:
    def chosen() -> None:
        given = st.session_state[key]
        read_otherwise(upload, replace(upload.reading, pixel_scale=float(given) if given else None))

    key = f"scale-{upload.key[0]}"
    helped = "Arcsec a pixel. It decides how much of the image a network sees; empty: what the file says."
    shown = "not in the file" if image.pixel_scale is None else f"{image.pixel_scale:.4g}, as the file says"
    st.number_input(
        "Pixel scale", 1e-3, 60.0, upload.reading.pixel_scale, format="%g", key=key, on_change=chosen, help=helped,
        placeholder=shown, width=200,
    )  # fmt: skip


def _choose_cosmic_rays(upload: Upload) -> None:
    def chosen() -> None:
        read_otherwise(upload, replace(upload.reading, clean=st.session_state[key]))

    key = f"clean-{upload.key[0]}"
    helped = "L.A.Cosmic (van Dokkum 2001); hit pixels get the median of their neighbours. For images a camera saw."
    st.toggle("Remove cosmic rays", upload.reading.clean, key=key, on_change=chosen, help=helped)


def _domain(answer: "Analysis", asked: Asked) -> None:
    st.subheader("Is it in domain?", anchor=False)
    measures = []
    for kind, check in answer.checks.items():
        reference = asked.networks.reference_of(check)
        measures += [
            Measure(
                f"{KINDS[kind]}:<br>{_MEASURES.get(one.measure, one.measure)}",
                one.ratio,
                reference.held_out(one.measure) / (one.limit or 1.0),
            )
            for one in check.novelty
        ]
    figure(domain_strips(measures), "domain")
    said = "; ".join(
        f"{check.card.checkpoint}, {one.measure}: {one.value:.3g}, above {one.percentile:.1f} % of {one.held_out} lenses"
        for check in answer.checks.values()
        for one in check.novelty
    )
    sets = ", ".join(sorted({check.card.data for check in answer.checks.values()}))
    st.caption(plain(f"{said} held out of {sets}."))


def _reconstruction(answer: "Analysis", choice: Choice, asked: Asked) -> None:
    from lensmae.evaluation.images.derived_images import reconstruction_product

    st.subheader("Reconstruction", anchor=False)
    entry, fitted, redrawn = choice.checkpoint("mae"), answer.fitted["mae"], answer.redrawn
    st.caption(f"Checkpoint {entry.name}. {' '.join(fitted.notes[len(answer.notes) :])}")
    frames = loaders.live_frames(entry.path, fitted.pixels, 0, "random", shown_ratio("upload"))
    remember_ratio(redraw_view(fitted.pixels, frames, choice, key="upload", unit=_UNIT, upright=upright(answer)))
    await_frames("first")
    st.caption(
        f"Anomaly score: masked MSE {redrawn.score:.2e}, the image on [0, 1], averaged over four masks, which hide each patch "
        "three times. Below: every pixel as it was drawn while hidden, and its error."
    )
    panels = [
        Panel("Drawn while hidden", redrawn.prediction),
        Panel("Drawn − original", redrawn.prediction - fitted.pixels, residual=True),
        Panel("Squared error", redrawn.error, measure="MSE"),
    ]
    lens_view(panels, key="blind", unit=_UNIT, upright=upright(answer), **choice.display)
    _files(answer.name, reconstruction_product(answer, asked.networks.mae), choice, upright(answer))


def _superres(upload: Upload, choice: Choice) -> None:
    st.subheader("Super-resolution", anchor=False)
    entry, image = choice.checkpoint("superres"), upload.read()
    low, note = image, ""
    if max(image.pixels.shape) > _LARGEST:
        low = _central(image)
        note = f"The central {_pixels(low.pixels.shape)} of {_pixels(image.pixels.shape)} px; draw a box above to choose others."
    product, bicubic = _enlarged(loaders.model_key(entry.path), upload.key, low)
    st.caption(f"Checkpoint {entry.name}, {_pixels(low.pixels.shape)} to {_pixels(product.pixels.shape)} px. {note}")
    panels = [Panel("Image", low.pixels), Panel("Bicubic", bicubic), Panel("Network", product.pixels)]
    panels.append(Panel("Network − bicubic", product.pixels - bicubic, residual=True))
    lens_view(panels, key="upload-superres", unit=_UNIT, upright=upright(image), swipe=(1, 2), columns=3, **choice.display)
    _files(upload.name, product, choice, upright(image))


def _central(image: LensImage) -> LensImage:
    top, left = (max(0, (side - _LARGEST) // 2) for side in image.pixels.shape)
    return replace(image, pixels=image.pixels[top : top + _LARGEST, left : left + _LARGEST])


@st.cache_data(max_entries=6, show_spinner=False)
def _enlarged(model: loaders.ModelKey, key: tuple, _image: LensImage) -> "tuple[Product, np.ndarray]":
    from lensmae.evaluation.images.derived_images import superres_product

    with progress_bar("Super-resolving") as progress:
        return superres_product(_image, loaders.get_model(Path(model.path)), progress)


def _files(name: str, product: "Product", choice: Choice, first_row_on_top: bool) -> None:
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
    return image_files(stem, product.pixels, product.pixel_scale, product.facts, **options)[name]


def _neighbours(answer: "Analysis", choice: Choice, asked: Asked) -> None:
    from lensmae.evaluation.images.neighbours import neighbours

    st.subheader("Nearest training lenses", anchor=False)
    kinds = [kind for kind in answer.checks if kind != "superres"] or list(answer.checks)
    kind = choose("Nearest to", kinds, "nearest", KINDS) if len(kinds) > 1 else kinds[0]
    check = answer.checks[kind]
    reference = asked.networks.reference_of(check)
    info = next((info for info in loaders.datasets(kind == "superres") if info.fingerprint == check.card.fingerprint), None)
    found = neighbours(check, reference, loaders.get_dataset(info) if info else None)
    panels = [Panel(f"{one.class_name} · {one.distance:.1f}", one.image) for one in found]
    lens_view(panels, key="neighbours", unit="of the training set" if info else "on [0, 1]", columns=6, **choice.display)
    rows = ", ".join(str(one.row) for one in found)
    small = "" if info else " Thumbnails of 32 px, since that data set is not in this workspace."
    turned = " Turned as they were when they were embedded." if reference.turns.any() else ""
    st.caption(f"Class and distance in embedding space; rows {rows} of {check.card.data}.{turned}{small}")
