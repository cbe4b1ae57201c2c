"""Long work: one model of a job, in a thread or a process of this program, in this machine's queue, or on Slurm."""

from lensmae.jobs import slurm
from lensmae.jobs.environment import job_environment
from lensmae.jobs.job import Job, JobState, Report, ThreadJob
from lensmae.jobs.living import family, living_process
from lensmae.jobs.options import Executor, JobOptions, slurm_available
from lensmae.jobs.process import ProcessJob
from lensmae.jobs.queue import Ticket, at_once, live_tickets, place_in_queue, set_at_once, withdraw
from lensmae.jobs.submission import JobRecord, submit

__all__ = [
    "Executor",
    "Job",
    "JobOptions",
    "JobRecord",
    "JobState",
    "ProcessJob",
    "Report",
    "ThreadJob",
    "Ticket",
    "at_once",
    "family",
    "job_environment",
    "live_tickets",
    "living_process",
    "place_in_queue",
    "set_at_once",
    "slurm",
    "slurm_available",
    "submit",
    "withdraw",
]
