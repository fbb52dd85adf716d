/* The explorer: a page in which a trained model translates what is typed, shows how, and lets
   itself be touched.

   In this file, from top to bottom:
     the stage    which view is seen: the machine (machine.js), the rules or the map (panels.js)
     words        what a change did, said in one line
     the page     field, chips, buttons, lists: each build… function fills its part of it
     saving       what is seen as SVG and PNG
     keys
     all of it    the moment that is shown, and how it changes

   `app` holds it all: the data of the page, its elements, the moment (see moment.js), and what
   follows from it. Comments are of this kind only, and words are shown as text, never as HTML:
   see picture.js. */

const LEFT_SHORT = 0.64;    /* the machine's share of the stage, for words with hues … */
const LEFT_LONG = 0.69;     /* … and for the many columns of a long sentence */
const LEAST_SCALE = 0.8;    /* the machine shrinks to this share; then it scrolls */
const STACKED = 860;        /* pixels: in a narrower window the parts stand one below the other */
const QUICK = 40;           /* milliseconds that typing waits for the next letter */
const REMEMBER = 300;       /* milliseconds until the address follows the moment */
const NEAREST = 3;          /* so many known words are offered for an unknown one */
const COMPLETIONS = 5;


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

/* A panel for each rule, drawn by `draw`, all of them anew with every change; a click on a cell of
   its table goes to that step. */
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
    onCellClick(svg, (step, place) => app.goTo(step, place));
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
  const noWord = change.kind === "word" && effect?.chosen === null;
  if (effect === null || noWord || change.place >= app.words.length) {
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
  const chip = said.children[Math.min(step, said.children.length - 1)];
  said.scrollLeft = chip.offsetLeft - said.offsetLeft - said.clientWidth / 2;
}

function renewHeadline(app) {
  const [title, recipe] = app.elements.headline.children;
  const count = app.sentence.steps.length;
  const step = app.shownStep();
  const number = app.sentence.steps.indexOf(step) + 1;
  title.textContent = app.labels.headline(number, count, step.word);
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

function buildSaving(app) {
  const {"save-svg": svg, "save-png": png} = app.elements;
  svg.addEventListener("click", () => app.panels.length > 0 && saveSvg(app));
  png.addEventListener("click", () => app.panels.length > 0 && savePng(app));
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

/* Not at once, for a bar that is dragged changes the moment sixty times a second. */
function rememberAddress(app) {
  if (location.protocol === "about:") {
    return;
  }
  clearTimeout(app.remembering);
  app.remembering = setTimeout(() => {
    try {
      history.replaceState(null, "", `#${addressOf(app.moment)}`);
    } catch {
      /* a page that may not have an address works without it */
    }
  }, REMEMBER);
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
    remembering: null,
    isStarted: false,
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
  buildSaving(app);
  listenToKeys(app);
  app.elements.main.hidden = false;
  renew(app, "jump");
  app.isStarted = true;
  new ResizeObserver(() => renewRoom(app)).observe(app.elements.stage);
  window.addEventListener("resize", () => renewRoom(app));
  window.addEventListener("hashchange", event => {
    app.update(momentOf(new URL(event.newURL).hash.slice(1), usual, rules), "jump");
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
  moment.step = clamp(moment.step, 0, stepLimit(app) - 1);
  renewSaid(app);
  renewHeadline(app);
  renewChanges(app);
  renewQuestions(app);
  app.room = stageRoom(app);
  renewKey(app);
  renewStage(app, how);
  renewSteps(app);
  if (app.isStarted) {
    rememberAddress(app);
  }
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
  app.elements.stage.replaceChildren();
  app.elements.said.replaceChildren();
  app.stageKey = null;
  app.panels = [];
  stopPlaying(app);
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
  rememberAddress(app);
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
