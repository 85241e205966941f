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


def unlinked_addresses(made: str) -> Iterator[tuple[str, str, str]]:
    """Yield each address or mail address that stands as words in this HTML: the words, what is wrong, what to do.

    Markdown makes a link of none of them by itself, so nobody could press it, and a phone's reader copies it by hand.
    """
    if not any(sign in made for sign in ("://", "www.", "WWW.", "Www.", "@")):
        return
    for words in dict.fromkeys(_ADDRESS.findall(visible_text(_LINK.sub(" ", made)))):
        whole = words if "://" in words or "@" in words else f"https://{words}"
        what = _("the address %(address)s stands there as words: nobody can press it.", address=words)
        if "@" in words and "://" not in words:
            what = _("the mail address %(address)s stands there as words: nobody can press it.", address=words)
        yield words, what, _("Write it like %(example)s.", example=f"<{whole}>")


def find_artefacts(made: str) -> Iterator[tuple[Artefact, str]]:
    """Yield every such sign in the visible text of this HTML, the first of its kind in each element, in context."""
    text = visible_text(made)
    # No pattern looks beyond the lines that it matches, so what it finds in an element it finds in all of them too.
    lines, used = text.replace("\0", "\n"), set(text)
    possible = [sign for sign in ARTEFACTS if sign.may_stand_in(lines, used) and sign.pattern.search(lines)]
    seen: set[Artefact] = set()
    for part in text.split("\0") if possible else ():
        for sign in possible:
            match = None if sign in seen else sign.pattern.search(part.strip("\n") if part else "")
            if match:
                seen.add(sign)
                yield sign, line_around(part.strip("\n"), match)


def line_around(part: str, match: re.Match[str]) -> str:
    """Return the line in which it stands."""
    at = match.start() + (len(match[0]) - len(match[0].lstrip()))
    begin = part.rfind("\n", 0, at) + 1
    end = part.find("\n", at)
    return part[begin : end if end >= 0 else None].strip()
