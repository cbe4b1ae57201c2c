"""What the studies found, in a report: few labels, ablation."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from lensmae.evaluation.classification.few_labels import budget, explanation
from studies.markdown import table

# The study draws as many labels of each: no_sub, cdm and axion.
_CLASSES = 3


def few_label_lines(record: dict[str, Any]) -> list[str]:
    """Accuracy and AUC by number of labels and network."""
    if not record.get("few_labels"):
        return []
    groups: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for entry in record["few_labels"]:
        groups[entry["labels"], entry["model"]].append(entry)
    rows = [
        (
            f"{labels:,}",
            f"{labels / _CLASSES:,.0f}",
            model,
            _spread(entries, "accuracy"),
            _spread(entries, "macro_auc"),
            str(len(entries)),
        )
        for (labels, model), entries in sorted(groups.items())
    ]
    length = budget(entry.get("images") for entry in record["few_labels"])
    said = explanation(model for _, model in groups)
    title = ["## Few labels", "", f"Mean and standard deviation over seeds. {length} {said}".strip(), ""]
    return [*title, *table(("labels in total", "of each class", "network", "accuracy", "macro AUC", "trainings"), rows)]


def ablation_lines(record: dict[str, Any]) -> list[str]:
    """Accuracy and AUC of every variant, and what was the same for all."""
    if not record.get("ablation"):
        return []
    entries = []
    for entry in record["ablation"]:
        entries.append(entry)
        if "one_orientation" in entry:
            entries.append(entry | entry["one_orientation"] | {"variant": f"{entry['variant']}, judged in one orientation only"})
    rows = [
        (entry["variant"], f"{entry['macro_auc']:.5f}", f"{entry['accuracy']:.2%}", f"{entry['epochs']:.3g}", f"{entry['n']:,}")
        for entry in entries
    ]
    same = sorted({f"{key} {value}" for entry in record["ablation"] for key, value in entry.get("options", {}).items()})
    title = "The classifier's recipe `from-mae-cpu`, cut short, with one thing changed at a time; measured on the test split."
    title += f" For all: {', '.join(same)}." if same else ""
    lengths = sorted({entry["pretrain_epochs"] for entry in record["ablation"] if "pretrain_epochs" in entry})
    if lengths:
        title += (
            f" A variant with an MAE of its own pretrains that first, for {' or '.join(f'{length:.3g}' for length in lengths)} "
            "epochs of all classes, and then sees the image neither whitened nor through a stem: compare it with those rows."
        )
    return ["## Ablation", "", title, "", *table(("variant", "macro AUC", "accuracy", "epochs", "lenses"), rows)]


def _spread(entries: Sequence[dict[str, Any]], key: str) -> str:
    values = np.array([entry[key] for entry in entries])
    return f"{values.mean():.3f}" + (f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else "")
