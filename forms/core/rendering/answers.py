"""Answers in the person's language: the choices, messages about faults, and a summary."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from forms.core import browser_script, i18n
from forms.core.form_schema import Definition, Field, choices
from forms.core.portal import Choice, Portal, pick
from forms.core.rendering.environment import clock
from forms.core.validation import FieldProblem


class Attached(Protocol):
    """A photo or recording that was accepted."""

    @property
    def id(self) -> str:
        """Its id in the form."""

    @property
    def kind(self) -> str:
        """Return "photo" or "voice"."""

    @property
    def seconds(self) -> int:
        """Return the seconds of a recording."""


def labelled(options: Sequence[Choice], language: str) -> list[tuple[str, str]]:
    """Return value and label of each choice in one language; labels of a definition go through gettext."""
    translate = i18n.translator(language)
    return [
        (
            choice.value,
            choice.label[language] if choice.label.get(language) else translate(pick(choice.label, "en")),
        )
        for choice in options
    ]


def message(definition: Definition, problem: FieldProblem, language: str) -> str:
    """Return the message about a fault of an answer: the field's own, or else a general one."""
    _ = i18n.translator(language)
    field_message = definition.field(problem.field).errors.get(problem.code)
    if field_message:
        return _(field_message)
    if problem.code == "cut":
        too_long = message(definition, FieldProblem(problem.field, "maxLength"), language)
        return " ".join([too_long, _("Only the beginning of it is still here.")])
    kind = definition.field(problem.field).file
    messages = {
        "required": _("Please answer this question."),
        "maxLength": _("This is too long. Please shorten it."),
        "enum": _("Please choose one of the answers in the list."),
        "full": _("There are not enough places left. Please choose another event, or come with fewer people."),
        "files": _("This form cannot take photos or recordings yet, so nothing was sent. Please write it, or call."),
        "empty": _("This file is empty. Please choose it again, or leave it out."),
        "large": browser_script.file_too_large(kind, language) if kind else _("This is too long. Please shorten it."),
        "many": _("These are too many. Please choose fewer."),
        "kind": _("We cannot take this kind of file. Please choose a photo or a recording, or leave it out."),
        "heic": _(
            "This photo is of the kind HEIC, which we cannot read. Open it on your phone, take a picture of the screen "
            "(screenshot), and choose that. Or set the camera to JPEG and take it again (iPhone: Settings, Camera, "
            "Formats, Most Compatible)."
        ),
        "long": _("This recording is longer than 3 minutes. Please make a shorter one. You can send a second letter."),
        "bomb": _("We could not open this file. Please choose another one, or leave it out."),
        "damaged": _("This file did not arrive whole, or is damaged. Please choose it again, or leave it out."),
        "lookups": _("Many people are looking now. Please try again in a few minutes."),
        "busy": _(
            "Many photos are coming in now, and yours could not be taken. What you wrote is still here: send it "
            "without the photo or recording, or choose it again in a few minutes."
        ),
        "again": _("Please choose the photo or recording once more: it no longer waits with us."),
        "away": _("We could not keep it now. Everything you typed is still here. Please try again in a few minutes."),
        "unreachable": _("We cannot open our letter box now. Please try again in a few minutes."),
        "encoding": _("Some characters of your text did not arrive. Please look at it and write them again."),
    }
    return messages.get(problem.code, _("This does not fit. Please look at it again."))


def summary(
    definition: Definition,
    portal: Portal,
    language: str,
    today: date,
    values: Mapping[str, Any],
    parts: Sequence[Attached] = (),
) -> list[tuple[str, str]]:
    """Return question and answer of each answered question, in the person's language."""
    _ = i18n.translator(language)
    rows = []
    for field_ in definition.fields:
        attached = [part for part in parts if part.kind == field_.file]
        if attached:
            rows.append(
                (
                    _(field_.label),
                    ", ".join(clock(part.seconds) for part in attached if part.seconds) or str(len(attached)),
                )
            )
        elif field_.name in values:
            labels = dict(labelled(choices(field_, definition, portal, today), language))
            rows.append((_(field_.label), _display_value(field_, values[field_.name], labels)))
    return rows


def _display_value(field_: Field, value: Any, labels: Mapping[str, str]) -> str:
    if field_.many:
        return ", ".join(labels.get(item, item) for item in value)
    return labels.get(str(value), str(value))
