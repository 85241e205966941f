"""What every block of a page is drawn from."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forms.portal import Portal
from press.listen import Studio
from press.pages import Library
from press.pictures import Darkroom
from press.tables import Tables


@dataclass(frozen=True)
class Context:
    """What a block is drawn from."""

    portal: Portal
    tables: Tables
    library: Library
    menu: tuple[str, ...]
    language: str
    today: date
    studio: Studio | None = None
    darkroom: Darkroom | None = None
    charts: Path | None = None
    """A folder that keeps drawn charts between builds."""
