"""Processes that may have ended before they are looked at."""

import subprocess

import psutil

from lensmae.jobs import family, living_process
from tests.started import started

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"])
print(child.pid, flush=True)
child.wait()
"""


def test_a_family_is_a_process_with_its_descendants():
    with started("-c", PARENT, stdin=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        assert [one.pid for one in family(living_process(parent.pid, None))] == [parent.pid, child]
        parent.communicate("\n")


def test_a_process_that_has_ended_is_nobody():
    with started("-c", "input()", stdin=subprocess.PIPE) as ending:
        known = psutil.Process(ending.pid)
        began = known.create_time()
        ending.communicate("\n")
    assert family(known) == []
    assert living_process(ending.pid, began) is None
    assert family(None) == []
