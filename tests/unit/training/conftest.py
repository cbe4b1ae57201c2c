"""What tests of training runs share."""

import pytest

from lensmae.training import get_run, stop, train_run
from lensmae.training.callbacks import Follower


@pytest.fixture
def no_run_id(monkeypatch, workspace_with_lenses):
    """A run tells its further processes its id through the environment; one test must not tell the next."""
    monkeypatch.setenv("LENSMAE_RUN_ID", "")


@pytest.fixture
def stopped_and_resumed(monkeypatch):
    """Function of a new run's id: stop it after its second step, between saves, let it go on; its product."""
    original = Follower.on_train_batch_end

    def train_in_two_parts(run):
        def stop_after_two(self, trainer, task, *rest):
            original(self, trainer, task, *rest)
            if task.step == 2:
                stop(run)

        with monkeypatch.context() as patched:
            patched.setattr(Follower, "on_train_batch_end", stop_after_two)
            assert train_run(run) is None
        assert get_run(run).state == "stopped"
        return train_run(run)

    return train_in_two_parts
