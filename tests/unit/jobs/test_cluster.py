"""A real Dask cluster of two processes computes what one process computes, also when one of them is killed."""

import os
import signal

import numpy as np
import pytest

from lensmae.data import import_dataset, open_dataset, simulate_dataset
from lensmae.data.exchange import import_chunks
from lensmae.data.exchange.exporting import export_dataset
from lensmae.errors import ConfigError
from lensmae.evaluation import embed_dataset, evaluate
from lensmae.evaluation.embeddings import embed
from lensmae.evaluation.measure import rows
from lensmae.evaluation.measure.rows import Apart
from lensmae.jobs.cluster import cluster
from lensmae.models import load_checkpoint
from lensmae.parts import completed

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def workers():
    with cluster("local:2") as executor:
        yield executor


def kill_worker_once(mark, value):
    """The first call kills its worker and leaves a mark; on another worker it answers."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return value


def double(value):
    return 2 * value


def broken(value):
    raise ConfigError(f"no {value}")


@pytest.mark.slow
def test_two_processes_embed_as_one_does_and_a_repeated_command_computes_nothing(mae, workers, tmp_path, monkeypatch):
    monkeypatch.setattr(embed, "_PART", 16)
    model, dataset = load_checkpoint(mae), open_dataset("lenses")
    rows = np.arange(60)
    seen = []
    apart = np.array(embed_dataset(model, dataset, rows, lambda *progress: seen.append(progress), executor=workers))
    assert seen[-1] == (60, 60)
    assert embed.lenses_to_embed(model, dataset, rows) == 0
    together = model.embed(np.asarray(dataset.images[rows]), rounded=True)
    np.testing.assert_allclose(apart, together, atol=1e-2 if model.rounds else 1e-5)


@pytest.mark.slow
def test_a_killed_worker_costs_time_only(workers, tmp_path):
    calls = [(tmp_path / "killed", index) for index in range(6)]
    assert dict(completed(workers, kill_worker_once, calls, in_flight=1)) == {index: index for index in range(6)}
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_of_embedding_costs_time_only(mae, workers, monkeypatch):
    monkeypatch.setattr(embed, "_PART", 8)
    # Other patches than those of the test above, whose parts are kept.
    model, dataset, chosen = load_checkpoint(mae), open_dataset("lenses"), np.arange(60)
    how = {"patches": "brightest half"}
    killed = []

    def kill_one(done, total):
        if not killed:
            killed.append(workers.submit(os.getpid).result())
            os.kill(killed[0], signal.SIGKILL)

    apart = np.array(embed_dataset(model, dataset, chosen, kill_one, **how, executor=workers))
    assert killed[0] != os.getpid()
    assert embed.lenses_to_embed(model, dataset, chosen, patches="brightest half") == 0
    together = model.embed(np.asarray(dataset.images[chosen]), rounded=True, **how)
    np.testing.assert_allclose(apart, together, atol=1e-2 if model.rounds else 1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["folders", "stack"])
def test_a_cluster_imports_what_this_machine_imports(layout, workers, workspace_with_lenses, tmp_path, monkeypatch):
    monkeypatch.setattr(import_chunks, "_BLOCK", 4)
    monkeypatch.setattr(import_chunks, "_STACK_PART", 10)
    if layout == "folders":
        source = tmp_path / "files"
        export_dataset(open_dataset("lenses"), source)
        (source / "cdm" / "damaged.npy").write_bytes(b"nothing")
    else:
        source = tmp_path / "stack.npy"
        np.save(source, np.asarray(open_dataset("lenses").images[:25]))
    apart = import_dataset(source, f"apart-{layout}", executor=workers)
    here = import_dataset(source, f"here-{layout}", jobs=1)
    assert apart.dataset.info.fingerprint == here.dataset.info.fingerprint
    assert len(apart.skipped) == len(here.skipped) == (layout == "folders")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mae", "classifier", "superres"])
def test_a_cluster_measures_what_this_process_measures_and_goes_on(kind, workers, request, monkeypatch):
    monkeypatch.setattr(rows, "_PART", rows._BATCH)
    checkpoint, data = request.getfixturevalue(kind), "pairs" if kind == "superres" else "lenses"
    told = []
    apart = evaluate(checkpoint, data, "all", source=Apart(workers, data), progress=lambda *progress: told.append(progress))
    here = evaluate(checkpoint, data, "all").summary()
    found = apart.summary()
    assert told[-1] == (len(apart.indices), len(apart.indices))
    # Speeds differ.
    assert {**found, "images_per_second": 0} == {**here, "images_per_second": 0}
    # Everything is there: nobody is asked to compute.
    assert evaluate(checkpoint, data, "all", source=Apart(None, data)).summary() == found


@pytest.mark.slow
def test_a_set_simulated_by_a_cluster_is_the_set_that_this_machine_simulates(workspace_with_lenses, workers):
    apart = simulate_dataset("model_ii", "apart", per_class=4, seed=5, executor=workers)
    here = simulate_dataset("model_ii", "here", per_class=4, seed=5, jobs=1)
    assert apart.info.fingerprint == here.info.fingerprint


@pytest.mark.slow
def test_a_failure_reaches_the_caller_and_only_a_few_calls_are_ahead(workers):
    with pytest.raises(ConfigError, match="no 0"):
        list(completed(workers, broken, [(0,)]))
    assert sorted(completed(workers, double, ((value,) for value in range(20)), in_flight=3)) == [(v, 2 * v) for v in range(20)]


def test_an_address_that_is_none_is_named():
    with pytest.raises(ConfigError, match="nonsense"), cluster("nonsense"):
        pass
