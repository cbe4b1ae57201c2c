"""Objects and bands told from names of files."""

import pandas as pd
import pytest

from lensmae.evaluation.images.groups import by_object, object_and_band


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("J1023_F814W.fits", ("J1023", "F814W")),
        ("lens12-g.npy", ("lens12", "g")),
        ("abell.f160w.drz.fits.gz", ("abell.drz", "f160w")),
        ("EUC_VIS_001.png", ("EUC_001", "VIS")),
        ("a_Ks.fits", ("a", "Ks")),
        ("plain.npy", ("plain", "")),
        ("g.fits", ("g", "")),
        ("strong_ring.tif", ("strong_ring", "")),
        ("folder/x_r.npy", ("x", "r")),
    ],
)
def test_object_and_band(name, told):
    assert object_and_band(name) == told


def test_an_object_agrees_where_every_image_of_it_is_told_the_same_class():
    table = pd.DataFrame(
        {"file": ["a_g.npy", "a_r.npy", "b_g.npy", "b_r.npy", "c.npy"], "class": ["cdm", "cdm", "cdm", "axion", None]}
    )
    found = by_object(table)
    assert found["object"].tolist() == ["a", "b", "c"]
    assert found["agree"].tolist() == [True, False, False]
    assert found["withheld"].tolist() == [0, 0, 1]
    assert found["classes"].tolist()[2] == "cannot tell"
