"""Names in figures are text: Plotly, which takes part of HTML, gets none of theirs."""

import html

import numpy as np
import plotly.graph_objects as go
import pytest

from lensmae.figures import class_scatter
from lensmae.figures.plain_text import as_text

EVIL = '<a href="https://evil.example">e</a><b>x</b><img src=x> a<b & c &copy;'


def texts(value):
    """All texts of a figure's JSON."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


def figure(name: str) -> go.Figure:
    drawn = go.Figure(go.Bar(x=[name, "b"], y=[1, 2], name=name, text=np.array([name, "b"], dtype=object)))
    drawn.add_scatter(x=[1], y=[2], hovertext=[name], hovertemplate=f"{name} %{{x}}<br>m<sup>2</sup><extra></extra>")
    drawn.add_annotation(text=name)
    drawn.update_xaxes(title=name, tickvals=[0], ticktext=[name])
    return drawn


def test_a_strangers_name_has_no_tag_and_reads_as_it_is():
    shown = texts(as_text(figure(EVIL)).to_plotly_json())
    named = [text for text in shown if "evil" in text]
    assert len(named) == 7
    for text in named:
        ours = text.replace("<br>", "").replace("<sup>", "").replace("</sup>", "").replace("<extra></extra>", "")
        assert "<" not in ours
        assert html.unescape(text).startswith(EVIL)


def test_own_marks_stay_and_a_figure_without_others_is_the_same():
    plain = figure("cdm")
    assert as_text(plain) is plain


def test_done_twice_it_changes_nothing():
    once = as_text(figure(EVIL))
    assert as_text(once) is once


@pytest.mark.parametrize("dimensions", [2, 3])
def test_numbers_are_not_touched(dimensions):
    points = np.random.default_rng(0).random((5, dimensions)).astype(np.float32)
    drawn = as_text(class_scatter(points, np.array([EVIL, "b", "b", "b", "b"]), np.arange(5), "PCA"))
    np.testing.assert_array_equal(np.concatenate([trace.x for trace in drawn.data]).astype(np.float32), points[:, 0])
