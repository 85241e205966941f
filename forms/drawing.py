"""Draws pages and forms: the one Jinja environment of the static site and of the Flask endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from forms import words
from forms.definition import Definition, Field, choices
from forms.intake import FieldProblem, Raw
from forms.portal import Choice, Portal, Text, pick
from forms.receipts import in_fours

LOCALES = {"en": "en_IN"}
"""CLDR locale of a language where its default is another country's."""

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Alternate:
    """The same page in another language; `here` marks the language being read."""

    code: str
    name: str
    url: str
    here: bool = False


@dataclass(frozen=True)
class Note:
    """A quiet note above a page's text; kind: translation, missing, stale, demonstration."""

    kind: str
    text: str


@dataclass(frozen=True)
class Page:
    """One page as the shell needs it; `path` is without the language: "" or "signs/"."""

    title: str
    lang: str
    body: Markup
    path: str = ""
    alternates: tuple[Alternate, ...] = ()
    description: str = ""
    sensitive: bool = False
    body_lang: str | None = None
    index: bool = True
    form: bool = False
    manifest: str = ""
    notes: tuple[Note, ...] = field(default_factory=tuple)


@cache
def environment(language: str) -> Environment:
    """The environment for one language: gettext installed, everything escaped, unknown names an error."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_translations(words.translations(language), newstyle=True)  # type: ignore[attr-defined]
    env.globals["lang"] = language
    env.filters["pick"] = lambda text: pick(text, language)
    env.filters["told"] = lambda text: _told(text, language)
    env.filters["in_fours"] = in_fours
    env.filters["day"] = lambda day: format_date(_day(day), format="long", locale=LOCALES.get(language, language))
    return env


def render(language: str, template: str, /, **context: Any) -> Markup:
    """A template of forms/templates in one language, as HTML."""
    return Markup(environment(language).get_template(template).render(**context))  # noqa: S704 - autoescaped


def draw_form(
    definition: Definition,
    portal: Portal,
    language: str,
    today: date,
    values: Raw | None = None,
    problems: Sequence[FieldProblem] = (),
) -> Markup:
    """A form as HTML, with what was typed and what is wrong with it; static and error pages alike."""
    by_field = {problem.field: message(definition, problem, language) for problem in problems}
    listed = {field.name: labelled(choices(field, definition, portal, today), language) for field in definition.fields}
    return render(
        language,
        "form.html",
        form=definition,
        choices=listed,
        values=values or {},
        problems=by_field,
        action=f"/forms/{language}/{definition.name}",
        portal=portal,
        clips=portal.clips.get(language, {}),
    )


def draw_page(portal: Portal, language: str, page: Page, template: str = "base.html", **context: Any) -> str:
    """A whole page in the shell that both wings share."""
    return str(render(language, template, portal=portal, page=page, **context))


def labelled(listed: Sequence[Choice], language: str) -> list[tuple[str, str]]:
    """Value and label of each choice in one language; a definition's own labels go through gettext."""
    translate = words.say(language)
    return [
        (
            choice.value,
            choice.label[language] if choice.label.get(language) else translate(pick(choice.label, "en")),
        )
        for choice in listed
    ]


def message(definition: Definition, problem: FieldProblem, language: str) -> str:
    """What to tell the person about one wrong answer: the field's own sentence, else a general one."""
    _ = words.say(language)
    own = definition.field(problem.field).errors.get(problem.code)
    if own:
        return _(own)
    general = {
        "required": _("Please answer this question."),
        "maxLength": _("This is too long. Please shorten it."),
        "enum": _("Please choose one of the answers in the list."),
        "full": _("There are not enough places left. Please choose another event, or come with fewer people."),
        "files": _("This form cannot take photos or recordings yet, so nothing was sent. Please write it, or call."),
        "encoding": _("Some letters did not arrive. Please look at the text and write them again."),
    }
    return general.get(problem.code, _("This does not fit. Please look at it again."))


def summary(
    definition: Definition, portal: Portal, language: str, today: date, values: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Question and answer, in the person's language, of everything that was answered."""
    _ = words.say(language)
    rows = []
    for field_ in definition.fields:
        if field_.name in values:
            labels = dict(labelled(choices(field_, definition, portal, today), language))
            rows.append((_(field_.label), _spoken(field_, values[field_.name], labels)))
    return rows


def _spoken(field_: Field, value: Any, labels: Mapping[str, str]) -> str:
    if field_.many:
        return ", ".join(labels.get(item, item) for item in value)
    return labels.get(str(value), str(value))


def _told(text: Text, language: str) -> str:
    """The text in this language; English that stands in for it is marked as English (WCAG 3.1.2)."""
    said = pick(text, language)
    return said if not said or text.get(language) else Markup('<span lang="en">{}</span>').format(said)


def _day(day: date | str) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)
