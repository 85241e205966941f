"""Build the whole site: check, draw every language (in its own process), then replace the old site in one rename.

Nothing is built where anything is wrong; and what is in the output folder stays until the new site is whole.
"""

import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from forms.core import i18n
from forms.core import portal as portals
from forms.core.builds import earlier_assets, withdrawn
from forms.core.files.folder_swap import swap
from forms.core.portal import Portal
from forms.core.problem import Problem, Problems, as_dangers
from sitegen import interruption, kept_work
from sitegen.checks import content_checks, go_live, quote_checks
from sitegen.checks.security import html_checks, key_checks, secret_checks
from sitegen.checks.tables import previous_build
from sitegen.content import district, events, page_reader, pages, phone_numbers, settings, translations
from sitegen.content.consent import consent_table, quotes, withdrawn_stories
from sitegen.content.district import DeskKeys, DeskProblemHandler
from sitegen.content.pages import AllPages
from sitegen.content.spreadsheets import table_reader
from sitegen.content.tables import Row
from sitegen.interruption import GoOn, go_on_unless
from sitegen.language_jobs import LanguageJobs
from sitegen.layers import inherited, libraries
from sitegen.lint import consent_rules, mistakes, page_facts
from sitegen.media import audio_clips, images, staff_recordings
from sitegen.publish import browser_bundle, build_manifest
from sitegen.publish.addresses import known_pages, moved_pages, redirects
from sitegen.publish.withdrawals import withdrawal
from sitegen.render import site_files
from sitegen.render.blocks import Context
from sitegen.render.engine import interface
from sitegen.render.events import event_pages
from sitegen.workers import workers

HANDOVER = Path(".build") / "portal.json"
PICTURES = Path(".build") / "pictures"
CHARTS = Path(".build") / "charts"
SPEECH = Path(".build") / "speech"
KEPT_TABLES = Path(".build") / "tables"
KEPT_PHOTOS = Path(".build") / "photos"
FEW_PAGES = 100
"""Of so few pages, those of all languages together, a process of its own costs more time than it saves."""


@dataclass(frozen=True)
class Built:
    """What was built, and what still waits for a person."""

    portal: Portal
    pages: int
    seconds: float
    warnings: tuple[str, ...]
    context: Context
    """What pages were drawn from."""

    written: AllPages
    """The pages as staff wrote them."""


def prepare(
    root: Path,
    *,
    keys: DeskKeys | None,
    today: date,
    handover: Path | None = None,
    unprotected: Collection[str] = (),
) -> tuple[Context, content_checks.CheckReport]:
    """Read and check what staff write, beside what the last build handed over. Raises Problem or Problems.

    unprotected: public keys whose secrets lie on this machine without a passphrase; no real site may use them.
    """
    written = read(root, keys=keys, today=today)
    return written.context, check(root, written, handover=handover, unprotected=unprotected)


@dataclass(frozen=True)
class WrittenContent:
    """What staff wrote, as read: `check` checks it, and pages are drawn from the context."""

    context: Context
    days: Sequence[Row]
    addresses: Mapping[str, known_pages.KnownPage]
    library: AllPages
    """All pages before numbers are drawn in and stories without consent are left out."""

    checked: AllPages
    """The site's pages with all their quotes as they are written. The context has only those that may be shown."""

    left: Sequence[str]
    """Sentences about the stories and quotes that consent has left."""


def read(
    root: Path,
    *,
    keys: DeskKeys | None,
    today: date,
    on_desk_problems: DeskProblemHandler = district.raise_problems,
    go_on: GoOn = interruption.go_on,
) -> WrittenContent:
    """Read what staff write. Raises Problem or Problems where it cannot be read.

    on_desk_problems: see district.load; go_on: called between the parts of this, and may raise GivenUp.
    """
    content, theme = root / "content", root / "site"
    if unusable := list(libraries.problems(content)):
        raise Problems(unusable)  # first: nothing else looks into them
    if secrets := list(secret_checks.problems(content)):
        raise Problems(as_dangers(secrets))  # alone: no other sentence may repeat one
    if conflicts := list(mistakes.conflicts(content)):
        raise Problems(conflicts)  # alone: every other sentence would be about half of a table
    district.require_source(content)
    rows = table_reader.read_tables(content / "tables", theme / "schemas", root / KEPT_TABLES)
    go_on()
    numbers = phone_numbers.numbers_by_id(rows["helplines"])
    rows = phone_numbers.fill_tables(rows, numbers)
    days = list(events.expand_series(rows["events"]))
    portal = district.load(content, rows, days, keys, site_files.asset_names(theme / "assets"), on_desk_problems)
    i18n.set_process_words(portal.words)
    library, problems = page_reader.read_all(content, portal.language_codes())
    if problems:
        raise Problems(problems)
    go_on()
    addresses = known_pages.with_library(library, known_pages.read(content))
    as_written = library
    library = translations.mark_outdated(library, translations.read(content))
    go_on()
    library = phone_numbers.fill_library(library, numbers)
    library, left = withdrawn_stories.replace_withdrawn(library, rows["consents"], today)
    quoted, quotes_left = quotes.prepare_quotes(library, consent_table.consents_of_rows(rows["consents"]), today)
    menu = tuple(settings.read_settings(content)["menu"])
    context = Context(portal, rows, quoted, menu, portal.language_codes()[0], today)
    return WrittenContent(context, days, addresses, as_written, library, (*left, *quotes_left))


def check(
    root: Path,
    written: WrittenContent,
    *,
    handover: Path | None = None,
    unprotected: Collection[str] = (),
    pages_drawn: Callable[[], object] = lambda: None,
    go_on: GoOn = interruption.go_on,
) -> content_checks.CheckReport:
    """Return what is wrong with what staff write, and what waits for a person. See `prepare`.

    pages_drawn: waits until what other processes find in the HTML of pages is kept, before that is needed here; go_on:
    called between the parts of this, and may raise GivenUp.
    """
    go_on()
    content, context = root / "content", written.context
    portal, rows, library, today = context.portal, context.tables, written.checked, context.today
    report = content_checks.check(
        library, rows, written.days, context.menu, today, content, settings.voices(content), root / KEPT_PHOTOS
    )
    previous = previous_build.previous_events(handover or root / HANDOVER)
    own = settings.read_settings(content)
    live = [] if portal.demonstration else go_live.open_items(portal, own, rows, library, today, unprotected)
    known = consent_table.read_leniently(content)
    undecided = list(consent_rules.undecided_files(content, rows, known, today))
    go_on()
    pages_drawn()
    problems = (
        *report.problems,
        *go_live.blocking(live),
        *([] if portal.demonstration else undecided),
        *_page_problems(root, written, own, go_on),
        *previous_build.removed_events(previous, portal.events, today),
    )
    warnings = (
        *written.left,
        *consent_rules.restricted_files(content, known, portal.language_codes(), today),
        *withdrawn_stories.ending_soon(library, rows["consents"], today),
        *(map(str, undecided) if portal.demonstration else ()),
        *report.warnings,
        *_page_warnings(content, written),
        *previous_build.changes(previous, portal.events, today),
        *(str(item.problem) for item in live if not item.blocks),
    )
    kept_work.at(root, kept_work.CHECKS).save(whole=True)
    return content_checks.CheckReport(problems, warnings)


def _page_problems(root: Path, written: WrittenContent, own: Mapping[str, Any], go_on: GoOn) -> Iterator[Problem]:
    """Yield what is wrong in the HTML, quotes, links and addresses of pages, and in tables and settings beside them."""
    content, library, context = root / "content", written.checked, written.context
    rows, address = context.tables, context.portal.address
    pages_ = [page for by_name in library.by_language.values() for page in by_name.values()]
    yield from html_checks.problems([page for page in pages_ if not _is_clean(page, root)], rows, own, content)
    go_on()
    yield from as_dangers(quote_checks.problems(pages_, root))
    yield from mistakes.problems(library, rows, content, address, context.today)
    go_on()
    yield from moved_pages.problems(library, rows["moved"], address)
    yield from content_checks.leaflet_problems(own, library)


def _page_warnings(content: Path, written: WrittenContent) -> Iterator[str]:
    """Yield what is no mistake, and should be known of pages: words, translations, addresses, what libraries bring."""
    library, rows = written.checked, written.context.tables
    yield from mistakes.warnings(library)
    yield from translations.change_messages(library)
    yield from moved_pages.warnings(library, rows["moved"], written.addresses)
    yield from inherited.warnings(content, rows)


def _is_clean(page: pages.PageSource, root: Path) -> bool:
    return page.generated or page_facts.of(page, root).clean


def build(
    root: Path,
    out: Path,
    *,
    keys: DeskKeys | None,
    today: date,
    say: Callable[[str], None],
    handover: Path | None = None,
    speak: bool = True,
    compress: bool = True,
    unprotected: Collection[str] = (),
    sign: build_manifest.Sign | None = None,
    remembered: Callable[[], object] = lambda: None,
    clock: Callable[[], date] | None = None,
    given_up: Callable[[], bool] = lambda: False,
) -> Built:
    """Build the site of `root` into `out` and hand the portal over to the forms.

    keys: demonstration keys by desk, used where portal.yml has none; say: told what is going on; speak: make speech
    that is not kept yet (about a minute, once), else leave it out; compress: write compressed copies; sign: a
    publisher's signature of the manifest; remembered: told when translations are recorded, before they are read;
    clock: returns the day: a consent that ends while this is built counts no more; given_up: asked again and again
    until all is drawn, whether that is to end.
    Raises Problem, Problems or GivenUp, and then changes nothing; speech that was made is kept.
    """

    go_on = go_on_unless(given_up)
    started = time.monotonic()
    many = remember_translations(root, today) > FEW_PAGES
    remembered()
    go_on()
    engine = [interface.module_of(root)] if many else []
    with _fresh(out) as fresh, workers(fresh.with_name(f"{fresh.name}.stopped"), beside=many, needed=engine) as pool:
        written = read(root, keys=keys, today=today, go_on=go_on)
        at_once = pool.beside and not speak  # pages are drawn while they are checked; no speech for what may be wrong
        checked = partial(check, root, written, handover=handover, unprotected=unprotected, go_on=go_on)
        report = content_checks.CheckReport((), ()) if at_once else _without_problems(checked())
        context, letter_script = _drawn_from(root, fresh, written.context, speak, go_on)
        jobs = LanguageJobs(pool, root, fresh, context, compress, go_on, unchecked=at_once)
        if at_once:
            report = _without_problems(checked(pages_drawn=jobs.wait_until_drawn))
        count = jobs.count_pages(say, go_on)
        _write_beside(root, fresh, out, context, letter_script)
        jobs.compress_rest()
        _keep_addresses(root, fresh, out, context)
        _require_working_keys(context.portal)
        day = clock() if clock else today
        withdrawal.purge(fresh, root / "content", day, say=say)  # what was withdrawn or ended while this was built
        build_manifest.write(fresh, out, context.portal, today, sign)
    if speak:
        audio_clips.prune(root / SPEECH, out / audio_clips.FOLDER, root)
    portals.write(context.portal, handover or root / HANDOVER)
    return Built(context.portal, count, time.monotonic() - started, report.warnings, context, written.library)


def _require_working_keys(portal: Portal) -> None:
    """Raise Problems where nothing can be encrypted to a desk's key."""
    if unusable := list(key_checks.trial_encryption(portal)):
        raise Problems(unusable)


def _without_problems(report: content_checks.CheckReport) -> content_checks.CheckReport:
    """Return the report of a check. Raises Problems where it found any."""
    if report.problems:
        raise Problems(report.problems)
    return report


def _drawn_from(root: Path, fresh: Path, context: Context, speak: bool, go_on: GoOn) -> tuple[Context, Path]:
    """Return what pages are drawn from: with scripts, pages of events, pictures and sound; and the bundled script."""
    today = context.today
    letter_script = browser_bundle.make(root / "site" / "browser", root / browser_bundle.CACHE)
    portal = replace(context.portal, assets=site_files.asset_names(root / "site" / "assets", letter_script))
    library = event_pages.with_events(context.library, portal, today)
    audio_pipeline = _audio_pipeline(root, fresh / audio_clips.FOLDER, speak, today)
    allowed = consent_table.read_leniently(root / "content").media(today)
    image_pipeline = images.ImagePipeline(root / "content" / "media", root / PICTURES, fresh / images.FOLDER, allowed)
    portal = audio_clips.with_questions(portal, replace(audio_pipeline, go_on=go_on), today)
    return replace(
        context, portal=portal, library=library, image_pipeline=image_pipeline, audio_pipeline=audio_pipeline,
        charts=root / CHARTS,
    ), letter_script  # fmt: skip


def _write_beside(root: Path, fresh: Path, out: Path, context: Context, letter_script: Path) -> None:
    """Write the files that belong to no language."""
    from sitegen.render.events import calendar_numbers, calendars  # noqa: PLC0415 - large, and a check needs neither

    content, today = root / "content", context.today
    numbers = calendar_numbers.update(content, context.portal.events, today)
    calendars.write(fresh, context.portal, numbers, today)
    site_files.write(root, fresh, context, letter_script, withdrawn.read_addresses(out))


def _keep_addresses(root: Path, fresh: Path, out: Path, context: Context) -> None:
    """Let addresses that people hold go on leading somewhere: of moved pages, and of files that open pages name."""
    earlier_assets.keep(out, fresh, context.today)
    known = known_pages.record_events(root / "content", context.library)
    redirects.write(fresh, context.portal, context.library, context.tables["moved"], known)


def remember_translations(root: Path, today: date) -> int:
    """Record addresses, the sources of translations and reviews, before anything is edited again.

    Return how many pages staff have written, in all languages together; 0 where they cannot be read.
    """
    content, count = root / "content", 0
    # Where the folder cannot be written, what was remembered before still counts; what cannot be read, `prepare` says.
    with suppress(OSError, Problem, Problems, KeyError, TypeError):
        codes = [str(row["code"]) for row in settings.read_settings(content)["languages"]]
        library = page_reader.read_all(content, tuple(codes))[0]
        count = len(library.names) * len(codes)
        known_pages.record_library(content, library)
        translations.save_changes(content, library, today)
        inherited.remember(content)
    return count


def _audio_pipeline(root: Path, out: Path, speak: bool, today: date) -> audio_clips.AudioPipeline:
    content = root / "content"
    recordings = staff_recordings.find_allowed(content, consent_table.read_leniently(content).media(today))
    return audio_clips.AudioPipeline(root / SPEECH, out, settings.voices(content), recordings, speak, root)


def go_live_list(
    root: Path, *, keys: DeskKeys | None, today: date, unprotected: Collection[str]
) -> list[go_live.OpenItem]:
    """Return everything that is open before the site goes live. Raises Problem or Problems for unreadable content."""
    context, _ = prepare(root, keys=keys, today=today)
    content = root / "content"
    undecided = consent_rules.undecided_files(content, context.tables, consent_table.read_leniently(content), today)
    own = settings.read_settings(content)
    return [
        *(go_live.OpenItem(problem, True) for problem in undecided),
        *go_live.open_items(context.portal, own, context.tables, context.library, today, unprotected),
    ]


@contextmanager
def _fresh(out: Path) -> Iterator[Path]:
    """Yield a folder beside `out` that replaces it on success, and is removed on failure."""
    out = out.absolute()
    fresh = out.with_name(f"{out.name}.new-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        yield fresh
        swap(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
