from benchmarks.pretrain import learned, pretrain

SMALL = {"encoder_layers": 1, "decoder_layers": 1}


def test_three_steps_are_measured_and_what_two_of_them_teach():
    told = []
    found = pretrain(lambda *progress: told.append(progress), batch_size=4, rounds=2, size=SMALL, images=64)
    assert told == [(1, 2), (2, 2)]
    assert found.parameters == found.reference_parameters
    assert found.learned.images == 64


def test_a_network_that_learned_longer_reaches_a_lower_loss_by_either_step():
    short, long = (learned(images, layers=(1, 1), seeds=1) for images in (64, 320))
    assert long.validation_loss < short.validation_loss
    assert long.fast_validation_loss < short.fast_validation_loss
