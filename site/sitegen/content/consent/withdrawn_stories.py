"""Neutral pages in place of stories whose consent has ended, and consents that end soon."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from forms.core import i18n
from sitegen.content.consent.consent_names import is_story
from sitegen.content.consent.consent_table import of_rows
from sitegen.content.pages import AllPages, PageSource, placeholder
from sitegen.content.tables import Row

WARN_BEFORE = timedelta(days=30)


def without_withdrawn(library: AllPages, rows: Sequence[Row], today: date) -> tuple[AllPages, list[str]]:
    """Return the library with a neutral page for each story and language that consent has left, and what was left."""
    by_language = {code: dict(pages) for code, pages in library.by_language.items()}
    known = of_rows(rows)
    left = []
    for name in library.names:
        for code, pages in by_language.items():
            source = library.find(name, code)
            if not is_story(source):
                continue
            standing = known.standing(str(source.meta.get("consent") or ""), name.removesuffix(".md"), code, today)
            if standing.left:
                pages[name] = neutral_page(name, code)
                left.append(f"content/{code}/{name}: {standing.why}. A neutral page stands in its place.")
    return replace(library, by_language=by_language), left


def neutral_page(name: str, language: str) -> PageSource:
    """Return the page that takes the place of a withdrawn story."""
    return placeholder(name, language, neutral_words(language))


def neutral_words(language: str) -> tuple[str, str]:
    """Return the title and the sentence of a neutral page."""
    translate = i18n.say(language)
    taken_away = translate("It was taken away. Please do not share copies of it.")
    return translate("This page is no longer here"), taken_away


def ending_soon(library: AllPages, rows: Sequence[Row], today: date) -> Iterator[str]:
    """Say which consents of published stories end within 30 days."""
    for row in rows:
        ends = row["expires_on"]
        soon = ends and not row["withdrawn_on"] and today < ends <= today + WARN_BEFORE
        if soon and (row["media"] or row["quotes"] or f"{row['story']}.md" in library.names):
            yield f"content/tables/consents.csv, {row['id']}: the consent ends on {ends}. Ask the person again."
