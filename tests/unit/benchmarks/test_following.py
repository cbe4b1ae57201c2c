from benchmarks.following import reporting_share
from lensmae.training import make_config


def test_heartbeat_curve_and_film_take_a_share_of_a_run(workspace_with_lenses, monkeypatch):
    monkeypatch.setenv("LENSMAE_RUN_ID", "")
    sizes = {"emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "patch_size": 16, "batch_size": 12, "save_every": 3}
    _, percent, steps = reporting_share(make_config("pretrain", data="lenses", epochs=1, **sizes))
    assert steps == 6
    # Heartbeat, curve and film were found by their names. How much of the time they take is the benchmark's to tell.
    assert percent > 0
