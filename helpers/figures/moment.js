/* What the explorer remembers: the moment that a reader looks at, its address, and what the changes
   do that were made in it. It draws nothing.

   A moment: {sentence, rule, view, step, place, changes, language}, with steps and places counted
   from 0. In its address they are counted from 1, as on the page. A change is what arithmetic.js
   knows as one: {kind, step, place, value, word}, and step null is every step. */

const VIEWS = ["machine", "rules", "map"];
const EVERY = "every";      /* in an address: at every step */
const LONGEST = 1000;       /* letters of a sentence that are kept */
const MOST_WORDS = 60;      /* of a sentence that are translated */
const MOST_CHANGES = 50;
const COOLEST = 0.1;        /* temperatures that can be set */
const WARMEST = 10;
const MOST_KEPT = 40;       /* so many translations are kept, so that no change is computed twice */


/* ---- changes ---- */

/* The others without this one's place in them: what it changes, it alone says from now on. */
function withoutRival(changes, change) {
  return changes.filter(other => !concernsTheSame(other, change));
}

function concernsTheSame(one, other) {
  return one.kind === other.kind && one.step === other.step && one.place === other.place;
}

/* The list with this change at its end: the one made last counts most. */
function withChange(changes, change) {
  return [...withoutRival(changes, change), change].slice(-MOST_CHANGES);
}

/* The changes that act on this step. */
function changesOf(changes, step) {
  return changes.filter(change => change.step === null || change.step === step);
}

function isHidden(changes, step, place) {
  return changesOf(changes, step).some(({kind, place: j}) => kind === "hide" && j === place);
}

function isSet(changes, step, place) {
  return changesOf(changes, step).some(({kind, place: j}) => kind === "weight" && j === place);
}

/* The temperature at this step: 1 where nobody changed it. */
function temperatureAt(changes, step) {
  const warm = changesOf(changes, step).filter(({kind}) => kind === "temperature");
  return warm.length > 0 ? warm[warm.length - 1].value : 1;
}


/* ---- the address ---- */

/* "hide 3 2", "weight 3 1 0.85", "temperature every 0.5", "word 3 vois" */
function writtenChange(change) {
  const step = change.step === null ? EVERY : change.step + 1;
  const place = change.place + 1;
  switch (change.kind) {
    case "hide": return `hide ${step} ${place}`;
    case "weight": return `weight ${step} ${place} ${round(change.value)}`;
    case "temperature": return `temperature ${step} ${round(change.value)}`;
    default: return `word ${step} ${change.word}`;
  }
}

function round(number) {
  return Number(number.toFixed(3));
}

/* A number from 1 → one from 0; null for what is no such number. */
function counted(written) {
  const number = Number(written);
  return Number.isInteger(number) && number > 0 ? number - 1 : null;
}

function finite(written) {
  const number = Number(written);
  return written !== undefined && Number.isFinite(number) ? number : null;
}

/* The change that is written so; null for what is none. */
function readChange(written) {
  const [kind, at, ...rest] = written.split(" ");
  const step = at === EVERY ? null : counted(at);
  const place = counted(rest[0]);
  if (step === null && at !== EVERY) {
    return null;
  }
  if (kind === "hide" && place !== null) {
    return {kind, step, place};
  }
  if (kind === "weight" && place !== null && finite(rest[1]) !== null) {
    return {kind, step, place, value: clamp(finite(rest[1]), 0, 1)};
  }
  if (kind === "temperature" && finite(rest[0]) !== null) {
    return {kind, step, value: clamp(finite(rest[0]), COOLEST, WARMEST)};
  }
  if (kind === "word" && rest.length > 0) {
    return {kind, step, word: rest.join(" ")};
  }
  return null;
}

/* The end of the page's address, behind the "#", that brings this moment back. */
function addressOf(moment) {
  const parts = new URLSearchParams();
  parts.append("sentence", moment.sentence);
  parts.append("rule", moment.rule);
  parts.append("view", moment.view);
  parts.append("step", moment.step + 1);
  for (const change of moment.changes) {
    parts.append("change", writtenChange(change));
  }
  parts.append("lang", moment.language);
  return parts.toString();
}

/* What an address says of a moment; what it does not say, or not rightly, comes from `usual`. */
function momentOf(address, usual, rules) {
  const parts = new URLSearchParams(address);
  const known = (name, choices) => {
    const value = parts.get(name);
    return choices.includes(value) ? value : usual[name];
  };
  const changes = parts.getAll("change").map(readChange).filter(change => change !== null);
  const kept = changes.reduce(withChange, []);
  const lang = parts.get("lang");
  return {
    sentence: (parts.get("sentence") ?? usual.sentence).slice(0, LONGEST),
    rule: known("rule", rules),
    view: known("view", VIEWS),
    step: counted(parts.get("step")) ?? 0,
    place: 0,
    changes: kept,
    language: Object.keys(LABELS).includes(lang) ? lang : usual.language,
  };
}


/* ---- translations, and what a change does in them ---- */

/* Translates with a model, and keeps the last translations. */
function translator(model) {
  const kept = new Map();
  return (words, changes) => {
    const name = JSON.stringify([words, changes]);
    if (!kept.has(name)) {
      if (kept.size >= MOST_KEPT) {
        kept.delete(kept.keys().next().value);
      }
      kept.set(name, arithmetic.translate(model, words, changes));
    }
    return kept.get(name);
  };
}

/* What change number k does, all those before it being made: {step, word, from, to, instead,
   chosen}. The probability of `word`, which came out at this step before, goes `from` … `to`;
   `instead` is the word that comes out now, if it is another one; `chosen` is the probability of a
   word that was chosen. null where there is no such step. */
function effectOf(model, translate, words, changes, k) {
  const before = translate(words, changes.slice(0, k));
  const after = translate(words, changes.slice(0, k + 1));
  const step = changes[k].step ?? mostChanged(model, before, after);
  if (step >= Math.min(before.steps.length, after.steps.length)) {
    return null;
  }
  const {word, probability} = before.steps[step];
  const now = after.steps[step];
  return {
    step,
    word,
    from: probability,
    to: probabilityOf(model, now, word),
    instead: now.word === word ? null : now.word,
    chosen: now.chosen ? now.probability : null,
  };
}

function probabilityOf(model, step, word) {
  return step.probabilities[model.target.indexOf(word)];
}

/* The step at which a change of every step shows most: the first that says another word, or else
   the one whose word has become likelier or less likely than any other. */
function mostChanged(model, before, after) {
  const count = Math.min(before.steps.length, after.steps.length);
  let best = 0;
  let most = -1;
  for (let i = 0; i < count; i += 1) {
    const {word, probability} = before.steps[i];
    if (after.steps[i].word !== word) {
      return i;
    }
    const difference = Math.abs(probability - probabilityOf(model, after.steps[i], word));
    if (difference > most) {
      most = difference;
      best = i;
    }
  }
  return best;
}

/* Whether a question is answered: its word is said, or lost, under the reader's changes. */
function isAnswered(question, words, trace, changes) {
  const same = arithmetic.tokenize(question.sentence).join(" ") === words.join(" ");
  if (!same || changes.length === 0) {
    return false;
  }
  if (question.lose) {
    return !trace.words.includes(question.lose);
  }
  return trace.words.includes(question.say);
}
