"""Plotly figures: arrays and tables in, `go.Figure` out."""

from lensmae.figures.classes import CLASS_COLOURS, class_colour
from lensmae.figures.curves import confusion_matrix, roc, training_curve
from lensmae.figures.images import Panel, image_row
from lensmae.figures.scatter import embedding_scatter, score_pairs
from lensmae.figures.stretch import STRETCHES, inferno_table, stretched

__all__ = [
    "CLASS_COLOURS",
    "STRETCHES",
    "Panel",
    "class_colour",
    "confusion_matrix",
    "embedding_scatter",
    "image_row",
    "inferno_table",
    "roc",
    "score_pairs",
    "stretched",
    "training_curve",
]
