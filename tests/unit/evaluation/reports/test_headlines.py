"""The figure that stands for a checkpoint on the Overview."""

import pytest

from lensmae.data.transforms import Transform
from lensmae.evaluation.reports.headlines import headline
from lensmae.models import CheckpointCard

OF_ALL = {"masked_mse": 2e-3, "linear_prior": {"masked_mse": 3e-3}, "n": 90, "data": "lenses"}
BY_CLASS = {
    **OF_ALL,
    "masked_mse_by_class": {"no_sub": 4e-6, "cdm": 1e-2},
    "linear_prior": {"masked_mse": 3e-3, "masked_mse_by_class": {"no_sub": 5e-6, "cdm": 2e-2}},
}


def card(classes, figures):
    training = {"config": {"classes": classes, "init": "scratch"}}
    return CheckpointCard(kind="mae", architecture={}, transform=Transform(), training=training, metrics={"test": figures})


@pytest.mark.parametrize(
    ("classes", "figures", "name", "value", "baseline"),
    [
        ("all", BY_CLASS, "Error of hidden pixels, MSE on [0, 1]", "2.0e-03", "its linear guess alone: 3.0e-03"),
        ("no_sub", BY_CLASS, "Error of hidden pixels of no_sub, MSE on [0, 1]", "4.0e-06", "its linear guess alone: 5.0e-06"),
        (
            "no_sub",
            OF_ALL,
            "Error of hidden pixels, MSE on [0, 1], of all classes, though it was trained on no_sub only",
            "2.0e-03",
            "its linear guess alone: 3.0e-03",
        ),
    ],
)
def test_an_mae_is_judged_by_what_it_has_learned(classes, figures, name, value, baseline):
    found = headline(card(classes, figures))
    assert (found.name, found.value, found.baseline) == (name, value, baseline)
    assert found.measured_on == "test split of lenses, 90 lenses"


@pytest.mark.parametrize(("note", "value"), [({}, "4.0e-04"), ({"note": "These figures are not a test."}, "2.0e-03")])
def test_a_whole_set_stands_before_a_validation_split_unless_some_of_it_was_trained_on(note, value):
    whole = {"masked_mse": 4e-4, "n": 3000, "data": "unseen"} | note
    judged = card("all", {}).model_copy(update={"metrics": {"validation": {"validation_masked_mse": 2e-3}, "all": whole}})
    assert headline(judged).value == value
    assert headline(judged).measured_on == ("validation split" if note else "all splits of unseen, 3,000 lenses")
    assert headline(judged.model_copy(update={"metrics": judged.metrics | {"test": OF_ALL}})).value == "2.0e-03"


def test_a_run_that_nobody_has_measured_shows_the_loss_of_its_training():
    run = card("all", {}).model_copy(update={"metrics": {"validation": {"validation_loss": 0.0015283655, "date": "2026-11-27"}}})
    found = headline(run)
    assert (found.name, found.value, found.measured_on) == ("Loss of training", "0.00153", "validation split")


def test_a_super_resolver_of_pairs_without_substructure_is_judged_as_any_other():
    figures = {"psnr": 42.6, "bicubic": {"psnr": 41.7}}
    resolver = CheckpointCard(
        kind="superres", architecture={}, transform=Transform(), data={"classes": ["no_sub"]}, metrics={"test": figures}
    )
    assert headline(resolver).value == "42.60 dB"


def test_a_card_without_figures_has_no_headline():
    assert headline(card("no_sub", {})) is None


def test_a_card_without_a_test_takes_the_figures_of_the_report_and_its_hardest_condition():
    classifier = CheckpointCard(kind="classifier", architecture={}, transform=Transform())
    rows = [
        {"checkpoint": "mine", "metric": "accuracy", "title": title, "label": label, "unit": "of the peak", "value": value}
        for title, label, value in (("Noise", "0.01", 0.95), ("Shot noise", "0.1", 0.36))
    ]
    figures = {"macro_auc": 0.99995, "accuracy": 0.997, "n": 3000, "data": "unseen", "split": "all"}
    record = {"classification": {"mine": figures}, "stress": rows}
    found = headline(classifier, "mine", record)
    assert (found.value, found.measured_on) == ("0.99995", "all splits of unseen, 3,000 lenses")
    assert found.hardest == "accuracy 36% under the hardest of 2 conditions: Shot noise 0.1 of the peak"
    assert headline(classifier, "another", record) is None
    own = classifier.model_copy(update={"metrics": {"test": {"macro_auc": 0.9, "data": "lenses"}}})
    assert headline(own, "mine", record).value == "0.90000"
