"""Checks of the keys in portal.yml: each must be usable and belong to one person of one desk. No message has a key."""

from collections.abc import Iterator, Mapping
from typing import Any

from forms.core.crypto.encryption import can_encrypt, is_pickup, seal
from forms.core.crypto.signing import is_public_key
from forms.core.form_schema import letter_forms
from forms.core.portal import Portal
from forms.core.problem import Problem
from sitegen.content.settings import SETTINGS_FILE

_PUBLIC = ("key", "pickup", "signing")
_KEY_LENGTH = 62
_AGAIN = "Copy the whole line again from the desk's machine, as plain text and without quotes."


def problems(settings: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield problems of the keys of all desks that have an id."""
    rows = [row for row in settings["desks"] if isinstance(row, dict) and row.get("id")]
    for row in rows:
        if row.get("people") and any(row.get(name) for name in _PUBLIC):
            what = "has people, and a key, pickup or signing line of its own beside them, which nobody would use."
            todo = "Give the line to the person whose machine made it, or take it out."
            yield Problem(f"{SETTINGS_FILE}, desk {row['id']}", what, todo)
        yield from _incomplete(row)
    keys = [key for row in rows for key in _keys_of(row)]
    for where, name, value in keys:
        mistake = _mistake(name, value)
        if mistake:
            yield Problem(f"{where}, {name}", *mistake)
    yield from _repeated(keys)


def _incomplete(row: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield desks and people with only one of `key` and `pickup`: reading letters needs both."""
    for where, holder in _holders(row):
        if bool(holder.get("key")) != bool(holder.get("pickup")):
            present, missing = ("key", "pickup") if holder.get("key") else ("pickup", "key")
            what = f"has a {present} line and no {missing} line: both belong together."
            yield Problem(where, what, "Copy all lines again from the desk's machine: it prints them together.")


def _holders(row: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return a desk and its people, each with their place in the file."""
    where = f"{SETTINGS_FILE}, desk {row['id']}"
    return [(where, row), *((f"{where}/{person['id']}", person) for person in _people(row))]


def _people(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    people = row.get("people") or ()
    if not isinstance(people, list):
        return []
    return [person for person in people if isinstance(person, dict) and person.get("id")]


def _keys_of(row: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield every key of a desk: its place, its name, its value."""
    for place, holder in _holders(row):
        yield from ((place, name, holder[name]) for name in _PUBLIC if holder.get(name))
    if row.get("recovery"):
        yield f"{SETTINGS_FILE}, desk {row['id']}", "recovery", row["recovery"]


def _mistake(name: str, value: Any) -> tuple[str, str] | None:
    """Return what is wrong with a key and what to do; None if it can be used."""
    if not isinstance(value, str):
        return "this is no text.", _AGAIN
    if name in {"key", "recovery"}:
        return None if can_encrypt([value]) else _key_mistake(value)
    if name == "pickup":
        return None if is_pickup(value) else _line_mistake(value, "sha256:", 71)
    return None if is_public_key(value) else _line_mistake(value, "ed25519:", 72)


def _key_mistake(value: str) -> tuple[str, str]:
    if value.startswith(("sha256:", "ed25519:")):
        return "this is another line: a key begins with age1.", "Write each of the lines behind its own name."
    return _line_mistake(value, "age1", _KEY_LENGTH)


def _line_mistake(value: str, prefix: str, length: int) -> tuple[str, str]:
    if not ((value.isascii() and value.isalnum()) or set(value) <= set("abcdefghijklmnopqrstuvwxyz0123456789:")):
        return "has a quote, a space, or an invisible or strange character in it.", _AGAIN
    if value != value.lower():
        return "has capital letters.", _AGAIN
    if not value.startswith(prefix):
        return f"does not begin with {prefix}", _AGAIN
    if len(value) != length:
        return f"is {len(value)} characters long, and should be {length}.", _AGAIN
    return "has a wrong character: nothing can be encrypted with it, or no token can match it.", _AGAIN


def _repeated(keys: list[tuple[str, str, Any]]) -> Iterator[Problem]:
    """Yield keys that are in two places: one desk or person could read what is for the other."""
    first: dict[str, str] = {}
    for where, name, value in keys:
        if not isinstance(value, str):
            continue
        place = f"{where}, {name}"
        if value.lower() in first:
            what = f"is the same as at {first[value.lower()].removeprefix(f'{SETTINGS_FILE}, ')}."
            todo = "Everybody has a key of their own, made on their own machine; a recovery key is nobody's daily key."
            yield Problem(place, what, todo)
        first.setdefault(value.lower(), place)


def trial_encryption(portal: Portal) -> Iterator[Problem]:
    """Encrypt a trial letter of each form to all desks that read it, and yield a problem for each that fails."""
    for form in (definition.name for definition in letter_forms()):
        keys = [key for desk in portal.readers(form) for key in desk.keys]
        try:
            if keys and can_encrypt(keys):
                seal({"form": form}, keys)
            elif keys:
                yield Problem(SETTINGS_FILE, f"a trial letter of the form {form} cannot be encrypted.", _AGAIN)
        except Problem as problem:
            yield problem
