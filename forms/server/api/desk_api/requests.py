"""What all calls of desks share: who asks, what is sent, and what is written into the access log."""

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
    """Return an age file as the answer. Raises ApiError 404 where there is none for this desk."""
    if sealed is None:
        raise ApiError(404, _NOT_YOURS)
    return Response(sealed, mimetype="application/octet-stream")


def reader_of(authorization: str, desks: tuple[Desk, ...]) -> tuple[Desk, Member] | None:
    """Return the desk and the member whose token is in this Authorization header (RFC 6750), or None."""
    scheme, _, token = authorization.partition(" ")
    digest = "sha256:" + hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
    if scheme.lower() != "bearer":
        return None
    known = ((desk, member) for desk in desks for member in desk.members)
    return next((one for one in known if one[1].pickup and hmac.compare_digest(one[1].pickup, digest)), None)


def authenticated() -> tuple[Desk, Member]:
    """Return the desk and member whose token came with the request. Raises ApiError 401 for an unknown one."""
    found = reader_of(request.headers.get("Authorization", ""), current_services().portal.desks)
    if found is None:
        raise ApiError(401, "This token is not known here.")
    return found


def today() -> date:
    """Return the day with which something is stamped."""
    return current_state().today


def note(desk: Desk, member: Member, what: str, letter_id: str) -> None:
    """Log what staff did, by the day: a minute would reveal when a letter was there at the latest."""
    note_for(desk.id, member.id, what, letter_id)


def note_for(desk_id: str, member_id: str, what: str, letter_id: str) -> None:
    """Log in a desk's access log what a member, perhaps of another desk, did."""
    mailboxes().note_access(new_id(), desk_id, Access(access_day(), member_id, what, letter_id))


def access_day() -> str:
    """Return the day for the access log, in UTC."""
    return datetime.now(UTC).date().isoformat()


def sealed_body(largest: int = 2 * SIZE_CLASSES[-1]) -> bytes:
    """Return the body of the request. Raises ApiError 400 where it is not an age file."""
    request.max_content_length = largest
    sealed = request.get_data()
    if not is_sealed(sealed):
        raise ApiError(400, "This is not a sealed letter. Nothing was kept.")
    return sealed


@contextmanager
def bringing(letter_id: str) -> Iterator[None]:
    """Handle something that a desk sends for a letter.

    Raises NotKept where desks have used up their share of the disk (the rest is for letters), ApiError where the store
    refuses it.
    """
    services = current_services()
    for box in services.mailboxes:
        if box.store.intake.has(letter_id):
            services.require_room(DESKS_SHARE, box.store)
    try:
        yield
    except WriteRefused as refused:
        raise ApiError(409, f"{refused.what} Nothing was kept.") from None


def require_ours(ours: bool) -> Response:
    """Return an empty answer for a letter of this desk. Raises ApiError 404 for any other."""
    if not ours:
        raise ApiError(404, _NOT_YOURS)
    return Response(status=204)
