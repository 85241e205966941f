"""The keys of colleagues as this machine last saw them: a new key cannot open what was encrypted before."""

from pathlib import Path

from pydantic import TypeAdapter

from forms.core.i18n.lazy_text import lazy_gettext
from forms.desk.command_line import command
from forms.desk.session import Session
from forms.desk.state_file import StateFile

_COLLEAGUES = TypeAdapter(dict[str, str])


def known_colleague_keys(folder: Path) -> dict[str, str]:
    """Return the stored key of each colleague."""
    return colleagues_file(folder).read_or({})


def colleagues_file(folder: Path) -> StateFile[dict[str, str]]:
    """Return the file with the keys of colleagues, by member."""
    lost = lazy_gettext(
        "Whose key has changed since is not known: ask colleagues, and seal open cases anew: %(command)s",
        command=command("reseal"),
    )
    return StateFile(folder / "colleagues.json", _COLLEAGUES, lost)


def record_colleague_keys(session: Session, *resealed: str) -> None:
    """Store the keys of new colleagues, and of those for whom cases were just encrypted again (`resealed`)."""
    current = {member.id: member.key for member in session.keys.own_desk.members}
    stored = known_colleague_keys(session.place.folder)
    keys = {**current, **stored, **{id: current[id] for id in resealed if id in current}}
    colleagues_file(session.place.folder).write({id: key for id, key in keys.items() if id in current})
