"""How an installation stands, in sentences with days and never times: what needs the operator, and what does not."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

from forms.core import portal as portals
from forms.core.problem import Problem
from forms.operations.status.backup_items import backup_items, left_over_items
from forms.operations.status.database_items import database_items
from forms.operations.status.items import Status, StatusItem
from forms.operations.status.site_items import build_items, certificate_items, content_items, publishing_items
from forms.server.config import ServerSettings
from forms.server.in_use import InUse


def look_at(
    name: str,
    settings: ServerSettings,
    *,
    today: Callable[[], date] | None = None,
    backups: Path | None = None,
    certificate: Path | None = None,
    due: Callable[[], list[str]] | None = None,
) -> Status:
    """Return how a district stands. Whatever cannot be looked at is an item that needs the operator."""
    items: list[StatusItem] = []
    try:
        portal = portals.read(settings.portal)
    except Problem as problem:
        return Status(name, (StatusItem("build", None, str(problem), needs=True),))
    day = (today or portal.today)()
    looks: Mapping[str, Callable[[], Iterator[StatusItem]]] = {
        "build": lambda: build_items(settings, portal, day),
        "publishing": lambda: publishing_items(settings, day),
        "left over": lambda: left_over_items(settings, backups, day),
        "service": lambda: _service(settings),
        "database": lambda: database_items(settings, portal, day),
        "backup": lambda: backup_items(settings, backups, day),
        "certificate": lambda: certificate_items(certificate),
        "content": lambda: content_items(due),
    }
    for what, look_there in looks.items():
        try:
            items += look_there()
        except Exception as problem:  # noqa: BLE001 - of 38 districts one that is odd hides no other, and is said
            said = problem if isinstance(problem, Problem | OSError) else type(problem).__name__
            items.append(StatusItem(what, None, f"{what} cannot be looked at: {said}", needs=True))
    return Status(name, tuple(items))


def _service(settings: ServerSettings) -> Iterator[StatusItem]:
    """Yield whether a service holds the data folder, as each does while it runs."""
    try:
        InUse(settings.data, alone=True).close()
    except Problem:
        yield StatusItem("service", True, "The service runs.")
        return
    said = "No service runs on this data folder: nobody can send anything. Look at: systemctl status portal"
    yield StatusItem("service", False, said, needs=True)
