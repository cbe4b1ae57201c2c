import pytest

from benchmarks.pretrain import learned, pretrain

SMALL = {"encoder_layers": 1, "decoder_layers": 1}
STEPS = {"float32", "bfloat16", "a quarter drawn"}


def test_every_step_is_measured_beside_the_reference():
    told = []
    found = pretrain(lambda *progress: told.append(progress), batch_size=4, rounds=2, size=SMALL, images=64)
    assert told == [(1, 2), (2, 2)]
    assert found.parameters == found.reference_parameters
    assert set(found.ratio) == set(found.learned) == STEPS
    assert set(found.images_per_second) == {"reference", *STEPS}
    assert set(found.peak_gflops) == ({"float32", "bfloat16"} if found.bfloat16 else {"float32"})


@pytest.mark.benchmark
def test_a_network_that_learned_longer_reaches_a_lower_loss_by_every_step():
    short, long = (learned(images, layers=(1, 1)) for images in (64, 320))
    assert all(long[step] < short[step] for step in STEPS)
