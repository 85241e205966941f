"""Where each file of deploy/ goes on a server, and its text there."""

import re
import socket
from collections.abc import Sequence
from pathlib import Path

from forms.operations.districts import district_offices, server_districts
from forms.server.districts.settings import District

UNITS = "etc/systemd/system"

TARGETS = {
    "portal.service": f"{UNITS}/portal.service",
    "portal.socket": f"{UNITS}/portal.socket",
    "portal-update.service": f"{UNITS}/portal-update.service",
    "portal-update.timer": f"{UNITS}/portal-update.timer",
    "portal-update.path": f"{UNITS}/portal-update.path",
    "portal-backup.service": f"{UNITS}/portal-backup.service",
    "portal-backup.timer": f"{UNITS}/portal-backup.timer",
    "portal-erasures.service": f"{UNITS}/portal-erasures.service",
    "portal-erasures.timer": f"{UNITS}/portal-erasures.timer",
    "nginx-portal.conf": f"{UNITS}/nginx.service.d/portal.conf",
    "journald-portal.conf": "etc/systemd/journald.conf.d/portal.conf",
    "nginx.conf": "etc/nginx/nginx.conf",
    "portal-places.conf": "etc/nginx/portal-places.conf",
    "portal-forms.conf": "etc/nginx/portal-forms.conf",
}
"""Where each file of deploy/ goes."""

OFFICE = {
    "portal-office.service": f"{UNITS}/portal-office.service",
    "portal-office.socket": f"{UNITS}/portal-office.socket",
    "nginx-office.conf": "etc/nginx/portal-office/office.conf",
}
"""Where the files of the staff's office go, on a machine that serves it."""

_PROGRAM = re.compile(r"(?<![\w.])(?<!\w-)/srv/portal(?![\w.-])")
"""The program's folder as the files of deploy/ name it."""


def file_texts(
    place: Path, name: str, office: str, folder: Path | None, districts: Sequence[District], *, with_offices: bool
) -> dict[str, str]:
    """Return the text of each file by its path below the root of the machine.

    place: the checkout; name: of the site, or of a machine with many districts; office: the name of its office, or "";
    folder: of the districts, None for one district; with_offices: whether districts have offices on this machine.
    """
    texts = {target: _text(place, source, name) for source, target in TARGETS.items()}
    if office:
        office_texts = {target: _text(place, source, name) for source, target in OFFICE.items()}
        texts |= {target: text.replace("office.example", office) for target, text in office_texts.items()}
    if folder:
        more = server_districts.texts(texts, folder, districts)
        if with_offices:
            more |= district_offices.texts(place, [_text(place, source, name) for source in OFFICE], districts)
        texts |= {target: text if has_ipv6() else _without_ipv6(text) for target, text in more.items()}
    return texts


def _text(place: Path, source: str, name: str) -> str:
    text = (place / "deploy" / source).read_text(encoding="utf-8")
    text = _PROGRAM.sub(str(place), text).replace("portal.example", name)
    return text if has_ipv6() else _without_ipv6(text)


def _without_ipv6(text: str) -> str:
    return re.sub(r"\n +listen \[::\].*", "", text)


def has_ipv6() -> bool:
    """Return whether this machine has IPv6: nginx does not start if it cannot listen on an address in its settings."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
