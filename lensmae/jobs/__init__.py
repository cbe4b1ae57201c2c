"""Our own command line as background jobs: through submitit, in this machine's queue or on Slurm. Knows nothing of training."""

from lensmae.jobs import slurm
from lensmae.jobs.options import Executor, JobOptions, slurm_available
from lensmae.jobs.submission import JobRecord, submit
from lensmae.jobs.tickets import Ticket, at_once, live_tickets, place_in_queue, set_at_once, withdraw

__all__ = [
    "Executor",
    "JobOptions",
    "JobRecord",
    "Ticket",
    "at_once",
    "live_tickets",
    "place_in_queue",
    "set_at_once",
    "slurm",
    "slurm_available",
    "submit",
    "withdraw",
]
