"""The first page, the name and language of the writer, and what all pages of the window share."""

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
"""The languages of the window itself. Those of the site are in portal.yml."""

MAX_NAME_LENGTH = 80


def translate(text: str) -> str:
    """Return an English text in the language of the window."""
    return staff_words.translations(g.language).gettext(text)


def localized(value: object) -> object:
    """Return a text or a day in the language of the window; other values as they are."""
    if isinstance(value, LazyText):
        return value.translated(staff_words.translations(g.language), _localized_argument)
    if isinstance(value, date):
        return i18n.day(value, g.language)
    return translate(value) if isinstance(value, str) and value else value


def _localized_argument(value: object) -> object:
    """Return an argument of a text in the language of the window; a plain text, like a name or a cell, as it is."""
    return localized(value) if isinstance(value, LazyText | date) else value


def translated(problem: Problem) -> Problem:
    """Return a problem in the language of the window."""
    where = str(_localized_argument(problem.where))
    return Problem(where, str(localized(problem.what)), str(localized(problem.todo)))


def http_problem(code: int) -> Problem:
    """Return the problem to show for an HTTP status code."""
    again = translate("Start the editor again and use the address that it shows. Each address works once.")
    messages = {
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
        messages[401], messages[421] = (
            (translate("You are not signed in."), again),
            (translate("This is not the office’s address."), again),
        )
    return Problem(
        "",
        *messages.get(
            code, (translate("Something went wrong."), translate("Go back to the first page and try again."))
        ),
    )


_NOT_TYPED = frozenset(
    {
        *("form_token", "base", "draft_base", "key", "both", "english", "passphrase", "answer"),
        *("file", "place", "translation", "show", "from", "whole", "draft"),
        *("sensitive", "people", "voice", "kind", "take", "shown_in", "dark"),  # ticked, not typed
    }
)
"""Form fields that nobody has typed, or that must not be shown on a page."""

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
"""Labels of form fields. Fields of a row have the titles of their columns."""


def problem_page(problems: Sequence[Problem], code: int) -> tuple[str, int]:
    """Return a page with problems and everything that was typed, since the form is not shown again."""
    return render_template("problem.html", problems=problems, typed=_typed()), code


def content_problems() -> Sequence[Problem]:
    """Return why content/ cannot be read or published. Pages that work all the same show it at their top."""
    return the_editor().content_cache.current().read_problems


def wants_json(saved: Saved) -> bool:
    """Return whether to answer a save with JSON: the page's script asked for it, and its text was saved unmerged."""
    return "application/json" in request.headers.get("Accept", "") and not saved.merged


def _typed() -> list[tuple[str, str]]:
    """Return what was typed into a form of ours. Text that another site's page sends must not be shown here."""
    with suppress(HTTPException):  # a request that is too large is not read
        if g.get("made"):
            fields = request.form.items(multi=True)
            typed = [(name, value) for name, value in fields if name not in _NOT_TYPED and value.strip()]
            return [(_label(name), value) for name, value in typed]
    return []


def _label(name: str) -> str:
    """Return the label of a field; its name where it has none."""
    with suppress(KeyError):
        fields = the_editor().schema_in(g.language, (request.view_args or {})["table"])["fields"]
        return next((str(one["title"]) for one in fields if one["name"] == name), name)
    label = LABELS.get(name.partition("-")[0])
    return translate(label) if label else name


@pages.get("/")
def show() -> str:
    """Show what waits for a person. After a save, a script loads the problems later (see `wrong`).

    Checking all of content/ takes ten times as long as the rest of the page.
    """
    editor = the_editor()
    with suppress(Problem):  # a full disk is reported by the next save
        editor.store.record_external_changes()
    look = editor.content_cache.current()
    later = not look.is_checked and "script" in request.cookies and "all" not in request.args
    wrong = [] if later else overview.problem_items(look)
    return render_template(
        "home.html",
        waiting=[*_to_read(editor), *wrong, *_with_own_drafts(editor, overview.waiting_items(look, editor.content))],
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
    """Return the problems of content/, for the script of the first page."""
    return render_template("wrong.html", waiting=overview.problem_items(the_editor().content_cache.current()))


def _to_read(editor: Editor) -> list[overview.WaitingItems]:
    """Return what a second person must read before it is published; none where nothing waits."""
    names = tuple(waiting.change.path for waiting in editor.approvals.waiting())
    return [overview.WaitingItems("approve", "approve/", names)] if names else []


def _with_own_drafts(editor: Editor, waiting: Sequence[overview.WaitingItems]) -> Iterator[overview.WaitingItems]:
    """Yield the waiting items. In an office, one's own drafts come first, and others' with the name of their writer."""
    for item in waiting:
        if item.kind != "drafts" or not is_office():
            yield item
            continue
        writers = {name: last_writer(editor, name) for name in item.names}
        own = tuple(name for name in item.names if writers[name] == g.who)
        others = tuple(f"{name} ({writers[name]})" for name in item.names if writers[name] != g.who)
        yield from (
            part for part in (replace(item, names=own), replace(item, kind="others", names=others)) if part.names
        )


def last_writer(editor: Editor, path: str) -> str:
    """Return who saved a file last; "" where the history does not have it."""
    return next((entry.who for entry in editor.store.history.revisions(1, path)), "")


@pages.post("/who")
def who() -> Response:
    """Remember the writer's name, for the history. Raises Problem where it is empty."""
    name = " ".join(request.form.get("name", "").split())[:MAX_NAME_LENGTH]
    if not any(map(str.isalpha, name)):  # "?" in the history means another program
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
    """Return a language of the site other than English. Raises Problem for another one."""
    if language == SOURCE or language not in the_editor().store.languages:
        raise no_such_page(language[:20])
    return language


def no_such_page(name: str = "") -> Problem:
    """Return the problem for an address that has no page. name: what was requested."""
    return Problem(name, translate("There is no such page here."), translate("Choose one from the list."))


def writer() -> str:
    """Return the writer's name, which the history needs. Raises Problem where it is unknown."""
    if not g.who:
        raise Problem(translate("Your name"), translate("This is empty."), translate("Write it on the first page."))
    return str(g.who)
