"""An independent forward pass of an MAE in IcarusWizard/MAE's layout: sequence-first tensors, a loop over images, explicit
attention. Written from the paper's description for comparison; it shares no code with `lensmae.models`."""

import torch
import torch.nn.functional as F


def _attention(state, prefix, x, heads):
    batch, dim = x.shape[1:]
    qkv = x @ state[f"{prefix}.qkv.weight"].T
    q, k, v = qkv.split(dim, dim=-1)
    out = torch.empty_like(x)
    width = dim // heads
    for image in range(batch):
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            weights = torch.softmax(q[:, image, part] @ k[:, image, part].T / width**0.5, dim=-1)
            out[:, image, part] = weights @ v[:, image, part]
    return out @ state[f"{prefix}.proj.weight"].T + state[f"{prefix}.proj.bias"]


def _blocks(state, prefix, x, heads):
    dim = x.shape[-1]
    count = len({name.split(".")[2] for name in state if name.startswith(prefix)})
    for layer in range(count):
        name = f"{prefix}.{layer}"
        normed = F.layer_norm(x, (dim,), state[f"{name}.norm1.weight"], state[f"{name}.norm1.bias"])
        x = x + _attention(state, f"{name}.attn", normed, heads)
        normed = F.layer_norm(x, (dim,), state[f"{name}.norm2.weight"], state[f"{name}.norm2.bias"])
        hidden = F.gelu(normed @ state[f"{name}.mlp.fc1.weight"].T + state[f"{name}.mlp.fc1.bias"])
        x = x + hidden @ state[f"{name}.mlp.fc2.weight"].T + state[f"{name}.mlp.fc2.bias"]
    return x


def forward(state, images, orders, kept, heads):
    """Prediction and mask (B, C, H, W) for shuffling orders (B, T), of which the first `kept` places stay visible."""
    weight, bias = state["encoder.patchify.weight"], state["encoder.patchify.bias"]
    dim, channels, patch, _ = weight.shape
    height, width = images.shape[-2:]
    predictions, masks = [], []
    for image, order in zip(images, orders, strict=True):
        cells = image.unfold(1, patch, patch).unfold(2, patch, patch).permute(1, 2, 0, 3, 4).reshape(-1, channels * patch * patch)
        tokens = cells @ weight.reshape(dim, -1).T + bias + state["encoder.pos_embedding"][:, 0]
        tokens = torch.cat([state["encoder.cls_token"][0], tokens[order[:kept]]])
        encoded = _blocks(state, "encoder.transformer", tokens.unsqueeze(1), heads)
        norm = (state["encoder.layer_norm.weight"], state["encoder.layer_norm.bias"])
        encoded = F.layer_norm(encoded, (dim,), *norm)[:, 0]
        full = state["decoder.mask_token"][0].repeat(len(order), 1)
        full[order[:kept]] = encoded[1:]
        full = torch.cat([encoded[:1], full]) + state["decoder.pos_embedding"][:, 0]
        decoded = _blocks(state, "decoder.transformer", full.unsqueeze(1), heads)[1:, 0]
        drawn = decoded @ state["decoder.head.weight"].T + state["decoder.head.bias"]
        picture, mask = torch.empty(channels, height, width), torch.ones(channels, height, width)
        columns = width // patch
        for place in range(len(order)):
            top, left = (place // columns) * patch, (place % columns) * patch
            picture[:, top : top + patch, left : left + patch] = drawn[place].reshape(channels, patch, patch)
            if place in order[:kept]:
                mask[:, top : top + patch, left : left + patch] = 0
        predictions.append(picture)
        masks.append(mask)
    return torch.stack(predictions), torch.stack(masks)


def random_state(patch, dim, encoder_layers, decoder_layers, side, channels, seed=0):
    """Random weights under IcarusWizard/MAE's names and shapes."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator) * 0.1

    state = {
        "encoder.cls_token": normal(1, 1, dim),
        "encoder.pos_embedding": normal(side * side, 1, dim),
        "encoder.patchify.weight": normal(dim, channels, patch, patch),
        "encoder.patchify.bias": normal(dim),
        "encoder.layer_norm.weight": 1 + normal(dim),
        "encoder.layer_norm.bias": normal(dim),
        "decoder.mask_token": normal(1, 1, dim),
        "decoder.pos_embedding": normal(side * side + 1, 1, dim),
        "decoder.head.weight": normal(channels * patch**2, dim),
        "decoder.head.bias": normal(channels * patch**2),
    }
    for room, layers in (("encoder", encoder_layers), ("decoder", decoder_layers)):
        for layer in range(layers):
            name = f"{room}.transformer.{layer}"
            for norm in ("norm1", "norm2"):
                state |= {f"{name}.{norm}.weight": 1 + normal(dim), f"{name}.{norm}.bias": normal(dim)}
            state |= {f"{name}.attn.qkv.weight": normal(3 * dim, dim), f"{name}.attn.proj.weight": normal(dim, dim)}
            state |= {f"{name}.attn.proj.bias": normal(dim), f"{name}.mlp.fc1.weight": normal(4 * dim, dim)}
            state |= {f"{name}.mlp.fc1.bias": normal(4 * dim), f"{name}.mlp.fc2.weight": normal(dim, 4 * dim)}
            state |= {f"{name}.mlp.fc2.bias": normal(dim)}
    return state
