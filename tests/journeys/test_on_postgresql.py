"""The same journeys with letters and sign-ups in PostgreSQL: two databases, a browser with and without a script."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import PHONE, serving
from tests.journeys.telling import come_back, tell, unfold
from tests.journeys.walking import press
from tests.server.conftest import postgres

__all__ = ["postgres"]  # the fixture


@pytest.fixture(scope="module")
def elsewhere(installation: Any, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The same installation, keeping what comes in PostgreSQL; desks with folders of their own."""
    home: Path = installation.public.parent
    urls = {"concerns_url": postgres, "signups_url": postgres.replace("/postgres?", "/signups?")}
    with serving(home / "portal.json", installation.public, tmp_path_factory.mktemp("server"), **urls) as address:
        yield replace(installation, address=address)


@pytest.mark.parametrize("script", [False, True])
def test_from_a_concern_to_its_answer(browser: Any, elsewhere: Any, script: bool) -> None:
    context = browser.new_context(
        viewport=PHONE, base_url=elsewhere.address, java_script_enabled=script, service_workers="block"
    )
    page = context.new_page()
    page.goto("/hi/tell/")
    words = f"पोस्टग्रेस {script}"
    receipt = tell(page, what=words, hide_from="revenue")
    listed = elsewhere.at_the_desk("list", "--search", words, desk_name="legal")
    assert words in listed.output, listed.output
    number = next(line.split()[0] for line in listed.output.splitlines() if words in line)
    answered = elsewhere.at_the_desk("answer", number, "--text", "हम आ रहे हैं।", desk_name="legal")
    assert answered.exit_code == 0, answered.output
    assert words not in elsewhere.at_the_desk("list", desk_name="revenue").output
    come_back(page, "hi", receipt)
    assert "हम आ रहे हैं।" in page.locator("main").inner_text()
    context.close()


def test_signing_up_for_an_event(browser: Any, elsewhere: Any) -> None:
    context = browser.new_context(viewport=PHONE, base_url=elsewhere.address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/te/sign-up/")
    unfold(page)
    page.locator("#event").select_option(index=1)
    page.locator("#people").fill("౨")
    page.locator('input[name="adult"][value="yes"]').check()
    press(page, "check")
    press(page, "send")
    assert page.locator(".code").inner_text().replace(" ", "").isdigit()
    context.close()
