"""The Overview page: what a newcomer learns from it, and the tour."""

from tests.app.conftest import SMALL, assert_clean, texts


def test_it_says_what_the_classes_are(home, open_app):
    said = texts(open_app(None, **SMALL).markdown)
    assert all(name in said for name in ("strong gravitational lens", "no_sub", "cdm", "axion", "masked autoencoder"))


def test_the_tour_shows_a_step_on_its_page_only_and_ends_when_asked(home, open_app):
    app = open_app(None, **SMALL)
    app.button("tour-start").click().run()
    # In the address: the next run of the page, and a reload, know it.
    assert app.query_params["tour"] == "1"
    assert "1 of 5" in texts(app.markdown)
    app.button("tour-end").click().run()
    assert_clean(app)
    assert "of 5" not in texts(app.markdown)
    assert "of 5" not in texts(open_app(None, tour="2", **SMALL).markdown)
    assert_clean(open_app(None, tour="<b>9</b>", **SMALL))


def test_figures_lead_to_the_lenses_they_were_measured_on_or_make_them_again(home, open_app):
    from lensmae.app.shared import loaders
    from lensmae.evaluation.reports.headlines import reported_set

    app = open_app(None, classifier="classifier", mae="small-mae", superres="small-superres")
    assert_clean(app)
    found = reported_set(loaders.results(), "unseen")
    assert (found.preset, found.per_class * 3, found.lenses) == ("model_ii", 3000, 3000)
    button = app.button("make-classifier")
    assert (button.label, f"{found.lenses:,} lenses" in button.help) == ("Make these 3,000 lenses here", True)
    assert reported_set(loaders.results(), "of somebody else") is None
