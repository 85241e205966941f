"""The stylesheet as it is published: beside what is new stands what old engines know."""

import re
from pathlib import Path

import pytest
from sitegen.publish.old_engines import lower

CSS = (Path(__file__).parents[2] / "site" / "assets" / "portal.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "published"),
    [
        ("a { padding-inline: 1px 2px; }", "a { padding-left: 1px; padding-right: 2px; }"),
        ("a { margin-inline: auto; }", "a { margin-left: auto; margin-right: auto; }"),
        ("a { border-inline-start: 1px solid; }", "a { border-left: 1px solid; }"),
        ("a { inset-inline-start: 0; }", "a { left: 0; }"),
        ("a { width: min(100%, 9rem); }", "a { width: 100%; width: min(100%, 9rem); }"),
        ("a { width: clamp(1rem, 6vw, 2rem); }", "a { width: 1rem; width: clamp(1rem, 6vw, 2rem); }"),
        (
            "a { padding-inline: max(1rem, calc(50% - 1px)); }",
            "a { padding-left: 1rem; padding-left: max(1rem, calc(50% - 1px)); "
            "padding-right: 1rem; padding-right: max(1rem, calc(50% - 1px)); }",
        ),
        ("a { overflow-wrap: anywhere; }", "a { word-wrap: break-word; overflow-wrap: anywhere; }"),
        (".a:is(p, .b) i { top: 0; }", "p.a i, .a.b i { top: 0; }"),
        ("c > :is(h1, h2):not(.d, .e) { top: 0; }", "c > h1:not(.d, .e), c > h2:not(.d, .e) { top: 0; }"),
        ("/* { */ a { top: 0 }", "a { top: 0; }"),
        ("@media print { a { inset-inline-end: 0 } }", "@media print {\na { right: 0; }\n}"),
    ],
)
def test_what_is_new_has_something_older_beside_it(source: str, published: str) -> None:
    assert lower(source).strip() == published


@pytest.mark.parametrize(
    ("source", "margins"),
    [
        ("a { display: flex; gap: 1px; }", "@supports not (inset: 0) { a > * { margin-right: 1px !important; } }"),
        (
            "a, b { display: flex; flex-direction: column; gap: 1px 2px; }",
            "@supports not (inset: 0) { a > *, b > * { margin-bottom: 1px !important; } }",
        ),
        (
            "a { display: grid; gap: 1px; }",
            "@supports not (display: grid) { a > * { margin-bottom: 1px !important; } }",
        ),
    ],
)
def test_a_gap_becomes_margins_where_it_is_unknown(source: str, margins: str) -> None:
    assert margins in lower(source)
    assert "grid-gap" in lower(source)


def test_our_own_stylesheet_loses_no_rule() -> None:
    published = lower(CSS)
    assert published.count("{") == published.count("}") > CSS.count("{")
    assert "-inline" not in published.replace("inline-", "")
    without_remarks = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
    assert classes(published) == classes(without_remarks)


def classes(css: str) -> set[str]:
    return set(re.findall(r"(?<!\w)\.[a-z][\w-]*", css))


def test_triangles_stay_triangles_where_the_colours_are_the_readers() -> None:
    """With forced colours a border that was transparent is drawn, so a triangle made of borders would be a square."""
    for path in sorted((Path(__file__).parents[2] / "site" / "assets").glob("*.css")):
        text = path.read_text(encoding="utf-8")
        forced = " ".join(re.findall(r"@media \(forced-colors: active\) \{((?:[^{}]*\{[^{}]*\})*)", text))
        for selector in re.findall(r'([^{}]+?) \{ content: "";[^{}]*solid transparent', text):
            element, _, part = selector.strip().partition("::")
            assert re.search(rf"{re.escape(element)}\S*::{part} \{{ clip-path: polygon", forced), (path.name, selector)
