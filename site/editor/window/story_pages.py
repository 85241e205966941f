"""A new story: a draft, and the row of its consent, without which it stays a draft."""

from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from sitegen.content.consent.consent_names import STORIES_FOLDER
from sitegen.content.pages import SOURCE
from werkzeug.wrappers import Response

from editor import front_matter
from editor.window.current import the_editor, writer
from editor.window.words import translate
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("stories", __name__)

_COMPOSITE = "composite-"
"""The prefix of the consent ids of composite stories."""


@pages.get("/stories/new")
def form() -> str:
    """Ask for the story's title and address, and whether it is one person's."""
    return render_template("story.html")


def consent_row(consent: str, story: str) -> dict[str, str]:
    """Return the known cells of a new story's consent. story: the name of its page, without .md."""
    return {"id": consent, "kind": "composite" if consent.startswith(_COMPOSITE) else "survivor", "story": story}


@pages.post("/stories/new")
def new() -> Response:
    """Create the draft, then show the form of its consent. Raises Problem where the address is taken."""
    editor, name = the_editor(), request.form.get("name", "").strip().removesuffix(".md")
    path = editor.store.page(SOURCE, f"{STORIES_FOLDER}{name}.md")
    if editor.store.read(path)[1]:
        todo = translate("Choose another address, or open that page from the list.")
        raise Problem(name, translate("There is a page of this address already."), todo)
    title = " ".join(request.form.get("title", "").split()) or name
    composite = request.form.get("kind") == "composite"
    consent = f"{_COMPOSITE}{name}" if composite else name
    values = {"title": title, "description": "", "changed": editor.today(), "consent": consent, "draft": True}
    more = {"composite": True} if composite else {}
    text = front_matter.join(front_matter.with_values("", {**values, **more}), f"# {title}\n")
    editor.store.replace(path, text, "", writer(), f"New draft: {STORIES_FOLDER}{name}")
    return redirect_to(f"/tables/consents/row?{urlencode(consent_row(consent, f'{STORIES_FOLDER}{name}'))}")
