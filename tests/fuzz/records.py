"""Seeded hostile data-set tables (Parquet) and weights (safetensors): good ones damaged, and headers that claim the absurd."""

import io
import json
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save

from lensmae.data.store.table import read_table
from lensmae.errors import CheckpointError, DatasetError
from lensmae.models.checkpoint import read_card, read_network
from lensmae.models.foreign.reading import _tensors
from tests.fuzz.generator import damaged

_ROWS = 40


@dataclass
class Records:
    """What came of many files.

    Attributes:
        read, refused: files of either kind.
        surprises: what was no message of the project's own, by file.
        most_cpu: seconds of the slowest.
    """

    read: int = 0
    refused: int = 0
    surprises: dict[str, str] = field(default_factory=dict)
    most_cpu: float = 0.0


def table(compression: str = "snappy", **columns: object) -> bytes:
    """A table as a data set has one."""
    ids = [f"lens-{place}" for place in range(_ROWS)]
    frame = pd.DataFrame({"id": ids, "class": "cdm", "split": "train", "theta_E": np.linspace(1, 2, _ROWS), **columns})
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), file, compression=compression)
    return file.getvalue()


def weights() -> bytes:
    """A few tensors with the header of a checkpoint."""
    card = {"kind": "mae", "architecture": {"image_size": 64}, "transform": {}}
    return save({"encoder.cls_token": np.zeros((1, 1, 8), np.float32)}, metadata={"lensmae": json.dumps(card)})


def _header(text: bytes, length: int | None = None, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _tensor(shape: list[int], places: list[int]) -> bytes:
    return json.dumps({"a": {"dtype": "F32", "shape": shape, "data_offsets": places}}).encode()


_CLAIMS: tuple[Callable[[np.random.Generator], bytes], ...] = (
    lambda draw: _header(b"{}", (3, 2**24, 2**40, 2**63, 2**64 - 1)[int(draw.integers(5))]),
    lambda draw: _header(b"[" * int(draw.integers(100, 200_000))),
    lambda draw: _header(b'{"a":' * int(draw.integers(100, 50_000))),
    lambda draw: _header(_tensor([2**40, 2**40], [0, 2**62])),
    lambda draw: _header(_tensor([4], [int(draw.integers(-9, 99)), 16]), data=bytes(16)),
    lambda draw: _header(_tensor([1] * int(draw.integers(17, 5000)), [0, 4]), data=bytes(4)),
    lambda draw: _header(_tensor([0, 10**400], [0, 0])),
    lambda draw: _header(b'{"a":{"dtype":"F32","shape":[%s],"data_offsets":[0,4]}}' % (b"9" * 10_000), data=bytes(4)),
    lambda draw: _header(json.dumps({f"t{place}": {} for place in range(60_000)}).encode()),
    lambda draw: _header(json.dumps({"__metadata__": {"lensmae": "[" * int(draw.integers(1000, 99_999))}}).encode()),
    lambda draw: _header(b"\xff\xfe" + draw.bytes(200)),
    lambda draw: b"PAR1" + draw.bytes(400) + struct.pack("<I", (4, 396, 2**31 - 1, 2**32 - 1)[int(draw.integers(4))]) + b"PAR1",
    lambda draw: table(many=1)[:-8] + struct.pack("<I", int(draw.integers(1, 2000))) + b"PAR1",
)


def hostile_records(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Names that say what each is, ending as such a file does, and contents."""
    good = {"snappy.parquet": table(), "gzip.parquet": table("gzip"), "zstd.parquet": table("zstd")}
    good |= {"nested.parquet": table(nested=[[1, 2]] * _ROWS), "weights.safetensors": weights()}
    names = list(good)
    for place in range(count):
        draw = np.random.default_rng([seed, place])
        if place % 8 == 0:
            claim = place // 8 % len(_CLAIMS)
            yield f"{place}-claim{claim}.{'parquet' if claim >= 11 else 'safetensors'}", _CLAIMS[claim](draw)
            continue
        name = names[int(draw.integers(len(names)))]
        yield f"{place}-{name}", damaged(good[name], draw, list(good.values()), at_end=name.endswith("parquet"))


def read_record(path: Path) -> str:
    """How a file is answered by whatever reads its kind: read, refused, or the error that is none of the project's own."""
    try:
        if path.suffix == ".parquet":
            read_table(path, _ROWS)
            return "read"
        for read in (read_card, read_network, _tensors):
            read(path)
    except (DatasetError, CheckpointError):
        return "refused"
    except Exception as problem:  # noqa: BLE001 - what else there is, is what is looked for
        return f"{type(problem).__name__}: {problem}"
    return "read"


def run_records(count: int, seed: int, folder: Path) -> Records:
    """Read so many hostile records, in this process, as commands and pages do: what crashes it, crashes the test."""
    found = Records()
    for name, data in hostile_records(count, seed):
        path = folder / f"record.{name.rpartition('.')[2]}"
        path.write_bytes(data)
        start = time.process_time()
        said = read_record(path)
        found.most_cpu = max(found.most_cpu, time.process_time() - start)
        found.read += said == "read"
        found.refused += said == "refused"
        if said not in ("read", "refused"):
            found.surprises[name] = said
    return found
