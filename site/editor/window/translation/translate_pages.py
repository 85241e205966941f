"""Pages for translating: the state of each language, a page paragraph by paragraph, and a reader's signature."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from sitegen.content import translations
from sitegen.content.pages import SOURCE, AllPages, PageSource
from sitegen.content.tables import Row
from werkzeug.wrappers import Response

from editor import differences, front_matter, overview
from editor.content_state import parse_page
from editor.differences import Piece
from editor.reviewing import reader_names
from editor.saving.store import Saved
from editor.tables import withdrawals
from editor.translation import drafts, glossary, translating
from editor.translation.translating import Pair, TranslationState
from editor.window.current import the_editor, wants_json, writer
from editor.window.page_pages import base_text, problems_of
from editor.window.problem_pages import no_such_page, translated_language
from editor.window.words import translate
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("translating", __name__)

_VERSIONS = 100
"""Saves of an English page that are searched for the one that was translated."""


@dataclass
class TranslationForm:
    """What is in the form of a translation."""

    title: str
    description: str
    pairs: list[Pair]
    base: str
    draft_base: str = ""
    problems: list[Problem] = field(default_factory=list)
    theirs: list[str] = field(default_factory=list)


def _library() -> AllPages:
    """Return all pages. Raises Problems where they cannot be read."""
    return the_editor().content_cache.current().require_context().library


@pages.get("/translate/")
def languages() -> str:
    """Show how far each language is."""
    library, editor = _library(), the_editor()
    found = {code: _states(library, code) for code in editor.store.languages if code != SOURCE}
    counts = {code: _counts(states) for code, states in found.items()}
    return render_template("languages.html", counts=counts, states=translating.STATES)


def _states(library: AllPages, code: str) -> list[TranslationState]:
    content = the_editor().content
    return translating.states(library, code, overview.drafts(content, code), set(drafts.names(content, code)))


def _counts(states: list[TranslationState]) -> dict[str, int]:
    return {kind: sum(state.kind == kind for state in states) for kind in translating.STATES}


@pages.get("/translate/<language>/")
def listed(language: str) -> str:
    """List every page in one language, those that need most work first."""
    states = _states(_library(), translated_language(language))
    return render_template("translations.html", language=language, states=states)


@pages.get("/translate/<language>/<path:name>")
def edit(language: str, name: str) -> str:
    """Show the English and its translation side by side, as they are saved now."""
    editor = the_editor()
    path = editor.store.page(translated_language(language), name)
    text, base = editor.store.read(path)
    text, draft = text or editor.store.inherited(path), drafts.read(editor.store, language, name)
    meta, parts = _values_and_paragraphs(draft.text if draft else text)
    pairs = translating.pairs(_english_page(name), parts, _changed_lines(language, name))
    form = TranslationForm(str(meta.get("title") or ""), str(meta.get("description") or ""), pairs, base)
    form.draft_base = draft.base if draft else ""
    form.problems = problems_of(language, name, text) if text and not draft else []
    return _page(language, name, form)


def _values_and_paragraphs(text: str) -> tuple[dict[str, Any], list[str]]:
    """Return the front matter and the paragraphs of a page or a draft."""
    lines, body = front_matter.split(text)
    return front_matter.values(lines), drafts.paragraphs(body)


def _changed_lines(language: str, name: str) -> Sequence[int]:
    changed = _library().changes.get((language, name))
    return changed.lines if changed else ()


def _english_page(name: str) -> PageSource:
    """Return the English page as in its file (the library fills in phone numbers). Raises Problem for none."""
    path = the_editor().store.page(SOURCE, name)
    text = the_editor().store.text(path)
    if not text:
        raise no_such_page(name[:80])
    return parse_page(SOURCE, name, text)


def _page(language: str, name: str, form: TranslationForm) -> str:
    editor, english = the_editor(), _english_page(name)
    state = translating.state_of(_library(), name, language, overview.drafts(editor.content, language))
    draft, on_site = drafts.read(editor.store, language, name), _on_site(language, name)
    form.pairs = translating.with_states(form.pairs, on_site, state.kind)
    terms = glossary.terms(_rows(glossary.TABLE), language)
    in_title = glossary.terms_in_paragraph(english.title, form.title, terms)
    found = [glossary.terms_in_paragraph(pair.source, pair.text, terms) for pair in form.pairs]
    return render_template(
        "translation.html", language=language, name=name, form=form, english=english,
        state=state, difference=_difference(language, name, english), draft=draft, on_site=on_site is not None,
        found=found,
        unread=any(not one.term.reviewed for row in (in_title, *found) for one in row),
        in_title=in_title,
        both=read_of(english, language), mark=_fingerprint_of(english), saved=request.args.get("saved", ""),
    )  # fmt: skip


def _rows(table: str) -> Sequence[Row]:
    state = the_editor().content_cache.current()
    return state.context.tables.get(table, ()) if state.context else ()


def _on_site(language: str, name: str) -> list[str] | None:
    """Return the paragraphs of a translation as the site has them; None where it has none, or only a draft."""
    text = the_editor().store.text(the_editor().store.page(language, name))
    meta, parts = _values_and_paragraphs(text)
    return parts if text and not meta.get("draft") else None


def _difference(language: str, name: str, english: PageSource) -> list[Piece]:
    """Return what changed in the English since it was translated, word by word; nothing where that is not known."""
    editor = the_editor()
    known = translations.read(editor.content).get(f"{language}/{name}")
    if known is None or (language, name) not in _library().changes:
        return []
    path = f"{SOURCE}/{name}"
    entries = editor.store.history.revisions(_VERSIONS, path)
    texts = (editor.store.history.text_in(entry.id, path) for entry in entries)
    before = translating.translated_from((text for text in texts if text), known, path)
    return differences.pieces(front_matter.split(before)[1].strip(), english.text.strip()) if before else []


def _fingerprint_of(english: PageSource) -> str:
    """Return a mark of the English that stands beside a translation: another text has another."""
    text = "\n".join([english.title, str(english.meta.get("description") or ""), english.text])
    return the_editor().store.history.id_of(text.encode())


def read_of(english: PageSource, language: str) -> str:
    """Return the ids of the two texts that a reader has before her: her signature is for these, and for no others."""
    editor = the_editor()
    paths = [editor.store.page(code, english.name) for code in (SOURCE, language)]
    return " ".join(editor.store.read(path)[1] for path in paths)


@pages.post("/translate/<language>/<path:name>")
def save(language: str, name: str) -> Response | tuple[str, int]:
    """Save a translation. Said to be whole, it follows the English of now; else it stays marked as it was.

    Raises Problem where the English was edited meanwhile.
    """
    editor, sent, english = the_editor(), request.form, _english_page(name)
    parts = [part.replace("\r\n", "\n") for part in sent.getlist("paragraph")]
    source = translating.paragraphs(english.text)
    rows = [Pair(*pair) for pair in zip_longest(source, parts, fillvalue="")]
    form = TranslationForm(
        sent.get("title", ""), sent.get("description", ""), rows, sent.get("base", ""), sent.get("draft_base", "")
    )
    try:
        if "draft" in sent:
            return _save_draft(language, name, form, parts)
        _require_same_draft(language, name, form)
        path, mark = editor.store.page(translated_language(language), name), _fingerprint_of(english)
        if "whole" in sent and sent.get("english", mark) != mark:
            raise _Edited(name, translate("The English was edited while you wrote."),
                          translate("Look at what changed, then save again."))  # fmt: skip
        text = _whole(language, form, english, parts, done="whole" in sent)
        parse_page(language, name, text)
        done = editor.store.save(path, text, form.base, writer(), f"Translate {language}/{name}")
        if done.parts:
            return _conflict_page(language, name, form, done), 409
        if "whole" in sent:
            reader_names.confirm(editor, writer(), language, name, followed=True)
        if form.draft_base:
            draft = drafts.path_of(editor.store, language, name)
            editor.store.remove(draft, form.draft_base, writer(), f"Draft is done: {language}/{name}")
    except Problem as problem:
        form.problems = [problem]
        return _page(language, name, form), 409 if isinstance(problem, _Edited) else 400
    if wants_json(done):
        return jsonify({"base": done.base, "draft_base": ""})
    return redirect_to(f"/translate/{language}/{name}?saved=yes")


def _save_draft(language: str, name: str, form: TranslationForm, parts: list[str]) -> Response | tuple[str, int]:
    """Save an unfinished translation as a draft, which the site does not read and which is not checked.

    Raises Problem where the story's consent was withdrawn.
    """
    editor = the_editor()
    path = drafts.path_of(editor.store, translated_language(language), name)
    if withdrawals.is_withdrawn(editor.content, name):
        todo = translate("Who writes in all languages can take its words out.")
        raise Problem(name, translate("Its consent was withdrawn."), todo)
    text = drafts.join(form.title, form.description, parts)
    done = editor.store.save(path, text, form.draft_base, writer(), f"Draft {language}/{name}")
    if done.parts:
        return _conflict_page(language, name, form, done, draft=True), 409
    return redirect_to(f"/translate/{language}/{name}?saved=draft")


def _require_same_draft(language: str, name: str, form: TranslationForm) -> None:
    """Raise Problem where a colleague has saved the draft since the form was shown."""
    draft = drafts.read(the_editor().store, translated_language(language), name)
    if draft and draft.base != form.draft_base:
        what = translate("A colleague saved a draft of this page while you wrote.")
        raise _Edited(name, what, translate("It stands above your text. Look at it, then save again."))


@pages.post("/drafts/<language>/<path:name>/gone")
def throw_away(language: str, name: str) -> Response:
    """Delete a draft; the history keeps it. Raises Problem where it has changed since it was shown."""
    store, base = the_editor().store, request.form.get("draft_base", "")
    path = drafts.path_of(store, translated_language(language), name)
    if base:
        store.remove(path, base, writer(), f"Draft is thrown away: {language}/{name}")
    return redirect_to(f"/translate/{language}/{name}")


class _Edited(Problem):
    """The English or the draft was edited while the translation was written."""


def _conflict_page(language: str, name: str, form: TranslationForm, done: Saved, *, draft: bool = False) -> str:
    """Return the form with the merged text: ours in a conflict, and theirs beside it."""
    meta, parts = _values_and_paragraphs("".join(part.text for part in done.parts))
    form.title, form.description = str(meta.get("title") or ""), str(meta.get("description") or "")
    form.pairs = translating.pairs(_english_page(name), parts)
    form.base, form.draft_base = (done.base, form.draft_base) if not draft else (form.base, done.base)
    form.theirs = [part.theirs for part in done.parts if part.is_conflict]
    return _page(language, name, form)


def _whole(language: str, form: TranslationForm, english: PageSource, parts: list[str], *, done: bool) -> str:
    """Return the text of a translation's file."""
    lines, _ = front_matter.split(base_text(language, english.name, form.base))
    values: dict[str, object] = {"title": form.title, "description": form.description}
    if not lines:
        kept = {key: value for key, value in english.meta.items() if key not in {"title", "description", "changed"}}
        values |= {"source_changed": english.changed or the_editor().today(), "reviewed_by": "nobody", **kept}
        values |= {} if done else {"draft": True}
    elif done:
        values |= {"source_changed": english.changed or the_editor().today(), "draft": None}
    current = front_matter.values(lines)
    changed = {key: value for key, value in values.items() if current.get(key) != value}
    return front_matter.join(front_matter.with_values(lines, changed), translating.join_paragraphs(parts))


@pages.post("/sign/<language>/<path:name>")
def sign(language: str, name: str) -> Response:
    """Write a reader's name under the two texts that she read. Raises Problem where one was edited since."""
    editor, who, language = the_editor(), writer(), translated_language(language)
    with editor.store.lock:
        if request.form.get("both") != read_of(_english_page(name), language):
            raise Problem(name, translate("One of the two texts was edited while you read."),
                          translate("Look at the page again, then sign."))  # fmt: skip
        if not editor.store.read(editor.store.page(language, name))[1]:  # the text is a library's, or there is none
            raise Problem(
                name, translate("This text is a library’s, not yours yet."), translate("Save it here first, then sign.")
            )
        library = _library()
        if translating.state_of(library, name, language).kind != translating.WAITING:
            raise Problem(
                name, translate("This is not waiting for a reader."), translate("Look at the page again, then sign.")
            )
        reader_names.sign(editor, who, who, language, name)
    return redirect_to(f"/translate/{language}/{name}?saved=yes")
