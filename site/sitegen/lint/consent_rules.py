"""Checks of consents: what a story, quote, picture or recording needs before it may be published."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.i18n.locales import CODE
from forms.core.problem import Problem, place_in
from sitegen.content.consent import consent_names, consent_table, consents, quotes
from sitegen.content.consent.consent_names import languages
from sitegen.content.pages import PageSource
from sitegen.content.tables import Row, Tables, place_of
from sitegen.layers import lookup

MAX_CONSENT_LENGTH = timedelta(days=3 * 366)
"""A consent lasts three years at most (National Trafficking Sheltered Alliance, media policy)."""

_LONG_NUMBER = re.compile(r"(?<![\d/-])\d(?:[ -]?\d){9,}")
_FULL_DATE = re.compile(r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b")
_REVEALING = (
    (_LONG_NUMBER, _("a number of ten or more digits could show who this is.")),
    (_FULL_DATE, _("an exact date could show who this is.")),
)
"""What a story must not have, each with its message."""

_NO_CONSENT = _(
    "Write consent: and the id of a row of consents.csv as the quote's last line, behind a >. "
    "Or write quotes: published above, for words of an office or a book, with their source on the page."
)

_CODE = re.compile(CODE)
_DRAWING = ".svg"
_OWN_DRAWINGS = ("pictograms/", "drawings/", "scenes/")
"""Folders of our own drawings, which show nobody in particular (docs/pictures.md); other drawings may."""

_READINGS = "audio/"
"""The folder of recordings of pages and questions, read by a member of the programme (media/staff_recordings.py)."""


def problems(
    pages: Sequence[PageSource], tables: Tables, content: Path, codes: Sequence[str], today: date
) -> Iterator[Problem]:
    """Yield every problem of consents that stops a build. codes: the languages of the site."""
    if newer := consent_table.newer_file(content):
        yield consent_table.newer_file_problem(newer)
    known = consent_table.consents_of_rows(tables["consents"])
    for page in pages:
        if consent_names.is_story(page):
            yield from _story_problems(page, tables, today)
        elif not page.generated:
            yield from _quote_problems(page, known, today)
    for row in tables["consents"]:
        yield from _row_problems(row, content / "media", codes)


def _quote_problems(page: PageSource, known: consents.Consents, today: date) -> Iterator[Problem]:
    """Yield nested quotes and quotes without a complete consent. Those whose consent lapsed are removed."""
    for quote in quotes.quotes_of(page.text):
        where = place_in(page.where, line=page.line_of(quote.start))
        if quote.consents and quote.nested:
            what, todo = _("a quote stands in a quote."), _("Make two of it, each with its own consent.")
            yield Problem(where, what, todo)
        if not quote.consents and page.meta.get("quotes") != quotes.PUBLISHED:
            yield Problem(where, _("somebody's words stand there, and no consent covers them."), _NO_CONSENT)
        for name, status in quotes.statuses(quote, page, page.language, known, today):
            if status.reason and not status.lapsed:
                own = page.name.removesuffix(".md")
                todo = _(
                    "It needs a whole row of its own in consents.csv, with id %(id)s and %(page)s under quotes.",
                    id=name,
                    page=own,
                )
                yield Problem(where, _("of this quote, %(why)s.", why=status.reason), todo)


def restricted_files(content: Path, known: consents.Consents, codes: Sequence[str], today: date) -> Iterator[str]:
    """Yield a message for each file of content/media whose consent does not cover every language."""
    existing = {consent_names.media_name(file.name) for file in lookup.files(content, "media")}
    for name, allowed in sorted(known.media(today).items()):
        missing = [code for code in codes if code.lower() not in allowed]
        if name in existing and missing:
            where = "nowhere" if len(missing) == len(codes) else f"not in {', '.join(missing)}"
            yield f"content/media/{name}: its consent does not allow more, so it is published {where}."


def undecided_files(content: Path, tables: Tables, known: consents.Consents, today: date) -> Iterator[Problem]:
    """Yield the photos and films of which nobody has recorded whether they show a person."""
    decided = {*known.media(today), *known.without_people()}
    decided |= {
        consent_names.media_name(row["picture"]) for row in tables["goods"] if row["picture"] and row["no_person"]
    }
    for file in lookup.files(content, "media"):
        name = consent_names.media_name(file.name)
        is_own_drawing = file.path.suffix.lower() == _DRAWING and name.startswith(_OWN_DRAWINGS)
        if name not in decided and not is_own_drawing and not name.startswith(_READINGS):
            what = _("nobody has said whether this shows a person.")
            todo = _("Name it in consents.csv under media: in the row of its person, or in a row of kind nobody.")
            yield Problem(f"{file.layer.label}/media/{name}", what, todo)


def _cell(row: Row, column: str = "") -> str:
    """Return the place of a cell of consents.csv in messages, or without a column that of its row."""
    return place_in(place_of("consents", row), row_id=row["id"], column=column)


def _row_problems(row: Row, media: Path, codes: Sequence[str]) -> Iterator[Problem]:
    """Yield problems of a row that do not depend on its page."""
    if not (row["story"] or row["media"] or row["quotes"]):
        what = _("names no story, no file and no quote.")
        yield Problem(_cell(row), what, _("Fill in story, media or quotes."))
    for code in sorted(languages(row["languages"] or "") - {*map(str.lower, codes)}):
        if not _CODE.fullmatch(code):
            todo = _("Write codes, like %(codes)s.", codes=" ".join(codes))
            yield Problem(_cell(row, "languages"), _('"%(code)s" is no code of a language.', code=code), todo)
    if row["kind"] == consents.NOBODY:
        if not row["approved_by"] and not row["withdrawn_on"]:
            what, todo = _("nobody has looked at it."), _("Write who found no person in it.")
            yield Problem(_cell(row, "approved_by"), what, todo)
    elif not row["withdrawn_on"]:
        yield from _empty_cells(row)
    existing = {consent_names.media_name(file.name) for file in lookup.files(media.parent, media.name)}
    for name in sorted(consent_names.media_names(row["media"] or "")):
        if name not in existing and not row["withdrawn_on"]:
            todo = _("Write it as it stands in content/media, without spaces, like photos/visit.jpg.")
            yield Problem(_cell(row, "media"), _("%(name)s is not there.", name=name), todo)


def _empty_cells(row: Row) -> Iterator[Problem]:
    """Yield empty cells that a row of a person or an example needs."""
    for column in ("languages", "adult", "court_case", "name_changed"):
        if row[column] is None or row[column] == "":
            what, todo = _("this cell is empty."), _("Only a row of kind nobody may leave it.")
            yield Problem(_cell(row, column), what, todo)


def _story_problems(page: PageSource, tables: Tables, today: date) -> Iterator[Problem]:
    """Yield stories without a complete consent. Those whose consent lapsed were replaced before."""
    consent = next((row for row in tables["consents"] if row["id"] == page.meta.get("consent")), None)
    if consent is None:
        how = _("Write consent: with an id from content/tables/consents.csv.")
        yield Problem(page.where, _("this story has no consent record."), how)
        return
    for what, todo in _consent_gaps(consent, page, today):
        yield Problem(_("%(place)s (consent %(id)s)", place=page.where, id=consent["id"]), what, todo)
    helplines = {row["tel"] for row in tables["helplines"]}
    for pattern, what in _REVEALING:
        for match in pattern.finditer(page.text):
            if re.sub(r"\D", "", match[0]) in helplines:
                continue
            where = place_in(page.where, line=page.line_of(match.start()))
            yield Problem(where, what, _("Take it out: no finer than the year."))


def _consent_gaps(consent: Row, page: PageSource, today: date) -> Iterator[tuple[str, str]]:
    """Yield what is wrong and what to do, by rules 1-8 of FACTS section 5, if a consent does not cover a story."""
    if consent["story"] != page.name.removesuffix(".md"):
        yield _("the consent is for another story."), _("It says %(story)s.", story=consent["story"])
    if page.language.lower() not in languages(consent["languages"] or ""):
        what = _("the consent does not cover %(language)s.", language=page.language)
        yield what, _("Ask, or take this translation away.")
    if consent["withdrawn_on"]:
        yield _("the consent was taken back."), _("Take the story away in all languages.")
    if not consent["adult"]:
        yield _("the person is not an adult."), _("Stories of people under 18 are not published.")
    if not consent["name_changed"]:
        yield _("the name is not changed."), _("Change it in the story and say so in consents.csv.")
    if consent["kind"] == "composite" and not page.meta.get("composite"):
        yield _("this composite example is not labelled."), _("Write composite: true in its front matter.")
    yield from _record_gaps(consent, today)


def _record_gaps(consent: Row, today: date) -> Iterator[tuple[str, str]]:
    """Yield what a consent record lacks: days, the approval of a second person, or the end of a court case."""
    given, expires = consent["given_on"], consent["expires_on"]
    if not given or not expires or not consent["approved_by"] or not consent["approved_on"]:
        yield (
            _("the consent record is not complete."),
            _("It needs given_on, expires_on, approved_by and approved_on."),
        )
        return
    if not given <= today < expires:
        yield _("the consent is not valid today."), _("Ask the person again, or take the story away.")
    if expires > given + MAX_CONSENT_LENGTH:
        yield _("the consent lasts longer than three years."), _("Ask again after three years at most.")
    if consent["court_case"] not in {"no", "cleared"}:
        yield _("a court case is open."), _("Wait, or get a lawyer's clearance and write cleared.")
