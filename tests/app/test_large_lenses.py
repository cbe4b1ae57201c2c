"""A set whose images are larger than the network's: every page asks the network as `lensmae evaluate` and `predict` do."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.data.exchange.importing import import_dataset
from lensmae.evaluation import evaluate
from tests.app.conftest import SMALL, assert_clean, texts


@pytest.fixture
def large(home, tmp_path):
    """Twelve lenses in the middle of 150 pixels, as folders of classes."""
    lenses = open_dataset("lenses")
    for row in range(0, 90, 4):
        kind = lenses.lenses["class"].iloc[row]
        sky = np.full((150, 150), 0.01, np.float32)
        sky[43:107, 43:107] += lenses.images[row]
        (tmp_path / "set" / kind).mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "set" / kind / f"{row}.npy", sky)
    return import_dataset(tmp_path / "set", "large")


SAID = "Images of 150x150 pixels were brought to 64x64"


def test_every_page_takes_a_set_of_larger_images_and_says_what_was_done(large, open_app):
    address = SMALL | {"data": "large"}
    app = open_app("classification", **address)
    assert_clean(app)
    report = evaluate("small-classifier", "large")
    assert SAID in texts(app.warning)
    assert any(f"{report.accuracy:.1%}" in str(metric.value) for metric in app.metric)
    app.button_group("view").set_value("saliency").run()
    assert_clean(app)
    assert SAID in texts(app.caption)
    app = open_app("reconstruction", **address)
    assert_clean(app)
    assert SAID in texts(app.caption)
    app.button_group("ask").set_value("anomaly").run()
    assert_clean(app)
    assert "is not known" in texts(app.caption)
    assert_clean(open_app("embeddings", **address))
    assert_clean(open_app(**address))
