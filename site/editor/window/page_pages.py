"""Pages of the site: their list, a new page, and the form of a page."""

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, abort, g, jsonify, render_template, request
from sitegen.content.consent.consent_names import STORIES_FOLDER as STORIES
from sitegen.content.pages import SOURCE
from sitegen.render.blocks import BLOCKS
from werkzeug.wrappers import Response

from editor import front_matter, overview
from editor.content_state import ContentState, parse_page
from editor.incoming import pictures
from editor.saving.merging import MergedPart
from editor.saving.store import Saved, text_of
from editor.window.current import last_writer, the_editor, wants_json, writer
from editor.window.problem_pages import no_such_page
from editor.window.story_pages import consent_row
from editor.window.words import translate
from forms.core.problem import Problem
from forms.web.headers import FOR_EVER
from forms.web.local.secret_path import redirect_to

pages = Blueprint("pages", __name__)

_NOT_IN_ADDRESS = re.compile(r"[^a-z0-9]+")


_FORM_KEYS = {"title", "description", "sensitive", "changed"}
"""The keys of front matter that the form of a page writes."""


_CAMPAIGNS = "campaigns/"
"""The folder of pages that have a row in campaigns.csv."""


@dataclass
class PageForm:
    """The fields of a page's form. base: the id of the file from which it was made; said: messages above the form."""

    title: str = ""
    description: str = ""
    sensitive: bool = False
    text: str = ""
    base: str = ""
    draft: bool = False
    consent: str = ""
    problems: list[Problem] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    """Problems that prevent a draft from being published."""

    saved: bool = False
    said: list[str] = field(default_factory=list)


@pages.get("/pages/")
def listed() -> str:
    """List all English pages, each with its languages, and the drafts."""
    editor = the_editor()
    rows = overview.written_pages(editor.content_cache.current())
    found = [(code, name) for code in editor.store.languages for name in overview.drafts(editor.content, code)]
    drafts = [(code, name, last_writer(editor, f"{code}/{name}")) for code, name in found]
    return render_template("pages.html", rows=rows, drafts=drafts)


@pages.post("/pages/new")
def new() -> Response:
    """Create a page as a draft, which is not on the site until somebody marks it as ready.

    Raises Problem where the address is taken.
    """
    editor, title = the_editor(), " ".join(request.form.get("title", "").split())
    address = request.form.get("name", "").strip() or _NOT_IN_ADDRESS.sub("-", title.casefold()).strip("-")
    name = f"{address.removesuffix('.md')}.md"
    path, title = editor.store.page(SOURCE, name), title or name
    if editor.store.read(path)[1]:
        todo = translate("Choose another address, or open that page from the list.")
        raise Problem(name, translate("There is a page of this address already."), todo)
    values = {"title": title, "description": "", "changed": editor.today(), "draft": True}
    text = front_matter.join(front_matter.with_values("", values), f"# {title}\n")
    editor.store.replace(path, text, "", writer(), f"New draft: {name}")
    return redirect_to(f"/pages/{SOURCE}/{name}?begun=yes")


@pages.get("/pages/<language>/<path:name>")
def edit(language: str, name: str) -> str:
    """Show the form of a page as it is saved now. Raises Problem where there is no such page."""
    editor = the_editor()
    path = editor.store.page(language, name)
    text, base = editor.store.read(path)
    text = text or editor.store.inherited(path)
    if not text:
        raise no_such_page(name)
    form = form_of(text, base)
    form.problems = problems_of(language, name, text)
    form.saved = "saved" in request.args
    return render_form(language, name, form)


def form_of(text: str, base: str) -> PageForm:
    """Return the fields of the form for a page. Broken front matter gives empty fields, for the person to fill in."""
    lines, body = front_matter.split(text)
    meta = front_matter.values(lines)
    return PageForm(
        str(meta.get("title") or ""),
        str(meta.get("description") or ""),
        bool(meta.get("sensitive")),
        body.lstrip("\n"),
        base,
        bool(meta.get("draft")),
        str(meta.get("consent") or ""),
    )


def submitted_form() -> PageForm:
    """Return the form of a page as it was sent."""
    sent = request.form
    text = sent.get("text", "").replace("\r\n", "\n")
    return PageForm(sent.get("title", ""), sent.get("description", ""), "sensitive" in sent, text, sent.get("base", ""))


def render_form(language: str, name: str, form: PageForm, parts: tuple[MergedPart, ...] = ()) -> str:
    """Return the page with the form."""
    editor = the_editor()
    state = editor.content_cache.current_except(editor.store.page(language, name))
    library = state.context.library if state.context else None
    g.style_nonce = secrets.token_urlsafe(16)
    return render_template(
        "page.html",
        language=language,
        name=name,
        form=form,
        parts=parts,
        story=name.startswith(STORIES),
        consent=urlencode(_consent(form.consent, name, state)),
        campaign=urlencode(_campaign(name, form.title, state)),
        links=[(one, library.find(one, SOURCE).title) for one in library.names] if library else [],
        numbers=[row["id"] for row in state.context.tables["helplines"]] if state.context else [],
        blocks=sorted(BLOCKS),
        pictures=[picture.name for picture in pictures.all_pictures(editor.content, None)],
        style_nonce=g.style_nonce,
        begun="begun" in request.args,
    )


def _consent(consent: str, name: str, state: ContentState) -> dict[str, str]:
    """Return the query for the row of a story's consent: the existing row, or a new one."""
    known = {row["id"] for row in state.context.tables["consents"]} if state.context else {consent}
    return {"key": consent} if consent in known else consent_row(consent, name.removesuffix(".md"))


def _campaign(name: str, title: str, state: ContentState) -> dict[str, str]:
    """Return the query for a new row of campaigns.csv for a campaign's page that has none; empty otherwise."""
    page = name.removesuffix(".md")
    if not page.startswith(_CAMPAIGNS) or not state.context:
        return {}
    if page in {row["page"] for row in state.context.tables["campaigns"]}:
        return {}
    id_ = page.removeprefix(_CAMPAIGNS).replace("/", "-")
    return {"id": id_, "page": page, "title_en": title, "starts": state.context.today.isoformat()}


@pages.get("/field/<name>")
def field_script(name: str) -> Response:
    """Return the script of the text field. Its address changes with its content."""
    script = the_editor().field()
    if script is None or script.name != name:
        abort(404)
    response = Response(script.read_bytes(), mimetype="text/javascript")
    response.headers["Cache-Control"] = FOR_EVER  # part of the program, the same for everybody
    return response


def base_text(language: str, name: str, base: str) -> str:
    """Return the text from which a form was made: by its id, or a library's where the district has no copy.

    Raises Problem where it cannot be read.
    """
    store = the_editor().store
    data = store.history.read(base)
    return store.inherited(store.page(language, name)) if data is None else text_of(data, f"{language}/{name}")


def page_text(language: str, name: str, form: PageForm) -> str:
    """Return the text of the page's file: the front matter from which the form was made, with the form's changes."""
    editor = the_editor()
    lines, body = front_matter.split(base_text(language, name, form.base))
    values: dict[str, object] = {"title": form.title, "description": form.description}
    if form.sensitive or "sensitive" in front_matter.values(lines):
        values["sensitive"] = form.sensitive
    new = form.text.strip("\n") + "\n"
    if language == SOURCE and (body.strip("\n") + "\n" != new or not _same(lines, values)):
        values["changed"] = editor.today()
    return front_matter.join(front_matter.with_values(lines, _changed(lines, values)), new)


def _changed(lines: str, values: dict[str, object]) -> dict[str, object]:
    """Return the values that differ; other lines stay as they are."""
    current = front_matter.values(lines)
    return {key: value for key, value in values.items() if (current.get(key) or "") != (value or "")}


def _same(lines: str, values: dict[str, object]) -> bool:
    return not _changed(lines, values)


def problems_of(language: str, name: str, text: str) -> list[Problem]:
    """Return the problems of a page's text."""
    editor = the_editor()
    try:
        state = editor.content_cache.current_except(editor.store.page(language, name))
        return editor.content_cache.page_problems(parse_page(language, name, text), state)
    except Problem as problem:
        return [problem]


@pages.post("/pages/<language>/<path:name>")
def save(language: str, name: str) -> Response | str | tuple[str, int]:
    """Save one page. After a problem, the form is shown again with everything that was typed."""
    form = submitted_form()
    try:
        path = the_editor().store.page(language, name)
        text = _resolved_text(path) if "part" in request.form else page_text(language, name, _with_title(form))
        form = form_of(text, form.base) if "part" in request.form else form
        parse_page(language, name, text)
        saved = the_editor().store.save(path, text, form.base, writer(), f"Edit {language}/{name}")
    except Problem as problem:
        form.problems = [problem]
        return render_form(language, name, form), 400
    return _respond(language, name, form, saved)


def _with_title(form: PageForm) -> PageForm:
    """Return the form. Raises Problem where its title is empty."""
    if not form.title.strip():
        raise Problem(translate("Title"), translate("This is empty."), translate("Write it, then go on."))
    return form


def _resolved_text(path: Path) -> str:
    """Return the text after a person resolved its conflicts.

    Raises Problem where it would change keys that the form of a page cannot change, like a reader's name or a consent.
    """
    sent = [part.replace("\r\n", "\n") for part in request.form.getlist("part")]
    text = "".join(part if part.endswith("\n") or not part else f"{part}\n" for part in sent)
    before, after = (
        front_matter.values(front_matter.split(one)[0]) for one in (the_editor().store.read(path)[0], text)
    )
    for key in sorted({*before, *after} - _FORM_KEYS):
        if before.get(key) != after.get(key):
            raise Problem(str(key)[:40], translate("This cannot be changed here."), translate("Leave it as it was."))
    return text


def _respond(language: str, name: str, form: PageForm, saved: Saved) -> Response | tuple[str, int]:
    """Redirect to the saved page; or show both texts where somebody else changed the same lines."""
    if saved.parts:
        form.base = saved.base
        return render_form(language, name, form, saved.parts), 409
    if wants_json(saved):
        return jsonify({"base": saved.base})
    return redirect_to(f"/pages/{language}/{name}?saved={'merged' if saved.merged else 'yes'}")


@pages.post("/ready/<language>/<path:name>")
def ready(language: str, name: str) -> Response | tuple[str, int]:
    """Mark a draft as ready, so that the next publishing puts it on the site; show its problems where it has some.

    Raises Problem where it is no draft.
    """
    editor = the_editor()
    path = editor.store.page(language, name)
    text, base = editor.store.read(path)
    lines, body = front_matter.split(text)
    if not front_matter.values(lines).get("draft"):
        raise Problem(name, translate("This is not a draft."), translate("Look at the page again."))
    page = front_matter.join(front_matter.with_values(lines, {"draft": None}), body)
    if problems := problems_of(language, name, page):
        form = form_of(text, base)
        form.refused = problems
        return render_form(language, name, form), 400
    editor.store.replace(path, page, base, writer(), f"Ready: {language}/{name}")
    return redirect_to(f"/pages/{language}/{name}?saved=yes")
