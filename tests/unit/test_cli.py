import ast
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from lensmae import cli
from lensmae.data import list_datasets, open_dataset
from lensmae.data.transforms import Transform
from lensmae.evaluation import evaluate
from lensmae.training import CONFIGS, end_now, get_run, make_config
from tests.unit.conftest import CLASSES, ENCODER, save

# Networks that train in a second.
TINY = "--patch-size 16 --emb-dim 24 --encoder-layers 1 --encoder-heads 2 --epochs 1 --batch-size 24 --save-every 2"


def call(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def shell(*arguments, **environment):
    """Run the command as a user does."""
    command = [sys.executable, "-m", "lensmae", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, timeout=300)


def refused(result, *words):
    """One plain line on stderr, nothing on stdout, exit status 2."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
    return True


def test_simulate_makes_the_data_set_that_it_reports(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    result = call("simulate", "model_ii", "few", "--per-class", 3, "--seed", 5, "--jobs", 1)
    assert result.exit_code == 0, result.stderr
    assert "9 lenses" in result.stdout
    info = open_dataset("few").info
    assert (info.n, info.seed, info.preset) == (9, 5, "model_ii")
    listed = json.loads(call("data", "--json").stdout)
    assert [entry["name"] for entry in listed] == ["few"] == [entry.name for entry in list_datasets()]
    assert "few" in call("data").stdout


def test_evaluate_prints_exactly_one_json_object_and_nothing_else_on_stdout(workspace_with_lenses, classifier):
    result = shell("evaluate", classifier, "lenses", "--json")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\n") == 1
    printed, expected = json.loads(result.stdout), evaluate(classifier, "lenses").summary()
    # How long it took is another figure each time.
    del printed["images_per_second"], expected["images_per_second"]
    assert printed.pop("auc") == pytest.approx(expected.pop("auc"))
    assert printed == pytest.approx(expected)


def test_evaluate_tells_the_error_of_the_axion_mass_where_there_is_a_head_for_it(workspace_with_lenses):
    save("weigher", "classifier", {"encoder": ENCODER, "classes": 3, "mass_head": True}, transform=Transform(), classes=CLASSES)
    result = call("evaluate", "weigher", "lenses", "--json")
    assert json.loads(result.stdout)["axion_mass"]["n"] == 3


def test_json_stays_pure_when_the_evaluation_prints_and_the_note_goes_to_stderr(workspace_with_lenses, mae, monkeypatch):
    from lensmae.evaluation.measure import reports

    def noisy(*_):
        print("a library's chatter")
        return "the note"

    monkeypatch.setattr(reports, "overlap_note", noisy)
    result = call("evaluate", mae, "lenses", "--limit", 2, "--json")
    assert json.loads(result.stdout)["n"] == 2
    assert "a library's chatter" in result.stderr
    assert "the note" in result.stderr


@pytest.mark.parametrize(("kind", "data", "figure"), [("mae", "lenses", "masked_mse"), ("superres", "pairs", "bicubic.psnr")])
def test_evaluate_prints_a_table_of_figures_for_people(workspace_with_lenses, kind, data, figure, request):
    result = call("evaluate", request.getfixturevalue(kind), data, "--limit", 1)
    assert result.exit_code == 0, result.stderr
    assert figure in result.stdout


def test_evaluate_takes_the_names_of_classes_that_a_stack_has_as_numbers(workspace_with_lenses, classifier, tmp_path):
    np.savez(tmp_path / "set.npz", images=np.random.default_rng(0).random((6, 64, 64), np.float32), labels=np.arange(6) % 2)
    assert refused(call("evaluate", classifier, tmp_path / "set.npz"), "class_0, class_1", "--classes NAME,NAME")
    result = call("evaluate", classifier, tmp_path / "set.npz", "--classes", "no,sphere", "--json")
    assert result.exit_code == 0, result.stderr
    assert {"no_sub", "cdm"} <= set(json.loads(result.stdout)["auc"])


def test_evaluate_reads_a_folder_in_the_original_deeplense_layout(workspace_with_lenses, mae, tmp_path):
    dataset = open_dataset("lenses")
    for kind in ("no_sub", "cdm"):
        (tmp_path / "original" / kind).mkdir(parents=True)
        for row in np.flatnonzero(dataset.lenses["class"] == kind)[:3]:
            np.save(tmp_path / "original" / kind / f"{kind}_sim_{row}.npy", dataset.images[row].astype(np.float64))
    result = call("evaluate", mae, tmp_path / "original", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["n"] == 6
    (tmp_path / "original/cdm/cdm_sim_bad.npy").write_bytes(b"nothing")
    result = call("evaluate", mae, tmp_path / "original", "--json")
    figures = json.loads(result.stdout)
    assert (result.exit_code, figures["n"], figures["left_out"]) == (1, 6, 1)
    assert "Error: cdm/cdm_sim_bad.npy: " in result.stderr
    assert "1 of 7 lenses of original could not be read" in figures["note"]


def test_an_unknown_checkpoint_is_a_plain_message(workspace_with_lenses):
    result = shell("evaluate", "nothing", "lenses")
    assert result.returncode == 2
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)
    assert result.stderr.startswith("Error: There is no checkpoint 'nothing'.")


def test_a_missing_workspace_is_empty_and_says_how_to_begin(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "not" / "there"))
    for command, advice in (("data", "lensmae simulate"), ("runs", "lensmae train")):
        result = call(command)
        assert (result.exit_code, result.stdout) == (0, "")
        assert advice in result.stderr
    assert json.loads(call("data", "--json").stdout) == []
    assert json.loads(call("runs", "--json").stdout) == []


def test_a_workspace_that_cannot_be_written_is_a_plain_message(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "file"))
    assert refused(call("simulate", "model_ii", "few", "--per-class", 1, "--jobs", 1), "file")


def test_damaged_and_foreign_files_are_plain_messages(workspace_with_lenses, mae, tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"no weights at all")
    assert refused(call("evaluate", tmp_path / "broken.safetensors", "lenses"), "broken.safetensors")
    (tmp_path / "empty").mkdir()
    assert refused(call("evaluate", mae, tmp_path / "empty"), "empty")
    half = tmp_path / "half"
    half.mkdir()
    np.save(half / "images.npy", np.zeros((2, 64, 64), dtype=np.float32))
    (half / "lenses.parquet").touch()
    assert refused(call("evaluate", mae, half), "incomplete")


def bad_image(folder, kind):
    """A file that holds no lens image."""
    path = folder / ("text.fits" if kind == "text named fits" else "bad.npy")
    arrays = {
        "all nan": np.full((64, 64), np.nan),
        "one pixel": np.ones((1, 1)),
        "too large": np.ones((5000, 5000), dtype=np.float32),
        "text values": np.full((64, 64), "flux"),
        "complex values": np.ones((64, 64), dtype=complex),
    }
    if kind == "text named fits":
        path.write_text("SIMPLE is what this file is not\n")
    elif kind == "truncated npy":
        np.save(path, np.ones((64, 64)))
        path.write_bytes(path.read_bytes()[:1000])
    elif kind in arrays:
        np.save(path, arrays[kind])
    return path


BAD_IMAGES = ("truncated npy", "text named fits", "all nan", "one pixel", "too large", "text values", "complex values", "missing")


@pytest.mark.parametrize("kind", BAD_IMAGES)
def test_an_image_file_that_holds_no_lens_image_is_a_plain_message(classifier, tmp_path, kind):
    path = bad_image(tmp_path, kind)
    result = call("predict", path, "--classifier", classifier, "--mae", "none", "--superres", "none", "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"Error: {path}" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("kind", [kind for kind in BAD_IMAGES if kind not in ("text named fits", "missing")])
def test_of_a_folder_the_file_that_holds_no_lens_image_is_named_and_the_others_are_measured(mae, tmp_path, kind):
    (tmp_path / "no_sub").mkdir()
    np.save(tmp_path / "no_sub" / "good.npy", np.random.default_rng(0).random((64, 64)))
    path = bad_image(tmp_path / "no_sub", kind)
    assert path.is_file()
    result = call("evaluate", mae, tmp_path, "--split", "all", "--json")
    assert result.exit_code == 1
    (said,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert path.name in said
    assert "Traceback" not in said
    figures = json.loads(result.stdout)
    assert (figures["n"], figures["left_out"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("simulate model_xi name", "model_xi"),
        ("simulate model_ii ../name", "../name"),
        ("simulate model_ii lenses", "already exists"),
        ("evaluate tiny-mae lenses --split tests", "tests"),
        ("evaluate tiny-mae lenses --device tpu", "tpu"),
        ("evaluate tiny-mae nothing", "no data set 'nothing'"),
        ("train", "pretrain, classifier, mass, superres"),
        ("train --resume nothing", "no run 'nothing'"),
        ("train pretrain --data nothing --epochs 0.1", "no data set 'nothing'"),
        ("train pretrain --data lenses --epochs -1", "epochs"),
        ("train pretrain --data lenses --recipe best", "no pretrain recipe 'best'"),
        ("train superres --data lenses --init tiny-mae", "LR/HR pairs"),
        ("train classifier --data lenses --init nothing", "no checkpoint 'nothing'"),
    ],
)
def test_wrong_requests_are_plain_messages(workspace_with_lenses, mae, arguments, words):
    assert refused(call(*arguments.split()), words)


def test_every_field_of_a_configuration_is_an_option_and_a_recipe_comes_before_it(workspace_with_lenses, monkeypatch):
    configured = []
    monkeypatch.setattr("lensmae.training.train_run", lambda run_id, **_: configured.append(run_id))
    monkeypatch.setattr("lensmae.training.runs.create_or_join_run", lambda config, name: configured.append(config) or name)
    for kind, config in CONFIGS.items():
        shown = CliRunner().invoke(cli.app, ["train", kind, "--help"], env={"COLUMNS": "200"}).output
        for field in config.model_fields:
            assert field == "kind" or f"--{field.replace('_', '-')}" in shown, field
    options = (
        "--data lenses --recipe demo --batch-size 7 --symmetry none --nodes 2 --devices 4 --strategy ddp --precision bf16-mixed"
    )
    result = call("train", "pretrain", "--name", "mine", *options.split())
    assert result.exit_code == 0, result.output
    given = {
        "data": "lenses",
        "batch_size": 7,
        "symmetry": "none",
        "nodes": 2,
        "devices": 4,
        "strategy": "ddp",
        "precision": "bf16-mixed",
    }
    assert configured == [make_config("pretrain", "demo", **given), "mine"]


def test_a_background_run_is_queued_listed_stopped_and_resumed_from_the_command_line(workspace_with_lenses):
    options = [*TINY.split(), "--epochs", 9999, "--background"]
    started = call("train", "pretrain", "--data", "lenses", "--name", "apart", *options)
    assert started.exit_code == 0, started.output
    assert "apart" in call("queue").stdout
    stopped = call("stop", "apart", "--now")
    assert stopped.exit_code == 0, stopped.output
    assert get_run("apart").state == "stopped"
    assert call("train", "--resume", "apart", "--background").exit_code == 0
    assert get_run("apart").state in ("queued", "running")
    end_now("apart")
    assert "empty" in call("queue").stderr


def test_a_network_is_trained_listed_and_measured_from_the_command_line(workspace_with_lenses):
    result = shell(
        "train", "pretrain", "--data", "lenses", "--name", "first", "--decoder-layers", 1, "--decoder-heads", 2, *TINY.split()
    )
    assert result.returncode == 0, result.stderr
    product = workspace_with_lenses / "runs" / "first" / "model.safetensors"
    assert result.stdout.strip() == f"run first: {product}"
    assert product.is_file()
    listed = json.loads(call("runs", "--json").stdout)
    assert [(run["id"], run["state"]) for run in listed] == [("first", get_run("first").state)] == [("first", "finished")]
    assert "first" in [entry["name"] for entry in json.loads(call("checkpoints", "--json").stdout)]
    listed = " ".join(call("checkpoints").stdout.split())
    assert "first" in listed
    assert "Loss of training" in listed
    figures = json.loads(call("evaluate", "first", "lenses", "--json").stdout)
    assert figures["masked_mse"] == pytest.approx(evaluate("first", "lenses").summary()["masked_mse"])
    assert refused(call("train", "--resume", "first"), "finished")


def test_help_needs_neither_torch_nor_lightning():
    code = (
        "import lensmae.cli, sys; lensmae.cli.app(['--help'], standalone_mode=False); print(sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "simulate" in done.stdout
    assert not {"torch", "pandas", "pytorch_lightning", "lenstronomy"} & set(ast.literal_eval(done.stderr))


def test_an_interrupt_ends_the_command_with_one_plain_line(workspace_with_lenses, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lensmae.data.store.dataset.list_datasets", interrupted)
    result = call("data")
    assert result.exit_code == 130
    assert result.stderr.count("\n") == 1
