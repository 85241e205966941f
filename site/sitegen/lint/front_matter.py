"""Messages about front matter that cannot be read: which of the usual mistakes it has, and in which line."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.checks.did_you_mean import closest

_KEY = re.compile(r"[A-Za-z_]+\s*:")
_ALMOST_DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212_*=.~]{1,}\s*")
_CURLY = "\u201c\u201d\u201e\u201f\u2018\u2019\u00ab\u00bb\u2033\uff02"
_OTHER_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_OTHER_COLONS = re.compile(r"^[A-Za-z_]+\s*[\uff1a\ua789\u02d0\u2236\u0903]")
_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_TRUNCATED = re.compile(r"(?:title|description): +[^\s\"'#|>][^#]*?\s(#.*)")
_THREE = _("Write a line of three hyphens, ---, before the first key and after the last.")
_QUOTES = _('Put the whole text into straight "quotes".')


def missing_delimiters(text: str, where: str) -> Problem:
    """Return the problem of a file whose front matter is not between two lines of three hyphens."""
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines, start=1) if line.strip()), 0)
    if not first:
        return Problem(where, _("is empty."), _("Write its text, or take the file away."))
    if text.startswith("\ufeff"):  # a second byte order mark, after programs have each written one
        return _text_before(where)
    line = lines[first - 1]
    if line.strip() == "---":
        return _unclosed(lines, first, where)
    if _ALMOST_DASHES.fullmatch(line) and any(_KEY.match(next_line) for next_line in lines[first : first + 2]):
        return Problem(place_in(where, line=first), _wrong_dashes(line), _THREE)
    if _KEY.match(line.strip()):
        return Problem(place_in(where, line=first), _("the line --- above the first key is missing."), _THREE)
    todo = _("Begin the file with lines between --- and ---, like title: ...")
    return Problem(where, _("has no front matter."), todo)


def _wrong_dashes(line: str) -> str:
    return _('"%(line)s" stands where --- belongs.', line=line.strip())


def _text_before(where: str) -> Problem:
    what = _("something stands before ---: an empty line, a space, or a sign that nobody sees.")
    return Problem(place_in(where, line=1), what, _("Let the file begin with the line ---."))


def _unclosed(lines: list[str], first: int, where: str) -> Problem:
    """Return the problem of front matter that begins with three hyphens. first: the number of that line."""
    if first > 1 or lines[0] != lines[0].lstrip():
        return _text_before(where)
    for number, line in enumerate(lines[1:], start=2):
        if _KEY.match(line) or not line.strip() or (line[0] in " \t#-" and not _ALMOST_DASHES.fullmatch(line)):
            continue
        if _ALMOST_DASHES.fullmatch(line):
            return Problem(place_in(where, line=number), _wrong_dashes(line), _THREE)
        break
    last = max((number for number, line in enumerate(lines, start=1) if number > 1 and _KEY.match(line)), default=1)
    return Problem(place_in(where, line=last + 1), _("the line --- below the last key is missing."), _THREE)


def line_mistakes(front_matter: str, where: str) -> Iterator[Problem]:
    """Yield problems of single lines of unreadable front matter. Its first line is line 2 of the file."""
    for number, line in enumerate(front_matter.splitlines(), start=2):
        mistake = _line_mistake(line)
        if mistake:
            yield Problem(place_in(where, line=number), *mistake)


def curly_quotes(front_matter: str, where: str) -> Iterator[Problem]:
    """Yield values in curly quotation marks: YAML takes them for letters, so readers would see them."""
    for number, line in enumerate(front_matter.splitlines(), start=2):
        value = line.partition(":")[2].strip()
        if value and value[0] in _CURLY and value[-1] in _CURLY:
            yield Problem(place_in(where, line=number), *_CURLY_QUOTES)


def truncated_texts(front_matter: str, where: str) -> Iterator[Problem]:
    """Yield titles and descriptions with " #", where YAML begins a comment: readers would not see the rest."""
    for number, line in enumerate(front_matter.splitlines(), start=2):
        if match := _TRUNCATED.match(line):
            what = _("nothing from # on counts: readers would not see %(words)s.", words=match[1].strip())
            yield Problem(place_in(where, line=number), what, _QUOTES)


_CURLY_QUOTES = (
    _("curly quotation marks stand around the text, as Word and phones write them."),
    _('Write straight ones: "...".'),
)


def _line_mistake(line: str) -> tuple[str, str] | None:
    """Return what is wrong in one line and what to do, or None."""
    if not line.strip() or line.lstrip().startswith("#"):
        return None
    key, _colon, after = line.partition(":")
    value = after.strip()
    before_value = line[: line.rindex(value)] if value else line
    rules = _line_rules(line, key, after, before_value)
    return next(((what, todo) for is_broken, what, todo in rules if is_broken), _value_mistake(value))


def _line_rules(line: str, key: str, after: str, before_value: str) -> Iterator[tuple[Any, str, str]]:
    """Yield for each rule of a line whether it is broken, what is wrong and what to do. The first broken one counts."""
    yield "\t" in line, _("a tab stands there."), _("Write a space in its place.")
    other_space = _("a space of another kind stands there, as Word and phones write it.")
    yield _OTHER_SPACES.search(before_value), other_space, _("Delete it and type a space.")
    other_colon = _("another sign stands where the colon belongs.")
    yield _OTHER_COLONS.match(line), other_colon, _("Type a colon : and a space after the key.")
    equals, without = _("an equals sign stands where the colon belongs."), _("this line has no key and colon.")
    yield ":" not in line, equals if "=" in key else without, _("Write each line like title: Your rights.")
    yield line[0] == " ", _("the line begins with a space."), _("Let each key begin at the very left.")
    no_space = _("the space after the colon is missing.")
    yield after.strip() and after[0] != " ", no_space, _("Write %(key)s: and a space.", key=key)


def _value_mistake(value: str) -> tuple[str, str] | None:
    """Return what is wrong with the value of a key and what to do, or None."""
    if not value:
        return None
    return next(((what, todo) for is_broken, what, todo in _value_rules(value) if is_broken), None)


def _value_rules(value: str) -> Iterator[tuple[Any, str, str]]:
    """Yield for each rule of a value whether it is broken, what is wrong and what to do."""
    first, last = value[0], value[-1]
    quoted = first in "\"'"
    yield first in _CURLY, *_CURLY_QUOTES
    open_quote, both = _("a quotation mark is not closed."), _("Write one at the beginning and one at the end.")
    yield quoted and (len(value) == 1 or last != first), open_quote, both
    inner = _("a quotation mark stands within the quotes.")
    yield first == '"' and '"' in value[1:-1], inner, _("Use 'single' ones inside.")
    yield not quoted and ": " in f"{value} ", _("a second colon stands in the text."), _QUOTES
    like = _("Write it like %(example)s.", example="2026-11-23")
    yield _is_invalid_day(value), _('"%(value)s" is not a day.', value=value), like
    yield first == "#", _("nothing after # counts, so the text is empty."), _QUOTES
    meaning = first in "@`%&*!|>]}?-" or (first in "[{" and last not in "]}")
    yield meaning, _("the text begins with %(sign)s, which has a meaning of its own.", sign=first), _QUOTES


def _is_invalid_day(value: str) -> bool:
    try:
        return bool(_DAY.fullmatch(value)) and not date.fromisoformat(value)
    except ValueError:
        return True


def title_missing(meta: object, where: str) -> Problem:
    """Return the problem of front matter without a title: a mistyped key if there is one, else that it is missing."""
    keys = [str(key) for key in meta] if isinstance(meta, dict) else []
    meant = {key.lower(): key for key in keys}.get("title") or closest("title", keys)
    if meant and meant != "title":
        what = _('has no title. "%(key)s" is no key here.', key=meant)
        return Problem(where, what, _("Write title: ... in small letters."))
    return Problem(where, _("has no title."), _("Write title: ... between the --- lines."))
