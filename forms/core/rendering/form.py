"""Render a form as HTML, with the data of its script."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from forms.core import browser_script, i18n
from forms.core.form_schema import Definition, Kind, choices, drawing_of, load
from forms.core.portal import Choice, Portal, pick
from forms.core.rendering.answers import Attached, labelled, message
from forms.core.rendering.environment import environment, render
from forms.core.validation import FieldProblem, Raw


def draw_form(
    definition: Definition,
    portal: Portal,
    language: str,
    today: date,
    values: Raw | None = None,
    problems: Sequence[FieldProblem] = (),
    parts: Sequence[Attached] = (),
    hidden: Mapping[str, str] | None = None,
    step: int | None = None,
) -> Markup:
    """Return a form as HTML, with the typed values and messages about their faults; for static and error pages alike.

    parts: photos and recordings accepted before; hidden: values of hidden inputs; step: index of the page of questions,
    if there are several. The values of the other pages are then hidden inputs too.
    """
    values = values or {}
    by_field = {problem.field: message(definition, problem, language) for problem in problems}
    # A form that came back has been on the server already. Sealing it in the browser now would promise too much.
    is_new = step is None and not (values or problems or parts or hidden)
    on_page = definition.pages[step] if step is not None else ()
    other_values = {name: texts for name, texts in values.items() if name not in on_page}
    options = {field.name: choices(field, definition, portal, today) for field in definition.fields}
    return render(
        language,
        "pictured.html" if definition.has_pictures else "form.html",
        form=definition,
        step=step,
        fields=[field for field in definition.fields if step is None or field.name in on_page],
        carried=[(name, text) for name, texts in other_values.items() for text in texts] if step is not None else [],
        enough=_is_sufficient(definition, other_values),
        choices={name: labelled(field_choices, language) for name, field_choices in options.items()},
        drawings=_drawings(options),
        values=values,
        problems=by_field,
        action=f"/forms/{language}/{definition.name}",
        portal=portal,
        parts=parts,
        hidden=hidden or {},
        script=_script_data(definition, portal, language) if is_new else None,
        followup=draw_form(load(definition.followup), portal, language, today)
        if is_new and definition.followup
        else "",
        clips=portal.clips.get(language, {}),
        **(_picture_context(definition, portal) if definition.has_pictures else {}),
    )


def _drawings(options: Mapping[str, Sequence[Choice]]) -> dict[str, str]:
    """Return the drawings of the choices that have one, by the choice's value."""
    return {choice.value: choice.picture for group in options.values() for choice in group if choice.picture}


def _is_sufficient(definition: Definition, values: Raw) -> bool:
    """Return whether the answers on other pages are sufficient to send the form."""
    answered = {name for name, texts in values.items() if any(texts)}
    required = {field.name for field in definition.fields if field.required}
    return required <= answered and (bool(answered & set(definition.any_of)) if definition.any_of else bool(required))


def _picture_context(definition: Definition, portal: Portal) -> dict[str, Any]:
    """Return the template context of a form with pictures: drawings of answers, faces of desks, and the long form."""
    answers = [(field_.name, choice.value) for field_ in definition.fields for choice in field_.choices]
    return {
        "pictured": {f"{name}-{value}": portal.drawings.get(drawing_of(name, value), "") for name, value in answers},
        "faces": {desk.id: desk.face or desk.picture for desk in portal.readers(definition.letter_form)},
        "long": load(definition.short_for),
    }


def _script_data(definition: Definition, portal: Portal, language: str) -> dict[str, Any] | None:
    """Return the data of the script of this form's page; None for forms without a script."""
    if definition.is_encrypted_in_browser:
        readers = {desk.id: pick(desk.name, language) for desk in portal.readers(definition.letter_form)}
        return browser_script.first_letter_data(definition, language, _limits(definition, language), readers)
    if definition.kind is Kind.LOOKUP and definition.followup:
        followup, desk_names = load(definition.followup), {desk.id: pick(desk.name, language) for desk in portal.desks}
        code_messages = {
            code: message(definition, FieldProblem("code", code), language)
            for code in ("required", "digits", "check", "unknown", "restored")
        }
        data = browser_script.answer_page_data(
            followup, language, _limits(followup, language), code_messages, desk_names, portal.erased_days
        )
        return {**data, **_answer_aids(portal, language)}
    return None


def _answer_aids(portal: Portal, language: str) -> dict[str, Any]:
    """Return the aids to understand an answer without reading: phrases to hear, pictures of the case's state."""
    sentences = portal.sentences(language)
    kilobytes = sum(clip.kilobytes for _, clip in sentences)
    return {
        "sentences": [words for words, _ in sentences],
        "clips": [clip.files[-1].address for _, clip in sentences],
        "hear": f"{i18n.translator(language)('Listen to the answer')} · {kilobytes} KB",
        "pictures": {
            **{name: _picture(language, name) for name in ("received", "desk", "looked", "closed")},
            "speaker": str(environment(language).get_template("states.html").module.speaker),  # type: ignore[attr-defined]
        },
    }


def _picture(language: str, name: str) -> str:
    module: Any = environment(language).get_template("states.html").module
    return str(module.state_picture(name))


def _limits(definition: Definition, language: str) -> dict[str, tuple[int, str]]:
    """Return the most characters of each answer, and the message for a longer one."""
    return {
        field_.name: (max_length, message(definition, FieldProblem(field_.name, "maxLength"), language))
        for field_ in definition.value_fields
        if (max_length := field_.constraints.get("maxLength"))
    }
