"""Lightning without its advice."""

import contextlib
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keep what does not concern a user out of a run's log."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # Where there is a Slurm, its use is a choice.
        warnings.filterwarnings("ignore", message=".*`srun` command is available.*")
        # The loader only counts steps, so its workers and its mid-epoch state do not matter.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
        yield
