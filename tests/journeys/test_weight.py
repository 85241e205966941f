"""What a first visit to any real page costs: page, stylesheet and script, as a phone fetches them."""

from typing import Any

from sitegen.publish import page_weight

MOST_REQUESTS = 3
WITH_SEALING = 60 * 1024
"""Bytes of the concern page with the script that locks letters."""


def test_every_first_visit_fits_the_first_round_trip(installation: Any) -> None:
    found = page_weight.visits(installation.public, installation.portal.language_codes())
    assert len(found) >= 80
    assert page_weight.problems(found) == []


def test_a_first_visit_asks_three_times_at_most(browser: Any, installation: Any) -> None:
    context = browser.new_context(base_url=installation.address)
    page, responses = context.new_page(), []
    page.on("response", lambda answer: responses.append((answer.url, answer.headers.get("content-encoding"))))
    page.goto("/ta/rights/", wait_until="networkidle")
    context.close()
    assert len(responses) <= MOST_REQUESTS
    assert {coding for _, coding in responses} <= {"br", "gzip"}, "a phone gets the small copies"


def test_the_concern_page_with_its_script_costs_at_most_sixty_kilobytes(installation: Any) -> None:
    script = (installation.public / f"{installation.portal.assets['seal']}.br".removeprefix("/")).stat().st_size
    for visit in page_weight.visits(installation.public, installation.portal.language_codes()):
        if visit.path in {"tell", "voice"}:
            assert visit.total.brotli + script <= WITH_SEALING
