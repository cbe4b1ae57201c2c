"""All pages open on a workspace full of damaged records, and name them."""

import pytest

from lensmae.training import create_run, make_config
from tests.app.conftest import SMALL, texts
from tests.damage import SETS, damage_checkpoints, damage_runs, damage_sets

PAGES = (
    "overview",
    "reconstruction",
    "classification",
    "superresolution",
    "embeddings",
    "analyse",
    "lens_lab",
    "data",
    "training",
)


@pytest.fixture
def damaged(home):
    damage_sets(home, "lenses", SETS)
    damage_checkpoints(home, home / "checkpoints/small-mae.safetensors")
    create_run(make_config("pretrain", data="lenses"), "good")
    damage_runs(home, home / "runs/good")
    return home


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_beside_damaged_records_and_names_them(damaged, open_app, page):
    app = open_app(page, method="pca", data="lenses", run="good", **SMALL)
    assert not app.exception, texts(app.exception)
    assert not app.error, texts(app.error)
    named = {name for frame in app.sidebar.dataframe for name in frame.value["name"]}
    assert {*SETS, "many-layers", "deep"} <= named


def test_a_damaged_run_is_said_and_the_page_goes_on(damaged, open_app):
    app = open_app("training", run="deep-status", **SMALL)
    assert not app.exception, texts(app.exception)
    assert "nested too deep" in texts(app.error)
    assert app.button("Delete it-deep-status")


def test_a_damaged_curve_is_said_and_the_page_goes_on(damaged, open_app):
    app = open_app("training", run="binary-curve", **SMALL)
    assert not app.exception, texts(app.exception)
    assert "damaged" in texts(app.error)
