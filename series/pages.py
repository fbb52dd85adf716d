"""The notebooks as web pages that open from a folder, without a server and without the internet.

Formulas become MathML while the pages are made: browsers draw it themselves, so no script has to come along.
"""
import html
import re
import shutil
from functools import cache

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter

from helpers import course
from series import runner

TITLE = "From one vector to attention"
CODE = HtmlFormatter(style="friendly").get_style_defs(".highlight")  # the colours of code
STYLE = """
body { margin: 0 auto; padding: 0 1rem 3rem; max-width: 56rem; font: 1.05rem/1.6 system-ui, sans-serif; color: #1b1b1b }
nav { display: flex; justify-content: space-between; gap: 1rem; padding: 1rem 0; font-size: .95rem }
a { color: #00508f } h1, h2, h3 { line-height: 1.25 } img, svg, video { max-width: 100%; height: auto }
pre, code { font: .9rem/1.45 ui-monospace, monospace } pre { margin: 0; overflow-x: auto }
p code, li code { overflow-wrap: anywhere }
.input_area, .text_cell_render pre { background: #f4f5f7; border-left: 3px solid #00508f; padding: .6rem .8rem }
.input_area { margin-top: 1rem } .output_area { padding: .5rem .8rem; overflow-x: auto }
.output_area pre { font-size: .85rem } .highlight { background: none } .celltag_setup .input { display: none }
table { border-collapse: collapse; margin: 1rem 0; font-size: .95rem; display: block; overflow-x: auto }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd }
math[display=block] { margin: 1rem 0; overflow-x: auto; overflow-y: hidden }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid #ccc }
.map { list-style: none; padding: 0 } .map li { padding: 1.2rem 0; border-top: 1px solid #ddd } .map h2 { margin: 0 }
.map img { display: block; max-height: 16rem; margin-top: .6rem }
"""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


class Formulas(IPythonRenderer):
    """Renders Markdown as the notebook does, with formulas as MathML."""

    def inline_math(self, body, display="inline"):
        return convert(body.strip(), display=display)

    def block_math(self, body):
        return self.inline_math(body, "block")

    def latex_environment(self, name, body):
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")


def render(markdown):
    """Markdown → HTML; other notebooks become other pages, a badge becomes words."""
    markdown = re.sub(r"\[!\[([^]]*)\]\(http[^)]*\)\]", r"[\1]", markdown)
    page = MarkdownWithMath(Formulas(escape=False, exclude_anchor_links=True)).render(markdown)
    return re.sub(r'(href="(?:\./)?\d\d_[\w-]+)\.ipynb', r"\1.html", page)


def opening(nb):
    """A notebook's title, and the paragraph under it."""
    first = next((cell.source for cell in nb.cells if cell.cell_type == "markdown"), "")
    title, _, rest = first.strip().partition("\n")
    return title.lstrip("# ").strip(), next((part for part in rest.split("\n\n") if part.strip()), "").strip()


@cache
def exporter():
    """Makes HTML of notebooks; made once, for that takes longer than a page does."""
    return HTMLExporter(template_name="basic", filters={"markdown2html": render}, exclude_input_prompt=True,
                        exclude_output_prompt=True)


def body(nb):
    """The cells of a notebook as HTML."""
    return exporter().from_notebook_node(nb)[0]


def write(path, title, content, style=STYLE):
    """Write one page, or one deck of slides."""
    return course.write(path, PAGE.format(title=html.escape(title), style=CODE + style, body=content))


def link(path, nb, before="", after=""):
    """A link to a notebook's page."""
    return f'<a href="{path.stem}.html">{before}{html.escape(opening(nb)[0])}{after}</a>'


def site(paths, pictures, folder):
    """Make a page of each executed notebook, and index.html, the map of the series. Gives the index."""
    books = [(path, runner.read(path)) for path in paths]
    shutil.rmtree(folder, ignore_errors=True)
    if pictures.exists():
        shutil.copytree(pictures, folder / "pictures", ignore=shutil.ignore_patterns("*.tmp"))
    rows = []
    for place, (path, nb) in enumerate(books):
        back = link(*books[place - 1], before="← ") if place else "<span></span>"
        on = link(*books[place + 1], after=" →") if place + 1 < len(books) else "<span></span>"
        nav = f'<nav>{back} <a href="index.html">The series</a> {on}</nav>'
        write(folder / f"{path.stem}.html", opening(nb)[0], nav + body(nb) + nav)
        rows.append(f"<li><h2>{link(path, nb)}</h2>{render(opening(nb)[1])}{shown(nb, path.stem[:2], folder)}</li>")
    return write(folder / "index.html", TITLE, f"<h1>{TITLE}</h1><ol class=\"map\">{''.join(rows)}</ol>")


def shown(nb, number, folder):
    """The picture that a notebook promises, for the map; nothing where it has none."""
    png, alt = runner.picture(nb) or (None, None)
    if not png:
        return ""
    course.write(folder / "pictures" / f"{number}.png", png)
    return f'<img src="pictures/{number}.png" alt="{html.escape(alt)}" loading="lazy">'
