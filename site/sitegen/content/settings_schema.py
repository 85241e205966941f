"""What portal.yml may hold: every key with its type and bounds. What does not fit becomes a sentence for staff."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from forms.core.i18n.locales import CODE
from forms.core.portal import DEFAULT_DAYS, DEFAULT_ERASED_DAYS, MAX_DAYS, MAX_ERASED_DAYS
from forms.core.problem import Problem
from sitegen.checks.did_you_mean import did_you_mean

_MOST_CHARACTERS = 200
"""Characters of an id or a name in portal.yml: what is longer was pasted there by mistake."""


def _web_address(value: Any) -> Any:
    """Refuse what no browser can go to: "Leave this page" must lead somewhere, whatever was mistyped in it."""
    text = str(value)
    try:
        parts = urlsplit(text)
        goes = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        goes = False
    odd = not text.isprintable() or any(char.isspace() for char in text) or "\\" in text
    if odd or not goes or not text.startswith(("https://", "http://")):
        raise PydanticCustomError("address", "address")
    return value


def _site_address(value: Any) -> Any:
    """Refuse an address below another site's: every link and form of the site begins at the root of its host."""
    try:
        parts = urlsplit(str(value).removesuffix("/"))
        below = parts.path or parts.query or parts.fragment or parts.username is not None or not parts.hostname
        odd = any(char.isspace() or char in "?#\\" or not char.isprintable() for char in str(value))
        unnamed = "" in (parts.hostname or "").split(".")  # portal.example. is the name of no certificate
        invalid = bool(below) or odd or unnamed or parts.port == 0
    except ValueError:
        invalid = True
    if invalid:
        raise PydanticCustomError("below", "below")
    return value


def exits(value: Any) -> Any:
    """Return `exit_url` by language: a single address stands under en, which all others fall back to."""
    return value if isinstance(value, dict) else {"en": _web_address(value)}


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
Code = Annotated[str, Field(pattern=rf"^{CODE}$", max_length=20)]
Text = dict[Code, Annotated[str, Field(max_length=10 * _MOST_CHARACTERS)]]
Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]
Address = Annotated[str, BeforeValidator(_web_address)]
Exits = Annotated[dict[Code, Address], BeforeValidator(exits)]
Line = Any
"""A key or token line: `checks.key_checks` tries each, and never repeats one."""


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Language(_Keys):
    code: Code
    name: Annotated[str, Field(max_length=_MOST_CHARACTERS)]
    voice: str = ""


class _Person(_Keys):
    id: Id
    name: str | None = None
    key: Line = ""
    pickup: Line = ""
    signing: Line = ""


class _Desk(_Keys):
    id: Id
    picture: str | None = ""
    name: Text
    what: Text
    reads: list[str]
    people: list[_Person] | None = None
    recovery: Line = ""
    key: Line = ""
    pickup: Line = ""
    signing: Line = ""


class _Keep(_Keys):
    signups_days: Days
    concerns_days: Days
    requests_days: Days = DEFAULT_DAYS["concerns_days"]
    answer_days: Days = DEFAULT_DAYS["answer_days"]
    erased_days: Annotated[int, Field(ge=1, le=MAX_ERASED_DAYS)] = DEFAULT_ERASED_DAYS


class _OpenData(_Keys):
    name: str
    title: str = ""
    path: Address | None = None


class _Paper(_Keys):
    leaflet: str | None = None


TemplateNumber = Annotated[str, Field(pattern=r"^[0-9]{6,20}$")]


class _Templates(_Keys):
    reminder: dict[Code, TemplateNumber] | None = None
    moved: dict[Code, TemplateNumber] | None = None
    cancelled: dict[Code, TemplateNumber] | None = None


class _Sms(_Keys):
    templates: _Templates | None = None
    paise_a_part: Annotated[int, Field(ge=1, le=10_000)] | None = None


def _remote(value: Any) -> Any:
    """Refuse what is no git repository of another machine, and a password in its address: portal.yml is no secret."""
    try:
        parts = urlsplit(str(value))
        named = parts.hostname or (parts.scheme == "file" and parts.path)
        user = re.fullmatch(r"[A-Za-z0-9._]+", parts.username or "git") and (
            not parts.username or parts.scheme == "ssh"
        )
        odd = parts.password is not None or not user or parts.port == 0 or (parts.hostname or "").startswith("-")
    except ValueError:
        named, odd = None, True
    if odd or not named or parts.scheme not in {"https", "ssh", "file"} or not str(value).isprintable():
        raise PydanticCustomError("remote", "remote")
    return value


class _Publish(_Keys):
    remote: Annotated[str, BeforeValidator(_remote)]
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] = "main"


class PortalSettings(_Keys):
    """All of portal.yml."""

    district: Text
    programme: Text
    short_name: Text
    launched: date | None = None
    languages: list[_Language]
    timezone: str
    address: Annotated[Address, BeforeValidator(_site_address)]
    exit_url: Exits
    demonstration: bool = False
    responsible: Text
    desks: list[_Desk]
    keep: _Keep
    publishers: list[Line] | None = None
    second_person: list[Literal["stories", "pages", "helplines", "consents", "services", "events"]] | None = None
    publish: _Publish | None = None
    open_data: _OpenData | None = None
    paper: _Paper | None = None
    sms: _Sms | None = None
    menu: list[str]
    library: list[Any] | None = None
    """Looked at by sitegen/layers/libraries.py."""


def problems(settings: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Yield everything in these settings that does not fit, as sentences. Values of keys are never repeated."""
    try:
        PortalSettings.model_validate(dict(settings))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=True):
            path = one["loc"][:-1] if one["type"] in _UNKNOWN else one["loc"]
            yield Problem(_place(settings, path, where), *_sentence(one))
        return
    yield from _languages_of_texts(settings, where)


def remote_of(settings: Mapping[str, Any], where: str) -> tuple[str, str] | None:
    """Return the git remote and branch to which the site is published; None where none is named. Raises Problem."""
    named = settings.get("publish")
    if named is None:
        return None
    try:
        found = _Publish.model_validate(named)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=True):
            raise Problem(f"{where}, publish, {one['loc'][0] if one['loc'] else ''}", *_sentence(one)) from None
        raise
    return found.remote, found.branch


def _place(settings: Mapping[str, Any], path: tuple[int | str, ...], where: str) -> str:
    """Return where in the file something stands: a row of a list by its id, else by its number."""
    names, at = [where], settings
    for step in path:
        at = _inside(at, step)
        named = isinstance(step, int) and isinstance(at, Mapping) and (at.get("id") or at.get("code"))
        names.append(str(named or (step + 1 if isinstance(step, int) else step))[:40])
    return ", ".join(name for name in names if name != "[key]")


def _inside(value: Any, step: int | str) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _sentence(error: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong, and what to do."""
    kind, value = error["type"], error["input"]
    if kind == "missing":
        return "is missing.", _AS_IT_CAME
    if kind in _UNKNOWN:
        name, known = str(error["loc"][-1]), _known_beside(error["loc"])
        todo = did_you_mean(name, known, f"There are: {', '.join(known)}.")
        return f'"{name[:40]}" is not known here, and nothing would come of it.', todo
    shown = f'"{str(value)[:60]}"' if isinstance(value, str | int | float | date) else "this"
    if kind == "remote":  # somebody may have written a password into it
        shown = "this"
    for begin, (what, todo) in _SENTENCES.items():
        if kind.startswith(begin):
            return f"{shown} {what}", todo
    return f"{shown} does not fit here.", _AS_IT_CAME


_UNKNOWN = ("extra_forbidden", "invalid_key")
_DAYS = f"Write a number of days, like 30 (at most {MAX_DAYS}; for erased_days {MAX_ERASED_DAYS})."
_ID = "Take small letters a to z, digits and hyphens, like women-cell; for a language its code, like ta."
_REMOTE = "Write it like ssh://git@git.example/district.git, https:// or file://, and never with a password."
_AS_IT_CAME = "Compare it with portal.yml as it came."
_SENTENCES = {
    "bool": ("is neither true nor false.", "Write true or false, without quotes."),
    "int": ("is no number of days.", _DAYS),
    "greater_than": ("is no number of days.", _DAYS),
    "less_than": ("is more days than can be counted.", _DAYS),
    "list": ("is no list.", "Write it like [one, two], or one to a line behind a dash."),
    "dict": ("is no text in languages.", 'Write it like {en: "Words", ta: "..."}.'),
    "model": ("has no keys of its own.", _AS_IT_CAME),
    "string_type": ("is no text.", "Write it in quotes."),
    "string_pattern": ("cannot be used here.", _ID),
    "string_too_long": ("is too long.", f"Take at most {_MOST_CHARACTERS} characters; 40 for an id."),
    "address": ("is no address on the web.", "Write it whole, like https://www.wikipedia.org/."),
    "below": ("is not the address of a whole host.", "Write it without a path, like https://portal.example."),
    "remote": ("is no git repository that can be named here.", _REMOTE),
    "date": ("is no date.", "Write it like 2026-11-25, without quotes."),
}


def _known_beside(path: tuple[int | str, ...]) -> list[str]:
    """Return the names that may stand where this unknown one does."""
    model: type[BaseModel] = PortalSettings
    inside: dict[str, type[BaseModel]] = {
        "languages": _Language, "desks": _Desk, "people": _Person, "keep": _Keep, "open_data": _OpenData,
        "paper": _Paper, "sms": _Sms, "templates": _Templates, "publish": _Publish,
    }  # fmt: skip
    for step in path[:-1]:
        model = inside.get(str(step), model)
    return list(model.model_fields)


def _languages_of_texts(settings: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Yield the texts whose source language is missing, or that name a language which the site has not."""
    codes = [row["code"] for row in settings["languages"]]
    texts = [(name, settings[name]) for name in ("district", "programme", "short_name", "responsible")]
    texts.append(("exit_url", exits(settings["exit_url"])))
    texts += [(f"desk {row['id']}, {name}", row[name]) for row in settings["desks"] for name in ("name", "what")]
    for name, text in texts:
        if codes and not str(text.get(codes[0], "")).strip():
            yield Problem(f"{where}, {name}", f"{codes[0]} is missing.", "Write it in the first language at least.")
        for code in (code for code in text if code not in codes):
            what = f'there is no language "{code}" among languages.'
            yield Problem(f"{where}, {name}", what, did_you_mean(code, codes, f"There are: {', '.join(codes)}."))
