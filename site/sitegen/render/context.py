"""The data from which every block of a page is drawn."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forms.core.portal import Portal
from sitegen.content.pages import AllPages
from sitegen.content.tables import Tables
from sitegen.media.audio_clips import AudioPipeline
from sitegen.media.images import ImagePipeline

CLIP_HERE = "<!--clip-->"
"""Where what is done on a page ends: the clip of the whole page comes below it, and not after the heading."""


@dataclass(frozen=True)
class Context:
    """The data from which blocks are drawn."""

    portal: Portal
    tables: Tables
    library: AllPages
    menu: tuple[str, ...]
    language: str
    today: date
    audio_pipeline: AudioPipeline | None = None
    image_pipeline: ImagePipeline | None = None
    charts: Path | None = None
    """A folder that keeps drawn charts between builds."""
