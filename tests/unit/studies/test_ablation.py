import json

import pytest

from lensmae.errors import ConfigError
from lensmae.training import list_runs, make_config
from studies.ablation import PRETRAININGS, RECIPE, VARIANTS, ablation
from studies.report_studies import ablation_lines

TINY = {"batch_size": 12, "compile": False, "whitening": 8, "encoder_layers": 1, "ema_decay": 0.0}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_is_a_valid_configuration_that_differs_from_the_recipe_as_it_says(variant):
    recipe, changed = (make_config("classifier", RECIPE, data="x", **change) for change in ({}, VARIANTS[variant]))
    differing = {key for key, value in changed.model_dump().items() if value != recipe.model_dump()[key]}
    assert differing == set(VARIANTS[variant])


@pytest.mark.parametrize("variant", PRETRAININGS)
def test_every_pretraining_is_a_valid_configuration(variant):
    assert make_config("pretrain", "reference-cpu", data="x", **PRETRAININGS[variant]).kind == "pretrain"


def test_a_variant_may_pretrain_its_own_mae_which_is_not_kept(workspace_with_lenses, tmp_path):
    options = {"batch_size": 12, "encoder_layers": 1, "epochs": 0.2, "test_images": 6}
    variant = "own MAE, no linear prior"
    found = ablation("lenses", tmp_path / "a.json", variants=[variant], pretrain_epochs=0.2, **options)[0]
    assert found["pretrain_epochs"] == 0.2
    # Some of six lenses.
    assert 6 * found["accuracy"] == pytest.approx(round(6 * found["accuracy"]))
    assert list_runs() == []


def test_variants_are_trained_measured_and_kept_one_by_one(workspace_with_lenses, tmp_path):
    output = tmp_path / "ablation.json"
    found = ablation("lenses", output, variants=["encoder from scratch"], epochs=0.2, test_images=6, **TINY)
    assert json.loads(output.read_text())["results"] == found
    assert found[0]["variant"] == "encoder from scratch"
    assert found[0]["n"] == 6
    assert 6 * found[0]["accuracy"] == pytest.approx(round(6 * found[0]["accuracy"]))
    assert list_runs() == []
    assert ablation("lenses", output, variants=["encoder from scratch"], epochs=0.2, test_images=6, **TINY) == found


def test_a_network_of_turned_lenses_is_judged_in_one_orientation_too(workspace_with_lenses, tmp_path):
    options = TINY | {"init": "scratch"}
    variant = "turned and mirrored (D4)"
    found = ablation("lenses", tmp_path / "a.json", variants=[variant], epochs=0.2, test_images=6, **options)[0]
    assert found["one_orientation"]["n"] == 6
    lines = ablation_lines({"ablation": [found]})
    assert [variant in line for line in lines[-3:-1]] == [True, True]
    assert "judged in one orientation only" in lines[-2]


def test_an_unknown_variant_is_refused(workspace_with_lenses, tmp_path):
    with pytest.raises(ConfigError, match="no variant 'magic'"):
        ablation("lenses", tmp_path / "x.json", variants=["magic"])
