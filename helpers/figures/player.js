/* The step player: one translated sentence, step by step, and everything between two steps.

   In this file, from top to bottom:
     layout       where things stand, in units of the picture
     drawing      the two pictures, made of the parts in picture.js
     its page     words said, pictures, buttons
     keys         which of them are meant for this player
     all of it    the step that is shown, and time

   The words that a reader sees stand in labels.js, what it draws with in picture.js; a `sentence`
   is what player.py writes. Comments are of this kind only, as there. */

const WIDTH = 1280;     /* of the two pictures together */
const SMALLEST = 0.6;   /* the picture of a long sentence shrinks to this share, then it scrolls */
const NARROW = 600;     /* a page narrower than this gets narrower columns */


/* ---- layout ---- */

/* Where things stand. Where every word has its hue, the machine stands beside the table, with all
   its wires. In a longer sentence the words take the whole width, a narrow column each; the table
   continues these columns and shows as many rows as fit, the last ones; an overview beside it shows
   all rows. Columns never get narrower than letters are high. */
function layoutOf(sentence, narrow) {
  return sentence.hued ? shortLayout(sentence, narrow) : longLayout(sentence);
}

function shortLayout(sentence, narrow) {
  const count = sentence.words.length;
  const pitch = clamp(560 / count, 70, narrow ? 84 : 126);
  const longest = longestWord(sentence.words, MEDIUM);
  const upright = longest > pitch - 8;
  const left = 96;
  const columns = left + count * pitch;
  const width = columns + 254;
  const rows = rowsOfMachine({
    word: upright ? longest + 12 : 40,
    name: 26,
    state: 84,
    wires: 60,
    score: 32,
    scoreNumber: 28,
    weight: 64,
    weightNumber: 26,
    times: 34,
    productName: 34,
  });
  return {
    short: true,
    upright,
    uprightNumbers: false,
    scoreNumbers: true,
    pitch,
    left,
    rows,
    vector: 30,
    width,
    height: rows.end,
    other: WIDTH - width,
    context: columns + 56,
    query: width - 58,
  };
}

function longLayout(sentence) {
  const count = sentence.words.length;
  const left = 118;
  const pitch = Math.max(770 / count, SMALL + 1);
  const longest = longestWord(sentence.words, MEDIUM);
  const upright = longest > pitch - 8;
  const scoreNumbers = pitch >= 60;
  const uprightNumbers = pitch < 50;
  const columns = left + count * pitch;
  const rows = rowsOfMachine({
    word: upright ? Math.max(longest, 44) : 44,
    name: 10,
    state: 60,
    wires: 8,
    score: 30,
    scoreNumber: scoreNumbers ? 30 : 6,
    weight: 60,
    weightNumber: uprightNumbers ? 50 : 28,
    times: 2,
    productName: 8,
  });
  const cell = {width: pitch, height: 24, line: 0.5};
  const table = {x: left, y: rows.end + 6, label: left, rail: 122, window: 9, cell};
  return {
    short: false,
    upright,
    uprightNumbers,
    scoreNumbers,
    pitch,
    left,
    rows,
    table,
    vector: Math.min(30, pitch - 4),
    width: columns + 128,
    height: table.y + table.window * cell.height + 4,
    other: 262,
    context: columns + 50,
    query: columns + 50,
  };
}


/* ---- drawing: the machine ---- */

function drawMachine(parent, sentence, layout) {
  drawRowNames(parent, sentence, layout);
  drawSoftmax(parent, sentence, layout);
  if (layout.short) {
    drawStateWire(parent, sentence, layout);
  }
  const shows = [drawQuery(parent, sentence, layout)];
  sentence.words.forEach((word, j) => {
    shows.push(drawColumn(parent, sentence, layout, j));
  });
  shows.push(drawContext(parent, sentence, layout));
  if (layout.short) {
    shows.push(drawDecoder(parent, sentence, layout));
  } else {
    shows.push(drawTable(parent, sentence, layout.table));
  }
  return view => shows.forEach(show => show(view));
}

/* The state goes down into the decoder. */
function drawStateWire(parent, sentence, layout) {
  const {rows, query: x} = layout;
  const colour = sentence.colours.recurrence;
  drawWire(parent, [[x, rows.wires], [x, rows.productMiddle - 25]], {colour});
}

/* The decoder cell: context, state and the word before go in; a word comes out, to the right. */
function drawDecoder(parent, sentence, layout) {
  const {ink, context, quiet} = sentence.colours;
  const x = layout.query;
  const y = layout.rows.productMiddle;
  const box = {x: x - 44, y: y - 24, width: 88, height: 48, rx: 8};
  tag(parent, "rect", {...box, fill: "white", stroke: ink, "stroke-width": 2});
  write(parent, x, y, sentence.labels.decoder, {fill: ink, room: 80});
  drawWire(parent, [[layout.context + 76, y], [x - 45, y]], {colour: context, width: 4});
  drawWire(parent, [[x, y + 46], [x, y + 25]], {colour: quiet});
  drawWire(parent, [[x + 45, y], [layout.width - 2, y]], {colour: quiet});
  const look = {size: MEDIUM, fill: ink, room: 108, as: "before"};
  const before = drawNumber(parent, x, y + 58, look);
  return view => before(shortened(view.step.before), view.fade);
}


/* ---- drawing: the second picture, beside the machine or below it ---- */

function drawAnswer(parent, sentence, layout) {
  const below = layout.height - 28 - sentence.rivalsDrawn * 27;
  const answer = {x: 8, y: below, width: layout.other - 12};
  const table = layout.short ? drawShortTable : drawLongOverview;
  const shows = [
    table(parent, sentence, layout, below - 24),
    drawLikeliest(parent, sentence, answer),
  ];
  return view => shows.forEach(show => show(view));
}

function drawLongOverview(parent, sentence, layout, height) {
  write(parent, 8, 12, sentence.labels.overview, {anchor: "start", fill: sentence.colours.quiet});
  const place = {x: 20, y: 30, width: layout.other - 32, height: height - 36};
  return drawOverview(parent, sentence, place);
}


/* ---- the player: its page ---- */

/* A picture in a box of its own; `least` is the share to which it shrinks before it scrolls. */
function buildPicture(stage, width, height, least) {
  const box = part(stage, "div", "step-picture");
  box.style.flex = `${width} 1 ${Math.round(SMALLEST * width)}px`;
  box.style.maxWidth = `${Math.round(width)}px`;
  const viewBox = `0 0 ${width} ${height}`;
  const svg = tag(box, "svg", {viewBox, role: "img", "font-family": FONT});
  svg.style.minWidth = `${Math.round(least * width)}px`;
  return svg;
}

/* The machine, and beside it, or below it on a narrow page, the table and the likeliest words. */
function buildPictures(root, sentence) {
  const narrow = root.clientWidth > 0 && root.clientWidth < NARROW;
  const layout = layoutOf(sentence, narrow);
  const least = layout.short ? 0 : SMALLEST;
  const stage = part(root, "div", "step-stage");
  const machine = buildPicture(stage, layout.width, layout.height, least);
  const answer = buildPicture(stage, layout.other, layout.height, 0);
  const showMachine = drawMachine(machine, sentence, layout);
  const showAnswer = drawAnswer(answer, sentence, layout);
  return view => {
    showMachine(view);
    showAnswer(view);
    machine.setAttribute("aria-label", view.step.told);
    answer.setAttribute("aria-label", view.step.rivalsTold);
    keepInView(machine.parentElement, view, layout);
  };
}

/* Where a long picture scrolls in its box, the words that weigh most stay in view. */
function keepInView(box, view, layout) {
  if (box.scrollWidth <= box.clientWidth) {
    return;
  }
  let place = 0;
  view.weights.forEach((weight, j) => {
    place += weight * middle(layout, j);
  });
  box.scrollLeft = place / layout.width * box.scrollWidth - box.clientWidth / 2;
}

/* The words said so far, each a button that goes to its step. */
function buildChips(root, sentence, goTo) {
  const said = part(root, "div", "step-said");
  const chips = sentence.steps.map((step, i) => {
    const chip = part(said, "button", "step-chip", step.word);
    chip.type = "button";
    chip.addEventListener("click", () => goTo(i));
    return chip;
  });
  let lit = null;
  return view => {
    if (lit === view.at) {
      return;
    }
    lit = view.at;
    if (chips.indexOf(document.activeElement) > lit) {
      root.focus({preventScroll: true});
    }
    chips.forEach((chip, i) => {
      chip.classList.toggle("now", i === lit);
      chip.classList.toggle("later", i > lit);
    });
    said.scrollLeft = said.scrollWidth;
  };
}

/* The headline and the recipe: "c2 = 0.86·h3 + 0.14·h2, mostly “you”". */
function buildHeadline(root, sentence) {
  const headline = part(root, "p", "step-headline");
  headline.setAttribute("aria-live", "polite");
  const title = part(headline, "strong", "step-title");
  const recipe = part(headline, "span", "step-recipe");
  const count = sentence.steps.length;
  return view => {
    const words = sentence.labels.headline(view.at + 1, count, view.step.word);
    if (title.textContent !== words) {
      title.textContent = words;
      recipe.textContent = recipeOf(view.step, sentence);
    }
  };
}

/* What the colours of vectors and of tables mean. */
function buildKey(root, sentence) {
  const key = part(root, "p", "step-key");
  const most = sentence.most.toFixed(2);
  const meaning = sentence.labels.cells(sentence.cellsDrawn, sentence.stateSize);
  buildScale(key, `−${most}`, [sentence.colours.numbers], `${most} ${meaning}`);
  const scales = sentence.words.map(word => word.scale);
  const different = sentence.hued ? scales : scales.slice(0, 1);
  buildScale(key, "0", different, `1 ${sentence.labels.weight}`);
}

/* Colour scales side by side, with what stands at their two ends. */
function buildScale(key, start, scales, end) {
  const line = part(key, "span", "step-scale");
  part(line, "span", "", start);
  const ramp = part(line, "span", "step-ramp");
  for (const scale of scales) {
    part(ramp, "i", "").style.background = gradient(scale);
  }
  part(line, "span", "", end);
}

/* Buttons and slider. `actions` has first, back, play, next, last and goTo. A button that leads
   nowhere is marked and not switched off, for it would lose the focus. */
function buildControls(root, sentence, actions) {
  const controls = part(root, "div", "step-controls");
  const buttons = {};
  for (const name of ["first", "back", "play", "next", "last"]) {
    const button = part(controls, "button", "step-button", sentence.labels[name]);
    button.type = "button";
    button.addEventListener("click", actions[name]);
    buttons[name] = button;
  }
  const slider = part(controls, "input", "step-slider");
  set(slider, {type: "range", min: 1, max: sentence.steps.length, step: 1});
  slider.setAttribute("aria-label", sentence.labels.slider);
  slider.addEventListener("input", () => actions.goTo(Number(slider.value) - 1));
  return (at, playing) => {
    const count = sentence.steps.length;
    const words = sentence.labels.headline(at + 1, count, sentence.steps[at].word);
    slider.value = at + 1;
    slider.setAttribute("aria-valuetext", words);
    buttons.play.textContent = playing ? sentence.labels.pause : sentence.labels.play;
    buttons.first.setAttribute("aria-disabled", at === 0);
    buttons.back.setAttribute("aria-disabled", at === 0);
    buttons.next.setAttribute("aria-disabled", at === count - 1);
    buttons.last.setAttribute("aria-disabled", at === count - 1);
  };
}


/* ---- the player: keys ---- */

function isTyping(element) {
  return element.matches("input, textarea, select") || element.isContentEditable;
}

/* Whether a key is meant for this player: the mouse is over it, or over no player and the focus is
   inside it. Keys with Ctrl, Alt, Shift or the like, and keys typed elsewhere, are not. */
function isMeantFor(root, event) {
  const focused = document.activeElement ?? document.body;
  const inside = root.contains(focused);
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) {
    return false;
  }
  if (!inside && isTyping(focused)) {
    return false;
  }
  const over = document.querySelector(".step-player:hover");
  return over ? over === root : inside;
}

/* The space bar presses the button of ours that has the focus. */
function pressesButton(root, event) {
  const focused = document.activeElement;
  return event.key === " " && root.contains(focused) && focused.matches("button");
}

/* Keys are caught before the page around the player sees them. It listens from when the mouse or
   the focus comes in. Once it has left the document it stops: a notebook may run its cell again. */
function listenToKeys(root, actions) {
  const keys = {
    ArrowLeft: actions.back,
    ArrowRight: actions.next,
    Home: actions.first,
    End: actions.last,
    " ": actions.play,
  };
  const onKey = event => {
    if (!root.isConnected) {
      window.removeEventListener("keydown", onKey, true);
      return;
    }
    const action = keys[event.key];
    if (!action || !isMeantFor(root, event) || pressesButton(root, event)) {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    action();
  };
  const listen = () => window.addEventListener("keydown", onKey, true);
  root.addEventListener("focusin", listen);
  root.addEventListener("pointerenter", listen);
}


/* ---- the player: all of it ---- */

function readSentence(root) {
  const numbers = root.querySelector("script[type='application/json']");
  const sentence = JSON.parse(numbers.textContent);
  sentence.labels = LABELS.en;
  sentence.scoreRange = scoreRange(sentence.steps);
  return sentence;
}

/* Make the player in its element, which holds a still picture and the numbers of the sentence. */
function startPlayer(root) {
  const sentence = readSentence(root);
  const views = sentence.steps.map((step, i) => viewOf(sentence, i));
  const last = views.length - 1;
  let at = 0;
  let timer = null;

  const goTo = step => {
    stop();
    move(step);
  };
  const actions = {
    goTo,
    first: () => goTo(0),
    back: () => goTo(at - 1),
    next: () => goTo(at + 1),
    last: () => goTo(last),
    play: () => (timer === null ? start() : stop()),
  };

  root.tabIndex = 0;
  root.style.setProperty("--font", FONT);
  for (const [name, colour] of Object.entries(sentence.colours)) {
    root.style.setProperty(`--${name}`, colour);
  }
  const showChips = buildChips(root, sentence, goTo);
  const showHeadline = buildHeadline(root, sentence);
  const showPictures = buildPictures(root, sentence);
  const showControls = buildControls(root, sentence, actions);
  buildKey(root, sentence);
  part(root, "p", "step-keys", sentence.labels.keys);
  const motion = mover(root, view => {
    showChips(view);
    showHeadline(view);
    showPictures(view);
  });
  motion.jump(views[at]);
  showControls(at, false);
  listenToKeys(root, actions);
  root.querySelector(".step-still").remove();
  root.dataset.step = 1;

  function move(step) {
    const target = clamp(step, 0, last);
    if (target !== at) {
      at = target;
      motion.slide(views[at]);
    }
    root.dataset.step = at + 1;
    showControls(at, timer !== null);
  }

  function start() {
    timer = setInterval(tick, STAY);
    move(at === last ? 0 : at + 1);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    showControls(at, false);
  }

  function tick() {
    if (!root.isConnected) {
      stop();
      return;
    }
    move(at + 1);
    if (at === last) {
      stop();
    }
  }
}

/* Every player of the page that has not been started yet. The page calls this: see player.py. */
function startPlayers() {
  document.querySelectorAll(".step-player:not([data-step])").forEach(startPlayer);
}
