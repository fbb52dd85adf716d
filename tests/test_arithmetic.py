"""The arithmetic of the explorer does in JavaScript what the helpers do with torch."""
import json
import random
import shutil
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
import torch

from conftest import small
from helpers import course, rounding, text, training
from helpers.attention import RULES
from helpers.figures import maps, packing, steps
from helpers.translation import translate

ARITHMETIC = course.ROOT / "helpers" / "figures" / "arithmetic.js"
NODE = shutil.which("node")
pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not NODE, reason="needs node, and there is none here")]

# Reads a list of calls [function, arguments …], in which "@" stands for the model, and writes what
# they return. JSON has no −∞ and no typed arrays.
ASK = """
const arithmetic = require(process.argv[1]);
const {models, calls} = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const unpacked = {};
for (const [name, packed] of Object.entries(models)) {
  unpacked["@" + name] = arithmetic.unpack(packed, models);
}
const results = calls.map(([name, ...given]) => {
  try {
    return arithmetic[name](...given.map(one => unpacked[one] ?? one));
  } catch (error) {
    return {error: error.message};
  }
});
function plain(key, value) {
  if (ArrayBuffer.isView(value)) {
    return Array.from(value);
  }
  return value === -Infinity ? "-Infinity" : Number.isNaN(value) ? "NaN" : value;
}
console.log(JSON.stringify(results, plain));
"""


def answers(calls, models=()):
    """What functions of arithmetic.js return; the argument "@0" is the first of the models."""
    packed = {str(number): packing.pack(model) for number, model in enumerate(models)}
    asked = json.dumps({"models": packed, "calls": calls})
    ran = subprocess.run([NODE, "-e", ASK, str(ARITHMETIC)], input=asked,
                         capture_output=True, encoding="utf-8", timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert '"NaN"' not in ran.stdout
    return json.loads(ran.stdout)


def numbers(rows):
    return torch.tensor([[float(number) for number in row] for row in rows])


@pytest.fixture(scope="module", params=[(rule, way) for rule in RULES for way in (False, True)
                                        if not (way and "dot" in rule)],
                ids=lambda param: f"{param[0]}-{'two' if param[1] else 'one'}-way")
def model(request, toy):
    """A model of each rule, one-way and two-way where the rule allows it, that has learnt a bit."""
    rule, bidirectional = request.param
    settings = small(rule=rule, bidirectional=bidirectional, epochs=3)
    model = training.build(toy, settings)
    training.fit(model, toy, settings)
    return rounding.rounded(model)


@pytest.fixture(scope="module")
def attentive(learnt):
    return rounding.rounded(learnt)


# The same words and numbers as torch.

def test_it_translates_as_torch_does(model, toy):
    sentences = [pair.source for pair in toy.train]
    sentences += [["unheard"], ["the", "unheard", "cat"], toy.train[0].source * 6]
    traces = translate(model, sentences)
    results = answers([["translate", "@0", sentence] for sentence in sentences], [model])
    for trace, found in zip(traces, results, strict=True):
        assert found["words"] == trace.words
        assert found["asks"] == steps.asks(model.rule)
        assert found["finished"] == (trace.target[-1] == text.END)
        done = found["steps"]
        assert [step["word"] for step in done] == trace.target
        for name in ("scores", "weights", "context"):
            theirs = numbers(step[name] for step in done)
            torch.testing.assert_close(theirs, getattr(trace, name), atol=1e-4, rtol=1e-4)
        states = [found["start"]] + [step["hidden"] for step in done]
        torch.testing.assert_close(numbers(states), trace.hidden, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(numbers(found["states"]), trace.states, atol=1e-4, rtol=1e-4)
        for step, rivals in zip(done, trace.rivals, strict=True):
            theirs = [rival["probability"] for rival in step["likeliest"][:len(rivals)]]
            assert theirs == pytest.approx([chance for _, chance in rivals], abs=1e-4)


def test_an_empty_sentence_is_one_clear_error(attentive):
    (result,) = answers([["translate", "@0", []]], [attentive])
    assert result == {"error": "There is no word to translate: type at least one."}


def test_unknown_words_are_marked(attentive):
    (result,) = answers([["translate", "@0", ["the", "blorf", "cat"]]], [attentive])
    assert result["unknown"] == [False, True, False]
    assert answers([["knows", "@0", "cat"], ["knows", "@0", "blorf"], ["knows", "@0", "<eos>"]],
                   [attentive]) == [True, False, False]


# Words.

def random_sentence(chance):
    """Letters, marks, signs and spaces of every script that both languages' tables know."""
    alphabets = ["abcdjlmnstqu'’-_ ", "éÉçœßſİıΣσς'- ", "한국어 日本 東京", "0٣५²½Ⅷ〇",
                 " \t\n\x1c\x85\u00a0\ufeff\u200b"]
    letters = []
    for _ in range(chance.randrange(1, 25)):
        if chance.random() < 0.8:
            letters.append(chance.choice(chance.choice(alphabets)))
        else:
            letters.append(chr(chance.randrange(0x30000)))
    return "".join(letter for letter in letters if is_known(letter))


def is_known(letter):
    """Is this a letter of Unicode as Python knows it, and no half of a pair?"""
    return unicodedata.category(letter) not in {"Cn", "Cs"}


def test_a_text_has_the_same_words_in_both_languages():
    chance = random.Random(1)
    texts = [random_sentence(chance) for _ in range(5000)]
    texts += ["I love you!", "J’aime qu'il jusqu'à l'eau, don't", "ΟΔΟΣ ΣΑΣ", "", "  "]
    results = answers([["tokenize", typed] for typed in texts])
    assert results == [text.tokenize(typed) for typed in texts]


def test_every_single_character_is_cut_alike():
    letters = [chr(code) for code in range(sys.maxunicode + 1) if is_known(chr(code))]
    texts = []
    for start in range(0, len(letters), 100):
        texts.append(" ".join(f"a{letter}b" for letter in letters[start:start + 100]))
    results = answers([["tokenize", typed] for typed in texts])
    differ = [typed for typed, found in zip(texts, results, strict=True)
              if found != text.tokenize(typed)]
    assert not differ


def test_completions_are_known_words_the_most_frequent_first(attentive):
    known = attentive.vocabs.source.itos[4:]
    (found, none, two) = answers([["completions", "@0", "c", 99], ["completions", "@0", "zz", 99],
                                  ["completions", "@0", "", 2]], [attentive])
    assert found == [word for word in known if word.startswith("c")] and len(found) > 1
    assert none == []
    assert two == known[:2]


def test_the_nearest_words_need_the_fewest_changes(attentive):
    wanted = {"cqt": "cat", "hors": "horse", "tabble": "table", "dog": "dog"}
    results = answers([["nearest", "@0", word, 3] for word in wanted], [attentive])
    known = set(attentive.vocabs.source.itos[4:])
    for found, best in zip(results, wanted.values(), strict=True):
        assert found[0] == best
        assert len(set(found)) == 3 and set(found) <= known


# What a reader changes.

SENTENCE = ["the", "red", "old", "horse"]


def with_changes(model, *lists_of_changes):
    """A translation of SENTENCE under each list of changes."""
    return answers([["translate", "@0", SENTENCE, changes] for changes in lists_of_changes],
                   [model])


def test_no_change_and_a_change_taken_back_are_the_same(model):
    idle = [{"kind": "hide", "step": None, "place": 99}, {"kind": "hide", "step": 99, "place": 0},
            {"kind": "word", "step": 0, "word": "blorf"},
            {"kind": "temperature", "step": None, "value": 1},
            {"kind": "temperature", "step": 0, "value": None},
            {"kind": "weight", "step": 0, "place": -1, "value": 0.5},
            {"kind": "weight", "step": 0, "place": 1, "value": None}]
    plain, nothing = with_changes(model, [], idle)
    assert plain == nothing
    assert plain == answers([["translate", "@0", SENTENCE]], [model])[0]


def test_whatever_is_changed_weights_add_up_to_1_and_what_is_hidden_has_none(model):
    chance = random.Random(2)
    lists = []
    for _ in range(60):
        changes = []
        for _ in range(chance.randrange(1, 6)):
            step = chance.choice([None, 0, 1, 2])
            place = chance.randrange(4)
            value = chance.choice([0, 0.2, 0.7, 1])
            changes.append(chance.choice([
                {"kind": "hide", "step": step, "place": place},
                {"kind": "weight", "step": chance.randrange(3), "place": place, "value": value},
                {"kind": "temperature", "step": step, "value": value * 3},
                {"kind": "word", "step": chance.randrange(3), "word": "le"}]))
        lists.append(changes)
    for changes, found in zip(lists, with_changes(model, *lists), strict=True):
        for number, step in enumerate(found["steps"]):
            assert sum(step["weights"]) == pytest.approx(1, abs=1e-5)
            assert min(step["weights"]) >= 0
            mixture = numbers([step["weights"]]) @ numbers(found["states"])
            is_last = model.rule == "fixed" and step["weights"][-1] == 1
            if not is_last:
                torch.testing.assert_close(numbers([step["context"]]), mixture, atol=1e-4, rtol=0)
            for change in changes:
                here = change["step"] in (None, number)
                if change["kind"] == "hide" and here and model.rule != "fixed":
                    check_hidden(step, change["place"])


def check_hidden(step, place):
    """This state has no weight at all, unless it is the last that can be seen."""
    visible = [score != "-Infinity" for score in step["scores"]]
    if visible[place]:
        assert sum(visible) == 1
    else:
        assert step["weights"][place] == 0


def test_a_dragged_weight_leaves_the_others_their_proportions(attentive):
    plain, changed = with_changes(
        attentive, [], [{"kind": "weight", "step": 1, "place": 2, "value": 0.4}])
    assert changed["steps"][0] == plain["steps"][0]
    before = numbers([plain["steps"][1]["weights"]])[0]
    after = numbers([changed["steps"][1]["weights"]])[0]
    others = [0, 1, 3]
    assert after[2] == pytest.approx(0.4)
    torch.testing.assert_close(after[others] / after[others].sum(),
                               before[others] / before[others].sum(), atol=1e-5, rtol=1e-4)


def test_states_without_any_weight_share_equally(toy):
    fixed = rounding.rounded(training.build(toy, small(rule="fixed")))
    change = {"kind": "weight", "step": 0, "place": 3, "value": 0.4}
    (found,) = with_changes(fixed, [change])
    assert found["steps"][0]["weights"] == pytest.approx([0.2, 0.2, 0.2, 0.4])


def test_the_temperature_divides_the_scores(attentive):
    plain, warm, cold = with_changes(
        attentive, [], [{"kind": "temperature", "step": None, "value": 3}],
        [{"kind": "temperature", "step": None, "value": 0}])
    scores = numbers([plain["steps"][0]["scores"]])
    for temperature, found in [(3, warm), (0.001, cold)]:  # none is below 0.001
        wanted = (scores / temperature).softmax(dim=1)
        torch.testing.assert_close(numbers([found["steps"][0]["weights"]]), wanted, atol=1e-3,
                                   rtol=0)


def test_another_word_is_said_and_goes_into_the_next_step(attentive):
    change = {"kind": "word", "step": 0, "word": "la"}
    plain, changed = with_changes(attentive, [], [change])
    assert plain["words"][0] == "le"
    assert changed["words"][0] == "la" and changed["steps"][0]["chosen"]
    assert changed["steps"][1]["before"] == "la"
    assert changed["steps"][0]["likeliest"] == plain["steps"][0]["likeliest"]
    (ended,) = with_changes(attentive, [{"kind": "word", "step": 1, "word": text.END}])
    assert ended["words"] == plain["words"][:1] and ended["finished"]


# The plane.

@pytest.mark.parametrize("n", [1, 2, 3, 8, 40])
def test_the_plane_is_that_of_the_maps(n):
    chance = np.random.default_rng(n)
    states = chance.normal(size=(n, 32))
    vectors = np.concatenate([states, chance.normal(size=(5, 32))])
    plane = maps.principal_plane(states)
    points = maps.projected(plane, vectors)
    (found,) = answers([["plane", vectors.tolist(), states.tolist()]])
    np.testing.assert_allclose(np.array([found["x"], found["y"]]).T, points, atol=1e-6)
    np.testing.assert_allclose(found["share"], plane.shares, atol=1e-9)
