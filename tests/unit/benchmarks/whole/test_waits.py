import pytest

from benchmarks.whole.waits import LIMITS, waits


@pytest.mark.slow
def test_everything_that_a_visitor_waits_for_is_timed(mae, classifier, superres):
    told = []
    names = (str(classifier), str(mae), str(superres))
    found = waits(lambda *progress: told.append(progress), 18, 890, 5, names)
    assert told[-1] == (5, 5)
    assert found.limits == {**LIMITS, "many embedded": 4.8, "many embedded, brightest half": 4.8}
    assert set(found.seconds) == set(found.processor_s) == set(found.limits)
    assert all(seconds > 0 for seconds in (*found.seconds.values(), *found.processor_s.values()))
    assert found.seconds["first upload"] <= found.seconds["all uploads"]
