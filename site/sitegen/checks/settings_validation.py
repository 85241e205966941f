"""Validation of portal.yml against its schema, with a message for staff about each violation."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from forms.core.portal import MAX_DAYS, MAX_ERASED_DAYS
from forms.core.problem import Problem
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content.settings_schema import (
    MAX_LENGTH,
    DeskSettings,
    LanguageSettings,
    OpenDataSettings,
    PaperSettings,
    PersonSettings,
    PortalSettings,
    PublishSettings,
    RetentionSettings,
    SmsSettings,
    TemplateSettings,
    exit_addresses,
)


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
        publish = PublishSettings.model_validate(section)
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
    "string_too_long": ("is too long.", f"Take at most {MAX_LENGTH} characters; 40 for an id."),
    "address": ("is no address on the web.", "Write it whole, like https://www.wikipedia.org/."),
    "below": ("is not the address of a whole host.", "Write it without a path, like https://portal.example."),
    "remote": ("is no git repository that can be named here.", _REMOTE),
    "date": ("is no date.", "Write it like 2026-11-25, without quotes."),
}


def _known_beside(path: tuple[int | str, ...]) -> list[str]:
    """Return the known keys at the place of this unknown one."""
    model: type[BaseModel] = PortalSettings
    models: dict[str, type[BaseModel]] = {
        "languages": LanguageSettings, "desks": DeskSettings, "people": PersonSettings, "keep": RetentionSettings,
        "open_data": OpenDataSettings, "paper": PaperSettings, "sms": SmsSettings, "templates": TemplateSettings,
        "publish": PublishSettings,
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
