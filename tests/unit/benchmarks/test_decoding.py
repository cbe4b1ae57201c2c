from benchmarks.decoding import decoding


def test_the_decoding_benchmark_reads_every_kind_by_both_readers():
    told = []
    result = decoding(lambda done, total: told.append((done, total)), per_kind=2, rounds=2)
    assert result.files == 10
    assert set(result.ratios) == set(result.milliseconds) == {"npy", "fits", "png", "tif", "h5"}
    assert told == [(1, 2), (2, 2)]
