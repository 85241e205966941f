"""Converts copied text for the form of a page: pasted with the script, or from a Word document without."""

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from editor.incoming import documents
from editor.incoming.cleaned_html import CHANGES, COMMENTS, HIDDEN, LETTERS, PICTURES, STRUCK
from editor.incoming.pasted import Pasted
from editor.window.current import the_editor
from editor.window.page_pages import render_form, submitted_form
from editor.window.words import translate, translated
from forms.core.problem import Problem

pages = Blueprint("paste", __name__)


def messages_of(pasted: Pasted) -> list[str]:
    """Return messages on what was left out of a text."""
    messages = {
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
    return [text for kind, text in messages.items() if kind in pasted.left_out]


@pages.post("/paste")
def paste() -> Response:
    """Return copied HTML as Markdown, for the script. Nothing is saved."""
    try:
        pasted = documents.html(request.form.get("html", ""))
    except Problem as problem:
        message = translated(problem)
        return jsonify({"text": None, "said": [f"{message.what} {message.todo}"]})
    return jsonify({"text": pasted.text, "said": messages_of(pasted)})


@pages.post("/word/<language>/<path:name>")
def word(language: str, name: str) -> str | tuple[str, int]:
    """Show the form as it was sent, with the text of a Word document at its end. Nothing is saved."""
    the_editor().store.page(language, name)
    form, file = submitted_form(), request.files.get("document")
    if file is None or not file.filename:
        form.problems = [Problem("", translate("No file was chosen."), translate("Choose one, then go on."))]
        return render_form(language, name, form), 400
    try:
        pasted = documents.word(file.read())
    except Problem as problem:
        form.problems = [translated(problem)]
        return render_form(language, name, form), 400
    form.text = f"{form.text.rstrip()}\n\n{pasted.text}\n".lstrip("\n")
    form.said = [translate("The text of the file stands at the end. Nothing is saved yet."), *messages_of(pasted)]
    return render_form(language, name, form)
