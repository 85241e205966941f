"""The state of the editor's window, and what of it belongs to the current request."""

from dataclasses import dataclass

from flask import Flask, current_app

from editor.editor import Editor
from editor.office.office import Office

_KEY = "editor"


@dataclass(frozen=True)
class EditorWindow:
    """What a window holds. office: None for the window of whoever sits at this machine."""

    editor: Editor
    office: Office | None = None


def keep_window(app: Flask, window: EditorWindow) -> None:
    """Keep the state of an app where the functions below find it."""
    app.extensions[_KEY] = window


def _current() -> EditorWindow:
    window: EditorWindow = current_app.extensions[_KEY]
    return window


def the_editor() -> Editor:
    """Return the editor of the current request's window."""
    return _current().editor


def office_or_none() -> Office | None:
    """Return the office of the current request's window, or None where it is no office's."""
    return _current().office


def is_office() -> bool:
    """Return whether the current request's window is an office's."""
    return _current().office is not None


def the_office() -> Office:
    """Return the office of the current request's window. Raises LookupError where it is no office's."""
    if (office := _current().office) is None:
        raise LookupError("this window is no office's")
    return office
