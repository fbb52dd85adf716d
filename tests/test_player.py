"""The player: its numbers and its page, and in a real browser what is drawn and how it moves."""
import json
import re

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from browser import needs_browser
from drawing import LOVE, trace
from helpers.figures import player, style

NAMESPACE = "http://www.w3.org/2000/svg"
LIMIT = 400_000  # bytes: far below the 1.5 MB that a player may take
NASTY = ["</script><b>bold</b>", "<!--", "&amp;", "\"'>", "'"]
SHAPES = [(1, 1), (3, 4), (8, 11), (9, 12), (14, 30), (40, 41)]
SIZES = [390, 1280, 1920]


def in_browser(test):
    """Marks a test that drives a browser."""
    return pytest.mark.slow(needs_browser(test))


def numbers_of(page):
    """What stands between the tags of the numbers."""
    return re.search(r'<script type="application/json">(.*?)</script>', page, re.S)[1]


def sentence_of(page):
    return json.loads(numbers_of(page))


@pytest.fixture(scope="module")
def still_of_love():
    return player.still_picture(LOVE)


@pytest.fixture
def own_stills():
    """Asked for by a test in which each player has the still picture of its own trace."""


@pytest.fixture(autouse=True)
def quick(request, monkeypatch, still_of_love):
    """One still picture for all players: to draw it takes longer than all the rest."""
    if "own_stills" not in request.fixturenames:
        monkeypatch.setattr(player, "still_picture", lambda trace: still_of_love)


# What stands in the page.

def test_jupyter_gets_html_and_a_file_gets_a_page(tmp_path):
    made = player.play(LOVE)
    assert made._repr_html_() == made.data
    assert repr(made) == "a player: i love you → je t' aime <eos>"
    page = made.save(tmp_path / "deep" / "player.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>") and made.data in page
    assert "<title>i love you → je t&#x27; aime &lt;eos&gt;</title>" in page


@pytest.mark.slow
def test_the_same_trace_gives_the_same_page(own_stills):
    assert player.play(LOVE).data == player.play(LOVE).data


@pytest.mark.parametrize("n, m", SHAPES)
def test_the_numbers_are_those_of_the_trace(n, m):
    drawn = trace(n, m)
    sentence = sentence_of(player.play(drawn).data)
    assert [word["text"] for word in sentence["words"]] == drawn.source
    assert [word["hue"] for word in sentence["words"]] == style.hues(drawn.source)
    assert sentence["hued"] == (n <= 8)
    for row, step in enumerate(sentence["steps"]):
        assert np.allclose(step["weights"], drawn.weights[row], atol=5e-5)
        assert np.allclose(step["scores"], drawn.scores[row], atol=5e-5)
        assert np.allclose(step["context"], drawn.context[row, :6], atol=5e-5)
        assert np.allclose(step["query"], drawn.hidden[row, :6], atol=5e-5)
        assert step["shownWeights"] == style.shown_weights(drawn.weights[row])
        hundredths = sum(round(100 * float(shown)) for shown in step["shownWeights"])
        assert hundredths == 100
        assert step["word"] == drawn.target[row]


def test_a_score_of_minus_infinity_is_null_and_no_query_is_told():
    sentence = sentence_of(player.play(trace(3, 2, rule="fixed")).data)
    step = sentence["steps"][0]
    assert step["scores"] == [None, None, 0] and step["shownScores"] == ["−∞", "−∞", "0.00"]
    assert not sentence["asks"]


def test_the_first_query_is_the_last_state_where_the_two_are_equal():
    names = [step["queryName"] for step in sentence_of(player.play(LOVE).data)["steps"]]
    assert names == ["h3", "dh1", "dh2", "dh3"]
    hidden = LOVE.hidden.clone()
    hidden[0] = 0.5
    other = sentence_of(player.play(LOVE._replace(hidden=hidden)).data)
    assert other["steps"][0]["queryName"] == "dh0"


def test_the_word_that_comes_out_is_among_the_likeliest_even_if_it_was_forced():
    ranked = [("le", 0.5), ("la", 0.2), ("un", 0.1), ("une", 0.05), ("des", 0.04), ("je", 0.03)]
    forced = LOVE._replace(target=["je", "zut", "aime", "<eos>"], rivals=[ranked] * 4)
    steps = sentence_of(player.play(forced).data)["steps"]
    assert [rival["word"] for rival in steps[0]["rivals"]] == ["le", "la", "un", "une", "je"]
    assert steps[0]["rivals"][-1]["shown"] == "0.03"
    assert steps[1]["rivals"][-1] == {"word": "zut", "chance": 0, "shown": "?"}


def test_all_colours_come_from_the_picture_language():
    colours = sentence_of(player.play(LOVE).data)["colours"]
    assert colours["now"] == style.NOW and colours["query"] == style.QUERY
    assert to_rgb(colours["numbers"][0]) == style.NUMBERS(0.0)[:3]
    assert to_rgb(colours["numbers"][-1]) == style.NUMBERS(1.0)[:3]
    for name in (*player.SCRIPTS, "player.css"):
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", (player.HERE / name).read_text("utf-8"))


def test_no_comment_that_a_lost_newline_would_spread_over_the_code():
    script = player.script_of(player.SCRIPTS)
    assert "//" not in script.replace(NAMESPACE, "")
    assert "<!--" not in script and "</script" not in script
    assert "innerHTML" not in script and "insertAdjacentHTML" not in script


@pytest.mark.slow
@pytest.mark.parametrize("n, m", [(8, 11), (40, 41)])
def test_a_player_is_light_and_names_no_address(n, m, own_stills):
    page = player.play(trace(n, m)).data
    assert len(page.encode("utf-8")) < LIMIT
    assert "://" not in page.replace(NAMESPACE, "")
    assert page.count(NAMESPACE) == 1


def test_a_sentence_that_would_be_too_heavy_is_refused(monkeypatch):
    monkeypatch.setattr(player, "LARGEST", 1000)
    with pytest.raises(ValueError, match="a player of 3 words and 4 steps takes 0.* MB: choose"):
        player.play(LOVE)


def test_where_scripts_do_not_run_a_picture_with_its_numbers_stands_in():
    page = player.play(LOVE).data
    picture = re.search(r'<img class="step-still" alt="([^"]*)" src="data:image/png;base64,', page)
    shown = ", ".join(style.shown_weights(LOVE.weights[0]))
    assert f"The weights of all words: {shown}." in picture[1]
    assert "“je” 0.90" in picture[1]
    label = re.search(r'role="group" aria-label="([^"]*)"', page)[1]
    assert "At step 1, producing “je”, the model looks most at" in label


def test_words_cannot_leave_the_page_they_are_written_into():
    strange = trace(5, 5, source=NASTY, target=NASTY)
    page = player.play(strange).data
    assert "<" not in numbers_of(page)
    assert [step["word"] for step in sentence_of(page)["steps"]] == NASTY
    outside = page.replace(player.script_of(player.SCRIPTS), "")
    assert outside.count("</script") == 2 and "<!--" not in outside and "<b>" not in outside


def test_half_a_surrogate_pair_can_be_written_to_a_file():
    assert player.attribute("a\ud83db") == "a\ufffdb"
    assert json.loads(player.as_json({"word": "a\ud83db"})) == {"word": "a\ud83db"}


# What a browser draws.

# Reads the numbers back from what the first player, or the one of this number, has drawn.
READ = """(index => {
  const root = document.querySelectorAll(".step-player")[index];
  const all = name => [...root.querySelectorAll(name)];
  const machine = root.querySelector("svg");
  const number = (element, name) => Number(element.getAttribute(name));
  const heights = name => all(name).map(bar => number(bar, "height"));
  const texts = name => all(name).map(line => line.textContent);
  const rows = all("g.row").filter(row => row.getAttribute("display") !== "none");
  return {
    step: Number(root.dataset.step),
    moving: root.dataset.moving === "yes",
    title: root.querySelector(".step-title").textContent,
    chips: all(".step-chip:not(.later)").map(chip => chip.textContent),
    now: all(".step-chip.now").map(chip => chip.textContent),
    weights: heights("rect.weight"),
    weightHues: all("rect.weight").map(bar => bar.getAttribute("fill")),
    weightRoom: number(root.querySelector("rect.weight + rect"), "height"),
    shown: texts(".weight-number"),
    names: texts(".product-name"),
    scores: heights("rect.score"),
    shownScores: texts(".score-number"),
    rail: heights("g.rail rect"),
    railHues: all("g.rail rect").map(part => part.getAttribute("fill")),
    rowRails: rows.map(row => [...row.querySelectorAll(".row-rail rect")]
      .map(part => number(part, "width"))),
    rows: rows.map(row => Number(row.getAttribute("transform").match(/scale\\(1 (.*)\\)/)[1])),
    cells: rows.map(row => [...row.querySelectorAll(".cell")]
      .map(cell => cell.getAttribute("fill"))),
    cellNumbers: rows.map(row => [...row.querySelectorAll(".cell-number")]
      .map(line => line.textContent)),
    rivals: texts(".rival"),
    chances: all("rect.chance").map(bar => number(bar, "width")),
    lit: all("rect.chance").map(bar => bar.getAttribute("fill")),
    chanceNumbers: texts(".chance-number"),
    context: [...root.querySelectorAll("g.context rect")].map(cell => cell.getAttribute("fill")),
    label: machine.getAttribute("aria-label"),
  };
})"""
# Lets time go frame by frame, and gives what `read` finds in each of them.
FILM = """(async read => {
  const root = document.querySelector(".step-player");
  const seen = [];
  root.querySelectorAll(".step-button")[3].click();
  do {
    await new Promise(requestAnimationFrame);
    seen.push(read(0));
  } while (root.dataset.moving);
  return seen;
})"""
# Letters that stand beyond the edge of their picture, or are smaller than 18.
CUT = """[...document.querySelectorAll(".step-player svg[role]")].flatMap(picture => {
  const edge = picture.getBoundingClientRect();
  const visible = line => line.textContent && line.getBoundingClientRect().width > 0;
  const inPane = line => line.closest("svg") !== picture;
  const inside = box => box.left > edge.left - 1 && box.right < edge.right + 1
    && box.top > edge.top - 1 && box.bottom < edge.bottom + 1;
  return [...picture.querySelectorAll("text")].filter(visible)
    .filter(line => Number(line.getAttribute("font-size")) < 18
      || !inPane(line) && !inside(line.getBoundingClientRect()))
    .map(line => line.textContent);
})"""


@pytest.fixture
def browser(chromium):
    """The browser, which after the test must have neither a complaint nor asked for anything."""
    yield chromium
    assert chromium.problems == []
    assert [url for url in chromium.requests if not url.startswith(("file:", "data:"))] == []


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the players of some traces on one page, between a field and some text."""
    def opens(*traces, change=str, **window):
        parts = "".join(player.play(one).data for one in traces)
        page = tmp_path / "page.html"
        text = f'<!DOCTYPE html><meta charset="utf-8"><input id="field">\n{parts}<p>end</p>'
        page.write_text(change(text), "utf-8")
        browser.open(page, **window)
        return browser
    return opens


def read(browser, index=0):
    """What is drawn once the motion is over."""
    browser.wait("!document.querySelector('.step-player[data-moving]')")
    return browser.run(f"{READ}({index})")


def element(name, index=0, among=0):
    return f"document.querySelectorAll('.step-player')[{index}].querySelectorAll('{name}')[{among}]"


def button(name, index=0):
    place = ["first", "back", "play", "next", "last"].index(name)
    return element(".step-button", index, place)


def colour(scale, share):
    """The colour of a table's cell as the browser should write it."""
    return [round(255 * part) for part in scale(share)[:3]]


def channels(written):
    return [int(part) for part in re.findall(r"\d+", written)]


@in_browser
def test_it_stands_on_step_1_and_the_still_picture_is_gone(opened):
    drawn = read(opened(LOVE))
    assert drawn["step"] == 1 and drawn["rows"] == [1] and drawn["chips"] == ["je"]
    assert drawn["title"] == "Step 1 of 4: “je” comes out"
    assert opened(LOVE).run("document.querySelectorAll('.step-player img').length") == 0


@in_browser
@pytest.mark.parametrize("n, m", SHAPES)
def test_the_numbers_can_be_read_back_from_every_step(opened, n, m):
    drawn_from = trace(n, m)
    browser = opened(drawn_from, still=True)
    for row in range(m):
        drawn = read(browser)
        weights = drawn_from.weights[row].numpy()
        assert drawn["step"] == row + 1 and drawn["now"] == [drawn_from.target[row]]
        assert np.allclose(np.array(drawn["weights"]) / drawn["weightRoom"], weights, atol=1e-3)
        assert np.allclose(np.array(drawn["rail"]) / sum(drawn["rail"]), weights, atol=1e-3)
        assert drawn["weightHues"] == drawn["railHues"] == style.hues(drawn_from.source)
        assert drawn["rows"] == [1] * (row + 1) and drawn["chips"] == drawn_from.target[:row + 1]
        assert drawn["label"] == player.step_told(drawn_from, row)
        browser.click(button("next"))


@in_browser
def test_written_weights_add_up_to_1_in_bars_products_and_table(opened):
    eight = trace(3, 4)
    browser = opened(eight, still=True)
    browser.click(button("last"))
    drawn = read(browser)
    shown = style.shown_weights(eight.weights[3])
    assert drawn["shown"] == shown
    assert drawn["names"] == [f"{weight}·h{j}" for j, weight in enumerate(shown, start=1)]
    assert drawn["cellNumbers"] == [style.shown_weights(row) for row in eight.weights]
    for row in drawn["cellNumbers"]:
        assert sum(round(100 * float(number)) for number in row) == 100


@in_browser
def test_rails_of_earlier_rows_and_cells_keep_their_numbers(opened):
    browser = opened(LOVE, still=True)
    browser.click(button("last"))
    drawn = read(browser)
    for row, rail in enumerate(drawn["rowRails"]):
        assert np.allclose(np.array(rail) / sum(rail), LOVE.weights[row], atol=1e-3)
    for row, cells in enumerate(drawn["cells"]):
        for j, cell in enumerate(cells):
            strength = style.toward_white(style.HUES[j], float(LOVE.weights[row, j]))
            assert np.allclose(channels(cell), 255 * np.array(strength), atol=1.5)


@in_browser
def test_in_a_long_sentence_cells_are_dark_where_weights_are_large(opened):
    long = trace(9, 2)
    drawn = read(opened(long))
    for weight, cell in zip(long.weights[0].tolist(), drawn["cells"][0], strict=True):
        assert np.allclose(channels(cell), colour(style.WEIGHTS, weight), atol=3)


@in_browser
def test_scores_are_bars_from_zero_and_minus_infinity_has_none(opened):
    drawn = read(opened(LOVE))
    sizes = np.abs(LOVE.scores[0].numpy())
    assert np.allclose(np.array(drawn["scores"]) / max(drawn["scores"]), sizes / sizes.max(),
                       atol=1e-3)
    assert drawn["shownScores"] == [style.shown_score(float(score)) for score in LOVE.scores[0]]
    fixed = read(opened(trace(3, 2, rule="fixed")))
    assert fixed["scores"] == [0, 0, 0] and fixed["shownScores"] == ["−∞", "−∞", "0.00"]


@in_browser
def test_vectors_have_the_colours_of_their_numbers(opened):
    drawn = read(opened(LOVE))
    most = style.most_of(LOVE)
    numbers = LOVE.context[0, :6].numpy()
    for number, cell in zip(numbers, drawn["context"], strict=False):
        assert np.allclose(channels(cell), colour(style.NUMBERS, (number / most + 1) / 2), atol=3)


@in_browser
def test_the_likeliest_words_are_bars_and_the_one_that_comes_out_is_lit(opened):
    drawn = read(opened(LOVE))
    assert drawn["rivals"] == ["je", "le", "l'", "$5", "<unk>"]
    assert drawn["chanceNumbers"] == ["0.90", "0.06", "0.03", "0.01", "0.00"]
    shares = np.array(drawn["chances"]) / drawn["chances"][0]
    assert np.allclose(shares, np.array([0.9, 0.06, 0.03, 0.006, 0.004]) / 0.9, atol=1e-3)
    assert [fill == style.NOW for fill in drawn["lit"]] == [True, False, False, False, False]


# How it moves.

@in_browser
def test_between_two_steps_bars_and_rails_slide_and_the_row_grows(opened):
    film = opened(LOVE).run(f"{FILM}({READ})")
    assert len(film) > 10 and film[-1]["step"] == 2 and not film[-1]["moving"]
    before, after = LOVE.weights[0].numpy(), LOVE.weights[1].numpy()
    bars = np.array([frame["weights"] for frame in film]) / film[0]["weightRoom"]
    rails = np.array([frame["rail"] for frame in film])
    assert np.allclose(bars[-1], after, atol=1e-3)
    for j in range(3):
        way = (bars[:, j] - before[j]) / (after[j] - before[j])
        assert (np.diff(way) > -1e-3).all() and ((way > 0.1) & (way < 0.9)).sum() > 3
    assert np.allclose(rails.sum(axis=1), rails.sum(axis=1)[0])
    growing = [frame["rows"][1] for frame in film if len(frame["rows"]) == 2]
    assert (np.diff(growing) >= 0).all() and growing[-1] == 1 and 0 < growing[0] < 0.5
    contexts = {tuple(frame["context"]) for frame in film}
    assert len(contexts) > 5


@in_browser
def test_a_new_key_in_the_middle_of_a_motion_starts_from_what_is_shown(opened):
    change = (LOVE.weights[3] - LOVE.weights[0]).abs()
    browser = opened(LOVE)
    heights = browser.run(f"""(async () => {{
      const wait = time => new Promise(done => setTimeout(done, time));
      const bar = {element("rect.weight", 0, int(change.argmax()))};
      const height = () => Number(bar.getAttribute("height"));
      const start = height();
      {button("last")}.click();
      await wait(300);
      const half = height();
      {button("first")}.click();
      await new Promise(requestAnimationFrame);
      return [start, half, height()];
    }})()""")
    drawn = read(browser)
    start, half, then = np.array(heights) / drawn["weightRoom"]
    assert abs(half - start) > 0.1 and abs(then - half) < 0.3 * abs(half - start)
    assert drawn["rows"] == [1]


@in_browser
def test_with_reduced_motion_it_jumps(opened):
    browser = opened(LOVE, still=True)
    drawn = browser.run(f"({element('.step-button', 0, 3)}.click(), {READ}(0))")
    assert drawn["step"] == 2 and not drawn["moving"] and drawn["rows"] == [1, 1]
    bars = np.array(drawn["weights"]) / drawn["weightRoom"]
    assert np.allclose(bars, LOVE.weights[1], atol=1e-3)


@in_browser
def test_play_goes_to_the_end_and_stops_there_and_begins_anew(opened):
    browser = opened(trace(2, 3), still=True)
    browser.click(button("play"))
    assert read(browser)["step"] == 2 and browser.run(f"{button('play')}.textContent") == "pause"
    browser.wait("document.querySelector('.step-player').dataset.step === '3'")
    browser.wait(f"{button('play')}.textContent === 'play'")
    browser.click(button("play"))
    assert read(browser)["step"] == 1
    browser.click(button("play"))
    assert browser.run(f"{button('play')}.textContent") == "play"


# Buttons, slider, words, keys.

@in_browser
def test_buttons_slider_and_words_go_to_their_steps(opened):
    browser = opened(LOVE, still=True)
    for name, step in [("next", 2), ("last", 4), ("next", 4), ("back", 3), ("first", 1),
                       ("back", 1), ("last", 4)]:
        browser.click(button(name))
        assert read(browser)["step"] == step, name
    browser.click(element(".step-chip", 0, 1))
    assert read(browser)["step"] == 2 and read(browser)["now"] == ["t'"]
    slider = element("input")
    assert browser.run(f"{slider}.value") == "2"
    browser.run(f"{slider}.value = 3, {slider}.dispatchEvent(new Event('input'))")
    assert read(browser)["step"] == 3
    told = browser.run(f"{slider}.getAttribute('aria-valuetext')")
    assert told == "Step 3 of 4: “aime” comes out"
    marked = [browser.run(f"{button(name)}.getAttribute('aria-disabled')")
              for name in ("first", "back", "next", "last")]
    assert marked == ["false"] * 4


@in_browser
def test_keys_work_while_the_mouse_is_over_the_picture(opened):
    browser = opened(LOVE, still=True)
    browser.press("ArrowRight")
    assert read(browser)["step"] == 1  # neither mouse nor focus is there
    browser.point(element("svg"))
    for key, step in [("ArrowRight", 2), ("End", 4), ("ArrowRight", 4), ("ArrowLeft", 3),
                      ("Home", 1), ("ArrowLeft", 1), ("PageDown", 1), (" ", 2)]:
        browser.press(key)
        assert read(browser)["step"] == step, key
    assert browser.run(f"{button('play')}.textContent") == "pause"
    browser.press(" ")
    assert browser.run(f"{button('play')}.textContent") == "play"


@in_browser
def test_keys_work_while_the_focus_is_inside(opened):
    browser = opened(LOVE, still=True)
    browser.run("document.querySelector('.step-player').focus()")
    for key, step in [("ArrowRight", 2), ("End", 4)]:
        browser.press(key)
        assert read(browser)["step"] == step, key
    browser.click(element(".step-chip", 0, 3))
    browser.point_at(5, 700)
    for key, step in [("ArrowLeft", 3), ("ArrowLeft", 2), ("Home", 1)]:
        browser.press(key)  # the word that had the focus is not said any more
        assert read(browser)["step"] == step, key


@in_browser
def test_the_slider_takes_arrow_keys_once_and_a_button_its_space_bar(opened):
    browser = opened(LOVE, still=True)
    browser.run(f"{element('input')}.focus()")
    browser.press("ArrowRight")
    assert read(browser)["step"] == 2
    browser.run(f"{button('next')}.focus()")
    browser.press(" ")
    assert read(browser)["step"] == 3
    assert browser.run(f"{button('play')}.textContent") == "play"


@in_browser
def test_keys_typed_elsewhere_or_with_ctrl_are_left_alone(opened):
    browser = opened(LOVE, still=True)
    browser.run("document.querySelector('#field').focus()")
    browser.point(element("svg"))
    browser.press(" ")
    browser.press("a")
    browser.press("Home")
    assert read(browser)["step"] == 1
    assert browser.run("document.querySelector('#field').value") == " a"
    browser.run("document.querySelector('#field').blur()")
    for modifiers in (1, 2, 8):
        browser.press("ArrowRight", modifiers)
    assert read(browser)["step"] == 1


@in_browser
def test_the_page_around_it_does_not_see_its_keys(opened):
    browser = opened(LOVE, still=True)
    browser.run("window.seen = [], document.addEventListener('keydown', e => seen.push(e.key))")
    browser.point(element("svg"))
    for key in ("ArrowRight", "End", "PageDown", "Tab"):
        browser.press(key)
    assert browser.run("seen") == ["PageDown", "Tab"]


@in_browser
def test_two_players_do_not_disturb_each_other(opened):
    browser = opened(LOVE, trace(9, 5), still=True, height=2000)
    browser.point(element("svg", 1))
    browser.press("ArrowRight")
    assert [read(browser, index)["step"] for index in (0, 1)] == [1, 2]
    browser.point(element("svg", 0))
    browser.press("End")
    assert [read(browser, index)["step"] for index in (0, 1)] == [4, 2]
    browser.run(f"{button('next', 1)}.focus()")
    browser.press("ArrowLeft")  # the mouse counts more than the focus
    assert [read(browser, index)["step"] for index in (0, 1)] == [3, 2]
    browser.point_at(600, 1990)
    browser.press("ArrowLeft")
    assert [read(browser, index)["step"] for index in (0, 1)] == [3, 1]


@in_browser
def test_a_player_that_has_left_the_page_listens_no_more(opened):
    browser = opened(LOVE, still=True)
    browser.run("""(() => {
      window.listening = 0;
      for (const [name, change] of [["addEventListener", 1], ["removeEventListener", -1]]) {
        const original = window[name];
        window[name] = function (kind, ...rest) {
          listening += kind === "keydown" ? change : 0;
          return original.call(window, kind, ...rest);
        };
      }
    })()""")
    browser.point(element("svg"))
    browser.press("ArrowRight")
    assert browser.run("listening") == 1
    browser.run("document.querySelector('.step-player').remove()")
    browser.press("ArrowRight")
    assert browser.run("listening") == 0


# Where it is shown.

@in_browser
def test_words_are_shown_as_text(opened):
    browser = opened(trace(5, 5, source=NASTY, target=NASTY), still=True)
    browser.click(button("last"))
    assert read(browser)["chips"] == NASTY
    assert browser.run("document.querySelectorAll('.step-player b').length") == 0
    assert browser.run("document.querySelectorAll('script').length") == 2
    words = browser.run("[...document.querySelectorAll('text.word title')].map(w => w.textContent)")
    assert words == NASTY


@in_browser
def test_a_page_without_newlines_works(opened):
    browser = opened(LOVE, change=lambda page: page.replace("\n", " "), still=True)
    browser.click(button("last"))
    assert read(browser)["rows"] == [1, 1, 1, 1]


@in_browser
@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("n, m", SHAPES)
def test_nothing_is_cut_off_and_no_page_scrolls_sideways(opened, n, m, width):
    longest = "incontestablement"
    words = [longest if j % 3 == 2 else f"mot{j}" for j in range(n)]
    said = [longest if i % 4 == 1 else f"été{i}" for i in range(m)]
    browser = opened(trace(n, m, source=words, target=said), width=width, still=True)
    for name in ("first", "last"):
        browser.click(button(name))
        read(browser)
        assert browser.run(f"{CUT}") == [], name
        assert browser.run("document.documentElement.scrollWidth") <= width
    boxes = browser.run("[...document.querySelectorAll('.step-picture')].map(box => box.offsetTop)")
    assert (boxes[0] == boxes[1]) == (width > 1000)


@in_browser
def test_on_a_phone_a_long_picture_scrolls_to_the_word_that_weighs_most(opened):
    scores = torch.full((2, 40), -9.0)
    scores[0, 2] = 9
    scores[1, 37] = 9
    weights = scores.softmax(dim=1)
    browser = opened(trace(40, 2)._replace(scores=scores, weights=weights), width=390, still=True)
    for place in (2, 37):
        box, word = browser.run("""[".step-picture", ".word[font-weight=bold]"].map(name => {
          const box = document.querySelector(name).getBoundingClientRect();
          return [box.left, box.right];
        })""")
        assert box[0] <= word[0] and word[1] <= box[1], place
        browser.click(button("last"))


@in_browser
def test_without_scripts_the_still_picture_is_seen(own_stills, browser, tmp_path):
    page = player.play(LOVE).save(tmp_path / "page.html")
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        image = "document.querySelector('.step-player img')"
        assert browser.run(f"{image}.naturalWidth") > 600
        assert browser.run(f"{image}.getBoundingClientRect().width") > 600
        assert browser.run("document.querySelectorAll('.step-player svg').length") == 0
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
