"""Every page opens on a workspace with data and says what it shows."""

import pytest

from lensmae.evaluation import evaluate
from tests.app.conftest import SMALL, assert_clean, texts
from tests.titles import TITLES


@pytest.mark.parametrize("page", TITLES)
def test_a_page_opens_without_an_error(home, open_app, page):
    app = open_app(page, method="pca", **SMALL)
    assert_clean(app)
    assert [title.value for title in app.title] == [TITLES[page]]


def test_the_shared_choice_survives_a_change_of_page(home, open_app):
    app = open_app(None, **SMALL)
    app.number_input("lens").set_value(17).run()
    app.switch_page("pages/reconstruction.py").run()
    assert app.number_input("lens").value == 17
    assert app.selectbox("mae").value == "small-mae"


def test_the_first_lens_shown_is_of_the_test_split(home, open_app):
    assert "test split" in texts(open_app(None, **SMALL).sidebar.caption)


def test_another_lens_is_a_lens_of_the_set(home, open_app):
    app = open_app(None, **SMALL)
    for _ in range(3):
        before = app.number_input("lens").value
        app.button("another").click().run()
        assert_clean(app)
        assert 0 <= app.number_input("lens").value < 90
        assert app.number_input("lens").value != before


def test_classification_counts_and_names_what_it_measured(home, open_app):
    app = open_app("classification", **SMALL)
    assert "9 lenses of the test split of lenses (DeepLense Model II) with checkpoint small-classifier" in texts(app.caption)
    labels = {metric.label: metric.value for metric in app.metric}
    expected = evaluate("small-classifier", "lenses").summary()
    assert float(labels["Macro AUC"]) == pytest.approx(expected["macro_auc"], abs=1e-4)
    assert float(labels["Accuracy"].rstrip(" %")) == pytest.approx(100 * expected["accuracy"], abs=0.05)


def test_the_error_of_the_axion_mass_is_that_of_its_head(home, open_app):
    from lensmae.data import open_dataset
    from lensmae.evaluation.classification.axion_mass import evaluate_masses
    from lensmae.models import load_checkpoint

    app = open_app("classification", **SMALL)
    app.session_state["view"] = "masses"
    app.run()
    assert_clean(app)
    dataset = open_dataset("lenses")
    found = evaluate_masses(load_checkpoint("small-classifier"), dataset, dataset.indices("test")).summary()
    shown = {metric.label: (metric.value, metric.delta) for metric in app.metric}
    assert shown["RMS error, all"] == (f"{found['rms_dex']:.3f} dex", "3 lenses")
    assert f"{found['spread_dex']:.2f} dex off" in texts(app.caption)


def test_lenses_of_one_class_have_neither_auc_nor_curve_nor_mass_and_it_is_said(home, open_app):
    from lensmae.data import simulate_dataset

    simulate_dataset("model_ii", "smooth", per_class=10, seed=3, classes=["no_sub"], jobs=1)
    app = open_app("classification", data="smooth", **SMALL)
    assert_clean(app)
    assert {metric.label: metric.value for metric in app.metric}["Macro AUC"] == "–"
    assert "all of one class" in texts(app.info)
    app.session_state["view"] = "masses"
    app.run()
    assert_clean(app)
    assert "None of the measured lenses of smooth has a known axion mass" in texts(app.info)


def test_a_set_with_several_classes_is_shown_first_and_one_of_a_single_class_where_it_is_alone(home, open_app):
    from lensmae.data import simulate_dataset

    simulate_dataset("model_ii", "axions", per_class=10, seed=3, classes=["axion"], jobs=1)
    assert open_app(None).selectbox("data").value == "lenses"
    (home / "datasets/lenses").unlink()
    assert open_app(None).selectbox("data").value == "axions"


def test_superresolution_stands_beside_bicubic(home, open_app):
    """An untrained super-resolver is exactly bicubic interpolation, so the gain is zero."""
    app = open_app("superresolution", **SMALL)
    gains = {metric.label: metric.delta for metric in app.metric}
    assert gains["Mean PSNR"] == "+0.00 dB against bicubic"


def test_a_link_reopens_the_same_view(home, open_app):
    app = open_app("reconstruction", lens="33", seed="7", strategy="The ring", stretch="log", limit="99", **SMALL)
    assert_clean(app)
    assert app.number_input("lens").value == 33
    assert app.selectbox("stretch").value == "log"
    # Only shared choices pass `switch_page`; a page's own are tested with a real browser.


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"data": "../../etc"}, "data set “../../etc”"),
        ({"lens": "abc"}, "lens “abc”"),
        ({"lens": "90"}, "lenses 0 to 89"),
        ({"lens": "-1"}, "lens “-1”"),
        ({"mae": "<script>alert(1)</script>"}, "which is not here"),
        ({"stretch": "cubic"}, "stretch “cubic”"),
    ],
)
def test_an_address_that_asks_for_what_is_not_there_gets_a_plain_notice(home, open_app, address, said):
    app = open_app(None, **address)
    assert_clean(app)
    assert said in texts(app.warning)


@pytest.mark.parametrize("ratio", ["nan", "inf", "-4", "x" * 5000])
def test_a_hostile_ratio_is_ignored(home, open_app, ratio):
    assert_clean(open_app(None, ratio=ratio, **SMALL))


def test_a_page_that_fails_says_so_plainly(home, open_app, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("lensmae.app.shared.loaders.network_image", broken)
    app = open_app(None, **SMALL)
    assert not app.exception
    assert "unexpected problem (ZeroDivisionError)" in texts(app.error)
    assert "secret" not in texts(app.error)
