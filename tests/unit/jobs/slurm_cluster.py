"""A real Slurm of one node, started by hand: munged, slurmctld, slurmd. Without accounting, and apart from the machine's own."""

import contextlib
import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
_PATIENCE_SECONDS = 60
_CONF = """
ClusterName=lensmae
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
# A job that is put back may start again after this many seconds.
AuthInfo=socket={home}/munge.socket,cred_expire=5
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def find_daemon(name: str) -> str | None:
    """Where a daemon lies; they are not on everybody's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@contextlib.contextmanager
def one_node(home: Path) -> Iterator[dict[str, str]]:
    """Run the cluster in `home` (a short path: it holds a socket); gives the environment that its commands need."""
    for folder in ("state", "spool"):
        (home / folder).mkdir()
    (home / "munge.key").write_bytes(secrets.token_bytes(128))
    (home / "munge.key").chmod(0o600)
    host = socket.gethostname().partition(".")[0]
    text = _CONF.format(home=home, host=host, user=getpass.getuser(), controller=_free_port(), node=_free_port())
    (home / "slurm.conf").write_text(text)
    # Not the machine's own, which may want what this has not.
    (home / "cgroup.conf").write_text("")
    environment = {"SLURM_CONF": str(home / "slurm.conf")}
    munge = ["--foreground", "--force", "--num-threads=1", f"--key-file={home}/munge.key", f"--socket={home}/munge.socket"]
    munge += [f"--{kind}-file={home}/munge.{kind}" for kind in ("pid", "log", "seed")]
    commands = [["munged", *munge], ["slurmctld", "-D", "-i"], ["slurmd", "-D"]]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for name, *arguments in commands:
            said = (home / f"{name}.out").open("wb")
            program = find_daemon(name)
            running.append(
                subprocess.Popen([program, *arguments], env=os.environ | environment, stdout=said, stderr=subprocess.STDOUT)
            )
            if name == "munged":
                _await(lambda: (home / "munge.socket").exists(), running[-1])
        _await(lambda: _idle(environment), running[-1])
        yield environment
    finally:
        for daemon in reversed(running):
            daemon.terminate()
            daemon.wait(timeout=120)


def _idle(environment: dict[str, str]) -> bool:
    said = subprocess.run(["sinfo", "-h", "-o", "%T"], env=os.environ | environment, capture_output=True, text=True)
    return said.stdout.strip() == "idle"


def _await(ready, daemon: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < deadline, "The cluster did not come up."
        # Daemons offer nothing to wait on but their end.
        with contextlib.suppress(subprocess.TimeoutExpired):
            daemon.wait(timeout=0.2)
            raise AssertionError(f"{daemon.args[0]} ended.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
