"""The one Jinja environment of the static site and of the Flask endpoint."""

from datetime import date
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from forms.core import i18n
from forms.core.content_policy import IN_PAGE
from forms.core.crypto.receipts import group_digits
from forms.core.files.kept_results import ResultStore, key_of
from forms.core.i18n import locales
from forms.core.portal import Text, pick

TEMPLATES = Path(__file__).parents[1] / "templates"


class CompiledTemplates(BytecodeCache):
    """Cache of compiled templates: compiling one takes longer than rendering it a hundred times.

    One cache serves environments with the same options only, since the compiled code depends on them.
    """

    def __init__(self) -> None:
        self.compiled: dict[str, tuple[str, CodeType]] = {}
        self._store: ResultStore | None = None
        self._program_mark = b""

    def keep_in(self, program_mark: bytes, store: ResultStore) -> None:
        """Load compiled templates of earlier runs from a store, and store new ones. program_mark: as for i18n."""
        self._program_mark, self._store = program_mark, store

    def _key(self, bucket: Bucket) -> bytes:
        return key_of("template", self._program_mark, bucket.key, bucket.checksum)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket if the template was compiled before from the same source."""
        checksum, code = self.compiled.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code
        elif self._store is not None and (stored := self._store.get(self._key(bucket))):
            bucket.bytecode_from_string(stored)  # leaves no code if another Python or Jinja wrote it
            if bucket.code is not None:
                self.compiled[bucket.key] = bucket.checksum, bucket.code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Cache a compiled template."""
        if bucket.code is not None:
            self.compiled[bucket.key] = bucket.checksum, bucket.code
            if self._store is not None:
                self._store.put(self._key(bucket), bucket.bytecode_to_string())


COMPILED = CompiledTemplates()


@cache
def environment(language: str) -> Environment:
    """Return the environment of a language: with gettext, automatic escaping, and errors for unknown names."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=COMPILED,
    )
    env.install_gettext_callables(  # type: ignore[attr-defined] # looked up at each call: a district's own may change
        lambda text: i18n.translations(language).gettext(text),
        lambda one, many, count: i18n.translations(language).ngettext(one, many, count),
        newstyle=True,
    )
    # Not ASCII only: escapes make a script's texts in an Indian language half a kilobyte larger (gzip).
    env.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    env.globals["lang"] = language
    env.globals["rtl"] = locales.direction(language) == "rtl"
    env.globals["dir_of"] = locales.direction
    env.globals["content_policy"] = IN_PAGE
    env.filters["pick"] = lambda text: pick(text, language)
    env.filters["localised"] = lambda text: _localised(text, language)
    env.filters["group_digits"] = group_digits
    env.filters["clock"] = clock
    env.filters["digits"] = lambda clips: " ".join(
        clips[f"digit/{digit}"].files[-1].address for digit in range(10) if f"digit/{digit}" in clips
    )
    env.filters["day"] = lambda day: i18n.day(_day(day), language)
    return env


def render(language: str, template: str, /, **context: Any) -> Markup:
    """Return a template of forms/core/templates in one language, as HTML."""
    return Markup(environment(language).get_template(template).render(**context))  # noqa: S704 - autoescaped


def clock(seconds: int) -> str:
    """Return minutes and seconds, like 1:05."""
    return f"{seconds // 60}:{seconds % 60:02}"


def _localised(text: Text, language: str) -> str:
    """Return the text in this language, or else the English one, marked as English (WCAG 3.1.2)."""
    picked = pick(text, language)
    direction = ' dir="ltr"' if locales.direction(language) == "rtl" else ""
    if not picked or text.get(language):
        return picked
    return Markup(f'<span lang="en"{direction}>{{}}</span>').format(picked)  # noqa: S704 - constants


def _day(day: date | str) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)
