import numpy as np
import pytest
import torch

from lensmae.data.transforms import Transform
from lensmae.models import LensSuperResolver, MAEEncoder, build_classifier, load_checkpoint
from lensmae.models.checkpoint import CheckpointCard, build_network, save_checkpoint


def encoder():
    torch.manual_seed(0)
    return MAEEncoder(image_size=16, emb_dim=32, layers=2, heads=2)


def test_classifier_pools_tokens_without_the_class_token():
    network = build_classifier(encoder(), classes=3).eval()
    images = torch.rand(2, 1, 16, 16)
    torch.testing.assert_close(network.features(images), network.encoder.tokens(images).mean(1))
    assert network(images).shape == (2, 3)


def test_classifier_may_read_the_class_token_instead():
    network = build_classifier(encoder(), classes=3, pooling="class_token").eval()
    images = torch.rand(2, 1, 16, 16)
    torch.testing.assert_close(network.features(images), network.encoder.encode(network.encoder.patches(images))[:, 0])
    with pytest.raises(ValueError, match="pooling is 'median'"):
        build_classifier(encoder(), pooling="median")


def test_keep_tokens_reads_the_brightest_patches_only():
    network = build_classifier(encoder(), keep_tokens=4).eval()
    images = torch.zeros(1, 1, 16, 16)
    images[..., 4:12, 4:12] = 1 + torch.rand(1, 1, 8, 8)
    dim_sky = images.clone()
    dim_sky[..., :4, :] = 0.5
    torch.testing.assert_close(network(images), network(dim_sky))
    brighter = images.clone()
    brighter[..., 4:8, 4:8] += 1
    assert not torch.allclose(network(images), network(brighter))


def test_axion_mass_needs_its_head():
    images = torch.rand(2, 1, 16, 16)
    assert build_classifier(encoder(), mass_head=True).log_mass(images).shape == (2,)
    with pytest.raises(ValueError, match="axion-mass head"):
        build_classifier(encoder()).log_mass(images)


@pytest.mark.parametrize("size", [(16, 16), (15, 18), (33, 21)])
def test_untrained_super_resolver_is_exactly_bicubic_at_any_size(size):
    images = torch.rand(2, 1, *size)
    expected = torch.nn.functional.interpolate(images, scale_factor=2, mode="bicubic", align_corners=False)
    torch.testing.assert_close(LensSuperResolver(encoder()).eval()(images, images), expected)


def test_super_resolver_tokens_stay_where_they_are_in_the_image():
    network = LensSuperResolver(encoder()).eval()
    torch.nn.init.normal_(network.leave.weight)
    network.encoder.transformer = torch.nn.Identity()
    network.encoder.pos_embedding.data.zero_()
    images = torch.zeros(1, 1, 32, 32)
    changed = images.clone()
    changed[..., 16:20, 24:28] = 1.0
    difference = (network(changed, changed) - network(images, images)).abs().sum((0, 1))
    rows, columns = torch.nonzero(difference > 1e-6, as_tuple=True)
    # The patch covers HR rows 32-39 and columns 48-55; six 3x3 convolutions and bicubic reach 16 HR pixels further.
    assert rows.min() >= 16
    assert rows.max() <= 56
    assert columns.min() >= 32


@pytest.mark.parametrize(("architecture", "view"), [({}, None), ({"whitening": 5}, "whitening"), ({"residual": 5}, "prior")])
def test_a_classifier_looks_at_its_view_under_the_names_that_checkpoints_have(architecture, view):
    network = build_classifier(encoder(), **architecture)
    names = {name.partition(".")[0] for name in network.state_dict()}
    assert names & {"whitening", "prior"} == ({view} if view else set())
    images = torch.rand(2, 1, 16, 16)
    expected = network.whitening(images) if view == "whitening" else network.prior.residual(images) if view else images
    assert torch.equal(network.network_input(images), expected)


def test_a_classifier_has_one_view():
    with pytest.raises(ValueError, match="not both"):
        build_classifier(encoder(), whitening=5, residual=5)


def test_all_poolings_side_by_side_are_read_alike_from_images_and_from_embeddings(tmp_path):
    torch.manual_seed(0)
    sizes = {"image_size": 16, "patch_size": 4, "emb_dim": 24, "layers": 1, "heads": 3}
    architecture = {"encoder": sizes, "classes": 3, "pooling": "all", "head_norm": "batch"}
    network = build_network("classifier", architecture)
    torch.nn.init.normal_(network.head.weight, std=0.05)
    with torch.no_grad():
        network.head_norm.running_mean.copy_(network.features(torch.rand(8, 1, 16, 16)).mean(0))
    card = CheckpointCard(kind="classifier", architecture=architecture, transform=Transform(), classes=("no_sub", "cdm", "axion"))
    save_checkpoint(tmp_path / "all.safetensors", card, network)
    model = load_checkpoint(tmp_path / "all.safetensors")
    images = np.random.default_rng(0).random((4, 16, 16)).astype(np.float32)
    chances = model.predict(images, d4=False)
    assert chances.std(axis=0).max() > 1e-3
    embedded, logits = model.answer(images)
    np.testing.assert_allclose(torch.from_numpy(logits[0]).softmax(1), chances, atol=1e-5)
    np.testing.assert_allclose(embedded, model.embed(images), atol=1e-5)
    read = np.concatenate([model.embed(images, pooling=name) for name in model.head_poolings], axis=1)
    np.testing.assert_allclose(model.classify(read), chances, atol=1e-5)
