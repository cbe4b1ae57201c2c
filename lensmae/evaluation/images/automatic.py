"""Which classifiers are asked by default: a specialist that answers inside its domain, and the generalist for all else."""

from lensmae.models import CheckpointEntry, list_checkpoints

AUTO = "auto"
GENERALIST, SPECIALIST = "classifier", "classifier-model-ii"


def specialist_of(name: str) -> CheckpointEntry | None:
    """The specialist that is asked before a classifier of this name: there is one beside the generalist only."""
    if name not in (AUTO, GENERALIST):
        return None
    return next((entry for entry in list_checkpoints() if entry.name == SPECIALIST and entry.card.kind == "classifier"), None)
