"""Muon: steps are orthogonal, of a known size, and a loaded state goes on as the saved one."""

import copy

import numpy as np
import torch
from torch import nn

from lensmae.training.muon import Muon, orthogonalised, takes_muon


def test_steps_have_singular_values_near_one_and_the_vectors_of_the_matrix():
    for shape in ((24, 60), (60, 24), (16, 16)):
        matrix = torch.from_numpy(np.random.default_rng(3).standard_normal(shape)).float()
        left, _, right = np.linalg.svd(matrix.double().numpy(), full_matrices=False)
        step = orthogonalised(matrix)
        values = np.linalg.svd(step.double().numpy(), compute_uv=False)
        assert values.min() > 0.7
        assert values.max() < 1.3
        assert np.abs(step.numpy() - left @ right).max() < 0.3 * np.abs(left @ right).max()


def network_of(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 4, 2))


def optimizer_of(network):
    hidden = [network[0].weight]
    others = [parameter for name, parameter in network.named_parameters() if name != "0.weight"]
    return Muon([{"params": hidden, "muon": True, "weight_decay": 0.0}, {"params": others}], lr=1e-2, betas=(0.9, 0.95))


def steps(network, optimizer, first, last):
    for step in range(first, last):
        torch.manual_seed(step)
        loss = nn.functional.cross_entropy(network(torch.randn(5, 3, 4, 4)), torch.randint(2, (5,)))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def test_a_loaded_state_goes_on_as_the_saved_one():
    whole, part = network_of(1), network_of(1)
    optimizer = optimizer_of(whole)
    steps(whole, optimizer, 0, 6)
    first = optimizer_of(part)
    steps(part, first, 0, 3)
    again = copy.deepcopy(part)
    second = optimizer_of(again)
    second.load_state_dict(first.state_dict())
    steps(again, second, 3, 6)
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_step_is_as_large_as_it_says_and_other_groups_go_by_adamw():
    network = network_of(2)
    before = copy.deepcopy(network)
    reference = copy.deepcopy(network)
    optimizer = optimizer_of(network)
    adamw = torch.optim.AdamW([p for n, p in reference.named_parameters() if n != "0.weight"], lr=1e-2, betas=(0.9, 0.95))
    steps(network, optimizer, 0, 1)
    steps(reference, adamw, 0, 1)
    change = network[0].weight - before[0].weight
    # Orthogonal (8, 27): rms 1 / sqrt(27); times the learning rate, 0.2 and sqrt(27).
    assert abs(float(change.detach().square().mean().sqrt()) / (1e-2 * 0.2) - 1) < 0.2
    assert torch.equal(network[3].weight, reference[3].weight)


def test_first_and_last_layers_vectors_and_embeddings_do_not_take_it():
    matrix, vector = nn.Parameter(torch.zeros(3, 4)), nn.Parameter(torch.zeros(3))
    assert takes_muon("blocks.0.conv1.weight", matrix)
    assert not takes_muon("blocks.0.norm1.weight", vector)
    for name in ("conv.weight", "head.weight", "encoder.pos_embedding", "encoder.cls_token", "encoder.patchify.weight"):
        assert not takes_muon(name, matrix), name
