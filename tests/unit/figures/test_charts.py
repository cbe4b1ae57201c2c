"""Charts show the numbers they are given, in the colours of the classes, with names and units on their axes."""

import numpy as np
import pandas as pd
import pytest

from lensmae.evaluation.metrics import roc_curves
from lensmae.figures import (
    CLASS_COLOURS,
    compare_curves,
    confusion_matrix,
    probability_bars,
    roc,
    score_pairs,
    training_curve,
)
from lensmae.figures.frame import log_ticks
from lensmae.figures.superresolution import pair_panels

CLASSES = ("no_sub", "cdm", "axion")


def test_roc_draws_every_class_in_its_colour_with_its_area():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 3, 60), rng.dirichlet(np.ones(3), 60)
    curves = roc_curves(labels, probabilities, CLASSES)
    figure = roc(curves)
    drawn = {trace.name.split(",")[0]: trace for trace in figure.data}
    assert set(drawn) == {*CLASSES, "macro", "micro", "chance"}
    np.testing.assert_array_equal(drawn["cdm"].y, curves["cdm"].tpr)
    assert drawn["cdm"].line.color == CLASS_COLOURS["cdm"]
    assert f"{curves['cdm'].auc:.4f}" in drawn["cdm"].name
    assert figure.layout.xaxis.title.text == "false-positive rate"


def test_confusion_shows_counts_and_shares_of_the_true_class():
    figure = confusion_matrix(np.array([[3, 1, 0], [0, 0, 0], [0, 0, 2]]), CLASSES)
    np.testing.assert_allclose(figure.data[0].z, [[0.75, 0.25, 0], [0, 0, 0], [0, 0, 1]])
    assert figure.data[0].text[0].tolist() == ["3", "1", "0"]


def test_probabilities_stand_in_the_order_of_the_classes():
    figure = probability_bars(np.array([0.2, 0.5, 0.3]), CLASSES)
    assert dict(zip(figure.data[0].y, figure.data[0].x, strict=True)) == {"no_sub": 0.2, "cdm": 0.5, "axion": 0.3}


def test_a_pair_better_than_its_baseline_lies_above_the_line():
    figure = score_pairs(np.array([40.0, 41.0]), np.array([40.5, 40.9]), "PSNR, dB")
    np.testing.assert_array_equal(figure.data[1].y - figure.data[1].x > 0, [True, False])
    assert "dB" in figure.layout.xaxis.title.text


def test_a_training_curve_leaves_out_steps_without_a_value():
    metrics = pd.DataFrame({"step": [1, 2, 3], "train_loss": [3.0, 2.0, 1.0], "validation_loss": [None, 2.5, None]})
    figure = training_curve(metrics, ["train_loss", "validation_loss"], "loss")
    assert list(figure.data[1].x) == [2]
    assert figure.layout.yaxis.type == "log"


def test_a_smoothed_curve_is_a_moving_average_over_its_pale_points():
    metrics = pd.DataFrame({"step": [1, 2, 3], "train_loss": [4.0, 2.0, 2.0]})
    pale, smooth = training_curve(metrics, ["train_loss"], "loss", smoothing=0.5).data
    assert list(pale.y) == [4.0, 2.0, 2.0]
    # Weights 1; 1/2, 1; 1/4, 1/2, 1, each divided by their sum.
    assert list(smooth.y) == pytest.approx([4.0, (0.5 * 4 + 2) / 1.5, (0.25 * 4 + 0.5 * 2 + 2) / 1.75])
    assert not pale.showlegend


def test_a_long_curve_is_thinned_and_keeps_its_newest_point():
    metrics = pd.DataFrame({"step": range(5001), "train_loss": 1.0})
    drawn = training_curve(metrics, ["train_loss"], "loss").data[0]
    assert len(drawn.x) <= 500
    assert drawn.x[-1] == 5000


def test_compared_curves_leave_out_runs_without_the_figure():
    one = pd.DataFrame({"step": [10, 20], "epoch": [1.0, 2.0], "validation_auc": [0.5, 0.6]})
    figure = compare_curves({"one": one, "two": one.drop(columns="validation_auc")}, "validation_auc", "AUC", by="epoch")
    assert [trace.name for trace in figure.data] == ["one"]
    assert list(figure.data[0].x) == [1.0, 2.0]
    assert figure.layout.xaxis.title.text == "epoch"


def test_class_colours_differ():
    assert len(set(CLASS_COLOURS.values())) == len(CLASS_COLOURS)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([2e-4, 7e-4], ["2·10<sup>−4</sup>", "3·10<sup>−4</sup>", "5·10<sup>−4</sup>", "7·10<sup>−4</sup>"]),
        ([1e-5, 1e-2], ["10<sup>−5</sup>", "10<sup>−4</sup>", "10<sup>−3</sup>", "10<sup>−2</sup>"]),
        ([100, np.nan, -1, 5000], ["100", "200", "500", "1,000", "2,000", "5,000"]),
        ([3e-8, 5], ["10<sup>−6</sup>", "10<sup>−4</sup>", "10<sup>−2</sup>", "10<sup>0</sup>"]),
        ([5, 5], ["4", "5", "6"]),
    ],
)
def test_a_logarithmic_axis_says_whole_numbers_whatever_it_spans(values, texts):
    ticks = log_ticks(np.array(values))
    assert ticks["ticktext"] == texts
    assert ticks["tickvals"] == sorted(ticks["tickvals"])
    assert log_ticks(np.array([0.0, np.nan])) == {}


def test_counterparts_of_super_resolution_stand_below_each_other():
    low, high = np.zeros((32, 32)), np.full((64, 64), 0.5)
    one = {"Nearest": high * 0, "Bicubic": high * 0.5, "Network": high}
    two = {**one, "Other": high * 2}
    for enlarged, truth in ((one, None), (one, high), (two, None), (two, high)):
        panels = pair_panels(low, enlarged, high, truth)
        columns = len(enlarged) + 1
        upper, middle, lower = panels[:columns], panels[columns : 2 * columns], panels[2 * columns :]
        for above, between, below, name in zip(upper[1:], middle[1:], lower[1:], list(enlarged)[1:], strict=False):
            assert [above.title, between.title, below.title] == [name, f"{name} − HR", f"{name}, 1 − SSIM"]
            np.testing.assert_array_equal(between.pixels, above.pixels - high)
        assert ("Noise-free truth" in [panel.title for panel in panels]) == (truth is not None)
        assert len({tuple(panel.span[0]) for panel in panels if panel.measure}) == 1
    assert middle[-1].title == "Network − Other"
    np.testing.assert_array_equal(middle[-1].pixels, high - high * 2)
