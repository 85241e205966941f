"""The keys of colleagues as this machine last saw them: a new one cannot open what was encrypted before."""

from pathlib import Path

from pydantic import TypeAdapter

from forms.core.i18n.lazy_text import lazy_gettext
from forms.desk.command_line import command
from forms.desk.session import Session
from forms.desk.state_file import StateFile

_COLLEAGUES = TypeAdapter(dict[str, str])


def known_colleague_keys(folder: Path) -> dict[str, str]:
    """Return the key of each colleague when this machine last looked."""
    return colleagues_file(folder).read_or({})


def colleagues_file(folder: Path) -> StateFile[dict[str, str]]:
    """Return the file with the keys of colleagues."""
    lost = lazy_gettext(
        "Whose key has changed since is not known: ask colleagues, and seal open cases anew: %(command)s",
        command=command("reseal"),
    )
    return StateFile(folder / "colleagues.json", _COLLEAGUES, lost)


def record_colleague_keys(session: Session, *resealed: str) -> None:
    """Write down the keys of colleagues that are seen for the first time, or were just sealed for."""
    now = {member.id: member.key for member in session.keys.own_desk.members}
    known = {**now, **known_colleague_keys(session.place.folder), **{id: now[id] for id in resealed if id in now}}
    kept = {id: key for id, key in known.items() if id in now}
    colleagues_file(session.place.folder).write(kept)
