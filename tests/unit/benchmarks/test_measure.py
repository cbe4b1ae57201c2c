import json

import numpy as np
import pytest
import torch

from benchmarks import measure
from benchmarks.reference_mae import SequenceFirstMAE
from lensmae.data import list_datasets
from lensmae.models import MAEViT


def matched(layers=2):
    """Our network and the reference with the same weights, which both list in the order of their computation."""
    torch.manual_seed(0)
    ours = MAEViT(encoder_layers=layers, decoder_layers=1).eval()
    reference = SequenceFirstMAE(layers=(layers, 1)).eval()
    state = ours.state_dict()
    names = {"norm1": "before_attention", "attn.qkv": "joint", "attn.proj": "out", "norm2": "before_mlp"}
    names |= {
        "mlp.fc1": "mlp.0",
        "mlp.fc2": "mlp.2",
        "encoder.patchify": "cut",
        "encoder.layer_norm": "norm",
        "decoder.head": "head",
    }
    places = {"encoder.cls_token": "class_token", "encoder.pos_embedding": "encoder_places"}
    places |= {"decoder.mask_token": "hidden_token", "decoder.pos_embedding": "decoder_places"}
    translated = {}
    for key, tensor in state.items():
        if key in places:
            translated[places[key]] = tensor.transpose(0, 1)
            continue
        for ours_name, theirs in names.items():
            key = key.replace(ours_name, theirs)
        translated[key.replace(".transformer", "")] = tensor
    reference.load_state_dict(translated)
    return ours, reference


def test_the_reference_computes_what_our_network_computes_so_that_their_speeds_compare():
    ours, reference = matched()
    images = torch.randn(3, 1, 64, 64)
    with torch.no_grad():
        expected, mask = reference(images)
        hidden = mask[:, 0, ::4, ::4].flatten(1) > 0.5
        prediction, same_mask = ours(images, hidden=hidden)
    assert hidden.sum(1).tolist() == [192, 192, 192]
    torch.testing.assert_close(same_mask, mask)
    torch.testing.assert_close(prediction, expected, rtol=1e-4, atol=1e-5)


def test_the_reference_hides_other_patches_in_every_image():
    hidden = SequenceFirstMAE(layers=(1, 1))(torch.zeros(4, 1, 64, 64))[1].flatten(1)
    assert len({tuple(row.tolist()) for row in hidden}) == 4


def test_the_reference_net_has_as_many_parameters_in_both():
    count = [sum(parameter.numel() for parameter in network.parameters()) for network in (MAEViT(), SequenceFirstMAE())]
    assert count[0] == count[1]


def test_the_simulate_benchmark_measures_a_model_ii_set_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    told = []
    result = measure.simulate(lambda done, total: told.append((done, total)), per_class=6)
    assert result.images == 18
    assert told[-1] == (18, 18)
    assert result.images_per_second == pytest.approx(18 / result.seconds)
    # The published set's figures, shared/deeplense.md section 1 and issue 2.
    assert 3.5 < result.image_maximum < 4.7
    assert 9 < result.ring_radius_px < 10
    assert list_datasets() == []


def test_the_interaction_benchmark_times_every_change_and_its_parts():
    result = measure.interaction(lambda *_: None, changes=5, size={"encoder_layers": 1, "decoder_layers": 1})
    assert result.changes == 5
    assert 0 < result.median_ms <= result.p95_ms
    # Both parts of a change are within it, so their medians are within its median however busy the machine is.
    assert 0 < result.draw_median_ms <= result.median_ms
    assert 0 < result.predict_median_ms <= result.median_ms


def test_a_record_says_what_it_was_measured_on_and_names_no_host(tmp_path, monkeypatch):
    monkeypatch.setitem(measure.BENCHMARKS, "simulate", lambda progress: measure.SimulateResult(1, 2.0, 0.5, 4.0, 2500.0, 9.5))
    record = measure.run_benchmark("simulate", tmp_path / "new", lambda *_: None)
    assert json.loads((tmp_path / "new/simulate.json").read_text()) == record
    assert record["images_per_second"] == 0.5
    assert set(record["machine"]) == {"cpu", "cores", "threads", "python", "torch"}
    assert np.isfinite(record["machine"]["cores"])
