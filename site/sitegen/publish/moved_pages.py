"""Addresses that people hold, printed or in a QR code, go on working when a page moves (docs/decisions/0049).

`content/addresses.json` remembers every page that was ever built, also of events, and where it went; the program writes
it. Staff write content/tables/moved.csv where the program cannot know. A redirect is a page without a script, and stays
for ever.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from forms.core import i18n
from forms.core.files.durable import write_durably
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.i18n.locales import CODE
from forms.core.portal import Portal
from forms.core.problem import Problem, place_in
from forms.core.rendering.page import Page, draw_page
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content.consent import withdrawn_stories
from sitegen.content.pages import GENERATED_FOLDERS, SOURCE, AllPages, PageSource
from sitegen.content.tables import Row, place_of
from sitegen.content.translations import paragraphs
from sitegen.publish import compression
from sitegen.publish.withdrawals import cleaning
from sitegen.render.layout import alternates

FILE = "addresses.json"
LIST = "moved.json"
"""On the site: the addresses of redirects, so that those to a withdrawn story are found (publish/withdrawals)."""

TABLE = "content/tables/moved.csv"
_TARGET = re.compile(r'<meta http-equiv="refresh" content="0; url=(/[^"]*)">')
_HALF = 0.5
_NAME = re.compile(r"(?:[a-z0-9][a-z0-9_-]*/)*[a-z0-9][a-z0-9_-]*\.md")
_OURS = ("404.md", "away.md", "too-large.md", "withdrawn.md", "events.md", "events/",
         *(f"{name}{end}" for name in GENERATED_FOLDERS for end in (".md", "/")))  # fmt: skip
"""What the program itself writes into each language's folder, besides index.md, which is never led away from."""

_EVENTS = "events/"
ALL_EVENTS = "events.md"

_JSON = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError)


@dataclass(frozen=True)
class KnownPage:
    """A page that was built once: hashes of its paragraphs, and the page with the same text, if it moved."""

    text: tuple[str, ...] = ()
    moved_to: str = ""


def read(content: Path) -> dict[str, KnownPage]:
    """Return what is remembered by name, like "stories/a.md". Raises Problem where the file cannot be read."""
    try:
        return dict(_parsed((content / FILE).read_bytes()))
    except FileNotFoundError:
        return {}
    except _JSON:
        what, todo = _("cannot be read. The program writes it; nobody else should."), _("Put back an older copy of it.")
        raise Problem(f"content/{FILE}", what, todo) from None


@lru_cache(maxsize=2)
def _parsed(data: bytes) -> Mapping[str, KnownPage]:
    """Return what the file says: a build asks three times, and reads the same bytes once."""
    found = json.loads(data.decode())
    return {str(name): KnownPage(tuple(row["text"].split()), str(row["moved_to"])) for name, row in found.items()}


def updated(library: AllPages, before: Mapping[str, KnownPage]) -> dict[str, KnownPage]:
    """Return what to remember from now on. A page that went, and whose whole text is on one new page, moved there."""
    own = [name for name in library.names if not _page(library, name).generated]
    counted = [name for name in own if library.source(name) or name not in before]  # else its English went
    now = {name: KnownPage(_hashes(_page(library, name))) for name in counted}
    fresh = {name: known for name, known in now.items() if name not in before}
    went = {name: replace(known, moved_to=known.moved_to or _same(known, fresh)) for name, known in before.items()}
    return {**went, **now}


def _page(library: AllPages, name: str) -> PageSource:
    """Return the English of a page, else its first translation."""
    return library.source(name) or next(pages[name] for pages in library.by_language.values() if name in pages)


def _hashes(page: PageSource) -> tuple[str, ...]:
    """Return the hashes of what stands below a page's main heading, which often changes with its name."""
    head = re.match(r"\s*# [^\n]*\n", page.text)
    return tuple(part for _, part in paragraphs(replace(page, text=page.text[head.end() :] if head else page.text))[1:])


def _same(known: KnownPage, fresh: Mapping[str, KnownPage]) -> str:
    found = [name for name, one in fresh.items() if known.text and one.text == known.text]
    return found[0] if len(found) == 1 else ""


def with_events(library: AllPages, before: Mapping[str, KnownPage]) -> dict[str, KnownPage]:
    """Return what to remember of a library with the pages that the build makes from events.csv.

    An event whose row has another id now, with the same title, day, place and text, moved there. Others that are gone,
    and lists that are empty, lead to the page of all events (`redirects`).
    """
    made = {name: page for name, page in library.by_language[SOURCE].items() if name.startswith(_EVENTS)}
    now = {name: KnownPage(_said_of(page)) for name, page in made.items()}
    gone = {name: known for name, known in before.items() if name.startswith(_EVENTS) and name not in now}
    went = {name: replace(known, moved_to=known.moved_to or _same(known, now)) for name, known in gone.items()}
    return {**before, **went, **now}


def _said_of(page: PageSource) -> tuple[str, ...]:
    """Return the hash of an event's title, day, place and text; a list has none."""
    said = f"{page.title}\n{page.meta['description']}" if "description" in page.meta else ""
    return (hashlib.sha256(said.encode()).hexdigest()[:12],) if said else ()


def remember(content: Path, library: AllPages) -> None:
    """Write what is remembered of the staff's pages, where anything of it is new."""
    _write_known(content, updated(library, read(content)))


def remember_edited(content: Path, library: AllPages, names: Collection[str]) -> None:
    """Write what is remembered of these pages, whose text was edited and which stood at the same place before."""
    before = read(content)
    fresh = {
        name: KnownPage(_hashes(_page(library, name))) for name in names if name in before and library.source(name)
    }
    _write_known(content, before | fresh)


def remember_events(content: Path, library: AllPages) -> dict[str, KnownPage]:
    """Write what is remembered of events too, and return all of it. Raises Problem where the file cannot be read."""
    known = with_events(library, read(content))
    with suppress(OSError):  # where the folder cannot be written, what was remembered before still counts
        _write_known(content, known)
    return known


def _write_known(content: Path, fresh: Mapping[str, KnownPage]) -> None:
    if fresh != read(content):
        rows = {name: {"text": " ".join(one.text), "moved_to": one.moved_to} for name, one in sorted(fresh.items())}
        write_durably(content / FILE, (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode())


def name_of(text: str, languages: Collection[str] = ()) -> str:
    """Return the name of a page that somebody gives by name, file or address: "/en/rights/" is "rights.md".

    languages: the codes that may stand first in an address; without them, whatever looks like one.
    """
    code = "|".join(map(re.escape, languages)) or CODE
    path = re.sub(rf"^(?:https?://[^/]+)?/(?:(?:{code})(?:/|$))?", "", text.strip()).strip("/")
    return f"{path.removesuffix('index.html').strip('/').removesuffix('.md') or 'index'}.md"


def redirects(library: AllPages, rows: Sequence[Row], known: Mapping[str, KnownPage]) -> dict[str, str]:
    """Return for each old name the page to which it leads now, chains followed to their end. Loops lead nowhere."""
    steps = {name: one.moved_to for name, one in known.items() if one.moved_to}
    steps |= _steps(library, rows)
    steps = {name: new for name, new in steps.items() if _may_be_old(name)}
    ends = {name: _end(name, steps, library) for name in steps if library.source(name) is None}
    led = {name: end for name, end in ends.items() if end and end != name}
    return {**led, **_events_led(library, known)}


def _steps(library: AllPages, rows: Sequence[Row]) -> dict[str, str]:
    """Return what moved.csv says by the old page's name; "" for a page that is gone."""
    codes = library.by_language
    return {name_of(row["old"], codes): name_of(row["new"], codes) if row["new"] else "" for row in rows}


def _events_led(library: AllPages, known: Mapping[str, KnownPage]) -> dict[str, str]:
    """Return where events and lists lead that are gone: to their new name, else to the page of all events."""
    names = [name for name in known if name.startswith(_EVENTS) and _NAME.fullmatch(name)]
    steps = {name: known[name].moved_to for name in names if known[name].moved_to}
    ends = {name: _end(name, steps, library) for name in names if name not in library.names}
    all_of_them = ALL_EVENTS if ALL_EVENTS in library.names else "index.md"
    return {name: end if end and end != name else all_of_them for name, end in ends.items()}


def _end(name: str, steps: Mapping[str, str], library: AllPages) -> str:
    """Return the page at the end of a chain; "" where it leads nowhere or in a circle."""
    seen = [name]
    while (following := steps.get(seen[-1], "")) and following not in seen:
        seen.append(following)
        if library.source(following) is not None:
            return following  # a page that is there: what it was called before does not count
    last = seen[-1]
    return last if last in library.names and not following else ""


def _may_be_old(name: str) -> bool:
    """Return whether this is the name of a page of the staff's: nothing else is ever written over."""
    return _NAME.fullmatch(name) is not None and name != "index.md" and not name.startswith(_OURS)


def problems(library: AllPages, rows: Sequence[Row], address: str = "") -> Iterator[Problem]:
    """Yield rows of moved.csv that lead in a circle, elsewhere, to no page, or away from a page that is there.

    address: of this site, like "https://portal.example".
    """
    codes = library.by_language
    steps = {old: new for old, new in _steps(library, rows).items() if new}
    files = {name.removesuffix(".md"): name for name in library.names}
    for row in rows:
        where, old = place_of("moved", row), name_of(row["old"], codes)
        if elsewhere := [name for name in ("old", "new") if _is_elsewhere(row[name] or "", address)]:
            what = _(
                "%(address)s is the address of another site, and only pages of this one can lead or be led to.",
                address=row[elsewhere[0]],
            )
            todo = _("Write a page of this site, like your-rights.")
            yield Problem(place_in(where, column=elsewhere[0]), what, todo)
        elif not _may_be_old(old):
            what = _("%(page)s cannot be the address of a page that moved.", page=row["old"])
            todo = _("Write it as in its address without the language, like rights or stories/the-advance.")
            yield Problem(place_in(where, column="old"), what, todo)
        elif library.source(old) is not None:
            what = _("the page %(page)s is there, so nobody is led away from it.", page=row["old"])
            yield Problem(place_in(where, column="old"), what, _("Take the row out, or remove the page."))
        elif row["new"] and not _end(old, steps, library):
            if _circles(old, steps):
                what = _("%(page)s leads in a circle.", page=row["old"])
                yield Problem(where, what, _("Name the page that is there now."))
            else:
                new = name_of(row["new"], codes).removesuffix(".md")
                otherwise = _("Name a page that is there, or empty this cell: then it is gone.")
                what = _("the page %(page)s is not there.", page=row["new"])
                yield Problem(place_in(where, column="new"), what, did_you_mean(new, files, otherwise))


def _is_elsewhere(text: str, address: str) -> bool:
    """Return whether this is an address of another site, with or without its scheme."""
    host = re.match(r"(?:https?:)?//([^/]+)", text.strip().lower())
    return host is not None and host[1] != address.lower().partition("://")[2].partition("/")[0]


def _circles(name: str, steps: Mapping[str, str]) -> bool:
    seen: list[str] = []
    while name in steps and name not in seen:
        seen.append(name)
        name = steps[name]
    return name in seen


def said(library: AllPages, rows: Sequence[Row], known: Mapping[str, KnownPage]) -> Iterator[str]:
    """Say which pages of earlier builds are gone, and where their text may stand now."""
    decided = {*_steps(library, rows)}
    led = redirects(library, rows, known)
    for name, one in sorted(known.items()):
        if name.startswith(_EVENTS):
            continue  # checks/previous_build.py says which events people would miss
        if library.source(name) is not None or name in decided or (name in library.names and name not in led):
            continue  # a page without English has its own sentence
        address = name.removesuffix(".md")
        if name in led:
            where = led[name].removesuffix(".md")
            yield (
                f"{TABLE}: the page {address} has moved to {where}, where the same text stands; who comes to the old "
                f"address is led there. If that is wrong, write a row with old {address} and the right page under new."
            )
            continue
        alike = _alike(one, library)
        hint = (
            f"Its text stands in {alike}: perhaps write {alike} under new." if alike else "If it moved, name it there."
        )
        yield (
            f"{TABLE}: the page {address} is gone, and people may hold its address. {hint} Write a row with old "
            f"{address}; leave new empty if it is gone for good."
        )


def _alike(known: KnownPage, library: AllPages) -> str:
    """Return the page that holds the most of a text, at least half of it; "" where there is none."""
    wanted = {*known.text}
    shares = {name: len(wanted & {*_hashes(_page(library, name))}) / max(len(wanted), 1) for name in library.names}
    best = max(shares, key=lambda name: shares[name], default="")
    return best.removesuffix(".md") if best and shares[best] >= _HALF else ""


def write(out: Path, portal: Portal, library: AllPages, rows: Sequence[Row], known: Mapping[str, KnownPage]) -> None:
    """Write a redirect for each old address in each language that has no page of its own there."""
    addresses = []
    for old, new in sorted(redirects(library, rows, known).items()):
        for code in portal.language_codes():
            target = library.find(new, code)
            if old in library.by_language.get(code, {}):
                continue
            address = f"/{code}/{replace(target, name=old).path}"
            path = out / address.lstrip("/") / "index.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            for ending in ("", *compression.ENDINGS):
                path.with_name(f"index.html{ending}").unlink(missing_ok=True)
            path.write_text(_drawn(portal, code, "" if target.withdrawn else target.path, target), encoding="utf-8")
            addresses += [] if target.withdrawn else [address]
    (out / LIST).write_text(json.dumps(addresses), encoding="utf-8")


def _drawn(portal: Portal, language: str, path: str, target: PageSource) -> str:
    """Return a redirect, or the neutral page where what it led to is withdrawn."""
    translate = i18n.translator(language)
    if target.withdrawn:
        title, text = withdrawn_stories.neutral_words(language)
        body = Markup("<h1>{}</h1>\n<p>{}</p>").format(title, text)
        return _page_of(portal, language, title, body, "")
    title, address = translate("This page has moved"), f"/{language}/{path}"
    body = Markup('<h1>{}</h1>\n<p><a class="button" href="{}">{}</a></p>').format(title, address, translate("Go on"))
    drawn = _page_of(portal, language, title, body, path)
    refresh = Markup('<meta http-equiv="refresh" content="0; url={}">').format(address)
    return drawn.replace('<meta name="viewport"', f'{refresh}\n<meta name="viewport"', 1)


def _page_of(portal: Portal, language: str, title: str, body: Markup, path: str) -> str:
    others = alternates(portal, language, path)
    return draw_page(portal, language, Page(title=title, lang=language, body=body, alternates=others, index=False))


def targets(public: Path) -> dict[str, str]:
    """Return for each redirect of a built site the address to which it leads."""
    try:
        listed = json.loads((public / LIST).read_text(encoding="utf-8"))
    except _JSON:
        return {}
    found = {}
    for address in listed if isinstance(listed, list) else ():
        with suppress(OSError, ValueError):  # a page that is damaged leads nowhere
            path = public / str(address).lstrip("/") / "index.html"
            if path.is_file() and (match := _TARGET.search(cleaning.read(path))):
                found[str(address)] = match[1]
    return found


def forget(public: Path, addresses: Collection[str]) -> None:
    """Take addresses out of the list of redirects: their pages are replaced."""
    left = [address for address in targets(public) if address not in addresses]
    cleaning.replace(public / LIST, json.dumps(left))
