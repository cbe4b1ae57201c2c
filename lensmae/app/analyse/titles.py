"""Columns of the answers in words, for menus and tables; files keep the names."""

from lensmae.app.shared.choices import NETWORK_TITLES

MEASURES = {
    "embedding": "distance in embedding",
    "error": "reconstruction error",
    "pca_residual": "residual of its principal components",
    "foreign": "unlike its training lenses",
    "risk": "risk of a failure",
    "background": "background",
    "orientation": "orientation",
    "centre": "centring",
    "half pixel": "centring to half a pixel",
    "flux scale": "flux scale",
    "confidence": "lack of confidence",
    "energy": "small logits",
    "disagreement": "disagreement of orientations",
}
_COLUMNS = {
    "height_px": "height (px)",
    "width_px": "width (px)",
    "pixel_scale_arcsec": "pixel scale (arcsec)",
    "ra_deg": "right ascension (deg)",
    "dec_deg": "declination (deg)",
    "peak_signal_to_noise": "peak S/N",
    "masked_mse": "masked MSE",
    "log10_axion_mass_ev": "log10(axion mass / eV)",
}
_MEASURED = {"distance": MEASURES["embedding"]} | {name.replace(" ", "_"): words for name, words in MEASURES.items()}
_ENDS = {"_over_limit": ", × limit", "_percentile": ", percentile of held-out lenses", "": ""}


def answer_title(name: str) -> str:
    """The heading of a column of `lensmae.evaluation.images.answers.table`."""
    if name in _COLUMNS:
        return _COLUMNS[name]
    if name.startswith("P("):
        # The name of a class, underscores and all.
        return name
    if name.startswith("sd("):
        return f"spread of P{name[2:]}"
    for kind, title in NETWORK_TITLES.items():
        for end, words in _ENDS.items():
            measure = name.removeprefix(f"{kind}_").removesuffix(end)
            if measure in _MEASURED and name == f"{kind}_{measure}{end}":
                return f"{title}: {_MEASURED[measure]}{words}"
    return name.replace("_", " ")
