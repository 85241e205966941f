"""The state of the editor's window, and what belongs to the current request: the editor, its office, the writer."""

from dataclasses import dataclass

from flask import Flask, current_app, g, request

from editor.editor import Editor
from editor.office.office import Office
from editor.saving.store import Saved
from editor.window.words import translate
from forms.core.problem import Problem

_KEY = "editor"


@dataclass(frozen=True)
class EditorWindow:
    """The state of a window. office: None for the window of the person at this machine."""

    editor: Editor
    office: Office | None = None


def keep_window(app: Flask, window: EditorWindow) -> None:
    """Store the state of an app for the functions below."""
    app.extensions[_KEY] = window


def _current() -> EditorWindow:
    window: EditorWindow = current_app.extensions[_KEY]
    return window


def the_editor() -> Editor:
    """Return the editor of the current request's window."""
    return _current().editor


def office_or_none() -> Office | None:
    """Return the office of the current request's window; None where it has none."""
    return _current().office


def is_office() -> bool:
    """Return whether the current request's window is that of an office."""
    return _current().office is not None


def the_office() -> Office:
    """Return the office of the current request's window. Raises LookupError where it has none."""
    if (office := _current().office) is None:
        raise LookupError("this window is no office's")
    return office


def writer() -> str:
    """Return the writer's name, which the history needs. Raises Problem where it is unknown."""
    if not g.who:
        raise Problem(translate("Your name"), translate("This is empty."), translate("Write it on the first page."))
    return str(g.who)


def wants_json(saved: Saved) -> bool:
    """Return whether to answer a save with JSON: the page's script asked for it, and its text was saved unmerged."""
    return "application/json" in request.headers.get("Accept", "") and not saved.merged


def last_writer(editor: Editor, path: str) -> str:
    """Return who saved a file last; "" where the history does not have it."""
    return next((entry.who for entry in editor.store.history.revisions(1, path)), "")
