/* The arithmetic of the explorer: a trained model that translates in the browser. It draws nothing.

   It does what helpers/model.py, helpers/attention.py and helpers/translation.py do for one
   sentence, with the same names, and is tested against them. In this file, from top to bottom:
     numbers        text → float32, products, softmax
     words          text → words → ids; the known words that are near, or begin so
     the model      unpack what explorer.py packed
     the encoder    words → memory
     the rules      scores → weights → context, and what a reader changes in them
     the decoder    one step, and a whole translation
     the plane      the two directions in which vectors differ most

   A vector is a Float32Array; a matrix [rows, columns] is one too, a row after the other. Steps and
   places are counted from 0. Comments are of this kind only: some pages put a script on one line. */

const arithmetic = (function () {
"use strict";

const UNKNOWN_ID = 0;
const START_ID = 2;
const END_ID = 3;
const SPECIALS = 4;       /* <unk> <pad> <sos> <eos>: the first ids, and no words */

const LIKELIEST = 8;      /* so many of the likeliest words are kept for each step */
const COLDEST = 1e-3;     /* a temperature below it changes nothing more: one state has it all */
const LEAST_SHARE = 1e-9; /* a direction with less of the variance than this is none */


/* ---- numbers ---- */

/* The 64 letters in which helpers/rounding.py writes numbers; a letter is worth its place. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const WORTH = worthOfLetters();
const MIDDLE = 2 ** 17;        /* what a number has been raised by, so that none is below 0 */
const LEAST_EXPONENT = -32;    /* what the first letter means at the beginning of a row */

function worthOfLetters() {
  const worth = new Uint8Array(128);
  for (let place = 0; place < LETTERS.length; place += 1) {
    worth[LETTERS.charCodeAt(place)] = place;
  }
  return worth;
}

/* What helpers/rounding.py has written → float32. A row begins with a letter for the power of two
   that its numbers share; each number follows in three letters. */
function decoded(text, columns) {
  const rowLength = 1 + 3 * columns;
  const rows = text.length / rowLength;
  const numbers = new Float32Array(rows * columns);
  function worth(place) {
    return WORTH[text.charCodeAt(place)];
  }

  let into = 0;
  for (let row = 0; row < rows; row += 1) {
    const begin = row * rowLength;
    const power = 2 ** (worth(begin) + LEAST_EXPONENT);
    for (let at = begin + 1; at < begin + rowLength; at += 3) {
      const code = worth(at) * 64 * 64 + worth(at + 1) * 64 + worth(at + 2);
      numbers[into] = (code - MIDDLE) / MIDDLE * power;
      into += 1;
    }
  }
  return numbers;
}

/* Row `row` of a matrix times a vector. */
function rowTimes(matrix, row, vector) {
  const size = vector.length;
  const begin = row * size;
  let sum = 0;
  for (let k = 0; k < size; k += 1) {
    sum += matrix[begin + k] * vector[k];
  }
  return sum;
}

/* into = matrix · vector + bias; a layer without a bias has none. */
function linear(layer, vector, into) {
  const {weight, bias} = layer;
  for (let row = 0; row < into.length; row += 1) {
    into[row] = rowTimes(weight, row, vector);
    if (bias) {
      into[row] += bias[row];
    }
  }
  return into;
}

function add(into, vector) {
  for (let k = 0; k < into.length; k += 1) {
    into[k] += vector[k];
  }
}

function dot(left, right) {
  return rowTimes(left, 0, right);
}

function sigmoid(number) {
  return 1 / (1 + Math.exp(-number));
}

/* The greatest of them is taken off first, so that no exponential is too large for a number. */
function softmax(scores) {
  let greatest = -Infinity;
  for (let k = 0; k < scores.length; k += 1) {
    greatest = Math.max(greatest, scores[k]);
  }
  const shares = new Float32Array(scores.length);
  let total = 0;
  for (let k = 0; k < scores.length; k += 1) {
    shares[k] = Math.exp(scores[k] - greatest);
    total += shares[k];
  }
  for (let k = 0; k < shares.length; k += 1) {
    shares[k] /= total;
  }
  return shares;
}

/* The places of the `count` greatest numbers, the greatest first. */
function greatestPlaces(numbers, count) {
  const places = [];
  for (let place = 0; place < numbers.length; place += 1) {
    const isFull = places.length === count;
    if (isFull && numbers[place] <= numbers[places[count - 1]]) {
      continue;
    }
    let rank = places.length;
    while (rank > 0 && numbers[place] > numbers[places[rank - 1]]) {
      rank -= 1;
    }
    places.splice(rank, 0, place);
    places.length = Math.min(places.length, count);
  }
  return places;
}


/* ---- words ---- */

/* TOKEN of helpers/text.py. Its \w and \s are Python's, which are not JavaScript's. */
const WORD = "[\\p{L}\\p{N}_]";
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const ELIDED = `(?:[cdjlmnst]|${WORD}*qu)'(?=${WORD})`;
const WHOLE = `${WORD}+(?:[-']${WORD}+)*`;
const SIGN = `[^\\p{L}\\p{N}_${SPACE}]`;
const TOKEN = new RegExp(`${ELIDED}|${WHOLE}|${SIGN}`, "gu");

/* A sentence as typed → lower-case words: "Je t'aime !" → ["je", "t'", "aime", "!"]. */
function tokenize(sentence) {
  const plain = sentence.toLowerCase().replace(/’/g, "'");
  return plain.match(TOKEN) || [];
}

function idsOf(words) {
  return new Map(words.map((word, id) => [word, id]));
}

function sourceId(model, word) {
  return model.sourceIds.get(word) ?? UNKNOWN_ID;
}

/* Does the model know this source word? */
function knows(model, word) {
  return sourceId(model, word) >= SPECIALS;
}

/* The known source words, the most frequent first. */
function knownWords(model) {
  return model.source.slice(SPECIALS);
}

/* Known source words that begin so, the most frequent first. */
function completions(model, beginning, count) {
  return knownWords(model).filter(word => word.startsWith(beginning)).slice(0, count);
}

/* The known source words, not signs, nearest in spelling; of equally near ones the most frequent
   first. */
function nearest(model, word, count) {
  const known = knownWords(model).filter(other => /[\p{L}\p{N}]/u.test(other));
  const distances = known.map(other => spellingDistance(word, other));
  const places = Array.from(known.keys());
  places.sort((one, other) => distances[one] - distances[other] || one - other);
  return places.slice(0, count).map(place => known[place]);
}

/* How many letters must be put in, taken out or replaced to make one word of the other
   (Levenshtein 1966). */
function spellingDistance(one, other) {
  const letters = Array.from(one);
  const others = Array.from(other);
  let row = Array.from({length: others.length + 1}, (_, length) => length);
  for (let i = 1; i <= letters.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= others.length; j += 1) {
      const isSame = letters[i - 1] === others[j - 1];
      const replaced = row[j - 1] + (isSame ? 0 : 1);
      const takenOut = row[j] + 1;
      const putIn = next[j - 1] + 1;
      next.push(Math.min(replaced, takenOut, putIn));
    }
    row = next;
  }
  return row[others.length];
}


/* ---- the model ---- */

/* What explorer.py packed → a model. `models` holds all that were packed together, by rule: two of
   the same vocabularies keep one copy of them. */
function unpack(packed, models) {
  const arrays = {};
  for (const [name, {shape, numbers}] of Object.entries(packed.arrays)) {
    const columns = shape[shape.length - 1];
    arrays[name] = decoded(numbers, columns);
  }
  const words = packed.sharesVocabularies ? models[packed.sharesVocabularies] : packed;
  const {rule, bidirectional, embedding, hidden, state} = packed;
  const model = {rule, bidirectional, embedding, hidden, state};
  model.source = words.source;
  model.target = words.target;
  model.sourceIds = idsOf(words.source);
  model.targetIds = idsOf(words.target);
  model.layers = layersOf(arrays, packed);
  return model;
}

/* The arrays under the names of helpers/model.py, each layer with its weight and bias. */
function layersOf(arrays, packed) {
  function layer(name) {
    return {weight: arrays[`${name}.weight`], bias: arrays[`${name}.bias`]};
  }

  function direction(end) {
    return {
      input: {weight: arrays[`encoder.gru.weight_ih_${end}`],
              bias: arrays[`encoder.gru.bias_ih_${end}`]},
      hidden: {weight: arrays[`encoder.gru.weight_hh_${end}`],
               bias: arrays[`encoder.gru.bias_hh_${end}`]},
    };
  }

  return {
    sourceEmbedding: arrays["encoder.embedding.weight"],
    forward: direction("l0"),
    backward: packed.bidirectional ? direction("l0_reverse") : null,
    bridge: packed.bidirectional ? layer("decoder.bridge") : null,
    targetEmbedding: arrays["decoder.embedding.weight"],
    wordGates: layer("decoder.word_gates"),
    contextGates: layer("decoder.context_gates"),
    hiddenGates: layer("decoder.hidden_gates"),
    output: layer("decoder.output"),
    key: layer("decoder.context_rule.key"),
    query: layer("decoder.context_rule.query"),
    energy: layer("decoder.context_rule.energy"),
  };
}

/* The vector of a word: a view into the table, not a copy. */
function embedded(table, id, size) {
  return table.subarray(id * size, (id + 1) * size);
}

/* A GRU cell: what its input and its state give to the three gates → the next state. */
function cell(fromInput, fromHidden, hidden) {
  const size = hidden.length;
  const next = new Float32Array(size);
  for (let k = 0; k < size; k += 1) {
    const reset = sigmoid(fromInput[k] + fromHidden[k]);
    const update = sigmoid(fromInput[size + k] + fromHidden[size + k]);
    const proposal = Math.tanh(fromInput[2 * size + k] + reset * fromHidden[2 * size + k]);
    next[k] = (1 - update) * proposal + update * hidden[k];
  }
  return next;
}


/* ---- the encoder ---- */

/* Words → memory, what the decoder may look at: {n, words, unknown, states, keys, last}.
   An empty list is an Error. */
function encode(model, words) {
  if (words.length === 0) {
    throw new Error("There is no word to translate: type at least one.");
  }
  const {layers, embedding, state} = model;
  const ids = words.map(word => sourceId(model, word));
  const vectors = ids.map(id => embedded(layers.sourceEmbedding, id, embedding));
  const memory = {n: words.length, words, unknown: words.map(word => !knows(model, word))};
  if (model.bidirectional) {
    const half = state / 2;
    const forward = read(layers.forward, vectors, half);
    const backward = read(layers.backward, vectors.slice().reverse(), half).reverse();
    memory.states = forward.map((vector, place) => joined(vector, backward[place]));
    memory.last = joined(forward[words.length - 1], backward[0]);
  } else {
    memory.states = read(layers.forward, vectors, state);
    memory.last = memory.states[words.length - 1];
  }
  memory.keys = keysOf(model, memory.states);
  return memory;
}

/* One direction of the encoder: it reads vector after vector, and keeps its state after each. */
function read(direction, vectors, size) {
  const fromInput = new Float32Array(3 * size);
  const fromHidden = new Float32Array(3 * size);
  let hidden = new Float32Array(size);
  const states = [];
  for (const vector of vectors) {
    linear(direction.input, vector, fromInput);
    linear(direction.hidden, hidden, fromHidden);
    hidden = cell(fromInput, fromHidden, hidden);
    states.push(hidden);
  }
  return states;
}

function joined(left, right) {
  const both = new Float32Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}


/* ---- the rules ---- */

/* What a rule computes once per sentence: its keys, or the states themselves. */
function keysOf(model, states) {
  const {key} = model.layers;
  if (!key.weight) {
    return states;
  }
  return states.map(state => linear(key, state, new Float32Array(model.hidden)));
}

/* e_ij for every state: the scores of each rule, as RULES of helpers/attention.py has them. */
const SCORES = {
  fixed: (model, memory) =>
    Float32Array.from(memory.states, (_, place) => place === memory.n - 1 ? 0 : -Infinity),

  mean: (model, memory) => new Float32Array(memory.n),

  additive: (model, memory, hidden) => {
    const query = linear(model.layers.query, hidden, new Float32Array(model.hidden));
    const energy = model.layers.energy.weight;
    return Float32Array.from(memory.keys, key => {
      let sum = 0;
      for (let k = 0; k < query.length; k += 1) {
        sum += energy[k] * Math.tanh(key[k] + query[k]);
      }
      return sum;
    });
  },

  dot: (model, memory, hidden) => Float32Array.from(memory.keys, key => dot(hidden, key)),

  scaled_dot: (model, memory, hidden) =>
    Float32Array.from(memory.keys, key => dot(hidden, key) / Math.sqrt(model.hidden)),

  general: (model, memory, hidden) => Float32Array.from(memory.keys, key => dot(hidden, key)),
};

/* Do the scores of this rule depend on the query? */
function asks(rule) {
  return !["fixed", "mean"].includes(rule);
}

/* Scores, weights and context of one step. `shaping` is what a reader changes in them:
     hide: [place, …]             these states get no weight at all
     temperature: number          scores are divided by it: below 1 sharpens, above 1 flattens
     set: [{place, value}, …]     one after the other, this state gets this weight */
function focus(model, memory, hidden, shaping = {}) {
  const scores = SCORES[model.rule](model, memory, hidden);
  const isHidden = hideStates(scores, shaping.hide || []);
  const temperature = Math.max(shaping.temperature ?? 1, COLDEST);
  const weights = softmax(scores.map(score => score / temperature));
  for (const {place, value} of shaping.set || []) {
    setWeight(weights, place, value, isHidden);
  }
  return {scores, weights, context: contextOf(model, memory, weights)};
}

/* Give −∞ to the scores of these states. One that can still be seen is left: there must be
   something to look at. Gives back which are hidden. */
function hideStates(scores, places) {
  const isHidden = new Array(scores.length).fill(false);
  for (const place of places) {
    const others = scores.filter((score, other) => other !== place && score !== -Infinity);
    if (place in scores && others.length > 0) {
      scores[place] = -Infinity;
      isHidden[place] = true;
    }
  }
  return isHidden;
}

/* Give one state this weight; the other states that are not hidden share the rest in their
   proportions, or equally where all of them had 0. */
function setWeight(weights, place, value, isHidden) {
  const others = [];
  let total = 0;
  for (let other = 0; other < weights.length; other += 1) {
    if (other !== place && !isHidden[other]) {
      others.push(other);
      total += weights[other];
    }
  }
  if (!(place in weights) || isHidden[place] || others.length === 0) {
    return;
  }
  const weight = Math.min(Math.max(value, 0), 1);
  for (const other of others) {
    const share = total > 0 ? weights[other] / total : 1 / others.length;
    weights[other] = (1 - weight) * share;
  }
  weights[place] = weight;
}

/* c_i = Σ_j α_ij h_j. The fixed context is `last`, which over a bidirectional encoder is not h_n,
   as long as nobody changed its weights. */
function contextOf(model, memory, weights) {
  if (model.rule === "fixed" && weights[memory.n - 1] === 1) {
    return memory.last;
  }
  const context = new Float32Array(model.state);
  for (let place = 0; place < memory.n; place += 1) {
    const state = memory.states[place];
    const weight = weights[place];
    for (let k = 0; k < context.length; k += 1) {
      context[k] += weight * state[k];
    }
  }
  return context;
}


/* ---- the decoder ---- */

/* s_0: the last encoder state, through the bridge where there is one. */
function start(model, memory) {
  const {bridge} = model.layers;
  if (!bridge) {
    return memory.last;
  }
  return linear(bridge, memory.last, new Float32Array(model.hidden)).map(Math.tanh);
}

/* One step: s_{i-1} and the id of the word before → {scores, weights, context, hidden: s_i,
   probabilities: of every target word}. `shaping` as for `focus`. */
function step(model, memory, hidden, wordId, shaping) {
  const {layers} = model;
  const {scores, weights, context} = focus(model, memory, hidden, shaping);
  const gates = 3 * model.hidden;
  const word = embedded(layers.targetEmbedding, wordId, model.embedding);
  const fromInput = linear(layers.wordGates, word, new Float32Array(gates));
  add(fromInput, linear(layers.contextGates, context, new Float32Array(gates)));
  const fromHidden = linear(layers.hiddenGates, hidden, new Float32Array(gates));
  const next = cell(fromInput, fromHidden, hidden);
  const logits = linear(layers.output, next, new Float32Array(model.target.length));
  return {scores, weights, context, hidden: next, probabilities: softmax(logits)};
}

/* Greedy search until <eos>, or 2n + 10 steps, with the changes that a reader made, in their order:
     {kind: "hide", step, place}  {kind: "temperature", step, value}
     {kind: "weight", step, place, value}  {kind: "word", step, word}
   step null: at every step. A change that cannot be done, such as a word that the model does not
   have, does nothing. */
function translate(model, words, changes = []) {
  const memory = encode(model, words);
  const trace = {source: words, unknown: memory.unknown, states: memory.states,
                 start: start(model, memory), asks: asks(model.rule), words: [], finished: false,
                 steps: []};
  const limit = 2 * memory.n + 10;
  let hidden = trace.start;
  let before = START_ID;
  while (trace.steps.length < limit && !trace.finished) {
    const here = changesAt(changes, trace.steps.length);
    const done = step(model, memory, hidden, before, shapingOf(here));
    const likeliest = greatestPlaces(done.probabilities, LIKELIEST);
    const chosen = chosenId(model, here);
    const said = chosen ?? likeliest[0];
    trace.steps.push({
      before: model.target[before],
      query: hidden,
      scores: done.scores,
      weights: done.weights,
      context: done.context,
      hidden: done.hidden,
      probabilities: done.probabilities,
      likeliest: likeliest.map(id => wordOf(model, id, done.probabilities)),
      word: model.target[said],
      probability: done.probabilities[said],
      chosen: chosen !== undefined,
    });
    trace.finished = said === END_ID;
    if (!trace.finished) {
      trace.words.push(model.target[said]);
    }
    hidden = done.hidden;
    before = said;
  }
  return trace;
}

function wordOf(model, id, probabilities) {
  return {id, word: model.target[id], probability: probabilities[id]};
}

/* The changes that are in force at a step. */
function changesAt(changes, number) {
  return changes.filter(change => change.step === null || change.step === number);
}
/* What the changes of one step make of its scores and weights. */
function shapingOf(changes) {
  const shaping = {hide: [], temperature: 1, set: []};
  for (const {kind, place, value} of changes) {
    if (kind === "hide") {
      shaping.hide.push(place);
    } else if (kind === "temperature" && Number.isFinite(value)) {
      shaping.temperature = value;
    } else if (kind === "weight" && Number.isFinite(value)) {
      shaping.set.push({place, value});
    }
  }
  return shaping;
}

/* The id of the word that a reader chose for this step, the last time; undefined for none. */
function chosenId(model, changes) {
  const chosen = changes.filter(change => change.kind === "word").pop();
  return chosen && model.targetIds.get(chosen.word);
}


/* ---- the plane ---- */

/* Vectors as points on the plane of the first two principal components of `states`, with the share
   of the variance that each of the two holds: {x, y, share}. A direction that is missing is 0, and
   the first state lies on the left and below: `principal_plane` in maps.py.

   It asks for the n × n products of the states, a few numbers, and not for the matrix of their
   covariances: both have the same principal components. */
function plane(vectors, states) {
  const centre = mean(states);
  const centred = states.map(state => difference(state, centre));
  const products = centred.map(one => centred.map(other => dot(one, other)));
  const {values, columns} = eigen(products);
  const total = values.reduce((sum, value) => sum + value, 0);
  const [first, second] = greatestPlaces(values, 2);

  function isThere(place) {
    return place !== undefined && values[place] > LEAST_SHARE * total;
  }

  function along(place) {
    if (!isThere(place)) {
      return vectors.map(() => 0);
    }
    const direction = mixture(columns[place], centred);
    const length = Math.sqrt(dot(direction, direction));
    const sign = dot(centred[0], direction) > 0 ? -1 : 1;
    return vectors.map(vector => sign * dot(difference(vector, centre), direction) / length);
  }

  function share(place) {
    return isThere(place) ? values[place] / total : 0;
  }

  return {x: along(first), y: along(second), share: [share(first), share(second)]};
}

function mean(vectors) {
  return mixture(vectors.map(() => 1 / vectors.length), vectors);
}

/* Σ_j weights_j vectors_j */
function mixture(weights, vectors) {
  const sum = new Float64Array(vectors[0].length);
  for (const [place, vector] of vectors.entries()) {
    for (let k = 0; k < sum.length; k += 1) {
      sum[k] += weights[place] * vector[k];
    }
  }
  return sum;
}

function difference(left, right) {
  return Float64Array.from(left, (number, k) => number - right[k]);
}

/* Eigenvalues of a symmetric matrix (a list of rows), and the eigenvector of each, by turning pairs
   of axes until nothing but the diagonal is left (Jacobi 1846). */
function eigen(matrix) {
  const rows = matrix.map(row => row.slice());
  const size = rows.length;
  const columns = rows.map((_, i) => rows.map((_, j) => i === j ? 1 : 0));
  for (let sweep = 0; sweep < 50 && besideDiagonal(rows) > 0; sweep += 1) {
    for (let p = 0; p < size; p += 1) {
      for (let q = p + 1; q < size; q += 1) {
        turn(rows, columns, p, q);
      }
    }
  }
  return {values: rows.map((row, place) => row[place]), columns};
}

/* The squares of what stands beside the diagonal; 0 where they no longer matter. */
function besideDiagonal(rows) {
  let beside = 0;
  let diagonal = 0;
  for (const [i, row] of rows.entries()) {
    for (const [j, number] of row.entries()) {
      if (i === j) {
        diagonal += number * number;
      } else {
        beside += number * number;
      }
    }
  }
  return beside > 1e-24 * diagonal ? beside : 0;
}

/* Turn the axes p and q so that rows[p][q] becomes 0; `columns` turn with them. */
function turn(rows, columns, p, q) {
  if (rows[p][q] === 0) {
    return;
  }
  const angle = Math.atan(2 * rows[p][q] / (rows[q][q] - rows[p][p])) / 2;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  for (const row of rows) {
    const [atP, atQ] = [row[p], row[q]];
    row[p] = cos * atP - sin * atQ;
    row[q] = sin * atP + cos * atQ;
  }
  for (const table of [rows, columns]) {
    const [rowP, rowQ] = [table[p], table[q]];
    table[p] = rowP.map((number, k) => cos * number - sin * rowQ[k]);
    table[q] = rowP.map((number, k) => sin * number + cos * rowQ[k]);
  }
}

return {unpack, tokenize, encode, start, step, translate, nearest, completions, knows, plane};
})();

if (typeof module === "object") {
  module.exports = arithmetic;
}
