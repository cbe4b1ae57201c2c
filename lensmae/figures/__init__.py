"""Figures: arrays and tables in, `go.Figure` (or the packed panels of the image canvas) out."""

from lensmae.figures.class_colours import CLASS_COLOURS, class_colour
from lensmae.figures.classification.probabilities import probability_bars
from lensmae.figures.classification.ranking import confusion_matrix, roc
from lensmae.figures.export.files import COLUMN_MM, FORMATS, PAGE_MM, export_figure, figure_numbers
from lensmae.figures.images.overlays import OVERLAY_COLOUR, Line, Overlay, Points
from lensmae.figures.images.panels import Panel, Scale, compared, on_own_limits, pack, residual_bound, shade, shared_scale
from lensmae.figures.images.stretch import STRETCHES, colour_table, limits, stretched
from lensmae.figures.reconstruction_errors import error_against_ratio, place_among
from lensmae.figures.scatter import Mark, class_scatter, ring_selected, score_pairs, selected_rows, value_scatter
from lensmae.figures.training import compare_curves, training_curve

__all__ = [
    "CLASS_COLOURS",
    "COLUMN_MM",
    "FORMATS",
    "OVERLAY_COLOUR",
    "PAGE_MM",
    "STRETCHES",
    "Line",
    "Mark",
    "Overlay",
    "Panel",
    "Points",
    "Scale",
    "class_colour",
    "class_scatter",
    "colour_table",
    "compare_curves",
    "compared",
    "confusion_matrix",
    "error_against_ratio",
    "export_figure",
    "figure_numbers",
    "limits",
    "on_own_limits",
    "pack",
    "place_among",
    "probability_bars",
    "residual_bound",
    "ring_selected",
    "roc",
    "score_pairs",
    "selected_rows",
    "shade",
    "shared_scale",
    "stretched",
    "training_curve",
    "value_scatter",
]
