/* The machine of the explorer: one step of a translation, and the hands on it.

   In this file, from top to bottom:
     layout       where things stand
     the machine  one step, from the words in to the word out, made of the parts in picture.js
     the hands    bars to be dragged and words to be hidden, by mouse, finger and key
     the answer   table of weights, likeliest words, what the colours mean

   A picture is drawn by a function that gives back another, which shows a view; both know a
   sentence as sentence.js makes it. What the hands change they tell `app`: see explorer.js. */

const NUDGE = 0.05;         /* what an arrow key adds to a weight */
const SLOTS = 6;            /* so many earlier contexts are drawn at most */
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
  const pitch = 50;
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
  const word = write(group, x, bottom + 32, "", {fill: ink, room: 47});
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
  onCellClick(table, (step, place) => {
    app.goTo(step, place);
    focusPlace(app, "bar", place);
  });
  table.addEventListener("keydown", event => onTableKey(event, app, sentence));
}

/* Whenever a cell of the tables in `parent` is clicked: `act` gets its step and its place. */
function onCellClick(parent, act) {
  parent.addEventListener("click", event => {
    const row = event.target.closest("g.row, g.overview-row");
    const cells = row ? [...row.querySelectorAll(".cell")] : [];
    const place = cells.indexOf(event.target);
    if (place >= 0) {
      const rows = [...row.parentElement.querySelectorAll("g.row, g.overview-row")];
      act(rows.indexOf(row), place);
    }
  });
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
