"""The pictures show the trace's own numbers under the right words, and say so in their alternative text."""
import re

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot
from matplotlib.collections import QuadMesh
from matplotlib.text import Text
from PIL import Image

from helpers import charts, figures, machine, steps
from helpers.translation import Trace


def trace(n, m, rule="AdditiveAttention", source=None, target=None):
    """A trace as a model could leave it: softmax of its scores, weighted sums of its states."""
    torch.manual_seed(n)
    states, hidden = torch.randn(n, 32).tanh(), torch.randn(m + 1, 32).tanh()
    hidden[0] = states[-1]
    scores = {"FixedContext": torch.full((m, n), -torch.inf).index_fill(1, torch.tensor([n - 1]), 0),
              "MeanContext": torch.zeros(m, n)}.get(rule, 2 * torch.randn(m, n))
    weights = scores.softmax(dim=1)
    target = target or [f"été{i}" for i in range(m - 1)] + ["<eos>"]
    rivals = [[(word, 0.9), ("le", 0.06), ("l'", 0.03), ("$5", 0.006), ("<unk>", 0.004)] for word in target]
    return Trace(source or [f"word{j}" for j in range(n)], target, scores, weights, weights @ states, states, hidden,
                 rivals, rule)


LOVE = trace(3, 4, source=["i", "love", "you"], target=["je", "t'", "aime", "<eos>"])


def losses(epochs):
    return pd.DataFrame({"epoch": range(1, epochs + 1), "train_loss": np.linspace(5, 1, epochs), "valid_loss": 1.5})


def bleu_table():
    drops = {"fixed": 80, "mean": 70, "additive": 2}
    rows = [{"rule": rule, "hidden": 64, "seed": seed, "shortest": low, "longest": low + 4, "sentences": 50,
             "bleu": 97 - drop * k / 3 + seed, "low": 90 - drop * k / 3, "high": 99, "perfect": 0.5,
             "split": "long" if k > 1 else "test"}
            for rule, drop in drops.items() for seed in (0, 2) for k, low in enumerate((2, 7, 12, 17))]
    return pd.DataFrame(rows)


DRAWN = {
    "heatmap": lambda: figures.attention_heatmap(LOVE, [(0, 0), (2, 1), (9, 9)], title="i love you"),
    "heatmap, 1 word": lambda: figures.attention_heatmap(trace(1, 1)),
    "heatmap, 40 words": lambda: figures.attention_heatmap(trace(40, 43)),
    "rules": lambda: figures.compare_rules([trace(3, 2, "FixedContext"), trace(3, 5, "MeanContext"), LOVE], None, "$"),
    "rules, 40 words": lambda: figures.compare_rules([trace(40, 30), trace(40, 40)]),
    "curve": lambda: charts.training_curve(losses(1)),
    "curves": lambda: charts.training_curve({"fixed": losses(5), "additive": losses(3)}),
    "bleu": lambda: charts.bleu_by_length(bleu_table()),
    "lengths": lambda: charts.length_histogram({"train": [2, 3, 3, 9], "long": [31, 40]}),
    "batch": lambda: figures.padded_batch([["où", "$5"], ["stop", "<pad>"]], torch.tensor([[1, 1], [1, 0]]).bool()),
    "step": lambda: steps.step_panels(LOVE, 2),
    "step, fixed": lambda: steps.step_panels(trace(3, 2, "FixedContext"), 1),
    "step, 40 words": lambda: steps.step_panels(trace(40, 40), 40),
    "grid": lambda: steps.pipeline_grid(LOVE),
    "grid, mean": lambda: steps.pipeline_grid(trace(12, 3, "MeanContext")),
    "frame 1": lambda: machine.nine_frames(LOVE)[0],
    "frame 7": lambda: machine.nine_frames(LOVE)[6],
    "last frame, 8 words": lambda: machine.nine_frames(trace(8, 10))[-1],
    "last frame, 1 word": lambda: machine.nine_frames(trace(1, 1))[-1],
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_is_whole_and_legible(name, tmp_path):
    picture = DRAWN[name]()
    picture.save(tmp_path / "picture.png")
    assert [file.name for file in tmp_path.iterdir()] == ["picture.png"]
    assert Image.open(tmp_path / "picture.png").text["Description"] == picture.alt
    texts = picture.fig.findobj(lambda part: isinstance(part, Text) and part.get_visible() and part.get_text())
    assert min(text.get_fontsize() for text in texts) >= 14
    drawn, (wide, tall) = picture.fig.get_tightbbox(), picture.fig.get_size_inches()
    assert min(drawn.x0, drawn.y0, wide - drawn.x1, tall - drawn.y1) > -1e-6
    assert not pyplot.get_fignums()


def test_labels_of_lines_do_not_overlap():
    picture = charts.training_curve({name: losses(5) for name in ("fixed", "mean", "additive")})
    picture.png()
    boxes = sorted(Text.get_window_extent(label).get_points()[:, 1].tolist() for label in picture.fig.axes[0].texts)
    assert len(boxes) == 6
    for (_, top), (bottom, _) in zip(boxes, boxes[1:], strict=False):
        assert top <= bottom + 1


@pytest.mark.parametrize("n", [1, 3, 40])
def test_heatmap_shows_the_weights_under_the_words_they_belong_to(n):
    made = trace(n, n + 1)
    ax = figures.attention_heatmap(made).fig.axes[0]
    assert np.allclose(ax.collections[0].get_array(), made.weights)
    assert [label.get_text() for label in ax.get_xticklabels()] == made.source
    assert [label.get_text() for label in ax.get_yticklabels()] == made.target
    assert [list(ax.get_xticks()), list(ax.get_yticks())] == [[k + 0.5 for k in range(w)] for w in (n, n + 1)]
    assert ax.yaxis_inverted()


def test_gold_links_are_outlined_source_across_and_target_down():
    outlines = figures.attention_heatmap(LOVE, [(2, 1), (0, 7)]).fig.axes[0].patches
    assert [outline.get_center().tolist() for outline in outlines] == [[2.5, 1.5]]


def test_alternative_text_names_the_largest_weight():
    made = trace(5, 12)
    i, j = divmod(int(made.weights.argmax()), 5)
    looks = f"the model looks most at “word{j}” with weight {made.weights.max():.2f}"
    assert f"t step {i + 1}, producing “{made.target[i]}”, {looks}" in figures.attention_heatmap(made).alt
    assert "weighs all 3 words alike, 0.33 each" in figures.attention_heatmap(trace(3, 2, "MeanContext")).alt
    told = charts.bleu_by_length(bleu_table()).alt
    assert "best is additive attention with 96.0, the worst fixed context with 18.0" in told


def test_a_notebook_receives_the_alternative_text():
    data, metadata = (picture := figures.attention_heatmap(LOVE))._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == data["text/plain"] == picture.alt


def meshes(picture):
    return {mesh.get_gid(): mesh.get_array() for mesh in picture.fig.findobj(QuadMesh) if mesh.get_array() is not None}


def test_step_panels_draw_the_step_that_was_asked_for():
    scores, weights, parts, rivals, *_ = steps.step_panels(LOVE, 2).fig.axes
    assert np.allclose([bar.get_width() for bar in scores.patches], LOVE.scores[1])
    assert np.allclose([bar.get_width() for bar in weights.patches], LOVE.weights[1])
    assert [label.get_text() for label in scores.get_yticklabels()] == LOVE.source
    *rows, total = (mesh.get_array().ravel() for mesh in parts.collections)
    assert np.allclose(rows, LOVE.weights[1, :, None] * LOVE.states[:, :24])
    assert np.allclose(total, LOVE.context[1, :24]) and np.allclose(total, np.sum(rows, axis=0), atol=1e-6)
    assert [label.get_text() for label in rivals.get_xticklabels()] == [word for word, _ in LOVE.rivals[1]]
    with pytest.raises(ValueError, match="steps 1 to 4"):
        steps.step_panels(LOVE, 0)


def test_forbidden_places_are_written_as_minus_infinity():
    written = [text.get_text() for text in steps.step_panels(trace(3, 2, "FixedContext"), 1).fig.axes[0].texts]
    assert written == ["−∞", "−∞", "0.00"]


def test_three_words_make_nine_frames_with_the_models_numbers():
    frames = machine.nine_frames(LOVE)
    assert len(frames) == 9
    drawn = meshes(frames[6])
    assert np.allclose(drawn["sum2"].ravel(), LOVE.context[1, :6])
    assert np.allclose(drawn["h3"].ravel(), LOVE.states[2, :6])
    assert np.allclose(sum(drawn[f"part{j}"] for j in (1, 2, 3)), drawn["sum2"], atol=1e-6)
    assert np.allclose(drawn["query"].ravel(), LOVE.hidden[1, :6])
    assert "sum1" not in meshes(frames[3]) and "c1" in meshes(frames[4])
    table = frames[8].fig.axes[1]
    assert np.allclose(table.collections[0].get_array(), LOVE.weights)
    assert [label.get_text() for label in table.get_yticklabels()] == LOVE.target
    assert list(table.get_yticks()) == [0.5, 1.5, 2.5, 3.5]
    assert [len(machine.nine_frames(trace(n, m))) for n, m in ((1, 1), (2, 2), (8, 10))] == [6, 7, 15]
    with pytest.raises(ValueError, match="choose a shorter sentence"):
        machine.nine_frames(trace(9, 4))


def test_the_player_holds_a_frame_for_each_step_and_fetches_nothing():
    page = steps.play(LOVE).data
    assert len(re.findall(r'frames\[\d+\] = "data:image/png', page)) == 4
    assert "://" not in page and "<link" not in page and len(page) < 400_000
    assert 'aria-label="At step 1, producing “je”' in page and '<img alt="At step 1' in page
    assert not pyplot.get_fignums()
