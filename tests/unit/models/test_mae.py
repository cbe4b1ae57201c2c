import numpy as np
import pytest
import torch

from lensmae.models import MAEViT, PatchShuffle
from lensmae.models.mae import masked_loss
from lensmae.models.masking import kept_count, patch_scores
from tests.unit.models.reference_mae import random_state


def small(**options):
    torch.manual_seed(0)
    return MAEViT(**{"image_size": 16, "emb_dim": 24, "encoder_layers": 2, "decoder_layers": 1, **options}).eval()


def test_the_reference_net_has_the_parameter_count_of_the_same_net_in_icarus_layout():
    state = random_state(patch=4, dim=192, encoder_layers=12, decoder_layers=4, side=16, channels=1)
    assert sum(p.numel() for p in MAEViT().parameters()) == sum(tensor.numel() for tensor in state.values())


def test_shuffle_keeps_the_lowest_scores_and_backward_indexes_undo_it():
    patches, scores = torch.rand(5, 12, 7), torch.rand(5, 12)
    kept, order, backward = PatchShuffle(0.5)(patches, scores=scores)
    assert kept.shape == (5, 6, 7)
    for image in range(5):
        assert torch.equal(kept[image], patches[image][np.argsort(scores[image].numpy())[:6]])
        assert torch.equal(patches[image][order[image]][backward[image]], patches[image])


@pytest.mark.parametrize(("ratio", "kept"), [(0.0, 256), (0.75, 64), (0.9, 25), (0.999, 1)])
def test_mask_ratio_leaves_the_stated_number_of_patches(ratio, kept):
    assert kept_count(256, ratio) == kept


@pytest.mark.parametrize("ratio", [-0.1, 1.0, 2.0])
def test_impossible_mask_ratio_is_refused(ratio):
    with pytest.raises(ValueError, match="mask_ratio"):
        PatchShuffle(ratio)


def test_masks_of_one_seed_are_repeatable_and_nested():
    scores = patch_scores([7, 8], 16)
    assert torch.equal(scores, patch_scores([7, 8], 16))
    assert not torch.equal(scores[0], scores[1])
    network, images = small(), torch.rand(2, 1, 16, 16)
    few, many = (network(images, mask_ratio=ratio, scores=scores)[1].bool() for ratio in (0.25, 0.75))
    assert (few & ~many).sum() == 0
    assert many.float().mean() == 0.75


def test_a_given_mask_is_hidden_exactly():
    hidden = torch.zeros(2, 4, 4, dtype=torch.bool)
    hidden[0, 0, :2] = hidden[1, 3, 2:] = True
    _, mask = small()(torch.rand(2, 1, 16, 16), hidden=hidden.flatten(1))
    assert torch.equal(mask[:, 0].bool(), hidden.repeat_interleave(4, 1).repeat_interleave(4, 2))


def test_masks_that_hide_different_numbers_or_everything_are_refused():
    hidden = torch.zeros(2, 16, dtype=torch.bool)
    hidden[0, 0] = True
    with pytest.raises(ValueError, match="same number"):
        small()(torch.rand(2, 1, 16, 16), hidden=hidden)
    with pytest.raises(ValueError, match="visible"):
        small()(torch.rand(2, 1, 16, 16), hidden=torch.ones(2, 16, dtype=torch.bool))


def test_prediction_does_not_depend_on_what_the_hidden_pixels_hold():
    network, images, scores = small(), torch.rand(1, 1, 16, 16), torch.rand(1, 16)
    prediction, mask = network(images, scores=scores)
    changed, _ = network(torch.where(mask.bool(), torch.rand_like(images), images), scores=scores)
    torch.testing.assert_close(prediction, changed)


def test_other_image_sizes_and_channels_work_and_indivisible_sizes_are_refused():
    prediction, mask = small(in_channels=3)(torch.rand(2, 3, 20, 28))
    assert prediction.shape == mask.shape == (2, 3, 20, 28)
    with pytest.raises(ValueError, match="divisible"):
        small()(torch.rand(1, 1, 18, 16))


def test_loss_counts_hidden_pixels_only():
    images, mask = torch.zeros(1, 1, 2, 2), torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    prediction = torch.tensor([[[[2.0, 9.0], [9.0, 0.0]]]])
    assert masked_loss(prediction, images, mask).item() == pytest.approx(2.0)


def test_a_share_of_the_hidden_patches_is_drawn_and_the_others_count_for_nothing():
    network, images, scores = small(), torch.rand(2, 1, 16, 16), torch.rand(2, 16)
    # Without attention a patch does not depend on which others are drawn.
    network.decoder.transformer = torch.nn.Identity()
    whole, hidden = network(images, mask_ratio=0.75, scores=scores)
    part, drawn = network(images, mask_ratio=0.75, scores=scores, drawn_share=0.5)
    assert hidden.sum(dim=(1, 2, 3)).tolist() == [12 * 16] * 2
    assert drawn.sum(dim=(1, 2, 3)).tolist() == [6 * 16] * 2
    assert (drawn <= hidden).all()
    torch.testing.assert_close(part[drawn.bool()], whole[drawn.bool()])
    assert not part[(hidden - drawn).bool()].any()


def test_a_drawn_patch_reads_neither_hidden_pixels_nor_what_is_left_out():
    network, images, scores = small(), torch.rand(1, 1, 16, 16), torch.rand(1, 16)
    prediction, drawn = network(images, scores=scores, drawn_share=0.25)
    hidden = network(images, scores=scores)[1].bool()
    changed, _ = network(torch.where(hidden, torch.rand_like(images), images), scores=scores, drawn_share=0.25)
    torch.testing.assert_close(prediction, changed)
    assert 0 < drawn.sum() < hidden.sum()
