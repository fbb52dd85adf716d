"""The notebooks as decks of slides: one HTML file each, which opens in any browser without the internet.

What stands on a slide is said in the notebook: each cell's slide type, as JupyterLab's property inspector shows it.
"slide" begins a chapter, "subslide" the next slide of it, "-" goes on, "fragment" waits for a key, "notes" is for the
speaker (key S), "skip" stays out. Pictures and tables come without their code, and a picture fills its slide.
"""
import copy
import subprocess
import sys
import zipfile

from nbformat.v4 import new_notebook

from series import pages, runner

REVEAL = "sphinx-revealjs==3.2.1"  # a package that carries reveal.js: it is only unpacked, never installed
PARTS = "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js"
STYLE = """
html, body { margin: 0; height: 100%; background: white; color: #1b1b1b }
.reveal { font: 30px/1.4 system-ui, sans-serif } .reveal .slides { text-align: left }
.reveal .slides section { padding: 0; height: 720px; box-sizing: border-box }
.page { position: absolute; left: 36px; right: 36px; top: 18px; display: flow-root }
h1 { font-size: 1.9em; margin: .6em 0 .5em } h2 { font-size: 1.4em; margin: 0 0 .5em } h1, h2, h3 { line-height: 1.2 }
a { color: #00508f } p, ul, ol { margin: .5em 0 } img { display: block; margin: 0 auto; width: auto }
pre, code { font: .85em/1.35 ui-monospace, monospace } pre { margin: 0; white-space: pre }
.input_area pre { font-size: .62em } .output_area pre { font-size: .75em }
.input_area, .text_cell_render pre { background: #f4f5f7; border-left: 4px solid #00508f; padding: .3em .6em }
.output_area { margin: .35em 0 } .celltag_shown .input { display: none } .highlight { background: none }
table { border-collapse: collapse; margin: .5em auto; font-size: .75em }
th, td { padding: .15em .6em; border-bottom: 1px solid #ddd; text-align: left }
math[display=block] { margin: .4em 0 } blockquote { margin: .5em 0; padding-left: .7em; border-left: 4px solid #ccc }
.step-player p, .step-player input { display: none } .step-player { width: 100% }
.reveal .slides section .fragment { transition: none }
.reveal .slide-number { background: none; color: #666; font-size: 14px }
"""
FIT = """
function fit(slide) {  // a picture takes the room that the words leave; then letters shrink until all of it fits
  const page = slide.querySelector(":scope > .page"), image = page && page.querySelector("img"), tall = 676;
  for (let size = 32; page && size >= 14; size--) {
    page.style.fontSize = size + "px";
    if (image) image.style.height = "0";
    const room = tall - page.offsetHeight;
    if (image) image.style.height = Math.min(room, image.naturalHeight / image.naturalWidth * page.clientWidth) + "px";
    if (room >= (image ? 480 : 0) && page.scrollWidth <= page.clientWidth) break;
  }
}
Reveal.on("ready", event => fit(event.currentSlide));
Reveal.on("slidechanged", event => fit(event.currentSlide));
addEventListener("load", () => {
  Reveal.initialize({width: 1280, height: 720, margin: 0, center: false, hash: true, transition: "none",
                     navigationMode: "linear", slideNumber: "c/t", viewDistance: 2, plugins: [RevealNotes]});
});
"""
DECK = """<div class="reveal"><div class="slides">
{slides}
</div></div>
<script>{reveal}</script>
<script>{notes}</script>
<script>{fit}</script>"""


def reveal(folder):
    """The PARTS of reveal.js as texts: fetched from the package registry once, and kept in `folder`."""
    pattern = f"*-{REVEAL.partition('==')[2]}-*.whl"
    if not list(folder.glob(pattern)):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        if subprocess.run([*pip, "--dest", str(folder), REVEAL]).returncode:
            raise runner.Stopped(f"reveal.js, which moves the slides, could not be fetched (pip download {REVEAL}): go "
                                 "online once, after that the slides are made without a network.")
    with zipfile.ZipFile(next(folder.glob(pattern))) as wheel:
        return [wheel.read(f"sphinx_revealjs/_static/revealjs/{part}").decode() for part in PARTS]


def pieces(cell):
    """A cell as (slide type, cell) pairs: a picture or a table comes without code, and several pictures one by one."""
    kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
    if kind == "skip":
        return
    shown = [output for output in cell.get("outputs", []) if {"image/png", "text/html"} & output.get("data", {}).keys()]
    for output in shown:
        alone = copy.deepcopy(cell)
        alone.outputs, alone.metadata["tags"] = [output], ["shown"]
        yield kind, alone
        kind = "subslide"
    if not shown:
        yield kind, cell


def chapters(nb):
    """The slides of a notebook: chapters, in each of them slides, in each of them (slide type, cell) pairs."""
    found = []
    for kind, cell in (piece for cell in nb.cells for piece in pieces(cell)):
        if kind == "slide" or not found:
            found.append([[]])
        elif kind == "subslide":
            found[-1].append([])
        found[-1][-1].append((kind, cell))
    return found


def section(cells):
    """One slide, with its notes for the speaker."""
    page, notes = "", ""
    for kind, cell in cells:
        body = pages.body(new_notebook(cells=[cell]))
        if kind == "notes":
            notes += body
        else:
            page += f'<div class="fragment">{body}</div>' if kind == "fragment" else body
    return f'<section><div class="page">{page}</div><aside class="notes">{notes}</aside></section>'


def decks(paths, folder, store):
    """Make a deck of each executed notebook; gives their files. reveal.js is kept in `store`."""
    css, script, notes = (text.replace("</script", r"<\/script") for text in reveal(store))
    made = []
    for path in paths:
        nb = runner.read(path)
        slides = "\n".join(f"<section>{''.join(map(section, chapter))}</section>" for chapter in chapters(nb))
        deck = DECK.format(slides=slides, reveal=script, notes=notes, fit=FIT)
        made.append(pages.write(folder / f"{path.stem}.html", pages.opening(nb)[0], deck, css + STYLE))
    return made
