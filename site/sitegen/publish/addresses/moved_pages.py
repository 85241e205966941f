"""Where the addresses of moved pages lead, and the staff's table of them, content/tables/moved.csv.

Addresses that people hold, printed or in a QR code, go on working when a page moves (docs/decisions/0049). Staff write
the table where the program cannot know where a page went (known_pages.py).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.i18n.locales import CODE
from forms.core.problem import Problem, place_in
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content.pages import GENERATED_FOLDERS, AllPages
from sitegen.content.tables import Row, place_of
from sitegen.publish.addresses.known_pages import EVENTS, KnownPage, page_of, text_hashes

TABLE = "content/tables/moved.csv"
ALL_EVENTS = "events.md"
_MIN_SHARE = 0.5
"""The share of a page's paragraphs that another page must have to be suggested as its new place."""

_NAME = re.compile(r"(?:[a-z0-9][a-z0-9_-]*/)*[a-z0-9][a-z0-9_-]*\.md")
_GENERATED = ("404.md", "away.md", "too-large.md", "withdrawn.md", "events.md", "events/",
              *(f"{name}{end}" for name in GENERATED_FOLDERS for end in (".md", "/")))  # fmt: skip
"""What the program itself writes into each language's folder, besides index.md, which never redirects."""


def name_of(text: str, languages: Collection[str] = ()) -> str:
    """Return the name of a page from a name, file or address: "/en/rights/" is "rights.md".

    languages: the codes with which an address may begin; by default anything that looks like a code.
    """
    code = "|".join(map(re.escape, languages)) or CODE
    path = re.sub(rf"^(?:https?://[^/]+)?/(?:(?:{code})(?:/|$))?", "", text.strip()).strip("/")
    return f"{path.removesuffix('index.html').strip('/').removesuffix('.md') or 'index'}.md"


def redirect_targets(library: AllPages, rows: Sequence[Row], known: Mapping[str, KnownPage]) -> dict[str, str]:
    """Return for each old name the page to which it leads now. Chains are followed to their end; loops lead nowhere."""
    steps = {name: page.moved_to for name, page in known.items() if page.moved_to}
    steps |= _table_steps(library, rows)
    steps = {name: new for name, new in steps.items() if _may_redirect(name)}
    ends = {name: _end(name, steps, library) for name in steps if library.source(name) is None}
    targets = {name: end for name, end in ends.items() if end and end != name}
    return {**targets, **_event_targets(library, known)}


def _table_steps(library: AllPages, rows: Sequence[Row]) -> dict[str, str]:
    """Return the new name of each old page in moved.csv, "" for a page that is gone."""
    codes = library.by_language
    return {name_of(row["old"], codes): name_of(row["new"], codes) if row["new"] else "" for row in rows}


def _event_targets(library: AllPages, known: Mapping[str, KnownPage]) -> dict[str, str]:
    """Return where events and lists that are gone lead: to their new name, or to the page of all events."""
    names = [name for name in known if name.startswith(EVENTS) and _NAME.fullmatch(name)]
    steps = {name: known[name].moved_to for name in names if known[name].moved_to}
    ends = {name: _end(name, steps, library) for name in names if name not in library.names}
    fallback = ALL_EVENTS if ALL_EVENTS in library.names else "index.md"
    return {name: end if end and end != name else fallback for name, end in ends.items()}


def _end(name: str, steps: Mapping[str, str], library: AllPages) -> str:
    """Return the page at the end of a chain, "" where it leads nowhere or in a circle."""
    seen = [name]
    while (following := steps.get(seen[-1], "")) and following not in seen:
        seen.append(following)
        if library.source(following) is not None:
            return following  # an existing page, whatever its name once led to
    last = seen[-1]
    return last if last in library.names and not following else ""


def _may_redirect(name: str) -> bool:
    """Return whether a redirect may be written under this name: only names of the staff's pages, never over others."""
    return _NAME.fullmatch(name) is not None and name != "index.md" and not name.startswith(_GENERATED)


def problems(library: AllPages, rows: Sequence[Row], address: str = "") -> Iterator[Problem]:
    """Yield a problem for each row of moved.csv that leads in a circle, to another site or no page, or from a page.

    address: of this site, like "https://portal.example".
    """
    codes = library.by_language
    steps = {old: new for old, new in _table_steps(library, rows).items() if new}
    files = {name.removesuffix(".md"): name for name in library.names}
    for row in rows:
        where, old = place_of("moved", row), name_of(row["old"], codes)
        if foreign := [name for name in ("old", "new") if _is_foreign(row[name] or "", address)]:
            what = _(
                "%(address)s is the address of another site, and only pages of this one can lead or be led to.",
                address=row[foreign[0]],
            )
            todo = _("Write a page of this site, like your-rights.")
            yield Problem(place_in(where, column=foreign[0]), what, todo)
        elif not _may_redirect(old):
            what = _("%(page)s cannot be the address of a page that moved.", page=row["old"])
            todo = _("Write it as in its address without the language, like rights or stories/the-advance.")
            yield Problem(place_in(where, column="old"), what, todo)
        elif library.source(old) is not None:
            what = _("the page %(page)s is there, so nobody is led away from it.", page=row["old"])
            yield Problem(place_in(where, column="old"), what, _("Take the row out, or remove the page."))
        elif row["new"] and not _end(old, steps, library):
            if _is_circular(old, steps):
                what = _("%(page)s leads in a circle.", page=row["old"])
                yield Problem(where, what, _("Name the page that is there now."))
            else:
                new = name_of(row["new"], codes).removesuffix(".md")
                otherwise = _("Name a page that is there, or empty this cell: then it is gone.")
                what = _("the page %(page)s is not there.", page=row["new"])
                yield Problem(place_in(where, column="new"), what, did_you_mean(new, files, otherwise))


def _is_foreign(text: str, address: str) -> bool:
    """Return whether a text is an address of another site, with or without its scheme."""
    host = re.match(r"(?:https?:)?//([^/]+)", text.strip().lower())
    return host is not None and host[1] != address.lower().partition("://")[2].partition("/")[0]


def _is_circular(name: str, steps: Mapping[str, str]) -> bool:
    seen: list[str] = []
    while name in steps and name not in seen:
        seen.append(name)
        name = steps[name]
    return name in seen


def warnings(library: AllPages, rows: Sequence[Row], known: Mapping[str, KnownPage]) -> Iterator[str]:
    """Yield a sentence for each page of earlier builds that is gone, with the page that may have its text now."""
    decided = {*_table_steps(library, rows)}
    targets = redirect_targets(library, rows, known)
    for name, page in sorted(known.items()):
        if name.startswith(EVENTS):
            continue  # checks/tables/previous_build.py reports the events that people would miss
        if library.source(name) is not None or name in decided or (name in library.names and name not in targets):
            continue  # a page without English has its own sentence
        address = name.removesuffix(".md")
        if name in targets:
            where = targets[name].removesuffix(".md")
            yield (
                f"{TABLE}: the page {address} has moved to {where}, where the same text stands; who comes to the old "
                f"address is led there. If that is wrong, write a row with old {address} and the right page under new."
            )
            continue
        similar = _similar_page(page, library)
        hint = (
            f"Its text stands in {similar}: perhaps write {similar} under new."
            if similar
            else "If it moved, name it there."
        )
        yield (
            f"{TABLE}: the page {address} is gone, and people may hold its address. {hint} Write a row with old "
            f"{address}; leave new empty if it is gone for good."
        )


def _similar_page(known: KnownPage, library: AllPages) -> str:
    """Return the page that has most of a known page's paragraphs, at least half of them; "" where there is none."""
    paragraphs = {*known.text}
    shares = {
        name: len(paragraphs & {*text_hashes(page_of(library, name))}) / max(len(paragraphs), 1)
        for name in library.names
    }
    best = max(shares, key=lambda name: shares[name], default="")
    return best.removesuffix(".md") if best and shares[best] >= _MIN_SHARE else ""
