"""The bytes of a first visit to each page, and their budget.

The budget is the first TCP round trip (ten segments of initial window, RFC 6928): 14 KB brotli, 16 KB gzip for page,
style and script together, in at most three requests.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forms.core.builds import earlier_assets
from forms.core.problem import Problem

BROTLI_BUDGET = 14 * 1024
GZIP_BUDGET = 16 * 1024
_OWN_STYLE = re.compile(r'<link rel="stylesheet" href="/(assets/(?!portal\.)[^"]+\.css)"')


@dataclass(frozen=True)
class Size:
    """Bytes of a file: uncompressed and compressed."""

    raw: int = 0
    gzip: int = 0
    brotli: int = 0

    def __add__(self, other: "Size") -> "Size":
        return Size(self.raw + other.raw, self.gzip + other.gzip, self.brotli + other.brotli)


@dataclass(frozen=True)
class Visit:
    """A first visit to a page: the page's own bytes, and those that all pages share."""

    language: str
    path: str
    html: Size
    css: Size
    js: Size

    @property
    def total(self) -> Size:
        """Everything that a browser fetches to show the page."""
        return self.html + self.css + self.js

    @property
    def is_over(self) -> bool:
        """Whether it exceeds the budget."""
        return self.total.brotli > BROTLI_BUDGET or self.total.gzip > GZIP_BUDGET


def visits(public: Path, languages: tuple[str, ...]) -> list[Visit]:
    """Return a first visit to every page of a built site, heaviest first."""
    earlier = earlier_assets.read_names(public)
    css, js = (
        _sum(path for path in public.glob(f"assets/portal.*.{kind}") if path.name not in earlier)
        for kind in ("css", "js")
    )
    result = [
        Visit(
            language,
            path.parent.relative_to(public / language).as_posix(),
            _size(path),
            css + _own_styles(public, path),
            js,
        )
        for language in languages
        for path in (public / language).rglob("index.html")
    ]
    return sorted(result, key=lambda visit: -visit.total.brotli)


def _own_styles(public: Path, page: Path) -> Size:
    """Return the size of the styles that a page loads besides the one that all share."""
    names = _OWN_STYLE.findall(page.read_text(encoding="utf-8"))
    return _sum(public / name for name in names)


def _sum(paths: Iterator[Path]) -> Size:
    return sum((_size(path) for path in paths), Size())


def _size(path: Path) -> Size:
    copies = (path.with_name(f"{path.name}.{ending}") for ending in ("gz", "br"))
    return Size(path.stat().st_size, *(copy.stat().st_size for copy in copies))


def table(visits: list[Visit]) -> Iterator[str]:
    """Yield a line for each page: bytes of its heaviest language, then of a first visit (brotli) in each language."""
    languages = sorted({visit.language for visit in visits})
    heads = " ".join(f"{language:>6}" for language in languages)
    yield f"{'page':<34} {'html':>6} {'gzip':>6} {'br':>6}   first visit, br: {heads}"
    by_page: dict[str, dict[str, Visit]] = {}
    for visit in visits:
        by_page.setdefault(visit.path, {})[visit.language] = visit
    for path, translations in by_page.items():
        html = max((visit.html for visit in translations.values()), key=lambda size: size.brotli)
        totals = " ".join(f"{translations[code].total.brotli if code in translations else '':>6}" for code in languages)
        yield f"{path:<34} {html.raw:>6} {html.gzip:>6} {html.brotli:>6} {'':>18} {totals}"
    for kind, size in (("style", visits[0].css), ("script", visits[0].js)) if visits else ():
        yield f"{kind:<34} {size.raw:>6} {size.gzip:>6} {size.brotli:>6}"
    heaviest = max((visit.total.gzip for visit in visits), default=0)
    yield "Drawings are counted in their pages; photos and sound are fetched when they are looked at or tapped."
    yield f"Budget: {BROTLI_BUDGET} brotli, {GZIP_BUDGET} gzip (heaviest first visit: {heaviest} gzip)."


def problems(visits: list[Visit]) -> list[Problem]:
    """Return a problem for each page over the budget."""
    return [
        Problem(
            f"/{visit.language}/{visit.path}/",
            f"A first visit costs {visit.total.brotli} bytes brotli, {visit.total.gzip} gzip.",
            f"At most {BROTLI_BUDGET} and {GZIP_BUDGET}: split the page, or make it shorter.",
        )
        for visit in visits
        if visit.is_over
    ]
