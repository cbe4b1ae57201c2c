from benchmarks.import_files import import_files
from lensmae.data import list_datasets


def test_the_import_benchmark_imports_every_file_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    told = []
    result = import_files(lambda done, total: told.append((done, total)), per_class=4)
    assert result.files == 12
    assert result.files_per_second == 12 / result.seconds
    assert result.peak_memory_mb is None or 20 < result.peak_memory_mb < 4000
    assert told[-1][0] == 3
    assert list_datasets() == []
