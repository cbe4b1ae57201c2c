import pytest
import torch

from lensmae.models import MAEEncoder, build_classifier
from lensmae.models.stem import ConvStem


@pytest.mark.parametrize("patch_size", [2, 4, 8])
def test_a_token_sees_its_own_patch_and_its_neighbourhood_only(patch_size):
    stem = ConvStem(12, patch_size, 4)
    images = torch.zeros(1, 1, 64, 64)
    changed = images.clone()
    changed[..., 32, 32] = 1.0
    moved = (stem(changed) - stem(images)).abs().sum(-1).reshape(64 // patch_size, -1)
    rows, columns = torch.nonzero(moved > 1e-7, as_tuple=True)
    centre = 32 // patch_size
    assert moved[centre, centre] > 0
    # The last halving reaches one token further, and so does each of the two residual layers.
    assert (rows - centre).abs().max() <= 3
    assert (columns - centre).abs().max() <= 3


@pytest.mark.parametrize("width", [5, 16, 48])
def test_a_deep_stem_begins_as_the_plain_one_and_all_of_it_learns(width):
    torch.manual_seed(0)
    plain, deep = ConvStem(12, 4, width), ConvStem(12, 4, width, depth=2)
    deep.load_state_dict(plain.state_dict(), strict=False)
    images = torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(deep(images), plain(images))
    optimizer = torch.optim.SGD(deep.parameters(), 0.1)
    before = {name: parameter.clone() for name, parameter in deep.named_parameters()}
    # A block's first convolution learns once its second has left zero.
    for _ in range(2):
        deep(images).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    assert [name for name, parameter in deep.named_parameters() if torch.equal(parameter, before[name])] == []


@pytest.mark.parametrize("patch_size", [1, 3, 6])
def test_a_patch_size_that_is_no_power_of_two_is_refused(patch_size):
    with pytest.raises(ValueError, match="patch size of 2, 4, 8"):
        ConvStem(12, patch_size, 4)


def test_stem_tokens_are_added_to_the_patches_before_the_brightest_are_chosen():
    torch.manual_seed(0)
    network = build_classifier(MAEEncoder(32, 4, 24, layers=1, heads=2), stem_width=4, keep_tokens=5).eval()
    images = torch.rand(2, 1, 32, 32)
    seen = []
    network.encoder.encode = lambda patches: seen.append(patches) or torch.cat([patches[:, :1], patches], dim=1)
    network.features(images)
    everything = network.encoder.patches(images) + network.stem(images)
    brightness = torch.nn.functional.avg_pool2d(images, 4).flatten(1)
    for image in range(2):
        chosen = brightness[image].argsort(descending=True)[:5]
        torch.testing.assert_close(seen[0][image], everything[image, chosen])


def test_both_answers_of_one_pass_are_those_of_two():
    network = build_classifier(MAEEncoder(32, 4, 24, layers=1, heads=2), mass_head=True).eval()
    images = torch.rand(3, 1, 32, 32)
    logits, log_mass = network.logits_and_log_mass(images)
    torch.testing.assert_close(logits, network(images))
    torch.testing.assert_close(log_mass, network.log_mass(images))
