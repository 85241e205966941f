"""Search for artefacts and unlinked addresses in the HTML of a page."""

import re
from collections.abc import Iterator

from forms.core.i18n.lazy_text import lazy_gettext as _
from sitegen.lint.artefacts.artefact import Artefact
from sitegen.lint.artefacts.known_artefacts import ARTEFACTS
from sitegen.lint.visible_text import visible_text

_LINK = re.compile(r"<a\b.*?</a>", re.S)

_ADDRESS = re.compile(
    r"(?:https?://|\bwww\.)[^\s<>]*\w/?|(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,9}[a-z]{2,}", re.I
)


def unlinked_addresses(page_html: str) -> Iterator[tuple[str, str, str]]:
    """Yield each web or mail address that is not a link: the address, what is wrong, what to do.

    Markdown does not turn an address into a link by itself, so readers could not press it.
    """
    if not any(mark in page_html for mark in ("://", "www.", "WWW.", "Www.", "@")):
        return
    for words in dict.fromkeys(_ADDRESS.findall(visible_text(_LINK.sub(" ", page_html)))):
        target = words if "://" in words or "@" in words else f"https://{words}"
        what = _("the address %(address)s stands there as words: nobody can press it.", address=words)
        if "@" in words and "://" not in words:
            what = _("the mail address %(address)s stands there as words: nobody can press it.", address=words)
        yield words, what, _("Write it like %(example)s.", example=f"<{target}>")


def find_artefacts(page_html: str) -> Iterator[tuple[Artefact, str]]:
    """Yield the first artefact of each kind in the visible text of this HTML, with the line around it."""
    text = visible_text(page_html)
    # No pattern looks beyond the lines of its match: what the whole text does not have, no part of it has.
    lines, used = text.replace("\0", "\n"), set(text)
    possible = [one for one in ARTEFACTS if one.may_be_in(lines, used) and one.pattern.search(lines)]
    seen: set[Artefact] = set()
    for part in text.split("\0") if possible else ():
        for artefact in possible:
            match = None if artefact in seen else artefact.pattern.search(part.strip("\n") if part else "")
            if match:
                seen.add(artefact)
                yield artefact, line_around(part.strip("\n"), match)


def line_around(part: str, match: re.Match[str]) -> str:
    """Return the line of a match, without the whitespace around it."""
    position = match.start() + (len(match[0]) - len(match[0].lstrip()))
    begin = part.rfind("\n", 0, position) + 1
    end = part.find("\n", position)
    return part[begin : end if end >= 0 else None].strip()
