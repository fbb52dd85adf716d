"""Masks are drawn as they are: a dark cell where a word may be seen, −∞ where it may not."""
import numpy as np
import pytest
import torch
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgb

from drawing import check_whole_and_legible, visible_texts
from helpers import figures
from helpers.figures import style

WORDS = ["je", "t'", "aime", "<eos>"]
CAUSAL = torch.ones(4, 4, dtype=torch.bool).tril()
EVERY = torch.ones(4, 3, dtype=torch.bool)


def both():
    return figures.masks({"cross-attention": (WORDS, ["i", "love", "you"], EVERY),
                          "causal": (WORDS, WORDS, CAUSAL)})


def cells_of(picture):
    """title → colours of the cells [asking, asked, 3]."""
    meshes = picture.fig.findobj(QuadMesh)
    return {mesh.get_gid(): mesh.get_array()[..., :3] for mesh in meshes}


def test_what_may_be_seen_is_dark_and_the_rest_says_so():
    cells = cells_of(both())
    dark = np.array(to_rgb(style.DARK))
    for title, mask in (("cross-attention", EVERY), ("causal", CAUSAL)):
        assert (np.isclose(cells[title], dark).all(axis=2) == mask.numpy()).all()
        assert (np.isclose(cells[title], 1).all(axis=2) == ~mask.numpy()).all()
    written = [text.get_text() for text in visible_texts(both())]
    assert written.count("−∞") == 6
    assert {"cross-attention", "causal", *WORDS, "love"} <= set(written)


def test_the_masks_are_told_in_words():
    assert "causal: of the 4 words (je t' aime <eos>)" in both().alt
    assert "je 1, t' 2, aime 3, <eos> 4." in both().alt


@pytest.mark.slow
@pytest.mark.parametrize("words", [1, 4, 14])
def test_masks_are_whole_and_legible_beside_or_below_one_another(words):
    asked = [f"word{place}" for place in range(words)]
    seen = torch.ones(words, words, dtype=torch.bool)
    table = (asked, asked, seen)
    check_whole_and_legible(figures.masks({"one": table, "two": table, "the last of them": table}))


def test_a_mask_of_another_shape_is_named():
    with pytest.raises(ValueError, match=r"'causal' has the shape \[4, 4\]: needed is \[4, 3\]"):
        figures.masks({"causal": (WORDS, WORDS[:3], CAUSAL)})
