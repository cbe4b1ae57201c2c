"""The robustness figure on its data."""

import pandas as pd

from lensmae.figures.robustness import robustness


def table():
    rows = []
    for name, level in (("one", 0.9), ("other", 0.5)):
        for nuisance, title, unit, labels in (
            ("as given", "As given", "", ["as given"]),
            ("noise", "Noise", "rms", ["0.1", "0.01"]),
        ):
            for label in labels:
                facts = {"checkpoint": name, "nuisance": nuisance, "title": title, "unit": unit, "label": label}
                rows.append(
                    facts | {"metric": "accuracy", "value": level, "low": level - 0.1, "high": level + 0.05, "answered": 0.3}
                )
    return pd.DataFrame(rows)


def test_each_checkpoint_is_one_curve_with_its_interval_and_its_level():
    figure = robustness(table())
    assert [trace.name for trace in figure.data] == ["one", "other"]
    assert list(figure.data[0].x) == ["0.1", "0.01"]
    assert list(figure.data[1].y) == [0.5, 0.5]
    assert [round(value, 6) for value in figure.data[0].error_y.arrayminus] == [0.1, 0.1]
    assert [round(shape.y0, 6) for shape in figure.layout.shapes] == [0.9, 0.5]
    assert figure.layout.annotations[0].text == "Noise (rms)"
    assert figure.layout.yaxis.title.text == "accuracy"


def test_another_measure_and_a_table_without_nuisances_are_drawn():
    assert list(robustness(table(), "answered").data[0].y) == [0.3, 0.3]
    alone = robustness(table().query("nuisance == 'as given'"))
    assert list(alone.data[0].x) == ["one", "other"]


def test_panels_that_are_compared_have_one_scale_that_holds_all_bars():
    two = table()
    other = two[two["nuisance"] == "noise"].assign(nuisance="blur", title="Blur", value=0.2, low=0.1, high=0.25)
    figure = robustness(pd.concat([two, other]), columns=1)
    ranges = {figure.layout[axis].range for axis in ("yaxis", "yaxis2")}
    assert len(ranges) == 1
    low, high = ranges.pop()
    assert low < 0.1
    assert high > 0.95
    assert robustness(two.assign(unit="noise")).layout.annotations[0].text == "Noise"
