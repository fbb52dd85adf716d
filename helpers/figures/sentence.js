/* From a translation that arithmetic.js has made to the sentence that picture.js draws: the same
   words, numbers and written numbers as player.py makes of a Trace.

   `sentenceOf` gives all of it; what stands above it are its parts. */

const CELLS = 6;        /* so many numbers of a vector are drawn */
const RIVALS = 5;       /* so many of the likeliest words */


/* ---- numbers as they are written ---- */

/* Weights with two digits each, which together add up to 1.00: every weight is rounded down to
   hundredths, and the hundredths that are missing go to the largest remainders. */
function shownWeights(weights) {
  const hundredths = weights.map(weight => 100 * weight);
  const written = hundredths.map(number => Math.floor(number + 1e-6));
  const remainders = hundredths.map((number, j) => number - written[j]);
  const order = weights.map((_, j) => j);
  order.sort((a, b) => remainders[b] - remainders[a]);
  const missing = Math.round(sum(hundredths)) - sum(written);
  for (const j of order.slice(0, Math.max(missing, 0))) {
    written[j] += 1;
  }
  return written.map(number => (number / 100).toFixed(2));
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/* Two decimals, a true minus, −∞ where nothing may be seen. */
function shownScore(score) {
  if (score === -Infinity) {
    return "−∞";
  }
  return score.toFixed(2).replace("-", "−");
}

/* Letters that no page and no file can show, and halves of letters, are "�". */
function visible(word) {
  return word.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "\ufffd");
}


/* ---- words ---- */

/* Each source word with its hue and its state; more words than hues share one dark blue. */
function wordsOf(trace, colours) {
  const hued = trace.source.length <= colours.hues.length;
  return trace.source.map((word, j) => ({
    text: visible(word),
    unknown: trace.unknown[j],
    hue: hued ? colours.hues[j] : colours.dark,
    scale: hued ? [colours.weights[0], colours.hues[j]] : colours.weights,
    state: firstNumbers(trace.states[j]),
  }));
}

function firstNumbers(vector) {
  return Array.from(vector.slice(0, CELLS));
}

/* The largest number, by size, of the encoder states: the end of the colours of all vectors. */
function mostOf(states) {
  let most = 0;
  for (const state of states) {
    for (const number of state) {
      most = Math.max(most, Math.abs(number));
    }
  }
  return most || 1;
}


/* ---- steps ---- */

function stepOf(trace, i) {
  const step = trace.steps[i];
  const weights = Array.from(step.weights);
  return {
    word: step.word,
    before: step.before,
    chosen: step.chosen,
    query: firstNumbers(step.query),
    queryName: queryName(trace, i),
    scores: Array.from(step.scores, score => score === -Infinity ? null : score),
    shownScores: Array.from(step.scores, shownScore),
    weights,
    shownWeights: shownWeights(weights),
    context: firstNumbers(step.context),
    contextName: `c${i + 1}`,
    rivals: rivalsOf(step),
  };
}

/* What asks at this step: a decoder state; the first one is h_n where it is equal to it. */
function queryName(trace, i) {
  if (i > 0) {
    return `dh${i}`;
  }
  const last = trace.states[trace.states.length - 1];
  const isLast = last.length === trace.start.length
    && last.every((number, k) => Math.abs(number - trace.start[k]) < 1e-5);
  return isLast ? `h${trace.states.length}` : "dh0";
}

/* The likeliest words of a step; the word that came out is always among them. */
function rivalsOf(step) {
  const rivals = step.likeliest.slice(0, RIVALS);
  if (!rivals.some(rival => rival.word === step.word)) {
    rivals[rivals.length - 1] = {word: step.word, probability: step.probability};
  }
  return rivals.map(({word, probability}) => {
    return {word, chance: probability, shown: probability.toFixed(2)};
  });
}


/* ---- all of it ---- */

/* `colours` are those of the page; `labels` the words of a language; `rule` a key of RULES. */
function sentenceOf(trace, rule, colours, labels) {
  const steps = trace.steps.map((_, i) => stepOf(trace, i));
  const size = trace.states[0].length;
  return {
    trace,
    rule,
    words: wordsOf(trace, colours),
    steps,
    hued: trace.source.length <= colours.hues.length,
    asks: rule !== "fixed" && rule !== "mean",
    rivalsDrawn: Math.max(...steps.map(step => step.rivals.length)),
    cellsDrawn: Math.min(CELLS, size),
    stateSize: size,
    most: mostOf(trace.states),
    scoreRange: scoreRange(steps),
    colours,
    labels,
  };
}
