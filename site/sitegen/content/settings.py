"""Reading portal.yml, the settings of a district."""

from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from forms.core.yaml_reader import DuplicateKey, YAMLError, read_yaml

REQUIRED = (
    "district", "programme", "short_name", "languages", "timezone", "address", "exit_url", "responsible", "desks",
    "keep", "menu",
)  # fmt: skip
SETTINGS_FILE = "content/portal.yml"
SAVE_AS_UTF8 = _("Save it as UTF-8 (in Notepad: Save as, Encoding: UTF-8).")


def read_settings(content: Path) -> dict[str, Any]:
    """Return portal.yml as a dict. Raises Problem where it is missing, not YAML, or lacks a required key."""
    try:
        settings = deepcopy(_parse((content / "portal.yml").read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        todo = _("Put it back: it names the district, its languages and desks.")
        raise Problem(SETTINGS_FILE, _("is missing."), todo) from None
    except OSError as error:
        what = _("cannot be opened (%(why)s).", why=error.strerror)
        raise Problem(SETTINGS_FILE, what, _("Put the file itself there, and close it in other programs.")) from None
    except DuplicateKey as error:
        raise duplicate_key(error, SETTINGS_FILE) from None
    except UnicodeDecodeError:
        raise Problem(SETTINGS_FILE, _("has letters that are not UTF-8."), SAVE_AS_UTF8) from None
    except YAMLError as error:
        raise Problem(
            place_in(SETTINGS_FILE, line=error_line(error)),
            _("cannot be read."),
            _("Look at the indents and colons there."),
        ) from None
    missing = [name for name in REQUIRED if not isinstance(settings, dict) or name not in settings]
    if missing:
        what = _("%(name)s is missing.", name=missing[0])
        raise Problem(SETTINGS_FILE, what, _("It needs: %(names)s.", names=", ".join(REQUIRED)))
    return dict(settings)


@lru_cache(maxsize=2)
def _parse(text: str) -> Any:
    """Return the values of a YAML text. They are cached and must not be changed."""
    return read_yaml(text)


def language_codes(content: Path) -> tuple[str, ...]:
    """Return the site's language codes, each once, the source first; () where portal.yml cannot be read."""
    try:
        return tuple(dict.fromkeys(str(row["code"]) for row in read_settings(content)["languages"]))
    except (Problem, TypeError, KeyError):
        return ()


def voices(content: Path) -> dict[str, str]:
    """Return eSpeak NG's voice for each language that names one."""
    return {row["code"]: row["voice"] for row in read_settings(content)["languages"] if row.get("voice")}


def duplicate_key(error: DuplicateKey, where: str, offset: int = 0) -> Problem:
    """Return the problem of a YAML key that is there twice. offset: lines of the file above the YAML."""
    what = _(
        '"%(key)s" stands there twice: the first time in line %(line)s.',
        key=error.key[:40],
        line=error.first_line + offset,
    )
    todo = _("Only one of them would count. Take one out.")
    return Problem(place_in(where, line=error.line + offset), what, todo)


def error_line(error: Exception, offset: int = 0) -> int | None:
    """Return the line of a YAML error, None if it has none. offset: lines of the file above the YAML."""
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 + offset if mark else None
