// Walks through a deck of slides and notes what is seen on each: how far it reaches, its letters,
// its pictures and players. The test reads it from the page when all is done.

const PARTS = "p, pre, td, th, li, h1, h2, img, svg, button, math";

// All lengths are in pixels of the slide, which is 1280 × 720 however large it is shown.
function look(slide) {
  const page = slide.querySelector(".page");
  const corner = slide.getBoundingClientRect();
  const scale = Reveal.getScale();
  const places = [...page.querySelectorAll(PARTS)].map(part => part.getBoundingClientRect());
  return {
    words: page.innerText.trim().slice(0, 60),
    size: parseInt(page.style.fontSize),
    right: Math.max(0, ...places.map(place => place.right - corner.left)) / scale,
    bottom: Math.max(0, ...places.map(place => place.bottom - corner.top)) / scale,
    pictures: [...page.querySelectorAll("img")].map(image => [image.width, image.height]),
    players: [...page.querySelectorAll(".step-player")].map(player => lookAtPlayer(player, scale)),
  };
}

// How wide a player's drawing is, how many steps it has, and where it stands after a press of "last".
function lookAtPlayer(player, scale) {
  const stage = player.querySelector(".step-stage").getBoundingClientRect();
  player.querySelector(".step-controls button:nth-of-type(5)").click();
  return {
    width: stage.width / scale,
    steps: player.querySelectorAll(".step-chip").length,
    step: Number(player.dataset.step),
  };
}

Reveal.on("ready", async () => {
  const found = [];
  let before = null;
  let at = JSON.stringify(Reveal.getIndices());
  while (at !== before) {
    while (Reveal.availableFragments().next) Reveal.nextFragment();
    await new Promise(done => setTimeout(done, 20));
    found.push(look(Reveal.getCurrentSlide()));
    Reveal.next();
    before = at;
    at = JSON.stringify(Reveal.getIndices());
  }
  document.body.dataset.found = JSON.stringify(found);
});
