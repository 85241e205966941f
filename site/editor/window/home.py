"""The first page: what waits, what is on the site, and three ways on. And who it is that writes."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date

from flask import Blueprint, g, render_template, request
from sitegen.content.pages import SOURCE
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from editor import overview
from editor.editor import Editor
from editor.publishing import unpublished
from editor.saving.store import Saved
from editor.translation import staff_words
from editor.window.current import is_office, the_editor
from forms.core import i18n
from forms.core.i18n import gettext_noop as _
from forms.core.i18n.lazy_text import LazyText
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("home", __name__)

NAMES = {"en": "English", "ta": "தமிழ்", "te": "తెలుగు", "hi": "हिन्दी", "or": "ଓଡ଼ିଆ"}
"""The languages of the window itself. Those of the site stand in portal.yml."""

LONGEST_NAME = 80


def translate(text: str) -> str:
    """Return an English text in the language of the window."""
    return staff_words.translations(g.language).gettext(text)


def told(value: object) -> object:
    """Return a text, or what stands in one, as the reader of the window says it."""
    if isinstance(value, LazyText):
        return value.translated(staff_words.translations(g.language), _told_within)
    if isinstance(value, date):
        return i18n.day(value, g.language)
    return translate(value) if isinstance(value, str) and value else value


def _told_within(value: object) -> object:
    """Return a value of a text as its reader says it; a plain one, like a name or what a cell holds, as it is."""
    return told(value) if isinstance(value, LazyText | date) else value


def translated(problem: Problem) -> Problem:
    """Return a problem that was raised in English in the language of the reader."""
    return Problem(str(_told_within(problem.where)), str(told(problem.what)), str(told(problem.todo)))


def sentence(code: int) -> Problem:
    """Return what to say for an answer that is no page."""
    again = translate("Start the editor again and use the address that it shows. Each address works once.")
    said = {
        401: (translate("This browser was not opened with the editor’s address."), again),
        403: (
            translate("This was not sent from a page of this window."),
            translate("Go back to the first page and try again."),
        ),
        404: (translate("There is no such page here."), translate("Go back to the first page and try again.")),
        413: (translate("This is more than can be taken at once."), translate("Write less, or choose a smaller file.")),
        421: (translate("This window is reached under 127.0.0.1 only."), again),
    }
    if is_office():
        again = translate("Open the office’s address and sign in.")
        said[401], said[421] = (
            (translate("You are not signed in."), again),
            (translate("This is not the office’s address."), again),
        )
    return Problem(
        "", *said.get(code, (translate("Something went wrong."), translate("Go back to the first page and try again.")))
    )


_NOT_TYPED = frozenset(
    {
        *("form_token", "base", "draft_base", "key", "both", "english", "passphrase", "answer"),
        *("file", "place", "translation", "show", "from", "whole", "draft"),
        *("sensitive", "people", "voice", "kind", "take", "shown_in", "dark"),  # ticked, not typed
    }
)
"""What forms carry that nobody has typed, or that must not stand on a page."""

LABELS = {
    "title": _("Title"),
    "description": _("In one sentence, for searches and lists"),
    "text": _("Text"),
    "part": _("Yours"),
    "paragraph": _("Text"),
    "better": _("Text"),
    "name": _("Name"),
    "reader": _("Name of the reader"),
    "label": _("What you call this phone or computer"),
    "find": _("Find"),
}
"""What the fields of our forms are called; those of a row have the titles of their table."""


def problem_page(problems: Sequence[Problem], code: int) -> tuple[str, int]:
    """Return a page that says what is wrong, with all that was typed: the form it came from is not shown again."""
    return render_template("problem.html", problems=problems, typed=_typed()), code


def content_problems() -> Sequence[Problem]:
    """Return why content/ cannot be read or published: pages that work all the same say so above."""
    return the_editor().content_cache.current().read_problems


def stays(done: Saved) -> bool:
    """Return whether the script of the page may stay there: it asked for JSON, and what is typed there was saved."""
    return "application/json" in request.headers.get("Accept", "") and not done.merged


def _typed() -> list[tuple[str, str]]:
    """Return what was typed into one of our own forms: another site's page may send words that must not stand here."""
    with suppress(HTTPException):  # a request that is too large is not read
        if g.get("made"):
            fields = request.form.items(multi=True)
            typed = [(name, value) for name, value in fields if name not in _NOT_TYPED and value.strip()]
            return [(_label(name), value) for name, value in typed]
    return []


def _label(name: str) -> str:
    """Return what a field is called; its own name where nothing else is known of it."""
    with suppress(KeyError):
        fields = the_editor().schema_in(g.language, (request.view_args or {})["table"])["fields"]
        return next((str(one["title"]) for one in fields if one["name"] == name), name)
    known = LABELS.get(name.partition("-")[0])
    return translate(known) if known else name


@pages.get("/")
def show() -> str:
    """What waits for a person; what is wrong later, where a save was just made and a script asks for it.

    Looking through all of content/ takes ten times as long as the rest of the page.
    """
    editor = the_editor()
    with suppress(Problem):  # a full disk is said where something is saved
        editor.store.record_external_changes()
    look = editor.content_cache.current()
    later = not look.is_checked and "script" in request.cookies and "all" not in request.args
    wrong = [] if later else overview.problem_items(look)
    return render_template(
        "home.html",
        waiting=[*_to_read(editor), *wrong, *_drafts_apart(editor, overview.waiting_items(look, editor.content))],
        later=later,
        pages=overview.written_pages(look),
        tables=[(name, translate(title)) for name, title in editor.titles],
        settings=editor.settings,
        changes=len(unpublished(editor.store.history, editor.memory)),
        server_state=editor.remote.server_state() if editor.remote else "",
        withdrawal=editor.publisher.withdrawal,
    )


@pages.get("/wrong")
def wrong() -> str:
    """What is wrong anywhere, for the script of the first page."""
    return render_template("wrong.html", waiting=overview.problem_items(the_editor().content_cache.current()))


def _to_read(editor: Editor) -> list[overview.WaitingItems]:
    """Return what a second person must read before it is published; nothing where nothing waits for anybody."""
    names = tuple(one.change.path for one in editor.approvals.waiting())
    return [overview.WaitingItems("approve", "approve/", names)] if names else []


def _drafts_apart(editor: Editor, waiting: Sequence[overview.WaitingItems]) -> Iterator[overview.WaitingItems]:
    """Yield what waits; in an office one's own drafts apart from others', with the name of who saved each last."""
    for one in waiting:
        if one.kind != "drafts" or not is_office():
            yield one
            continue
        writers = {name: last_writer(editor, name) for name in one.names}
        mine = tuple(name for name in one.names if writers[name] == g.who)
        others = tuple(f"{name} ({writers[name]})" for name in one.names if writers[name] != g.who)
        yield from (
            part for part in (replace(one, names=mine), replace(one, kind="others", names=others)) if part.names
        )


def last_writer(editor: Editor, path: str) -> str:
    """Return who saved a file last; "" where the history does not know it."""
    return next((entry.who for entry in editor.store.history.revisions(1, path)), "")


@pages.post("/who")
def who() -> Response:
    """Remember who writes: the name is in the history. Raises Problem for none."""
    name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME]
    if not any(map(str.isalpha, name)):  # the history says ? for what nobody here wrote
        raise Problem(translate("Your name"), translate("This is empty."), translate("Write it, then go on."))
    the_editor().remember(name=name)
    return redirect_to("/")


@pages.post("/language")
def language() -> Response:
    """Show the window in another language from now on."""
    code = request.form.get("language", "")
    g.keep_language(code if code in NAMES else "en")
    return redirect_to("/")


def translated_language(language: str) -> str:
    """Return a language that is translated into. Raises Problem for another."""
    if language == SOURCE or language not in the_editor().store.languages:
        raise no_such_page(language[:20])
    return language


def no_such_page(name: str = "") -> Problem:
    """Return what is said where an address leads to nothing that the window shows. name: what was asked for."""
    return Problem(name, translate("There is no such page here."), translate("Choose one from the list."))


def writer() -> str:
    """Return who writes. Raises Problem where nobody has said so: the history needs a name."""
    if not g.who:
        raise Problem(translate("Your name"), translate("This is empty."), translate("Write it on the first page."))
    return str(g.who)
