"""Pages of the site: the list, a new one, and the form of one."""

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
from editor.window.current import the_editor
from editor.window.home import last_writer, no_such_page, stays, translate, writer
from editor.window.story_pages import consent_row
from forms.core.problem import Problem
from forms.web.headers import FOR_EVER
from forms.web.local.secret_path import redirect_to

pages = Blueprint("pages", __name__)

_NO_ADDRESS = re.compile(r"[^a-z0-9]+")


_OF_THE_FORM = {"title", "description", "sensitive", "changed"}
"""What the form of a page writes into front matter."""


_CAMPAIGNS = "campaigns/"
"""The folder of pages that lists show by a row of campaigns.csv."""


@dataclass
class PageForm:
    """What is in the form of a page: typed, or as it is saved. `base`: the id of the file it was made from."""

    title: str = ""
    description: str = ""
    sensitive: bool = False
    text: str = ""
    base: str = ""
    draft: bool = False
    consent: str = ""
    problems: list[Problem] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    """Why a draft is not ready to be published."""

    saved: bool = False
    said: list[str] = field(default_factory=list)


@pages.get("/pages/")
def listed() -> str:
    """All pages in English, each with its languages, and the drafts."""
    editor = the_editor()
    rows = overview.written_pages(editor.content_cache.current())
    found = [(code, name) for code in editor.store.languages for name in overview.drafts(editor.content, code)]
    drafts = [(code, name, last_writer(editor, f"{code}/{name}")) for code, name in found]
    return render_template("pages.html", rows=rows, drafts=drafts)


@pages.post("/pages/new")
def new() -> Response:
    """Begin a page as a draft: nothing of it is on the site before somebody says so.

    Raises Problem where the address is taken.
    """
    editor, title = the_editor(), " ".join(request.form.get("title", "").split())
    address = request.form.get("name", "").strip() or _NO_ADDRESS.sub("-", title.casefold()).strip("-")
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
    """The form of one page, as it is saved now. Raises Problem where there is none."""
    editor = the_editor()
    path = editor.store.page(language, name)
    text, base = editor.store.read(path)
    text = text or editor.store.inherited(path)
    if not text:
        raise no_such_page(name)
    form = form_of(text, base)
    form.problems = problems_of(language, name, text)
    form.saved = "saved" in request.args
    return shown(language, name, form)


def form_of(text: str, base: str) -> PageForm:
    """Return a page as the fields of its form. What cannot be read as front matter is left to the person to mend."""
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


def typed() -> PageForm:
    """Return what was sent."""
    sent = request.form
    text = sent.get("text", "").replace("\r\n", "\n")
    return PageForm(sent.get("title", ""), sent.get("description", ""), "sensitive" in sent, text, sent.get("base", ""))


def shown(language: str, name: str, form: PageForm, parts: tuple[MergedPart, ...] = ()) -> str:
    """Return the page with the form."""
    editor = the_editor()
    look = editor.content_cache.current_except(editor.store.page(language, name))
    library = look.context.library if look.context else None
    g.style_nonce = secrets.token_urlsafe(16)
    return render_template(
        "page.html",
        language=language,
        name=name,
        form=form,
        parts=parts,
        story=name.startswith(STORIES),
        consent=urlencode(_consent(form.consent, name, look)),
        campaign=urlencode(_campaign(name, form.title, look)),
        links=[(one, library.find(one, SOURCE).title) for one in library.names] if library else [],
        numbers=[row["id"] for row in look.context.tables["helplines"]] if look.context else [],
        blocks=sorted(BLOCKS),
        pictures=[picture.name for picture in pictures.all_pictures(editor.content, None)],
        style_nonce=g.style_nonce,
        begun="begun" in request.args,
    )


def _consent(consent: str, name: str, state: ContentState) -> dict[str, str]:
    """Return what opens the row of a story's consent: that row, or a new one where nobody has filled it in yet."""
    known = {row["id"] for row in state.context.tables["consents"]} if state.context else {consent}
    return {"key": consent} if consent in known else consent_row(consent, name.removesuffix(".md"))


def _campaign(name: str, title: str, state: ContentState) -> dict[str, str]:
    """Return what opens a new row for the page of a campaign that has none, as far as that is known; else nothing."""
    page = name.removesuffix(".md")
    if not page.startswith(_CAMPAIGNS) or not state.context:
        return {}
    if page in {row["page"] for row in state.context.tables["campaigns"]}:
        return {}
    id_ = page.removeprefix(_CAMPAIGNS).replace("/", "-")
    return {"id": id_, "page": page, "title_en": title, "starts": state.context.today.isoformat()}


@pages.get("/field/<name>")
def field_script(name: str) -> Response:
    """The script of the field for texts. Its address names its state: another script has another."""
    script = the_editor().field()
    if script is None or script.name != name:
        abort(404)
    answer = Response(script.read_bytes(), mimetype="text/javascript")
    answer.headers["Cache-Control"] = FOR_EVER  # part of the program, the same for everybody
    return answer


def made_from(language: str, name: str, base: str) -> str:
    """Return the text that a form was made from: of this id, or a library's where the district has no copy yet.

    Raises Problem where it cannot be read.
    """
    store = the_editor().store
    data = store.history.read(base)
    return store.inherited(store.page(language, name)) if data is None else text_of(data, f"{language}/{name}")


def whole_text(language: str, name: str, form: PageForm) -> str:
    """Return the file that a form makes: the front matter that it was made from, with what the form changes."""
    editor = the_editor()
    lines, body = front_matter.split(made_from(language, name, form.base))
    values: dict[str, object] = {"title": form.title, "description": form.description}
    if form.sensitive or "sensitive" in front_matter.values(lines):
        values["sensitive"] = form.sensitive
    new = form.text.strip("\n") + "\n"
    if language == SOURCE and (body.strip("\n") + "\n" != new or not _same(lines, values)):
        values["changed"] = editor.today()
    return front_matter.join(front_matter.with_values(lines, _changed(lines, values)), new)


def _changed(lines: str, values: dict[str, object]) -> dict[str, object]:
    """Return the values that differ: lines that say the same stay as they were written."""
    known = front_matter.values(lines)
    return {key: value for key, value in values.items() if (known.get(key) or "") != (value or "")}


def _same(lines: str, values: dict[str, object]) -> bool:
    return not _changed(lines, values)


def problems_of(language: str, name: str, text: str) -> list[Problem]:
    """Return what is wrong with a page's text; that it cannot be read, where it cannot."""
    editor = the_editor()
    try:
        look = editor.content_cache.current_except(editor.store.page(language, name))
        return editor.content_cache.page_problems(parse_page(language, name, text), look)
    except Problem as problem:
        return [problem]


@pages.post("/pages/<language>/<path:name>")
def save(language: str, name: str) -> Response | str | tuple[str, int]:
    """Save one page. Whatever goes wrong, what was typed is on the page that is shown."""
    form = typed()
    try:
        path = the_editor().store.page(language, name)
        text = _put_together(path) if "part" in request.form else whole_text(language, name, _with_title(form))
        form = form_of(text, form.base) if "part" in request.form else form
        parse_page(language, name, text)
        done = the_editor().store.save(path, text, form.base, writer(), f"Edit {language}/{name}")
    except Problem as problem:
        form.problems = [problem]
        return shown(language, name, form), 400
    return answer(language, name, form, done)


def _with_title(form: PageForm) -> PageForm:
    """Return a form. Raises Problem where its title is empty."""
    if not form.title.strip():
        raise Problem(translate("Title"), translate("This is empty."), translate("Write it, then go on."))
    return form


def _put_together(path: Path) -> str:
    """Return the text that a person put together after two edits touched.

    Raises Problem where it would change what no form of a page changes: a reader's name, a draft, a consent.
    """
    sent = [part.replace("\r\n", "\n") for part in request.form.getlist("part")]
    text = "".join(part if part.endswith("\n") or not part else f"{part}\n" for part in sent)
    now, fresh = (front_matter.values(front_matter.split(one)[0]) for one in (the_editor().store.read(path)[0], text))
    for key in sorted({*now, *fresh} - _OF_THE_FORM):
        if now.get(key) != fresh.get(key):
            raise Problem(str(key)[:40], translate("This cannot be changed here."), translate("Leave it as it was."))
    return text


def answer(language: str, name: str, form: PageForm, done: Saved) -> Response | tuple[str, int]:
    """Return to the page that was saved; or show both texts where somebody else changed the same lines."""
    if done.parts:
        form.base = done.base
        return shown(language, name, form, done.parts), 409
    if stays(done):
        return jsonify({"base": done.base})
    return redirect_to(f"/pages/{language}/{name}?saved={'merged' if done.merged else 'yes'}")


@pages.post("/ready/<language>/<path:name>")
def ready(language: str, name: str) -> Response | tuple[str, int]:
    """Let a draft be a page of the site from the next publishing on; say on its page what is wrong with it.

    Raises Problem where it is no draft.
    """
    editor = the_editor()
    path = editor.store.page(language, name)
    text, base = editor.store.read(path)
    lines, body = front_matter.split(text)
    if not front_matter.values(lines).get("draft"):
        raise Problem(name, translate("This is not a draft."), translate("Look at the page again."))
    page = front_matter.join(front_matter.with_values(lines, {"draft": None}), body)
    if found := problems_of(language, name, page):
        form = form_of(text, base)
        form.refused = found
        return shown(language, name, form), 400
    editor.store.replace(path, page, base, writer(), f"Ready: {language}/{name}")
    return redirect_to(f"/pages/{language}/{name}?saved=yes")
