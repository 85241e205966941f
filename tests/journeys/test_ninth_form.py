"""A ninth form is one YAML file, one page and a desk that reads it: each kind of letter, with a script and without one."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup
from sitegen.build import prepare
from sitegen.publish import browser_bundle
from sitegen.render import site_files
from sitegen.render.blocks import draw
from sitegen.render.layout import page_of

from forms.core import form_schema, portal
from forms.core.rendering.page import draw_page
from forms.desk.crypto.keys import make_demonstration
from forms.desk.watch.comparison import forms_of, keys_in
from tests.journeys.conftest import PHONE, ROOT, TODAY, Installation, copy_of_the_project, serving
from tests.journeys.telling import come_back, review, send, unfold

NINTH = """
name: ninth
kind: {kind}
title: Ask about goods
button: Go on
pad_to: 16384
steps: [[question], [goods, hidden]]
fields:
  - name: question
    type: string
    draw: textarea
    title: What do you want to ask?
    constraints: {{required: true, maxLength: 50}}
  - name: goods
    type: string
    draw: select
    title: Which goods?
    choices_from: goods
{more}"""
HIDES = """  - name: hidden
    type: array
    draw: checkboxes
    title: Who must not see this?
    choices_from: desks
"""
DESKS = ("police", "revenue", "legal", "partner", "events")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose events desk and legal desk read the ninth form, with a page for it."""
    home = tmp_path_factory.mktemp("ninth")

    def with_readers(settings: str) -> str:
        before, _, after = settings.partition("- id: legal")
        after = after.replace("reads: [concern]", "reads: [concern, ninth]", 1)
        return f"{before}- id: legal{after}".replace("reads: [signup, visit]", "reads: [signup, visit, ninth]")

    root = copy_of_the_project(home / "project", with_readers)
    page = "---\ntitle: Ask us\nchanged: 2026-11-25\n---\n# Ask us\n\nWords above the form.\n\n[[ form: ninth ]]\n"
    (root / "content" / "en" / "ninth.md").write_text(page, encoding="utf-8")
    return root


@pytest.fixture(params=[("concern", HIDES), ("request", HIDES), ("request", "")], ids=["concern", "request", "all see"])
def ninth(
    request: pytest.FixtureRequest, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """Return an installation with a ninth form of this kind. Of the site only its page and that of answers are drawn."""
    kind, more = request.param
    shutil.copytree(form_schema.FOLDER, tmp_path / "forms")
    steps = NINTH if more else NINTH.replace(", hidden]", "]")
    (tmp_path / "forms" / "ninth.yaml").write_text(steps.format(kind=kind, more=more), encoding="utf-8")
    monkeypatch.setattr(form_schema, "FOLDER", tmp_path / "forms")
    keys = make_demonstration(tmp_path / "desk", DESKS)
    context, report = prepare(project, keys=keys, today=TODAY)
    assert [str(one) for one in report.problems if "ninth" in str(one) and "reached" not in str(one)] == []
    public = tmp_path / "public"
    public.mkdir()
    script = browser_bundle.make(ROOT / "site" / "browser", ROOT / browser_bundle.CACHE)
    assets = site_files.asset_names(ROOT / "site" / "assets", script)
    context = replace(context, portal=replace(context.portal, assets=assets))
    site_files.write_assets(ROOT, public, context.portal)
    shutil.copy(script, public / "assets")
    for form, name in (("ninth", "ninth"), ("answer", "answer")):
        (public / "en" / name).mkdir(parents=True)
        html = draw_page(context.portal, "en", page_of(context, f"{name}.md", Markup(draw(context, "form", form))))
        (public / "en" / name / "index.html").write_text(html, encoding="utf-8")
    portal.write(context.portal, tmp_path / "portal.json")
    with serving(tmp_path / "portal.json", public, tmp_path / "server") as address:
        yield Installation(address, context.portal, public, tmp_path / "server", tmp_path / "desk")


@pytest.mark.parametrize("road", ["no script", "script"])
def test_it_is_sent_read_at_its_desks_and_answered(browser: Any, ninth: Installation, road: str) -> None:
    context = browser.new_context(
        viewport=PHONE, base_url=ninth.address, java_script_enabled=road == "script", service_workers="block"
    )
    phone = context.new_page()
    requests: list[Any] = []
    phone.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - Playwright marks what it is given
    hides = form_schema.load("ninth").hiding_field
    phone.goto("/en/ninth/")
    if road == "no script":
        unfold(phone)
        phone.locator("textarea").fill("How many baskets?")
    else:
        phone.locator(".step ~ button.button:not(.quiet)").first.click()
        phone.locator('form[data-sealing] button[name="do"]').click()
        assert phone.locator(".error").inner_text() == "Please answer this question."
        phone.locator("textarea").fill("How many baskets?")
        phone.locator(".step ~ button.button:not(.quiet)").first.click()
        terms = context.request.get("/forms/sealed/v1/terms").json()
        assert {form: set(keys_in(those)) for form, those in forms_of(terms)} == {
            form: {desk.id for desk in ninth.portal.readers(form)} for form in ("concern", "ninth")
        }, "what desks watch"
    if hides:
        phone.locator('input[name="hidden"][value="legal"]').check()
    review(phone)
    readers = phone.locator("main ul").last.inner_text()
    assert ("Events desk" in readers, "Legal" in readers) == (True, not hides)
    receipt = send(phone)
    if road == "script":
        bodies = [request.post_data_buffer for request in requests if request.post_data_buffer]
        assert all(body.startswith(b"age-encryption.org/v1\n") for body in bodies)
        assert len(bodies) == 1

    listing = ninth.at_the_desk("list", desk_name="events")
    assert "Ask about goods" in listing.output or "How many baskets?" in listing.output, listing.output
    assert "How many baskets?" in ninth.at_the_desk("open", "1", desk_name="events").output
    assert ("How many baskets?" in ninth.at_the_desk("list", desk_name="legal").output) == (not hides)
    assert "How many baskets?" not in ninth.at_the_desk("list", desk_name="police").output
    answered = ninth.at_the_desk("answer", "1", "--text", "Twelve.", desk_name="events")
    assert answered.exit_code == 0, answered.output

    come_back(phone, "en", receipt)
    assert "Twelve." in phone.locator("main").inner_text()
    context.close()
