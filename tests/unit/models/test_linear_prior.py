import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from lensmae.data.transforms import Transform
from lensmae.models import CheckpointCard, MAEViT, Reconstructor, save_checkpoint
from lensmae.models.checkpoint import read_network
from lensmae.models.linear_prior import LinearPrior

SIDE, PATCH = 8, 2


def smooth(count):
    """Images of six patterns, whose weights span three decades, and a little noise."""
    generator = torch.Generator().manual_seed(0)
    patterns = torch.randn(6, SIDE * SIDE, generator=generator)
    weights = torch.randn(count, 6, generator=generator) * 10.0 ** torch.linspace(1, -2, 6)
    noise = 1e-3 * torch.randn(count, SIDE * SIDE, generator=generator)
    return (weights @ patterns + noise).reshape(count, 1, SIDE, SIDE)


def random_hidden(count, share=0.75):
    patches = (SIDE // PATCH) ** 2
    return torch.rand(count, patches, generator=torch.Generator().manual_seed(1)).argsort(dim=1) >= patches * (1 - share)


@pytest.fixture
def prior():
    fitted = LinearPrior(6, SIDE, PATCH)
    fitted.fit(smooth(600))
    return fitted


def test_the_guess_is_the_conditional_mean_of_the_gaussian_that_scikit_learn_fits(prior):
    images = smooth(600)
    flat = images.reshape(600, -1).double().numpy()
    measured = PCA(6).fit(flat)
    covariance, mean = measured.get_covariance(), measured.mean_
    hidden = random_hidden(5)
    pixels = prior.pixels(hidden).reshape(5, -1).numpy()
    guesses = prior(images[:5], hidden).reshape(5, -1).numpy()
    for image, mask, guess in zip(flat[:5], pixels, guesses, strict=True):
        cross = covariance[np.ix_(mask, ~mask)] @ np.linalg.inv(covariance[np.ix_(~mask, ~mask)])
        expected = mean[mask] + cross @ (image - mean)[~mask]
        np.testing.assert_allclose(guess[mask], np.clip(expected, flat.min(), flat.max()), atol=0.01)


@pytest.mark.parametrize("patch_size", [PATCH, SIDE])
def test_the_residual_is_what_the_guess_leaves_of_a_whole_image_and_has_a_gradient(prior, patch_size):
    fitted = LinearPrior(6, SIDE, patch_size)
    fitted.load_state_dict(prior.state_dict())
    images = smooth(3)
    nothing = torch.zeros(3, (SIDE // PATCH) ** 2, dtype=torch.bool)
    left = torch.sinh(fitted.residual(images)) * prior.spread
    torch.testing.assert_close(left, images - prior(images, nothing), rtol=1e-3, atol=1e-4)
    assert torch.autograd.gradcheck(fitted.residual, images[:1].double().requires_grad_(True))


def test_the_residual_wants_the_size_of_the_prior(prior):
    with pytest.raises(ValueError, match="8x8, not"):
        prior.residual(torch.zeros(1, 1, 12, 12))


def test_hidden_pixels_do_not_leak_into_the_guess(prior):
    images, hidden = smooth(4), random_hidden(4)
    others = torch.where(prior.pixels(hidden), torch.full_like(images, 7.0), images)
    assert torch.equal(prior(images, hidden), prior(others, hidden))


def test_masks_that_repeat_give_the_guess_of_each_alone(prior):
    images, hidden = smooth(4), random_hidden(2)[[0, 1, 0, 1]]
    alone = torch.cat([prior(images[i : i + 1], hidden[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(prior(images, hidden), alone, rtol=1e-4, atol=1e-4)


def test_its_error_is_the_spread_it_states(prior):
    images, hidden = smooth(600), random_hidden(600)
    error = (prior(images, hidden) - images).square()[prior.pixels(hidden)].mean().sqrt()
    assert float(prior.spread) == pytest.approx(float(error), rel=0.2)


def test_images_of_another_size_are_refused(prior):
    with pytest.raises(ValueError, match="8x8"):
        prior(torch.zeros(1, 1, 16, 16), random_hidden(1))


def test_too_few_images_are_refused():
    with pytest.raises(ValueError, match="more than 6 images"):
        LinearPrior(6, SIDE, PATCH).fit(smooth(6))


def network():
    torch.manual_seed(0)
    made = MAEViT(SIDE, PATCH, 24, encoder_layers=1, decoder_layers=1, linear_prior=6).eval()
    made.prior.fit(smooth(600))
    return made


def test_an_untrained_network_is_exactly_its_prior():
    made, images, hidden = network(), smooth(3), random_hidden(3)
    with torch.no_grad():
        drawn, mask = made(images, hidden=hidden)
    assert torch.equal(drawn, made.prior(images, hidden))
    assert torch.equal(mask > 0.5, made.prior.pixels(hidden))


def test_the_decoder_is_told_of_the_prior_and_of_nothing_hidden():
    made, images, hidden = network(), smooth(3), random_hidden(3)
    torch.nn.init.normal_(made.decoder.head.weight)
    others = torch.where(made.prior.pixels(hidden), torch.full_like(images, 7.0), images)
    with torch.no_grad():
        drawn, _ = made(images, hidden=hidden)
        assert not torch.equal(drawn, made.prior(images, hidden))
        assert torch.equal(drawn, made(others, hidden=hidden)[0])


def test_a_checkpoint_of_half_precision_keeps_the_prior_exactly(tmp_path):
    made, images = network(), smooth(3)
    card = CheckpointCard(
        kind="mae",
        architecture={
            "image_size": SIDE, "patch_size": PATCH, "emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "linear_prior": 6,
        },
        transform=Transform(stretch="linear", gain=1.0, per_image_peak=False),
    )  # fmt: skip
    save_checkpoint(tmp_path / "half.safetensors", card, made, torch.float16)
    card, loaded = read_network(tmp_path / "half.safetensors")
    hidden = random_hidden(3)
    assert torch.equal(loaded.prior(images, hidden), made.prior(images, hidden))
    model = Reconstructor(tmp_path / "half.safetensors", card, loaded, "cpu")
    assert not model.any_size
    guess = model.linear_guess(images[:, 0].numpy(), hidden.reshape(3, 4, 4).numpy())
    np.testing.assert_allclose(guess, made.prior(images, hidden)[:, 0].numpy(), atol=1e-4)
