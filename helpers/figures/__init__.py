"""Every picture of the course, behind one door.

`from helpers import figures`, then `figures.attention_heatmap(...)` and so on.
"""
from helpers.figures.charts import (
    bleu_by_length,
    dots,
    length_histogram,
    speed_ladder,
    step_cost,
    training_curve,
)
from helpers.figures.explorer_page import explorer
from helpers.figures.frames import nine_frames
from helpers.figures.heatmaps import attention_heatmap, compare_rules, padded_batch
from helpers.figures.learning import errors_by_step, gradient_reach
from helpers.figures.maps import context_map
from helpers.figures.masks import masks
from helpers.figures.player import play
from helpers.figures.steps import pipeline_grid, step_panels
from helpers.figures.style import Picture
from helpers.figures.trees import beam_tree

__all__ = [
    "Picture",
    "attention_heatmap",
    "beam_tree",
    "bleu_by_length",
    "compare_rules",
    "context_map",
    "dots",
    "errors_by_step",
    "explorer",
    "gradient_reach",
    "length_histogram",
    "masks",
    "nine_frames",
    "padded_batch",
    "pipeline_grid",
    "play",
    "speed_ladder",
    "step_cost",
    "step_panels",
    "training_curve",
]
