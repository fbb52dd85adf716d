/* The two other views of the explorer: the same sentence under each rule, and the contexts among
   the states. Each draws a panel for one rule, as picture.js draws: a function that gives back
   another, which shows a view. */

const MOST_NAMED = 6;       /* so many earlier contexts have their names on the map */


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
    sentence.steps.slice(0, view.at).slice(-MOST_NAMED).forEach(earlier => {
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
