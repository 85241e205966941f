"""The staff's offices on a machine with many districts: a service, a socket and a host for each (docs/decisions/0078).

Each is a process of its own with its own accounts. It can read the content and the site of its district only, so that
an attacker in one office cannot reach another.
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
"""The paths of the units of districts' offices."""


def with_office(districts: Iterable[District]) -> list[District]:
    """Return the districts whose staff have an office on this machine."""
    return [district for district in districts if district.office]


def require_apart(name: str, districts: Sequence[District]) -> None:
    """Raise Problem for an office that cannot be served or could reach another district. name: the machine's."""
    for district in with_office(districts):
        where = f"district {district.name}"
        if district.content is None:
            todo = (
                f"Say where it is: portal district update {district.name} --set content=/srv/districts/{district.name}"
            )
            raise Problem(where, "has an office, and its content is not on this machine.", todo)
        if district.office == name:
            raise Problem(where, f"has an office under the machine's own name, {name}.", "Give it another name.")
        for other in districts:
            if other.name != district.name and other.content and _nested(district.content, other.content):
                todo = "Give each district a content folder of its own, none within another's."
                raise Problem(where, f"has an office, and shares a content folder with {other.name}.", todo)


def _nested(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def texts(place: Path, files: Sequence[str], districts: Sequence[District]) -> dict[str, str]:
    """Return the text of the files of all offices, by their paths.

    files: the service, the socket and nginx's file of a machine with one office, named office.example.
    """
    service, socket, nginx = files
    offices = with_office(districts)
    if not offices:
        return {}
    head, _, server = nginx.partition("server {\n")
    files_by_path = {NGINX: head + "\n".join(_nginx(f"server {{\n{server}", district) for district in offices)}
    for district in offices:
        unit = f"{_UNITS}/portal-office-{district.name}"
        files_by_path[f"{unit}.socket"] = _named(socket, district)
        files_by_path[f"{unit}.service"] = _service(place, service, district, districts)
    return files_by_path


def units_of(district: District) -> tuple[str, str]:
    """Return the units of a district's office."""
    return f"portal-office-{district.name}.socket", f"portal-office-{district.name}.service"


def removed_units(record: Mapping[str, str], targets: Iterable[str]) -> dict[str, str]:
    """Return the units of offices that are in the record of files and not among the targets, by their paths."""
    units = {path: match[1] for path in record if (match := UNIT.fullmatch(path))}
    return {path: unit for path, unit in units.items() if path not in set(targets)}


def _named(text: str, district: District) -> str:
    text = text.replace("portal-office.s", f"portal-office-{district.name}.s")
    text = text.replace("/run/portal-office/office.sock", f"/run/portal-office/{district.name}.sock")
    return re.sub(r"^Description=.*", rf"\g<0>, {district.name}", text, flags=re.M).replace(
        "office.example", district.office
    )


def _nginx(text: str, district: District) -> str:
    return _named(text, district).replace("/etc/portal-tls/", f"/etc/portal-tls/districts/{district.name}/")


def _service(place: Path, text: str, district: District, districts: Sequence[District]) -> str:
    """Return the unit of a district's office: it may write that district's folders and read no other's."""
    root, socket = root_of(place, district), f"unix:/run/portal-office/{district.name}.sock"
    others = [other for other in districts if other.name != district.name]
    hidden = [root / "var" / name for name in ("desk", "publisher", "server")]
    hidden += [root_of(place, other) for other in others] + [other.content for other in others if other.content]
    hidden.append(place / "var")
    text = re.sub(r"^(ReadWritePaths)=.*", rf"\1={district.content} {root} {place}/.build/seal", text, flags=re.M)
    paths = "".join(f" -{path}" for path in hidden)
    text = re.sub(r"^InaccessiblePaths=.*", rf"\g<0>{paths}", text, flags=re.M)
    command = f"build.py --content {district.content} edit --bind {socket} --office"
    return _named(text.replace("build.py edit --office", command), district)
