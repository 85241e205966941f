"""Telling a concern in a browser, by whichever way the page offers: in steps with a script, whole without one."""

from typing import Any

NEXT = 'form[data-sealing] > button.button:not(.quiet):not([name="do"])'


def in_steps(page: Any) -> bool:
    """Whether the page asks a few questions at a time: then it also locks the letter by itself."""
    return bool(page.evaluate("Boolean(document.querySelector('form[data-sealing] .step'))"))


def unfold(page: Any) -> None:
    """Open the form of all questions, which stands folded up where there is no script."""
    folded = page.locator("details.whole:not([open]) > summary")
    if folded.count():
        folded.click()


def fill(page: Any, name: str, value: Any) -> None:
    """Answer one question, on the page of questions that it is on."""
    page.wait_for_load_state()  # a script that is on its way changes the page
    unfold(page)
    field = page.locator(f'[data-field="{name}"]')
    while in_steps(page) and not field.is_visible():
        page.locator(NEXT).click()
    control = field.locator("textarea, select, input").first
    kind = control.evaluate("each => each.type || each.tagName")
    if kind in {"radio", "checkbox"}:
        for one in value if isinstance(value, list) else [value]:
            field.locator(f'input[value="{one}"]').check()
    elif kind == "file":
        control.set_input_files(value)
    elif kind == "select-one":
        control.select_option(value)
    else:
        control.fill(value)


def look(page: Any) -> None:
    """Go on to the page that shows what will be sent."""
    while in_steps(page) and page.locator(NEXT).is_visible():
        page.locator(NEXT).click()
    page.locator('form[data-sealing] button[name="do"]').click()
    page.locator('.look, button[value="send"]').first.wait_for()


def send(page: Any, *, receipt: bool = True) -> str:
    """Send what is looked at; the receipt, or nothing."""
    steps = page.locator(".look").count()
    buttons = page.locator(".look .button") if steps else page.locator('button[value^="send"]')
    buttons.nth(0 if receipt else 1).click()
    page.locator(".panel--done").wait_for()
    return str(page.locator(".code").inner_text()).strip() if receipt else ""


def come_back(page: Any, language: str, receipt: str) -> None:
    """Type a receipt where the answer is read, and wait for what is said to it."""
    page.goto(f"/{language}/answer/")
    page.locator("#code").fill(receipt)
    page.locator('main form button[value="check"]').click()
    page.locator(".states, .error").first.wait_for()


def tell(page: Any, **answers: Any) -> str:
    """The whole way; the receipt."""
    for name, value in answers.items():
        fill(page, name, value)
    look(page)
    return send(page)
