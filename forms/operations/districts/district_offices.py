"""The staff's offices on a machine of many districts: a service, a socket and a name for each (docs/decisions/0078).

Each is a program of its own with accounts of its own. It sees the content and the site of its district, and nothing of
another: what one office would give away is not the other's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from forms.core.problem import Problem
from forms.operations.districts.site_folders import root_of
from forms.server.districts.settings import District

NGINX = "etc/nginx/portal-office/districts.conf"
_UNITS = "etc/systemd/system"
UNIT = re.compile(r"etc/systemd/system/(portal-office-[a-z0-9-]+\.(?:service|socket))")
"""Where the units of districts' offices lie."""


def with_office(districts: Iterable[District]) -> list[District]:
    """Return the districts whose staff have an office on this machine."""
    return [one for one in districts if one.office]


def require_apart(name: str, districts: Sequence[District]) -> None:
    """Raise Problem for an office that cannot be served or could reach another district. name: the machine's."""
    for one in with_office(districts):
        where = f"district {one.name}"
        if one.content is None:
            todo = f"Say where it is: portal district update {one.name} --set content=/srv/districts/{one.name}"
            raise Problem(where, "has an office, and its content is not on this machine.", todo)
        if one.office == name:
            raise Problem(where, f"has an office under the machine's own name, {name}.", "Give it another name.")
        for other in districts:
            if other.name != one.name and other.content and _nested(one.content, other.content):
                todo = "Give each district a content folder of its own, none within another's."
                raise Problem(where, f"has an office, and shares a content folder with {other.name}.", todo)


def _nested(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def texts(place: Path, files: Sequence[str], districts: Sequence[District]) -> dict[str, str]:
    """Return the files of all offices, by their places.

    files: those of a machine with one office, named office.example: the service, the socket, nginx's.
    """
    service, socket, nginx = files
    offices = with_office(districts)
    if not offices:
        return {}
    head, _, server = nginx.partition("server {\n")
    found = {NGINX: head + "\n".join(_nginx(f"server {{\n{server}", one) for one in offices)}
    for one in offices:
        unit = f"{_UNITS}/portal-office-{one.name}"
        found[f"{unit}.socket"] = _named(socket, one)
        found[f"{unit}.service"] = _service(place, service, one, districts)
    return found


def started(district: District) -> tuple[str, str]:
    """Return the units of a district's office."""
    return f"portal-office-{district.name}.socket", f"portal-office-{district.name}.service"


def gone(record: Mapping[str, str], there: Iterable[str]) -> dict[str, str]:
    """Return the units of offices that were installed and are not any more, by their places."""
    found = {target: match[1] for target in record if (match := UNIT.fullmatch(target))}
    return {target: unit for target, unit in found.items() if target not in set(there)}


def _named(text: str, district: District) -> str:
    text = text.replace("portal-office.s", f"portal-office-{district.name}.s")
    text = text.replace("/run/portal-office/office.sock", f"/run/portal-office/{district.name}.sock")
    return re.sub(r"^Description=.*", rf"\g<0>, {district.name}", text, flags=re.M).replace(
        "office.example", district.office
    )


def _nginx(text: str, district: District) -> str:
    return _named(text, district).replace("/etc/portal-tls/", f"/etc/portal-tls/districts/{district.name}/")


def _service(place: Path, text: str, district: District, districts: Sequence[District]) -> str:
    """Return the unit of a district's office: it writes that district's folders, and sees those of no other."""
    root, socket = root_of(place, district), f"unix:/run/portal-office/{district.name}.sock"
    others = [one for one in districts if one.name != district.name]
    hidden = [root / "var" / name for name in ("desk", "publisher", "server")]
    hidden += [root_of(place, one) for one in others] + [one.content for one in others if one.content]
    hidden.append(place / "var")
    text = re.sub(r"^(ReadWritePaths)=.*", rf"\1={district.content} {root} {place}/.build/seal", text, flags=re.M)
    more = "".join(f" -{path}" for path in hidden)
    text = re.sub(r"^InaccessiblePaths=.*", rf"\g<0>{more}", text, flags=re.M)
    asked = f"build.py --content {district.content} edit --bind {socket} --office"
    return _named(text.replace("build.py edit --office", asked), district)
