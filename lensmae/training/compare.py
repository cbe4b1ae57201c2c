"""Runs beside each other: where their configurations differ, and the best each reached."""

from collections.abc import Sequence

import pandas as pd

from lensmae.training.folder import open_run
from lensmae.training.runs import read_metrics

# Figures of which more is better; of the others less is.
_RISING = ("_auc", "_accuracy", "_psnr", "_ssim")


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
