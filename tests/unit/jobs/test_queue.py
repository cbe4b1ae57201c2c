"""Real jobs of the local queue: small shell commands instead of trainings."""

import contextlib
import os
import pickletools
import signal
import subprocess
import sys

import psutil
import pytest

from lensmae.errors import ConfigError, RunError
from lensmae.jobs import (
    JobOptions,
    at_once,
    job_environment,
    live_tickets,
    place_in_queue,
    set_at_once,
    slurm_submission,
    submit,
    withdraw,
)
from lensmae.jobs.queue import draw
from lensmae.workspace import write_json


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def start(home):
    """Start a job that writes `NAME+`, waits for its gate, and writes `NAME-`; all leftovers are ended with the test."""
    started = []

    def begin(name, gate=None, options=None):
        wait = f"read line < {gate};" if gate else ""
        script = f"echo {name}+ >> {home}/order; {wait} echo {name}- >> {home}/order"
        command = ["/bin/sh", "-c", script]
        record = submit(home / "runs" / name, name, command, options or JobOptions(), log=home / f"{name}.txt")
        started.append(record.process())
        return started[-1]

    yield begin
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def gate(home, name):
    """A named pipe: the job that reads it waits until it is written to."""
    os.mkfifo(home / name)
    return home / name


def ended(*processes):
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert not alive


def order(home):
    return (home / "order").read_text().split()


def test_jobs_take_turns_in_the_order_of_submission_without_anybody_watching(home, start):
    opened = gate(home, "gate")
    jobs = [start("first", opened), start("second"), start("third")]
    opened.write_text("go\n")
    ended(*jobs)
    assert order(home) == ["first+", "first-", "second+", "second-", "third+", "third-"]
    assert live_tickets() == []


def test_a_waiting_job_knows_its_place_and_leaves_no_process_when_withdrawn(home, start):
    opened = gate(home, "gate")
    first, second, third = start("first", opened), start("second"), start("third")
    assert [place_in_queue(name) for name in ("first", "second", "third", "fourth")] == [0, 1, 2, None]
    assert withdraw("second")
    ended(second)
    assert place_in_queue("third") == 1
    opened.write_text("go\n")
    ended(first, third)
    assert order(home) == ["first+", "first-", "third+", "third-"]


def test_a_job_at_work_is_not_withdrawn(home, start):
    opened = gate(home, "gate")
    job = start("first", opened)
    # Writing waits for a reader: the job is at work then.
    with opened.open("w") as pipe:
        assert not withdraw("first")
        pipe.write("go\n")
    ended(job)


def test_a_killed_job_gives_its_place_to_the_next(home, start):
    opened = gate(home, "gate")
    first, second = start("first", opened), start("second")
    with opened.open("w"):
        # The command took the place of the process that waited.
        assert first.name() == "sh"
        os.kill(first.pid, signal.SIGKILL)
        ended(first, second)
    assert order(home) == ["first+", "second+", "second-"]


def test_as_many_jobs_work_at_once_as_the_setting_allows(home, start):
    assert at_once() == 1
    set_at_once(2)
    gates = [gate(home, name) for name in ("one", "two")]
    first, second = start("first", gates[0]), start("second", gates[1])
    # Opening waits for a reader: both are at work then.
    with gates[0].open("w") as one, gates[1].open("w") as two:
        one.write("go\n")
        two.write("go\n")
    ended(first, second)
    assert sorted(order(home)[:2]) == ["first+", "second+"]
    with pytest.raises(ConfigError, match="choose 1 to"):
        set_at_once(0)


def test_what_a_job_prints_goes_into_its_log(home, start):
    record = submit(home / "runs/a", "a", ["/bin/sh", "-c", "echo said; echo loud >&2"], JobOptions(), log=home / "a.txt")
    ended(record.process())
    assert (home / "a.txt").read_text() == "said\nloud\n"


def test_a_ticket_whose_process_never_begins_keeps_its_place_for_a_while_and_then_loses_it():
    path = draw("slow")
    assert [ticket.job for ticket in live_tickets()] == ["slow"]
    os.utime(path, (1, 1))
    assert live_tickets() == []


def test_a_job_outlives_whoever_submitted_it_and_holds_nothing_of_theirs(home):
    opened = gate(home, "gate")
    submitter = f"""
from pathlib import Path
from lensmae.jobs import JobOptions, submit
command = ["/bin/sh", "-c", "read line < {opened}; echo done > {home}/done"]
print(submit(Path("{home}/runs/a"), "a", command, JobOptions(), log=Path("{home}/a.txt")).id, flush=True)
"""
    # Reading to the end of the output would wait for a job that holds it.
    number = subprocess.run([sys.executable, "-c", submitter], stdout=subprocess.PIPE, text=True, check=True, timeout=300).stdout
    job = psutil.Process(int(number))
    assert os.getsid(job.pid) == job.pid
    opened.write_text("go\n")
    ended(job)
    assert (home / "done").read_text() == "done\n"


def test_the_job_stored_for_slurm_holds_nothing_but_a_call_of_execv(home):
    folder = home / "job"
    folder.mkdir(mode=0o700)
    # submitit's local executor stores a job as its Slurm executor does.
    order = {"folder": str(folder), "command": ["/bin/true"], "cluster": "local", "parameters": {}}
    write_json(folder / "order.json", order)
    subprocess.run([sys.executable, "-m", slurm_submission.__name__, str(folder / "order.json")], check=True, timeout=300)
    (stored,) = folder.glob("*_submitted.pkl")
    # Names that unpickling would import, as GLOBAL or as the strings before STACK_GLOBAL.
    names, strings = set(), []
    for opcode, argument, _ in pickletools.genops(stored.read_bytes()):
        if opcode.name == "GLOBAL":
            names.add(argument)
        elif opcode.name == "STACK_GLOBAL":
            names.add(" ".join(strings[-2:]))
        elif isinstance(argument, str):
            strings.append(argument)
    assert names == {"submitit.core.utils DelayedSubmission", "posix execv"}
    assert stored.parent.stat().st_mode & 0o077 == 0


def test_a_job_learns_the_workspace_and_nothing_of_a_launcher_around_us(home, monkeypatch):
    for name in ("SLURM_JOB_ID", "SUBMITIT_EXECUTOR", "RANK", "MASTER_ADDR", "LENSMAE_RUN_ID"):
        monkeypatch.setenv(name, "1")
    given = job_environment()
    assert given["LENSMAE_HOME"] == str(home)
    assert not {"SLURM_JOB_ID", "SUBMITIT_EXECUTOR", "RANK", "MASTER_ADDR", "LENSMAE_RUN_ID"} & given.keys()


def test_without_slurm_the_refusal_is_plain(home, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RunError, match=r"could not be submitted: .*srun"):
        submit(home / "runs/a", "a", ["/bin/true"], JobOptions(executor="slurm"), log=home / "a.txt")


def test_slurm_names_cannot_smuggle_lines_into_a_batch_script():
    with pytest.raises(ValueError, match="letters, digits"):
        JobOptions(executor="slurm", partition="gpu\nrm -rf /")


def test_tickets_of_another_machine_that_shares_the_workspace_are_neither_counted_nor_removed(home):
    foreign = draw("far")
    foreign.write_text('{"host": "another", "pid": 1, "started": 1.0, "state": "started"}')
    os.utime(foreign, (1, 1))
    draw("near")
    assert [(ticket.job, ticket.here) for ticket in live_tickets()] == [("far", False), ("near", True)]
    assert (place_in_queue("far"), place_in_queue("near")) == (None, 0)


def test_a_damaged_ticket_holds_up_nobody(home):
    draw("broken").write_bytes(b"\xff\x00{")
    draw("next")
    assert [ticket.job for ticket in live_tickets()] == ["next"]
