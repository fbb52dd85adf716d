/* The explorer: a page in which a trained model translates what is typed, shows how, and lets
   itself be touched.

   In this file, from top to bottom:
     layout       where things stand in the machine
     the machine  one step, from the words in to the word out, made of the parts in picture.js
     the hands    bars to be dragged and words to be hidden, by mouse, finger and key
     the answer   table of weights, likeliest words, what the colours mean
     the rules    the same sentence under each rule
     the map      the contexts among the states
     the stage    which of these is seen
     words        what a change did, said in one line
     the page     field, chips, buttons, lists: each build… function fills its part of it
     saving       what is seen as SVG and PNG
     keys
     all of it    the moment that is shown, and how it changes

   `app` holds it all: the data of the page, its elements, the moment (see moment.js), and what
   follows from it. A picture is drawn by a function that gives back another, which shows a view;
   both know a sentence as sentence.js makes it. Comments are of this kind only, and words are
   shown as text, never as HTML: see picture.js. */

const LEFT_SHORT = 0.64;    /* the machine's share of the stage, for words with hues … */
const LEFT_LONG = 0.69;     /* … and for the many columns of a long sentence */
const LEAST_SCALE = 0.8;    /* the machine shrinks to this share; then it scrolls */
const STACKED = 860;        /* pixels: in a narrower window the parts stand one below the other */
const NUDGE = 0.05;         /* what an arrow key adds to a weight */
const SLOTS = 6;            /* so many earlier contexts are drawn at most */
const QUICK = 40;           /* milliseconds that typing waits for the next letter */
const NEAREST = 3;          /* so many known words are offered for an unknown one */
const COMPLETIONS = 5;
const KEY_HEIGHT = 24;
const KEY_LETTERS = 16;


/* ---- layout ---- */

/* Where the parts of the machine stand, in a room of this width and height (in units). */
function machineLayout(sentence, room) {
  const layout = sentence.hued ? hued(sentence, room) : crowded(sentence, room);
  return {...layout, ...(layout.wide ? decoderBeside(layout) : decoderAbove(layout))};
}

/* The decoder on the right of the context. */
function decoderBeside({rows, columns, query, width}) {
  const x = width - 108;
  const y = rows.productMiddle - 34;
  return {
    cell: {x, y, width: 100, height: 44},
    stateWire: [[query, rows.wires], [query, y - 1]],
    contextWire: [[columns + 132, rows.productMiddle], [x - 1, rows.productMiddle]],
    before: {x: x + 74, y: y - 38},
    out: {x: x + 50, y: y + 62, height: 36, room: 100},
  };
}

/* The decoder between the query and the context, where there is no room on the right. */
function decoderAbove({rows, columns, query}) {
  const x = columns + 16;
  const y = rows.wires + 52;
  return {
    cell: {x, y, width: 104, height: 36},
    stateWire: [[query, rows.wires], [query, y - 1]],
    contextWire: [[columns + 32, rows.product - 10], [columns + 32, y + 37]],
    before: {x: columns + 92, y: y - 38},
    out: {x: x + 66, y: y + 54, height: 36, room: 72},
  };
}

/* Up to eight words: wide columns with all their wires, and the earlier contexts. */
function hued(sentence, room) {
  const count = sentence.words.length;
  const left = 92;
  const wide = room.width >= left + 56 * count + 262;
  const right = wide ? 262 : 128;
  const pitch = clamp((room.width - left - right) / count, wide ? 56 : 46, 118);
  const columns = left + count * pitch;
  const width = Math.max(room.width, columns + right);
  const longest = longestWord(sentence.words, MEDIUM);
  const upright = longest > pitch - 8;
  const rows = stretchedRows(room.height, {
    word: upright ? longest + 14 : 32,
    name: 25,
    state: 56,
    wires: 58,
    score: 24,
    scoreNumber: 26,
    weight: 54,
    weightNumber: 24,
    times: 32,
    productName: 40,
  });
  return {
    short: true,
    wide,
    upright,
    uprightNumbers: false,
    scoreNumbers: true,
    pitch,
    left,
    columns,
    rows,
    vector: 30,
    width,
    height: rows.end,
    context: columns + 56,
    query: wide ? width - 84 : columns + 50,
  };
}

/* More words: narrow columns, never narrower than letters are high. */
function crowded(sentence, room) {
  const count = sentence.words.length;
  const left = 98;
  const right = 128;
  const pitch = clamp((room.width - left - right) / count, SMALL, 62);
  const columns = left + count * pitch;
  const longest = longestWord(sentence.words, MEDIUM);
  const upright = longest > pitch - 8;
  const scoreNumbers = pitch >= 60;
  const uprightNumbers = pitch < 50;
  const rows = stretchedRows(room.height, {
    word: upright ? Math.max(longest + 6, 44) : 44,
    name: 12,
    state: 56,
    wires: 10,
    score: 30,
    scoreNumber: scoreNumbers ? 30 : 8,
    weight: 70,
    weightNumber: uprightNumbers ? 48 : 28,
    times: 4,
    productName: 8,
  });
  return {
    short: false,
    wide: false,
    upright,
    uprightNumbers,
    scoreNumbers,
    pitch,
    left,
    columns,
    rows,
    vector: Math.min(30, pitch - 4),
    width: columns + right,
    height: rows.end,
    context: columns + 50,
    query: columns + 50,
  };
}

/* What the room is higher than the rows need goes to states, weights, scores and wires. */
function stretchedRows(height, tall) {
  const spare = clamp(height - rowsOfMachine(tall).end, 0, 240);
  return rowsOfMachine({
    ...tall,
    state: tall.state + 0.2 * spare,
    weight: tall.weight + 0.35 * spare,
    score: tall.score + 0.15 * spare,
    wires: tall.wires + 0.1 * spare,
  });
}


/* ---- the machine ---- */

function drawExplorerMachine(parent, sentence, layout) {
  const softmax = drawRowNames(parent, sentence, layout);
  drawSoftmax(parent, sentence, layout);
  drawWire(parent, layout.stateWire, {colour: sentence.colours.recurrence});
  const shows = [
    drawWarmth(softmax, sentence, layout),
    drawQuery(parent, sentence, layout),
  ];
  sentence.words.forEach((word, j) => {
    shows.push(drawColumn(parent, sentence, layout, j));
    shows.push(drawMarks(parent, sentence, layout, j));
  });
  shows.push(drawContext(parent, sentence, layout));
  shows.push(drawCell(parent, sentence, layout));
  if (layout.wide) {
    shows.push(drawEarlier(parent, sentence, layout));
  }
  return view => shows.forEach(show => show(view));
}

/* The name of the row of softmax, with the temperature where it is not 1. */
function drawWarmth(line, sentence, layout) {
  const {labels, colours} = sentence;
  line.dataset.room = layout.left - 16;
  return view => {
    const {temperature} = view.step;
    const changed = temperature !== 1;
    say(line, changed ? labels.softmaxAt(Number(temperature.toFixed(2))) : labels.softmax);
    line.setAttribute("fill", changed ? colours.ink : colours.quiet);
  };
}

/* What was changed here: a hidden word is struck out and its state pale, a weight that was set has
   a dashed frame; a word that the model does not know stands in a dashed box. */
function drawMarks(parent, sentence, layout, j) {
  const {rows, pitch} = layout;
  const {ink, quiet} = sentence.colours;
  const x = middle(layout, j);
  const width = Math.min(52, pitch - 2);
  const veil = tag(parent, "rect", {
    class: "veil",
    x: x - pitch / 2,
    y: rows.state - (layout.short ? 24 : 0),
    width: pitch,
    height: rows.tall.state + (layout.short ? 24 : 0),
    fill: "white",
    "fill-opacity": 0.7,
  });
  const letters = Math.min(lettersWidth(shortened(sentence.words[j].text), MEDIUM), rows.word);
  const lying = `M${x - 0.4 * pitch},${rows.word - 11} h${0.8 * pitch}`;
  const upright = `M${x},${rows.word - letters - 2} v${letters + 4}`;
  const strike = tag(parent, "path", {
    class: "strike",
    d: layout.upright ? upright : lying,
    stroke: ink,
    "stroke-width": 3,
  });
  const frame = tag(parent, "rect", {
    class: "set-weight",
    x: x - width / 2,
    y: rows.weight - 4,
    width,
    height: rows.tall.weight + 8,
    fill: "none",
    stroke: ink,
    "stroke-width": 2.5,
    "stroke-dasharray": "5 3",
  });
  if (sentence.words[j].unknown) {
    const room = layout.upright ? 26 : Math.min(letters + 12, pitch - 2);
    const top = layout.upright ? rows.word - letters - 4 : rows.word - 24;
    const box = {x: x - room / 2, y: top, width: room, height: rows.word - top + 2, rx: 4};
    const look = {fill: "none", stroke: quiet, "stroke-width": 2, "stroke-dasharray": "3 4"};
    tag(parent, "rect", {...box, ...look, class: "unknown"});
  }
  return view => {
    showOnly(veil, view.step.isHidden[j]);
    showOnly(strike, view.step.isHidden[j]);
    showOnly(frame, view.step.isSet[j]);
  };
}

function showOnly(element, isShown) {
  element.setAttribute("display", isShown ? "inline" : "none");
}

/* The decoder: state, context and the word before go in, the word of this step comes out. */
function drawCell(parent, sentence, layout) {
  const {ink, now, context, quiet} = sentence.colours;
  const {cell, out, before} = layout;
  const x = cell.x + cell.width / 2;
  drawWire(parent, layout.contextWire, {colour: context, width: 4});
  drawWire(parent, [[before.x, before.y + 12], [before.x, cell.y - 1]], {colour: quiet});
  tag(parent, "rect", {...cell, rx: 8, fill: "white", stroke: ink, "stroke-width": 2});
  write(parent, x, cell.y + cell.height / 2, sentence.labels.decoder, {fill: ink, room: 92});
  drawWire(parent, [[out.x, cell.y + cell.height], [out.x, out.y - 1]], {colour: quiet});
  const plate = tag(parent, "rect", {
    class: "out-plate",
    y: out.y,
    height: out.height,
    rx: 8,
    fill: now,
    stroke: ink,
    "stroke-width": 2,
  });
  const {room} = out;
  const look = {size: LARGE, weight: "bold", fill: ink, room, as: "out"};
  const word = drawNumber(parent, out.x, out.y + out.height / 2, look);
  const entering = {size: MEDIUM, fill: ink, room: 68, as: "before"};
  const wordBefore = drawNumber(parent, before.x, before.y, entering);
  return view => {
    const said = shortened(view.step.word);
    const width = Math.min(lettersWidth(said, LARGE), room) + 14;
    set(plate, {x: out.x - width / 2, width});
    plate.setAttribute("stroke-dasharray", view.step.chosen ? "5 3" : "none");
    word(said, view.fade);
    wordBefore(shortened(view.step.before), view.fade);
  };
}

/* The contexts of the steps before, each with its recipe and its word. */
function drawEarlier(parent, sentence, layout) {
  const {rows, columns} = layout;
  const pitch = 58;
  const room = layout.query - 24 - columns;
  const count = clamp(Math.floor(room / pitch), 1, SLOTS);
  const y = rows.score + 18;
  const group = tag(parent, "g", {class: "earlier"});
  const look = {anchor: "start", fill: sentence.colours.quiet, room};
  write(group, columns + 10, rows.score + 2, sentence.labels.earlier, look);
  const slots = [];
  for (let k = 0; k < count; k += 1) {
    slots.push(drawSlot(group, sentence, layout, columns + 30 + k * pitch, y));
  }
  return view => {
    const earlier = view.step.earlier.slice(-count);
    showOnly(group, earlier.length > 0);
    slots.forEach((show, k) => show(earlier[k], view.fade));
  };
}

function drawSlot(parent, sentence, layout, x, y) {
  const {ink} = sentence.colours;
  const group = tag(parent, "g", {class: "slot"});
  const box = vectorBox(x, y, 30, layout);
  const vector = drawVector(group, box, sentence, {outline: ink, as: "earlier-context"});
  const rail = drawRail(group, {...box, x: x + 17, width: 9}, sentence.words, "earlier-rail");
  const bottom = y + box.height;
  const name = write(group, x, bottom + 12, "", {fill: ink, weight: "bold", room: 48});
  const word = write(group, x, bottom + 32, "", {fill: ink, room: 54});
  return (step, fade) => {
    showOnly(group, step !== undefined);
    if (step) {
      vector(step.context);
      rail(step.weights);
      say(name, step.contextName);
      say(word, shortened(step.word));
      group.setAttribute("opacity", fade);
    }
  };
}


/* ---- the hands ---- */

/* Over each column a word to be pressed and a bar to be dragged. Of all of them one word and one
   bar are reached with Tab; the arrow keys go on from there. */
function drawHands(parent, sentence, layout, app) {
  const group = tag(parent, "g", {class: "hands"});
  const shows = sentence.words.map((word, j) => {
    const press = drawPress(group, sentence, layout, j, app);
    const bar = drawBar(group, sentence, layout, j, app);
    return view => {
      const tabIndex = j === app.moment.place ? 0 : -1;
      press(view, tabIndex);
      bar(view, tabIndex);
    };
  });
  return view => shows.forEach(show => show(view));
}

/* The word as a button: it hides the state, and brings it back. */
function drawPress(parent, sentence, layout, j, app) {
  const word = sentence.words[j].text;
  const {rows, pitch} = layout;
  const group = tag(parent, "g", {role: "button", class: "press"});
  const box = {x: middle(layout, j) - pitch / 2 + 1, y: 1, width: pitch - 2};
  tag(group, "rect", {...box, height: rows.state + rows.tall.state, rx: 5, class: "ring"});
  group.setAttribute("aria-label", sentence.labels.hide(word));
  tag(group, "title").textContent = sentence.labels.hide(word);
  group.addEventListener("click", () => toggleHidden(app, j));
  group.addEventListener("focus", () => app.touch(j));
  group.addEventListener("keydown", event => onPressKey(event, app, j));
  return (view, tabIndex) => {
    set(group, {"aria-pressed": view.step.isHidden[j], tabindex: tabIndex});
  };
}

/* The weight as a slider: its box, and a grip on its level. */
function drawBar(parent, sentence, layout, j, app) {
  const {rows, pitch} = layout;
  const {labels, colours} = sentence;
  const x = middle(layout, j);
  const width = Math.min(44, pitch - 4);
  const group = tag(parent, "g", {role: "slider", class: "bar", "aria-orientation": "vertical"});
  set(group, {"aria-valuemin": 0, "aria-valuemax": 1});
  group.setAttribute("aria-label", labels.weightOf(sentence.words[j].text));
  const room = {x: x - pitch / 2 + 1, width: pitch - 2};
  tag(group, "rect", {...room, y: rows.weight - 9, height: rows.tall.weight + 18, class: "ring"});
  const grip = tag(group, "rect", {x: x - width / 2 - 2, width: width + 4, height: 4, rx: 2});
  grip.setAttribute("fill", colours.ink);
  const valueAt = clientY => {
    const box = group.querySelector(".ring").getBoundingClientRect();
    const unit = box.height / (rows.tall.weight + 18);
    const bottom = box.bottom - 9 * unit;
    return clamp((bottom - clientY) / (rows.tall.weight * unit), 0, 1);
  };
  listenToDrag(group, event => app.touch(j), event => setWeight(app, j, valueAt(event.clientY)));
  group.addEventListener("focus", () => app.touch(j));
  group.addEventListener("keydown", event => onBarKey(event, app, j));
  return (view, tabIndex) => {
    grip.setAttribute("y", rows.weight + rows.tall.weight * (1 - view.weights[j]) - 2);
    showOnly(grip, !view.step.isHidden[j]);
    set(group, {
      tabindex: tabIndex,
      "aria-valuenow": view.step.shownWeights[j],
      "aria-valuetext": view.step.shownWeights[j],
      "aria-disabled": view.step.isHidden[j],
    });
  };
}

/* Mouse or finger: what is pressed follows the pointer until it is let go. */
function listenToDrag(element, onStart, onMove) {
  element.addEventListener("pointerdown", event => {
    if (event.button !== 0) {
      return;
    }
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    element.focus({preventScroll: true});
    onStart(event);
    onMove(event);
  });
  element.addEventListener("pointermove", event => {
    if (element.hasPointerCapture(event.pointerId)) {
      onMove(event);
    }
  });
}

function toggleHidden(app, place) {
  const {changes, step} = app.moment;
  const at = app.scope();
  const inForce = changesOf(changes, step)
    .filter(change => change.kind === "hide" && change.place === place);
  if (inForce.length > 0) {
    app.update({changes: changes.filter(change => !inForce.includes(change)), place});
  } else {
    app.update({changes: withChange(changes, {kind: "hide", step: at, place}), place});
  }
}

function setWeight(app, place, value) {
  const {changes, step} = app.moment;
  const change = {kind: "weight", step, place, value: round(value)};
  if (!app.shownStep().isHidden[place]) {
    app.update({changes: withChange(changes, change), place}, "jump");
  }
}

function onPressKey(event, app, j) {
  const actions = {
    Enter: () => toggleHidden(app, j),
    " ": () => toggleHidden(app, j),
    ArrowLeft: () => focusPlace(app, "press", j - 1),
    ArrowRight: () => focusPlace(app, "press", j + 1),
    ArrowDown: () => focusPlace(app, "bar", j),
  };
  act(event, actions);
}

function onBarKey(event, app, j) {
  const weight = app.shownStep().weights[j];
  const {changes, step} = app.moment;
  const own = {kind: "weight", step, place: j};
  const reset = () => app.update({changes: withoutRival(changes, own)});
  const actions = {
    ArrowUp: () => setWeight(app, j, clamp(weight + NUDGE, 0, 1)),
    ArrowDown: () => setWeight(app, j, clamp(weight - NUDGE, 0, 1)),
    Home: () => setWeight(app, j, 0),
    End: () => setWeight(app, j, 1),
    Delete: reset,
    Backspace: reset,
    h: () => toggleHidden(app, j),
    ArrowLeft: () => focusPlace(app, "bar", j - 1),
    ArrowRight: () => focusPlace(app, "bar", j + 1),
  };
  act(event, actions);
}

/* Do what this key means here, and let nobody else see it. */
function act(event, actions) {
  const action = actions[event.key];
  if (action && !event.ctrlKey && !event.altKey && !event.metaKey) {
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}

/* The word or the bar of this place gets the focus. */
function focusPlace(app, name, j) {
  const hands = app.elements.stage.querySelectorAll(`.${name}`);
  if (j in hands) {
    app.touch(j);
    hands[j].focus();
  }
}


/* ---- the answer: table, likeliest words, colours ---- */

/* The picture beside the machine, or below it, of this width and height. */
function drawExplorerAnswer(parent, sentence, room, app) {
  const below = room.height - 32 - sentence.rivalsDrawn * 27;
  const likeliest = {x: 4, y: below + 12, width: room.width - 8};
  const table = tag(parent, "g", {class: "table"});
  const shows = [
    drawWeights(table, sentence, {width: room.width, height: below - 10}),
    drawLikeliest(parent, sentence, likeliest),
  ];
  makeTable(table, sentence, room, below - 10, app);
  const rivals = [...parent.querySelectorAll(".rival-line")];
  rivals.forEach((line, k) => makeRival(line, likeliest, k, app));
  return view => {
    shows.forEach(show => show(view));
    rivals.forEach((line, k) => nameRival(line, view.step.rivals[k], view, sentence.labels));
  };
}

/* The table that fits: with its rails where words have hues, with all rows where there are many. */
function drawWeights(parent, sentence, room) {
  if (sentence.hued) {
    const rail = clamp(room.width - 104 - 20 * sentence.words.length, 56, 108);
    return drawShortTable(parent, sentence, {other: room.width, rail}, room.height);
  }
  const {labels, colours, words, steps} = sentence;
  write(parent, 4, 12, labels.overview, {anchor: "start", fill: colours.quiet});
  const columnsFit = (room.width - 118) / words.length >= SMALL;
  const head = columnsFit ? Math.min(longestWord(words, SMALL), 110) + 10 : 0;
  const height = room.height - 32 - head;
  const rowsFit = height / steps.length >= KEY_LETTERS;
  const label = rowsFit ? 92 : 0;
  const width = room.width - label - 26;
  const place = {x: label + 14, y: 28 + head, width, height, label};
  if (columnsFit) {
    const cell = {width: Math.min(width / words.length, 40)};
    drawHeader(parent, sentence, {...place, head, upright: true, cell});
  }
  return drawOverview(parent, sentence, place);
}

/* What the colours mean: numbers of a vector, and weights. Gives back its width. */
function drawKey(parent, sentence) {
  const {colours, labels} = sentence;
  const most = sentence.most.toFixed(1);
  const {numbers, weights, ink} = colours;
  const scale = sentence.hued ? [weights[0], ink] : weights;
  const x = drawScale(parent, 2, numbers, [`−${most}`, `${most} ${labels.vectors}`], colours);
  return drawScale(parent, x + 18, scale, ["0", `1 ${labels.inWeights}`], colours);
}

/* A scale of colours from x on, with what stands at its two ends; gives back where it ends. */
function drawScale(parent, start, scale, [low, high], {quiet, pale}) {
  const words = {anchor: "start", fill: quiet, size: KEY_LETTERS};
  const y = KEY_HEIGHT / 2;
  const x = start + lettersWidth(low, KEY_LETTERS) + 4;
  const frame = {x, y: y - 7, width: 52, height: 14};
  const count = 13;
  const width = frame.width / count;
  write(parent, start, y, low, words);
  for (let k = 0; k < count; k += 1) {
    const cell = {...frame, x: x + k * width, width: width + 0.5};
    tag(parent, "rect", {...cell, fill: shade(scale, k / (count - 1))});
  }
  tag(parent, "rect", {...frame, fill: "none", stroke: pale});
  write(parent, x + frame.width + 6, y, high, words);
  return x + frame.width + 6 + lettersWidth(high, KEY_LETTERS);
}

/* The key of the colours beside the headline. */
function renewKey(app) {
  const {key} = app.elements;
  const {unit} = app.room;
  key.replaceChildren();
  const width = drawKey(key, app.sentence);
  set(key, {viewBox: `0 0 ${width} ${KEY_HEIGHT}`, "font-family": FONT});
  set(key, {width: width * unit, height: KEY_HEIGHT * unit});
}

/* The table as one place of the keyboard; a click on a cell goes to its step and word. */
function makeTable(table, sentence, room, height, app) {
  const {labels} = sentence;
  set(table, {tabindex: 0, role: "group", "aria-label": labels.tableTold, "data-name": "table"});
  tag(table, "rect", {x: 1, y: 1, width: room.width - 2, height, class: "ring"});
  table.prepend(table.lastChild);
  table.addEventListener("click", event => {
    const row = event.target.closest("g.row, g.overview-row");
    const cells = row ? [...row.querySelectorAll(".cell")] : [];
    const place = cells.indexOf(event.target);
    if (place >= 0) {
      const rows = [...row.parentElement.querySelectorAll("g.row, g.overview-row")];
      app.goTo(rows.indexOf(row), place);
      focusPlace(app, "bar", place);
    }
  });
  table.addEventListener("keydown", event => onTableKey(event, app, sentence));
}

function onTableKey(event, app, sentence) {
  const {step, place} = app.moment;
  const last = sentence.words.length - 1;
  const move = (toStep, toPlace) => {
    app.goTo(toStep, clamp(toPlace, 0, last));
    app.tell(cellTold(sentence, app.moment));
  };
  const actions = {
    ArrowUp: () => move(step - 1, place),
    ArrowDown: () => move(step + 1, place),
    ArrowLeft: () => move(step, place - 1),
    ArrowRight: () => move(step, place + 1),
    Enter: () => focusPlace(app, "bar", place),
  };
  act(event, actions);
}

function cellTold(sentence, {step, place}) {
  const {word, shownWeights: shown} = sentence.steps[step];
  return sentence.labels.cell(step + 1, word, sentence.words[place].text, shown[place]);
}

/* A likely word as a button: it is said here instead. */
function makeRival(line, place, k, app) {
  const box = {x: place.x, y: place.y + 15 + k * 27, width: place.width, height: 26, rx: 5};
  tag(line, "rect", {...box, class: "ring"});
  set(line, {role: "button", tabindex: 0, "data-name": `rival ${k}`});
  line.addEventListener("click", () => chooseRival(app, k));
  const choose = () => chooseRival(app, k);
  line.addEventListener("keydown", event => act(event, {Enter: choose, " ": choose}));
}

function nameRival(line, rival, view, labels) {
  showOnly(line, rival !== undefined);
  if (rival) {
    set(line, {
      "aria-label": labels.choose(rival.word, rival.shown),
      "aria-pressed": rival.word === view.step.word,
    });
  }
}

/* Say the word of this rank; the word that the model itself would say undoes a choice. */
function chooseRival(app, k) {
  const {changes, step} = app.moment;
  const {likeliest} = app.sentence.trace.steps[step];
  const {word} = app.shownStep().rivals[k];
  const change = {kind: "word", step, word};
  if (word === likeliest[0].word) {
    app.update({changes: withoutRival(changes, change)});
  } else {
    app.update({changes: withChange(changes, change)});
  }
}


/* ---- the rules ---- */

/* One rule: its name, what it says, and its table. */
function drawRule(parent, sentence, room) {
  const {colours, labels, trace} = sentence;
  const look = {anchor: "start", fill: colours.ink};
  write(parent, 4, 14, labels.ruleTitles[sentence.rule], {...look, size: LARGE, weight: "bold"});
  const most = sentence.words.length <= 14 ? 2 : 4;
  const lines = wrapped(trace.words.join(" "), room.width - 8, MEDIUM, most);
  lines.forEach((line, k) => {
    write(parent, 4, 44 + 26 * k, line, {...look, size: MEDIUM, room: room.width - 8});
  });
  const top = 62 + 26 * most;
  const group = tag(parent, "g", {transform: `translate(0 ${top})`, class: "table"});
  return drawWeights(group, sentence, {width: room.width, height: room.height - top});
}

/* Words in lines of this width; what does not fit into `most` lines is "…". */
function wrapped(words, width, size, most) {
  const lines = [""];
  for (const word of words.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (lettersWidth(longer, size) <= width) {
      lines[lines.length - 1] = longer;
    } else if (lines.length < most) {
      lines.push(word);
    } else {
      lines[most - 1] += " …";
      break;
    }
  }
  return lines;
}


/* ---- the map ---- */

/* States and contexts as points in the plane of the states, with lines as thick as the weights. */
function drawMap(parent, sentence, room) {
  const {colours, labels} = sentence;
  const map = mapOf(sentence, {x: 34, y: 66, width: room.width - 44, height: room.height - 104});
  const look = {anchor: "start", fill: colours.ink};
  const title = labels.ruleTitles[sentence.rule];
  write(parent, 4, 14, title, {...look, size: LARGE, weight: "bold"});
  const {one, walk: several} = labels.mapFinding;
  const finding = map.isOnePoint ? one : several(map.contexts.length);
  write(parent, 4, 44, finding, {...look, room: room.width - 8});
  drawFrame(parent, map, sentence, room);
  const lines = sentence.words.map(word => {
    return tag(parent, "line", {stroke: word.hue, "stroke-opacity": 0.55, class: "mixture"});
  });
  const walk = tag(parent, "polyline", {fill: "none", stroke: colours.ink, "stroke-width": 1.5});
  walk.setAttribute("stroke-dasharray", "4 3");
  map.states.forEach(([cx, cy], j) => {
    const {hue} = sentence.words[j];
    tag(parent, "circle", {cx, cy, r: sentence.hued ? 10 : 6, fill: hue, class: "map-state"});
  });
  const diamonds = map.contexts.map(point => drawDiamond(parent, point, 8, colours));
  const now = drawDiamond(parent, map.contexts[0], 13, colours);
  now.setAttribute("fill", colours.now);
  now.setAttribute("stroke", colours.ink);
  const names = tag(parent, "g");
  let named = null;
  return view => {
    const point = mixedPoint(map.states, view.weights, map.contexts[view.at], sentence);
    moveDiamond(now, point, 13);
    lines.forEach((line, j) => {
      const [x2, y2] = map.states[j];
      set(line, {x1: point[0], y1: point[1], x2, y2, "stroke-width": 12 * view.weights[j]});
    });
    const done = map.contexts.slice(0, view.at + 1);
    walk.setAttribute("points", map.isOnePoint ? "" : done.map(at => at.join(",")).join(" "));
    diamonds.forEach((diamond, i) => showOnly(diamond, i < view.at));
    if (named !== view.at) {
      named = view.at;
      names.replaceChildren();
      drawNames(names, map, sentence, view);
    }
  };
}

/* Points of states and contexts, at one scale in both directions, as large as the frame allows. */
function mapOf(sentence, frame) {
  const {trace} = sentence;
  const contexts = trace.steps.map(step => step.context);
  const plane = arithmetic.plane([...trace.states, ...contexts], trace.states);
  const xs = Array.from(plane.x);
  const ys = Array.from(plane.y);
  const edge = 42;
  const width = Math.max(...xs) - Math.min(...xs);
  const height = Math.max(...ys) - Math.min(...ys);
  const scale = Math.min((frame.width - 2 * edge) / (width || 1e-6),
    (frame.height - 2 * edge) / (height || 1e-6), 1e6);
  const middleX = (Math.max(...xs) + Math.min(...xs)) / 2;
  const middleY = (Math.max(...ys) + Math.min(...ys)) / 2;
  const points = xs.map((x, k) => [
    frame.x + frame.width / 2 + (x - middleX) * scale,
    frame.y + frame.height / 2 - (ys[k] - middleY) * scale,
  ]);
  const count = trace.states.length;
  const first = contexts[0];
  const isOnePoint = contexts.every(context => context.every((number, k) => {
    return Math.abs(number - first[k]) < 1e-5;
  }));
  return {
    frame,
    share: plane.share,
    isOnePoint,
    states: points.slice(0, count),
    contexts: points.slice(count),
  };
}

/* Where the context is while its weights slide; a context that is no mixture of states stays. */
function mixedPoint(states, weights, point, sentence) {
  if (sentence.rule === "fixed" && sentence.isBidirectional) {
    return point;
  }
  const mixed = [0, 0];
  states.forEach(([x, y], j) => {
    mixed[0] += weights[j] * x;
    mixed[1] += weights[j] * y;
  });
  return mixed;
}

function drawFrame(parent, map, sentence, room) {
  const {colours, labels} = sentence;
  const {frame} = map;
  tag(parent, "rect", {...frame, fill: "none", stroke: colours.pale});
  const corners = hull(map.states);
  tag(parent, "polygon", {
    points: corners.map(corner => corner.join(",")).join(" "),
    fill: colours.pale,
    "fill-opacity": 0.3,
  });
  const percent = share => `${Math.round(100 * share)}%`;
  const [first, second] = map.share;
  const look = {fill: colours.quiet, room: frame.width};
  const x = frame.x + frame.width / 2;
  const y = frame.y + frame.height / 2;
  const across = first > 0 ? labels.component(1, percent(first)) : labels.single;
  write(parent, x, frame.y + frame.height + 18, across, look);
  const up = {...look, room: frame.height, upright: true};
  write(parent, frame.x - 16, y, second > 0 ? labels.component(2, percent(second)) : "", up);
}

/* The corners of the smallest convex area that holds the points: Andrew's monotone chain. */
function hull(points) {
  const ordered = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const side = some => {
    const corners = [];
    for (const point of some) {
      while (corners.length > 1 && !turnsLeft(corners.at(-2), corners.at(-1), point)) {
        corners.pop();
      }
      corners.push(point);
    }
    return corners.slice(0, -1);
  };
  return [...side(ordered), ...side(ordered.reverse())];
}

function turnsLeft(start, corner, end) {
  const [x1, y1] = [corner[0] - start[0], corner[1] - start[1]];
  const [x2, y2] = [end[0] - corner[0], end[1] - corner[1]];
  return x1 * y2 - y1 * x2 > 0;
}

function drawDiamond(parent, point, radius, colours) {
  const diamond = tag(parent, "path", {
    class: "diamond",
    fill: colours.ink,
    stroke: "white",
    "stroke-width": 2,
  });
  moveDiamond(diamond, point, radius);
  return diamond;
}

function moveDiamond(diamond, [x, y], r) {
  diamond.setAttribute("d", `M${x},${y - r} l${r},${r} l${-r},${r} l${-r},${-r} Z`);
}

/* Names of the states and of the contexts so far, each where it covers least. In a long sentence
   only the states that weigh something now, and the context of this step. */
function drawNames(parent, map, sentence, view) {
  const taken = map.states.map(([x, y]) => boxAround(x, y, 22, 22));
  const put = (words, point, look) => {
    const place = freePlace(map, taken, point, lettersWidth(words, SMALL) + 6);
    taken.push(place);
    const x = place.x + place.width / 2;
    const y = place.y + place.height / 2;
    const line = write(parent, x, y, words, {...look, room: map.frame.width});
    set(line, {"paint-order": "stroke", stroke: "white", "stroke-width": 4});
  };
  const bold = {fill: sentence.colours.ink, weight: "bold"};
  const step = sentence.steps[view.at];
  const last = sentence.steps.length;
  const name = map.isOnePoint && last > 1 ? `c1 … c${last}` : `${step.contextName} ${step.word}`;
  put(name, map.contexts[view.at], bold);
  sentence.words.forEach((word, j) => {
    if (sentence.hued || step.weights[j] > 0.08) {
      put(`h${j + 1} ${shortened(word.text)}`, map.states[j], {fill: word.hue});
    }
  });
  if (sentence.hued && !map.isOnePoint) {
    sentence.steps.slice(0, view.at).slice(-SLOTS).forEach(earlier => {
      const i = sentence.steps.indexOf(earlier);
      put(`${earlier.contextName} ${shortened(earlier.word)}`, map.contexts[i], bold);
    });
  }
}

function boxAround(x, y, width, height) {
  return {x: x - width / 2, y: y - height / 2, width, height};
}

/* The place around a point, within the frame, that lies over the fewest others; near ones first. */
function freePlace(map, taken, [x, y], width) {
  let best = null;
  let least = Infinity;
  for (const distance of [20, 34, 52, 74]) {
    for (let angle = -90; angle < 270; angle += 30) {
      const radians = angle * Math.PI / 180;
      const across = Math.cos(radians) * (distance + width / 2 - 8);
      const place = boxAround(x + across, y + Math.sin(radians) * distance, width, 22);
      const covered = taken.filter(other => overlap(place, other)).length;
      const cost = 100 * covered + distance + (isWithin(place, map.frame) ? 0 : 1000);
      if (cost < least) {
        least = cost;
        best = place;
      }
    }
  }
  return best;
}

function overlap(one, other) {
  return one.x < other.x + other.width && other.x < one.x + one.width
    && one.y < other.y + other.height && other.y < one.y + one.height;
}

function isWithin(box, frame) {
  return box.x >= frame.x && box.x + box.width <= frame.x + frame.width
    && box.y >= frame.y && box.y + box.height <= frame.y + frame.height;
}


/* ---- the stage: what is seen ---- */

/* The room of the stage in units, which are pixels at 1280 × 720. */
function stageRoom(app) {
  const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const {stage} = app.elements;
  const stacked = window.innerWidth <= STACKED;
  return {
    unit,
    stacked,
    width: Math.max(stage.clientWidth, 300) / unit,
    height: stacked ? 520 : Math.max(stage.clientHeight, 300) / unit,
  };
}

/* A picture of this size (in units) in a box of this width, to which it shrinks, down to
   `least` of its size; then it scrolls in the box. */
function addPicture(app, size, width, height, least) {
  const {unit} = app.room;
  const box = part(app.elements.stage, "div", "picture");
  box.style.width = `${width * unit}px`;
  const viewBox = `0 0 ${size.width} ${size.height}`;
  const svg = tag(box, "svg", {viewBox, role: "group", "font-family": FONT});
  const scale = clamp(Math.min(width / size.width, height / size.height), least, 1);
  set(svg, {width: size.width * scale * unit, height: size.height * scale * unit});
  return svg;
}

/* The machine and its answer. Both stay while the words stay; the answer is drawn anew with every
   change, for a change may bring other steps. */
function buildMachine(app) {
  const {room, sentence} = app;
  const share = sentence.hued ? LEFT_SHORT : LEFT_LONG;
  const width = room.stacked ? room.width : share * room.width;
  const layout = machineLayout(sentence, {width, height: room.height});
  const machine = addPicture(app, layout, width, room.height, LEAST_SCALE);
  const rest = room.stacked ? room.width : room.width - width - 13;
  const answerSize = {width: rest, height: room.stacked ? 430 : room.height};
  const answer = addPicture(app, answerSize, rest, answerSize.height, 1);
  const shows = [
    drawExplorerMachine(machine, sentence, layout),
    drawHands(machine, sentence, layout, app),
  ];
  let showAnswer = null;
  const renew = () => {
    const focused = document.activeElement?.closest("[data-name]")?.dataset.name;
    answer.replaceChildren();
    showAnswer = drawExplorerAnswer(answer, app.sentence, answerSize, app);
    answer.querySelector(`[data-name="${focused}"]`)?.focus();
  };
  const show = view => {
    shows.forEach(draw => draw(view));
    showAnswer(view);
    machine.setAttribute("aria-label", told(app.sentence, view.step));
    keepInView(machine.parentElement, view, layout);
  };
  renew();
  return [{sentence: () => app.sentence, renew, motion: mover(app.elements.stage, show)}];
}

/* Where a long picture scrolls in its box, the words that weigh most stay in view. */
function keepInView(box, view, layout) {
  if (box.scrollWidth <= box.clientWidth || box.matches(":hover, :focus-within")) {
    return;
  }
  let place = 0;
  view.weights.forEach((weight, j) => {
    place += weight * middle(layout, j);
  });
  box.scrollLeft = place / layout.width * box.scrollWidth - box.clientWidth / 2;
}

/* A panel for each rule, drawn by `draw`, all of them anew with every change. */
function buildPanels(app, draw) {
  const {room} = app;
  const rules = Object.keys(app.data.models);
  const columns = room.stacked ? 1 : Math.min(rules.length, 3);
  const rowCount = room.stacked ? 1 : Math.ceil(rules.length / columns);
  const width = (room.width - 13 * (columns - 1)) / columns;
  const height = room.stacked ? 400 : room.height / rowCount - 6;
  app.elements.stage.classList.toggle("wraps", rowCount > 1);
  return rules.map(rule => {
    const svg = addPicture(app, {width, height}, width, height, 1);
    const panel = {sentence: () => app.sentenceOf(rule)};
    let show = null;
    panel.renew = () => {
      svg.replaceChildren();
      show = draw(svg, panel.sentence(), {width, height});
    };
    panel.motion = mover(app.elements.stage, view => {
      show(view);
      svg.setAttribute("aria-label", told(panel.sentence(), view.step));
    });
    panel.renew();
    return panel;
  });
}

/* What a step does, for those who cannot see it. */
function told(sentence, step) {
  const weights = sentence.words.map((word, j) => `${word.text} ${step.shownWeights[j]}`);
  return `${sentence.labels.ruleTitles[sentence.rule]}: ${step.word}. ${weights.join(", ")}.`;
}

/* Bring the stage up to date: the same pictures where the words and the room are the same. */
function renewStage(app, how) {
  const {moment, elements} = app;
  const key = JSON.stringify([moment.view, moment.language, moment.rule, app.words, app.room]);
  const isNew = key !== app.stageKey;
  if (isNew) {
    elements.stage.replaceChildren();
    app.panels = buildStage(app);
    app.stageKey = key;
  } else {
    app.panels.forEach(panel => panel.renew());
  }
  showStep(app, isNew ? "jump" : how);
}

function buildStage(app) {
  app.elements.stage.classList.remove("wraps");
  switch (app.moment.view) {
    case "rules": return buildPanels(app, drawRule);
    case "map": return buildPanels(app, drawMap);
    default: return buildMachine(app);
  }
}

/* All panels go to the step of the moment, or as near to it as they have steps. */
function showStep(app, how) {
  for (const panel of app.panels) {
    const sentence = panel.sentence();
    const at = clamp(app.moment.step, 0, sentence.steps.length - 1);
    panel.motion[how](viewOf(sentence, at));
  }
}


/* ---- words: what a change did, in one line ---- */

function nameOfChange(app, change) {
  const {labels} = app;
  const where = change.step === null ? labels.everywhere : labels.at(change.step + 1);
  const word = visible(app.words[change.place] ?? `h${change.place + 1}`);
  switch (change.kind) {
    case "hide": return labels.changed.hide(word, where);
    case "weight": return labels.changed.weight(word, where, change.value.toFixed(2));
    case "temperature": return labels.changed.temperature(change.value.toFixed(2), where);
    default: return labels.changed.word(visible(change.word), where);
  }
}

function nameOfEffect(app, change, effect) {
  const {labels} = app;
  if (effect === null || effect.ignored) {
    return labels.nothing;
  }
  const [from, to] = [effect.from.toFixed(2), effect.to.toFixed(2)];
  if (change.kind === "word") {
    return effect.instead === null
      ? labels.alreadyChosen(from)
      : labels.chosen(effect.chosen.toFixed(2), effect.word, from);
  }
  const at = change.step === null ? labels.atStep(effect.step + 1) : "";
  const instead = effect.instead === null ? "" : labels.instead(effect.instead);
  return wayOf(labels, effect.word, from, to) + instead + at;
}

function wayOf(labels, word, from, to) {
  if (from === to) {
    return labels.stays(word, from);
  }
  return Number(to) < Number(from) ? labels.falls(word, from, to) : labels.rises(word, from, to);
}

/* "love hidden at step 3: aime falls from 0.89 to 0.15" */
function lineOf(app, k) {
  const change = app.moment.changes[k];
  const effect = effectOf(app.model, app.translate, app.words, app.moment.changes, k);
  return {name: nameOfChange(app, change), effect: nameOfEffect(app, change, effect)};
}


/* ---- the page: fixed words ---- */

/* Every label of the page in the language of the moment. */
function renewLabels(app) {
  const {labels, moment} = app;
  document.documentElement.lang = moment.language;
  for (const element of document.querySelectorAll("[data-label]")) {
    element.textContent = labels[element.dataset.label];
  }
  for (const element of document.querySelectorAll("[data-told]")) {
    const words = labels[element.dataset.told];
    element.setAttribute("aria-label", words);
    if (element.matches("button")) {
      element.title = words;
    }
  }
  app.elements.sentence.placeholder = labels.placeholder;
  app.elements.note.textContent = app.data.note?.[moment.language] ?? app.data.note?.en ?? "";
}

/* A choice among the rules of the page's models. */
function buildRules(app) {
  const {rule: box} = app.elements;
  for (const rule of Object.keys(app.data.models)) {
    const label = part(box, "label", "");
    const input = part(label, "input", "");
    set(input, {type: "radio", name: "rule", value: rule});
    part(label, "span", "").dataset.rule = rule;
    input.addEventListener("change", () => app.update({rule}));
  }
}

function renewRules(app) {
  for (const input of app.elements.rule.querySelectorAll("input")) {
    input.checked = input.value === app.moment.rule;
    input.nextElementSibling.textContent = app.labels.ruleNames[input.value];
  }
  app.elements.rule.hidden = Object.keys(app.data.models).length < 2;
}


/* ---- the page: what is asked ---- */

/* The field: it translates as one types, and completes the word at the caret. */
function buildField(app) {
  const {sentence: field} = app.elements;
  let timer = null;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(app, field.value), QUICK);
    offerCompletions(app);
  });
  field.addEventListener("blur", () => closeCompletions(app));
  field.addEventListener("keydown", event => onFieldKey(event, app));
}

/* Another sentence: the changes were made to the one before. */
function ask(app, sentence) {
  const same = arithmetic.tokenize(sentence).join(" ") === app.words.join(" ");
  if (same) {
    app.update({sentence});
  } else {
    app.update({sentence, changes: [], step: 0, place: 0}, "jump");
  }
}

/* Show this sentence, untouched, from its first step on. */
function bring(app, sentence, view = app.moment.view) {
  app.update({sentence, view, changes: [], step: 0, place: 0}, "jump");
}

/* The letters of the word that ends at the caret. */
function wordAtCaret(field) {
  const before = field.value.slice(0, field.selectionStart);
  return before.match(/\S*$/)[0];
}

function offerCompletions(app) {
  const {sentence: field, completions: list} = app.elements;
  const beginning = wordAtCaret(field).toLowerCase();
  list.replaceChildren();
  const found = beginning ? arithmetic.completions(app.model, beginning, COMPLETIONS + 1) : [];
  found.filter(word => word !== beginning).slice(0, COMPLETIONS).forEach((word, k) => {
    const item = part(list, "li", "", word);
    set(item, {role: "option", id: `completion-${k}`, "aria-selected": false});
    item.addEventListener("pointerdown", event => {
      event.preventDefault();
      complete(app, word);
    });
  });
  list.hidden = list.children.length === 0;
  field.setAttribute("aria-expanded", !list.hidden);
  field.removeAttribute("aria-activedescendant");
}

function closeCompletions(app) {
  const {sentence: field, completions: list} = app.elements;
  list.hidden = true;
  field.setAttribute("aria-expanded", false);
  field.removeAttribute("aria-activedescendant");
}

/* Put the whole word in the place of its beginning. */
function complete(app, word) {
  const {sentence: field} = app.elements;
  const end = field.selectionStart;
  const start = end - wordAtCaret(field).length;
  field.setRangeText(`${word} `, start, end, "end");
  closeCompletions(app);
  ask(app, field.value);
}

function onFieldKey(event, app) {
  const {completions: list} = app.elements;
  const items = [...list.children];
  const at = items.findIndex(item => item.getAttribute("aria-selected") === "true");
  event.stopPropagation();
  if (list.hidden || items.length === 0) {
    act(event, {PageUp: () => app.goTo(app.moment.step - 1),
                PageDown: () => app.goTo(app.moment.step + 1)});
    return;
  }
  const take = () => complete(app, items[Math.max(at, 0)].textContent);
  const actions = {
    ArrowDown: () => selectCompletion(app, items, (at + 1) % items.length),
    ArrowUp: () => selectCompletion(app, items, (at - 1 + items.length) % items.length),
    Escape: () => closeCompletions(app),
  };
  if (at >= 0) {
    actions.Enter = take;
    actions.Tab = take;
  }
  act(event, actions);
}

function selectCompletion(app, items, chosen) {
  items.forEach((item, k) => item.setAttribute("aria-selected", k === chosen));
  app.elements.sentence.setAttribute("aria-activedescendant", items[chosen].id);
}

/* Buttons for sentences of each kind, taken in turn from where chance begins. */
function buildExamples(app) {
  for (const button of app.elements.examples.children) {
    const sentences = app.data.examples[button.dataset.example] ?? [];
    let next = Math.floor(Math.random() * sentences.length);
    button.hidden = sentences.length === 0;
    button.addEventListener("click", () => {
      const other = sentences[next] === app.moment.sentence ? next + 1 : next;
      bring(app, sentences[other % sentences.length]);
      next = (other + 1) % sentences.length;
    });
  }
}

/* Unknown words, each with the known ones nearest in spelling. */
function renewNotice(app) {
  const {notice} = app.elements;
  const {labels} = app;
  notice.replaceChildren();
  if (app.tooLong) {
    part(notice, "span", "", labels.tooLong(MOST_WORDS));
  }
  const unknown = app.words.filter(word => !arithmetic.knows(app.model, word));
  for (const word of [...new Set(unknown)].slice(0, 3)) {
    part(notice, "span", "", labels.unknown(shortened(visible(word))));
    const near = nearWords(app, word);
    if (near.length > 0) {
      part(notice, "span", "", labels.nearest);
    }
    for (const known of near) {
      const button = part(notice, "button", "", known);
      button.type = "button";
      button.addEventListener("click", () => replaceWord(app, word, known));
    }
  }
  notice.hidden = notice.children.length === 0;
}

/* Known words near this one; a very long one is near to none. */
function nearWords(app, word) {
  if (word.length > 30) {
    return [];
  }
  const near = arithmetic.nearest(app.model, word, 3 * NEAREST);
  return near.filter(known => /\p{L}/u.test(known)).slice(0, NEAREST);
}

function replaceWord(app, word, known) {
  const words = app.words.map(other => other === word ? known : other);
  app.elements.sentence.focus();
  ask(app, words.join(" "));
}


/* ---- the page: what is said ---- */

/* A chip for each word of the translation: those to come are pale, and those that the changes have
   brought are underlined. */
function renewSaid(app) {
  const {said} = app.elements;
  const {step} = app.moment;
  const untouched = app.untouched.steps;
  const focused = [...said.children].indexOf(document.activeElement);
  said.replaceChildren();
  app.sentence.steps.forEach(({word}, i) => {
    const chip = part(said, "button", "", word);
    chip.type = "button";
    chip.classList.toggle("later", i > step);
    chip.classList.toggle("now", i === step);
    chip.classList.toggle("changed", untouched[i]?.word !== word);
    chip.setAttribute("aria-current", i === step ? "step" : "false");
    chip.addEventListener("click", () => app.goTo(i));
  });
  said.children[focused]?.focus();
  const chip = said.children[step];
  said.scrollLeft = chip.offsetLeft - said.offsetLeft - said.clientWidth / 2;
}

function renewHeadline(app) {
  const [title, recipe] = app.elements.headline.children;
  const count = app.sentence.steps.length;
  const step = app.shownStep();
  title.textContent = app.labels.headline(app.moment.step + 1, count, step.word);
  recipe.textContent = recipeOf(step, app.sentence);
}


/* ---- the page: steps, temperature, views ---- */

function buildSteps(app) {
  const {elements, actions} = app;
  for (const name of ["first", "back", "play", "next", "last"]) {
    elements[name].addEventListener("click", actions[name]);
  }
  elements.steps.addEventListener("input", () => app.goTo(Number(elements.steps.value) - 1));
  elements.temperature.addEventListener("input", () => setTemperature(app));
  elements["undo-all"].addEventListener("click", () => undoAll(app));
  elements.language.addEventListener("click", () => {
    app.update({language: app.moment.language === "ko" ? "en" : "ko"}, "jump");
  });
  for (const tab of elements.views.children) {
    tab.addEventListener("click", () => app.update({view: tab.dataset.view}, "jump"));
  }
  elements.views.addEventListener("keydown", event => onTabKey(event, app));
}

/* The arrow keys go from tab to tab. */
function onTabKey(event, app) {
  const at = VIEWS.indexOf(app.moment.view);
  const show = to => {
    const tab = (to + VIEWS.length) % VIEWS.length;
    app.update({view: VIEWS[tab]}, "jump");
    app.elements.views.children[tab].focus();
  };
  act(event, {ArrowLeft: () => show(at - 1), ArrowRight: () => show(at + 1)});
}

/* The slider goes from 0.1 to 10; its middle is 1, where nothing is changed. */
function setTemperature(app) {
  const value = round(10 ** Number(app.elements.temperature.value));
  const change = {kind: "temperature", step: app.scope(), value};
  const {changes} = app.moment;
  const others = withoutRival(changes, change);
  app.update({changes: value === 1 ? others : withChange(changes, change)}, "jump");
}

function renewSteps(app) {
  const {elements, labels, moment, sentence} = app;
  const count = app.stepCount();
  elements.steps.max = count;
  elements.steps.value = moment.step + 1;
  const word = sentence.steps[moment.step]?.word ?? "";
  elements.steps.setAttribute("aria-valuetext", labels.headline(moment.step + 1, count, word));
  elements.play.textContent = app.timer === null ? labels.play : labels.pause;
  for (const name of ["first", "back"]) {
    elements[name].setAttribute("aria-disabled", moment.step === 0);
  }
  for (const name of ["next", "last"]) {
    elements[name].setAttribute("aria-disabled", moment.step === count - 1);
  }
  const temperature = temperatureAt(moment.changes, moment.step);
  if (document.activeElement !== elements.temperature) {
    elements.temperature.value = Math.log10(temperature);
  }
  elements.temperature.setAttribute("aria-valuetext", temperature.toFixed(2));
  elements.temperature.nextElementSibling.textContent = temperature.toFixed(2);
  for (const tab of elements.views.children) {
    const isShown = tab.dataset.view === moment.view;
    set(tab, {"aria-selected": isShown, tabindex: isShown ? 0 : -1});
  }
}


/* ---- the page: changes and questions ---- */

function renewChanges(app) {
  const {changes: list, "undo-all": all} = app.elements;
  const {labels} = app;
  const {changes} = app.moment;
  list.replaceChildren();
  all.hidden = changes.length === 0;
  if (changes.length === 0) {
    part(list, "li", "quiet", labels.noChanges);
  }
  for (let k = changes.length - 1; k >= 0; k -= 1) {
    const {name, effect} = lineOf(app, k);
    const item = part(list, "li", "change");
    const button = part(item, "button", "", labels.undo);
    button.type = "button";
    button.setAttribute("aria-label", labels.undoTold(name));
    button.addEventListener("click", () => undo(app, k, name));
    part(item, "span", "", `${name}: ${effect}`);
  }
}

function undo(app, k, name) {
  app.update({changes: app.moment.changes.filter((_, other) => other !== k)});
  app.tell(app.labels.undone(name));
  const left = app.elements.changes.querySelector("button");
  (left ?? app.elements.steps).focus();
}

function undoAll(app) {
  app.update({changes: []});
  app.tell(app.labels.allUndone);
  app.elements.steps.focus();
}

/* Small tasks; each is a button that brings its sentence, and notices when it is done. */
function renewQuestions(app) {
  const {questions: list} = app.elements;
  const {labels, data} = app;
  list.replaceChildren();
  if (data.questions.length === 0) {
    part(list, "li", "quiet", labels.noQuestions);
  }
  data.questions.forEach((question, k) => {
    if (!app.answered.has(k) && isAnswered(question, app.words, app.sentence.trace,
      app.moment.changes)) {
      app.answered.add(k);
      app.news.push(labels.answered);
    }
    const item = part(list, "li", app.answered.has(k) ? "done" : "");
    const button = part(item, "button", "", askOf(question, app));
    button.type = "button";
    button.addEventListener("click", () => {
      bring(app, question.sentence, "machine");
    });
    if (app.answered.has(k)) {
      part(item, "strong", "", labels.answered);
    }
  });
}

function askOf(question, {labels, moment}) {
  const {ask: words, sentence, say: word, lose} = question;
  if (words?.[moment.language]) {
    return words[moment.language];
  }
  return lose ? labels.askLose(sentence, lose) : labels.askSay(sentence, word);
}


/* ---- saving ---- */

/* What is seen, as one SVG: the headline, and the pictures where they stand. */
function seenAsSvg(app) {
  const {stage, headline} = app.elements;
  const {unit} = app.room;
  const place = stage.getBoundingClientRect();
  const top = 74;
  const boxes = [...stage.querySelectorAll(".picture")];
  const right = Math.max(...boxes.map(box => box.getBoundingClientRect().left
    + Number(box.firstChild.getAttribute("width"))));
  const bottom = Math.max(...boxes.map(box => box.firstChild.getBoundingClientRect().bottom));
  const width = Math.ceil((right - place.left) / unit) + 16;
  const height = Math.ceil((bottom - place.top) / unit) + top + 8;
  const whole = document.createElementNS(SVG, "svg");
  set(whole, {xmlns: SVG, viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT});
  tag(whole, "rect", {width, height, fill: "white"});
  const look = {anchor: "start", fill: app.data.colours.ink, room: width - 16};
  const title = `${visible(app.words.join(" "))} → ${app.sentence.trace.words.join(" ")}`;
  write(whole, 8, 20, title, {...look, size: LARGE, weight: "bold"});
  write(whole, 8, 50, headline.textContent.replace(/\s+/g, " ").trim(), {...look, size: MEDIUM});
  for (const box of boxes) {
    const copy = box.firstChild.cloneNode(true);
    const from = box.getBoundingClientRect();
    set(copy, {
      x: (from.left - place.left) / unit + 8,
      y: (from.top - place.top) / unit + top,
      width: box.firstChild.getAttribute("width") / unit,
      height: box.firstChild.getAttribute("height") / unit,
    });
    copy.querySelectorAll(".ring, title").forEach(element => element.remove());
    whole.append(copy);
  }
  return {text: new XMLSerializer().serializeToString(whole), width, height};
}

function saveSvg(app) {
  const {text} = seenAsSvg(app);
  save(app, new Blob([text], {type: "image/svg+xml"}), "svg");
}

/* The browser itself draws the SVG, at twice its size. */
async function savePng(app) {
  const {text, width, height} = seenAsSvg(app);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * width;
  canvas.height = 2 * height;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob(blob => save(app, blob, "png"), "image/png");
}

function save(app, blob, kind) {
  const link = document.createElement("a");
  const words = app.words.join("-").replace(/[^\p{L}\p{N}-]/gu, "").slice(0, 40);
  link.download = `attention-${words || "sentence"}-${app.moment.step + 1}.${kind}`;
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  app.tell(app.labels.saved(link.download));
}


/* ---- keys ---- */

/* Keys that mean a step, wherever the focus is but in a field, a slider or a choice. */
function listenToKeys(app) {
  const {actions} = app;
  const keys = {
    ArrowLeft: actions.back,
    ArrowRight: actions.next,
    PageUp: actions.back,
    PageDown: actions.next,
    Home: actions.first,
    End: actions.last,
    " ": actions.play,
  };
  document.addEventListener("keydown", event => {
    const focused = document.activeElement ?? document.body;
    const ownKey = focused.matches("input") || event.shiftKey;
    const presses = event.key === " " && focused.matches("button, [role=button]");
    if (!ownKey && !presses) {
      act(event, keys);
    }
  });
}


/* ---- all of it ---- */

const IDS = ["sentence", "completions", "examples", "views", "language", "notice", "said",
  "headline", "key", "stage", "empty", "first", "back", "play", "next", "last", "steps",
  "temperature", "scope", "changes", "undo-all", "questions", "note", "told", "save-svg",
  "save-png"];

function elementsOf() {
  const elements = {main: document.getElementById("explorer")};
  for (const id of IDS) {
    elements[id] = document.getElementById(id);
  }
  elements.rule = document.getElementById("choice-of-rule");
  return elements;
}

/* The page's address behind "#". In a notebook the page has none: then nothing is remembered. */
function readAddress() {
  try {
    return location.hash.slice(1);
  } catch {
    return "";
  }
}

function rememberAddress(moment) {
  if (location.protocol === "about:") {
    return;
  }
  try {
    history.replaceState(null, "", `#${addressOf(moment)}`);
  } catch {
    /* a page that may not have an address works without it */
  }
}

/* The language that the address, or else the reader's browser, asks for. */
function usualLanguage() {
  const asked = new URLSearchParams(location.search).get("lang") ?? navigator.language ?? "en";
  return asked.startsWith("ko") ? "ko" : "en";
}

function startExplorer() {
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const rules = Object.keys(data.models);
  const usual = {
    sentence: data.sentence,
    rule: data.main,
    view: "machine",
    language: usualLanguage(),
  };
  const app = {
    data,
    elements: elementsOf(),
    moment: momentOf(readAddress(), usual, rules),
    answered: new Set(),
    news: [],
    timer: null,
    models: {},
    translators: {},
    stageKey: null,
    panels: [],
    words: [],
  };
  addMethods(app);
  app.actions = actionsOf(app);
  dress(app);
  buildRules(app);
  buildField(app);
  buildExamples(app);
  buildSteps(app);
  app.elements["save-svg"].addEventListener("click", () => saveSvg(app));
  app.elements["save-png"].addEventListener("click", () => savePng(app));
  listenToKeys(app);
  app.elements.main.hidden = false;
  renew(app, "jump");
  new ResizeObserver(() => renewRoom(app)).observe(app.elements.stage);
  window.addEventListener("resize", () => renewRoom(app));
  window.addEventListener("hashchange", () => {
    app.update(momentOf(readAddress(), usual, rules), "jump");
  });
}

/* The colours of the page. */
function dress(app) {
  const root = document.documentElement;
  root.style.setProperty("--font", FONT);
  for (const [name, colour] of Object.entries(app.data.colours)) {
    root.style.setProperty(`--${name}`, colour);
  }
}

/* What the parts of the page ask `app` for. */
function addMethods(app) {
  /* Change the moment, and all that follows from it. */
  app.update = (changed, how = "slide") => {
    Object.assign(app.moment, changed);
    renew(app, how);
    if (changed.changes) {
      tellChange(app);
    }
  };
  app.goTo = (step, place = app.moment.place) => {
    stopPlaying(app);
    moveTo(app, step, place);
  };
  app.touch = place => {
    app.moment.place = place;
    app.elements.stage.querySelectorAll(".press, .bar").forEach(hand => {
      const hands = hand.parentElement.querySelectorAll(`.${hand.getAttribute("class")}`);
      hand.setAttribute("tabindex", hands[place] === hand ? 0 : -1);
    });
  };
  app.shownStep = () => app.sentence.steps[app.moment.step] ?? app.sentence.steps.at(-1);
  app.scope = () => {
    const everywhere = app.elements.scope.querySelector("input:checked").value === "every";
    return everywhere ? null : app.moment.step;
  };
  app.tell = words => {
    app.elements.told.textContent = words;
  };
  app.modelOf = rule => {
    app.models[rule] ??= arithmetic.unpack(app.data.models[rule], app.data.models);
    return app.models[rule];
  };
  app.translatorOf = rule => {
    app.translators[rule] ??= translator(app.modelOf(rule));
    return app.translators[rule];
  };
  app.sentenceOf = rule => {
    const isMain = rule === app.moment.rule;
    return isMain ? app.sentence : madeSentence(app, rule, []);
  };
  app.stepCount = () => Math.max(...app.panels.map(panel => panel.sentence().steps.length));
}

/* A sentence as picture.js draws it, with what the hands have changed at each of its steps. */
function madeSentence(app, rule, changes) {
  const trace = app.translatorOf(rule)(app.words, changes);
  const sentence = sentenceOf(trace, rule, app.data.colours, app.labels);
  sentence.isBidirectional = app.data.models[rule].bidirectional;
  sentence.steps.forEach((step, i) => {
    step.isHidden = app.words.map((_, j) => isHidden(changes, i, j));
    step.isSet = app.words.map((_, j) => isSet(changes, i, j));
    step.temperature = temperatureAt(changes, i);
    step.earlier = sentence.steps.slice(0, i);
  });
  return sentence;
}

/* Everything that follows from the moment. */
function renew(app, how) {
  const {moment, elements} = app;
  app.labels = LABELS[moment.language];
  app.model = app.modelOf(moment.rule);
  app.translate = app.translatorOf(moment.rule);
  const tokens = arithmetic.tokenize(moment.sentence);
  app.words = tokens.slice(0, MOST_WORDS);
  app.tooLong = tokens.length > MOST_WORDS;
  renewLabels(app);
  renewRules(app);
  if (elements.sentence.value !== moment.sentence) {
    elements.sentence.value = moment.sentence;
  }
  const isEmpty = app.words.length === 0;
  elements.main.classList.toggle("nothing", isEmpty);
  elements.empty.hidden = !isEmpty;
  renewNotice(app);
  if (isEmpty) {
    showNothing(app);
    return;
  }
  app.untouched = app.translate(app.words, []);
  app.sentence = madeSentence(app, moment.rule, moment.changes);
  moment.place = clamp(moment.place, 0, app.words.length - 1);
  app.room = stageRoom(app);
  moment.step = clamp(moment.step, 0, stepLimit(app) - 1);
  renewStage(app, how);
  renewSaid(app);
  renewHeadline(app);
  renewKey(app);
  renewSteps(app);
  renewChanges(app);
  renewQuestions(app);
  rememberAddress(moment);
}

/* How many steps there are to go to: in the views of all rules those of the longest. */
function stepLimit(app) {
  if (app.moment.view === "machine") {
    return app.sentence.steps.length;
  }
  const counts = Object.keys(app.data.models).map(rule => app.sentenceOf(rule).steps.length);
  return Math.max(...counts);
}

/* The field is empty: nothing to see, and nothing to be touched. */
function showNothing(app) {
  stopPlaying(app);
  app.elements.stage.replaceChildren();
  app.elements.said.replaceChildren();
  app.stageKey = null;
  app.panels = [];
}

/* A larger or smaller window: the pictures are laid out anew. */
function renewRoom(app) {
  if (app.words.length > 0 && JSON.stringify(stageRoom(app)) !== JSON.stringify(app.room)) {
    app.room = stageRoom(app);
    renewStage(app, "jump");
  }
}

/* Only the step has changed. */
function moveTo(app, step, place) {
  if (app.words.length === 0) {
    return;
  }
  app.moment.step = clamp(step, 0, app.stepCount() - 1);
  app.moment.place = place;
  showStep(app, "slide");
  renewSaid(app);
  renewHeadline(app);
  renewSteps(app);
  rememberAddress(app.moment);
  app.tell(app.elements.headline.textContent);
}

/* The last change, and what it did; and whether it answered a question. */
function tellChange(app) {
  const count = app.moment.changes.length;
  if (count > 0 && app.words.length > 0) {
    const {name, effect} = lineOf(app, count - 1);
    app.tell([`${name}: ${effect}`, ...app.news].join(" "));
  }
  app.news = [];
}

function actionsOf(app) {
  return {
    first: () => app.goTo(0),
    back: () => app.goTo(app.moment.step - 1),
    next: () => app.goTo(app.moment.step + 1),
    last: () => app.goTo(Infinity),
    play: () => (app.timer === null ? startPlaying(app) : stopPlaying(app)),
  };
}

function startPlaying(app) {
  if (app.words.length === 0) {
    return;
  }
  app.timer = setInterval(() => playOn(app), STAY);
  const isLast = app.moment.step === app.stepCount() - 1;
  moveTo(app, isLast ? 0 : app.moment.step + 1, app.moment.place);
}

function playOn(app) {
  moveTo(app, app.moment.step + 1, app.moment.place);
  if (app.moment.step === app.stepCount() - 1) {
    stopPlaying(app);
  }
}

function stopPlaying(app) {
  clearInterval(app.timer);
  app.timer = null;
  if (app.panels.length > 0) {
    renewSteps(app);
  }
}
