"""What the tests of pictures share: traces made by hand, and numbers read back from drawings."""
import torch
from matplotlib.text import Text

from helpers.translation import Trace


def trace(n, m, rule="additive", source=None, target=None):
    """A trace of n source words and m steps as a model could leave it."""
    torch.manual_seed(n)
    states = torch.randn(n, 32).tanh()
    hidden = torch.randn(m + 1, 32).tanh()
    hidden[0] = states[-1]
    if rule == "fixed":
        scores = torch.full((m, n), -torch.inf)
        scores[:, -1] = 0
    elif rule == "mean":
        scores = torch.zeros(m, n)
    else:
        scores = 2 * torch.randn(m, n)
    weights = scores.softmax(dim=1)
    source = source or [f"word{j}" for j in range(n)]
    target = target or [f"été{i}" for i in range(m - 1)] + ["<eos>"]
    others = [("le", 0.06), ("l'", 0.03), ("$5", 0.006), ("<unk>", 0.004)]
    rivals = [[(word, 0.9), *others] for word in target]
    return Trace(source, target, scores, weights, weights @ states, states, hidden, rivals, rule)


LOVE = trace(3, 4, source=["i", "love", "you"], target=["je", "t'", "aime", "<eos>"])


def visible_texts(picture):
    """The Text objects of a picture that a reader sees."""
    texts = picture.fig.findobj(Text)
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def check_whole_and_legible(picture):
    """No letter under 14 points, and nothing beyond the edge of the page."""
    picture.png()
    assert min(text.get_fontsize() for text in visible_texts(picture)) >= 14
    drawn = picture.fig.get_tightbbox()
    wide, tall = picture.fig.get_size_inches()
    assert min(drawn.x0, drawn.y0, wide - drawn.x1, tall - drawn.y1) > -1e-6
