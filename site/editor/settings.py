"""The editor's settings on this machine: who writes, in which language, and what was published last."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from forms.core.files.durable import write_safely

_BUSY = Lock()


@dataclass(frozen=True)
class EditorSettings:
    """A person's name and language; the commit that is on the site, who published it, and on which day."""

    name: str = ""
    language: str = "en"
    published: str = ""
    published_by: str = ""
    published_on: str = ""
    before: str = ""
    """The commit that was on the site before that: Undo brings it back."""

    waiting_since: str = ""
    """The day since which a publishing waits for the network."""

    withdrawing_since: str = ""
    """The day since which a withdrawal waits to reach the server."""

    taken: str = ""
    """The commit that the site named when it was last asked."""


def read(folder: Path) -> EditorSettings:
    """Return what is remembered; nothing where the file is not there or damaged: the person is asked again."""
    known = set(asdict(EditorSettings()))
    with suppress(OSError, ValueError):
        found: Any = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return EditorSettings(
                **{key: value for key, value in found.items() if key in known and isinstance(value, str)}
            )
    return EditorSettings()


def write(folder: Path, settings: EditorSettings) -> None:
    """Remember these. Raises OSError, and then changes nothing."""
    write_safely(folder / "settings.json", json.dumps(asdict(settings), ensure_ascii=False).encode())


def changed(folder: Path, **values: str) -> EditorSettings:
    """Remember some values anew, and return all. Raises OSError."""
    with _BUSY:  # what is published or withdrawn in the background writes here too
        settings = replace(read(folder), **values)
        write(folder, settings)
        return settings
