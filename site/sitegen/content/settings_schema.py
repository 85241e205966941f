"""The schema of portal.yml: every key with its type and bounds."""

import re
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from forms.core.i18n.locales import CODE
from forms.core.portal import DEFAULT_DAYS, DEFAULT_ERASED_DAYS, MAX_DAYS, MAX_ERASED_DAYS

MAX_LENGTH = 200
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
Text = dict[Code, Annotated[str, Field(max_length=10 * MAX_LENGTH)]]
Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]
Address = Annotated[str, BeforeValidator(_web_address)]
Exits = Annotated[dict[Code, Address], BeforeValidator(exit_addresses)]
Line = Any
"""A key or token line: `checks.security.key_checks` validates it, and no message repeats it."""


class SettingsModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LanguageSettings(SettingsModel):
    code: Code
    name: Annotated[str, Field(max_length=MAX_LENGTH)]
    voice: str = ""


class PersonSettings(SettingsModel):
    id: Id
    name: str | None = None
    key: Line = ""
    pickup: Line = ""
    signing: Line = ""


class DeskSettings(SettingsModel):
    id: Id
    picture: str | None = ""
    name: Text
    what: Text
    reads: list[str]
    people: list[PersonSettings] | None = None
    recovery: Line = ""
    key: Line = ""
    pickup: Line = ""
    signing: Line = ""


class RetentionSettings(SettingsModel):
    signups_days: Days
    concerns_days: Days
    requests_days: Days = DEFAULT_DAYS["concerns_days"]
    answer_days: Days = DEFAULT_DAYS["answer_days"]
    erased_days: Annotated[int, Field(ge=1, le=MAX_ERASED_DAYS)] = DEFAULT_ERASED_DAYS


class OpenDataSettings(SettingsModel):
    name: str
    title: str = ""
    path: Address | None = None


class PaperSettings(SettingsModel):
    leaflet: str | None = None


TemplateNumber = Annotated[str, Field(pattern=r"^[0-9]{6,20}$")]


class TemplateSettings(SettingsModel):
    reminder: dict[Code, TemplateNumber] | None = None
    moved: dict[Code, TemplateNumber] | None = None
    cancelled: dict[Code, TemplateNumber] | None = None


class SmsSettings(SettingsModel):
    templates: TemplateSettings | None = None
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


class PublishSettings(SettingsModel):
    remote: Annotated[str, BeforeValidator(_remote)]
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] = "main"


class PortalSettings(SettingsModel):
    """All of portal.yml."""

    district: Text
    programme: Text
    short_name: Text
    launched: date | None = None
    languages: list[LanguageSettings]
    timezone: str
    address: Annotated[Address, BeforeValidator(_site_address)]
    exit_url: Exits
    demonstration: bool = False
    responsible: Text
    desks: list[DeskSettings]
    keep: RetentionSettings
    publishers: list[Line] | None = None
    second_person: list[Literal["stories", "pages", "helplines", "consents", "services", "events"]] | None = None
    publish: PublishSettings | None = None
    open_data: OpenDataSettings | None = None
    paper: PaperSettings | None = None
    sms: SmsSettings | None = None
    menu: list[str]
    library: list[Any] | None = None
    """Validated by sitegen/layers/libraries.py."""
