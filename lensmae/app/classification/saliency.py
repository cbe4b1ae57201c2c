"""Where a classifier looks in one lens, beside the lens's true substructure."""

import streamlit as st

from lensmae.app.classification import cached
from lensmae.app.lens_view.component import lens_view
from lensmae.app.reconstruction.anomaly import substructure_overlays
from lensmae.app.shared import loaders, networks
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import choose
from lensmae.data import DatasetInfo
from lensmae.evaluation.classification.saliency import has_attention
from lensmae.evaluation.reconstruction.anomaly import substructure
from lensmae.figures import Panel


def saliency(data: DatasetInfo, choice: Choice) -> None:
    """Attention rollout, integrated gradients and occlusion of the chosen lens."""
    entry = choice.checkpoint("classifier")
    model, key = loaders.get_model(entry.path), loaders.model_key(entry.path)
    image, said = loaders.network_image(data, choice.lens, entry.path), loaders.network_set(data, entry.path)[1]
    answer = networks.classified(entry.path, data, choice.lens)
    chances = answer.probabilities
    classes = model.classes
    of = choose("Evidence for", classes, "evidence", default=int(chances.argmax()))
    class_index = classes.index(of)
    attribution = cached.gradients(key, image, class_index)
    panels = [Panel(f"Lens {choice.lens}", image)]
    looked_at = cached.transformed_input(key, image)
    if looked_at is not None:
        panels.append(Panel("Network input", looked_at[0], residual=True))
    if has_attention(model):
        panels.append(Panel("Attention rollout", 100 * cached.rollout(key, image), measure="%"))
    panels.append(Panel("Integrated gradients", attribution.pixels, residual=True))
    panels.append(Panel("Occlusion", cached.occluded(key, image, class_index), measure="nats"))
    lens = loaders.get_dataset(data).lenses.iloc[choice.lens]
    # Where it lies in pixels that were cut out and resampled is not known.
    found = None if said else substructure(lens, image.shape, data.pixel_scale)
    columns = 3 if len(panels) > 4 else 4
    overlays = substructure_overlays(found)
    about = f"{choice.about(entry.name)}; evidence for {of}"
    lens_view(
        panels,
        key="saliency",
        file=choice.file("evidence"),
        unit=loaders.flux_unit(data, choice.lens),
        overlays=overlays,
        columns=columns,
        about=about,
        **choice.display,
    )
    shares = ", ".join(f"{name} {chance:.3f}" for name, chance in zip(classes, chances, strict=True))
    st.caption(f"{loaders.describe_lens(data, choice.lens)} of {data.name}, checkpoint {entry.name}; probabilities: {shares}.")
    if answer.called is None:
        st.warning(f"{plain(entry.name)} cannot tell the class: the lens is out of its domain.", icon=":material/block:")
    none = said or "It has no known substructure."
    truth = none if found is None else "Rings and lines over the images are its true substructure."
    total = attribution.pixels.sum()
    rollout = " Rollout: percent of the attention, per patch." if has_attention(model) else ""
    st.caption(
        f"{truth} Maps are of the network in one orientation. Integrated gradients (logits of {of} a pixel) start from "
        f"{attribution.baseline} and sum to {total:.2f}; the logit changes by {attribution.change:.2f}.{rollout} "
        f"Occlusion: log-odds of {of} lost when a window is "
        f"{'smoothed away' if model.module.prior is None else 'replaced by what the linear model expects'}."
        + (f" Network input: {looked_at[1]}." if looked_at else "")
    )
