"""The pages of one language: each converted by the engine, drawn and written. One process builds one language."""

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from forms.core import i18n
from forms.core.problem import Problem, Problems
from forms.core.rendering import draw_page
from sitegen.checks import active_html
from sitegen.content import quotes
from sitegen.content.pages import SOURCE, Library, Source
from sitegen.lint import unexpected
from sitegen.publish import page_weight
from sitegen.render import search_index
from sitegen.render.blocks import Context, draw
from sitegen.render.engine.interface import chosen
from sitegen.render.html_to_text import lines_of
from sitegen.render.layout import page_of, with_clip
from sitegen.render.markdown_extensions import BlockExtension, foreign_links, talk


@dataclass(frozen=True)
class Job:
    """One language to build: the project's root, where its pages go, and what they are drawn from."""

    root: Path
    out: Path
    context: Context


def build_language(job: Job) -> int:
    """Build the pages of one language into job.out; how many there are. Raises Problem, also for a fault of ours."""
    try:
        return _build_language(job)
    except (Problem, Problems, OSError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - MkDocs ends a program with SystemExit
        raise unexpected.as_problem(error, job.root) from None


def _build_language(job: Job) -> int:
    context, blocks = job.context, BlockExtension()
    i18n.take_words(context.portal.words)  # this is a process of its own
    said = {}  # what each page says to a reader, by its name: for the search
    for name, html in chosen(job.root).convert(job.root, context.library, context.language, blocks):
        source = context.library.find(name, context.language)
        body = _body(context, source, html, blocks)
        said[name] = "\n".join(text for _, text in lines_of(body, aloud=False))
        path = job.out / source.path / "index.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_whole(context, source, with_clip(context, name, body)), encoding="utf-8")
    pages = context.library.by_language[context.language]
    found = {name: page for name, page in pages.items() if page.meta.get("search", True)}
    search_index.write(job.out / "search", found, said)
    page_weight.compress(job.out)
    return len(context.library.names)


def page_html(root: Path, context: Context, source: Source) -> str:
    """Return one page as a build would draw it, from a text that need not be saved. Raises Problem, also for a fault.

    context: in the page's language, with the page in its library. Links between pages are not followed.
    """
    blocks = BlockExtension()
    alone = Library({source.language: {source.name: source}})
    try:
        html = next(text for _, text in chosen(root).convert(root, alone, source.language, blocks))
        return _whole(context, source, with_clip(context, source.name, _body(context, source, html, blocks)))
    except (Problem, Problems, OSError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - MkDocs ends a program with SystemExit
        raise unexpected.as_problem(error, root) from None


def _body(context: Context, source: Source, html: str, blocks: BlockExtension) -> Markup:
    """Return what the page says: its pictures, its blocks, and above all what a page made from a table shows."""
    html = context.image_pipeline.shown(html, context.language) if context.image_pipeline else html
    html = quotes.drawn(talk(html))
    html = html if context.language == SOURCE else foreign_links(html)
    html = blocks.filled(html, lambda block: draw(context, block.name, block.argument))
    drawn = str(source.renderer(context)) + html if source.renderer else html
    return Markup(drawn)  # noqa: S704 - Markdown of the staff, blocks escaped by Jinja


def _whole(context: Context, source: Source, body: Markup) -> str:
    """Return the page in the frame that the forms use too. Raises Problem where anything active got into it."""
    drawn = draw_page(context.portal, context.language, page_of(context, source.name, body))
    for found in active_html.left_over(drawn):
        raise Problem(source.where, f"the page as built {found.what}", "Look for what makes it, and tell a developer.")
    return drawn
