from benchmarks.analyse import analyse


def test_the_analyse_benchmark_answers_or_refuses_every_file_and_tells_its_memory(monkeypatch):
    monkeypatch.setattr("benchmarks.analyse._LARGE", 400)
    told = []
    result = analyse(lambda done, total: told.append((done, total)), files=20, size={"layers": 1})
    assert (result.files, result.answered, result.refused) == (20, 18, 2)
    assert told[-1] == (20, 20)
    assert 50 < result.peak_memory_mb < 8000
