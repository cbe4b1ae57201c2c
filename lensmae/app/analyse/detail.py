"""Everything about one uploaded image: how it was read, what the networks say, whether it is in domain, files to keep."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from lensmae.app.analyse.enlarged import enlarged
from lensmae.app.analyse.preview import preview
from lensmae.app.analyse.product_files import offer_files
from lensmae.app.analyse.titles import MEASURES
from lensmae.app.analyse.uploads import Answered, upright
from lensmae.app.lens_view.component import lens_view
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import NETWORK_TITLES, Choice
from lensmae.app.shared.networks import Asked
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.reconstruction_view import await_frames, reconstruction_view, remember_ratio, shown_ratio
from lensmae.app.shared.widgets import choose, figure
from lensmae.data.value_titles import data_title
from lensmae.data.withheld import CANNOT_TELL
from lensmae.figures import Panel, probability_bars, residual_bound
from lensmae.figures.ood_comparison import Measure, domain_strips

if TYPE_CHECKING:
    from lensmae.evaluation.images.analyse import Analysis

_UNIT = "in the file's unit"


def detail(one: Answered, choice: Choice, asked: Asked) -> None:
    """Draw all about one image."""
    answer = one.answer
    st.header(plain(one.upload.name), anchor=False)
    _verdict(answer)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _facts(answer)
        if answer.classified:
            _classes(answer)
    with right:
        preview(one.upload, answer, choice)
    if answer.checks:
        _domain(answer, asked)
    if answer.reconstruction:
        _reconstruction(answer, choice, asked)
    if asked.networks.superres:
        enlarged(one.upload, choice)
    if answer.checks:
        _neighbours(answer, choice, asked)


def _verdict(answer: "Analysis") -> None:
    """Whether the class is answered, by which network and why; then the other networks whose domain the image is out of."""
    from lensmae.evaluation.images.verdicts import choice_of_network, judgement, sentence

    if answer.classified:
        show, icon = (st.warning, ":material/block:") if answer.called is None else (st.info, ":material/verified:")
        show(plain(judgement(answer.classified)), icon=icon)
        if why := choice_of_network(answer.classified):
            st.caption(plain(why))
    for kind, check in answer.checks.items():
        if kind != "classifier" and not check.in_domain:
            st.caption(plain(f"{NETWORK_TITLES[kind]}: {sentence(check)}"))


def _facts(answer: "Analysis") -> None:
    scale = f" · {answer.pixel_scale:.3f} arcsec/pixel" if answer.pixel_scale else " · no pixel scale in the file"
    st.caption(f"{answer.format} · {_pixels(answer.shape)} px{scale}")
    shown = next(iter(answer.fitted.values()), None)
    if beside := _beside(answer):
        st.caption(plain(beside))
    for note in answer.notes if shown is None else shown.notes:
        st.markdown(f"- {plain(note)}")


def _beside(answer: "Analysis") -> str:
    """Where the lens is on the sky, how sharp and how deep its image is, where the file says it."""
    facts, said = answer.facts, []
    if facts.ra is not None:
        said.append(f"RA {facts.ra:.5f}°, Dec {facts.dec:+.5f}° (ICRS)")
    if facts.seeing is not None:
        said.append(f"seeing {facts.seeing:.3g} {'arcsec' if answer.pixel_scale else 'px'} (FWHM of the PSF)")
    if facts.peak_signal_to_noise is not None:
        said.append(f"peak S/N {facts.peak_signal_to_noise:.0f}")
    return " · ".join([*said, *([f"unit {facts.unit}"] if facts.unit else [])])


def _pixels(shape: tuple[int, int]) -> str:
    return f"{shape[1]}×{shape[0]}"


def _classes(answer: "Analysis") -> None:
    found = answer.classified
    with st.container(horizontal=True):
        if found.called is None:
            st.metric("Class", CANNOT_TELL)
        else:
            share = f"{found.probabilities.max():.1%} of the probability"
            st.metric("Most probable class", found.called, share, delta_color="off", delta_arrow="off")
        if found.tells_mass:
            spread = "" if found.log_mass_spread is None else f"± {found.log_mass_spread:.2f} dex over the symmetries"
            st.metric("Axion mass, log10(m/eV)", f"{found.log_mass:.2f}", spread, delta_color="off", delta_arrow="off")
    if found.called is None:
        named = ", ".join(f"{name} {value:.2f}" for name, value in zip(found.classes, found.probabilities, strict=True))
        st.caption(
            plain(f"Withheld: the image is out of the domain of {found.checkpoint}. Its softmax, for the record: {named}.")
        )
        return
    if found.expected is not None:
        st.caption(plain(found.expected))
    figure(probability_bars(found.probabilities, found.classes, found.spread), "probabilities")
    averaged = "mean over eight rotations and reflections; bars their standard deviation"
    alone = "in the one orientation it was trained on"
    st.caption(f"Softmax of {plain(found.checkpoint)}, {alone if found.spread is None else averaged}.")


def _domain(answer: "Analysis", asked: Asked) -> None:
    st.header("Is it in domain?", anchor=False)
    measures = []
    for kind, check in answer.checks.items():
        reference = asked.networks.reference_of(check)
        measures += [
            Measure(
                f"{NETWORK_TITLES[kind]}:<br>{MEASURES.get(one.measure, one.measure)}",
                one.ratio,
                reference.held_out(one.measure) / (one.limit or 1.0),
            )
            for one in check.novelty
        ]
    figure(domain_strips(measures), "domain")
    with st.expander("The numbers", icon=":material/table:"):
        st.dataframe(_novelties(answer), hide_index=True, alt="Measures of being out of domain, one per row")


def _novelties(answer: "Analysis") -> pd.DataFrame:
    rows = [
        {
            "checkpoint": check.card.checkpoint,
            "measure": MEASURES.get(one.measure, one.measure),
            "value": float(f"{one.value:.3g}"),
            "× limit": float(f"{one.ratio:.3g}"),
            "above, % of held-out lenses": round(one.percentile, 1),
            "held-out lenses": one.held_out,
            "of": data_title(check.card.data),
        }
        for check in answer.checks.values()
        for one in check.novelty
    ]
    return pd.DataFrame(rows)


def _reconstruction(answer: "Analysis", choice: Choice, asked: Asked) -> None:
    from lensmae.evaluation.images.derived_images import reconstruction_product

    st.header("Reconstruction", anchor=False)
    entry, fitted, reconstructed = choice.checkpoint("mae"), answer.fitted["mae"], answer.reconstruction
    said = next(iter(answer.fitted.values())).notes
    st.caption(f"Checkpoint {plain(entry.name)}. {plain(' '.join(note for note in fitted.notes if note not in said))}")
    frames = loaders.live_frames(entry.path, fitted.pixels, 0, "random", shown_ratio("upload"))
    about = f"{answer.name}; checkpoint {entry.name}"
    view = {"key": "upload", "unit": _UNIT, "about": about, "upright": upright(answer)}
    remember_ratio(reconstruction_view(fitted.pixels, frames, choice, **view))
    await_frames("first")
    st.caption(
        f"Anomaly score: masked MSE {reconstructed.score:.2e}, the image on [0, 1], averaged over four masks, which hide each "
        "patch three times. Below: every pixel as it was predicted while hidden, and its error."
    )
    # The original first: its scale is that of all.
    panels = [
        Panel("Original", fitted.pixels),
        Panel("Predicted while hidden", reconstructed.prediction),
        Panel(
            "Predicted − original", reconstructed.prediction - fitted.pixels, residual=True, bound=residual_bound(fitted.pixels)
        ),
        Panel("Squared error", reconstructed.error, measure="MSE"),
    ]
    lens_view(panels, key="blind", unit=_UNIT, upright=upright(answer), about=about, **choice.display)
    offer_files(answer.name, reconstruction_product(answer, asked.networks.mae), choice, upright(answer))


def _neighbours(answer: "Analysis", choice: Choice, asked: Asked) -> None:
    from lensmae.evaluation.images.neighbours import neighbours

    st.header("Nearest training lenses", anchor=False)
    kinds = [kind for kind in answer.checks if kind != "superres"] or list(answer.checks)
    kind = choose("Nearest to", kinds, "nearest", NETWORK_TITLES) if len(kinds) > 1 else kinds[0]
    check = answer.checks[kind]
    reference = asked.networks.reference_of(check)
    info = next((info for info in loaders.datasets(kind == "superres") if info.fingerprint == check.card.fingerprint), None)
    found = neighbours(check, reference, loaders.get_dataset(info) if info else None)
    panels = [Panel(f"{one.class_name} · {one.distance:.1f}", one.image) for one in found]
    lens_view(panels, key="neighbours", unit="of the training set" if info else "on [0, 1]", columns=6, **choice.display)
    rows = ", ".join(str(one.row) for one in found)
    small = "" if info else " Thumbnails of 32 px, since that data set is not in this workspace."
    turned = " Turned as they were when they were embedded." if reference.turns.any() else ""
    st.caption(f"Class and distance in embedding space; rows {rows} of {plain(data_title(check.card.data))}.{turned}{small}")
