"""The page that shows problems with everything that was typed, and the problems of addresses and of content/."""

from collections.abc import Sequence
from contextlib import suppress

from flask import g, render_template, request
from sitegen.content.pages import SOURCE
from werkzeug.exceptions import HTTPException

from editor.window.current import is_office, the_editor
from editor.window.words import translate
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem


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


def content_problems() -> Sequence[Problem]:
    """Return why content/ cannot be read or published. Pages that work all the same show it at their top."""
    return the_editor().content_cache.current().read_problems


def translated_language(language: str) -> str:
    """Return a language of the site other than English. Raises Problem for another one."""
    if language == SOURCE or language not in the_editor().store.languages:
        raise no_such_page(language[:20])
    return language


def no_such_page(name: str = "") -> Problem:
    """Return the problem for an address that has no page. name: what was requested."""
    return Problem(name, translate("There is no such page here."), translate("Choose one from the list."))
