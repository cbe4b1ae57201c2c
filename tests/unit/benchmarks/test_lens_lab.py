from benchmarks.lens_lab import lens_lab


def test_the_lab_benchmark_times_every_move_and_its_parts():
    told = []
    result = lens_lab(lambda done, total: told.append((done, total)), moves=3, size={"encoder_layers": 1, "decoder_layers": 1})
    assert told[-1] == (9, 9)
    assert 0 < result.median_ms <= result.p95_ms
    parts = (result.look_ms, result.draw_ms, result.classify_ms, result.reconstruct_ms)
    # Each part of each move is within that move, so its median is within theirs however busy the machine is.
    assert 0 < min(parts) <= max(parts) <= result.median_ms
