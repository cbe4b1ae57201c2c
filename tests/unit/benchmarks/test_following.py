from benchmarks.following import _share_of_the_run
from lensmae.training import make_config


def test_the_share_of_a_run_that_tells_of_it_is_a_part_of_its_time(workspace_with_lenses, monkeypatch):
    monkeypatch.setenv("LENSMAE_RUN_ID", "")
    sizes = {"emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "patch_size": 16, "batch_size": 12, "save_every": 3}
    _, percent, steps = _share_of_the_run(make_config("pretrain", data="lenses", epochs=1, **sizes))
    assert steps == 6
    # Heartbeat, curve and film were found by their names. How much of the time they take is the benchmark's to tell.
    assert percent > 0
