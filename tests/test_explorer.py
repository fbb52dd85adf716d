"""The explorer: a page that stands alone, with models, sentences and questions that are true."""
import html
import json
import math
import re

import pytest
import torch
from test_player import NAMESPACE

from browser import found_on, needs_browser
from conftest import small
from helpers import figures, rounding, training
from helpers.attention import RULES
from helpers.corpus import Corpus
from helpers.figures import explorer_page, packing, suggestions
from helpers.text import Pair
from helpers.translation import translate
from series import refresh


@pytest.fixture(scope="module")
def three(toy, learnt):
    """A model of each of the three rules; that with attention has learnt the toy corpus."""
    others = [training.build(toy, small(rule=rule)) for rule in ("fixed", "mean")]
    return [*others, learnt]


@pytest.fixture(scope="module")
def shown(three, toy):
    return figures.explorer(three, "The red cat", toy, seed=1, note={"en": "</script> is no end"})


def data_of(page):
    """The numbers and words that stand in a page."""
    found = re.search(r'<script type="application/json" id="explorer-data">(.*?)</script>', page,
                      re.DOTALL)
    return json.loads(found[1])


def test_every_rule_has_a_name_in_every_language():
    labels = (explorer_page.HERE / "labels.js").read_text(encoding="utf-8")
    for names in ("ruleNames", "ruleTitles"):
        blocks = re.findall(rf"{names}: {{(.*?)}}", labels, re.DOTALL)
        assert len(blocks) == len(re.findall(r"^LABELS\.\w+ = {", labels, re.MULTILINE))
        for block in blocks:
            assert re.findall(r"(\w+): \"", block) == list(RULES)


# What stands in the page.

def test_the_page_is_one_file_that_names_no_address(shown, tmp_path):
    path = shown.save(tmp_path / "new" / "mine.html")
    page = path.read_text("utf-8")
    assert page == shown.page
    assert "{{" not in page
    assert "://" not in page.replace(NAMESPACE, "")
    assert not re.search(r"<(script|link|img)[^>]* (src|href)=\"(?!data:)", page)


def test_it_holds_the_models_in_their_order_and_one_copy_of_the_words(shown, learnt):
    data = data_of(shown.page)
    assert list(data["models"]) == ["fixed", "mean", "additive"]
    assert data["main"] == "additive"
    assert data["models"]["fixed"]["source"] == learnt.vocabs.source.itos
    for rule in ("mean", "additive"):
        assert data["models"][rule]["sharesVocabularies"] == "fixed"
        assert "source" not in data["models"][rule]
    assert data["sentence"] == "The red cat"
    assert data["seed"] == 1 and data["note"] == {"en": "</script> is no end"}


@pytest.mark.parametrize("rules, main", [
    (["fixed"], "fixed"), (["mean", "fixed"], "mean"), (["dot", "additive", "mean"], "additive")])
def test_the_last_that_attends_is_shown_first(toy, rules, main):
    models = {rule: training.build(toy, small(rule=rule)) for rule in rules}
    assert explorer_page.main_rule(models) == main


def test_all_weights_are_packed(learnt):
    arrays = packing.pack(learnt)["arrays"]
    assert set(arrays) == set(learnt.state_dict())
    rounded = rounding.rounded(learnt).state_dict()
    for name, array in arrays.items():
        assert torch.equal(rounding.read(array["numbers"], array["shape"]), rounded[name])


def test_what_cannot_be_shown_is_refused_in_one_line(toy, three):
    with pytest.raises(ValueError, match="at least one model"):
        figures.explorer([])
    with pytest.raises(ValueError, match="two models have the rule 'fixed'"):
        figures.explorer([three[0], three[0]])
    with pytest.raises(ValueError, match="sentence 1 is \\[\\]"):
        figures.explorer(three, "  ")
    failed = training.build(toy, small())
    with torch.no_grad():
        failed.decoder.output.bias[0] = math.nan
    with pytest.raises(ValueError, match="decoder.output.bias .* has its training failed"):
        packing.pack(failed)
    cut = [Pair(["▁the", "▁c", "at"], ["le"])]
    in_pieces = Corpus("pieces", cut, cut, cut, [])
    with pytest.raises(ValueError, match="reads pieces of words"):
        packing.pack(training.build(in_pieces, small()))
    unheard = training.build(toy, small())
    unheard.rule = "mine"
    with pytest.raises(ValueError, match="does not know the rule 'mine'"):
        packing.pack(unheard)


# In a notebook.

def test_a_notebook_shows_the_page_in_a_frame_and_a_picture_where_it_may_not(shown):
    data, metadata = shown._repr_mimebundle_()
    frame = re.search(r'srcdoc="([^"]*)"', data["text/html"])
    assert html.unescape(frame[1]) == shown.page
    assert "<script" not in data["text/html"], "a notebook would run it outside of the frame"
    still = re.search(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]*)"', data["text/html"])
    assert html.unescape(still[1]) == data["text/plain"] == metadata["image/png"]["alt"]
    assert still[2] == data["image/png"]
    assert "looks most at" in data["text/plain"]


def test_a_committed_notebook_keeps_the_picture_alone(shown):
    data, metadata = shown._repr_mimebundle_()
    other = {"text/html": "<table></table>"}
    outputs = [refresh.nbformat.v4.new_output("display_data", data=shown, metadata={})
               for shown in (data, other)]
    cell = refresh.nbformat.v4.new_code_cell("", outputs=outputs)
    nb = refresh.without_explorers(refresh.nbformat.v4.new_notebook(cells=[cell]))
    assert set(nb.cells[0].outputs[0].data) == {"image/png", "text/plain"}
    assert nb.cells[0].outputs[1].data == other


# Sentences and questions.

def test_the_sentences_it_offers_are_of_the_corpus(three, toy):
    untrained = training.build(toy, small(rule="fixed"))
    found = suggestions.examples({"fixed": untrained, "additive": three[-1]}, "additive", toy)
    test = {" ".join(pair.source): pair for pair in toy.test}
    assert set(found["short"]) <= set(test) and found["short"]
    assert set(found["long"]) <= set(test)
    assert suggestions.examples({}, "additive", None) == {"short": [], "long": [], "hard": []}


def test_hard_is_what_fixed_gets_wrong_and_attention_right(three, toy):
    models = {"fixed": three[0], "additive": three[-1]}
    found = suggestions.hard(models, "additive", toy.test)
    assert found
    for pair in found:
        assert translate(models["fixed"], [pair.source])[0].words != pair.target
        assert translate(models["additive"], [pair.source])[0].words == pair.target


def test_every_question_has_an_answer_that_hides_one_word(three, toy):
    model = three[-1]
    for question in suggestions.questions(model, toy):
        words = question["sentence"].split()
        plain = translate(model, [words])[0].words
        hidden = suggestions.with_one_hidden(model, words)
        if "say" in question:
            assert question["say"] not in plain
            assert any(question["say"] in said for said in hidden)
        else:
            assert question["lose"] in plain
            assert any(question["lose"] not in said for said in hidden)


# In a browser.

@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("form", ["file", "notebook"])
def test_the_page_comes_to_life_from_a_file_and_in_a_frame(shown, tmp_path, form):
    page = tmp_path / "page.html"
    script = "document.body.dataset.found = JSON.stringify({{words: {page}.body.innerText}});"
    if form == "file":
        shown.save(page)
        script = script.format(page="document")
    else:
        data, _ = shown._repr_mimebundle_()
        page.write_text(f"<!DOCTYPE html><html><body>{data['text/html']}</body></html>", "utf-8")
        script = script.format(page="document.querySelector('iframe').contentDocument")
    found = found_on(page, f"addEventListener('load', () => {{{script}}});", tmp_path)
    assert "chat" in found["words"]
