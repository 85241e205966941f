"""To which desks, with which form and into which mailbox a browser sends something, as its headers say."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from forms.core.crypto.encryption import is_sealed_for
from forms.core.form_schema import Definition, Kind, load_all
from forms.core.portal import Desk
from forms.server.api.browser_api.requests import CONCERN_FORM, encrypted_forms, find_letter
from forms.server.services.mailbox import Mailbox
from forms.server.services.sending import hideable, keys_of, recipients
from forms.server.web.current import current_services
from forms.server.web.json_responses import ApiError


@dataclass(frozen=True)
class Addressing:
    """The desks, the form and the mailbox of a letter or part. thread: the id of the letter that it follows, or ""."""

    desks: tuple[Desk, ...]
    form: str
    mailbox: Mailbox
    thread: str = ""

    @property
    def desk_ids(self) -> tuple[str, ...]:
        """The ids of the desks."""
        return tuple(desk.id for desk in self.desks)

    def fits(self, body: bytes, sizes: Sequence[int]) -> bool:
        """Return whether this has the shape of something encrypted for these desks, with or without unused keys."""
        counts = {len(recipients(current_services().portal, self.desks)), len(keys_of(self.desks))}
        return any(is_sealed_for(body, count, sizes) for count in counts)


def read_addressing() -> Addressing:
    """Return what the headers say: a first letter, or one for exactly the desks of the letter that it follows.

    Raises ApiError for an unknown form, other desks, or a letter that is not there.
    """
    services, follows = current_services(), request.headers.get("Portal-Follows")
    if follows is None:
        form = _named_form()
        return Addressing(_named_desks(services.portal.readers(form.name)), form.name, services.mailbox(form.kind))
    letter = find_letter(follows)
    desks = _named_desks(services.portal.receivers(letter.progress.desks), all_of_them=True)
    form = next(form for form in load_all() if form.kind is Kind.FOLLOWUP)
    return Addressing(desks, form.name, services.mailbox(letter.kind), letter.progress.id)


def _named_form() -> Definition:
    """Return the form that the letter names, one that browsers encrypt. Raises ApiError."""
    name = request.headers.get("Portal-Form", CONCERN_FORM)
    form = next((form for form in encrypted_forms() if form.name == name), None)
    if form is None:
        raise ApiError(400, "There is no such form here. Nothing was kept.")
    return form


def _named_desks(allowed: Sequence[Desk], *, all_of_them: bool = False) -> tuple[Desk, ...]:
    """Return the desks that the header names: some of the allowed ones or all of them, each once.

    The header has either their ids alone, or the id of every desk with =1 or =0 behind it, so that its length does not
    reveal which are left out. Raises ApiError for any other list.
    """
    names = request.headers.get("Portal-Desks", "").split(",")
    known = {desk.id for desk in (*allowed, *hideable(current_services().portal))}
    if any(name.removesuffix("=1").removesuffix("=0") not in known for name in names):
        raise _other_desks()
    names = [name.removesuffix("=1") for name in names if not name.endswith("=0")]
    desks = tuple(desk for desk in allowed if desk.id in names)
    if not desks or len(desks) != len(names) or (all_of_them and len(desks) != len(allowed)):
        raise _other_desks()
    return desks


def _other_desks() -> ApiError:
    return ApiError(409, "These are not the desks of this place. Ask for the terms again.")
