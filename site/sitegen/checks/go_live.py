"""What must be done before people in danger rely on the site, for `check --go-live` and for every real build.

Items that endanger people block the build; the others are listed.
"""

import ipaddress
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from forms.core.i18n.lazy_text import LazyText
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Desk, Portal
from forms.core.problem import Problem
from sitegen.content.pages import SOURCE, AllPages
from sitegen.content.settings import SETTINGS_FILE
from sitegen.content.tables import Row, Tables, text

MAX_CHECK_AGE = timedelta(days=180)
_NOT_CALLED = "not yet called"
"""The text in checked_by if somebody has read a source and not called the number."""

UNNAMED_TEXTS = (
    "Who is responsible for this site is not named yet.",
    "இந்தத் தளத்துக்கு யார் பொறுப்பு என்பது இன்னும் குறிப்பிடப்படவில்லை.",
    "ఈ సైటుకు ఎవరు బాధ్యులో ఇంకా పేర్కొనలేదు.",
    "इस साइट के लिए कौन जिम्मेदार है, यह अभी नहीं लिखा गया है।",
    "ଏହି ସାଇଟ ପାଇଁ କିଏ ଦାୟୀ, ତାହା ଏପର୍ଯ୍ୟନ୍ତ ଲେଖାଯାଇ ନାହିଁ।",
)
"""The texts of the demonstration in place of a responsible person, in each language."""

_RESERVED_NAMES = ("localhost", "example", "test", "invalid", "local", "example.org", "example.com", "example.net")


@dataclass(frozen=True)
class OpenItem:
    """Something that is still to be done. blocks: whether it endangers people and so prevents a real build."""

    problem: Problem
    blocks: bool

    def __str__(self) -> str:
        return f"{'MUST' if self.blocks else 'should'}  {self.problem}"


def open_items(
    portal: Portal,
    settings: Mapping[str, Any],
    tables: Tables,
    library: AllPages,
    today: date,
    unprotected: Collection[str] = (),
) -> list[OpenItem]:
    """Return all open items, blocking ones first. unprotected: public keys whose secret here has no passphrase."""
    blocking_problems = [
        *_responsible(portal), *_address(portal), *_exit(portal), *_keys(portal, unprotected), *_single_keys(portal),
        *_helplines(tables["helplines"], today), *_example_events(tables["events"]),
    ]  # fmt: skip
    other_problems = [
        *_demonstration(settings), *_recovery(portal), *_example_rows(tables), *_composite_stories(library),
        *_outdated(tables, today), *_reviews(library, tables, portal.language_codes()),
    ]  # fmt: skip
    return [
        *(OpenItem(problem, True) for problem in blocking_problems),
        *(OpenItem(problem, False) for problem in other_problems),
    ]


def blocking(items: Sequence[OpenItem]) -> list[Problem]:
    """Return the problems that prevent a real build."""
    return [item.problem for item in items if item.blocks]


def _demonstration(settings: Mapping[str, Any]) -> Iterator[Problem]:
    if settings.get("demonstration"):
        yield Problem(f"{SETTINGS_FILE}, demonstration", _("is true."), _("Write false once nothing else is open."))


def _responsible(portal: Portal) -> Iterator[Problem]:
    for code in portal.language_codes():
        responsible = portal.responsible.get(code, "").strip()
        if responsible in UNNAMED_TEXTS or not responsible:
            todo = _("Name who answers for this site and for what is kept (Digital Personal Data Protection Act 2023).")
            yield Problem(f"{SETTINGS_FILE}, responsible, {code}", _("nobody is named."), todo)


def _address(portal: Portal) -> Iterator[Problem]:
    parts = urlsplit(portal.address)
    host = (parts.hostname or "").rstrip(".")
    is_onion = host.endswith(".onion")
    if not is_onion and (parts.scheme != "https" or _is_unreachable(host)):
        what = _(
            "%(address)s is no address under which people reach the site over an encrypted line.",
            address=portal.address,
        )
        yield Problem(f"{SETTINGS_FILE}, address", what, _("Write the real address, which begins with https://"))


def _is_unreachable(host: str) -> bool:
    """Return whether a host is private or reserved, so that nobody else can reach it."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host in _RESERVED_NAMES or host.rpartition(".")[2] in _RESERVED_NAMES


def _exit(portal: Portal) -> Iterator[Problem]:
    own = urlsplit(portal.address).hostname
    for address in dict.fromkeys((portal.exit_url, *portal.exit_urls.values())):
        target = urlsplit(address).hostname
        if own == target or _is_unreachable(target or ""):
            what = _("%(address)s does not lead away from this site.", address=address)
            yield Problem(f"{SETTINGS_FILE}, exit_url", what, _("Name a page of another site that anybody might read."))


def _keys(portal: Portal, unprotected: Collection[str]) -> Iterator[Problem]:
    for desk in portal.desks:
        for key in desk.keys:
            if key in unprotected:
                what = _("has a demonstration key: its secret lies on this machine without a passphrase.")
                todo = _("Make a key on the desk's own machine: python3 build.py desk --home FOLDER new-key")
                yield Problem(_where(desk), what, todo)


def _where(desk: Desk) -> LazyText:
    return _("%(file)s, desk %(desk)s", file=SETTINGS_FILE, desk=desk.id)


def _single_keys(portal: Portal) -> Iterator[Problem]:
    for desk in portal.desks:
        if len(desk.members) == 1 and not desk.recovery:
            what = _("has one key and no recovery key: if that machine is lost, so are its letters.")
            todo = _("Two people must be able to open what comes in. Run: python3 build.py desk recovery-key")
            yield Problem(_where(desk), what, todo)


def _recovery(portal: Portal) -> Iterator[Problem]:
    for desk in portal.desks:
        if len(desk.members) > 1 and not desk.recovery:
            todo = _("Print one and lock it away: python3 build.py desk recovery-key")
            yield Problem(_where(desk), _("has no recovery key."), todo)


def _helplines(rows: Sequence[Row], today: date) -> Iterator[Problem]:
    for row in rows:
        where, checked_by = f"content/tables/helplines.csv, {row['id']}", str(row["checked_by"] or "")
        if not checked_by.strip() or _NOT_CALLED in checked_by.lower():
            todo = _("Call it, and write your name under checked_by.")
            yield Problem(where, _("nobody has called this number."), todo)
        elif row["checked_on"] is None or row["checked_on"] < today - MAX_CHECK_AGE:
            yield Problem(where, _last_checked(row), _("Call it again, and write the day."))


def _last_checked(row: Row) -> LazyText:
    return _("was last checked on %(day)s.", day=str(row["checked_on"]))


def _example_events(rows: Sequence[Row]) -> Iterator[Problem]:
    for row in rows:
        if row["example"]:
            what = _("is an example: people would travel to a meeting that is not held.")
            yield Problem(f"content/tables/events.csv, {row['id']}", what, _("Take it out."))


def _example_rows(tables: Tables) -> Iterator[Problem]:
    for name, rows in tables.items():
        count = sum(bool(row.get("example")) for row in rows) if name != "events" else 0
        if count:
            what = _("%(count)s rows are examples.", count=count)
            yield Problem(f"content/tables/{name}.csv", what, _("Take them out."))


def _composite_stories(library: AllPages) -> Iterator[Problem]:
    for pages in library.by_language.values():
        for page in pages.values():
            if page.meta.get("composite"):
                what = _("is an example put together from public reports, and no person's story.")
                yield Problem(page.where, what, _("Take it out, or decide to keep it: it says so to its readers."))


def _outdated(tables: Tables, today: date) -> Iterator[Problem]:
    for name in ("services", "staff_links"):
        for row in tables[name]:
            if row["checked_on"] < today - MAX_CHECK_AGE:
                where = f"content/tables/{name}.csv, {row['id']}"
                yield Problem(where, _last_checked(row), _("Check it again, and write the day."))


def _reviews(library: AllPages, tables: Tables, codes: Sequence[str]) -> Iterator[Problem]:
    for code in (code for code in codes if code != SOURCE):
        waiting = [page.name for page in library.by_language.get(code, {}).values() if not page.reviewed]
        if waiting:
            what = _("nobody has reviewed %(count)s pages, like %(page)s.", count=len(waiting), page=waiting[0])
            todo = _(
                "Let a native reader read them and write the name under reviewed_by; until then each page says so."
            )
            yield Problem(f"content/{code}", what, todo)
        phrases = sum(code not in text(row, "reviewed") for row in tables["phrases"])
        if phrases:
            what = _("nobody has reviewed %(count)s phrases.", count=phrases)
            yield Problem(f"content/tables/phrases.csv, reviewed_{code}", what, _("Ask a native reader."))
