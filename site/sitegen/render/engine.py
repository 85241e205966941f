"""The only file that knows MkDocs. It turns MkDocs' events into plain calls and knows nothing else.

One process builds one language; MkDocs finds the pages, converts the Markdown and writes the files.
"""

import logging
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.theme import Theme
from mkdocs.utils.templates import TemplateContext

from forms.core.problem import Problem, Problems
from forms.core.rendering import draw_page
from sitegen.checks import active_html
from sitegen.content.pages import SOURCE
from sitegen.lint import unexpected
from sitegen.publish import page_weight
from sitegen.render import search_index
from sitegen.render.blocks import Context, draw
from sitegen.render.html_to_text import lines_of
from sitegen.render.layout import page_of, with_clip
from sitegen.render.markdown_extensions import BlockExtension, foreign_links, talk


@dataclass(frozen=True)
class Job:
    """One language to build: the project's root, where its pages go, and what they are drawn from."""

    root: Path
    out: Path
    context: Context


@dataclass
class _SitePlugin(BasePlugin):  # type: ignore[type-arg, no-untyped-call] # it has no settings; MkDocs types little
    job: Job
    blocks: BlockExtension = field(default_factory=BlockExtension)
    config: dict[str, Any] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """What each page says to a reader, by its name: for the search."""

    def on_files(self, files: Files, config: MkDocsConfig) -> Files:
        """Leave out Material's own scripts, styles and fonts; let English stand in for missing pages."""
        job = self.job
        own = [file for file in files if file.src_dir and Path(file.src_dir).is_relative_to(job.root / "content")]
        by_staff = {file.src_uri: file for file in own}
        own = []
        for name in job.context.library.names:
            source = job.context.library.find(name, job.context.language)
            if source.made:
                own.append(File.generated(config, name, content=source.text))
            else:
                folder = job.root / "content" / source.language
                missing = File(name, str(folder), config.site_dir, use_directory_urls=True)
                own.append(by_staff.get(name, missing))
        return Files(own)  # and no other file of content/, whatever it is

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Teach Markdown what a block is."""
        config.markdown_extensions.append(self.blocks)  # type: ignore[arg-type] # Python-Markdown takes objects too
        return config

    def on_page_markdown(self, markdown: str, page: MkDocsPage, **_: Any) -> str:  # noqa: ARG002 - MkDocs' signature
        """Return the text as the library has it: phone numbers are drawn there."""
        return self.job.context.library.find(page.file.src_uri, self.job.context.language).text

    def on_page_content(self, html: str, page: MkDocsPage, **_: Any) -> str:
        """Draw the blocks, and above all what a page made from a table shows."""
        context = self.job.context
        source = context.library.find(page.file.src_uri, context.language)
        html = context.image_pipeline.shown(html, context.language) if context.image_pipeline else html
        html = talk(html)
        html = html if context.language == SOURCE else foreign_links(html)
        html = self.blocks.filled(html, lambda block: draw(context, block.name, block.argument))
        return str(source.renderer(context)) + html if source.renderer else html

    def on_page_context(self, context: TemplateContext, /, *, page: MkDocsPage, **_: Any) -> TemplateContext:
        """Hand the theme the whole page, drawn in the shell that the forms use too."""
        own = self.job.context
        body = Markup(page.content or "")  # noqa: S704 - Markdown of the staff, blocks escaped by Jinja
        self.said[page.file.src_uri] = "\n".join(text for _, text in lines_of(body, aloud=False))
        body = with_clip(own, page.file.src_uri, body)
        drawn = draw_page(own.portal, own.language, page_of(own, page.file.src_uri, body))
        for found in active_html.left_over(drawn):
            where = own.library.find(page.file.src_uri, own.language).where
            raise Problem(where, f"the page as built {found.what}", "Look for what makes it, and tell a developer.")
        context["shell"] = drawn  # type: ignore[typeddict-unknown-key]
        return context


def build_language(job: Job) -> int:
    """Build the pages of one language into job.out; how many there are. Raises Problem, also for a fault of ours."""
    try:
        return _build_language(job)
    except (Problem, Problems, OSError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - MkDocs ends a program with SystemExit
        raise unexpected.as_problem(error, job.root) from None


def _templates_only(theme: Theme) -> jinja2.Environment:
    """Return the theme's templates without a list of its files: Material has 15,000, and `on_files` leaves all out."""
    environment = Theme.get_env(theme)
    environment.list_templates = lambda *_, **__: []  # type: ignore[method-assign,misc]
    return environment


def _build_language(job: Job) -> int:
    logging.getLogger("mkdocs").setLevel(logging.ERROR)
    language = job.context.language
    config = load_config(
        str(job.root / "mkdocs.yml"),
        docs_dir=str(job.root / "content" / language),
        site_dir=str(job.out),
        site_url=f"{job.context.portal.address}/{language}/",
    )
    config.plugins["press"] = plugin = _SitePlugin(job)
    config.theme.get_env = partial(_templates_only, config.theme)  # type: ignore[method-assign]
    mkdocs_build(config)
    pages = job.context.library.by_language[language]
    found = {name: page for name, page in pages.items() if page.meta.get("search", True)}
    search_index.write(job.out / "search", found, plugin.said)
    page_weight.compress(job.out)
    return len(job.context.library.names)
