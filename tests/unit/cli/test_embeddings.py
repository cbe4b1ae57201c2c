"""`lensmae embed` and `lensmae subset`: what the Embeddings page does, without a browser."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from lensmae import cli
from lensmae.data import open_dataset
from lensmae.evaluation import Projection, embed_dataset, project
from lensmae.evaluation.embeddings.quality import embedding_quality
from lensmae.models import load_checkpoint


def call(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def test_embed_writes_the_embeddings_of_a_layer_and_their_figures(mae, tmp_path):
    result = call("embed", mae, "lenses", tmp_path / "out.npy", "--layer", 1, "--pooling", "max", "--json")
    assert result.exit_code == 0, result.stderr
    expected = embed_dataset(load_checkpoint(mae), open_dataset("lenses"), np.arange(90), layer=1, pooling="max")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)
    figures = json.loads(result.stdout)
    assert (figures["lenses"], figures["dimensions"], figures["train"], figures["measured"]) == (90, 24, 72, 18)
    dataset = open_dataset("lenses")
    quality = embedding_quality(expected, dataset.labels, (dataset.lenses["split"] == "train").to_numpy())
    assert figures["linear"] == pytest.approx(quality.linear)


def test_embed_writes_a_plane_with_the_facts_of_its_lenses(mae, tmp_path):
    result = call("embed", mae, "lenses", tmp_path / "out.csv", "--split", "test", "--projection", "pca")
    assert result.exit_code == 0, result.stderr
    dataset = open_dataset("lenses")
    rows = dataset.indices("test")
    points = project(embed_dataset(load_checkpoint(mae), dataset, rows), Projection("pca"))
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["id"].tolist() == dataset.lenses["id"].iloc[rows].tolist()
    np.testing.assert_allclose(table[["projection_x", "projection_y"]], points, rtol=1e-5)


@pytest.mark.parametrize(("options", "said"), [(["out.txt"], ".npy"), (["out.npy", "--layer", "7"], "layers 1 to 2")])
def test_embed_says_what_cannot_be(mae, tmp_path, options, said):
    result = call("embed", mae, "lenses", tmp_path / options[0], *options[1:])
    assert result.exit_code == 2
    assert said in result.stderr
    assert list(tmp_path.glob("out*")) == []


def test_subset_says_which_column_it_needs(workspace_with_lenses, tmp_path):
    (tmp_path / "table.csv").write_text("id\ncdm_000001\n")
    result = call("subset", "lenses", "part", tmp_path / "table.csv")
    assert result.exit_code == 2
    assert "no column `row`" in result.stderr


def test_subset_makes_a_data_set_of_an_exported_selection(lens_home, tmp_path, monkeypatch):
    (tmp_path / "home/datasets").mkdir(parents=True)
    (tmp_path / "home/datasets/lenses").symlink_to(lens_home / "datasets/lenses")
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))
    (tmp_path / "table.csv").write_text("row,id\n5,a\n61,b\n")
    result = call("subset", "lenses", "part", tmp_path / "table.csv")
    assert result.exit_code == 0, result.stderr
    assert open_dataset("part").lenses["origin_row"].tolist() == [5, 61]
