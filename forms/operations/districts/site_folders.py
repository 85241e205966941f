"""The folder from which a district's site is built, by name: that of its content (sitegen/layers/site_root.py)."""

from contextlib import suppress
from pathlib import Path

from forms.server.districts.settings import District


def name_of(district: District) -> str:
    """Return the name of the folder, where a link leads; of content that no system can have, as it is written."""
    content = district.content or Path(district.name)
    with suppress(OSError, RuntimeError, ValueError):  # a link that leads to itself, a name that is too long
        return content.resolve().name
    return content.name


def root_of(place: Path, district: District) -> Path:
    """Return the folder. place: of the program."""
    return place / ".build" / "districts" / name_of(district)
