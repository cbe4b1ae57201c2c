"""Exported figures are read back: their size, their texts and the places of their points."""

import ast
import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image
from plotly.subplots import make_subplots

from lensmae.errors import LensMAEError
from lensmae.figures import confusion_matrix, export_figure, figure_numbers
from lensmae.figures.export.traces import DRAWERS

ROOT = Path(__file__).resolve().parents[4]
SVG = "{http://www.w3.org/2000/svg}"


def curve(**axes):
    figure = go.Figure()
    x = np.array([0.01, 0.1, 1.0, 10.0])
    figure.add_scatter(x=x, y=[4.0, 3.0, 1.0, 0.0], mode="lines", name="a & b <c>", line={"color": "#D55E00", "dash": "dash"})
    figure.add_scatter(x=x, y=[1.0, 1.5, 2.0, 2.5], mode="markers", name="points", marker={"color": "rgb(0, 114, 178)"})
    figure.update_xaxes(title="k (arcsec<sup>−1</sup>)", **axes)
    figure.update_yaxes(title="power ($)")
    return figure


def drawn(figure, width_mm=180.0):
    return ElementTree.fromstring(export_figure(figure, "svg", width_mm))


def texts(svg):
    return ["".join(text.itertext()).strip() for text in svg.iter(f"{SVG}text")]


def line(svg, gid):
    """Corners (N, 2) of a path."""
    group = next(group for group in svg.iter(f"{SVG}g") if group.get("id") == gid)
    numbers = re.findall(r"-?[\d.]+", group.find(f"{SVG}path").get("d"))
    return np.array(numbers, dtype=float).reshape(-1, 2)


def test_a_png_has_the_printed_width_at_300_dots_an_inch_on_white():
    image = Image.open(io.BytesIO(export_figure(curve(), "png", 88.0)))
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.5)
    assert image.width == pytest.approx(88 / 25.4 * 300, abs=1)
    pixels = np.asarray(image.convert("RGB"))
    assert (pixels[[0, 0, -1, -1], [0, -1, 0, -1]] == 255).all()
    assert (np.abs(pixels.astype(int) - (0, 114, 178)).sum(axis=2) < 30).any()


def test_an_svg_keeps_its_texts_as_text_with_a_named_font():
    svg = drawn(curve())
    assert {"power ($)", "a & b <c>", "points", "k (arcsec⁻¹)"} <= set(texts(svg))
    fonts = {text.get("style", "") for text in svg.iter(f"{SVG}text")}
    assert any("DejaVu Sans" in style for style in fonts)


def test_the_points_of_a_line_stand_where_its_data_say():
    corners = line(drawn(curve()), "line-a & b <c>")
    x, y = np.array([0.01, 0.1, 1.0, 10.0]), np.array([4.0, 3.0, 1.0, 0.0])
    for places, values in zip(corners.T, (x, y), strict=True):
        slope = np.polyfit(values, places, 1)
        np.testing.assert_allclose(np.polyval(slope, values), places, atol=1e-3)
    # The page counts downward.
    assert corners[0, 1] < corners[-1, 1]


def test_a_logarithmic_axis_spaces_decades_evenly():
    corners = line(drawn(curve(type="log")), "line-a & b <c>")
    steps = np.diff(corners[:, 0])
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)


def test_a_range_on_a_logarithmic_axis_is_in_powers_of_ten():
    corners = line(drawn(curve(type="log", range=[-2, 1])), "line-a & b <c>")
    frame = next(group for group in drawn(curve(type="log", range=[-2, 1])).iter(f"{SVG}g") if group.get("id") == "patch_2")
    box = np.array(re.findall(r"-?[\d.]+", frame.find(f"{SVG}path").get("d")), dtype=float).reshape(-1, 2)
    assert corners[0, 0] == pytest.approx(box[:, 0].min(), abs=1e-3)
    assert corners[-1, 0] == pytest.approx(box[:, 0].max(), abs=1e-3)


def test_a_band_is_filled_between_its_two_lines_even_on_different_grids():
    figure = go.Figure()
    figure.add_scatter(x=[0, 1, 2], y=[1, 1, 1], mode="lines", line={"width": 0}, showlegend=False)
    figure.add_scatter(
        x=[0, 2], y=[2, 3], mode="lines", line={"width": 0}, fill="tonexty", fillcolor="rgba(0,0,0,0.2)", name="95 %"
    )
    corners = line(drawn(figure), "fill-95 %")
    # Two corners of the upper line, three of the lower one, and the first again.
    assert len(corners) in (5, 6)
    assert corners[:5, 0] == pytest.approx([corners[0, 0], corners[1, 0], corners[1, 0], corners[3, 0], corners[0, 0]], abs=1e-3)


def test_a_pdf_embeds_its_fonts_and_keeps_its_texts():
    data = export_figure(curve(), "pdf")
    assert data.startswith(b"%PDF")
    assert b"/FontFile2" in data
    streams = [zlib.decompress(body) for body in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.S) if body[:1] == b"x"]
    assert any(b"power" in stream for stream in streams) or any(_spelled(stream, "power") for stream in streams)


def _spelled(stream, word):
    """Whether the strings shown in a page's stream hold a word, spelled in 8- or 16-bit codes."""
    shown = re.sub(rb"\)\s*-?[\d.]*\s*\(", b"", stream)
    return word.encode() in shown.replace(b"\0", b"") or word.encode("utf-16-be") in shown


def test_bars_start_at_their_place_with_their_length():
    figure = go.Figure(go.Bar(x=[0.25, 0.5], y=["one", "two"], orientation="h", name="p"))
    svg = drawn(figure)
    groups = [group for group in svg.iter(f"{SVG}g") if group.get("id") == "bar-p"]
    widths = [np.ptp(np.array(re.findall(r"-?[\d.]+", g.find(f"{SVG}path").get("d")), dtype=float)[::2]) for g in groups]
    assert widths[1] == pytest.approx(2 * widths[0], rel=1e-3)
    assert {"one", "two"} <= set(texts(svg))


def test_histogram_bins_are_those_of_numpy():
    values = np.random.default_rng(0).normal(size=200)
    table = figure_numbers(go.Figure(go.Histogram(x=values, xbins={"start": -4, "end": 4, "size": 0.5}, name="h")))
    counts, edges = np.histogram(values, np.arange(-4, 4.25, 0.5))
    np.testing.assert_array_equal(table["y"], counts)
    np.testing.assert_allclose(table["x, from"], edges[:-1])


def test_a_heat_map_says_its_texts_in_readable_colours():
    svg = drawn(confusion_matrix(np.array([[30, 1], [0, 9]]), ("cold", "warm")))
    # A line of a text is an element of its own.
    assert {"30", "9", "cold", "warm"} <= set(texts(svg))
    assert any("96.8%" in text for text in texts(svg))


def test_numbers_of_a_figure_stand_under_the_names_of_its_axes():
    table = figure_numbers(curve())
    assert list(table.columns) == ["series", "k (arcsec⁻¹)", "power ($)"]
    assert table.query("series == 'points'")["power ($)"].tolist() == [1.0, 1.5, 2.0, 2.5]
    cells = figure_numbers(confusion_matrix(np.array([[3, 1], [0, 4]]), ("a", "b")))
    found = cells.set_index(["true class", "predicted class"])["value"]
    assert found["a", "b"] == pytest.approx(0.25)


def test_axes_beside_each_other_keep_their_own_data_notes_and_lines():
    figure = make_subplots(1, 2, subplot_titles=("left", "right"))
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="one", row=1, col=1)
    figure.add_scatter(x=[0, 1], y=[5, 9], mode="lines", name="two", row=1, col=2)
    figure.add_vline(x=0.5, row=1, col=2)
    svg = drawn(figure)
    one, two, mark = (line(svg, gid) for gid in ("line-one", "line-two", "shape"))
    assert one[:, 0].max() < two[:, 0].min()
    assert mark[:, 0].mean() == pytest.approx(two[:, 0].mean(), abs=1e-3)
    assert {"left", "right"} <= set(texts(svg))


def test_marks_that_name_no_axes_lie_where_the_data_say():
    figure = go.Figure(go.Scatter(x=[1, 4], y=[1, 4], mode="lines", name="one"))
    figure.add_shape(type="rect", x0=2, x1=3, y0=2, y1=4)
    figure.add_annotation(x=4, y=4, text="corner", showarrow=False)
    svg = drawn(figure)
    (left, low), (right, high) = line(svg, "line-one")
    box = line(svg, "shape")
    wide, tall = right - left, high - low
    assert sorted({*box[:, 0]}) == pytest.approx([left + wide / 3, left + 2 * wide / 3], abs=1e-3)
    assert sorted({*box[:, 1]}) == pytest.approx([low + tall, low + tall / 3], abs=1e-3)
    note = next(text for text in svg.iter(f"{SVG}text") if "".join(text.itertext()) == "corner")
    assert float(note.get("x")) == pytest.approx(right, abs=0.1)


def test_the_cell_that_is_chosen_on_the_page_is_not_framed_on_paper():
    figure = confusion_matrix(np.array([[8, 2], [1, 9]]), ["no_sub", "cdm"], (0, 1))
    assert len(figure.layout.shapes) == 1
    assert "shape" not in {group.get("id") for group in drawn(figure).iter(f"{SVG}g")}


def test_lines_of_a_column_are_thinner_than_those_of_a_page():
    page, column = (
        float(re.search(r"stroke-width: ([\d.]+)", ElementTree.tostring(drawn(curve(), width).find(".//*[@id='line-a & b <c>']"))
              .decode())[1])
        for width in (180.0, 88.0)
    )  # fmt: skip
    assert page == pytest.approx(1.5)
    assert column == pytest.approx(0.9)


def test_points_in_space_are_drawn():
    points = np.random.default_rng(0).normal(size=(3, 20))
    figure = go.Figure(go.Scatter3d(x=points[0], y=points[1], z=points[2], mode="markers", name="lenses"))
    figure.update_layout(scene={"xaxis": {"title": "UMAP 1"}}, showlegend=True)
    assert {"UMAP 1", "lenses"} <= set(texts(drawn(figure)))


def test_a_trace_that_cannot_be_drawn_is_refused_by_name():
    with pytest.raises(LensMAEError, match="pie"):
        export_figure(go.Figure(go.Pie(values=[1, 2])), "png")


def test_every_kind_of_trace_in_the_house_can_be_exported():
    """Whoever draws a new kind of trace has to teach it to the export."""
    found = set()
    for path in ROOT.glob("lensmae/figures/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                owner = getattr(node.value, "id", "")
                if owner == "go" and node.attr not in ("Figure", "Layout") and hasattr(getattr(go, node.attr)(), "type"):
                    found.add(node.attr.lower())
                added = re.fullmatch(r"add_(\w+)", node.attr)
                if added and hasattr(go.Figure, node.attr) and hasattr(go, added.group(1).capitalize()):
                    found.add(added.group(1))
    assert found >= {"scatter", "bar", "heatmap"}
    assert found <= {*DRAWERS, "shape", "annotation", "trace"}


def test_matplotlib_is_not_imported_before_the_first_export():
    code = "import sys, lensmae.figures, lensmae.app.shared.widgets; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0
