"""Measures the explorer: the same words as torch? what rounding changes, how large, how fast.

    python -m benchmarks.explorer [--quick]

All sentences of the phrasebook's test and long splits go through the page of each rule in headless
Chromium, and through `translation.translate` with the weights rounded as in the page. The three
rules that come with the course are trained here, for what comes is rounded already; of the other
three a short training has to do, which --quick leaves out. Writes build/tables/explorer.csv.
"""
import argparse
import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from helpers import corpus, figures, files, rounding, shipped, training
from helpers.attention import RULES
from helpers.corpus import Corpus
from helpers.model import Seq2Seq
from helpers.training import Settings
from helpers.translation import Trace, translate

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SHORT_TRAINING = 2_000    # pairs, once
SHOWN = ("scores", "weights", "context")

# Takes the place of startExplorer() in the page: translates, and compares with what torch said.
SCRIPT = """
(function () {
const data = JSON.parse(document.getElementById("explorer-data").textContent);
const model = arithmetic.unpack(data.models[data.main], data.models);
const told = SENTENCES;
let worst = 0;
let different = 0;
let steps = 0;
function far(mine, theirs) {
  if (mine === theirs || (mine === -Infinity && theirs === null)) {
    return 0;
  }
  return Math.abs(mine - theirs);
}
for (const {words, said, numbers} of told) {
  const trace = arithmetic.translate(model, words, []);
  steps += trace.steps.length;
  if (trace.words.join(" ") !== said) {
    different += 1;
    continue;
  }
  for (const [row, step] of trace.steps.entries()) {
    for (const name of ["scores", "weights", "context"]) {
      step[name].forEach((number, place) => {
        worst = Math.max(worst, far(number, numbers[name][row][place]));
      });
    }
  }
}
const ten = TEN_WORDS;
arithmetic.translate(model, ten, []);
const begin = performance.now();
let turns = 0;
let tenSteps = 0;
while (turns < 50) {
  tenSteps += arithmetic.translate(model, ten, []).steps.length;
  turns += 1;
}
const milliseconds = performance.now() - begin;
document.body.dataset.found = JSON.stringify({different, worst, steps,
  sentence: milliseconds / turns, step: milliseconds / tenSteps});
})();
"""


def measured(model: Seq2Seq, data: Corpus) -> dict[str, Any]:
    """A row of the table: one model, all sentences of test and long."""
    sentences = [pair.source for pair in [*data.test, *data.long]]
    rounded = rounding.rounded(model)
    plain = translate(model, sentences)
    traces = translate(rounded, sentences)
    changed = 0
    for exact_trace, trace in zip(plain, traces, strict=True):
        if exact_trace.words != trace.words:
            changed += 1
    ten = min(sentences, key=lambda words: abs(len(words) - 10))
    page = figures.explorer(model, " ".join(ten)).page
    found = in_browser(page, traces, ten)
    return {
        "rule": model.rule,
        "sentences": len(sentences),
        "other words in the page": found["different"],
        "largest difference": found["worst"],
        "changed by rounding": changed,
        "ms per sentence of ten words": found["sentence"],
        "ms per step": found["step"],
        "MB of the page": len(page.encode()) / 1e6,
    }


def in_browser(page: str, traces: list[Trace], ten: list[str]) -> dict[str, float]:
    """What Chromium finds in 100 sentences at a time, taken together."""
    found = []
    for start in range(0, len(traces), 100):
        found.append(in_browser_at_once(page, traces[start:start + 100], ten))
    return {
        "different": sum(part["different"] for part in found),
        "worst": max(part["worst"] for part in found),
        "sentence": min(part["sentence"] for part in found),
        "step": min(part["step"] for part in found),
    }


def installed_browser() -> str:
    """The first of BROWSERS that this machine has; none is an error that names them."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    known = ", ".join(BROWSERS)
    raise SystemExit(f"The explorer is measured in a browser: install one of {known}.")


def in_browser_at_once(page: str, traces: list[Trace], ten: list[str]) -> dict[str, float]:
    """What Chromium finds in some sentences. Only the arithmetic runs: the page is not started."""
    script = SCRIPT.replace("SENTENCES", json.dumps([as_json(trace) for trace in traces]))
    script = script.replace("TEN_WORDS", json.dumps(ten))
    before, _, after = page.rpartition("startExplorer();")
    browser = installed_browser()
    with tempfile.TemporaryDirectory() as folder:
        path = files.write(Path(folder) / "page.html", before + script + after)
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                   "--enable-logging=stderr",
                   f"--user-data-dir={folder}/browser", path.as_uri()]
        ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300)
    answer = re.search(r'data-found="([^"]*)"', ran.stdout)
    if answer is None:
        said = re.findall(r".*CONSOLE.*", ran.stderr)
        raise RuntimeError(f"the page did not answer: {said}")
    return json.loads(html.unescape(answer[1]))


def as_json(trace: Trace) -> dict[str, Any]:
    """The words and numbers of a trace; −∞, which JSON does not know, is None."""
    numbers = {}
    for name in SHOWN:
        rows = getattr(trace, name).tolist()
        numbers[name] = [[None if one == -torch.inf else round(one, 6) for one in row]
                         for row in rows]
    return {"words": trace.source, "said": " ".join(trace.words), "numbers": numbers}


def model_of(rule: str, data: Corpus) -> Seq2Seq:
    """The model that comes with the course, before it was rounded; of other rules a short training.

    It has to be trained here (or kept in build/models): what comes with the course is rounded
    already, and would be compared with itself.
    """
    for settings in shipped.SETTINGS:
        if settings.rule == rule:
            return training.trained(data, settings)[0]
    settings = Settings(rule=rule, epochs=1)
    model = training.build(data, settings)
    training.fit(model, data._replace(train=data.train[:SHORT_TRAINING]), settings)
    return model


def main() -> None:
    """Measure rule after rule, print the table and keep it."""
    parser = argparse.ArgumentParser("python -m benchmarks.explorer")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    data = corpus.load(shipped.CORPUS)
    rules = [settings.rule for settings in shipped.SETTINGS] if options.quick else list(RULES)
    rows = []
    for rule in rules:
        rows.append(measured(model_of(rule, data), data))
        print(rows[-1], flush=True)
    print(files.keep_table(pd.DataFrame(rows), "explorer").to_string(index=False))


if __name__ == "__main__":
    main()
