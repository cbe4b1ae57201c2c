"""The benchmark of many masks measures what it says."""

from benchmarks.masks import masks


def test_rounds_are_timed_and_told():
    seen = []
    result = masks(
        lambda done, total: seen.append((done, total)), count=4, rounds=2, size={"encoder_layers": 1, "decoder_layers": 1}
    )
    assert (result.masks, result.rounds) == (4, 2)
    assert 0 < result.median_s <= result.worst_s
    assert seen == [(1, 2), (2, 2)]
