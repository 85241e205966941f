"""A district's portal.yml and tables, as the one Portal that all programs use."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forms.core.form_schema import load_all
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Choice, Desk, Helpline, Language, Member, Portal, Sms, pick
from forms.core.problem import Problem, Problems
from sitegen.checks import settings_checks
from sitegen.content import desk_tables
from sitegen.content.events import events_of
from sitegen.content.pages import SOURCE
from sitegen.content.settings import SETTINGS_FILE, language_codes, read_settings
from sitegen.content.settings_schema import exit_addresses
from sitegen.content.tables import Row, Tables, in_order, text
from sitegen.layers import lookup
from sitegen.media import svg_drawings

DeskKeys = Mapping[str, tuple[str, str, str]]
"""Demonstration keys by desk: age recipient, "sha256:<hex>" of the pickup token, public signing key."""

DeskProblemHandler = Callable[[Sequence[Problem]], object]
"""Takes the problems of the desks in portal.yml; may raise."""


def raise_problems(problems: Sequence[Problem]) -> None:
    """Raise Problems: a site is not built if nobody could open its letters."""
    raise Problems(problems)


def load(
    content: Path,
    tables: Tables,
    days: Sequence[Row],
    keys: DeskKeys | None,
    assets: Mapping[str, str],
    on_desk_problems: DeskProblemHandler = raise_problems,
) -> Portal:
    """Return the portal. days: a row for each day of each event (events.expand_series).

    on_desk_problems: writing and translating need no desk's key, so the editor only collects these problems. Raises
    Problem or Problems where portal.yml is wrong, and by default where a desk lacks its key.
    """
    settings = read_settings(content)
    if problems := list(settings_checks.problems(settings)):
        raise Problems(problems)
    media = content / "media"
    desks = [_desk(row, settings, keys or {}, media) for row in settings["desks"]]
    _require_timezone(str(settings["timezone"]))
    if problems := list(_desk_problems(settings, desks)):
        on_desk_problems(problems)
    exit_urls = exit_addresses(settings["exit_url"])
    return Portal(
        district=settings["district"],
        programme=settings["programme"],
        short_name=settings["short_name"],
        languages=tuple(Language(row["code"], row["name"]) for row in settings["languages"]),
        desks=tuple(desks),
        helplines=tuple(_helpline(row) for row in in_order(tables["helplines"])),
        events=events_of(days),
        choices={name: _choices(tables[name]) for name in ("places", "work")}
        | {name: _choices(in_order(tables[name])) for name in ("goods", "themes")}
        | {"event_kinds": _choices([row for row in tables["kinds"] if row["of"] == "event"])}
        | desk_tables.choices(tables),
        exit_url=pick(exit_urls, "en"),
        exit_urls={code: address for code, address in exit_urls.items() if code != "en"},
        address=settings["address"].rstrip("/"),
        demonstration=bool(settings.get("demonstration")),
        responsible=settings["responsible"],
        keep=settings["keep"],
        assets=assets,
        timezone=settings["timezone"],
        publishers=tuple(settings.get("publishers") or ()),
        sms=_sms(settings.get("sms") or {}),
        drawings=_drawings(media),
        words=interface_words(content, [str(row["code"]) for row in settings["languages"]]),
    )


def require_source(content: Path) -> None:
    """Raise Problem where English is not the first language: tables have their required columns in English."""
    codes = language_codes(content)
    if codes and codes[0] != SOURCE:
        what = _("the first language is not %(language)s.", language=SOURCE)
        todo = _("English is the source and comes first.")
        raise Problem(f"{SETTINGS_FILE}, languages", what, todo)


def interface_words(content: Path, languages: Sequence[str]) -> dict[str, str]:
    """Return the district's own interface words, by language the text of content/words/<language>.po."""
    paths = {code: lookup.find(content, f"words/{code}.po") for code in languages}
    return {code: path.read_text(encoding="utf-8-sig", errors="replace") for code, path in paths.items()
            if path.is_file()}  # fmt: skip


def _sms(row: Mapping[str, Any]) -> Sms:
    templates = {kind: dict(numbers or {}) for kind, numbers in (row.get("templates") or {}).items()}
    return Sms(templates, row.get("paise_a_part"))


def _desk(row: Mapping[str, Any], settings: Mapping[str, Any], keys: DeskKeys, media: Path) -> Desk:
    people = row.get("people") or ()
    members = [Member(f"{row['id']}/{person['id']}", *_public_keys(person)) for person in people]
    if not members:
        public = _public_keys(row)
        if not public[0] and settings.get("demonstration"):
            public = keys.get(row["id"], ("", "", ""))
        members = [Member(row["id"], *public)]
    return Desk(
        id=row["id"],
        name=row["name"],
        what=row["what"],
        reads=tuple(row["reads"]),
        members=tuple(members),
        recovery=row.get("recovery") or "",
        picture=_read_drawing(media, f"pictograms/{row['picture']}.svg") if row.get("picture") else "",
        face=_read_drawing(media, f"drawings/{row['picture']}.svg") if row.get("picture") else "",
    )


def _drawings(media: Path) -> dict[str, str]:
    """Return the drawings that forms with pictures use, by name, without those whose file is missing."""
    names = {name for form in load_all() for name in form.drawings}
    drawings = {name: _read_drawing(media, f"drawings/{name}.svg") for name in sorted(names)}
    return {name: svg for name, svg in drawings.items() if svg}


def _public_keys(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return `key`, `pickup` and `signing` of a desk or a person; empty where they are missing."""
    return row.get("key") or "", row.get("pickup") or "", row.get("signing") or ""


def _read_drawing(media: Path, name: str) -> str:
    """Return the SVG of a drawing, "" if there is none. The endpoint shows it too and cannot read content/."""
    path = lookup.medium(media, name)
    return svg_drawings.inline(path, "") if path.is_file() else ""


def _desk_problems(settings: Mapping[str, Any], desks: Sequence[Desk]) -> list[Problem]:
    """Return what is wrong with the desks: missing drawings and keys, repeated ids, and forms that no desk reads."""
    problems = [
        Problem(
            f"{SETTINGS_FILE}, desk {row['id']}",
            _("there is no drawing %(name)s.", name=row["picture"]),
            _("Look into media/pictograms."),
        )
        for row, desk in zip(settings["desks"], desks, strict=True)
        if row.get("picture") and not desk.picture
    ]
    for desk in desks:
        for member in desk.members:
            if not member.key or not member.pickup:
                todo = _("Run: %(command)s", command=f"python3 build.py desk --desk {member.id} new-key")
                problems.append(Problem(f"{SETTINGS_FILE}, desk {member.id}", _("has no key or no pickup line."), todo))
        ids = [member.id for member in desk.members]
        what, todo = _("stands there twice."), _("Give each person an id of their own.")
        repeated = sorted({id_ for id_ in ids if ids.count(id_) > 1})
        problems += [Problem(f"{SETTINGS_FILE}, desk {id_}", what, todo) for id_ in repeated]
    for form in (definition.name for definition in load_all() if definition.needed):
        if not any(form in desk.reads for desk in desks):
            todo = _("Write reads: [%(form)s] at one desk.", form=form)
            problems.append(Problem(SETTINGS_FILE, _("no desk reads %(form)s.", form=form), todo))
    return problems


def _require_timezone(name: str) -> None:
    """Raise Problems for an unknown time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        todo = _("Take a name of the IANA time zone database, like Asia/Kolkata.")
        raise Problems(
            [Problem(f"{SETTINGS_FILE}, timezone", _('"%(name)s" is no time zone.', name=name), todo)]
        ) from None


def _helpline(row: Row) -> Helpline:
    return Helpline(
        id=row["id"],
        number=row["number"],
        tel=row["tel"],
        group=row["group"],
        everywhere=bool(row["everywhere"]),
        for_=text(row, "for"),
        note=text(row, "note"),
    )


def _choices(rows: Sequence[Row]) -> tuple[Choice, ...]:
    return tuple(Choice(row["id"], text(row, "name")) for row in rows)
