import pytest

from benchmarks.whole.waits import LIMITS, waits


@pytest.mark.benchmark
def test_everything_that_a_visitor_waits_for_is_timed(mae, classifier, superres):
    told = []
    names = (str(classifier), str(mae), str(superres))
    found = waits(lambda *progress: told.append(progress), 18, 89, 5, names)
    assert told[-1] == (5, 5)
    assert found.limits == {**LIMITS, "many embedded": 0.5, "many embedded, brightest half": 0.5}
    assert set(found.seconds) == set(found.processor_s) == set(found.limits)
    assert found.seconds["first upload"] <= found.seconds["all uploads"]
