"""ROC and precision-recall curves with their bands, and the confusion matrix of an operating point."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from lensmae.evaluation.classification.bootstrap import Band
from lensmae.evaluation.metrics import PrCurve, RocCurve
from lensmae.evaluation.rounding import share
from lensmae.figures.class_colours import class_colour, faint, series_colour
from lensmae.figures.frame import LOG, MARGIN, SCREEN_ONLY, log_ticks

_CHANCE = {"color": "#888", "width": 1, "dash": "dot"}
_AVERAGES = ("macro", "micro")
# Below a false-positive rate of 10^-3.5 even thousands of lenses say nothing.
_LOG_RANGE = [-3.5, 0]


def roc(
    curves: Mapping[str, RocCurve],
    bands: Mapping[str, Band] | None = None,
    log_x: bool = False,
    point: tuple[float, float, str] | None = None,
) -> go.Figure:
    """One-vs-rest ROC curves by class, their macro mean and micro average, with bands and the line of chance.

    Args:
        curves: by class or average.
        bands: 95 % bands of the same names, or none.
        log_x: logarithmic false-positive rate.
        point: false- and true-positive rate of the operating point, and its name.
    """
    figure = go.Figure()
    for index, (name, curve) in enumerate(curves.items()):
        band = (bands or {}).get(name)
        _band(figure, band, name, class_colour(name, index))
        _curve(figure, curve.fpr, curve.tpr, name, _with_area(name, "AUC", curve.auc, band), index)
    chance = np.linspace(0, 1, 101)
    figure.add_scatter(x=chance, y=chance, mode="lines", name="chance, AUC 0.5", line=_CHANCE)
    _point(figure, point)
    _rates(figure, log_x)
    return figure


def precision_recall(
    curves: Mapping[str, PrCurve], bands: Mapping[str, Band] | None = None, point: tuple[float, float, str] | None = None
) -> go.Figure:
    """Precision-recall curves as `roc`; the dotted line is the precision of guessing (macro: mean share of a class)."""
    figure = go.Figure()
    for index, (name, curve) in enumerate(curves.items()):
        band = (bands or {}).get(name)
        _band(figure, band, name, class_colour(name, index))
        _curve(figure, curve.recall, curve.precision, name, _with_area(name, "AP", curve.average, band), index)
    if curves:
        guess = curves["macro"].prevalence
        figure.add_scatter(x=[0, 1], y=[guess, guess], mode="lines", name=f"chance, {guess:.2f}", line=_CHANCE)
    _point(figure, point)
    figure.update_xaxes(title="recall (true-positive rate)", range=[-0.01, 1.01])
    figure.update_yaxes(title="precision", range=[-0.01, 1.01])
    legend = {"x": 0.02, "y": 0.04, "xanchor": "left", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    figure.update_layout(height=430, margin=MARGIN, legend=legend)
    return figure


def roc_of_models(curves: Mapping[str, RocCurve], bands: Mapping[str, Band], of: str, log_x: bool = False) -> go.Figure:
    """ROC curves of several models for one class or average `of`; `bands` as in `roc`, by model.

    Args:
        curves: by model.
        bands: by model; those that are known.
        of: a class, macro or micro.
        log_x: logarithmic false-positive rate.
    """
    figure = go.Figure()
    for index, (name, curve) in enumerate(curves.items()):
        _band(figure, bands.get(name), name, series_colour(index))
        line = {"color": series_colour(index), "width": 2}
        text = _with_area(name, "AUC", curve.auc, bands.get(name))
        figure.add_scatter(x=curve.fpr, y=curve.tpr, mode="lines", name=text, line=line)
    chance = np.linspace(0, 1, 101)
    figure.add_scatter(x=chance, y=chance, mode="lines", name="chance, AUC 0.5", line=_CHANCE)
    _rates(figure, log_x)
    figure.update_xaxes(title=f"false-positive rate, {of}")
    return figure


def _with_area(name: str, word: str, area: float, band: Band | None) -> str:
    if band is None or not np.isfinite(band.area[0]):
        return f"{name}, {word} {share(area, '.4f')}"
    return f"{name}, {word} {share(area, '.4f')} [{share(band.area[0], '.4f')}, {share(band.area[1], '.4f')}]"


def _curve(figure: go.Figure, x: np.ndarray, y: np.ndarray, name: str, text: str, index: int) -> None:
    average = name in _AVERAGES
    line = {"color": class_colour(name, index), "width": 3 if name == "macro" else 2, "dash": "dash" if average else "solid"}
    figure.add_scatter(x=x, y=y, mode="lines", name=text, line=line, legendgroup=name)


def _band(figure: go.Figure, band: Band | None, name: str, colour: str) -> None:
    if band is None:
        return
    shared = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip", "legendgroup": name}
    figure.add_scatter(x=band.grid, y=band.low, name=f"{name}, lower 95 %", **shared)
    figure.add_scatter(
        x=band.grid, y=band.high, name=f"{name}, upper 95 %", fill="tonexty", fillcolor=faint(colour, 0.18), **shared
    )


def _point(figure: go.Figure, point: tuple[float, float, str] | None) -> None:
    if point is not None:
        marker = {"size": 13, "symbol": "diamond", "color": "#D55E00", "line": {"color": "white", "width": 1.5}}
        figure.add_scatter(x=[point[0]], y=[point[1]], mode="markers", name=point[2], marker=marker)


def _rates(figure: go.Figure, log_x: bool) -> None:
    logarithmic = LOG | log_ticks(10.0 ** np.array(_LOG_RANGE)) | {"range": _LOG_RANGE}
    scale = logarithmic if log_x else {"type": "linear", "range": [-0.01, 1.01]}
    figure.update_xaxes(title="false-positive rate", **scale)
    figure.update_yaxes(title="true-positive rate", range=[-0.01, 1.01])
    # Curves fill the lower right corner of a logarithmic view.
    corner = {"x": 0.02, "y": 0.98, "xanchor": "left", "yanchor": "top"} if log_x else {}
    legend = {"x": 0.98, "y": 0.04, "xanchor": "right", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"} | corner
    figure.update_layout(height=430, margin=MARGIN, legend=legend)


def confusion_matrix(counts: np.ndarray, classes: Sequence[str], chosen: tuple[int, int] | None = None) -> go.Figure:
    """Confusion counts (K, K), rows true, columns predicted; colour is the share of the true class.

    A click on a cell selects a point, which `clicked_cell` reads; `chosen` is framed.
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=share,
            x=list(classes),
            y=list(classes),
            text=counts.astype(str),
            hoverinfo="skip",
            # Half-transparent, so that it suits the dark and the light theme.
            colorscale=[[0, "rgba(86,180,233,0.08)"], [1, "rgba(86,180,233,0.75)"]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=3,
            ygap=3,
        )
    )
    _cells(figure, counts, share, classes)
    for (row, column), count in np.ndenumerate(counts):
        # A full cell is light blue on either page, where black is read best; an empty one takes the colour of text.
        font = {"size": 14} | ({"color": "#0b0f16"} if share[row, column] > 0.4 else {})
        text = f"{count}<br>{share[row, column]:.1%}"
        figure.add_annotation(x=column, y=row, xref="x", yref="y", text=text, font=font, showarrow=False)
    if chosen is not None:
        row, column = chosen
        box = {"x0": column - 0.49, "x1": column + 0.49, "y0": row - 0.49, "y1": row + 0.49}
        figure.add_shape(type="rect", line={"color": "#D55E00", "width": 3}, name=SCREEN_ONLY, **box)
    # Said, because the invisible marks would widen the axes by their size.
    last = len(classes) - 0.5
    figure.update_xaxes(title="predicted class", showgrid=False, range=[-0.5, last])
    figure.update_yaxes(title="true class", showgrid=False, range=[last, -0.5])
    figure.update_layout(height=430, margin=MARGIN, showlegend=False, clickmode="event+select", dragmode=False)
    return figure


def _cells(figure: go.Figure, counts: np.ndarray, share: np.ndarray, classes: Sequence[str]) -> None:
    """Invisible marks over the cells: Plotly selects points, not cells of a heat map."""
    rows, columns = (axis.ravel() for axis in np.indices(counts.shape))
    figure.add_scatter(
        x=[classes[column] for column in columns],
        y=[classes[row] for row in rows],
        mode="markers",
        name="cells",
        marker={"symbol": "square", "size": 90, "color": "#56B4E9", "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=rows * len(classes) + columns,
        text=[f"{counts[row, column]} lenses, {share[row, column]:.1%}" for row, column in zip(rows, columns, strict=True)],
        hovertemplate="true %{y}, called %{x}: %{text}<br>click to see them<extra></extra>",
    )


def clicked_cell(event: dict, classes: int) -> tuple[int, int] | None:
    """Row and column of the cell that a visitor clicked in `confusion_matrix` of so many classes."""
    points = event["selection"]["points"]
    if not points:
        return None
    index = points[0]["customdata"]
    return divmod(int(index[0] if isinstance(index, list) else index), classes)
