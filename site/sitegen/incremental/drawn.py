"""What the pages of the last whole build were drawn from, kept for edits."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sitegen.content.pages import AllPages, address_of
from sitegen.incremental import record
from sitegen.incremental.kept_texts import TextFile, packed
from sitegen.incremental.record import FOLDER, Record
from sitegen.media import audio_clips
from sitegen.render.context import Context


@dataclass(frozen=True)
class Drawn:
    """The context of a build, the pages as staff wrote them, and the sounds of each page."""

    context: Context
    written: AllPages
    sounds: Mapping[tuple[str, str], tuple[str, ...]]


def load(root: Path, last: Record) -> Drawn | None:
    """Return what the pages of this build were drawn from, or None."""
    drawn = record.read(root / FOLDER / last.drawn)
    return drawn if isinstance(drawn, Drawn) else None


def save(root: Path, drawn: Drawn) -> str:
    """Store it in place of that of earlier builds; return its file. Raises OSError."""
    folder = root / FOLDER
    texts = TextFile(folder / f"drawn-texts-{secrets.token_hex(8)}")
    name = f"drawn-{record.write(folder / 'drawn', packed(drawn, texts))[0][:16]}"
    for path in folder.glob("drawn-*"):
        path.unlink(missing_ok=True)
    texts.path.write_bytes(texts.data.getbuffer())
    (folder / "drawn").replace(folder / name)
    return name


def sounds_of(out: Path, context: Context) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the sounds of each page of a built site that has any; pages that belong to no language stand under ""."""
    if not (out / audio_clips.FOLDER).exists():
        return {}
    pages = {("", path.name): path for path in out.glob("*.html")}
    for code in context.portal.language_codes():
        pages |= {(code, name): out / code / address_of(name) / "index.html" for name in context.library.names}
    found = {key: audio_clips.sounds_in(path.read_text(encoding="utf-8")) for key, path in pages.items()}
    return {key: sounds for key, sounds in found.items() if sounds}
