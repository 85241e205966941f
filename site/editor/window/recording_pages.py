"""Recordings of pages and questions: their list, listening, and adding one, with a row of consents where needed."""

from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request
from sitegen.content.pages import SOURCE
from sitegen.media import spoken_texts
from werkzeug.wrappers import Response

from editor import front_matter
from editor.incoming import recordings
from editor.incoming.recordings import Reading
from editor.tables import lines, rows
from editor.window.current import the_editor, writer
from editor.window.problem_pages import no_such_page
from editor.window.tables.table_access import sheet_now
from editor.window.words import translate
from forms.core.media.attachments import MAX_READING_SECONDS
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("recordings", __name__)


def _readings(language: str) -> list[Reading]:
    """Return the texts that may be read aloud in a language. Raises Problem for an unknown language, and Problems."""
    editor = the_editor()
    if language not in editor.store.languages:
        raise no_such_page(language[:20])
    return recordings.all_readings(editor.content, editor.content_cache.current().require_context().library, language)


def _reading(language: str, key: str) -> Reading:
    """Return a text that may be recorded, by its key. Raises Problem where there is none."""
    found = next((one for one in _readings(language) if one.key == key), None)
    if found is None:
        raise no_such_page(key[:80])
    return found


@pages.get("/recordings/<language>/")
def listed(language: str) -> str:
    """List the texts that may be read aloud in a language, those without a recording first."""
    found = sorted(_readings(language), key=lambda one: one.file is not None)
    return render_template("recordings.html", language=language, readings=found)


@pages.get("/recordings/<language>/<path:key>")
def show(language: str, key: str) -> str:
    """Show a text, its recording, and the form for a new one."""
    reading = _reading(language, key)
    return render_template(
        "recording.html", language=language, reading=reading, text=_text(language, key), longest=MAX_READING_SECONDS,
        saved="saved" in request.args,
    )  # fmt: skip


def _text(language: str, key: str) -> str:
    """Return the text to read aloud: a page without its front matter, or a question."""
    editor = the_editor()
    context = editor.content_cache.current().context
    question = spoken_texts.questions().get(key)
    if question and context:
        return spoken_texts.question_text(*question, context.portal, language, editor.today())
    if key in spoken_texts.DIGITS:
        return key[-1]
    found = (editor.store.text(editor.store.page(code, f"{key}.md")) for code in (language, SOURCE))
    return front_matter.split(next(filter(None, found), ""))[1].strip()


@pages.get("/heard/<language>/<path:key>")
def heard(language: str, key: str) -> Response:
    """Return the audio of a recording, for the player on its page."""
    file = _reading(language, key).file
    if file is None:
        abort(404)
    return Response(file.read_bytes(), mimetype="audio/ogg" if file.suffix == recordings.EXTENSION else None)


@pages.post("/recordings/<language>/<path:key>")
def add(language: str, key: str) -> Response:
    """Add a recording; of a survivor, with a row of consents, whose form is shown next. Raises Problem.

    The row is written first: a recording without one would be on the site.
    """
    editor, who, file = the_editor(), writer(), request.files.get("file")
    voice = request.form.get("voice", "")
    if file is None or not file.filename:
        raise Problem("", translate("No file was chosen."), translate("Choose one, then go on."))
    if voice not in {"reader", "person"}:
        raise Problem("", translate("Nobody has said whose voice this is."), translate("Choose one, then go on."))
    _reading(language, key)
    data = recordings.to_opus(file.filename[:80], file.read())
    with editor.store.lock:
        _refuse_consented(language, key)
        path = recordings.path_of(editor.content, language, key)
        id = _add_consent_row(language, key, editor.store.name(path), who) if voice == "person" else ""
        editor.store.write_file(path, data, who, f"Recording: {language}/{key}")
        _record_day(language, key, who)
    if id:
        return redirect_to(f"/tables/consents/row?{urlencode({'key': id})}")
    return redirect_to(f"/recordings/{language}/{key}?saved=yes")


def _refuse_consented(language: str, key: str) -> None:
    """Raise Problem where a consent names a recording of this text: another voice would be covered by it."""
    if found := recordings.consents_of(the_editor().content, language, key):
        what = translate("A recording of this text stands or stood under this consent: no other voice takes its place.")
        raise Problem(found[0], what, translate("Look at its row in the table consents."))


def _add_consent_row(language: str, key: str, file: str, who: str) -> str:
    """Write an incomplete row of consents for a recording; return its id. Raises Problem, and then writes nothing."""
    sheet, text, base = sheet_now("consents")
    id = f"recording-{language}-{key.replace('/', '-')}"
    if rows.find(sheet, ("id",), id):
        what, todo = (
            translate("There is a row of this name already."),
            translate("Look at its row in the table consents."),
        )
        raise Problem(id, what, todo)
    row = {"id": id, "kind": "survivor", "media": file.removeprefix("media/"), "languages": language}
    updated = lines.with_row(text, ("id",), id, row, "content/tables/consents.csv")
    store = the_editor().store
    store.replace(store.table("consents"), updated, base, who, f"Row {id} of consents")
    return id


def _record_day(language: str, key: str, who: str) -> None:
    """Record the day in the page's front matter, so that later edits are noticed. Questions have no page."""
    editor = the_editor()
    if key in spoken_texts.questions() or key in spoken_texts.DIGITS:
        return
    path = editor.store.page(language, f"{key}.md")
    text, base = editor.store.read(path)
    if text:  # a library's page is not the district's to write
        head, body = front_matter.split(text)
        updated = front_matter.join(front_matter.with_values(head, {"recorded": editor.today()}), body)
        editor.store.replace(path, updated, base, who, f"Recorded: {language}/{key}")
