"""A pack for a native reader without an account: paper and table out, her corrections and her name back in."""

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from editor import review_pack
from editor.review_pack import Taken
from editor.window.home import LONGEST_NAME, the_editor, translate, translated_language, writer
from forms.core.problem import Problem

pages = Blueprint("reviewing", __name__)


@pages.get("/review/<language>/")
def show(language: str) -> str:
    """Say how a reader without an account is asked."""
    return _shown(translated_language(language))


def _shown(language: str, taken: Taken | None = None) -> str:
    return render_template("review.html", language=language, taken=taken)


@pages.get("/review/<language>/paper")
def paper(language: str) -> Response:
    """The pack as one file to print."""
    texts = review_pack.texts(the_editor(), translated_language(language))
    return _file(review_pack.paper(texts, language).encode(), "text/html", f"review-{language}.html")


@pages.get("/review/<language>/table")
def table(language: str) -> Response:
    """The pack as a table for a spreadsheet."""
    texts = review_pack.texts(the_editor(), translated_language(language))
    return _file(review_pack.spreadsheet(texts), "text/csv", f"review-{language}.csv")


def _file(data: bytes, kind: str, name: str) -> Response:
    response = make_response(data)
    response.headers["Content-Type"] = f"{kind}; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@pages.post("/review/<language>/")
def take(language: str) -> str:
    """Take the corrections of a pack that came back, and say what was not taken."""
    reader = " ".join(request.form.get("reader", "").split())[:LONGEST_NAME]
    if not reader:
        raise Problem(translate("Name of the reader"), translate("This is empty."), translate("Write it, then go on."))
    file = request.files.get("file")
    pack = review_pack.returned(file.read() if file else b"", f"review-{translated_language(language)}.csv")
    return _shown(language, review_pack.take(the_editor(), pack, language, writer(), reader))
