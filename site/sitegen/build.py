"""Builds the whole site: checks first, then every language in its own process, then one swap of folders.

Nothing is built where anything is wrong; and what stands in the output folder stays until the new site is whole.
"""

import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from forms.core import i18n
from forms.core import portal as portals
from forms.core.builds import earlier_assets, withdrawn
from forms.core.files.folder_swap import swap
from forms.core.portal import Portal
from forms.core.problem import Problem, Problems, as_dangers
from sitegen.checks import content_checks, go_live, html_checks, key_checks, previous_build, quote_checks, secret_checks
from sitegen.content import (
    consents,
    district,
    events,
    pages,
    phone_numbers,
    quotes,
    settings,
    tables,
    translations,
)
from sitegen.content.district import DeskKeys
from sitegen.layers import inherited, libraries
from sitegen.lint import consent_rules, mistakes
from sitegen.media import audio_clips, images
from sitegen.publish import browser_bundle, build_manifest, moved_pages, withdrawal
from sitegen.render import event_pages, site_files
from sitegen.render.blocks import Context

HANDOVER = Path(".build") / "portal.json"
PICTURES = Path(".build") / "pictures"
CHARTS = Path(".build") / "charts"
SPEECH = Path(".build") / "speech"
SEAL = Path(".build") / "seal"
KEPT_TABLES = Path(".build") / "tables"
KEPT_PHOTOS = Path(".build") / "photos"
FEW_PAGES = 20
"""Of so few pages in each language a process of its own costs more time than it saves."""


@dataclass(frozen=True)
class Built:
    """What was built, and what still waits for a person."""

    portal: Portal
    pages: int
    seconds: float
    warnings: tuple[str, ...]


def prepare(
    root: Path,
    *,
    keys: DeskKeys | None,
    today: date,
    handover: Path | None = None,
    unprotected: Collection[str] = (),
) -> tuple[Context, content_checks.Report]:
    """Read and check what staff write, beside what the last build handed over. Raises Problem or Problems.

    unprotected: public keys whose secrets lie on this machine without a passphrase; no real site may use them.
    """
    content, theme = root / "content", root / "site"
    if unusable := list(libraries.problems(content)):
        raise Problems(unusable)  # first: nothing else looks into them
    if secrets := list(secret_checks.problems(content)):
        raise Problems(as_dangers(secrets))  # alone: no other sentence may repeat one
    if conflicts := list(mistakes.conflicts(content)):
        raise Problems(conflicts)  # alone: every other sentence would be about half of a table
    rows = tables.read(content / "tables", theme / "schemas", root / KEPT_TABLES)
    numbers = phone_numbers.dialled(rows["helplines"])
    rows = phone_numbers.in_tables(rows, numbers)
    days = list(events.expanded(rows["events"]))
    portal = district.load(content, rows, days, keys, site_files.asset_names(theme / "assets"))
    i18n.take_words(portal.words)
    library, problems = pages.read_all(content, portal.language_codes())
    if problems:
        raise Problems(problems)
    addresses = moved_pages.updated(library, moved_pages.read(content))
    library = translations.applied(library, translations.read(content))
    library = phone_numbers.in_library(library, numbers)
    library, left = consents.without_withdrawn(library, rows["consents"], today)
    own = settings.read_settings(content)
    menu = tuple(own["menu"])
    report = content_checks.check(
        library, rows, days, menu, today, content, settings.voices(content), root / KEPT_PHOTOS
    )
    before = previous_build.last_built(handover or root / HANDOVER)
    every = [page for by_name in library.by_language.values() for page in by_name.values()]
    live = [] if portal.demonstration else go_live.open_items(portal, own, rows, library, today, unprotected)
    known = consents.read_leniently(content)
    undecided = list(consent_rules.undecided(content, rows, known, today))
    quoted, quotes_left = quotes.applied(library, consents.of_rows(rows["consents"]), today)
    report = content_checks.Report(
        (
            *report.problems,
            *go_live.blocking(live),
            *([] if portal.demonstration else undecided),
            *html_checks.problems(every, rows, own, content),
            *as_dangers(quote_checks.problems(every, root)),
            *mistakes.problems(library, rows, content, portal.address, today),
            *moved_pages.problems(library, rows["moved"]),
            *content_checks.leaflet(own, library),
            *previous_build.lost(before, portal.events, today),
        ),
        (
            *left,
            *quotes_left,
            *consent_rules.left_out(content, known, portal.language_codes(), today),
            *consents.ending_soon(library, rows["consents"], today),
            *(map(str, undecided) if portal.demonstration else ()),
            *report.warnings,
            *mistakes.warnings(library),
            *translations.said(library),
            *moved_pages.said(library, rows["moved"], addresses),
            *inherited.said(content, rows),
            *previous_build.changed(before, portal.events, today),
            *(str(item.problem) for item in live if not item.blocks),
        ),
    )
    return Context(portal, rows, quoted, menu, portal.language_codes()[0], today), report


def build(
    root: Path,
    out: Path,
    *,
    keys: DeskKeys | None,
    today: date,
    say: Callable[[str], None],
    handover: Path | None = None,
    speak: bool = True,
    unprotected: Collection[str] = (),
    sign: build_manifest.Sign | None = None,
) -> Built:
    """Build the site of `root` into `out` and hand the portal over to the forms.

    keys: demonstration keys by desk, used where portal.yml has none; say: told what is going on; speak: make speech
    that is not kept yet (about a minute, once), else leave it out; sign: a publisher's signature of the manifest.
    Raises Problem or Problems, and then changes nothing.
    """
    from sitegen.render import calendar_numbers, calendars  # noqa: PLC0415 - large, and a check needs neither this nor MkDocs

    started = time.monotonic()
    remember_translations(root, today)
    context, report = prepare(root, keys=keys, today=today, handover=handover, unprotected=unprotected)
    if report.problems:
        raise Problems(report.problems)
    seal = browser_bundle.make(root / "site" / "browser", root / SEAL)
    assets = site_files.asset_names(root / "site" / "assets", seal)
    context = replace(
        context,
        portal=replace(context.portal, assets=assets),
        library=event_pages.with_events(context.library, context.portal, today),
    )
    with _fresh(out) as fresh:
        audio_pipeline = _audio_pipeline(root, fresh / audio_clips.FOLDER, speak, today)
        allowed = consents.read_leniently(root / "content").media(today)
        image_pipeline = images.ImagePipeline(
            root / "content" / "media", root / PICTURES, fresh / images.FOLDER, allowed
        )
        context = replace(
            context, image_pipeline=image_pipeline, audio_pipeline=audio_pipeline, charts=root / CHARTS,
            portal=audio_clips.with_questions(context.portal, audio_pipeline, today),
        )  # fmt: skip
        count = sum(_languages(root, fresh, context, say))
        numbers = calendar_numbers.remembered(root / "content", context.portal.events, today)
        calendars.write(fresh, context.portal, numbers, today)
        site_files.write(root, fresh, context, seal, withdrawn.listed(out))
        earlier_assets.keep(out, fresh, today)
        known = moved_pages.remember_events(root / "content", context.library)
        moved_pages.write(fresh, context.portal, context.library, context.tables["moved"], known)
        if untried := list(key_checks.trial(context.portal)):
            raise Problems(untried)  # the old site stays
        withdrawal.purge(fresh, root / "content", today)  # what was withdrawn while this was built
        build_manifest.write(fresh, out, context.portal, today, sign)
    if speak:
        audio_clips.prune(root / SPEECH, out / audio_clips.FOLDER)
    portals.write(context.portal, handover or root / HANDOVER)
    return Built(context.portal, count, time.monotonic() - started, report.warnings)


def remember_translations(root: Path, today: date) -> None:
    """Remember addresses, what translations were made from and what was signed, before anything is edited again."""
    content = root / "content"
    # Where the folder cannot be written, what was remembered before still counts; what cannot be read, `prepare` says.
    with suppress(OSError, Problem, Problems, KeyError, TypeError):
        codes = [str(row["code"]) for row in settings.read_settings(content)["languages"]]
        library = pages.read_all(content, tuple(codes))[0]
        moved_pages.remember(content, library)
        translations.remember(content, library, today)
        inherited.remember(content)


def _audio_pipeline(root: Path, out: Path, speak: bool, today: date) -> audio_clips.AudioPipeline:
    content = root / "content"
    recordings = audio_clips.allowed_recordings(content, consents.read_leniently(content).media(today))
    return audio_clips.AudioPipeline(root / SPEECH, out, settings.voices(content), recordings, speak)


def _languages(root: Path, fresh: Path, context: Context, say: Callable[[str], None]) -> Iterator[int]:
    from sitegen.render.language_pages import Job, build_language  # noqa: PLC0415

    codes = context.portal.language_codes()
    jobs = [Job(root, fresh / code, replace(context, language=code)) for code in codes]
    if len(context.library.names) <= FEW_PAGES:
        for job in jobs:
            yield _said(say, job.context.language, build_language(job))
        return
    # A fork server (or a new interpreter, where there is none) is safe with threads; plain fork is not.
    way = "spawn" if sys.platform == "win32" else "forkserver"
    processes = multiprocessing.get_context(way)
    processes.set_forkserver_preload(["sitegen.render.language_pages"])
    with ProcessPoolExecutor(len(jobs), mp_context=processes) as pool:
        for code, count in zip(codes, pool.map(build_language, jobs), strict=True):
            yield _said(say, code, count)


def _said(say: Callable[[str], None], language: str, pages: int) -> int:
    say(f"  {language}: {pages} pages")
    return pages


def go_live_list(root: Path, *, keys: DeskKeys | None, today: date, unprotected: Collection[str]) -> list[go_live.Item]:
    """Everything that is open before the site is for real. Raises Problem or Problems where it cannot be read."""
    context, _ = prepare(root, keys=keys, today=today)
    content = root / "content"
    undecided = consent_rules.undecided(content, context.tables, consents.read_leniently(content), today)
    own = settings.read_settings(content)
    return [
        *(go_live.Item(problem, True) for problem in undecided),
        *go_live.open_items(context.portal, own, context.tables, context.library, today, unprotected),
    ]


@contextmanager
def _fresh(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place when all went well, and goes when not."""
    out = out.absolute()
    fresh = out.with_name(f"{out.name}.new-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        yield fresh
        swap(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
