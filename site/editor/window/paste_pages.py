"""What was copied from Word or a web page, as the text of a page: pasted with the script, or from a file without."""

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from editor.incoming import documents
from editor.incoming.cleaned_html import CHANGES, COMMENTS, HIDDEN, LETTERS, PICTURES, STRUCK
from editor.incoming.pasted import Pasted
from editor.window.current import the_editor
from editor.window.home import translate, translated
from editor.window.page_pages import shown, typed
from forms.core.problem import Problem

pages = Blueprint("paste", __name__)


def said_of(found: Pasted) -> list[str]:
    """Return what a person should know of what was left out."""
    words = {
        CHANGES: translate("Its changes were tracked: what was struck out is left out, what was added is in."),
        COMMENTS: translate("Comments are left out."),
        PICTURES: translate("Pictures are left out."),
        HIDDEN: translate("Hidden text is left out."),
        STRUCK: translate("Words that are crossed out are left out."),
        LETTERS: translate(
            "Some words are in a font with letters of its own, like Kruti Dev or Bamini: no phone can show them. "
            "Turn them into Unicode, or write them anew."
        ),
    }
    return [text for kind, text in words.items() if kind in found.left_out]


@pages.post("/paste")
def paste() -> Response:
    """What was copied, as Markdown: for the script. Nothing is saved."""
    try:
        found = documents.html(request.form.get("html", ""))
    except Problem as problem:
        told = translated(problem)
        return jsonify({"text": None, "said": [f"{told.what} {told.todo}"]})
    return jsonify({"text": found.text, "said": said_of(found)})


@pages.post("/word/<language>/<path:name>")
def word(language: str, name: str) -> str | tuple[str, int]:
    """Show the form as it was typed, with the text of a Word document at its end. Nothing is saved."""
    the_editor().store.page(language, name)
    form, file = typed(), request.files.get("document")
    if file is None or not file.filename:
        form.problems = [Problem("", translate("No file was chosen."), translate("Choose one, then go on."))]
        return shown(language, name, form), 400
    try:
        found = documents.word(file.read())
    except Problem as problem:
        form.problems = [translated(problem)]
        return shown(language, name, form), 400
    form.text = f"{form.text.rstrip()}\n\n{found.text}\n".lstrip("\n")
    form.said = [translate("The text of the file stands at the end. Nothing is saved yet."), *said_of(found)]
    return shown(language, name, form)
