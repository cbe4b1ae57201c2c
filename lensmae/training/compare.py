"""Runs beside each other: where their configurations differ, the best each reached, how fast they were."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lensmae.training.config import RunConfig, settled
from lensmae.training.folder import open_run
from lensmae.training.runs import list_runs, read_metrics

# Figures of which more is better; of the others less is.
_RISING = ("_auc", "_accuracy", "_psnr", "_ssim")
# Settings on which the speed of a step does not depend.
_FREE = (
    "kind", "data", "strata", "init", "classes", "labels", "epochs", "seed", "warmup", "learning_rate", "layer_decay",
    "weight_decay", "ema_decay", "save_every", "validation_images",
)  # fmt: skip


def compare_runs(run_ids: Sequence[str]) -> pd.DataFrame:
    """One row a run: state, epochs done, the settings in which the runs differ, and the best value of each figure."""
    configs = pd.DataFrame([open_run(run).config().model_dump() for run in run_ids], index=list(run_ids)).astype(object)
    told = configs.where(configs.notna(), "–").astype(str)
    differing = told.loc[:, told.nunique() > 1]
    facts = pd.DataFrame([_reached(run) for run in run_ids], index=list(run_ids))
    return pd.concat([facts[["state", "epochs done"]], differing, facts.drop(columns=["state", "epochs done"])], axis=1)


def best_figures(metrics: pd.DataFrame) -> dict[str, float]:
    """The best value that each loss and validation figure of a curve reached."""
    names = [name for name in metrics.columns if name == "train_loss" or name.startswith("validation_")]
    known = {name: metrics[name].dropna() for name in names}
    return {
        f"best {name.replace('_', ' ')}": float(values.max() if name.endswith(_RISING) else values.min())
        for name, values in known.items()
        if len(values)
    }


def _reached(run: str) -> dict[str, object]:
    metrics = read_metrics(run)
    done = float(metrics["epoch"].iloc[-1]) if len(metrics) else 0.0
    return {"state": open_run(run).status().state, "epochs done": done, **best_figures(metrics)}


@dataclass(frozen=True)
class KnownSpeed:
    """A speed that a run reached on this machine: its id, and images a second."""

    run: str
    images_per_second: float


def speed_here(config: RunConfig) -> KnownSpeed | None:
    """The newest run of this workspace whose steps cost the same; None where there is none."""
    wanted = _settings(settled(config))
    for status in list_runs():
        if status.kind != config.kind or status.images_per_second <= 0 or status.state.broken:
            continue
        if _settings(open_run(status.id).config()) == wanted:
            return KnownSpeed(status.id, status.images_per_second)
    return None


def _settings(config: RunConfig) -> dict[str, object]:
    return {name: value for name, value in config.model_dump().items() if name not in _FREE}
