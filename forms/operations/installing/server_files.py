"""Where each file of deploy/ goes on a server, and what it holds there."""

import re
import socket

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
"""Where the files go of a machine that serves the staff's office too."""

PLACE = re.compile(r"(?<![\w.])(?<!\w-)/srv/portal(?![\w.-])")
"""Where deploy/ takes the checkout to be."""


def without_ipv6(text: str) -> str:
    return re.sub(r"\n +listen \[::\].*", "", text)


def has_ipv6() -> bool:
    """Return whether this machine has IPv6: nginx does not start where it is to listen there and cannot."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
