"""Work on a Dask cluster, through the interface of `concurrent.futures`: whoever computes in parts takes an executor.

The workers run this package and see the same workspace as the command. What they are sent is pickled by Dask: connect only to a
scheduler of your own.
"""

import contextlib
import re
from collections.abc import Iterator
from concurrent.futures import Executor

from lensmae.errors import ConfigError

# A part whose worker was lost is computed again, by another one.
_RETRIES = 3
_PATIENCE_S = 30
_LOCAL = re.compile(r"local:([1-9]\d{0,3})")


@contextlib.contextmanager
def cluster(scheduler: str) -> Iterator[Executor]:
    """An executor of a Dask cluster.

    Args:
        scheduler: address of a running scheduler (`tcp://host:8786`), or `local:N` to start N worker processes here that end with
            the command.

    Raises:
        ConfigError: where Dask is not installed, the address is none, or nothing answers there.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as problem:
        raise ConfigError("A scheduler needs Dask, which is not installed: pip install 'lensmae[dask]'.") from problem
    with contextlib.ExitStack() as stack:
        local = _LOCAL.fullmatch(scheduler)
        if local:
            size = {"n_workers": int(local[1]), "threads_per_worker": 1, "processes": True, "dashboard_address": None}
            address = stack.enter_context(LocalCluster(**size, host="127.0.0.1")).scheduler_address
        else:
            address = scheduler
        try:
            client = stack.enter_context(Client(address, timeout=_PATIENCE_S, set_as_default=False))
        except (OSError, TimeoutError, ValueError) as problem:
            raise ConfigError(
                f"No Dask scheduler answers at {scheduler!r} ({problem}); give its address (tcp://host:8786), or local:N."
            ) from problem
        yield client.get_executor(retries=_RETRIES, pure=False)
