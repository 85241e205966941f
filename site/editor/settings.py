"""The editor's settings on this machine: who writes, in which language, and what was published last."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from forms.core.files.durable import write_safely

_LOCK = Lock()


@dataclass(frozen=True)
class EditorSettings:
    """A person's name and language; the commit that is on the site, who published it, and on which day."""

    name: str = ""
    language: str = "en"
    published: str = ""
    published_by: str = ""
    published_on: str = ""
    before: str = ""
    """The commit that was on the site before the last publishing: Undo brings it back."""

    waiting_since: str = ""
    """The day on which a publishing began to wait for the network."""

    withdrawing_since: str = ""
    """The day on which a withdrawal began to wait for the server."""

    taken: str = ""
    """The commit that the site named when it was last asked."""


def read(folder: Path) -> EditorSettings:
    """Return the settings; the defaults where the file is missing or damaged: the person is asked again."""
    names = set(asdict(EditorSettings()))
    with suppress(OSError, ValueError):
        values: Any = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        if isinstance(values, dict):
            return EditorSettings(
                **{key: value for key, value in values.items() if key in names and isinstance(value, str)}
            )
    return EditorSettings()


def write(folder: Path, settings: EditorSettings) -> None:
    """Write the settings. Raises OSError, and then changes nothing."""
    write_safely(folder / "settings.json", json.dumps(asdict(settings), ensure_ascii=False).encode())


def update(folder: Path, **values: str) -> EditorSettings:
    """Change some of the settings, and return all. Raises OSError."""
    with _LOCK:  # publishing and withdrawing in the background write here too
        settings = replace(read(folder), **values)
        write(folder, settings)
        return settings
