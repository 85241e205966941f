"""The files of an installation where one service has many districts (docs/decisions/0062)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from forms.core.problem import Problem, Problems
from forms.operations.districts import district_offices
from forms.server.districts import settings
from forms.server.districts.settings import District

ALL = "etc/nginx/portal-districts.conf"
PLACES = "etc/nginx/portal-places.conf"
TARGET = re.compile(r"etc/nginx/portal-(?:districts|places-[a-z0-9-]+)\.conf")
"""The paths of files that a machine with one district does not have."""

STATE = Path("/var/lib/portal")
"""The folder that systemd makes writable for the service; data elsewhere must be named in its unit."""

_SERVICE, _UPDATE = (f"etc/systemd/system/{name}.service" for name in ("portal", "portal-update"))
_NGINX = "etc/nginx/nginx.conf"
_MARKER = "    # The onion address"


def all_apart(folder: Path) -> list[District]:
    """Return the districts of a folder. Raises Problems where any cannot be served beside the others."""
    accepted: list[District] = []
    problems = []
    for name in settings.names(folder):
        try:
            district = settings.read(folder, name)
            settings.require_apart(district, accepted)
            for path in (folder, district.settings.data, public_of(district), district.content):
                _require_plain_path(path)
            accepted.append(district)
        except Problem as problem:
            problems.append(problem)
    if not accepted and not problems:
        problems.append(Problem(str(folder), "holds no district.", "Add one: python3 build.py district add"))
    if problems:
        raise Problems(problems)
    return accepted


def require_no_host(name: str, districts: Sequence[District]) -> None:
    """Raise Problem where the machine's own name is that of a district or its office: nginx serves one for a name."""
    for district in districts:
        if name in district.hosts:
            todo = "Give the machine a name of its own, like --name server.example."
            raise Problem(name, f"is a host of district {district.name}.", todo)
    district_offices.require_apart(name, districts)


def texts(files: Mapping[str, str], folder: Path, districts: Sequence[District]) -> dict[str, str]:
    """Return the files that a machine with one district lacks or has with other text, by their paths."""
    blocks = "\n".join(map(nginx_of, districts))
    service = re.sub(r"^Environment=PORTAL_(?:PORTAL|DATA)=.*\n", "", files[_SERVICE], flags=re.M)
    outside = data_outside(districts)
    sources = [str(district.content) for district in districts if district.content]
    return {
        _SERVICE: _in_service(service, folder, outside),
        _UPDATE: _in_service(files[_UPDATE], folder, sources),
        _NGINX: files[_NGINX].replace(_MARKER, f"    include portal-districts.conf;\n\n{_MARKER}", 1),
        ALL: blocks,
        **{f"etc/nginx/portal-places-{district.name}.conf": _places(files[PLACES], district) for district in districts},
    }


def data_outside(districts: Sequence[District]) -> list[str]:
    """Return the data folders outside the one that systemd makes writable for the service."""
    folders = [district.settings.data for district in districts]
    return [str(folder) for folder in folders if not folder.is_relative_to(STATE)]


def _in_service(unit: str, folder: Path, writes: Sequence[str]) -> str:
    # With "-": without it systemd starts nothing where one district's folder is missing.
    lines = [f"Environment=PORTAL_DISTRICTS={folder}", *(f"ReadWritePaths=-{path}" for path in writes)]
    return unit.replace("[Service]\n", "\n".join(["[Service]", *lines, ""]), 1)


def _places(text: str, district: District) -> str:
    return re.sub(r"^root .*;$", f"root {public_of(district)};", text, count=1, flags=re.M)


def _require_plain_path(path: Path | None) -> None:
    """Raise Problem for a path that a shell, systemd or nginx could interpret."""
    if path is not None and not re.fullmatch(r"/[A-Za-z0-9_./-]+", str(path)):
        todo = "Name one of letters, digits, dots, hyphens and _, from / on."
        raise Problem(str(path), "cannot stand in the settings of a server.", todo)


def public_of(district: District) -> Path:
    """Return the folder of a district's site that nginx serves."""
    return district.settings.public or district.settings.portal.parent / "public"


def nginx_of(district: District) -> str:
    """Return nginx's part for one district: pages from its release, forms to the one service."""
    hosts, public = " ".join(district.hosts), public_of(district)
    return _BLOCK.format(name=district.name, hosts=hosts, first=district.hosts[0], public=public)


_BLOCK = """# {name}
server {{
    listen 443 ssl http2;
    listen [::]:443 ssl http2;
    server_name {hosts};
    ssl_certificate /etc/portal-tls/districts/{name}/current/fullchain.pem; # certificate.sh renew {name} {first}
    ssl_certificate_key /etc/portal-tls/districts/{name}/current/privkey.pem;
    include portal-places-{name}.conf; # as portal-places.conf, with root {public};
}}
server {{
    listen 80;
    listen [::]:80;
    server_name {hosts};
    location / {{ return 301 https://{first}$request_uri; }}
    location /.well-known/acme-challenge/ {{ root /var/www/portal-acme; default_type text/plain; }}
}}
"""
