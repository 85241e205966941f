"""The texts that are read aloud besides pages: questions of forms, digits of a receipt, sentences of desks."""

from collections.abc import Iterator
from datetime import date

from forms.core import form_schema, i18n
from forms.core.form_schema import Definition, Field
from forms.core.portal import Portal
from forms.core.rendering.answers import labelled

DIGITS = tuple(f"digit/{digit}" for digit in range(10))
"""The keys of the digits from which a receipt is read out."""


def questions() -> dict[str, tuple[Definition, Field]]:
    """Return every question by its key, with its form; of a short form only what differs from the long one."""
    forms = [form_schema.load(name) for name in form_schema.names()]
    return {
        f"{form.name}/{field.name}": (form, field)
        for form in forms
        for field in form.fields
        if not form.short_for or field != form_schema.load(form.short_for).field(field.name)
    }


def question_text(form: Definition, field: Field, portal: Portal, language: str, today: date) -> str:
    """Return a question as it is read aloud: its label, its help, and the answers to choose from."""
    _ = i18n.translator(language)
    answers = labelled(form_schema.choices(field, form, portal, today), language)
    parts = [_(field.label), _(field.help) if field.help else "", *(label for _, label in answers)]
    return "\n".join(part if part.endswith((".", "?", "।", "!")) else f"{part}." for part in parts if part)


def texts_besides_pages(portal: Portal, language: str, today: date) -> Iterator[tuple[str, str]]:
    """Yield the key and text of each question, digit and desk sentence."""
    for key, (form, field) in questions().items():
        yield key, question_text(form, field, portal, language, today)
    yield from ((key, key[-1]) for key in DIGITS)
    for phrase in portal.choices.get("phrases", ()):
        yield f"phrase/{phrase.value}", phrase.label.get(language, "")
