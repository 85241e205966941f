"""Stories whose consent has ended, replaced by neutral pages; and consents that end soon."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from forms.core import i18n
from sitegen.content.consent.consent_names import is_story
from sitegen.content.consent.consent_table import consents_of_rows
from sitegen.content.pages import AllPages, PageSource, placeholder
from sitegen.content.tables import Row

WARN_BEFORE = timedelta(days=30)


def replace_withdrawn(library: AllPages, rows: Sequence[Row], today: date) -> tuple[AllPages, list[str]]:
    """Return the pages with a neutral one for each story whose consent has lapsed, and a message for each."""
    by_language = {code: dict(pages) for code, pages in library.by_language.items()}
    known = consents_of_rows(rows)
    messages = []
    for name in library.names:
        for code, pages in by_language.items():
            source = library.find(name, code)
            if not is_story(source):
                continue
            status = known.status(str(source.meta.get("consent") or ""), name.removesuffix(".md"), code, today)
            if status.lapsed:
                pages[name] = neutral_page(name, code)
                messages.append(f"content/{code}/{name}: {status.reason}. A neutral page stands in its place.")
    return replace(library, by_language=by_language), messages


def neutral_page(name: str, language: str) -> PageSource:
    """Return the page that replaces a withdrawn story."""
    return placeholder(name, language, neutral_words(language))


def neutral_words(language: str) -> tuple[str, str]:
    """Return the title and the sentence of a neutral page."""
    translate = i18n.translator(language)
    taken_away = translate("It was taken away. Please do not share copies of it.")
    return translate("This page is no longer here"), taken_away


def ending_soon(library: AllPages, rows: Sequence[Row], today: date) -> Iterator[str]:
    """Yield a message for each consent in use that ends within 30 days."""
    for row in rows:
        ends = row["expires_on"]
        soon = ends and not row["withdrawn_on"] and today < ends <= today + WARN_BEFORE
        if soon and (row["media"] or row["quotes"] or f"{row['story']}.md" in library.names):
            yield f"content/tables/consents.csv, {row['id']}: the consent ends on {ends}. Ask the person again."
