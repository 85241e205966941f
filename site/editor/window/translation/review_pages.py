"""Pages for review packs: download as paper and table, upload, and applying the corrections."""

from collections.abc import Sequence

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from editor.reviewing import corrections, review_pack
from editor.reviewing.corrections import AppliedPack, CorrectionPlan
from editor.reviewing.review_pack import ReturnedPack
from editor.window.current import the_editor, writer
from editor.window.home import MAX_NAME_LENGTH
from editor.window.problem_pages import translated_language
from editor.window.words import translate
from forms.core.i18n.lazy_text import joined
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

pages = Blueprint("reviewing", __name__)


@pages.get("/review/<language>/")
def show(language: str) -> str:
    """Explain how a reader without an account is asked."""
    return _page(translated_language(language))


def _page(language: str, taken: AppliedPack | None = None) -> str:
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
def look(language: str) -> str:
    """Show what a returned pack would change, before anything is applied. Raises Problem where no file was sent."""
    reader, file = _reader(), request.files.get("file")
    data, name = file.read() if file else b"", f"review-{translated_language(language)}.csv"
    if not data:
        raise Problem("", translate("No file was chosen."), translate("Choose one, then go on."))
    pack = review_pack.parse_returned(data, name)
    return _preview(language, pack, corrections.plan(the_editor(), pack, language), reader)


def _reader() -> str:
    """Return the name of the reader. Raises Problem for none."""
    reader = " ".join(request.form.get("reader", "").split())[:MAX_NAME_LENGTH]
    if not reader:
        raise Problem(translate("Name of the reader"), translate("This is empty."), translate("Write it, then go on."))
    return reader


def _preview(
    language: str, pack: ReturnedPack, plan: CorrectionPlan, reader: str, problems: Sequence[Problem] = ()
) -> str:
    return render_template(
        "review-look.html", language=language, plan=plan, reader=reader, read=sorted(pack.read),
        carried=review_pack.relevant_rows(pack), problems=problems,
    )  # fmt: skip


@pages.post("/review/<language>/take")
def take(language: str) -> str | tuple[str, int]:
    """Apply the corrections that are ticked, all or none, and show what was not applied."""
    editor, reader, who = the_editor(), _reader(), writer()
    language = translated_language(language)
    pack = review_pack.parse_returned(request.form.get("pack", "").encode(), f"review-{language}.csv")
    chosen = {int(number) for number in request.form.getlist("take") if number.isascii() and number.isdigit()}
    with editor.store.lock:
        plan = corrections.plan(editor, pack, language, chosen)
        try:
            taken = corrections.apply(editor, pack, plan, language, who, reader)
        except Problem as problem:
            message = Problem(problem.where, joined(problem.what, _("Nothing was taken.")), problem.todo)
            return _preview(language, pack, corrections.plan(editor, pack, language), reader, [message]), 409
    return _page(language, taken)
