"""Super-resolution by scale, by radius and over many pairs."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from lensmae.evaluation.superresolution.structure import ssim_map
from lensmae.figures.distributions import filled_steps
from lensmae.figures.frame import LEGEND, LOG, MARGIN, log_ticks
from lensmae.figures.images.panels import Panel, compared

# The same on all figures of this page.
_COLOURS = {
    "network": "#D55E00",
    "bicubic": "#56B4E9",
    "nearest": "#999999",
    "HR": "#009E73",
    "truth": "#CC79A7",
    "limit": "#009E73",
}
_OTHERS = ("#E69F00", "#8C6BB1", "#3A96D8")


def image_colour(name: str, index: int = 0) -> str:
    """Colour of a kind of image; other checkpoints take the remaining colours in turn."""
    return _COLOURS.get(name, _OTHERS[index % len(_OTHERS)])


def pair_panels(low: np.ndarray, enlarged: Mapping[str, np.ndarray], high: np.ndarray, truth: np.ndarray | None) -> list[Panel]:
    """Three rows of panels whose counterparts stand below each other: images, residuals, and local dissimilarity; each row but
    the last has one panel more than there are enlarged images.

    Args:
        low: LR image (h, w).
        enlarged: images (H, W) by name: repeated pixels first, which look like LR, bicubic interpolation, one or two networks.
        high: HR image (H, W).
        truth: HR without its noise, where that is known.
    """
    (nearest, _), *others = enlarged.items()
    known = [] if truth is None else [Panel("Noise-free truth", truth)]
    *_, (before, first), (last, second) = others
    # Of two networks the difference; of one, what it adds to bicubic interpolation where there is no truth to show.
    apart = Panel(f"{before} − {last}", first - second, residual=True)
    if len(others) == 2:
        apart = known.pop() if known else Panel(f"{last} − {before.lower()}", second - first, residual=True)
    return compared(
        [
            Panel("LR", low),
            *(Panel(name, image) for name, image in others),
            Panel("HR", high),
            *(
                Panel(f"{'LR' if name == nearest else name} − HR", image - high, residual=True)
                for name, image in enlarged.items()
            ),
            apart,
            *(
                Panel(f"{'LR' if name == nearest else name}, 1 − SSIM", 1 - ssim_map(image, high), measure="local")
                for name, image in enlarged.items()
            ),
            *known,
        ]
    )


def spectra(found: Mapping[str, tuple[np.ndarray, np.ndarray]], nyquist: float, unit: str = "arcsec") -> go.Figure:
    """Power spectra by kind of image: frequencies (cycles a unit of length) and power (flux^2).

    Args:
        found: by kind of image.
        nyquist: of the LR image, cycles a unit; what lies beyond it the LR image cannot tell.
        unit: of length.
    """
    figure = go.Figure()
    for index, (name, (frequency, power)) in enumerate(found.items()):
        line = {"color": image_colour(name, index), "width": 2, "dash": "dash" if name == "truth" else "solid"}
        figure.add_scatter(x=frequency, y=power, mode="lines", name=name, line=line)
    figure.add_vline(x=nyquist, line={"color": "#888", "width": 1, "dash": "dot"})
    # Plotly counts the position of a note on a logarithmic axis in powers of ten.
    note = {"text": "Nyquist of LR", "xanchor": "right", "yanchor": "top", "showarrow": False}
    figure.add_annotation(x=float(np.log10(nyquist)), y=1, yref="paper", **note)
    figure.update_xaxes(
        title=f"spatial frequency (cycles/{unit})", **LOG, **log_ticks(*(frequency for frequency, _ in found.values()))
    )
    figure.update_yaxes(
        title="power (flux<sup>2</sup>, azimuthal mean)", **LOG, **log_ticks(*(power for _, power in found.values()))
    )
    figure.update_layout(height=380, margin=MARGIN, legend=LEGEND, showlegend=True)
    return figure


def profiles(found: Mapping[str, tuple[np.ndarray, np.ndarray]], unit: str = "arcsec", flux_unit: str = "flux") -> go.Figure:
    """Radial profiles by kind of image: radii and mean flux a pixel.

    Args:
        found: by kind of image.
        unit: of the radii.
        flux_unit: of the images.
    """
    figure = go.Figure()
    for index, (name, (radius, flux)) in enumerate(found.items()):
        line = {"color": image_colour(name, index), "width": 2, "dash": "dash" if name == "truth" else "solid"}
        figure.add_scatter(x=radius, y=flux, mode="lines", name=name, line=line)
    figure.update_xaxes(title=f"distance from the centre ({unit})")
    figure.update_yaxes(title=f"mean flux a pixel<br>({flux_unit})")
    figure.update_layout(height=380, margin=MARGIN, legend=LEGEND, showlegend=True)
    return figure


def distributions(found: Mapping[str, np.ndarray], title: str, log_x: bool = False, bins: int = 30) -> go.Figure:
    """Histograms of a figure over pairs, by kind of image, in shared bins; dashed lines are means.

    Args:
        found: (N,) values by name.
        title: of the axis, with the unit.
        log_x: bins that are even in the logarithm.
        bins: 1 or more.
    """
    figure = go.Figure()
    values = np.concatenate([each[np.isfinite(each)] for each in found.values()])
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = (0.9 * low, 1.1 * high) if low > 0 else (low - 0.5, high + 0.5)
    edges = np.geomspace(low, high, bins + 1) if log_x else np.linspace(low, high, bins + 1)
    for index, (name, each) in enumerate(found.items()):
        counts, colour = np.histogram(each, edges)[0], image_colour(name, index)
        figure.add_trace(filled_steps(edges, counts, f"{name}, mean {each.mean():.4g}", colour, 0.15))
        figure.add_vline(x=float(each.mean()), line={"color": colour, "width": 1.2, "dash": "dash"})
    figure.update_xaxes(title=title, **(LOG | log_ticks(edges) if log_x else {}))
    figure.update_yaxes(title="pairs")
    figure.update_layout(height=360, margin=MARGIN, legend=LEGEND, showlegend=True)
    return figure
