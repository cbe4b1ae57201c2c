"""What the processes of jobs are given."""

import os
from pathlib import Path

from lensmae.workspace import workspace

# Folder of the package, from which `python -m lensmae` finds it whatever the current folder is.
ROOT = Path(__file__).resolve().parents[2]
# A job of one cluster or one torch launcher must not take itself for a part of another.
_FOREIGN = ("SLURM_", "SLURMD_", "SRUN_", "SBATCH_", "SUBMITIT_", "MASTER_", "LENSMAE_RUN_ID")
_FOREIGN_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "NODE_RANK", "GROUP_RANK")


def job_environment() -> dict[str, str]:
    """Our environment for a job: the same workspace from any folder, and nothing of a launcher around us."""
    ours = {k: v for k, v in os.environ.items() if k == "SLURM_CONF" or not (k.startswith(_FOREIGN) or k in _FOREIGN_NAMES)}
    return ours | {"LENSMAE_HOME": str(workspace())}
