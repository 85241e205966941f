"""No way of writing a quote keeps it on the site when its consent has ended: it leaves, or it is never built."""

from pathlib import Path
from typing import Any

import pytest
from sitegen.content.consent import quotes
from sitegen.publish.withdrawals import withdrawal

from tests.sitegen.conftest import TODAY
from tests.sitegen.test_threats_consented_media import QUOTED

KEY = quotes.key_of("told")
FAKES = ("```\n> An example.\n> consent: told\n```", "<!--\n> An example.\n> consent: told\n-->", "<!-- -->")
RAW = ("<blockquote>They kept my papers.</blockquote>", "<p>She says <q>they kept my papers</q>.</p>",
       f'<blockquote data-consent="{KEY}">They kept my papers.</blockquote>',
       f"<blockquote>They kept my papers. quote-consent-{KEY}</blockquote>",
       f"<blockquote><p>They kept my papers.</p>\n<p>quote-consent-{KEY}</p></blockquote>")  # fmt: skip
SPACES = (
    "",
    " ",
    "\u00a0",
    "\u3000",
    "\u2028",
    "\u2029",
    "\u0085",
    "\u200b",
    "\u2003",
    "\ufeff",
    "\u1680",
    "\t \u00a0",
)
USUAL = [
    "> They kept my papers.\n> consent: told",
    "> They kept my papers.\n>\n> consent: told",
    "Text.\n> They kept my papers.\n> consent: told",
    "- one\n- > They kept my papers.\n  > consent: told",
    "Somebody\n:   > They kept my papers.\n    > consent: told",
    "!!! note\n    > They kept my papers.\n    > consent: told",
]
ONE_QUOTE = [
    *USUAL,
    *(f">{space}\n> They kept my papers.\n> consent: told" for space in SPACES),
    *(f"> They kept my papers.\n>{space}\n> consent: told" for space in SPACES),
    *(f">{space}\nThey kept my papers.\n> consent: told" for space in SPACES),
]
UNUSUAL_QUOTES = [
    *(f"Text.{space}> They kept my papers.\n> consent: told" for space in SPACES),
    *(f"{space}> They kept my papers.\n> consent: told" for space in SPACES),
    *(f"> They{space}> kept my papers.\n{space}\n> consent: told" for space in SPACES),
    *(f"> Words.\n> consent: told\n{space}\n>{space}my papers" for space in SPACES),
    *(f"{raw}\n\n{fake}\n\n> Words.\n> consent: told" for raw in RAW for fake in FAKES),
    *(f"> Words.\n> consent: told\n\n{raw}" for raw in RAW),
    *(f"> Words.\n> {raw}\n> consent: told" for raw in RAW[:2]),
    "- > They kept my papers.\n\n- > Words.\n  > consent: told",
    "> Words.\n> consent: told\n\n1. one\n\n    > They kept my papers.",
    "> Words.\n> - > They kept my papers.\n> consent: told",
    "> > They kept my papers.\n> > consent: told",
    ">> They kept my papers.\n>> consent: told",
    "> Words.\n> consent: told\n>\n> > They kept my papers.",
    "> They kept\n> consent: told\nmy papers.",
    "> consent: told\n\n> They kept my papers.",
    "> [words]: /en/ 'my papers'\n> consent: told\n\n[words]",
    "> [words]: /en/ 'papers'\n> consent: told\n\nRead the [words][].",
    "> ```\n> They kept my papers.\n> ```\n> consent: told",
    "    > They kept my papers.\n    > consent: told",
    '<div markdown="1">\n> They kept my papers.\n> consent: told\n</div>',
    '<div markdown="1">> They kept my papers.\n> consent: told\n</div>',
    '<blockquote markdown="1">\n\nThey kept my papers.\n\nconsent: told\n\n</blockquote>',
    "> They kept my papers. { .x }\n> consent: told\n{ .x }",
    "> They kept my papers.\n> consent: told { .x }",
    "> They kept my papers.\n> Consent : TOLD",
    "> # They kept my papers.\n> consent: told",
    "> They kept my papers.\n> consent: told\n> ---",
    "\\> They kept my papers.\n> consent: told",
]  # fmt: skip


def pages_of(folder: Any, texts: list[str], **meta: Any) -> dict[str, str]:
    """Write a page with each text, all named by one consent; return those that a build would take, by name."""
    text_by_page = {f"told/p{number}": text for number, text in enumerate(texts)}
    folder.table("consents", {**QUOTED, "quotes": " ".join(text_by_page)})
    for name, text in text_by_page.items():
        folder.page(name, text, **meta)
    problems = "\n".join(folder.problems())
    refused = {name for name in text_by_page if f"{name}.md" in problems}
    for name in refused:
        (folder.root / "content" / "en" / f"{name}.md").unlink()
    remaining = {name: text for name, text in text_by_page.items() if name not in refused}
    folder.table("consents", {**QUOTED, "quotes": " ".join(remaining) or "index"})
    return remaining


def visible_quotes(site: Path, text_by_page: dict[str, str]) -> list[str]:
    """Return how each quote was written that still stands on the site."""
    return [
        text
        for name, text in text_by_page.items()
        if "papers" in (site / "en" / name / "index.html").read_text("utf-8")
    ]


@pytest.mark.parametrize("meta", [{}, {"quotes": "published"}], ids=["", "published"])
def test_a_quote_leaves_however_it_is_written_or_is_never_built(folder: Any, meta: dict[str, str]) -> None:
    pages_without_quotes = pages_of(folder, ONE_QUOTE if meta else [*ONE_QUOTE, *UNUSUAL_QUOTES], **meta)
    site = folder.build()
    assert {*USUAL} <= {*visible_quotes(site, pages_without_quotes)}
    folder.table("consents", {**QUOTED, "quotes": " ".join(pages_without_quotes), "withdrawn_on": "2026-12-31"})
    withdrawal.purge(site, folder.root / "content", TODAY)
    assert visible_quotes(site, pages_without_quotes) == []
    assert visible_quotes(folder.build(), pages_without_quotes) == []


@pytest.mark.parametrize("text", [f"{raw}\n\n{fake}" for raw in RAW for fake in FAKES])
def test_no_example_pays_for_a_quote_that_is_written_another_way(folder: Any, text: str) -> None:
    assert pages_of(folder, [text, f"{text}\n\n> Words.\n> consent: told"]) == {}


def test_a_consent_without_words_is_said(folder: Any) -> None:
    folder.table("consents", QUOTED)
    folder.page("told", "They kept my papers.\n\n> consent: told")
    assert any("told.md" in problem and "no words" in problem for problem in folder.problems())
