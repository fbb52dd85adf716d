"""The explorer's page in a real browser: what it draws, what each hand does, where it is shown."""
import json
import re
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from browser import needs_browser
from conftest import small
from drawing import trace as drawn_trace
from helpers import training
from helpers.figures import explorer_page, player, style
from helpers.translation import translate_one

SCRIPTS = ("arithmetic.js", "labels.js", "picture.js", "sentence.js", "moment.js", "machine.js",
           "panels.js", "explorer.js")
SENTENCE = "the red old car"
VIEWS = ("machine", "rules", "map")
SIZES = [(390, 844), (950, 780), (1280, 720), (1920, 1080)]

pytestmark = [pytest.mark.slow, needs_browser]


def words_of(count):
    """A sentence of so many words that the toy models know."""
    known = ["the", "red", "old", "car", "big", "calm", "horse", "bird"]
    return " ".join(known[place % len(known)] for place in range(count))


# The page, and a browser that holds it.

@pytest.fixture(scope="module")
def models(toy, learnt):
    """Three rules; the one with attention has learnt the toy corpus."""
    others = [training.build(toy, small(rule=rule)) for rule in ("fixed", "mean")]
    return [*others, learnt]


@pytest.fixture(scope="module")
def page(models, toy, tmp_path_factory):
    """The page of the toy models, with two questions that hands can answer."""
    text = explorer_page.explorer(models, SENTENCE, toy, note={"en": "a toy"}).page
    start, data, end = re.split(r'(?<=id="explorer-data">)(.*?)(?=</script>)', text, maxsplit=1)
    changed = json.loads(data)
    first_word = translate_one(models[-1], SENTENCE).target[0]
    changed["questions"] = [{"sentence": SENTENCE, "lose": first_word},
                            {"sentence": "the dog", "say": "chat"}]
    changed["examples"] = {"short": ["the dog", "the cat"], "long": [words_of(20)], "hard": []}
    path = tmp_path_factory.mktemp("page") / "explorer.html"
    path.write_text(start + player.as_json(changed) + end, "utf-8")
    return path


@pytest.fixture
def browser(chromium):
    """The browser, which after the test must have neither a complaint nor asked for anything."""
    yield chromium
    assert chromium.problems == []
    wanted = [url for url in chromium.requests if not url.startswith(("file:", "data:", "blob:"))]
    assert wanted == []


@pytest.fixture
def opened(browser, page):
    """Opens the page; the reader asks for reduced motion, unless a test wants to see it move."""
    def opens(still=True, **window):
        browser.open(page, still=still, **window)
        browser.run("document.querySelector('#explorer').dataset.opened = 'yes'")
        return browser
    return opens


def bring(browser, **moment):
    """Bring a moment by its address, as a bookmark would."""
    changes = [("change", change) for change in moment.pop("changes", [])]
    pairs = json.dumps([*moment.items(), *changes])
    browser.run(f"""(() => {{
      const newURL = `${{location.href.split("#")[0]}}#${{new URLSearchParams({pairs})}}`;
      window.dispatchEvent(new HashChangeEvent("hashchange", {{newURL}}));
    }})()""")


READ = """(() => {
  const all = name => [...document.querySelectorAll(name)];
  const texts = name => all(name).map(element => element.textContent);
  const number = (element, name) => Number(element.getAttribute(name));
  const shown = element => !element.closest("[display=none]");
  const rows = all("g.row, g.overview-row").filter(shown);
  const rail = all("g.rail rect");
  const box = document.querySelector("rect.weight + rect");
  return {
    chips: texts("#said button"),
    now: all("#said button").findIndex(chip => chip.matches(".now")),
    changedChips: texts("#said .changed"),
    title: document.querySelector("#headline strong")?.textContent,
    words: all("text.word").map(word => word.firstChild.textContent),
    weights: all("rect.weight").map(bar => number(bar, "height") / number(box, "height")),
    shownWeights: texts(".weight-number"),
    sliders: all("[role=slider]").map(bar => number(bar, "aria-valuenow")),
    shownScores: texts(".score-number"),
    rail: rail.map(segment => number(segment, "height")),
    products: texts(".product-name"),
    out: texts("text.out"),
    before: texts("text.before"),
    rows: rows.length,
    rivals: texts(".rival-line .rival"),
    chances: texts(".chance-number").map(Number),
    hidden: all(".strike").map(shown),
    set: all(".set-weight").map(shown),
    unknown: all("rect.unknown").length,
    changes: texts("#changes .change span"),
    told: document.querySelector("#told").textContent,
    slider: number(document.querySelector("#steps"), "max"),
    sentence: document.querySelector("#sentence").value,
    panels: all("#stage .picture").length,
    view: document.querySelector("[aria-selected=true][role=tab]").dataset.view,
    rule: document.querySelector("[name=rule]:checked").value,
    language: document.documentElement.lang,
    temperature: document.querySelector(".warmth output").textContent,
  };
})()"""


def read(browser):
    browser.wait("!document.querySelector('[data-moving]')")
    return browser.run(READ)


def element(name, among=0):
    return f"document.querySelectorAll('{name}')[{among}]"


def focus(browser, name, among=0):
    browser.run(f"{element(name, among)}.focus()")


def focused(browser):
    return browser.run("document.activeElement.getAttribute('aria-label')")


# From a trace to what is drawn: the same as the player makes of it.

def in_scripts(browser, expression):
    """The value of an expression of the page's own scripts."""
    scripts = "\n".join((explorer_page.HERE / name).read_text("utf-8") for name in SCRIPTS)
    return browser.run(f"(() => {{ {scripts}\nreturn {expression}; }})()")


def test_weights_are_written_as_the_helpers_write_them(opened):
    numbers = np.random.default_rng(1)
    rows = [numbers.dirichlet(np.full(size, 0.3)).tolist() for size in (1, 2, 3, 8, 40)]
    rows += [[1 / 3, 1 / 3, 1 / 3], [0.005, 0.995], [0.5, 0.5], [1.0, 0.0]]
    shown = in_scripts(opened(), f"{json.dumps(rows)}.map(shownWeights)")
    assert shown == [style.shown_weights(row) for row in rows]


def test_a_sentence_is_drawn_from_the_numbers_that_the_player_takes(opened):
    made = drawn_trace(3, 4)
    rivals = [[{"word": word, "probability": chance} for word, chance in step]
              for step in made.rivals]
    steps = [{"word": word, "before": "", "query": made.hidden[i].tolist(),
              "scores": made.scores[i].tolist(), "weights": made.weights[i].tolist(),
              "context": made.context[i].tolist(), "hidden": made.hidden[i + 1].tolist(),
              "likeliest": rivals[i], "probability": 0.9, "chosen": False}
             for i, word in enumerate(made.target)]
    trace = {"source": made.source, "unknown": [False] * 3, "states": made.states.tolist(),
             "start": made.hidden[0].tolist(), "words": made.words, "steps": steps}
    colours = json.dumps(explorer_page.page_colours())
    drawn = in_scripts(
        opened(), f"sentenceOf({json.dumps(trace)}, 'additive', {colours}, {{}})")
    wanted = player.sentence_data(made)
    for name in ("hued", "asks", "rivalsDrawn", "cellsDrawn", "stateSize"):
        assert drawn[name] == wanted[name], name
    assert np.isclose(drawn["most"], wanted["most"], atol=1e-4)
    for one, other in zip(drawn["words"], wanted["words"], strict=True):
        assert (one["text"], one["hue"]) == (other["text"], other["hue"])
        assert np.allclose(one["state"], other["state"], atol=1e-4)
    for one, other in zip(drawn["steps"], wanted["steps"], strict=True):
        for name in ("word", "queryName", "contextName", "shownWeights", "shownScores"):
            assert one[name] == other[name], name
        for name in ("query", "scores", "weights", "context"):
            assert np.allclose(one[name], other[name], atol=1e-4), name
        assert [rival["shown"] for rival in one["rivals"]] \
            == [rival["shown"] for rival in other["rivals"]]


def test_both_languages_have_the_same_words(opened):
    names = """(language => {
      const found = [];
      const look = (words, path) => Object.entries(words).forEach(([name, word]) => {
        const kind = typeof word;
        found.push(`${path}${name} ${kind} ${kind === "function" ? word.length : ""}`);
        if (kind === "object") {
          look(word, `${path}${name}.`);
        }
      });
      look(LABELS[language], "");
      return found.sort();
    })"""
    english, korean = in_scripts(opened(), f"['en', 'ko'].map({names})")
    assert english == korean and len(english) > 60


def test_the_scripts_are_such_as_a_page_can_hold():
    for name in (*SCRIPTS, "explorer.css"):
        text = (explorer_page.HERE / name).read_text("utf-8")
        assert "</script" not in text and "<!--" not in text and "{{" not in text, name
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\b", text), name
        if name != "arithmetic.js":
            assert not re.findall(r"#[0-9a-fA-F]{6}\b", text), name
    template = (explorer_page.HERE / "explorer.html").read_text("utf-8")
    assert re.findall(r"\{\{(\w+\.js)\}\}", template) == list(SCRIPTS)


# What it shows.

def test_it_opens_with_its_sentence_translated(opened, models):
    drawn = read(opened())
    trace = translate_one(models[-1], SENTENCE)
    assert drawn["chips"] == trace.target and drawn["now"] == 0
    assert drawn["words"] == trace.source and drawn["rule"] == "additive"
    assert np.allclose(drawn["weights"], trace.weights[0], atol=5e-3)
    assert drawn["title"] == f"Step 1 of {len(trace.target)}: “{trace.target[0]}” comes out"
    assert drawn["changes"] == [] and drawn["language"] == "en"


def test_every_step_shows_its_numbers_and_they_add_up(opened, models):
    browser = opened()
    trace = translate_one(models[-1], SENTENCE)
    for row, word in enumerate(trace.target):
        drawn = read(browser)
        assert drawn["out"] == [word] and drawn["now"] == row and drawn["rows"] == row + 1
        assert drawn["before"] == ["<sos>" if row == 0 else trace.target[row - 1]]
        assert np.allclose(drawn["weights"], trace.weights[row], atol=5e-3)
        assert np.allclose(np.array(drawn["rail"]) / sum(drawn["rail"]), trace.weights[row],
                           atol=5e-3)
        assert sum(round(100 * float(shown)) for shown in drawn["shownWeights"]) == 100
        assert drawn["products"] == [f"{shown}·h{j}"
                                     for j, shown in enumerate(drawn["shownWeights"], start=1)]
        assert drawn["rivals"][0] == word
        browser.click(element("#next"))


def test_earlier_contexts_stay_in_view_side_by_side(opened):
    browser = opened()
    bring(browser, sentence=SENTENCE, step=4)
    names = browser.run("""[...document.querySelectorAll("g.slot")]
      .filter(slot => slot.getAttribute("display") !== "none")
      .map(slot => slot.querySelector("text").textContent)""")
    assert names == ["c1", "c2", "c3"]


def test_typing_translates_and_keeps_up(opened, models):
    browser = opened()
    browser.run("document.querySelector('#sentence').select()")
    browser.call("Input.insertText", text="The big horse")
    wanted = translate_one(models[-1], "the big horse").target
    browser.wait(f"[...document.querySelectorAll('#said button')].map(chip => chip.textContent)"
                 f".join(' ') === {json.dumps(' '.join(wanted))}")
    assert read(browser)["words"] == ["the", "big", "horse"]


def test_a_word_is_completed_by_key_and_by_mouse(opened):
    browser = opened()
    for take in ("key", "mouse"):
        browser.run("document.querySelector('#sentence').select()")
        browser.call("Input.insertText", text="the ho")
        browser.wait("!document.querySelector('#completions').hidden")
        assert browser.run("[...document.querySelectorAll('#completions li')]"
                           ".map(item => item.textContent)") == ["horse"]
        if take == "key":
            browser.press("ArrowDown")
            active = browser.run("document.activeElement.getAttribute('aria-activedescendant')")
            assert browser.run(f"document.querySelector('#{active}').textContent") == "horse"
            browser.press("Enter")
        else:
            browser.click(element("#completions li"))
        assert read(browser)["words"] == ["the", "horse"]
        assert browser.run("document.querySelector('#completions').hidden")


def test_an_unknown_word_is_marked_and_a_near_one_takes_its_place(opened):
    browser = opened()
    bring(browser, sentence="the horsse")
    assert read(browser)["unknown"] == 1
    assert "“horsse” is not known" in browser.run("document.querySelector('#notice').textContent")
    near = browser.run("[...document.querySelectorAll('#notice button')].map(b => b.textContent)")
    assert near[0] == "horse"
    browser.click(element("#notice button"))
    drawn = read(browser)
    assert drawn["words"] == ["the", "horse"] and drawn["unknown"] == 0
    assert browser.run("document.querySelector('#notice').hidden")


def test_sentences_are_offered(opened):
    browser = opened()
    browser.click(element("[data-example=short]"))
    first = read(browser)["sentence"]
    browser.click(element("[data-example=short]"))
    second = read(browser)["sentence"]
    assert {first, second} == {"the dog", "the cat"}
    browser.click(element("[data-example=long]"))
    assert read(browser)["sentence"] == words_of(20)
    assert browser.run("document.querySelector('[data-example=hard]').hidden")


# Steps.

def test_buttons_slider_words_and_cells_go_to_their_steps(opened):
    browser = opened()
    last = read(browser)["slider"] - 1
    for name, step in [("next", 1), ("last", last), ("next", last), ("back", last - 1),
                       ("first", 0), ("back", 0), ("last", last)]:
        browser.click(element(f"#{name}"))
        assert read(browser)["now"] == step, name
    browser.click(element("#said button", 1))
    assert read(browser)["now"] == 1
    browser.click(element("#last"))
    browser.click("document.querySelectorAll('g.row')[2].querySelectorAll('.cell')[3]")
    assert read(browser)["now"] == 2 and focused(browser) == "Weight of “car”"
    focus(browser, "#steps")
    browser.press("ArrowLeft")
    assert read(browser)["now"] == 1


# What stands on the page as a button or a choice: its selector, its place among those, the key
# that presses it, and the moment at which it does something.
CHANGED = {"sentence": SENTENCE, "step": 2, "changes": ["hide 1 2", "word 3 chat"]}
CONTROLS = {
    "first": ("#first", 0, "Enter", {"step": 3}),
    "back": ("#back", 0, "Enter", {"step": 3}),
    "next": ("#next", 0, " ", {"step": 1}),
    "last": ("#last", 0, " ", {"step": 1}),
    "a word that is said": ("#said button", 1, "Enter", {"step": 3}),
    "the view of the rules": ("[data-view=rules]", 0, "Enter", {}),
    "the view of the map": ("[data-view=map]", 0, " ", {"step": 2}),
    "a long sentence": ("[data-example=long]", 0, "Enter", {}),
    "a word's neighbour": ("#notice button", 0, "Enter", {"sentence": "the redd car"}),
    "the other language": ("#language", 0, "Enter", {}),
    "another rule": ("[name=rule]", 0, " ", {}),
    "one undo": ("#changes button", 0, "Enter", CHANGED),
    "all undone": ("#undo-all", 0, "Enter", CHANGED),
    "a question": ("#questions button", 1, "Enter", {}),
    "a hidden word": (".press", 2, "Enter", {}),
    "another word": (".rival-line", 2, " ", {}),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_mouse_and_key_do_the_same(opened, name):
    selector, among, key, moment = CONTROLS[name]
    found = []
    for hand in ("mouse", "key"):
        browser = opened()
        bring(browser, **({"sentence": SENTENCE} | moment))
        browser.run("Math.random = () => 0")
        before = read(browser)
        if hand == "mouse":
            seen = f"({element(selector, among)}.closest('label') ?? {element(selector, among)})"
            browser.click(seen)
        else:
            focus(browser, selector, among)
            browser.press(key)
        found.append(read(browser))
        assert found[-1] != before, hand
    by_mouse, by_key = found
    assert by_mouse == by_key


def test_play_and_pause_by_mouse_and_by_key(opened):
    browser = opened()
    press = {"mouse": lambda: browser.click(element("#play")),
             "key": lambda: (focus(browser, "#play"), browser.press("Enter"))}
    for hand in press.values():
        browser.click(element("#first"))
        hand()
        assert browser.run("document.querySelector('#play').textContent").endswith("pause")
        assert read(browser)["now"] == 1
        hand()
        assert browser.run("document.querySelector('#play').textContent").endswith("play")


def test_sliders_by_mouse_and_by_key(opened):
    browser = opened()
    last = read(browser)["slider"] - 1
    browser.drag(element("#steps"), 400, 0)
    assert read(browser)["now"] == last
    browser.drag(element("#steps"), -400, 0)
    assert read(browser)["now"] == 0
    focus(browser, "#steps")
    browser.press("ArrowRight")
    assert read(browser)["now"] == 1
    before = read(browser)["weights"]
    browser.drag(element("#temperature"), 200, 0)
    by_mouse = read(browser)
    assert by_mouse["temperature"] == "10.00" and np.ptp(by_mouse["weights"]) < np.ptp(before)
    browser.click(element("#undo-all"))
    focus(browser, "#temperature")
    browser.press("End")
    assert read(browser)["weights"] == by_mouse["weights"]


def test_where_changes_apply_is_chosen_by_mouse_and_by_key(opened):
    browser = opened()
    scope = "document.querySelector('[name=scope]:checked').value"
    browser.click("document.querySelectorAll('#scope label')[1]")
    assert browser.run(scope) == "every"
    focus(browser, "[name=scope]", 1)
    browser.press("ArrowLeft")
    assert browser.run(scope) == "here"


def test_a_cell_of_any_rule_goes_to_its_step(opened):
    browser = opened()
    bring(browser, sentence=SENTENCE, view="rules", step=3)
    panel = "document.querySelectorAll('.picture')[2]"
    browser.click(f"{panel}.querySelectorAll('g.row')[1].querySelectorAll('.cell')[2]")
    assert read(browser)["now"] == 1


def test_keys_go_from_step_to_step_and_play(opened):
    browser = opened()
    last = read(browser)["slider"] - 1
    focus(browser, "#stage")
    for key, step in [("ArrowRight", 1), ("End", last), ("ArrowRight", last), ("PageUp", last - 1),
                      ("Home", 0), ("ArrowLeft", 0), ("PageDown", 1), (" ", 2)]:
        browser.press(key)
        assert read(browser)["now"] == step, key
    assert browser.run("document.querySelector('#play').textContent") == "pause"
    browser.press(" ")
    assert browser.run("document.querySelector('#play').textContent") == "play"
    focus(browser, "#sentence")
    browser.press("Home")
    browser.press("ArrowRight")
    assert read(browser)["now"] == 2
    browser.press("PageDown")
    assert read(browser)["now"] == 3


def test_the_table_is_walked_with_the_arrow_keys(opened):
    browser = opened()
    focus(browser, "[data-name=table]")
    browser.press("ArrowDown")
    browser.press("ArrowRight")
    drawn = read(browser)
    assert drawn["now"] == 1
    assert drawn["told"].startswith("Step 2, ") and "on “red”" in drawn["told"]
    browser.press("Enter")
    assert focused(browser) == "Weight of “red”"


def test_between_two_steps_the_bars_slide(opened):
    browser = opened(still=False)
    start = read(browser)["weights"]
    film = browser.run(f"""(async () => {{
      const seen = [];
      document.querySelector("#next").click();
      do {{
        await new Promise(requestAnimationFrame);
        seen.push({READ}.weights);
      }} while (document.querySelector("[data-moving]"));
      return seen;
    }})()""")
    end = read(browser)["weights"]
    j = int(np.argmax(np.abs(np.subtract(end, start))))
    way = (np.array(film)[:, j] - start[j]) / (end[j] - start[j])
    assert ((way > 0.1) & (way < 0.9)).sum() > 2 and (np.diff(way) > -1e-3).all()
    assert np.allclose(np.sum(film, axis=1), 1, atol=1e-3)


def test_with_reduced_motion_it_jumps(opened):
    browser = opened(still=True)
    now, moving = browser.run("""(() => {
      document.querySelector("#next").click();
      return [document.querySelector("text.out").textContent,
        document.querySelector("[data-moving]") !== null];
    })()""")
    assert now == read(browser)["chips"][1] and not moving


# Hands.

def check_shared(before, after, place):
    """The other weights share what is left in the proportions that they had."""
    rest_before = np.delete(before, place)
    rest_after = np.delete(after, place)
    assert np.isclose(sum(after), 1, atol=1e-3)
    assert np.allclose(rest_after / rest_after.sum(), rest_before / rest_before.sum(), atol=2e-2)


def test_a_bar_is_dragged_and_the_others_share_the_rest(opened):
    browser = opened()
    bring(browser, sentence=SENTENCE, step=2)
    before = read(browser)
    place = int(np.argmin(before["weights"]))
    browser.drag(element("[role=slider]", place), 0, -12)
    after = read(browser)
    assert 0.6 < after["weights"][place] < 0.9
    assert after["sliders"][place] == float(after["shownWeights"][place])
    check_shared(before["weights"], after["weights"], place)
    assert after["chances"] != before["chances"] and after["set"][place]
    word = before["words"][place]
    assert len(after["changes"]) == 1 and f"“{word}” weighs 0." in after["changes"][0]
    assert after["told"] == after["changes"][0]
    browser.drag(element("[role=slider]", place), 0, 40)
    again = read(browser)
    assert again["weights"][place] == 0 and len(again["changes"]) == 1
    browser.click(element("#changes button"))
    assert read(browser)["weights"] == before["weights"]


def test_a_bar_is_dragged_with_a_finger(opened):
    browser = opened(width=390, height=844)
    before = read(browser)
    place = int(np.argmin(before["weights"]))
    x, y = browser.point(element("[role=slider]", place))
    browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
    browser.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=[{"x": x, "y": y - 15}])
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    after = read(browser)
    assert after["weights"][place] > 0.55 and len(after["changes"]) == 1


def test_a_bar_is_a_slider_for_keys(opened):
    browser = opened()
    before = read(browser)["weights"]
    focus(browser, "[role=slider]", 0)
    browser.press("Home")
    assert read(browser)["weights"][0] == 0
    browser.press("ArrowUp")
    browser.press("ArrowUp")
    assert np.isclose(read(browser)["weights"][0], 0.1)
    browser.press("ArrowDown")
    assert np.isclose(read(browser)["weights"][0], 0.05)
    browser.press("End")
    assert read(browser)["weights"] == [1, 0, 0, 0]
    browser.press("Delete")
    assert read(browser)["weights"] == before
    browser.press("ArrowRight")
    assert focused(browser) == "Weight of “red”"
    browser.press("h")
    assert read(browser)["hidden"] == [False, True, False, False]
    assert browser.run("document.querySelectorAll('[role=slider][tabindex=\"0\"]').length") == 1


@pytest.mark.parametrize("hand", ["mouse", "key"])
def test_a_word_is_hidden_at_this_step_or_at_every_step(opened, hand):
    browser = opened()

    def press():
        if hand == "mouse":
            browser.click(element(".press", 1))
        else:
            focus(browser, ".press", 1)
            browser.press("Enter")

    press()
    drawn = read(browser)
    assert drawn["weights"][1] == 0 and drawn["shownScores"][1] == "−∞"
    assert drawn["changes"][0].startswith("“red” hidden at step 1: “")
    browser.click(element("#next"))
    assert read(browser)["hidden"] == [False] * 4
    browser.click(element("#first"))
    press()
    assert read(browser)["changes"] == []
    browser.click(element("#scope label", 1))
    press()
    browser.click(element("#next"))
    drawn = read(browser)
    assert drawn["hidden"] == [False, True, False, False] and drawn["weights"][1] == 0
    assert drawn["changes"][0].startswith("“red” hidden at every step: “")


def test_the_last_word_that_is_seen_cannot_be_hidden(opened):
    browser = opened()
    for place in range(4):
        browser.click(element(".press", place))
    drawn = read(browser)
    assert np.isclose(sum(drawn["weights"]), 1) and max(drawn["weights"]) == 1


def test_weights_are_flattened_and_sharpened(opened):
    browser = opened()
    before = read(browser)["weights"]
    focus(browser, "#temperature")
    browser.press("End")
    flat = read(browser)
    assert np.ptp(flat["weights"]) < np.ptp(before) and flat["temperature"] == "10.00"
    assert flat["changes"][0].startswith("temperature 10.00 at step 1: ")
    browser.press("Home")
    sharp = read(browser)
    assert max(sharp["weights"]) > max(before) and len(sharp["changes"]) == 1
    assert np.argmax(sharp["weights"]) == np.argmax(before)
    browser.click(element("#next"))
    assert read(browser)["temperature"] == "1.00"
    browser.click(element("#undo-all"))
    browser.click(element("#first"))
    assert read(browser)["weights"] == before


@pytest.mark.parametrize("hand", ["mouse", "key"])
def test_another_word_is_chosen_and_the_sentence_goes_on_with_it(opened, hand):
    browser = opened()
    before = read(browser)

    def choose(rank):
        if hand == "mouse":
            browser.click(element(".rival-line", rank))
        else:
            focus(browser, ".rival-line", rank)
            browser.press("Enter")
            assert browser.run("document.activeElement.dataset.name") == f"rival {rank}"

    choose(2)
    drawn = read(browser)
    word = before["rivals"][2]
    assert drawn["chips"][0] == word and drawn["out"] == [word] and word in drawn["changedChips"]
    assert drawn["changes"][0].startswith(f"“{word}” chosen at step 1: probability 0.")
    browser.click(element("#next"))
    assert read(browser)["before"] == [word]
    browser.click(element("#first"))
    choose(0)
    assert read(browser)["changes"] == [] and read(browser)["chips"] == before["chips"]


def test_changes_are_undone_one_by_one_and_all(opened):
    browser = opened()
    before = read(browser)
    moment = {"sentence": SENTENCE, "step": 2,
              "changes": ["hide 1 2", "weight 2 1 0.9", "temperature every 3", "word 3 chat"]}
    bring(browser, **moment)
    drawn = read(browser)
    assert len(drawn["changes"]) == 4
    browser.click(element("#changes button", 1))
    assert len(read(browser)["changes"]) == 3
    assert not any("temperature" in change for change in read(browser)["changes"])
    assert browser.run("document.activeElement.matches('#changes button')")
    browser.click(element("#undo-all"))
    after = read(browser)
    assert after["changes"] == [] and after["chips"] == before["chips"]
    assert after["told"] == "All changes undone"


def test_an_effect_names_the_word_that_becomes_less_likely(opened):
    browser = opened()
    before = read(browser)
    place = int(np.argmax(before["weights"]))
    browser.click(element(".press", place))
    drawn = read(browser)
    found = re.search(r": “(.+?)” (falls|rises|stays)(?: from|) ?(?:at )?(0\.\d\d|1\.00)",
                      drawn["changes"][0])
    assert found[1] == before["chips"][0] and float(found[3]) == before["chances"][0]


def test_a_question_notices_that_it_is_answered(opened):
    browser = opened()
    assert browser.run("document.querySelectorAll('#questions .done').length") == 0
    browser.click(element("#questions button", 1))
    assert read(browser)["sentence"] == "the dog"
    browser.click(element("#questions button", 0))
    assert read(browser)["sentence"] == SENTENCE
    browser.click(element(".rival-line", 1))
    assert browser.run("document.querySelectorAll('#questions .done').length") == 1
    assert read(browser)["told"].endswith("Yes, that does it!")


# Rules, map, language.

def test_another_rule_makes_the_context(opened, models):
    browser = opened()
    browser.click(element("#choice-of-rule label", 0))
    drawn = read(browser)
    trace = translate_one(models[0], SENTENCE)
    assert drawn["rule"] == "fixed" and drawn["chips"] == trace.target
    assert drawn["weights"] == [0, 0, 0, 1] and drawn["shownScores"][:3] == ["−∞"] * 3


def test_the_rules_stand_side_by_side(opened, models):
    browser = opened()
    browser.click(element("[data-view=rules]"))
    drawn = read(browser)
    assert drawn["view"] == "rules" and drawn["panels"] == 3
    longest = max(len(translate_one(model, SENTENCE).target) for model in models)
    assert drawn["slider"] == longest
    browser.click(element("#last"))
    rows = browser.run("""[...document.querySelectorAll(".picture")].map(panel =>
      [...panel.querySelectorAll("g.row")].map(row => row.querySelector("text").textContent))""")
    assert rows == [translate_one(model, SENTENCE).target for model in models]


def test_the_map_shows_the_context_as_the_mixture_that_it_is(opened, models):
    browser = opened()
    bring(browser, sentence=SENTENCE, view="map", step=2)
    points = browser.run("""[...document.querySelectorAll(".picture")].map(panel => ({
      states: [...panel.querySelectorAll(".map-state")].map(state =>
        ["cx", "cy"].map(name => Number(state.getAttribute(name)))),
      context: panel.querySelectorAll(".mixture")[0].getAttribute("x1") + " "
        + panel.querySelectorAll(".mixture")[0].getAttribute("y1"),
    }))""")
    for model, panel in zip(models, points, strict=True):
        weights = translate_one(model, SENTENCE).weights[1].numpy()
        mixed = weights @ np.array(panel["states"])
        assert np.allclose([float(part) for part in panel["context"].split()], mixed, atol=2)


def test_views_are_tabs_for_keys(opened):
    browser = opened()
    focus(browser, "[data-view=machine]")
    for key, view in [("ArrowRight", "rules"), ("ArrowRight", "map"), ("ArrowRight", "machine"),
                      ("ArrowLeft", "map")]:
        browser.press(key)
        assert read(browser)["view"] == view
        assert browser.run("document.activeElement.dataset.view") == view


def test_korean_and_back(opened):
    browser = opened()
    browser.click(element("#language"))
    drawn = read(browser)
    assert drawn["language"] == "ko" and drawn["title"].startswith("5단계 중 1단계")
    assert browser.run("document.querySelector('#next').textContent") == "다음 →"
    browser.click(element("#language"))
    assert read(browser)["title"].startswith("Step 1 of 5")


def test_every_hand_has_a_name(opened):
    browser = opened()
    unnamed = browser.run("""[...document.querySelectorAll(
      "button, input, [role=button], [role=slider], [role=group], [role=tab]")]
      .filter(hand => !hand.hidden && !hand.getAttribute("aria-label") && !hand.textContent.trim()
        && !hand.closest("label")?.textContent.trim())
      .map(hand => hand.outerHTML)""")
    assert unnamed == []


# Moments.

def test_an_address_brings_a_moment_back(opened, page):
    browser = opened()
    bring(browser, sentence="The Red CAR!", step=2)
    browser.click(element(".press", 0))
    browser.click(element(".rival-line", 1))
    browser.drag(element("[role=slider]", 1), 0, -10)
    browser.click(element("#language"))
    moment = read(browser)
    browser.wait("location.hash.includes('lang=ko')")
    address = browser.run("location.hash")
    browser.open(page, still=True)
    assert read(browser)["sentence"] == SENTENCE
    browser.run(f"location.hash = {json.dumps(address)}")
    browser.wait("document.querySelector('#sentence').value === 'The Red CAR!'")
    again = read(browser)
    assert {**again, "told": ""} == {**moment, "told": ""}
    assert again["language"] == "ko" and len(again["changes"]) == 3


@pytest.mark.parametrize("address", [
    "nonsense", "rule=no&view=no&step=x&lang=toString", "step=99999", "step=-1", "sentence=",
    "change=hide&change=hide+1+99&change=weight+1+1+NaN&change=temperature+1+0&change=word+1",
    "change=word+1+%ED%A0%80&change=hide+every+1&change=__proto__+1+1", "%E0%A4%A"])
def test_an_address_that_makes_no_sense_breaks_nothing(opened, address):
    browser = opened()
    browser.run(f"location.hash = {json.dumps(address)}")
    browser.wait("location.hash !== ''")
    assert read(browser)["view"] == "machine"


def test_in_a_notebook_the_page_has_no_address_and_works(browser, page, tmp_path):
    frame = tmp_path / "notebook.html"
    text = player.attribute(page.read_text("utf-8"))
    frame.write_text(f'<meta charset="utf-8"><iframe srcdoc="{text}" width="950" height="780">'
                     "</iframe>", "utf-8")
    browser.open(frame, still=True)
    inside = "document.querySelector('iframe').contentDocument"
    browser.wait(f"{inside}.querySelector('#explorer:not([hidden])') !== null")
    browser.run(f"{inside}.querySelector('#next').click()")
    assert browser.run(f"{inside}.querySelector('#headline strong').textContent").startswith(
        "Step 2 of 5")


# Any input.

# Brings 50 random moments, one after the other; gives those that went wrong.
ANYTHING = r"""(seed => {
  const below = limit => {
    seed = (seed * 48271) % 2147483647;
    return seed % limit;
  };
  const word = () => {
    const ranges = [[97, 26], [0, 256], [0x3b1, 24], [0xac00, 11172], [0x5d0, 27],
      [0, 65536], [0xd800, 2048], [0x1f300, 600]];
    const [start, count] = ranges[below(ranges.length)];
    const letter = () => String.fromCodePoint(start + below(count));
    return Array.from({length: 1 + below(7)}, letter).join("");
  };
  const known = ["the", "red", "old", "car", "cat"];
  const anyWord = () => below(3) ? known[below(5)] : word();
  const kinds = [
    () => `hide ${below(3) ? 1 + below(9) : "every"} ${1 + below(9)}`,
    () => `weight ${1 + below(9)} ${1 + below(9)} ${below(101) / 100}`,
    () => `temperature ${below(2) ? "every" : 1 + below(5)} ${below(100) / 10}`,
    () => `word ${1 + below(5)} ${below(2) ? "chat" : word()}`,
  ];
  const wrong = [];
  for (let round = 0; round < 50; round += 1) {
    const sentence = Array.from({length: below(7)}, anyWord).join(" ");
    const parts = new URLSearchParams({sentence, step: 1 + below(6),
      view: ["machine", "machine", "machine", "rules", "map"][below(5)],
      rule: ["fixed", "mean", "additive"][below(3)], lang: ["en", "ko"][below(2)]});
    Array.from({length: below(5)}, () => kinds[below(4)]()).forEach(change => {
      parts.append("change", change);
    });
    try {
      const newURL = `${location.href.split("#")[0]}#${parts}`;
      window.dispatchEvent(new HashChangeEvent("hashchange", {newURL}));
    } catch (error) {
      wrong.push([String(parts), String(error)]);
    }
    const page = document.querySelector("#explorer");
    const bad = page.outerHTML.match(/.{30}(NaN|undefined|Infinity|\[object).{30}/);
    if (bad) {
      wrong.push([String(parts), bad[0]]);
    }
  }
  return wrong.slice(0, 5);
})"""


def test_an_empty_field_says_what_to_do(opened):
    browser = opened()
    for nothing in ("", "   "):
        bring(browser, sentence=nothing)
        for name in ("next", "play", "undo-all", "language", "save-svg", "save-png"):
            browser.run(f"document.querySelector('#{name}').click()")
        assert not browser.run("document.querySelector('#empty').hidden")
    bring(browser, sentence=SENTENCE)
    assert read(browser)["words"] == SENTENCE.split()


def test_of_very_many_words_the_first_are_translated(opened):
    browser = opened()
    bring(browser, sentence=" ".join(["car"] * 80))
    assert len(read(browser)["words"]) == 60
    assert "first 60 words" in browser.run("document.querySelector('#notice').textContent")


def test_any_sentence_and_any_change_is_taken(opened):
    """500 sentences of any Unicode letters, halves of letters and control characters included."""
    browser = opened()
    for seed in range(1, 11):
        assert browser.run(f"{ANYTHING}({seed})") == [], seed


# Where it is shown.

# What is cut off: letters beyond the edge of their picture, parts beyond the edge of the window.
CUT = """(() => {
  const inside = (box, edge) => box.left > edge.left - 1.5 && box.right < edge.right + 1.5
    && box.top > edge.top - 1.5 && box.bottom < edge.bottom + 1.5;
  const visible = line => line.textContent && line.getBoundingClientRect().width > 0
    && line.checkVisibility({opacityProperty: true});
  const cut = [];
  for (const picture of document.querySelectorAll("#stage .picture > svg, #key")) {
    const edge = picture.getBoundingClientRect();
    for (const line of picture.querySelectorAll("text")) {
      const box = line.getBoundingClientRect();
      if (visible(line) && !line.closest("svg svg") && !inside(box, edge)) {
        cut.push(line.textContent);
      }
    }
  }
  return cut;
})()"""
SMALL_LETTERS = """(() => {
  const small = [];
  for (const line of document.querySelectorAll("#stage text, #key text")) {
    const size = Number(line.getAttribute("font-size"));
    const {a, b} = line.getScreenCTM();
    if (line.textContent && size * Math.hypot(a, b) < 15.9) {
      small.push(line.textContent);
    }
  }
  for (const part of document.querySelectorAll("button, p, li, label, h2, output")) {
    if (parseFloat(getComputedStyle(part).fontSize) < 16) {
      small.push(part.textContent);
    }
  }
  return small;
})()"""


@pytest.mark.parametrize("width, height", SIZES)
def test_nothing_is_cut_off(opened, width, height):
    browser = opened(width=width, height=height)
    for count in (1, 3, 8, 9, 20, 40):
        for view in VIEWS:
            for language in ("en", "ko"):
                where = (count, view, language)
                bring(browser, sentence=words_of(count), view=view, step=3, lang=language)
                read(browser)
                assert browser.run("document.documentElement.scrollWidth") <= width, where
                assert browser.run(CUT) == [], where
                if width >= 1280:
                    tall = browser.run("document.documentElement.scrollHeight")
                    assert tall <= height, where
                    assert browser.run(SMALL_LETTERS) == [], where


def test_parts_stand_one_below_the_other_on_a_phone(opened):
    def tops(browser):
        return browser.run("[...document.querySelectorAll('.picture')].map(box => box.offsetTop)")

    machine, answer = tops(opened(width=390, height=844))
    assert answer > machine + 300
    machine, answer = tops(opened(width=1280))
    assert answer == machine


def test_a_window_that_changes_its_size_is_filled_anew(opened):
    browser = opened(width=1280)
    browser.call("Emulation.setDeviceMetricsOverride", width=700, height=900,
                 deviceScaleFactor=1, mobile=False)
    browser.wait("document.documentElement.scrollWidth <= 700")
    browser.wait("document.querySelectorAll('.picture')[1].offsetTop > 600")
    assert browser.run(CUT) == []


def test_words_are_shown_as_text(opened):
    browser = opened()
    bring(browser, sentence="<b>car</b> <img src=x onerror=alert(1)>")
    assert browser.run("document.querySelectorAll('#explorer b, #explorer img').length") == 0
    assert "<" in read(browser)["words"]


# Saving.

@pytest.mark.parametrize("hand", ["mouse", "key"])
@pytest.mark.parametrize("view", VIEWS)
def test_what_is_seen_is_saved(opened, tmp_path, view, hand):
    browser = opened()
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    bring(browser, sentence="the red \u0001 car <", view=view, step=2)
    for kind in ("svg", "png"):
        if hand == "mouse":
            browser.click(element(f"#save-{kind}"))
        else:
            focus(browser, f"#save-{kind}")
            browser.press("Enter")
    name = "attention-the-red--car--2"
    paths = [tmp_path / f"{name}.{kind}" for kind in ("svg", "png")]
    wait_for(paths)
    drawing = ET.parse(paths[0]).getroot()
    lines = [line for line in drawing.iter() if line.tag.endswith("text")]
    said = " ".join("".join(line.itertext()) for line in lines)
    assert "→" in said and "red" in said and "Step 2" in said
    assert "href" not in paths[0].read_text("utf-8")
    wide, tall = (float(drawing.get(name)) for name in ("width", "height"))
    image = Image.open(paths[1])
    assert image.size == (2 * wide, 2 * tall)
    colours = image.convert("RGB").getcolors(image.width * image.height)
    assert len(colours) > 50


def wait_for(paths):
    """Wait until the browser has written these files."""
    end = time.monotonic() + 20
    while not all(path.exists() and path.stat().st_size > 0 for path in paths):
        assert time.monotonic() < end, [path.name for path in paths[0].parent.iterdir()]
        time.sleep(0.05)
