"""What makes a step fast changes nothing of what it computes: one graph, kernels of many tensors, number formats, batch sizes."""

import copy

import pytest
import torch
from safetensors.torch import load_file

from lensmae.data.symmetry import ELEMENTS, draw_elements
from lensmae.data.transforms import Transform
from lensmae.errors import ConfigError
from lensmae.models.checkpoint import build_network
from lensmae.models.masking import hidden_from_scores
from lensmae.training import KINDS, RECIPES, config, create_run, make_config, open_run, train_run
from lensmae.training.config import compile_mode, settled
from lensmae.training.loading.feed import Batch
from lensmae.training.optimizer import build_optimizer

SIZE = {"image_size": 16, "patch_size": 4, "emb_dim": 24}
MAE = {**SIZE, "encoder_layers": 1, "decoder_layers": 1, "linear_prior": 5}
CLASSIFIER = {"encoder": {**SIZE, "layers": 1}, "classes": 3, "residual": 5, "keep_tokens": 8}
KIND_OF = {"mae": ("pretrain", MAE), "classifier": ("classifier", CLASSIFIER)}


def network_of(kind):
    torch.manual_seed(0)
    network = build_network(kind, KIND_OF[kind][1])
    network.prior.fit(torch.randn(40, 1, 16, 16, generator=torch.Generator().manual_seed(1)))
    with torch.no_grad():
        # An untrained MAE is its prior; a trained one draws something.
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2)))
    return network


def batch_of(count):
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(count, 1, 16, 16, generator=generator)
    labels = torch.arange(count) % 3
    return Batch(images, labels, torch.full((count,), torch.nan), count, torch.arange(count).numpy())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KIND_OF)
def test_beside_a_linear_prior_the_compiled_part_is_one_graph_and_gives_the_same_loss_and_gradients(kind):
    name = KIND_OF[kind][0]
    settings = make_config(name, data="x", drawn_share=0.5) if name == "pretrain" else make_config(name, data="x")
    network, objective = network_of(kind), KINDS[name].objective(settings, Transform(per_image_peak=False), 10)

    def answer(*inputs, **options):
        return objective.answer(network, *inputs, **options)

    found = []
    # With a whole graph wanted, anything that breaks it is an error: the linear guess must be made outside.
    for name in ("forward", "explained"):
        setattr(network.prior, name, torch.compiler.disable(getattr(network.prior, name)))
    for one in (answer, torch.compile(answer, backend="eager", fullgraph=True)):
        network.zero_grad()
        loss = objective.loss(network, batch_of(6), 4, one)
        loss.backward()
        found.append((loss, [weight.grad.clone() for weight in network.parameters() if weight.grad is not None]))
    torch.testing.assert_close(found[0], found[1])
    # And it is the loss of the whole network, which makes its own guess.
    images = objective.transform.forward(batch_of(6).images)
    if kind == "classifier":
        expected = torch.nn.functional.cross_entropy(network(images), batch_of(6).labels)
        torch.testing.assert_close(found[0][0], expected)
    else:
        noise = torch.rand(6, 16, generator=torch.Generator().manual_seed(5))
        alone, mask = network(images, scores=noise)
        guess = network.linear_guess(images, hidden_from_scores(noise, 0.75))
        given, same = network(images, scores=noise, guess=guess)
        torch.testing.assert_close((given, same), (alone, mask), rtol=0, atol=0)


def test_cuda_graphs_are_taken_on_one_gpu_alone(monkeypatch):
    plain = make_config("pretrain", data="x", compile=True)
    assert compile_mode(plain) == ("reduce-overhead" if torch.cuda.is_available() else "default")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert compile_mode(plain) == "reduce-overhead"
    assert compile_mode(plain.model_copy(update={"devices": 2})) == "default"
    assert compile_mode(plain.model_copy(update={"accelerator": "cpu"})) == "default"
    assert compile_mode(plain.model_copy(update={"compile_mode": "max-autotune"})) == "max-autotune"


def test_the_mode_of_compiling_reaches_pytorch(monkeypatch, no_run_id):
    asked = []
    monkeypatch.setattr(torch, "compile", lambda answer, **options: asked.append(options) or answer)
    small = {"patch_size": 8, "emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "batch_size": 16, "epochs": 0.2}
    train_run(create_run(make_config("pretrain", data="lenses", compile=True, compile_mode="reduce-overhead", **small), "modes"))
    assert asked == [{"mode": "reduce-overhead", "dynamic": False}]


@pytest.mark.parametrize("rounds", [True, False])
def test_auto_is_bfloat16_where_the_processor_multiplies_it(monkeypatch, rounds):
    monkeypatch.setattr(config, "multiplies_bfloat16", lambda: rounds)
    chosen = make_config("pretrain", data="x", precision="auto", accelerator="cpu")
    assert settled(chosen).precision == ("bf16-mixed" if rounds else "32-true")
    asked = make_config("pretrain", data="x", precision="32-true", accelerator="cpu")
    assert settled(asked) == asked


def test_recipes_for_a_cpu_leave_the_number_format_to_the_processor():
    named = [(kind, name) for kind in RECIPES for name in RECIPES[kind] if name.endswith("-cpu")]
    assert len(named) >= 8
    assert all(RECIPES[kind][name]["precision"] == "auto" for kind, name in named)


def test_what_auto_was_is_recorded_and_a_resumed_run_keeps_it_to_the_bit(monkeypatch, no_run_id, stopped_and_resumed):
    monkeypatch.setattr(config, "multiplies_bfloat16", lambda: True)
    size = {"patch_size": 8, "emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "linear_prior": 5, "symmetry": "none"}
    settings = {"batch_size": 8, "epochs": 1, "save_every": 2, "precision": "auto", "accelerator": "cpu", **size}
    whole = load_file(train_run(create_run(make_config("pretrain", data="lenses", **settings), "whole")))
    assert open_run("whole").config().precision == "bf16-mixed"
    run = create_run(make_config("pretrain", data="lenses", **settings), "parts")
    parts = load_file(stopped_and_resumed(run))
    assert open_run("parts").config().precision == "bf16-mixed"
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_another_batch_of_a_recipe_takes_another_rate_unless_one_is_named():
    usual = make_config("classifier", "generalist", data="x")
    scaled = make_config("classifier", "generalist", data="x", batch_size=4 * usual.batch_size)
    assert scaled.learning_rate == pytest.approx(2 * usual.learning_rate)
    smaller = make_config("classifier", "generalist", data="x", batch_size=usual.batch_size // 4)
    assert smaller.learning_rate == pytest.approx(usual.learning_rate / 2)
    named = make_config("classifier", "generalist", data="x", batch_size=2048, learning_rate=7e-4)
    assert named.learning_rate == 7e-4
    # Without a recipe the rate is the one of the help.
    assert make_config("classifier", data="x", batch_size=2048).learning_rate == make_config("classifier", data="x").learning_rate
    with pytest.raises(ConfigError, match="batch_size"):
        make_config("classifier", "generalist", data="x", batch_size=0)


def test_one_kernel_for_all_weights_takes_the_step_of_a_kernel_each():
    settings = make_config("pretrain", data="x", learning_rate=0.01)
    networks = [torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Linear(5, 3))]
    networks.append(copy.deepcopy(networks[0]))
    fused, _ = build_optimizer(networks[0], settings, 10)
    single, _ = build_optimizer(networks[1], settings.model_copy(update={"strategy": "fsdp"}), 10)
    assert [bool(optimizer.param_groups[0]["fused"]) for optimizer in (fused, single)] == [True, False]
    for step in range(4):
        inputs = torch.randn(8, 6, generator=torch.Generator().manual_seed(step))
        for network, optimizer in zip(networks, (fused, single), strict=True):
            optimizer.zero_grad()
            network(inputs).square().mean().backward()
            optimizer.step()
    torch.testing.assert_close(*(list(network.parameters()) for network in networks), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("symmetry", ELEMENTS)
def test_elements_are_those_of_a_table_drawn_from(symmetry):
    first, second = (torch.Generator().manual_seed(9) for _ in range(2))
    table = torch.tensor(ELEMENTS[symmetry])
    assert torch.equal(draw_elements(symmetry, 50, first), table[torch.randint(len(table), (50,), generator=second)])
