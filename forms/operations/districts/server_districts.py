"""What the files of an installation hold where one service has many districts (docs/decisions/0062)."""

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
"""Where files go that a machine with one district does not have."""

STATE = Path("/var/lib/portal")
"""The folder that systemd gives to the service; data elsewhere must be named to it."""

_SERVICE, _UPDATE = (f"etc/systemd/system/{name}.service" for name in ("portal", "portal-update"))
_NGINX = "etc/nginx/nginx.conf"
_BEFORE = "    # The onion address"


def all_apart(folder: Path) -> list[District]:
    """Return all districts of a folder. Raises Problems for those that cannot be served: nothing is installed then."""
    found: list[District] = []
    wrong = []
    for name in settings.names(folder):
        try:
            district = settings.read(folder, name)
            settings.require_apart(district, found)
            for path in (folder, district.settings.data, public_of(district), district.content):
                _require_plain(path)
            found.append(district)
        except Problem as problem:
            wrong.append(problem)
    if not found and not wrong:
        wrong.append(Problem(str(folder), "holds no district.", "Add one: python3 build.py district add"))
    if wrong:
        raise Problems(wrong)
    return found


def require_no_host(name: str, districts: Sequence[District]) -> None:
    """Raise Problem where the machine's own name is that of a district or its office: nginx would show one of two."""
    for one in districts:
        if name in one.hosts:
            todo = "Give the machine a name of its own, like --name server.example."
            raise Problem(name, f"is a host of district {one.name}.", todo)
    district_offices.require_apart(name, districts)


def texts(files: Mapping[str, str], folder: Path, districts: Sequence[District]) -> dict[str, str]:
    """Return files that differ from those of a machine with one district, and those that it lacks, by their places."""
    blocks = "\n".join(map(nginx_of, districts))
    service = re.sub(r"^Environment=PORTAL_(?:PORTAL|DATA)=.*\n", "", files[_SERVICE], flags=re.M)
    outside = data_outside(districts)
    sources = [str(one.content) for one in districts if one.content]
    return {
        _SERVICE: _in_service(service, folder, outside),
        _UPDATE: _in_service(files[_UPDATE], folder, sources),
        _NGINX: files[_NGINX].replace(_BEFORE, f"    include portal-districts.conf;\n\n{_BEFORE}", 1),
        ALL: blocks,
        **{f"etc/nginx/portal-places-{one.name}.conf": _places(files[PLACES], one) for one in districts},
    }


def data_outside(districts: Sequence[District]) -> list[str]:
    """Return the data folders that systemd does not give to the service by itself."""
    return [str(one.settings.data) for one in districts if not one.settings.data.is_relative_to(STATE)]


def _in_service(unit: str, folder: Path, writes: Sequence[str]) -> str:
    # With "-": systemd starts no district at all where the folder of one is not there.
    more = [f"Environment=PORTAL_DISTRICTS={folder}", *(f"ReadWritePaths=-{path}" for path in writes)]
    return unit.replace("[Service]\n", "\n".join(["[Service]", *more, ""]), 1)


def _places(text: str, district: District) -> str:
    return re.sub(r"^root .*;$", f"root {public_of(district)};", text, count=1, flags=re.M)


def _require_plain(path: Path | None) -> None:
    """Raise Problem where a path could be read otherwise by a shell, systemd or nginx."""
    if path is not None and not re.fullmatch(r"/[A-Za-z0-9_./-]+", str(path)):
        todo = "Name one of letters, digits, dots, hyphens and _, from / on."
        raise Problem(str(path), "cannot stand in the settings of a server.", todo)


def public_of(district: District) -> Path:
    """Return the folder of a district's site that nginx shows."""
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
