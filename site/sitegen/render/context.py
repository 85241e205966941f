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
"""Marks the end of a page's form, below which the clip of the page comes; on other pages it follows the heading."""


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
    """A folder that caches drawn charts between builds."""
