"""Where a job runs: this machine's queue, or Slurm with a partition, GPUs, memory and a time limit."""

import re
import shutil
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Executor = Literal["local", "slurm"]
# Words that Slurm itself allows in names; they end up in a batch script.
_WORD = re.compile(r"[A-Za-z0-9_.,-]*")


class JobOptions(BaseModel):
    """What a job asks for. Everything but `executor` concerns Slurm only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    executor: Executor = Field("local", description="where to run: this machine's queue, or Slurm")
    partition: str = Field("", description="Slurm partition; the cluster's default where empty")
    account: str = Field("", description="Slurm account; yours where empty")
    gpus: int = Field(0, ge=0, le=64, description="GPUs a node; equal to the run's devices, or 0 for CPUs only")
    cpus: int = Field(1, ge=1, le=1024, description="CPU cores a process (one process a device)")
    memory_gb: float = Field(0.0, ge=0, le=65_536, description="memory a node in GB; the partition's default where 0")
    hours: float = Field(12.0, gt=0, le=10_000, description="time limit; the run saves before it and is queued again")

    @field_validator("partition", "account")
    @classmethod
    def _is_a_word(cls, value: str) -> str:
        if not _WORD.fullmatch(value):
            raise ValueError("use letters, digits, '.', ',', '_' and '-' only")
        return value


def slurm_available() -> bool:
    """Whether jobs can be handed to a Slurm here."""
    return shutil.which("sbatch") is not None and shutil.which("srun") is not None
