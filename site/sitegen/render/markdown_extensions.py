"""What Markdown's HTML lacks: the language of English names, and speech that is no list of terms."""

import re

_ENGLISH_LINK = re.compile(r'<a href="(https?://[^"]*)">([^<]*[A-Za-z]{3}[^<]*)</a>')


def foreign_links(html: str) -> str:
    """Names of English sources marked as English, so that a screen reader says them right (WCAG 3.1.2)."""
    return _ENGLISH_LINK.sub(
        lambda match: f'<a href="{match[1]}" lang="en">{match[2]}</a>' if match[2].isascii() else match[0], html
    )


_TALK = re.compile(r"<dl>(.*?)</dl>", re.S)
_SAID = re.compile(r"\s*<dt>(.*?)</dt>\s*<dd>\s*(?:<p>)?(.*?)(?:</p>)?\s*</dd>\s*", re.S)


def talk(html: str) -> str:
    """Definition lists of the Markdown as what people say: a list of terms is no dialogue (HTML, 4.4.9)."""
    said = r'<p class="say"><b>\1</b> <span>\2</span></p>'
    return _TALK.sub(lambda match: _SAID.sub(said, match[1]), html)
