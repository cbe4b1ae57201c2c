"""Why an image is out of a network's domain, which network answered, and what would help: in plain sentences."""

from lensmae.data.value_titles import data_title
from lensmae.evaluation.images.analyse import Analysis
from lensmae.evaluation.images.classified import Classified
from lensmae.evaluation.ood.domain import DomainCheck
from lensmae.evaluation.ood.novelty import LIMIT_PERCENTILE, Novelty

# What is unusual, by measure, with its value over the limit.
_UNUSUAL = {
    "embedding": "its embedding lies {:.1f} times as far from the training lenses as the limit",
    "error": "its reconstruction error is {:.1f} times the limit",
    "foreign": "it looks like no lens that the network was trained on ({:.1f} times the limit)",
    "pca_residual": "its residual from the principal components of the training lenses is {:.1f} times the limit",
    "background": "its background is not that of a noise-free image ({:.1f} times the limit)",
    "orientation": "turned or mirrored it would be more like the training lenses ({:.1f} times the limit)",
    "centre": "moved by a pixel it would be more like the training lenses ({:.1f} times the limit)",
    "half pixel": "moved by half a pixel it would be more like the training lenses ({:.1f} times the limit)",
    "flux scale": "its flux scale is another ({:.1f} times the limit)",
    "confidence": "no class is much more probable than the others ({:.1f} times the limit)",
    "energy": "its logits are small ({:.1f} times the limit)",
    "disagreement": "turned and mirrored it gets different answers ({:.1f} times the limit)",
    "risk": "images like it are often {} ({:.1f} times the limit)",
}
_FAILURE = {
    "classifier": "misclassified",
    "mae": "reconstructed worse than by inpainting",
    "superres": "enlarged worse than by bicubic interpolation",
}
_HELP = {
    "embedding": "a cut-out with the lens in its centre, without neighbours, and with the lens galaxy's light subtracted",
    "foreign": "a cut-out with the lens in its centre, and the lens galaxy's light and neighbours subtracted",
    "error": "a cut-out with the lens in its centre and without neighbours",
    "pca_residual": "a network trained on images like this one",
    "background": "the original pixels (FITS or npy, not an 8-bit picture), and a deeper exposure where it is noise",
    "orientation": "a network trained on every orientation",
    "centre": "a cut-out with the lens in its very centre",
    "half pixel": "a cut-out with the lens in its very centre",
    "flux scale": "the original flux scale",
    "confidence": "a deeper or sharper image",
    "energy": "a deeper or sharper image",
    "disagreement": "a deeper or sharper image, with the lens in its centre",
    "risk": "a deeper or sharper image, or one of another band",
}
_RESIZED = "it has not the size that the network takes, and was resampled or padded"


def unusual(check: DomainCheck) -> list[str]:
    """What puts an image out of a network's domain, the farthest measure first; empty where it is inside."""
    return ([_RESIZED] if check.resized else []) + [_unusual(one, check) for one in _beyond(check)]


def _unusual(one: Novelty, check: DomainCheck) -> str:
    failure = [_FAILURE[check.card.kind]] if one.measure == "risk" else []
    return _UNUSUAL[one.measure].format(*failure, one.ratio)


def helps(check: DomainCheck) -> list[str]:
    """What would bring an image into the domain; empty where it is inside."""
    wanted = ["pixels of the network's own size"] if check.resized else []
    return list(dict.fromkeys([*wanted, *(_HELP[one.measure] for one in _beyond(check))]))


def _beyond(check: DomainCheck) -> list[Novelty]:
    return sorted((one for one in check.novelty if one.outside), key=lambda one: -one.ratio)


def sentence(check: DomainCheck) -> str:
    """Why an image is out of the domain of a network."""
    card, said = check.card, unusual(check)
    compared = f"the lenses of {data_title(card.data)}{' that it was trained on' if card.trained_on else ''}"
    limit = f"limits: {LIMIT_PERCENTILE:g} % of" if card.domain is None else "limits fitted to"
    count = check.novelty[0].held_out if check.novelty else 0
    return (
        f"Out of the domain of {card.checkpoint}: {' and '.join(said)}, compared with {compared} "
        f"({limit} {count:,} held-out lenses)."
    )


def verdict(classified: Classified) -> str:
    """Which network answered and why, or that it cannot tell, why, and what would help."""
    return f"{judgement(classified)} {choice_of_network(classified)}".strip()


def judgement(classified: Classified) -> str:
    """Whether the answer is to be trusted: the first part of `verdict`."""
    name = classified.checkpoint
    if not classified.withheld:
        if classified.check is None:
            return f"Answered by {name}. What is in its domain was never measured, so it is not known whether to trust it."
        return f"Answered by {name}: the image is in its domain."
    because = "; ".join(unusual(classified.check))
    wanted = "; ".join(helps(classified.check))
    return f"Cannot tell. The image is out of the domain of {name}: {because}. What would help: {wanted}."


def choice_of_network(classified: Classified) -> str:
    """Why this network answered and not a specialist that was asked first: the rest of `verdict`; "" where none was."""
    declined = classified.declined
    if declined is None:
        return ""
    specialist = declined.card.checkpoint
    if classified.contradicted:
        return f"{specialist} was asked first; {classified.checkpoint} is sure of another class, and answers instead."
    farthest, *others = unusual(declined)
    more = f", and {len(others)} more" if others else ""
    return f"{specialist} was asked first, but the image is out of its domain ({farthest}{more})."


def warnings(analysis: Analysis) -> list[str]:
    """A sentence for each network whose domain the image is out of; none where it is in all of them."""
    return [sentence(check) for check in analysis.checks.values() if not check.in_domain]
