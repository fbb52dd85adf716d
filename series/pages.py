"""The notebooks as web pages that open from a folder, without a server and without the internet.

Formulas become MathML while the pages are made: browsers draw it themselves, without a script.
What a page looks like stands in series/templates/.
"""
import re
import shutil
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from latex2mathml.converter import convert
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from helpers import files
from series import runner

TITLE = "From one vector to attention"
TEMPLATES = Path(__file__).parent / "templates"
CODE_STYLE = HtmlFormatter(style="friendly").get_style_defs(".highlight")  # the colours of code

FRAMES = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True,
                            trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)

BADGE_IMAGE = re.compile(r"\[!\[([^]]*)\]\(http[^)]*\)\]")
NOTEBOOK_LINK = re.compile(r'(href="(?:\./)?\d\d_[\w-]+)\.ipynb')
SITE_LINK = re.compile(r'href="\.\./build/site/')  # from a notebook to what only the site has


class Page(NamedTuple):
    """One notebook, as pages speak of it: its file, its title, and what the map shows of it."""
    file: str
    title: str
    beginning: Markup  # the paragraph under the title
    picture: str       # the file of the promised picture, "" for none
    alt: str           # what that picture shows, in words


# Markdown.

class Formulas(IPythonRenderer):
    """Renders Markdown as the notebook does, with formulas as MathML."""

    def inline_math(self, body: str) -> str:
        return convert(body.strip(), display="inline")

    def block_math(self, body: str) -> str:
        return convert(body.strip(), display="block")

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")


def render(markdown: str) -> str:
    """Markdown → HTML; links to notebooks lead to their pages, a badge becomes words."""
    markdown = BADGE_IMAGE.sub(r"[\1]", markdown)
    renderer = Formulas(escape=False, exclude_anchor_links=True)
    page = MarkdownWithMath(renderer).render(markdown)
    page = SITE_LINK.sub('href="', page)
    return NOTEBOOK_LINK.sub(r"\1.html", page)


def opening(nb: NotebookNode) -> tuple[str, str]:
    """A notebook's title, and the paragraph under it (as Markdown); "" for what it lacks."""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            title, _, rest = cell.source.strip().partition("\n")
            beginning, _, _ = rest.strip().partition("\n\n")
            return title.lstrip("# ").strip(), beginning.strip()
    return "", ""


# Notebooks → HTML.

def exporter_options(template: str) -> dict[str, Any]:
    """What the exporters of pages and of slides have in common.

    `template` is a folder in series/templates/.
    """
    return {
        "template_name": template,
        "extra_template_basedirs": [str(TEMPLATES)],
        "filters": {"markdown2html": render},
        "exclude_input_prompt": True,
        "exclude_output_prompt": True,
    }


@cache
def exporter() -> HTMLExporter:
    """Makes HTML of notebooks; made once, for that takes longer than a page does."""
    return HTMLExporter(**exporter_options("cells"))


def cells(nb: NotebookNode) -> Markup:
    """The cells of a notebook as HTML."""
    html, _ = exporter().from_notebook_node(nb)
    return Markup(html)


def write(path: Path, template: str, title: str, **content: Any) -> Path:
    """Write a page, the map, or a deck of slides; `content` is what its template shows."""
    frame = FRAMES.get_template(template)
    html = frame.render(title=title, code_style=Markup(CODE_STYLE), **content)
    return files.write(path, html)


# The site.

def site(paths: Iterable[Path], pictures: Path, folder: Path,
         write_explorer: Callable[[Path], Path] | None = None) -> Path:
    """Make a page of each executed notebook, and index.html, the map of the series; gives the map.

    `pictures` is the folder of those that notebooks promise, `folder` the site's: it is made anew.
    `write_explorer` writes the explorer into it, with which the map then begins.
    """
    books = [(path, runner.read(path)) for path in paths]
    shutil.rmtree(folder, ignore_errors=True)
    if pictures.exists():
        shutil.copytree(pictures, folder / "pictures", ignore=shutil.ignore_patterns("*.tmp"))
    pages = [page_of(path, nb, folder) for path, nb in books]
    for place, (_, nb) in enumerate(books):
        page = pages[place]
        back = pages[place - 1] if place > 0 else None
        on = pages[place + 1] if place + 1 < len(pages) else None
        write(folder / page.file, "page.html.j2", page.title, cells=cells(nb), back=back, on=on)
    explorer = write_explorer(folder).name if write_explorer else ""
    return write(folder / "index.html", "map.html.j2", TITLE, pages=pages, explorer=explorer)


def page_of(path: Path, nb: NotebookNode, folder: Path) -> Page:
    """What others have to know of a notebook's page; writes its promised picture into `folder`."""
    title, beginning = opening(nb)
    file = f"{path.stem}.html"
    picture = runner.picture(nb)
    if picture is None:
        return Page(file, title, Markup(render(beginning)), "", "")
    png, alt = picture
    name = f"pictures/{path.stem[:2]}.png"
    files.write(folder / name, png)
    return Page(file, title, Markup(render(beginning)), name, alt)
