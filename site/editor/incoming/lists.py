"""Rebuilds the lists of a copied text: each program marks items and their depth in its own way."""

import re
from typing import Any

_LEVEL = re.compile(r"mso-list:[^;]*?\blevel(\d+)", re.I)
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]", re.I)
_PARAGRAPHS = ("p", "h1", "h2", "h3", "h4", "h5", "h6")


def rebuild(soup: Any) -> None:
    """Turn what programs draw as lists into nested lists of HTML."""
    _nest(soup)
    _make_of_paragraphs(soup)


def _nest(soup: Any) -> None:
    """Move a list that follows its item into it (Google Docs, OneNote), and join lists of one line (Word online)."""
    for wrapper in soup.select(".ListContainerWrapper"):
        wrapper.unwrap()
    for inner in soup.find_all(["ul", "ol"]):
        before = inner.find_previous_sibling()
        item = inner.find("li", recursive=False)
        level = str(item.get("aria-level", "")) if item else ""
        if inner.parent.name in {"ul", "ol"} and before is not None and before.name == "li":
            before.append(inner.extract())
        elif level.isdecimal() and before is not None and before.name in {"ul", "ol"}:
            _continue(before, inner, int(level))


def _continue(outer: Any, inner: Any, level: int) -> None:
    """Append a list to the list before it, at its level."""
    for _step in range(min(level, 9) - 1):
        items = outer.find_all("li", recursive=False)
        below = items[-1].find_all(["ul", "ol"], recursive=False) if items else []
        if items and not below:
            items[-1].append(inner.extract())
            return
        outer = below[-1] if below else outer
    if outer.name == inner.name:
        outer.extend(inner.extract().find_all("li", recursive=False))


def _make_of_paragraphs(soup: Any) -> None:
    """Turn the paragraphs that Word draws as lists into lists: what Word copies has lists only as styles."""
    lists: list[Any] = []
    last = None
    for paragraph in soup.find_all(_PARAGRAPHS, style=_LEVEL):
        level = min(int(_LEVEL.search(paragraph["style"])[1]), 9)  # type: ignore[index]
        marks = paragraph.find_all("span", style=re.compile("mso-list:\\s*Ignore", re.I))
        kind = "ol" if marks and _NUMBERED.match(marks[0].get_text(strip=True)) else "ul"
        for mark in marks:
            mark.decompose()
        before = paragraph.find_previous_sibling()
        if not lists or before is not last:
            lists = []
        lists = lists[:level]
        if not lists:
            last = soup.new_tag(kind)
            paragraph.insert_before(last)
            lists = [last]
        elif len(lists) < level:
            inner = soup.new_tag(kind)
            items = lists[-1].find_all("li", recursive=False)
            items[-1].append(inner)
            lists.append(inner)
        paragraph.extract()
        paragraph.name, paragraph.attrs = "li", {}
        lists[-1].append(paragraph)
