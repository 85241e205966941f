"""The pages of one language: converted by the engine, drawn and written. One process builds one language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from markupsafe import Markup

from forms.core import i18n
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, Problems
from sitegen import interruption, kept_work
from sitegen.checks.security import active_html
from sitegen.content.consent import quotes
from sitegen.content.pages import SEARCH, SOURCE, AllPages, PageSource
from sitegen.interruption import GivenUp, GoOn
from sitegen.lint import page_facts, unexpected, visible_text
from sitegen.page_keys import PageKeys
from sitegen.render import search_index
from sitegen.render.blocks import Context, draw
from sitegen.render.engine.interface import Engine, configured_engine
from sitegen.render.engine.markdown_extensions import BlockExtension, dialogue, foreign_links
from sitegen.render.frames import Frames
from sitegen.render.html_to_text import extract_text
from sitegen.render.layout import page_of, with_clip


@dataclass(frozen=True)
class Job:
    """One language to build: the project's root, where its pages go, and what they are drawn from.

    go_on: called before each page and each line of its speech, and may raise GivenUp; unchecked: whether checks of
    pages wait for what is found in their HTML here (lint/page_facts.py).
    """

    root: Path
    out: Path
    context: Context
    go_on: GoOn = interruption.go_on
    unchecked: bool = False


@dataclass(frozen=True)
class Body:
    """The content of a page: its HTML without the frame, the text for speech, and the count of each word."""

    html: str
    aloud: str
    counts: dict[str, int]


def build_language(job: Job) -> int:
    """Build the pages of one language into job.out; return how many. Raises Problem, also for our faults, GivenUp."""
    try:
        return _build_language(job)
    except (Problem, Problems, OSError, GivenUp):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - MkDocs ends a program with SystemExit
        raise unexpected.unexpected_problem(error, job.root) from None


def _build_language(job: Job) -> int:
    heard = job.context.audio_pipeline
    context = replace(job.context, audio_pipeline=heard and replace(heard, go_on=job.go_on))
    counts = {}
    for drawn in draw_pages(job.root, context, context.library.names, unchecked=job.unchecked):
        job.go_on()
        counts[drawn.name] = drawn.counts
        path = job.out / drawn.path / "index.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn.html.encode())
    search_index.write(job.out / SEARCH, search_index.indexed_pages(context.library, context.language), counts)
    kept_work.at(job.root, f"pages-{context.language}").save(whole=True)
    if job.unchecked:
        kept_work.at(job.root, kept_work.CHECKS).save()
    return len(context.library.names)


@dataclass(frozen=True)
class DrawnPage:
    """A complete page: its name, its address without the language, its HTML, and the counts of its words."""

    name: str
    path: str
    html: str
    counts: dict[str, int]


def page_html(root: Path, context: Context, source: PageSource) -> str:
    """Return one page as a build would draw it; its text need not be saved.

    context: in the page's language, with the page in its library. Links between pages are not resolved.
    Raises Problem, also for errors of the program.
    """
    converter, only_page = _Converter(root, context), AllPages({source.language: {source.name: source}})
    try:
        engine = configured_engine(root)
        html = next(text for _, text in engine.convert(root, only_page, source.language, converter.blocks))
        body = converter.body(source, html)
        return _draw(Frames(context.portal, context.language, _refuse_frame), context, source, body)
    except (Problem, Problems, OSError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - MkDocs ends a program with SystemExit
        raise unexpected.unexpected_problem(error, root) from None


def draw_pages(
    root: Path, context: Context, names: Sequence[str], engine: Engine | None = None, *, unchecked: bool = False
) -> Iterator[DrawnPage]:
    """Yield these pages of one language as they are published. Raises Problem for one with active content.

    engine: another one than mkdocs.yml names; all make the same HTML (tests/sitegen/test_engines.py); unchecked: see
    Job.
    """
    i18n.set_process_words(context.portal.words)  # needed where this runs in a process of its own
    frames = Frames(context.portal, context.language, _refuse_frame)
    for source, body in bodies(root, context, names, engine, unchecked=unchecked):
        yield DrawnPage(source.name, source.path, _draw(frames, context, source, body), body.counts)


def _draw(frames: Frames, context: Context, source: PageSource, body: Body) -> str:
    """Return the HTML of a page with its frame. Raises Problem for active content."""
    _refuse_active(body.html, source.where)
    listenable = with_clip(context, source.name, Markup(body.html), body.aloud)  # noqa: S704 - HTML already
    return frames.draw(page_of(context, source.name, listenable))


def _refuse_frame(frame: str) -> None:
    """Raise Problem for a frame with active content."""
    _refuse_active(frame, "the frame of pages")


def bodies(
    root: Path, context: Context, names: Sequence[str], engine: Engine | None = None, *, unchecked: bool = False
) -> Iterator[tuple[PageSource, Body]]:
    """Yield each page with its body: cached by a build with the same text, or converted now."""
    cache, converter = kept_work.at(root, f"pages-{context.language}"), _Converter(root, context)
    missing = {}
    for name in names:
        source = context.library.find(name, context.language)
        key = converter.keys.of(source)
        body = cache.loaded(key) if key else None
        if isinstance(body, Body):
            yield source, body
        else:
            missing[name] = key
    if not missing:
        return
    engine = engine or configured_engine(root)
    for name, html in engine.convert(root, context.library, context.language, converter.blocks, [*missing]):
        source = context.library.find(name, context.language)
        if unchecked:
            converter.store_facts(source, html)
        body = converter.body(source, html)
        if key := missing[name]:
            cache.keep(key, body)
        yield source, body


@dataclass
class _Converter:
    """Makes bodies of pages from the HTML that an engine returns."""

    root: Path
    context: Context
    blocks: BlockExtension = field(default_factory=BlockExtension)

    def __post_init__(self) -> None:
        self.keys = PageKeys(self.root, self.context.library.names, self.context.language)

    def store_facts(self, source: PageSource, converted: str) -> None:
        """Store the facts that the checks need, for a page without blocks: the checks look at the same HTML then."""
        is_own = source.language == self.context.language and not source.generated
        if is_own and not self.blocks.blocks and visible_text.without_blocks(source.text) == source.text:
            html = converted if self.blocks.html_with_own_links is None else self.blocks.html_with_own_links
            page_facts.of(source, self.root, html)

    def body(self, source: PageSource, converted: str) -> Body:
        """Return the body of a page, with its pictures and blocks drawn, and first what a table's page shows."""
        context, html = self.context, converted
        html = context.image_pipeline.embed(html, context.language) if context.image_pipeline else html
        html = quotes.mark_html(dialogue(html))
        html = html if context.language == SOURCE else foreign_links(html)
        html = self.blocks.fill(html, lambda block: draw(context, block.name, block.argument))
        html = str(source.renderer(context)) + html if source.renderer else html
        page_text = extract_text(html)
        spoken, written = ("\n".join(text for _, text in lines) for lines in (page_text.spoken, page_text.written))
        return Body(html, spoken, search_index.token_counts(written))


def _refuse_active(html: str, where: str) -> None:
    """Raise Problem for HTML that would run or load something."""
    for finding in active_html.findings_in_page(html):
        what = _("the page as built %(what)s", what=finding.what)
        raise Problem(where, what, _("Look for what makes it, and tell a developer."))
