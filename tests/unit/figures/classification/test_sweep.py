import pandas as pd

from lensmae.figures.classification.sweep import probability_sweep


def test_a_sweep_draws_every_class_over_the_swept_mass():
    table = pd.DataFrame({"axion_mass_ev": [1e-24, 1e-23], "cdm": [0.2, 0.6], "axion": [0.8, 0.4]})
    figure = probability_sweep(table, ["cdm", "axion"], "axion mass (eV)", now=3e-24)
    assert [trace.name for trace in figure.data] == ["cdm", "axion", "this lens"]
    assert list(figure.data[2].x) == [3e-24, 3e-24]
    # What stands outside the traces is placed by exponent on a logarithmic axis, and would stretch it.
    assert not figure.layout.annotations
    assert list(figure.data[1].y) == [0.8, 0.4]
    assert list(figure.data[0].x) == [1e-24, 1e-23]
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == "axion mass (eV)"
