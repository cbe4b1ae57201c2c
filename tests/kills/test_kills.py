"""A few kills in every run of the tests; `python -m tests.kills` does a hundred."""

import os

import pytest

from tests.kills.cases import CASES, prepare
from tests.kills.running import Killer

# One that is made anew, one that goes on, one that has children.
FEW = [case for case in CASES if case.name in ("convert", "pretrain", "import")]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Windows has no signal that kills")
def test_killed_commands_lose_nothing_and_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "prepared"))
    prepare(tmp_path / "prepared")
    killer = Killer(tmp_path / "prepared", tmp_path, seed=0)
    for case in FEW:
        killer.kill(case)
    assert killer.found.faults == []
    assert killer.found.kills + killer.found.late == len(FEW)
    # A command that ends just before its kill is late, and nothing else.
    late = killer.found.late
    monkeypatch.setattr(killer, "_moment", lambda process, *_: process.join() or 1.0)
    killer.kill(FEW[-1])
    assert killer.found.faults == []
    assert killer.found.late == late + 1
