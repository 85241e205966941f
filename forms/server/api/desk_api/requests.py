"""What all requests of desks share: authentication, encrypted bodies, and the access log."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from flask import Response, request

from forms.core.crypto.encryption import SIZE_CLASSES, is_sealed
from forms.core.ids import new_id
from forms.core.portal import Desk, Member
from forms.server.services.combined_mailbox import CombinedMailbox
from forms.server.services.mailbox import DESKS_SHARE
from forms.server.store.concerns.letters import Access, WriteRefused
from forms.server.web.current import current_services, current_state
from forms.server.web.json_responses import ApiError

_NOT_YOURS = "There is no such letter for this desk."


def mailboxes() -> CombinedMailbox:
    """Return the letters of all kinds as one mailbox."""
    return CombinedMailbox(current_services())


def age_file(sealed: bytes | None) -> Response:
    """Return an age file as the response. Raises ApiError 404 for None: there is none for this desk."""
    if sealed is None:
        raise ApiError(404, _NOT_YOURS)
    return Response(sealed, mimetype="application/octet-stream")


def reader_of(authorization: str, desks: tuple[Desk, ...]) -> tuple[Desk, Member] | None:
    """Return the desk and the member whose token is in this Authorization header (RFC 6750), or None."""
    scheme, _, token = authorization.partition(" ")
    digest = "sha256:" + hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
    if scheme.lower() != "bearer":
        return None
    members = ((desk, member) for desk in desks for member in desk.members if member.pickup)
    return next(((desk, member) for desk, member in members if hmac.compare_digest(member.pickup, digest)), None)


def authenticate() -> tuple[Desk, Member]:
    """Return the desk and member whose token came with the request. Raises ApiError 401 for an unknown one."""
    reader = reader_of(request.headers.get("Authorization", ""), current_services().portal.desks)
    if reader is None:
        raise ApiError(401, "This token is not known here.")
    return reader


def today() -> date:
    """Return the day with which rows are stored."""
    return current_state().today


def log_access(desk: Desk, member: Member, what: str, letter_id: str) -> None:
    """Record what a member did, with the day: a time would narrow down when the letter came."""
    log_access_for(desk.id, member.id, what, letter_id)


def log_access_for(desk_id: str, member_id: str, what: str, letter_id: str) -> None:
    """Record in a desk's access log what a member did, who may be another desk's."""
    mailboxes().note_access(new_id(), desk_id, Access(access_day(), member_id, what, letter_id))


def access_day() -> str:
    """Return the day for the access log, in UTC."""
    return datetime.now(UTC).date().isoformat()


def sealed_body(max_bytes: int = 2 * SIZE_CLASSES[-1]) -> bytes:
    """Return the body of the request. Raises ApiError 400 if it is not an age file."""
    request.max_content_length = max_bytes
    sealed = request.get_data()
    if not is_sealed(sealed):
        raise ApiError(400, "This is not a sealed letter. Nothing was kept.")
    return sealed


@contextmanager
def writing_to(letter_id: str) -> Iterator[None]:
    """Run a block that keeps something that a desk sends for a letter.

    Raises NotKept if desks have used up their share of the disk (the rest is for letters), ApiError if the store
    refuses it.
    """
    services = current_services()
    for mailbox in services.mailboxes:
        if mailbox.store.intake.has(letter_id):
            services.require_room(DESKS_SHARE, mailbox.store)
    try:
        yield
    except WriteRefused as problem:
        raise ApiError(409, f"{problem.what} Nothing was kept.") from None


def empty_response(is_own: bool) -> Response:
    """Return an empty response for a letter of this desk. Raises ApiError 404 for any other."""
    if not is_own:
        raise ApiError(404, _NOT_YOURS)
    return Response(status=204)
