"""The data that pages with letters give their script: how to encrypt, and all its texts in the page's language."""

from collections.abc import Callable, Mapping
from typing import Any

from forms.core import i18n
from forms.core.crypto.encryption import size_class
from forms.core.form_schema import LETTER_KINDS, Definition, Kind
from forms.core.media.attachments import MAX_FILE_BYTES, megabytes

Limits = Mapping[str, tuple[int, str]]
"""By field, the most characters of an answer, and the message for a longer one."""

Translate = Callable[[str], str]
"""Translates a text into the page's language."""

_REQUIRED = "Please answer this question."

_REVIEW_TEXTS = frozenset(
    {"step", "next", "back", "skip", "look", "notyet", "review", "without", "noreceipt", "recording"}
)
_TYPE_BACK_TEXTS = frozenset({"typeback", "check", "right", "wrong"})
"""Names of texts that a form with pictures does not need: it has no pages of questions, review or number typed back."""


def first_letter_data(
    definition: Definition, language: str, limits: Limits, readers: Mapping[str, str]
) -> dict[str, Any]:
    """Return the script's data on the page of a first letter. readers: names of the desks that read it, by id."""
    _ = i18n.translator(language)
    form_data: dict[str, Any] = {
        "steps": definition.steps,
        "purpose": definition.kind,
        "hides": definition.hiding_field,
    }
    if definition.has_pictures:
        form_data["pictures"] = {"again": _("Record again"), "listen": _("Listen"), "choose": _("Choose a recording")}
    if not definition.hiding_field:
        form_data["readers"] = [{"id": desk, "name": name} for desk, name in readers.items()]
    required = {field.name: _(field.errors.get("required", _REQUIRED)) for field in definition.fields if field.required}
    own = _first_letter_texts(_, is_concern=definition.kind is Kind.CONCERN)
    data = _sealing_data(definition, language, limits, own)
    if definition.has_pictures:
        unused = _REVIEW_TEXTS | _TYPE_BACK_TEXTS
        data["words"] = {name: text for name, text in data["words"].items() if name not in unused}
    return {**data, **form_data, **({"required": required} if required else {})}


def _first_letter_texts(_: Translate, *, is_concern: bool) -> dict[str, str]:
    """Return the texts of the pages of questions, the review and the page with the receipt."""
    return {
        "step": _("Question page %(now)s of %(all)s"),
        "next": _("Next"),
        "back": _("Back"),
        "skip": _("You can leave out any question."),
        "look": _("Look at it before you send"),
        "notyet": _("Not sent yet."),
        "review": _("Please look at it once more, then press the button."),
        "readers": _("Who can read it"),
        "send": _("Send it"),
        "without": _("Send it without a receipt"),
        "change": _("Change something"),
        "all": _("At least one desk must be able to read your letter. Please leave one of them without a tick."),
        "plain": _("Send it without locking on this phone"),
        "plainhelp": _("Our server then locks it when it arrives, and keeps no open copy."),
        "safe": _("Your letter is safe with us"),
        "number": _("Your receipt number:"),
        "noreceipt": _("You chose no receipt. There will be no answer on this site."),
        "paper": _("Write it on paper, not on the phone."),
        "opens": _("It opens the answer. It does not show what you wrote."),
        "lost": _("If you lose it, nobody can find it again. You can always send a new letter."),
        "typeback": _("Type the number from your paper, so that you know it is right"),
        "check": _("Check my paper"),
        "right": _("Right. Your paper opens the answer."),
        "wrong": _("This is another number. Please compare each group of four with your paper."),
        "hear": _("Hear the number"),
        "next_title": _("What happens next"),
        "next_text": _(
            "A person at the desk should read it. This is not a police complaint (FIR). "
            "If you are in danger, do not wait: call."
        )
        if is_concern
        else _("A person at the desk should read it and answer here. Please come back in a few days."),
        "answer": _("Read the answer"),
    }


def answer_page_data(
    more: Definition,
    language: str,
    limits: Limits,
    wrong: Mapping[str, str],
    desks: Mapping[str, str],
    erased_days: int,
) -> dict[str, Any]:
    """Return the script's data on the page on which a receipt opens the answer.

    more: the follow-up form; wrong: messages about an invalid number, by code; desks: names by id; erased_days: days
    that a desk keeps an erased letter hidden before it deletes it.
    """
    _ = i18n.translator(language)
    own = {**_answer_texts(_), **_addition_and_erasing_texts(_, erased_days)}
    return {
        **_sealing_data(more, language, limits, own),
        "wrong": dict(wrong),
        "desks": dict(desks),
        "purposes": LETTER_KINDS,
    }


def _answer_texts(_: Translate) -> dict[str, str]:
    """Return the texts about looking up a letter, its state, and the answers of desks."""
    return {
        "opens": _("This phone opens the answer itself. Our server never learns your number."),
        "looking": _("Looking for your letter. This can take some seconds ..."),
        "away": _("The answer could not be fetched. Please try again."),
        "busy": _("Many people are looking now. Please try again in a few minutes."),
        "received": _("Received"),
        "atdesk": _("At the desk"),
        "notyet": _("not yet"),
        "lookedinto": _("Being looked into"),
        "closed": _("Closed"),
        "came": _("Your letter came on %(day)s."),
        "added": _("You added something on %(day)s."),
        "from": _("Answer from: %(desk)s"),
        "openedby": _("Opened by: %(desk)s, %(day)s"),
        "notopened": _("%(desk)s has not opened yet what you added on %(day)s."),
        "proven": _(
            "This phone has checked this with your number. If your letter was locked on a phone, only a desk that has "
            "it can have written this."
        ),
        "doubted": _(
            "It is not proven that this answer is from the desk. Do not rely on it alone. Call a help number and ask."
        ),
        "listen": _("Listen to the answer"),
        "noplay": _("The voice cannot be played here. The written answer says the same."),
        "voicedoubted": _("It is not proven that this voice is from the desk. It is not played."),
        "missing": _(
            "An answer from %(desk)s is missing here. It may still be on its way. If it does not come in a few days, "
            "call a help number."
        ),
        "hasit": _("A desk has your letter"),
        "noanswer": _("There is no answer yet. Please come back in a few days."),
        "waits": _("Your letter is safe, and nobody has fetched it yet"),
        "waitshelp": _("Please come back in a few days. If you are in danger, do not wait: call."),
    }


def _addition_and_erasing_texts(_: Translate, days: int) -> dict[str, str]:
    """Return the texts about adding and erasing. days: how long a desk keeps an erased letter hidden."""
    return {
        "add": _("Add something"),
        "help": _("Help numbers"),
        "erase": _("Erase my letter"),
        "addedsafe": _("What you added is safe with us"),
        "same": _("Your receipt stays the same. It opens the answers to this too."),
        "backtoit": _("Back to my letter"),
        "backtotext": _("Change something"),
        "notgone": _("Not erased. Please try again."),
        "sure": _("Erase this letter?"),
        "suretext": _(
            "We erase the letter, what you added and the answers from our server, at once and for ever. "
            "Your receipt then opens nothing."
        ),
        "suredesk": _(
            "A desk that has your letter already is told too. When it next looks, it hides the letter; "
            "%(days)s days later it is gone there for good. It may have to keep what the law makes it keep."
        )
        % {"days": days},
        "yes": _("Yes, erase it"),
        "no": _("No, keep it"),
        "gone": _("Your letter is erased"),
        "gonehelp": _(
            "It is gone from our server. Desks that had it are told: they hide it when they next look, and %(days)s "
            "days later it is gone there for good."
        )
        % {"days": days},
        "home": _("Home"),
    }


def file_too_large(kind: str, language: str) -> str:
    """Return the message of script and server about a file with more bytes than its kind may have."""
    message = i18n.translator(language)(
        "This file is larger than %(most)s MB. Please make it smaller, or leave it out."
    )
    return message % {"most": megabytes(kind)}


def _sealing_data(definition: Definition, language: str, limits: Limits, own: Mapping[str, str]) -> dict[str, Any]:
    """Return the data for sealing a letter of this form. own: the texts of this page only."""
    _ = i18n.translator(language)
    any_of_message = definition.field(definition.any_of[0]).errors["required"] if definition.any_of else _REQUIRED
    return {
        "form": definition.letter_form,
        "language": language,
        "pad": size_class(definition.pad_to),
        "any": definition.any_of,
        "limits": limits,
        "largest": MAX_FILE_BYTES["voice"],
        "words": {
            **_sending_texts(_),
            **_file_texts(_),
            "needed": _(any_of_message),
            "large": file_too_large("voice", language),
            **own,
        },
    }


def _sending_texts(_: Translate) -> dict[str, str]:
    """Return the texts about encrypting and sending a letter, and about what fails there."""
    return {
        "road": _(
            "This phone locks your letter before it is sent. Only the desks that you do not leave out can open it."
        ),
        "locking": _("Locking your letter on this phone ..."),
        "working": _("Many letters are coming in now. Your phone does a small sum first. This can take a minute."),
        "sending": _("Sending: %(done)s of %(all)s KB"),
        "again": _("The line broke. Trying again by itself ..."),
        "failed": _("Not sent. Please try again."),
        "failedhelp": _("Everything you typed is still here. Trying again does not make a second letter."),
        "unsafe": _(
            "This site asked your phone for a lock that is not safe. Nothing was sent. "
            "Please call a help number, and come back another day."
        ),
        "retry": _("Try again"),
    }


def _file_texts(_: Translate) -> dict[str, str]:
    """Return the texts about photos and recordings."""
    return {
        "record": _("Record"),
        "stop": _("Stop"),
        "drop": _("Remove"),
        "recording": _("Recording: %(time)s"),
        "tags": _(
            "We cannot take the name of the phone or the place out of this recording here. "
            "If that worries you, record on this page instead."
        ),
        "photo": _("This file cannot be read. Please choose another one, or leave it out."),
        "altered": _(
            "This browser changes photos, so this one was not added. Use another browser, or leave the photo out."
        ),
        "norecorder": _(
            "Recording does not work on this page. Record with your phone's own recorder, then choose the file here."
        ),
        "many": _("These are too many. Please choose fewer."),
    }
