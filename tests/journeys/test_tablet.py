"""A field worker's tablet: nothing is kept before the tap, all of a language after it, nothing after taking it away."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.journeys.conftest import Installation  # type: ignore[import-not-found]
from tests.patience import until  # type: ignore[import-not-found]

CACHES_AND_WORKERS = (
    "async () => [(await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length]"
)


WITHDRAWN = "/ta/stories/the-advance/"
KEEP_OLD = "async () => (await caches.open('tablet')).put('/ta/rights/', new Response('named the story'))"
CACHED_PARTS = f"""async () => {{
  const store = await caches.open('tablet'), page = await store.match('/ta/rights/');
  return [!!(await store.match('{WITHDRAWN}')), (await page.text()).includes('named the story'), !!(await store.match('/renew'))];
}}"""


STALE = """async () => {
  const store = await caches.open('tablet');
  await store.put('/ta/help/', new Response('<h1>an old number</h1>'));
  await store.put('/assets/portal.0000000000.css', new Response('of an earlier build'));
  await store.delete('/assets/' + [...document.styleSheets][0].href.split('/').pop());
  await store.put('/renewed', new Response('20000'));
}"""
FRESH_FILES = """async () => {
  const store = await caches.open('tablet'), help = await (await store.match('/ta/help/')).text();
  const style = '/assets/' + [...document.styleSheets][0].href.split('/').pop();
  return [help.includes('an old number'), !!(await store.match('/assets/portal.0000000000.css')), !!(await store.match(style)),
    !!(await store.match('/renew'))];
}"""


def wait_until(page: Any, script: str, expected: list[bool]) -> None:
    """Ask the page until it answers so. Playwright's wait_for_function takes the promise of an async function for true."""
    until(lambda: page.evaluate(script) == expected, page)


UNSEEN = "async () => (await caches.open('tablet')).put('/renewed', new Response('0'))"
RENEWED = "async () => [await (await (await caches.open('tablet')).match('/renewed')).text() !== '0']"


def open_and_renew(page: Any, address: str) -> None:
    """Open the first page after keeping, which renews everything once, and wait for the end of that."""
    page.evaluate(UNSEEN)
    page.goto(address)
    wait_until(page, RENEWED, [True])


def renew_daily(page: Any) -> None:
    """Once a day with the net there, every page that is kept is fetched anew, and what a new build needs is added."""
    page.evaluate(STALE)
    page.goto("/ta/signs/")
    wait_until(page, FRESH_FILES, [False, False, True, False])


def withdraw(installation: Installation, page: Any) -> None:
    """A story is withdrawn: the next page that is opened deletes it here, and renews the pages that named it."""
    page.evaluate(KEEP_OLD)
    assert page.evaluate(CACHED_PARTS) == [True, True, False]
    listed = installation.public / "withdrawn.json"
    before = listed.read_bytes()
    try:
        listed.write_text(f'["{WITHDRAWN}"]', encoding="utf-8")
        page.goto("/ta/signs/")
        wait_until(page, CACHED_PARTS, [False, False, False])
    finally:
        listed.write_bytes(before)


def test_a_tablet_keeps_one_language_when_asked_and_forgets_it_when_asked(
    installation: Installation, browser: Any
) -> None:
    context = browser.new_context(viewport={"width": 800, "height": 1200}, base_url=installation.address)
    page = context.new_page()
    for address in ("/ta/", "/ta/tell/", "/ta/tablet/"):
        page.goto(address)
        assert page.evaluate(CACHES_AND_WORKERS) == [0, 0], "never switched on by itself"
    assert not page.locator("[data-remove]").is_visible(), "there is nothing to take away yet"
    page.locator("[data-keep]").click()
    page.locator("[data-state=kept]").wait_for()
    assert page.evaluate(CACHES_AND_WORKERS) == [1, 1]
    open_and_renew(page, "/ta/")
    context.set_offline(True)
    page.goto("/ta/rights/")
    assert page.locator("h1").is_visible()
    assert str(datetime.now(tz=UTC).year) in page.locator(".note--kept").inner_text(), "it says how old it is"
    assert page.evaluate("document.querySelector('audio source').src.length") > 0
    assert (
        page.evaluate("fetch('/forms/ta/concern').then(() => 'kept', () => 'asked the server')") == "asked the server"
    )
    context.set_offline(False)
    renew_daily(page)
    withdraw(installation, page)
    page.goto("/ta/tablet/")
    page.locator("[data-remove]").click()
    page.locator("[data-state=none]").wait_for()
    assert page.evaluate(CACHES_AND_WORKERS) == [0, 0]
    context.close()


TWO_PAGES = """async (worker) => {
  let now = 0, most = 0, ended = [];
  const listeners = {}, self = { addEventListener: (name, one) => { listeners[name] = one; } };
  const store = { match: async () => undefined, put: async () => {}, delete: async () => true, keys: async () => [] };
  const caches = { has: async () => true, open: async () => store, match: async () => undefined };
  const fetch = async (asked) => {
    if (asked !== '/withdrawn.json') return { ok: true };
    most = Math.max(most, ++now);
    await new Promise((resume) => setTimeout(resume, 0));
    now -= 1;
    return { ok: true, json: async () => [] };
  };
  new Function('self', 'caches', 'fetch', worker)(self, caches, fetch);
  const request = { method: 'GET', mode: 'navigate', url: location.href };
  for (let page = 0; page < 3; page++) {
    listeners.fetch({ request, waitUntil: (one) => ended.push(one), respondWith: () => {} });
  }
  await Promise.all(ended);
  return most;
}"""


def test_pages_that_are_opened_at_once_are_looked_after_one_by_one(installation: Installation, browser: Any) -> None:
    """Two at once would both find the list of what is withdrawn new, and renew the tablet twice, one after its end."""
    context = browser.new_context(base_url=installation.address)
    page = context.new_page()
    page.goto("/ta/")
    worker = (installation.public / "sw.js").read_text(encoding="utf-8")
    assert page.evaluate(TWO_PAGES, worker) == 1
    context.close()


def test_a_file_that_is_gone_keeps_no_tablet_from_the_rest(installation: Installation, browser: Any) -> None:
    """A sound that was withdrawn stands in the list until the next build: the rest is kept, and renewed once."""
    listed = installation.public / "ta" / "tablet" / "files.json"
    before = listed.read_bytes()
    context = browser.new_context(base_url=installation.address)
    page = context.new_page()
    try:
        listed.write_text(json.dumps([*json.loads(before), "/audio/ta/gone.mp3"]), encoding="utf-8")
        page.goto("/ta/tablet/")
        page.locator("[data-keep]").click()
        page.locator("[data-state=kept]").wait_for()
        open_and_renew(page, "/ta/rights/")
        page.evaluate(STALE)
        page.goto("/ta/signs/")
        wait_until(page, FRESH_FILES, [False, False, True, False])
    finally:
        listed.write_bytes(before)
        context.close()


def test_no_page_leads_to_the_tablet_s(installation: Installation) -> None:
    for path in installation.public.rglob("*.html"):
        if "tablet" not in path.parts:
            html = path.read_text(encoding="utf-8")
            assert "/tablet/" not in html
            assert 'rel="manifest"' not in html
