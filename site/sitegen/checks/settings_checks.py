"""What is wrong in portal.yml where all its keys are there: what a key holds, in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from forms.core.form_schema import names as form_names
from forms.core.problem import Problem
from forms.core.signing import is_public_key
from sitegen.checks import key_checks
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content.settings import WHERE

_OF_A_DESK = ("id", "name", "what", "reads")
_SCHEMES = ("https://", "http://")


def problems(settings: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything wrong in what the keys hold: desks, days that things are kept, addresses."""
    yield from _address("address", settings["address"], "https://portal.example")
    yield from _exits(settings)
    yield from _keep(settings["keep"])
    yield from _publishers(settings.get("publishers") or [])
    yield from _rows(settings["languages"], "languages", ("code", "name"))
    yield from _rows(settings["desks"], "desks", _OF_A_DESK)
    if isinstance(settings["desks"], list):
        yield from key_checks.problems(settings)
    for row in settings["desks"] if isinstance(settings["desks"], list) else ():
        if isinstance(row, dict) and all(row.get(name) for name in _OF_A_DESK):
            yield from _desk(row)


def exits(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return by language where people leave to; a single address stands under en, which all others fall back to."""
    written = settings["exit_url"]
    return dict(written) if isinstance(written, dict) else {"en": written}


def _exits(settings: Mapping[str, Any]) -> Iterator[Problem]:
    found = exits(settings)
    todo = "Write one address for all, or one for en and for each language that has its own."
    if "en" not in found:
        yield Problem(f"{WHERE}, exit_url", "there is none for en, which all other languages fall back to.", todo)
    rows = settings["languages"] if isinstance(settings["languages"], list) else ()
    known = [row.get("code") for row in rows if isinstance(row, dict)]
    for code, address in found.items():
        name = f"exit_url, {code}" if isinstance(settings["exit_url"], dict) else "exit_url"
        if code != "en" and code not in known:
            yield Problem(f"{WHERE}, {name}", "this site has no such language.", todo)
        yield from _address(name, address, "https://www.wikipedia.org/")


def _address(name: str, address: Any, like: str) -> Iterator[Problem]:
    if not str(address).startswith(_SCHEMES):
        todo = f"Write it whole, like {like}."
        yield Problem(f"{WHERE}, {name}", f'"{address}" is no address on the web.', todo)


def _keep(keep: Any) -> Iterator[Problem]:
    todo = "Write a number of days, like 30."
    for name in ("signups_days", "concerns_days"):
        if not isinstance(keep, dict) or name not in keep:
            yield Problem(f"{WHERE}, keep", f"{name} is missing.", todo)
    for name, days in keep.items() if isinstance(keep, dict) else ():
        if not isinstance(days, int) or isinstance(days, bool) or days < 1:
            yield Problem(f"{WHERE}, keep, {name}", f'"{days}" is no number of days.', todo)


def _publishers(listed: Any) -> Iterator[Problem]:
    todo = 'Write what `python3 build.py new-publisher-key` printed, like publishers: ["ed25519:..."].'
    if not isinstance(listed, list):
        yield Problem(f"{WHERE}, publishers", "this is no list.", todo)
        return
    for place, key in enumerate(listed, start=1):
        if not is_public_key(key):
            yield Problem(f"{WHERE}, publishers, {place}", "this is no public signing key.", todo)


def _rows(rows: Any, where: str, needed: tuple[str, ...]) -> Iterator[Problem]:
    if not isinstance(rows, list) or not rows:
        yield Problem(f"{WHERE}, {where}", "this is no list.", "Compare it with portal.yml as it came.")
        return
    for place, row in enumerate(rows, start=1):
        missing = [name for name in needed if not isinstance(row, dict) or not row.get(name)]
        if missing:
            named = row.get(needed[0]) if isinstance(row, dict) else None
            what = f"{missing[0]} is missing."
            yield Problem(f"{WHERE}, {where}, {named or place}", what, f"Each needs: {', '.join(needed)}.")
    ids = [str(row.get(needed[0])) for row in rows if isinstance(row, dict) and row.get(needed[0])]
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        yield Problem(f"{WHERE}, {where}, {twice}", "stands there twice.", f"Give each its own {needed[0]}.")


def _desk(row: Mapping[str, Any]) -> Iterator[Problem]:
    where, known = f"{WHERE}, desk {row['id']}", form_names()
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
    for one in people:
        if not isinstance(one, dict) or not one.get("id"):
            yield Problem(
                f"{where}, people",
                "somebody has no id.",
                "Write it like {id: anita, key: ..., pickup: ..., signing: ...}.",
            )
