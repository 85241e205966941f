"""Examine an installation: what needs the operator, and what does not."""

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


def examine(
    name: str,
    settings: ServerSettings,
    *,
    today: Callable[[], date] | None = None,
    backups: Path | None = None,
    certificate: Path | None = None,
    needs_certificate: bool = False,
    due: Callable[[], list[str]] | None = None,
) -> Status:
    """Return the state of a district. A check that fails is an item that needs the operator.

    needs_certificate: whether this machine serves the district over TLS; due: helplines to call again and consents that
    end, where the content is on this machine.
    """
    items: list[StatusItem] = []
    try:
        portal = portals.read(settings.portal)
    except Problem as problem:
        return Status(name, (StatusItem("build", None, str(problem), needs=True),))
    day = (today or portal.today)()
    checks: Mapping[str, Callable[[], Iterator[StatusItem]]] = {
        "build": lambda: build_items(settings, portal, day),
        "publishing": lambda: publishing_items(settings, day),
        "left over": lambda: left_over_items(settings, backups, day),
        "service": lambda: _service_items(settings),
        "database": lambda: database_items(settings, portal, day),
        "backup": lambda: backup_items(settings, backups, day),
        "certificate": lambda: certificate_items(certificate, is_needed=needs_certificate),
        "content": lambda: content_items(due),
    }
    for check_name, check in checks.items():
        try:
            items += check()
        except Exception as error:  # noqa: BLE001 - a fault in one check, of one of 38 districts, hides no other
            fault = error if isinstance(error, Problem | OSError) else type(error).__name__
            items.append(StatusItem(check_name, None, f"{check_name} cannot be looked at: {fault}", needs=True))
    return Status(name, tuple(items))


def _service_items(settings: ServerSettings) -> Iterator[StatusItem]:
    """Yield whether a service runs: a running service locks its data folder."""
    try:
        InUse(settings.data, alone=True).close()
    except Problem:
        yield StatusItem("service", True, "The service runs.")
        return
    sentence = "No service runs on this data folder: nobody can send anything. Look at: systemctl status portal"
    yield StatusItem("service", False, sentence, needs=True)
