"""The schema of portal.yml: every key with its type and bounds, and a message for staff about each violation."""

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

_MAX_LENGTH = 200
"""Characters of a name in portal.yml: a longer one was pasted there by mistake."""


def _web_address(value: Any) -> Any:
    """Return the address. Raises PydanticCustomError where a browser could not open it: "Leave this page" must work."""
    text = str(value)
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        has_host = False
    has_bad_characters = not text.isprintable() or any(char.isspace() for char in text) or "\\" in text
    if has_bad_characters or not has_host or not text.startswith(("https://", "http://")):
        raise PydanticCustomError("address", "address")
    return value


def _site_address(value: Any) -> Any:
    """Return the address. Raises PydanticCustomError for one with a path: the site's links begin at the host's root."""
    try:
        parts = urlsplit(str(value).removesuffix("/"))
        has_more = parts.path or parts.query or parts.fragment or parts.username is not None or not parts.hostname
        has_bad_characters = any(char.isspace() or char in "?#\\" or not char.isprintable() for char in str(value))
        has_empty_label = "" in (parts.hostname or "").split(".")  # no certificate has the name portal.example.
        invalid = bool(has_more) or has_bad_characters or has_empty_label or parts.port == 0
    except ValueError:
        invalid = True
    if invalid:
        raise PydanticCustomError("below", "below")
    return value


def exit_addresses(value: Any) -> Any:
    """Return `exit_url` by language: a single address as the English one, to which other languages fall back."""
    return value if isinstance(value, dict) else {"en": _web_address(value)}


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
Code = Annotated[str, Field(pattern=rf"^{CODE}$", max_length=20)]
Text = dict[Code, Annotated[str, Field(max_length=10 * _MAX_LENGTH)]]
Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]
Address = Annotated[str, BeforeValidator(_web_address)]
Exits = Annotated[dict[Code, Address], BeforeValidator(exit_addresses)]
Line = Any
"""A key or token line: `checks.security.key_checks` validates it, and no message repeats it."""


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Language(_Keys):
    code: Code
    name: Annotated[str, Field(max_length=_MAX_LENGTH)]
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
    """Return the address of a git remote. Raises PydanticCustomError for any other, and for one with a password."""
    try:
        parts = urlsplit(str(value))
        has_target = parts.hostname or (parts.scheme == "file" and parts.path)
        has_plain_user = re.fullmatch(r"[A-Za-z0-9._]+", parts.username or "git") and (
            not parts.username or parts.scheme == "ssh"
        )
        invalid = (
            parts.password is not None
            or not has_plain_user
            or parts.port == 0
            or (parts.hostname or "").startswith("-")
        )
    except ValueError:
        has_target, invalid = None, True
    if invalid or not has_target or parts.scheme not in {"https", "ssh", "file"} or not str(value).isprintable():
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
    """Validated by sitegen/layers/libraries.py."""


def problems(settings: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Yield a problem for everything that breaks the schema. No message repeats the value of a key."""
    try:
        PortalSettings.model_validate(dict(settings))
    except ValidationError as error:
        for details in error.errors(include_url=False, include_context=True):
            path = details["loc"][:-1] if details["type"] in _UNKNOWN else details["loc"]
            yield Problem(_place(settings, path, where), *_sentence(details))
        return
    yield from _languages_of_texts(settings, where)


def remote_of(settings: Mapping[str, Any], where: str) -> tuple[str, str] | None:
    """Return the git remote and branch to which the site is published, None if none is set. Raises Problem."""
    section = settings.get("publish")
    if section is None:
        return None
    try:
        publish = _Publish.model_validate(section)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)[0]
        key = details["loc"][0] if details["loc"] else ""
        raise Problem(f"{where}, publish, {key}", *_sentence(details)) from None
    return publish.remote, publish.branch


def _place(settings: Mapping[str, Any], path: tuple[int | str, ...], where: str) -> str:
    """Return a place in the file for a message: an item of a list by its id, else by its number."""
    names, value = [where], settings
    for step in path:
        value = _item(value, step)
        id_ = isinstance(step, int) and isinstance(value, Mapping) and (value.get("id") or value.get("code"))
        names.append(str(id_ or (step + 1 if isinstance(step, int) else step))[:40])
    return ", ".join(name for name in names if name != "[key]")


def _item(value: Any, step: int | str) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _sentence(error: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong and what to do, from an error of pydantic."""
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
    for prefix, (what, todo) in _SENTENCES.items():
        if kind.startswith(prefix):
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
    "string_too_long": ("is too long.", f"Take at most {_MAX_LENGTH} characters; 40 for an id."),
    "address": ("is no address on the web.", "Write it whole, like https://www.wikipedia.org/."),
    "below": ("is not the address of a whole host.", "Write it without a path, like https://portal.example."),
    "remote": ("is no git repository that can be named here.", _REMOTE),
    "date": ("is no date.", "Write it like 2026-11-25, without quotes."),
}


def _known_beside(path: tuple[int | str, ...]) -> list[str]:
    """Return the known keys at the place of this unknown one."""
    model: type[BaseModel] = PortalSettings
    models: dict[str, type[BaseModel]] = {
        "languages": _Language, "desks": _Desk, "people": _Person, "keep": _Keep, "open_data": _OpenData,
        "paper": _Paper, "sms": _Sms, "templates": _Templates, "publish": _Publish,
    }  # fmt: skip
    for step in path[:-1]:
        model = models.get(str(step), model)
    return list(model.model_fields)


def _languages_of_texts(settings: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Yield texts without the source language, and texts in a language that the site does not have."""
    codes = [row["code"] for row in settings["languages"]]
    texts = [(name, settings[name]) for name in ("district", "programme", "short_name", "responsible")]
    texts.append(("exit_url", exit_addresses(settings["exit_url"])))
    texts += [(f"desk {row['id']}, {name}", row[name]) for row in settings["desks"] for name in ("name", "what")]
    for name, text in texts:
        if codes and not str(text.get(codes[0], "")).strip():
            yield Problem(f"{where}, {name}", f"{codes[0]} is missing.", "Write it in the first language at least.")
        for code in (code for code in text if code not in codes):
            what = f'there is no language "{code}" among languages.'
            yield Problem(f"{where}, {name}", what, did_you_mean(code, codes, f"There are: {', '.join(codes)}."))
