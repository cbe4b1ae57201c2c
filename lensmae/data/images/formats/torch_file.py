"""Tensors that torch saved, read with `weights_only`, which runs nothing."""

import io
import itertools
import os
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lensmae.data.images import roles
from lensmae.data.images.formats.npy import MAX_BYTES
from lensmae.data.images.formats.numpy_file import named_lenses
from lensmae.data.images.formats.stored import Stored
from lensmae.errors import ImageReadError

_HOW = "save the array from Python: numpy.save('lens.npy', tensor.numpy())"
_MOST, _MOST_ENTRIES, _DEEPEST = 64, 100_000, 4
_WEIGHT = re.compile(r"(^|[./])(weight|bias|running_mean|running_var)$")
# Words of the names that networks give to their tensors.
_NETWORK = frozenset(
    ("layer", "layers", "block", "blocks", "conv", "weight", "weights", "bias", "module", "encoder", "decoder", "norm", "fc",
     "bn", "net", "network", "head", "attn", "mlp", "param", "params", "running")
)  # fmt: skip


def is_torch(data: bytes) -> bool:
    """Whether a zip archive is torch's."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return False


def torch_lenses(data: bytes, item: str | None) -> Iterator[Stored]:
    """The image tensor of a torch file: a tensor, or a dictionary or list of them; after it all that are alike."""
    found = tensors(data)
    note = "It is a torch file; its tensor was taken as an array."
    return named_lenses({name: array.shape for name, array in found.items()}, found.__getitem__, item, (note,))


def tensors(data: bytes) -> dict[str, Any]:
    """Tensors of real numbers in a torch file, as arrays by name. Raises `ImageReadError` for weights of a network."""
    _allow_no_temporary_folder()
    import torch

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if any(one.filename.endswith("/constants.pkl") for one in members):
                raise ImageReadError("it is a TorchScript archive, a network with its code, and no image")
            if any(one.compress_type != zipfile.ZIP_STORED for one in members) or sum(m.file_size for m in members) > MAX_BYTES:
                raise ImageReadError(f"it is a torch file larger than an image; {_HOW}")
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        found = {name: tensor.numpy() for name, tensor in _tensors(content).items()}
    except (ImageReadError, MemoryError):
        raise
    except Exception as problem:  # noqa: BLE001
        # torch raises many kinds of errors on damaged files and on objects that would have to be unpickled.
        raise ImageReadError(f"it is a torch file that holds more than tensors ({_reason(problem)}); {_HOW}") from None
    if not found:
        raise ImageReadError(f"it is a torch file without a tensor of real numbers; {_HOW}")
    if (len(found) > _MOST and not _is_series(found)) or any(map(_WEIGHT.search, found)):
        raise ImageReadError(f"it is a torch file of {len(found)} tensors, such as the weights of a network, and no image")
    return found


def _is_series(found: dict[str, Any]) -> bool:
    """Whether most of many tensors are of one shape and one name but for numbers, with what belongs to them: no network."""
    series = Counter((roles.stem(name), array.shape) for name, array in found.items() if array.ndim >= 2)
    if not series or not _NETWORK.isdisjoint(word for name in found for word in roles.words(name)):
        return False
    return 3 * series.most_common(1)[0][1] >= len(found)


def _allow_no_temporary_folder() -> None:
    """torch asks for a temporary folder when it is imported and writes nothing there; a decoding process may not write at all."""
    if tempfile.tempdir is None:
        try:
            tempfile.gettempdir()
        except FileNotFoundError:
            tempfile.tempdir = os.devnull


def _reason(problem: Exception) -> str:
    """Why torch did not read a file, in a line."""
    if found := re.search(r"Unsupported (?:global|class|operand)[^\w]*(?:GLOBAL )?([\w.]+)", str(problem)):
        return f"a {found[1]}, which could run code"
    said = re.sub(r"\x1b\[[0-9;]*m", "", str(problem)).splitlines()
    return f"{type(problem).__name__}: {said[0][:120]}" if said else type(problem).__name__


def _entries(content: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Tensors and numbers in dictionaries and lists, one in the other, by a path of their keys."""
    import torch

    if isinstance(content, torch.Tensor | int | float):
        yield name or "tensor", content
    elif depth < _DEEPEST and isinstance(content, dict | list | tuple):
        for key, one in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _entries(one, f"{name}/{key}" if name else str(key), depth + 1)


def _tensors(content: Any) -> dict[str, Any]:
    """Tensors of real numbers by name; single numbers, such as labels, beside them."""
    import torch

    found = dict(itertools.islice(_entries(content), _MOST_ENTRIES))
    if not any(isinstance(one, torch.Tensor) for one in found.values()):
        return {}
    made = {name: one if isinstance(one, torch.Tensor) else torch.tensor(one) for name, one in found.items()}
    tensors = {name: one.detach() for name, one in made.items() if not one.is_complex()}
    return {
        name: (one.float() if one.dtype == torch.bfloat16 else one)
        for name, one in tensors.items()
        if one.layout == torch.strided
    }
