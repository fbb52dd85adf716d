// Lays out each slide as it comes into view, and starts reveal.js.

// All sizes are in pixels of a slide that is 1280 wide and 720 tall.
const TALL = 676;     // words, pictures and players may take so many of them
const PICTURE = 480;  // a picture gets at least so many of these,
const PLAYER = 590;   // a player more, for it has words and buttons of its own
const STAGE = 800;    // a player's drawing is never narrower: its parts would stand below each other
const SAID = 100;     // two rows of words
const LARGEST = 32;   // letters
const SMALLEST = 14;

// A figure takes the room that the words leave; then the letters shrink until all of it fits.
function fit(slide) {
  const page = slide.querySelector(":scope > .page");
  if (!page) return;
  const stage = page.querySelector(".step-stage");
  const figure = stage ? stage.closest(".step-player") : page.querySelector("img");
  const needed = roomNeeded(figure);
  for (let size = LARGEST; size >= SMALLEST; size--) {
    page.style.fontSize = size + "px";
    const room = TALL - heightOfWords(page, figure);
    if (figure) fill(figure, room, page.clientWidth);
    if (room >= needed && page.scrollWidth <= page.clientWidth) break;
  }
}

function roomNeeded(figure) {
  if (!figure) return 0;
  return figure.matches("img") ? PICTURE : PLAYER;
}

function heightOfWords(page, figure) {
  if (!figure) return page.offsetHeight;
  figure.style.display = "none";
  const height = page.offsetHeight;
  figure.style.display = "";
  return height;
}

function fill(figure, tall, wide) {
  if (figure.matches("img")) {
    const whole = wide * figure.naturalHeight / figure.naturalWidth;
    figure.style.height = Math.min(tall, whole) + "px";
  } else {
    fillWithPlayer(figure, tall);
  }
}

// The drawing of a player shrinks, its words and buttons keep their size. In a long sentence the
// words said so far, which its table shows too, make room, and if need be all of it shrinks.
function fillWithPlayer(player, tall) {
  const stage = player.querySelector(".step-stage");
  const said = player.querySelector(".step-said");
  if (said.offsetHeight > SAID) said.style.display = "none";
  stage.style.maxWidth = "none";
  player.style.zoom = 1;
  const left = tall - (player.offsetHeight - stage.offsetHeight);
  const share = Math.min(1, left / stage.offsetHeight);
  stage.style.maxWidth = Math.max(STAGE, share * stage.offsetWidth) + "px";
  player.style.zoom = Math.min(1, tall / player.offsetHeight);
}

Reveal.on("ready", event => fit(event.currentSlide));
Reveal.on("slidechanged", event => fit(event.currentSlide));
addEventListener("load", () => {
  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    center: false,
    hash: true,
    transition: "none",
    navigationMode: "linear",
    slideNumber: "c/t",
    viewDistance: 2,
    plugins: [RevealNotes],
  });
});
