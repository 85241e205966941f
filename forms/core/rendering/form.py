"""A form as HTML, with what its script needs to know."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from forms.core import browser_script, i18n
from forms.core.form_schema import Definition, Kind, choices, drawing_of, load
from forms.core.portal import Portal, pick
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
    """Return a form as HTML, with what was typed and what is wrong with it; static and error pages alike.

    parts: what was taken in before; hidden: values that travel with the form; step: the place of the page of questions
    to draw, where they come a few at a time: what was typed on the others then travels with it.
    """
    values = values or {}
    by_field = {problem.field: message(definition, problem, language) for problem in problems}
    # A form that came back has been on the server already: sealing it in the browser would promise too much.
    fresh = step is None and not (values or problems or parts or hidden)
    here = definition.pages[step] if step is not None else ()
    elsewhere = {name: texts for name, texts in values.items() if name not in here}
    listed = {field.name: choices(field, definition, portal, today) for field in definition.fields}
    return render(
        language,
        "pictured.html" if definition.has_pictures else "form.html",
        form=definition,
        step=step,
        fields=[field for field in definition.fields if step is None or field.name in here],
        carried=[(name, text) for name, texts in elsewhere.items() for text in texts] if step is not None else [],
        enough=_enough(definition, elsewhere),
        choices={name: labelled(found, language) for name, found in listed.items()},
        drawings={choice.value: choice.picture for found in listed.values() for choice in found if choice.picture},
        values=values,
        problems=by_field,
        action=f"/forms/{language}/{definition.name}",
        portal=portal,
        parts=parts,
        hidden=hidden or {},
        script=_script(definition, portal, language) if fresh else None,
        followup=draw_form(load(definition.followup), portal, language, today) if fresh and definition.followup else "",
        clips=portal.clips.get(language, {}),
        **(_pictures(definition, portal) if definition.has_pictures else {}),
    )


def _enough(definition: Definition, values: Raw) -> bool:
    """Return whether what was answered on other pages is all that is needed."""
    answered = {name for name, texts in values.items() if any(texts)}
    required = {field.name for field in definition.fields if field.required}
    return required <= answered and (bool(answered & set(definition.any_of)) if definition.any_of else bool(required))


def _pictures(definition: Definition, portal: Portal) -> dict[str, Any]:
    """Return what a form with pictures shows: those of answers, the faces of desks, and the long form beside it."""
    answers = [(field_.name, choice.value) for field_ in definition.fields for choice in field_.choices]
    return {
        "pictured": {f"{name}-{value}": portal.drawings.get(drawing_of(name, value), "") for name, value in answers},
        "faces": {desk.id: desk.face or desk.picture for desk in portal.readers(definition.letter_form)},
        "long": load(definition.short_for),
    }


def _script(definition: Definition, portal: Portal, language: str) -> dict[str, Any] | None:
    """Return what the script of this form's page needs to know; None for forms that have no script."""
    if definition.is_encrypted_in_browser:
        readers = {desk.id: pick(desk.name, language) for desk in portal.readers(definition.letter_form)}
        return browser_script.first_letter_data(definition, language, _limits(definition, language), readers)
    if definition.kind is Kind.LOOKUP and definition.followup:
        more, names = load(definition.followup), {desk.id: pick(desk.name, language) for desk in portal.desks}
        wrong = {
            code: message(definition, FieldProblem("code", code), language)
            for code in ("required", "digits", "check", "unknown", "restored")
        }
        told = browser_script.answer_page_data(
            more, language, _limits(more, language), wrong, names, portal.erased_days
        )
        return {**told, **_answer_aids(portal, language)}
    return None


def _answer_aids(portal: Portal, language: str) -> dict[str, Any]:
    """Return what lets an answer be understood without reading: sentences to hear, pictures of where it stands."""
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
    """Return how many characters an answer may have, and what is said where it has more."""
    return {
        field_.name: (most, message(definition, FieldProblem(field_.name, "maxLength"), language))
        for field_ in definition.value_fields
        if (most := field_.constraints.get("maxLength"))
    }
