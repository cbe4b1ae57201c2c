"""Many visitors at once: what a change of lens takes over Streamlit's own websocket protocol, without a browser.

A visitor opens the Reconstruction page, then changes the lens, waits for its picture, looks at it for a while, and so on; now and
then it takes another seed of the mask, or goes through Classification. All messages are those a browser exchanges.
"""

import asyncio
import contextlib
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil

from benchmarks.slider import served_dashboard, served_process
from lensmae.jobs import family
from lensmae.progress import Progress

_PAGE = "reconstruction"
_PATIENCE_S = 180.0
# Seconds a visitor looks at a picture before the next change, uniform.
_LOOK_S = (1.0, 5.0)
# Streamlit keeps the session of a visitor who is gone for two minutes.
_FORGOTTEN_S = 150.0
_ACTIONS = ("lens", "lens", "lens", "seed")


@dataclass(frozen=True)
class Crowd:
    """Seconds from a change of lens or seed to the message with its picture.

    Attributes:
        visitors: at once.
        seconds: that they went on for.
        changes: pictures waited for.
        errors: exceptions shown, and pictures that did not come.
        median_s, p95_s: of a change.
    """

    visitors: int
    seconds: float
    changes: int
    errors: int
    median_s: float
    p95_s: float


@dataclass(frozen=True)
class VisitorsResult:
    """One crowd after the other, on one server.

    Attributes:
        crowds: smallest first.
        memory_before_mb, memory_after_mb: what the server's processes have for themselves, after the first crowd, and once the
            last is gone and forgotten.
    """

    crowds: list[Crowd]
    memory_before_mb: float
    memory_after_mb: float


@dataclass
class _Visitor:
    """One open page: its websocket and what it was told."""

    socket: Any
    address: str
    script: str = ""
    lens: str = ""
    seed: str = ""
    lenses: int = 1
    values: dict[str, tuple[str, float]] = field(default_factory=dict)
    errors: int = 0

    async def run(self, changed: tuple[str, float] | None = None) -> tuple[float, float]:
        """Ask for a run of the page, with a widget changed; seconds to the picture and to the end of the run."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        state = message.rerun_script
        state.query_string = self.address
        state.page_name, state.page_script_hash = ("", self.script) if self.script else (_PAGE, "")
        if changed is not None:
            self.values[changed[0]] = changed
        for name, value in self.values.values():
            widget = state.widget_states.widgets.add(id=name)
            if name == self.lens:
                widget.int_value = int(value)
            else:
                widget.double_array_value.data.append(value)
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        return await self._answers(start)

    async def _answers(self, start: float) -> tuple[float, float]:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        picture = float("nan")
        while True:
            raw = await asyncio.wait_for(self.socket.recv(), _PATIENCE_S)
            message = ForwardMsg()
            message.ParseFromString(raw)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.script = message.new_session.page_script_hash
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                if self._heard(message.delta.new_element):
                    picture = time.perf_counter() - start
            elif kind == "script_finished" and message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
                ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
            ):
                return picture, time.perf_counter() - start

    def _heard(self, element: Any) -> bool:
        """Remember what an element says; whether it is the picture."""
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors += 1
        elif kind == "number_input" and element.number_input.label == "Lens":
            self.lens, self.lenses = element.number_input.id, int(element.number_input.max) + 1
        elif kind == "slider" and element.slider.label.startswith("Seed"):
            self.seed = element.slider.id
        return kind == "bidi_component"


def visitors(
    progress: Progress,
    counts: tuple[int, ...] = (1, 10, 50),
    seconds: tuple[float, ...] = (60.0, 60.0, 180.0),
    forgotten_s: float = _FORGOTTEN_S,
) -> VisitorsResult:
    """Let so many visitors use a dashboard of its own for so long, one count after the other."""
    crowds, memory = [], []
    with tempfile.TemporaryDirectory() as home, served_dashboard(home) as address:
        for done, (count, lasting) in enumerate(zip(counts, seconds, strict=True)):
            crowds.append(asyncio.run(crowd(address, count, lasting)))
            memory.append(_memory_mb(address))
            progress(done + 1, len(counts))
        time.sleep(forgotten_s)
        memory.append(_memory_mb(address))
    return VisitorsResult(crowds, memory[0], memory[-1])


def _memory_mb(address: str) -> float:
    """Megabytes that belong to the server's processes alone."""
    size = 0
    for one in family(served_process(address)):
        with contextlib.suppress(psutil.NoSuchProcess):
            size += one.memory_full_info().uss
    return round(size / 1e6, 1)


async def crowd(address: str, count: int, seconds: float) -> Crowd:
    """So many visitors at once on the dashboard at an address, for so many seconds."""
    times: list[float] = []
    start = time.perf_counter()
    errors = await asyncio.gather(*(_visit(address, index, start + seconds, times) for index in range(count)))
    waited = time.perf_counter() - start
    failed = sum(errors) + int(np.isnan(times).sum())
    known = np.array([value for value in times if np.isfinite(value)] or [np.nan])
    return Crowd(count, round(waited, 1), len(times), failed, float(np.median(known)), float(np.percentile(known, 95)))


async def _visit(address: str, index: int, deadline: float, times: list[float]) -> int:
    """One visitor until the deadline; exceptions it was shown."""
    import websockets

    rng = np.random.default_rng(index)
    url = address.replace("http", "ws", 1) + "/_stcore/stream"
    async with websockets.connect(url, subprotocols=["streamlit"], max_size=None, compression=None, origin=address) as socket:
        visitor = _Visitor(socket, "")
        await visitor.run()
        # Everyone changes something at least once, however long the page took to open.
        while True:
            await asyncio.sleep(rng.uniform(*_LOOK_S))
            picture, _ = await visitor.run(_change(visitor, rng))
            times.append(picture)
            if time.perf_counter() >= deadline:
                break
    return visitor.errors


def _change(visitor: _Visitor, rng: np.random.Generator) -> tuple[str, float]:
    if visitor.seed and rng.choice(_ACTIONS) == "seed":
        return visitor.seed, float(rng.integers(1000))
    return visitor.lens, float(rng.integers(visitor.lenses))
