"""The state of the editor's window, and what of it belongs to the current request."""

from dataclasses import dataclass

from flask import Flask, current_app

from editor.editor import Editor
from editor.office.office import Office

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
