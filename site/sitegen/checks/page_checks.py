"""Checks of one page: malformed blocks, links to numbers, dates, addresses and arguments of blocks."""

import re
from collections.abc import Iterator, Mapping, Sequence

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Choice
from forms.core.problem import Danger, Problem, place_in
from sitegen.checks.did_you_mean import did_you_mean, there_are
from sitegen.content.pages import TABLET, PageSource, day_of
from sitegen.content.phone_numbers import TOKEN

_ANY_BLOCK = re.compile(r"\[\[\s*(?P<name>[^\W\d_][^\]\[:\n]*)")
_TEL = re.compile(r"\[(?P<shown>[^\]]*)\]\(tel:(?P<dialled>[^)\s]*)\)")
_ADDRESS = re.compile(r"\]\((?P<address>/[^)\s#?]*)")
_GENERATED = ("events", TABLET)
"""Folders whose pages the build generates."""

DATE_KEYS = ("changed", "source_changed", "recorded", "reviewed_on")
"""The keys of front matter with a date."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.A)
_LISTS = ("upcoming", "past")
_MONTH_OR_YEAR = re.compile(r"on/\d{4}-\d\d|past/\d{4}")


def problems(page: PageSource) -> Iterator[Problem]:
    """Yield problems that follow from the text of this page alone."""
    if page.generated:
        return
    yield from _blocks(page)
    for match in _TEL.finditer(page.text) if "](tel:" in page.text else ():
        shown, dialled = (re.sub(r"\D", "", match[name]) for name in ("shown", "dialled"))
        if shown and shown != dialled:
            where = place_in(page.where, line=page.line_of(match.start()))
            what = _(
                "it shows %(shown)s, and the phone would call %(dialled)s.",
                shown=match["shown"],
                dialled=match["dialled"],
            )
            yield Danger(where, what, _("Write the same number in both."))
    for key in DATE_KEYS:
        day = page.meta.get(key)
        if day is not None and day_of(day) is None:
            quoted = isinstance(day, str) and _DAY.fullmatch(day.strip())
            todo = _("Take the quotation marks away.") if quoted else _("Write it like 2026-11-23.")
            yield Problem(f"{page.where}, {key}", _('"%(cell)s" is not a day.', cell=str(day)), todo)


def address_problems(page: PageSource, names: Sequence[str], languages: Sequence[str]) -> Iterator[Problem]:
    """Yield links to addresses of this site that do not exist. names: of all pages, like "stories/one.md"."""
    for match in _ADDRESS.finditer(page.text):
        code, _slash, name = match["address"].strip("/").partition("/")
        file = f"{name or 'index'}.md"
        if code not in languages or file in names or name.partition("/")[0] in _GENERATED:
            continue
        todo = did_you_mean(file, names, _("Write the name of the file, like help.md."))
        what = _("the link goes to %(address)s, which is not there.", address=match["address"])
        yield Problem(place_in(page.where, line=page.line_of(match.start())), what, todo)


def is_lower_case(name: str) -> bool:
    """Return whether the name of a block has no capital letters. All names of blocks are like this."""
    return name == name.lower()


def _blocks(page: PageSource) -> Iterator[Problem]:
    for line, name in broken_blocks(page):
        what = _("[[ %(name)s is no block as it stands, and everybody would see it.", name=name)
        todo = _("Write it in small letters on a line of its own, like [[ helplines ]].")
        yield Problem(place_in(page.where, line=line), what, todo)


def broken_blocks(page: PageSource) -> Iterator[tuple[int, str]]:
    """Yield line and name of malformed blocks. `[[ number: ... ]]` may be anywhere; number_checks checks it."""
    if "[[" not in page.text:
        return
    lines = {block.line for block in page.blocks if is_lower_case(block.name)}
    for match in _ANY_BLOCK.finditer(page.text):
        line = page.line_of(match.start())
        if line not in lines and not TOKEN.match(page.text, match.start()):
            yield line, match["name"].strip()


def lines_of_bracket_problems(page: PageSource) -> set[int]:
    """Return the lines whose double brackets another check reports already."""
    numbers = {page.line_of(match.start()) for match in TOKEN.finditer(page.text)}
    return numbers | {line for line, _name in broken_blocks(page)}


def argument_problems(
    page: PageSource, events: Sequence[str], places: Sequence[Choice], kinds: Mapping[str, Sequence[str]]
) -> Iterator[Problem]:
    """Yield blocks whose argument is unknown. kinds: the arguments of other blocks, by the name of the block."""
    for block in page.blocks:
        known = {
            "event": [*events],
            "events": ["", *_LISTS, *(f"in/{place.value}" for place in places)],
            **kinds,
        }.get(block.name)
        if known is None or block.argument in known or _MONTH_OR_YEAR.fullmatch(block.argument):
            continue
        todo = did_you_mean(block.argument, known, there_are(filter(None, known[:12])))
        what = _('[[ %(block)s ]] has nothing that is called "%(name)s".', block=block.name, name=block.argument)
        yield Problem(place_in(page.where, line=block.line), what, todo)


def untranslated_message(language: str, name: str, *, english: bool) -> str:
    """Return the message for a page that a language lacks. english: whether the English page is shown instead."""
    if english:
        return f"content/{language}/{name} is missing: English is shown in its place."
    return f"content/{language}/{name} is missing, in English too: readers are told that the page is not here."
