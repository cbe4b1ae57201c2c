import pytest
import torch

from benchmarks.answers import answers
from benchmarks.before import before
from lensmae.models import blocks


def test_every_way_is_measured_on_the_same_lenses(mae, classifier):
    told = []
    found = answers(lambda *progress: told.append(progress), lenses=50, files=3, names=(str(classifier), str(mae), "none"))
    assert told == [(1, 2), (2, 2)]
    assert set(found.embed_ms) == {"before", "float32", "bfloat16", "brightest half"}
    # Float32 by another library finds the same neighbours but for ties.
    assert found.same_neighbours["before"] == 1
    assert found.same_neighbours["float32"] > 0.98
    assert found.on_two_cores_s["3,000 embedded"] == pytest.approx(1.5 * found.embed_ms["bfloat16"])
    assert set(found.uploads) == {"before", "now"}


def test_before_is_pytorch_alone_and_ends_with_its_block():
    kept = blocks.attend
    with before():
        assert blocks.attend is torch.nn.functional.scaled_dot_product_attention
    assert blocks.attend is kept
