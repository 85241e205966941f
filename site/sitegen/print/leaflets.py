"""Printed matter as PDF, from the same pages and tables: leaflet, poster, pocket card, sheet of fingerprints.

Typst and Segno are used only here.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import segno
import typst

from forms.core import i18n
from forms.core.crypto.fingerprints import (
    desk_fingerprint,
    member_fingerprint,
    portal_fingerprint,
    recovery_fingerprint,
)
from forms.core.files.durable import write_durably
from forms.core.i18n.fonts import font_of
from forms.core.portal import Portal, pick
from sitegen.content.tables import Tables, in_order, text
from sitegen.print import drawings
from sitegen.print.drawings import Draw
from sitegen.render.blocks import Context
from sitegen.render.html_to_text import extract_text

MAX_PAGES = {"leaflet": 2}
"""A leaflet is one sheet, printed on both sides."""

SCALES = (1.0, 0.95, 0.9, 0.85, 0.8)
"""Scales of the type, tried in this order until a paper fits; the smallest type has 7 points."""

KINDS = ("leaflet", "poster", "card", "keys")
"""A5 leaflet, A4 poster, pocket card of 85 x 54 mm (ISO/IEC 7810 ID-1), A4 sheet of the desks' fingerprints."""

TEMPLATE = Path(__file__).parents[2] / "theme" / "paper.typ"


@dataclass(frozen=True)
class Pages:
    """The HTML of the printed pages: the home page, and the one for the leaflet (portal.yml, paper)."""

    home: str
    leaflet: str


@cache
def installed_typefaces() -> frozenset[str]:
    """Return the families of all typefaces that Typst can use."""
    return frozenset(typst.Fonts().families())


def missing_typeface(language: str) -> str:
    """Return a sentence if this machine has no typeface for a language: its prints would show empty boxes."""
    font = font_of(language)
    if font in installed_typefaces():
        return ""
    return (
        f"{language}: no papers, since the typeface {font} is not on this machine. On Debian and Ubuntu: sudo apt "
        "install fonts-noto-core fonts-noto-extra"
    )


def write(out: Path, context: Context, pages: Pages, media: Path) -> Iterator[Path]:
    """Write the PDFs of context.language into `out`; media: content/media, where the pictograms are."""
    language = context.language
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _prepare(folder, context, pages, media)
        for kind in KINDS:
            path = out / f"{kind}-{language}.pdf"
            typeset(folder, TEMPLATE.name, kind, path)
            yield path


def typeset(folder: Path, template: str, kind: str, path: Path) -> None:
    """Typeset a template of a folder, and write the PDF atomically. kind: which of the template's documents.

    A leaflet is one sheet: where the text of a language does not fit, its type is smaller.
    """
    for scale in SCALES:
        inputs = {"kind": kind, "scale": str(scale)}
        pdf = typst.compile(str(folder / template), root=str(folder), format="pdf", sys_inputs=inputs)
        if kind not in MAX_PAGES or pdf.count(b"/MediaBox") <= MAX_PAGES[kind]:
            break
    write_durably(path, pdf)


def write_qr_code(address: str, path: Path) -> None:
    """Write the QR code (ISO/IEC 18004, level M) of an address as SVG, with its quiet zone of four modules."""
    segno.make(address, error="m", micro=False).save(str(path), border=4, dark=drawings.INK, light="#ffffff")


def _prepare(folder: Path, context: Context, pages: Pages, media: Path) -> None:
    """Write everything that the template reads: its data, the QR code, the drawings."""
    shutil.copy(TEMPLATE, folder)
    address = f"{context.portal.address}/{context.language}/"
    write_qr_code(address, folder / "qr.svg")
    draw = drawings.drawer(folder, context, media)
    signs = draw_signs(draw, context.tables, context.language)
    data = {**common_data(context.portal, context.language, draw), "signs": signs, "address": address}
    data["keys"] = fingerprints_of(context.portal, context.language)
    data["home"], data["leaflet"] = _blocks(pages.home), _blocks(pages.leaflet)
    (folder / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def draw_signs(draw: Draw, tables: Tables, language: str) -> list[dict[str, str]]:
    """Draw the signs; return the name of each with the file of its drawing."""
    rows = in_order(tables["signs"])
    return [{"name": pick(text(row, "name"), language), "picture": draw(row["pictogram"] or "")} for row in rows]


def common_data(portal: Portal, language: str, draw: Draw) -> dict[str, object]:
    """Return the data that every paper needs: the help numbers of every page, names, who is responsible."""
    _ = i18n.translator(language)
    numbers = [
        {
            "number": helpline.number,
            "for": pick(helpline.for_, language),
            "picture": draw(*drawings.names_for(helpline)),
        }
        for helpline in portal.helplines
        if helpline.everywhere
    ]
    return {
        "language": language,
        "font": font_of(language),
        "name": pick(portal.short_name, language),
        "responsible": pick(portal.responsible, language),
        "demonstration": _("This is a demonstration.") if portal.demonstration else "",
        "numbers": numbers,
        "numbers_title": _("Help numbers"),
        "signs_title": _("If one of these is true, you can ask for help"),
        "scan": _("Read and listen on a phone"),
    }


def fingerprints_of(portal: Portal, language: str) -> dict[str, Any]:
    """Return the data of the sheet of fingerprints: those of all desks, their members and their recovery keys."""
    _ = i18n.translator(language)
    return {
        "title": _("Check the keys of the desks"),
        "lead": _(
            "Each desk opens your letters with a key of its own. These numbers belong to those keys. The desk's "
            "machine must show the same numbers under Keys. If one differs, stop and ask why."
        ),
        "together": {"name": _("All desks together"), "number": portal_fingerprint(portal.desks)},
        "desks": [
            {
                "name": pick(desk.name, language),
                "id": desk.id,
                "number": desk_fingerprint(desk),
                "rows": [
                    *({"name": member.id, "number": member_fingerprint(member)} for member in desk.members),
                    *(
                        [{"name": _("Recovery key on paper"), "number": recovery_fingerprint(desk)}]
                        * bool(desk.recovery)
                    ),
                ],
            }
            for desk in portal.desks
        ],
    }


def _blocks(html: str) -> list[dict[str, str]]:
    """Return the headings, paragraphs and list items of a page's article, by their HTML tags."""
    article = html[html.index("<article") : html.index("</article>")]
    return [{"kind": tag, "text": line} for tag, line in extract_text(article).written]
