"""Checks of the values in portal.yml, after all required keys were found."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forms.core.builds.manifest import is_publisher
from forms.core.form_schema import letter_forms
from forms.core.portal import COLUMN_WIDTHS
from forms.core.problem import Problem
from sitegen.checks import settings_validation
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.checks.security import key_checks
from sitegen.content.settings import SETTINGS_FILE

_DESK_KEYS = ("id", "name", "what", "reads")


def problems(settings: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield problems of the values: schema, publishers, languages, desks and their keys."""
    yield from settings_validation.problems(settings, SETTINGS_FILE)
    yield from _publishers(settings.get("publishers") or [])
    yield from _rows(settings["languages"], "languages", ("code", "name"))
    yield from _rows(settings["desks"], "desks", _DESK_KEYS)
    if isinstance(settings["desks"], list):
        yield from key_checks.problems(settings)
        yield from _long_ids([row for row in settings["desks"] if isinstance(row, dict)])
    for row in settings["desks"] if isinstance(settings["desks"], list) else ():
        if isinstance(row, dict) and all(row.get(name) for name in _DESK_KEYS):
            yield from _desk(row)


def _publishers(keys: Any) -> Iterator[Problem]:
    todo = (
        "Write what `python3 build.py new-publisher-key` printed, or `python3 build.py edit office publisher-keys`, "
        'like publishers: ["ed25519:..."].'
    )
    if not isinstance(keys, list):
        yield Problem(f"{SETTINGS_FILE}, publishers", "this is no list.", todo)
        return
    for number, key in enumerate(keys, start=1):
        if not is_publisher(key):
            yield Problem(f"{SETTINGS_FILE}, publishers, {number}", "this is no public signing key.", todo)


def _rows(rows: Any, where: str, needed: tuple[str, ...]) -> Iterator[Problem]:
    """Yield rows of a list that lack a needed key or repeat the first one, which identifies them."""
    if not isinstance(rows, list) or not rows:
        yield Problem(f"{SETTINGS_FILE}, {where}", "this is no list.", "Compare it with portal.yml as it came.")
        return
    for number, row in enumerate(rows, start=1):
        missing = [name for name in needed if not isinstance(row, dict) or not row.get(name)]
        if missing:
            id_ = row.get(needed[0]) if isinstance(row, dict) else None
            what = f"{missing[0]} is missing."
            yield Problem(f"{SETTINGS_FILE}, {where}, {id_ or number}", what, f"Each needs: {', '.join(needed)}.")
    ids = [str(row.get(needed[0])) for row in rows if isinstance(row, dict) and row.get(needed[0])]
    lower = [id_.lower() for id_ in ids]  # zh-Hant and zh-hant are the same folder on Windows and macOS
    for repeated in sorted({id_ for index, id_ in enumerate(ids) if lower[index] in lower[:index]}):
        yield Problem(f"{SETTINGS_FILE}, {where}, {repeated}", "stands there twice.", f"Give each its own {needed[0]}.")


def _long_ids(desks: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Yield ids that are too long for the server's columns: PostgreSQL would refuse each letter to such a desk."""
    for desk in desks:
        people = desk.get("people")
        for person in people if isinstance(people, list) else ():
            name = f"{desk.get('id')}/{person.get('id')}" if isinstance(person, dict) else ""
            if len(name) > COLUMN_WIDTHS["member"]:
                most = COLUMN_WIDTHS["member"] - len("/")
                todo = f"Desk and person together have at most {most} letters: shorten one."
                yield Problem(f"{SETTINGS_FILE}, desk {desk.get('id')}, people", f'"{name[:60]}..." is too long.', todo)
    together = " ".join(str(desk.get("id")) for desk in desks)
    if len(together) > COLUMN_WIDTHS["desks"]:
        what = f"the ids of all desks have {len(together)} letters together."
        yield Problem(
            f"{SETTINGS_FILE}, desks",
            what,
            f"They may have {COLUMN_WIDTHS['desks']}, with a space between: shorten them.",
        )


def _desk(row: Mapping[str, Any]) -> Iterator[Problem]:
    where, known = f"{SETTINGS_FILE}, desk {row['id']}", tuple(form.name for form in letter_forms())
    if not isinstance(row["reads"], list):
        yield Problem(f"{where}, reads", "this is no list.", "Write it like reads: [concern].")
        return
    for form in map(str, row["reads"]):
        if form not in known:
            todo = did_you_mean(form, known, f"There are: {', '.join(known)}.")
            yield Problem(f"{where}, reads", f'there is no form "{form}": this desk would get no letters of it.', todo)
    people = row.get("people") or []
    if not isinstance(people, list):
        yield Problem(f"{where}, people", "this is no list.", "Write each person behind a dash.")
        people = []
    for person in people:
        if not isinstance(person, dict) or not person.get("id"):
            yield Problem(
                f"{where}, people",
                "somebody has no id.",
                "Write it like {id: anita, key: ..., pickup: ..., signing: ...}.",
            )
