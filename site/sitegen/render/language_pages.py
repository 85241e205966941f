"""The pages of one language: each converted by the engine, drawn and written. One process builds one language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from forms.core import i18n
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, Problems
from sitegen import kept_work
from sitegen.checks.security import active_html
from sitegen.content.consent import quotes
from sitegen.content.pages import SEARCH, SOURCE, AllPages, PageSource
from sitegen.lint import page_facts, unexpected, visible
from sitegen.page_keys import PageKeys
from sitegen.render import search_index
from sitegen.render.blocks import Context, draw
from sitegen.render.engine.interface import Engine, chosen
from sitegen.render.engine.markdown_extensions import BlockExtension, foreign_links, talk
from sitegen.render.frames import Frames
from sitegen.render.html_to_text import said_of
from sitegen.render.layout import page_of, with_clip


@dataclass(frozen=True)
class Job:
    """One language to build: the project's root, where its pages go, and what they are drawn from.

    stopped: a file that is there when the build is given up; unchecked: whether checks of pages wait for what is
    found in their HTML here (lint/page_facts.py).
    """

    root: Path
    out: Path
    context: Context
    stopped: Path | None = None
    unchecked: bool = False


@dataclass(frozen=True)
class Body:
    """The content of a page: its HTML without the frame, the text for speech, and how often each word occurs in it."""

    html: str
    aloud: str
    counts: dict[str, int]


def build_language(job: Job) -> int:
    """Build the pages of one language into job.out; return how many. Raises Problem, also for our own faults."""
    try:
        return _build_language(job)
    except (Problem, Problems, OSError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - MkDocs ends a program with SystemExit
        raise unexpected.as_problem(error, job.root) from None


def _build_language(job: Job) -> int:
    context = job.context
    counts = {}
    for drawn in draw_pages(job.root, context, context.library.names, unchecked=job.unchecked):
        if job.stopped and job.stopped.exists():
            return 0
        counts[drawn.name] = drawn.counts
        path = job.out / drawn.path / "index.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn.html.encode())
    search_index.write(job.out / SEARCH, search_index.listed(context.library, context.language), counts)
    kept_work.at(job.root, f"pages-{context.language}").save(whole=True)
    if job.unchecked:
        kept_work.at(job.root, kept_work.CHECKS).save()
    return len(context.library.names)


@dataclass(frozen=True)
class DrawnPage:
    """A whole page: its name, its address without the language, its HTML, and the counts of its words."""

    name: str
    path: str
    html: str
    counts: dict[str, int]


def page_html(root: Path, context: Context, source: PageSource) -> str:
    """Return one page as a build would draw it, from a text that need not be saved. Raises Problem, also for a fault.

    context: in the page's language, with the page in its library. Links between pages are not followed.
    """
    work, alone = _Work(root, context), AllPages({source.language: {source.name: source}})
    try:
        html = next(text for _, text in chosen(root).convert(root, alone, source.language, work.blocks))
        body = work.body(source, html)
        return _framed(Frames(context.portal, context.language, _refuse_frame), context, source, body)
    except (Problem, Problems, OSError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - MkDocs ends a program with SystemExit
        raise unexpected.as_problem(error, root) from None


def draw_pages(
    root: Path, context: Context, names: Sequence[str], engine: Engine | None = None, *, unchecked: bool = False
) -> Iterator[DrawnPage]:
    """Yield these pages of one language as they are published. Raises Problem where anything active got into one.

    engine: another than the one that mkdocs.yml names; it makes the same of every page (tests/sitegen/test_engines.py);
    unchecked: see Job.
    """
    i18n.take_words(context.portal.words)  # this may be a process of its own
    frames = Frames(context.portal, context.language, _refuse_frame)
    for source, body in bodies(root, context, names, engine, unchecked=unchecked):
        yield DrawnPage(source.name, source.path, _framed(frames, context, source, body), body.counts)


def _framed(frames: Frames, context: Context, source: PageSource, body: Body) -> str:
    """Return the whole page. Raises Problem where anything active got into it."""
    _refuse_active(body.html, source.where)
    heard = with_clip(context, source.name, Markup(body.html), body.aloud)  # noqa: S704 - HTML already
    return frames.draw(page_of(context, source.name, heard))


def _refuse_frame(frame: str) -> None:
    _refuse_active(frame, "the frame of pages")


def bodies(
    root: Path, context: Context, names: Sequence[str], engine: Engine | None = None, *, unchecked: bool = False
) -> Iterator[tuple[PageSource, Body]]:
    """Yield each page with its body: cached from a build with the same text, else converted now."""
    kept, work = kept_work.at(root, f"pages-{context.language}"), _Work(root, context)
    left = {}
    for name in names:
        source = context.library.find(name, context.language)
        key = work.keys.of(source)
        body = kept.loaded(key) if key else None
        if isinstance(body, Body):
            yield source, body
        else:
            left[name] = key
    if not left:
        return
    for name, html in (engine or chosen(root)).convert(root, context.library, context.language, work.blocks, [*left]):
        source = context.library.find(name, context.language)
        if unchecked:
            work.find_facts(source, html)
        body = work.body(source, html)
        if key := left[name]:
            kept.keep(key, body)
        yield source, body


@dataclass
class _Work:
    root: Path
    context: Context
    blocks: BlockExtension = field(default_factory=BlockExtension)

    def __post_init__(self) -> None:
        self.keys = PageKeys(self.root, self.context.library.names, self.context.language)

    def find_facts(self, source: PageSource, converted: str) -> None:
        """Keep what the checks need of a page, if this HTML is what they look at: not that of a page with blocks."""
        own = source.language == self.context.language and not source.generated
        if own and not self.blocks.blocks and visible.without_blocks(source.text) == source.text:
            made = converted if self.blocks.as_written is None else self.blocks.as_written
            page_facts.of(source, self.root, made)

    def body(self, source: PageSource, converted: str) -> Body:
        """Return what the page says: its pictures, its blocks, and above all what a page made from a table shows."""
        context, html = self.context, converted
        html = context.image_pipeline.shown(html, context.language) if context.image_pipeline else html
        html = quotes.mark_html(talk(html))
        html = html if context.language == SOURCE else foreign_links(html)
        html = self.blocks.filled(html, lambda block: draw(context, block.name, block.argument))
        html = str(source.renderer(context)) + html if source.renderer else html
        said = said_of(html)
        aloud, silently = ("\n".join(text for _, text in lines) for lines in (said.aloud, said.silently))
        return Body(html, aloud, search_index.counts_of(silently))


def _refuse_active(html: str, where: str) -> None:
    """Raise Problem for a page as built that would run or load something."""
    for found in active_html.left_over(html):
        what = _("the page as built %(what)s", what=found.what)
        raise Problem(where, what, _("Look for what makes it, and tell a developer."))
