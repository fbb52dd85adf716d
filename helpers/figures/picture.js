/* The picture language in the browser: what the player and the explorer draw with.

   In this file, from top to bottom:
     sizes        of letters, and how long a motion takes
     tools        colours, letters, elements of an SVG picture
     layout       the rows of the machine, in units of the picture
     drawing      a draw… function makes its elements inside `parent` once, and gives back a
                  function that shows a view in them; it does not know where numbers come from
     views        what a step shows, and what is shown between two steps
     motion       from one view to the next

   A `sentence` and its steps are what player.py writes (`sentence_data`, `step_data` there); its
   `labels` are the words of one language from labels.js. A box is {x, y, width, height}, with x and
   y of its upper left corner.
   Comments are of this kind only: some pages put a script on one line, where the other kind would
   swallow the code behind it. Words of a sentence are shown as text, never as HTML. */

const FONT = 'system-ui, "Segoe UI", "Helvetica Neue", "Noto Sans", sans-serif';

/* Sizes of letters, in units of a picture. */
const SMALL = 18;
const MEDIUM = 20;
const LARGE = 24;

const MORPH = 700;      /* milliseconds from one step to the next */
const STAY = 2000;      /* milliseconds from step to step while it plays */

/* A name, not an address: nothing is fetched from it. */
const SVG = "http://www.w3.org/2000/svg";


/* ---- tools: colours ---- */

function clamp(number, low, high) {
  return Math.min(Math.max(number, low), high);
}

/* Red, green and blue of a colour written as "#rrggbb". */
function channels(colour) {
  return [1, 3, 5].map(start => parseInt(colour.slice(start, start + 2), 16));
}

/* The colour at `share` (0 to 1) of a scale, which is a list of colours at equal distances. */
function shade(scale, share) {
  const place = clamp(share, 0, 1) * (scale.length - 1);
  const below = Math.min(Math.floor(place), scale.length - 2);
  const from = channels(scale[below]);
  const to = channels(scale[below + 1]);
  const mixed = from.map((start, k) => Math.round(start + (to[k] - start) * (place - below)));
  return `rgb(${mixed.join(", ")})`;
}

/* Ink for letters on a colour written as "rgb(r, g, b)": white where it is dark. */
function inkOn(colour, ink) {
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  const lightness = 0.299 * red + 0.587 * green + 0.114 * blue;
  return lightness < 140 ? "white" : ink;
}

function gradient(scale) {
  return `linear-gradient(to right, ${scale.join(", ")})`;
}


/* ---- tools: elements and letters ---- */

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
}

/* A new SVG element at the end of `parent`. */
function tag(parent, name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  set(element, attributes);
  parent.append(element);
  return element;
}

/* A new HTML element at the end of `parent`. */
function part(parent, name, className, words = "") {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = words;
  parent.append(element);
  return element;
}

/* How wide these words are drawn, if they are bold. */
const pen = document.createElement("canvas").getContext("2d");

function lettersWidth(words, size) {
  pen.font = `bold ${size}px ${FONT}`;
  return pen.measureText(words).width;
}

/* At most so many letters of a word; the last of them is then "…". */
function shortened(word, most = 14) {
  const letters = Array.from(word);
  return letters.length <= most ? word : letters.slice(0, most - 1).join("") + "…";
}

/* Put words into a line of letters; what is too long for its room is pressed together. */
function say(line, words) {
  if (line.textContent === words) {
    return;
  }
  line.textContent = words;
  const room = Number(line.dataset.room ?? Infinity);
  const size = Number(line.getAttribute("font-size"));
  if (lettersWidth(words, size) > room) {
    set(line, {textLength: room, lengthAdjust: "spacingAndGlyphs"});
  } else {
    line.removeAttribute("textLength");
  }
}

/* A line of letters around (x, y). `look`: size, fill, weight, style, anchor, room (longer ones
   are pressed into it), upright, as (its class). */
function write(parent, x, y, words, look = {}) {
  const line = tag(parent, "text", {
    x,
    y,
    class: look.as ?? "",
    "font-size": look.size ?? SMALL,
    "font-weight": look.weight ?? "normal",
    "font-style": look.style ?? "normal",
    "text-anchor": look.anchor ?? "middle",
    "dominant-baseline": "central",
    fill: look.fill ?? "black",
  });
  if (look.room) {
    line.dataset.room = look.room;
  }
  if (look.upright) {
    line.setAttribute("transform", `rotate(-90 ${x} ${y})`);
  }
  say(line, words);
  return line;
}

/* A wire through these points, with a head at its end. `look`: colour, width, dash, head. */
function drawWire(parent, points, look) {
  const width = look.width ?? 2.5;
  tag(parent, "polyline", {
    points: points.map(point => point.join(",")).join(" "),
    fill: "none",
    stroke: look.colour,
    "stroke-width": width,
    "stroke-dasharray": look.dash ?? "none",
  });
  if (look.head ?? true) {
    drawHead(parent, points[points.length - 2], points[points.length - 1], look.colour, width);
  }
}

function drawHead(parent, from, to, colour, width) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]) * 180 / Math.PI;
  const half = 2 + 1.6 * width;
  tag(parent, "path", {
    d: `M1,0 L${-2 * half},${-half} L${-2 * half},${half} Z`,
    transform: `translate(${to[0]} ${to[1]}) rotate(${angle})`,
    fill: colour,
  });
}


/* ---- layout ---- */

/* Where the rows of the machine begin, from cause to effect, if they are as tall as `tall` says. */
function rowsOfMachine(tall) {
  const state = tall.word + tall.name;
  const wires = state + tall.state;
  const score = wires + tall.wires;
  const scoreNumber = score + tall.score;
  const softmax = scoreNumber + tall.scoreNumber;
  const weight = softmax + 18;
  const weightNumber = weight + tall.weight + 2;
  const times = weightNumber + tall.weightNumber;
  const product = times + tall.times;
  const productName = product + tall.state;
  return {
    tall,
    word: tall.word,
    state,
    stateMiddle: state + tall.state / 2,
    wires,
    score,
    scoreNumber,
    softmax,
    weight,
    weightNumber,
    times,
    product,
    productMiddle: product + tall.state / 2,
    productName,
    end: productName + tall.productName,
  };
}

/* How wide the widest of these words is drawn. */
function longestWord(words, size) {
  return Math.max(...words.map(word => lettersWidth(shortened(word.text), size)));
}

/* The middle of the column of word j. */
function middle(layout, j) {
  return layout.left + (j + 0.5) * layout.pitch;
}


/* ---- drawing: parts that stand in many places ---- */

/* The box of a vector, `width` wide, around x. */
function vectorBox(x, y, width, layout) {
  return {x: x - width / 2, y, width, height: layout.rows.tall.state};
}

/* The numbers of a vector as a standing column of cells, the first on top. */
function drawVector(parent, box, sentence, look) {
  const {colours} = sentence;
  const group = tag(parent, "g", {class: look.as});
  const height = box.height / sentence.cellsDrawn;
  const cells = [];
  for (let k = 0; k < sentence.cellsDrawn; k += 1) {
    const cell = {x: box.x, y: box.y + k * height, width: box.width, height};
    cells.push(tag(group, "rect", {...cell, stroke: colours.pale, "stroke-width": 0.4}));
  }
  const line = box.width > 20 ? 2.5 : 1.5;
  tag(group, "rect", {...box, fill: "none", stroke: look.outline, "stroke-width": line});
  return numbers => {
    cells.forEach((cell, k) => {
      const share = (numbers[k] / sentence.most + 1) / 2;
      cell.setAttribute("fill", shade(colours.numbers, share));
    });
  };
}

/* The recipe of a context: segments in the words' hues, as long as their weights. A rail that is
   taller than wide stands, and its first word is on top. */
function drawRail(parent, box, words, name) {
  const standing = box.height > box.width;
  const group = tag(parent, "g", {class: name});
  const segments = words.map(word => {
    return tag(group, "rect", {...box, fill: word.hue, stroke: "white"});
  });
  return weights => {
    let done = 0;
    segments.forEach((segment, j) => {
      const length = weights[j] * (standing ? box.height : box.width);
      if (standing) {
        set(segment, {y: box.y + done, height: length});
      } else {
        set(segment, {x: box.x + done, width: length});
      }
      segment.setAttribute("stroke-width", length > 2 ? 0.8 : 0);
      done += length;
    });
  };
}

/* A number that changes from step to step, drawn only where it is wanted. */
function drawNumber(parent, x, y, look, wanted = true) {
  if (!wanted) {
    return () => {};
  }
  const line = write(parent, x, y, "", look);
  return (words, fade) => {
    say(line, words);
    line.setAttribute("fill-opacity", fade);
  };
}

/* The names of the rows of the machine, on its left; gives back the line that says softmax. */
function drawRowNames(parent, sentence, layout) {
  const {rows} = layout;
  const look = {anchor: "end", fill: sentence.colours.quiet};
  const x = layout.left - 14;
  write(parent, x, rows.stateMiddle, sentence.labels.states, look);
  write(parent, x, rows.score + rows.tall.score / 2, sentence.labels.scores, look);
  const softmax = write(parent, x, rows.softmax + 6, sentence.labels.softmax, look);
  write(parent, x, rows.weight + rows.tall.weight / 2 + 10, sentence.labels.weights, look);
  write(parent, x, rows.productMiddle, sentence.labels.products, look);
  return softmax;
}


/* ---- drawing: the column of one word, from the word to its product ---- */

function drawColumn(parent, sentence, layout, j) {
  const group = tag(parent, "g", {class: "column"});
  const place = {sentence, layout, j, word: sentence.words[j], x: middle(layout, j)};
  drawState(group, place);
  const shows = [
    drawWord(group, place),
    drawScore(group, place),
    drawWeight(group, place),
    drawProduct(group, place),
  ];
  return view => shows.forEach(show => show(view));
}

/* The word: in its hue, or in a long sentence the darker the more it weighs. */
function drawWord(parent, {sentence, layout, j, word, x}) {
  const bottom = layout.rows.word;
  const look = {size: MEDIUM, weight: "bold", fill: word.hue, room: layout.pitch - 6, as: "word"};
  let line;
  if (layout.upright) {
    const upright = {...look, room: bottom, anchor: "start", upright: true};
    line = write(parent, x, bottom, shortened(word.text), upright);
  } else {
    line = write(parent, x, bottom - 11, shortened(word.text), look);
  }
  tag(line, "title").textContent = word.text;
  return view => {
    if (!layout.short) {
      const {quiet, ink} = sentence.colours;
      line.setAttribute("fill", shade([quiet, ink], 2 * view.weights[j]));
      line.setAttribute("font-weight", view.weights[j] < 0.1 ? "normal" : "bold");
    }
  };
}

/* The state of the encoder after this word, with its name: it stays the same at every step. */
function drawState(parent, {sentence, layout, j, word, x}) {
  const {rows} = layout;
  const box = vectorBox(x, rows.state, layout.vector, layout);
  const show = drawVector(parent, box, sentence, {outline: word.hue, as: "state"});
  show(word.state);
  if (layout.short) {
    write(parent, x, rows.state - 13, `h${j + 1}`, {fill: word.hue, weight: "bold"});
  }
}

/* The score: a bar from 0, up or down, and its number where there is room. −∞ has no bar. */
function drawScore(parent, {sentence, layout, j, word, x}) {
  const {rows, pitch} = layout;
  const {ink, pale} = sentence.colours;
  const width = Math.min(26, pitch - 6);
  const line = tag(parent, "line", {x1: x - pitch / 2, x2: x + pitch / 2, stroke: pale});
  const bar = tag(parent, "rect", {class: "score", x: x - width / 2, width, fill: word.hue});
  const look = {size: MEDIUM, fill: ink, room: Math.min(pitch - 4, 58), as: "score-number"};
  const number = drawNumber(parent, x, rows.scoreNumber + 14, look, layout.scoreNumbers);
  return view => {
    const [low, high] = view.scoreRange;
    const unit = rows.tall.score / (high - low);
    const zero = rows.score + high * unit;
    const length = view.scores[j] * unit;
    set(line, {y1: zero, y2: zero});
    set(bar, {y: Math.min(zero, zero - length), height: Math.abs(length)});
    number(view.step.shownScores[j], view.fade);
  };
}

/* The weight: a box that is full at 1, its level, and its number. In a long sentence a weight that
   would be written 0.00 is not written. */
function drawWeight(parent, {sentence, layout, j, word, x}) {
  const {rows, pitch} = layout;
  const height = rows.tall.weight;
  const width = Math.min(44, pitch - 4);
  const box = {x: x - width / 2, y: rows.weight, width, height};
  const bar = tag(parent, "rect", {class: "weight", ...box, fill: word.hue});
  tag(parent, "rect", {...box, fill: "none", stroke: sentence.colours.pale});
  const number = drawNumber(parent, x, rows.weightNumber + rows.tall.weightNumber / 2, {
    size: layout.short ? MEDIUM : SMALL,
    weight: "bold",
    fill: word.hue,
    upright: layout.uprightNumbers,
    room: layout.uprightNumbers ? rows.tall.weightNumber : pitch - 4,
    as: "weight-number",
  });
  return view => {
    const length = view.weights[j] * height;
    set(bar, {y: rows.weight + height - length, height: length});
    const shown = view.step.shownWeights[j];
    const nothing = shown === "0.00" && !layout.short;
    number(nothing ? "" : shown, view.fade);
  };
}

/* weight × state: both go in, the product comes out. */
function drawProduct(parent, place) {
  const {sentence, layout, j, word, x} = place;
  const {rows} = layout;
  if (layout.short) {
    drawTimes(parent, place);
  }
  const box = vectorBox(x, rows.product, layout.vector, layout);
  const show = drawVector(parent, box, sentence, {outline: word.hue, as: "product"});
  const look = {fill: word.hue, room: layout.pitch - 4, as: "product-name"};
  const name = drawNumber(parent, x, rows.productName + 16, look, layout.short);
  return view => {
    show(word.state.map(number => number * view.weights[j]));
    name(`${view.step.shownWeights[j]}·h${j + 1}`, view.fade);
  };
}

/* The sign of multiplication, with the wire that brings the state to it. */
function drawTimes(parent, {sentence, layout, word, x}) {
  const {rows} = layout;
  const {ink} = sentence.colours;
  const y = rows.times + 14;
  const edge = x + layout.vector / 2;
  const side = edge + 15;
  const wire = [[edge, rows.stateMiddle], [side, rows.stateMiddle], [side, y], [x + 13, y]];
  drawWire(parent, wire, {colour: word.hue, width: 2});
  tag(parent, "circle", {cx: x, cy: y, r: 12, fill: "white", stroke: ink, "stroke-width": 2});
  write(parent, x, y, "×", {size: MEDIUM, fill: ink});
}


/* ---- drawing: what the columns share ---- */

/* Softmax makes all weights from all scores: one band under all of them. */
function drawSoftmax(parent, sentence, layout) {
  const {pitch} = layout;
  const count = sentence.words.length;
  const box = {x: layout.left + 0.1 * pitch, y: layout.rows.softmax, height: 12};
  const width = (count - 0.2) * pitch;
  tag(parent, "rect", {...box, width, rx: 6, fill: sentence.colours.pale, "fill-opacity": 0.5});
}

/* The state of the decoder, which is the query where the rule has one. */
function drawQuery(parent, sentence, layout) {
  const {rows} = layout;
  const {query, recurrence} = sentence.colours;
  const colour = sentence.asks ? query : recurrence;
  const title = sentence.asks ? sentence.labels.query : sentence.labels.state;
  const x = layout.query;
  const look = {fill: colour, weight: "bold"};
  write(parent, x, rows.state - 37, title, {...look, size: MEDIUM});
  const name = drawNumber(parent, x, rows.state - 13, {...look, as: "query-name"});
  if (layout.short && sentence.asks) {
    drawNetworks(parent, sentence, layout);
  }
  const box = vectorBox(x, rows.state, 30, layout);
  const show = drawVector(parent, box, sentence, {outline: colour, as: "query"});
  return view => {
    show(view.query);
    name(view.step.queryName, view.fade);
  };
}

/* One small network f, applied to each state, with a copy of the query to each. */
function drawNetworks(parent, sentence, layout) {
  const colour = sentence.colours.query;
  const y = layout.rows.wires + 14;
  const start = [layout.query, y];
  const end = [middle(layout, 0) - 27, y];
  tag(parent, "circle", {cx: layout.query, cy: y, r: 5, fill: colour});
  drawWire(parent, [start, end], {colour, dash: "7 4", head: false});
  sentence.words.forEach((word, j) => drawNetwork(parent, sentence, layout, j));
}

function drawNetwork(parent, sentence, layout, j) {
  const {ink, query} = sentence.colours;
  const top = layout.rows.wires;
  const x = middle(layout, j);
  const y = top + 42;
  const {hue} = sentence.words[j];
  drawWire(parent, [[x, top], [x, y - 15]], {colour: hue, width: 2});
  drawWire(parent, [[x - 27, top + 14], [x - 27, y], [x - 15, y]], {colour: query, width: 2});
  tag(parent, "circle", {cx: x, cy: y, r: 14, fill: "white", stroke: ink, "stroke-width": 2});
  write(parent, x, y, "f", {style: "italic", fill: ink});
}

/* The sum of the products is the context: on yellow, for it is what this step adds. */
function drawContext(parent, sentence, layout) {
  const {rows, context: x} = layout;
  const {ink, now} = sentence.colours;
  if (layout.short) {
    drawSigns(parent, sentence, layout);
  }
  const box = vectorBox(x, rows.product, 30, layout);
  const plate = {x: box.x - 13, y: box.y - 10, width: 104, height: box.height + 20};
  tag(parent, "rect", {...plate, rx: 6, fill: now});
  const show = drawVector(parent, box, sentence, {outline: ink, as: "context"});
  const rail = drawRail(parent, {...box, x: x + 20, width: 11}, sentence.words, "rail");
  const look = {size: MEDIUM, fill: ink, weight: "bold", anchor: "start", room: 38};
  const name = drawNumber(parent, x + 36, rows.productMiddle, {...look, as: "context-name"});
  return view => {
    show(view.context);
    rail(view.weights);
    name(view.step.contextName, 1);
  };
}

/* + between the products, = before their sum. */
function drawSigns(parent, sentence, layout) {
  const y = layout.rows.productMiddle;
  const look = {size: LARGE, fill: sentence.colours.ink};
  sentence.words.slice(1).forEach((word, j) => {
    write(parent, layout.left + (j + 1) * layout.pitch, y, "+", look);
  });
  write(parent, layout.context - 46, y, "=", look);
}


/* ---- drawing: the table of weights ---- */

/* How much of row i has grown, where `rows` rows are shown: 0 to 1. */
function grown(rows, i) {
  return clamp(rows - i, 0, 1);
}

/* A row of cells, from white, 0, to the dark end of each word's scale, 1. A cell has its width and
   height, and the width of the line around it. */
function drawCells(parent, step, sentence, cell) {
  const {width, height} = cell;
  const look = {class: "cell", width, height, stroke: sentence.colours.pale};
  step.weights.forEach((weight, j) => {
    const fill = shade(sentence.words[j].scale, weight);
    tag(parent, "rect", {...look, x: j * width, y: 0, fill, "stroke-width": cell.line});
    if (width >= 42 && height >= 24) {
      const ink = inkOn(fill, sentence.colours.ink);
      const number = step.shownWeights[j];
      write(parent, (j + 0.5) * width, height / 2, number, {fill: ink, as: "cell-number"});
    }
  });
}

/* The table: `place` has x and y of its first cell, `cell`, `window` (so many rows fit), `label`
   and `rail` (their room on the left and on the right). The row of this step grows; where more rows
   have grown than fit, the table moves up, and the last ones are seen. */
function drawTable(parent, sentence, place) {
  const {cell, label, rail} = place;
  const width = label + sentence.words.length * cell.width + rail;
  const height = place.window * cell.height + 1;
  const pane = tag(parent, "svg", {x: place.x - label, y: place.y, width, height});
  const moving = tag(pane, "g");
  const rows = sentence.steps.map(step => drawRow(moving, step, sentence, place));
  return view => {
    const above = Math.max(0, view.rows - place.window);
    moving.setAttribute("transform", `translate(0 ${-above * cell.height})`);
    rows.forEach((row, i) => {
      const share = grown(view.rows, i);
      row.group.setAttribute("display", share > 0 ? "inline" : "none");
      row.group.setAttribute("transform", `translate(0 ${i * cell.height}) scale(1 ${share})`);
      row.light.setAttribute("fill-opacity", clamp(1 - Math.abs(view.rows - i - 1), 0, 1));
    });
  };
}

/* One row: the word on yellow while it is new, the cells, the rail and the name of the context. */
function drawRow(parent, step, sentence, {cell, label, rail}) {
  const {ink, now} = sentence.colours;
  const group = tag(parent, "g", {class: "row"});
  const y = cell.height / 2;
  const plate = {x: 0, y: 1, width: label - 4, height: cell.height - 2, rx: 4};
  const light = tag(group, "rect", {...plate, fill: now});
  const look = {anchor: "end", fill: ink, room: label - 14};
  write(group, label - 9, y, shortened(step.word), look);
  const cells = tag(group, "g", {transform: `translate(${label} 0)`});
  drawCells(cells, step, sentence, cell);
  const start = label + sentence.words.length * cell.width + 8;
  const height = Math.min(14, cell.height - 8);
  const box = {x: start, y: y - height / 2, width: rail - 46, height};
  drawRail(group, box, sentence.words, "row-rail")(step.weights);
  const name = {anchor: "start", fill: ink, room: 34};
  write(group, start + rail - 42, y, step.contextName, name);
  return {group, light};
}

/* The table with the words over its columns. `layout.rail`: the room for the rails. */
function drawShortTable(parent, sentence, layout, height) {
  const title = 24;
  const rail = layout.rail ?? 108;
  const wordsOut = sentence.steps.map(step => ({text: step.word}));
  const label = clamp(longestWord(wordsOut, SMALL) + 24, 60, 140);
  const width = Math.min((layout.other - label - rail - 10) / sentence.words.length, 90);
  const longest = longestWord(sentence.words, SMALL);
  const upright = longest > width - 4;
  const head = upright ? Math.min(longest, 130) + 12 : 30;
  const room = height - title - head;
  const rowHeight = clamp(room / sentence.steps.length, 24, 42);
  const cell = {width, height: rowHeight, line: 1};
  const window = Math.floor(room / rowHeight);
  const place = {x: label, y: title + head, head, upright, label, rail, cell, window};
  write(parent, 8, 12, sentence.labels.table, {anchor: "start", fill: sentence.colours.quiet});
  drawHeader(parent, sentence, place);
  return drawTable(parent, sentence, place);
}

/* The words over the columns of a table whose columns do not continue those of the machine. */
function drawHeader(parent, sentence, place) {
  const {cell} = place;
  sentence.words.forEach((word, j) => {
    const x = place.x + (j + 0.5) * cell.width;
    const look = {fill: word.hue, weight: "bold", room: place.head - 8};
    if (place.upright) {
      const upright = {...look, anchor: "start", upright: true};
      write(parent, x, place.y - 6, shortened(word.text), upright);
    } else {
      write(parent, x, place.y - 14, shortened(word.text), {...look, room: cell.width - 4});
    }
  });
}

/* All rows, so small that they fit; the row of this step has a yellow mark. `place`: x, y, width,
   height, and label, the room on the left for the words, where rows are as high as letters. */
function drawOverview(parent, sentence, place) {
  const count = sentence.steps.length;
  const label = place.label ?? 0;
  const width = Math.min(place.width / sentence.words.length, 40);
  const tallest = label > 0 ? 22 : Math.min(2 * width, 20);
  const height = Math.min(place.height / count, tallest);
  const cell = {width, height, line: 0.3};
  const x = place.x - label - 12;
  const line = {x, width: label + sentence.words.length * width + 20, height};
  const mark = tag(parent, "rect", {...line, fill: sentence.colours.now});
  const rows = sentence.steps.map((step, i) => {
    const group = tag(parent, "g", {
      class: "overview-row",
      transform: `translate(${place.x} ${place.y + i * cell.height})`,
    });
    drawCells(group, step, sentence, cell);
    if (label > 0) {
      const size = Math.min(SMALL, height);
      const look = {anchor: "end", fill: sentence.colours.ink, room: label - 10, size};
      write(group, -8, height / 2, shortened(step.word), look);
    }
    return group;
  });
  return view => {
    mark.setAttribute("y", place.y + (view.rows - 1) * cell.height);
    rows.forEach((row, i) => row.setAttribute("opacity", grown(view.rows, i)));
  };
}


/* ---- drawing: the likeliest words ---- */

/* Bars for the likeliest words; the one that comes out is yellow. `place`: x, y, width. */
function drawLikeliest(parent, sentence, place) {
  const {ink, quiet} = sentence.colours;
  write(parent, place.x, place.y, sentence.labels.likeliest, {anchor: "start", fill: quiet});
  const label = Math.min(118, place.width * 0.42);
  const x = place.x + label;
  const most = place.width - label - 54;
  const lines = [];
  for (let k = 0; k < sentence.rivalsDrawn; k += 1) {
    const y = place.y + 28 + k * 27;
    const look = {fill: ink, room: label - 10, as: "rival"};
    const group = tag(parent, "g", {class: "rival-line"});
    lines.push({
      x,
      most,
      word: write(group, x - 8, y, "", {...look, anchor: "end"}),
      bar: tag(group, "rect", {class: "chance", x, y: y - 10, height: 20}),
      number: write(group, x, y, "", {fill: ink, anchor: "start", as: "chance-number"}),
    });
  }
  return view => lines.forEach((line, k) => showRival(line, view, k, sentence.colours));
}

/* The word, bar and number of rank k; where a step has fewer words the line stays empty. */
function showRival(line, view, k, {ink, now, pale}) {
  const rival = view.step.rivals[k] ?? {word: null, shown: ""};
  const chosen = rival.word === view.step.word;
  const length = view.chances[k] * line.most;
  say(line.word, shortened(rival.word ?? ""));
  say(line.number, rival.shown);
  set(line.word, {"font-weight": chosen ? "bold" : "normal", "fill-opacity": view.fade});
  set(line.number, {x: line.x + length + 6, "fill-opacity": view.fade});
  set(line.bar, {
    width: length,
    fill: chosen ? now : pale,
    "fill-opacity": chosen ? 1 : 0.5,
    stroke: chosen ? ink : "none",
    "stroke-width": 1.5,
  });
}


/* ---- views: what a step shows, and what is shown between two steps ---- */

/* `step` is the step whose words are shown, and `at` its number from 0; `rows` may have a fraction,
   a row that grows; `fade` is 1 where words are fully seen. */
function viewOf(sentence, at) {
  const step = sentence.steps[at];
  const chances = [];
  for (let k = 0; k < sentence.rivalsDrawn; k += 1) {
    chances.push(step.rivals[k]?.chance ?? 0);
  }
  return {
    step,
    at,
    rows: at + 1,
    fade: 1,
    scores: step.scores.map(score => score ?? 0),
    scoreRange: sentence.scoreRange,
    weights: step.weights,
    context: step.context,
    query: step.query,
    chances,
  };
}

/* The view at `share` (0 to 1) of the way: numbers slide; words fade out, change, and fade in. */
function viewBetween(from, to, share) {
  const between = (a, b) => a + (b - a) * share;
  const each = (a, b) => a.map((number, k) => between(number, b[k]));
  const words = share < 0.5 ? from : to;
  const sameWords = from.step === to.step;
  return {
    step: words.step,
    at: words.at,
    rows: between(from.rows, to.rows),
    fade: sameWords ? between(from.fade, 1) : Math.abs(2 * share - 1),
    scores: each(from.scores, to.scores),
    scoreRange: each(from.scoreRange, to.scoreRange),
    weights: each(from.weights, to.weights),
    context: each(from.context, to.context),
    query: each(from.query, to.query),
    chances: each(from.chances, to.chances),
  };
}

/* Slow at both ends. */
function eased(share) {
  return share * share * (3 - 2 * share);
}

/* From the lowest to the highest score of a sentence, 0 included: −∞ (null) is left out. */
function scoreRange(steps) {
  const scores = steps.flatMap(step => step.scores).filter(score => score !== null);
  const low = Math.min(0, ...scores);
  const high = Math.max(0, ...scores);
  return high > low ? [low, high] : [0, 1];
}

/* The three largest terms of the sum, the largest first; a long sentence names their words. */
function recipeOf(step, sentence) {
  const order = step.weights.map((weight, j) => j);
  order.sort((a, b) => step.weights[b] - step.weights[a]);
  const seen = order.filter(j => step.shownWeights[j] !== "0.00");
  const terms = seen.slice(0, 3).map(j => `${step.shownWeights[j]}·h${j + 1}`);
  const words = order.map(j => sentence.words[j].text);
  const more = seen.length > 3;
  const {labels} = sentence;
  if (sentence.hued) {
    const recipe = labels.recipe(step.contextName, terms, more);
    return recipe + mainPart(step, order[0], words[0], labels);
  }
  const named = terms.map((term, k) => labels.named(term, words[k]));
  return labels.recipe(step.contextName, named, more);
}

/* ", mostly “you”", where a context is mostly one word. */
function mainPart(step, top, word, labels) {
  if (step.shownWeights[top] === "1.00") {
    return labels.only(word);
  }
  return step.weights[top] > 0.5 ? labels.mostly(word) : "";
}


/* ---- motion ---- */

function wantsNoMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/* Brings views into a picture: `show` draws one. `jump` does so at once; `slide` moves there from
   what is shown, wherever that is; the element `root` is marked while it moves. */
function mover(root, show) {
  let shown = null;
  let request = null;

  function jump(view) {
    cancelAnimationFrame(request);
    delete root.dataset.moving;
    shown = view;
    show(view);
  }

  function slide(target) {
    if (wantsNoMotion()) {
      jump(target);
      return;
    }
    cancelAnimationFrame(request);
    const from = shown;
    const start = performance.now();
    const frame = time => {
      const share = clamp((time - start) / MORPH, 0, 1);
      if (share === 1) {
        jump(target);
        return;
      }
      shown = viewBetween(from, target, eased(share));
      show(shown);
      request = requestAnimationFrame(frame);
    };
    root.dataset.moving = "yes";
    request = requestAnimationFrame(frame);
  }

  return {jump, slide};
}
