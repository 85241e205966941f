"""Pages to translate the messages of the programs and the cells of tables."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from editor.reviewing import corrections, review_pack
from editor.reviewing.review_pack import Correction, ReturnedPack, Text, is_same
from editor.window.current import the_editor, writer
from editor.window.problem_pages import no_such_page, translated_language
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("texts", __name__)

_PAGE_SIZE = 40
"""Texts on one page, so that its form is checked quickly."""

_MISSING = "missing"
_FIELDS = ("file", "place", "english", "translation", "better")


@pages.get("/texts/<language>/<any(words, tables):kind>")
def show(language: str, kind: str) -> str:
    """Show the texts of a kind: the missing ones first, or those with the searched word."""
    return _page(translated_language(language), kind, [], {})


def _texts(language: str, kind: str) -> list[Text]:
    editor = the_editor()
    if kind == "words":
        return list(review_pack.of_words(editor.store, language, all_words=True))
    return list(review_pack.of_tables(editor.store, editor.schemas, language, missing=True))


def _page(language: str, kind: str, problems: list[Problem], typed: dict[tuple[str, str, str], str]) -> str:
    """Return the page. typed: the fields of a form that was refused, by file, place and English."""
    find, show = request.values.get("find", "")[:80].strip(), request.values.get("show", "")
    found = sorted(_texts(language, kind), key=lambda text: bool(text.translation.strip()))
    missing = sum(not text.translation.strip() for text in found)
    chosen = [text for text in found if _is_wanted(text, find) and (show != _MISSING or not text.translation.strip())]
    start = request.values.get("from", "0")
    at = min(int(start), len(chosen)) if start.isascii() and start.isdigit() and len(start) < 7 else 0  # noqa: PLR2004
    if typed:  # what was typed stays on the page, whatever is chosen
        chosen, at = [text for text in found if key_of(text) in typed], 0
    rows = [(text, typed.get(key_of(text), text.translation)) for text in chosen[at : at + _PAGE_SIZE]]
    return render_template(
        "texts.html", language=language, kind=kind, problems=problems, rows=rows, find=find, show=show, missing=missing,
        count=len(chosen), at=at, more=at + _PAGE_SIZE if at + _PAGE_SIZE < len(chosen) else 0,
        saved="saved" in request.args,
    )  # fmt: skip


def _is_wanted(text: Text, find: str) -> bool:
    return find.casefold() in f"{text.english}\n{text.translation}\n{text.place}".casefold()


def key_of(text: Text) -> tuple[str, str, str]:
    """Return the key of a text in a form."""
    return text.file, text.place, text.english


@pages.post("/texts/<language>/<any(words, tables):kind>")
def save(language: str, kind: str) -> Response | tuple[str, int]:
    """Save the changed texts, all or none; one that a colleague has changed since is refused and shown."""
    editor, who, language = the_editor(), writer(), translated_language(language)
    columns = (request.form.getlist(name) for name in _FIELDS)
    sent = [tuple(cell.replace("\r\n", "\n") for cell in cells) for cells in zip(*columns, strict=False)]
    changed = [Correction(Text(*cells[:4]), cells[4]) for cells in sent if not is_same(cells[4], cells[3])]
    if any(not one.text.file.startswith(kind) for one in changed):
        raise no_such_page()
    pack = ReturnedPack(tuple(one.text for one in changed), tuple(changed), frozenset())
    with editor.store.lock:
        plan = corrections.plan(editor, pack, language)
        if not plan.refused:
            editor.store.replace_all(plan.files, who, f"Translate {kind}: {language}")
            return redirect_to(f"/texts/{language}/{kind}?saved=yes")
    return _page(language, kind, plan.refused, {key_of(one.text): one.better for one in changed}), 409
