"""Workers end with the process that started them, however it ends, and do not hold its output open."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.started import started

ROOT = Path(__file__).resolve().parents[2]
# As `simulate_dataset` has its workers: at work, and waiting for work.
OWNER = """
import os, time
from joblib import Parallel, delayed
from lensmae.processes import watch_owner

def work(name):
    # One write: that of another worker does not come between it and the end of its line.
    os.write(1, f"{os.getpid()}\\n".encode())
    while True:
        time.sleep(0.01)

Parallel(n_jobs=3, initializer=watch_owner, initargs=(os.getpid(),))(delayed(work)(place) for place in range(2))
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to kill with")
def test_workers_of_a_killed_process_end_and_let_go_of_its_output(tmp_path):
    program = tmp_path / "owner.py"
    program.write_text(OWNER)
    known = os.environ | {"PYTHONPATH": str(ROOT)}
    with started(str(program), env=known) as owner:
        at_work = {int(owner.stdout.readline()) for _ in range(2)}
        family = psutil.Process(owner.pid).children(recursive=True)
        assert at_work <= {child.pid for child in family}
        owner.send_signal(signal.SIGKILL)
        # Nobody holds the pipe any more once reading ends.
        owner.stdout.read()
        _, alive = psutil.wait_procs(family, timeout=30)
        assert not [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
