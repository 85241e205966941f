"""Tell a concern in a browser, in the way that the page offers: in steps with a script, on one page without."""

from typing import Any

NEXT = 'form[data-sealing] > button.button:not(.quiet):not([name="do"])'


def in_steps(page: Any) -> bool:
    """Return whether the page asks a few questions at a time. Then it also encrypts the letter itself."""
    return bool(page.evaluate("Boolean(document.querySelector('form[data-sealing] .step'))"))


def unfold(page: Any) -> None:
    """Open the form of all questions, which is collapsed without a script."""
    summary = page.locator("details.whole:not([open]) > summary")
    if summary.count():
        summary.click()


def fill(page: Any, name: str, value: Any) -> None:
    """Answer one question; in steps, go on to its page first."""
    page.wait_for_load_state()  # a script that is still loading changes the page
    unfold(page)
    field = page.locator(f'[data-field="{name}"]')
    while in_steps(page) and not field.is_visible():
        page.locator(NEXT).click()
    control = field.locator("textarea, select, input").first
    kind = control.evaluate("each => each.type || each.tagName")
    if kind in {"radio", "checkbox"}:
        for choice in value if isinstance(value, list) else [value]:
            field.locator(f'input[value="{choice}"]').check()
    elif kind == "file":
        control.set_input_files(value)
    elif kind == "select-one":
        control.select_option(value)
    else:
        control.fill(value)


def review(page: Any) -> None:
    """Go on to the review, the page that shows the letter before it is sent."""
    while in_steps(page) and page.locator(NEXT).is_visible():
        page.locator(NEXT).click()
    page.locator('form[data-sealing] button[name="do"]').click()
    page.locator('.look, button[value="send"]').first.wait_for()


def send(page: Any, *, receipt: bool = True) -> str:
    """Send the reviewed letter. Return the receipt, or "" without one."""
    steps = page.locator(".look").count()
    buttons = page.locator(".look .button") if steps else page.locator('button[value^="send"]')
    buttons.nth(0 if receipt else 1).click()
    page.locator(".panel--done").wait_for()
    return str(page.locator(".code").inner_text()).strip() if receipt else ""


def come_back(page: Any, language: str, receipt: str) -> None:
    """Type a receipt on the page of answers, and wait for the result."""
    page.goto(f"/{language}/answer/")
    page.locator("#code").fill(receipt)
    page.locator('main form button[value="check"]').click()
    page.locator(".states, .error").first.wait_for()


def tell(page: Any, **answers: Any) -> str:
    """Answer these questions, review the letter, and send it. Return the receipt."""
    for name, value in answers.items():
        fill(page, name, value)
    review(page)
    return send(page)
