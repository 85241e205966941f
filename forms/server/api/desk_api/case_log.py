"""The entries of case logs, copies for other readers, and the access log."""

from dataclasses import asdict
from datetime import date
from urllib.parse import unquote

from flask import Blueprint, Response, request

from forms.core.crypto.encryption import SIZE_CLASSES
from forms.core.ids import is_id
from forms.server.api.desk_api.requests import (
    age_file,
    authenticate,
    empty_response,
    log_access,
    log_access_for,
    mailboxes,
    sealed_body,
    today,
    writing_to,
)
from forms.server.store.concerns.letters import EntryRow
from forms.server.store.concerns.queries import desk_of
from forms.server.web.current import current_services
from forms.server.web.json_responses import ApiError, json_answer

views = Blueprint("case_log", __name__)

_MAX_ENTRY_BYTES = SIZE_CLASSES[3]
"""Bytes of the largest entry of a case log: five times the longest text in any script."""


@views.get("/entries")
def entries() -> Response:
    """Return the entries of this desk's case log; `since`: only those of this day (2027-01-31) or later.

    Raises ApiError for a malformed day.
    """
    desk, _ = authenticate()
    try:
        since = date.fromisoformat(request.args.get("since", "0001-01-01"))
    except ValueError:
        raise ApiError(400, "`since` is no day like 2027-01-31.") from None
    rows = [
        {"id": row.id, "letter": row.letter, "day": row.day.isoformat()} for row in mailboxes().entries(desk.id, since)
    ]
    return json_answer({"desk": desk.id, "entries": rows})


@views.get("/entries/<entry_id>")
def entry(entry_id: str) -> Response:
    """Return one sealed entry."""
    desk, _ = authenticate()
    return age_file(mailboxes().sealed_entry(entry_id, desk.id))


@views.put("/letters/<letter_id>/entries/<entry_id>")
def add_entry(letter_id: str, entry_id: str) -> Response:
    """Add a sealed entry to the case log. Entries are never changed: the same id again changes nothing.

    Raises ApiError for a malformed id.
    """
    (desk, member), sealed = authenticate(), sealed_body(_MAX_ENTRY_BYTES)
    if not is_id(entry_id):
        raise ApiError(400, "The id of the entry has not its form. Nothing was kept.")
    with writing_to(letter_id):
        is_own = mailboxes().add_entry(EntryRow(entry_id, letter_id, today()), desk.id, sealed)
    if is_own:
        log_access(desk, member, "wrote", letter_id)
    return empty_response(is_own)


@views.put("/letters/<letter_id>/copies/<item>")
def add_copy(letter_id: str, item: str) -> Response:
    """Keep a letter, attachment or entry encrypted again for a colleague or another desk, named in `Portal-For`.

    Raises ApiError for an unknown reader, and for a malformed id.
    """
    (desk, member), sealed = authenticate(), sealed_body()
    reader = unquote(request.headers.get("Portal-For", ""))
    members = current_services().portal.members
    if reader not in members and reader not in members.get(desk_of(reader), ()):
        raise ApiError(400, "Portal-For names no desk and no member of one. Nothing was kept.")
    if not is_id(item):
        raise ApiError(400, "The id has not its form. Nothing was kept.")
    with writing_to(letter_id):
        is_own = mailboxes().add_copy(item, letter_id, member.id, reader, sealed)
    if is_own:
        log_access(desk, member, "sealed anew", letter_id)
        if item == letter_id and desk_of(reader) != desk.id:
            log_access_for(desk_of(reader), member.id, "handed over", letter_id)
    return empty_response(is_own)


@views.get("/letters/<letter_id>/copies")
def copies(letter_id: str) -> Response:
    """Return the copies of a letter, and of what belongs to it, that were made for this member or its whole desk."""
    desk, member = authenticate()
    rows = [asdict(row) for row in mailboxes().copies(letter_id, desk.id, member.id)]
    return json_answer({"desk": desk.id, "copies": rows})


@views.get("/copies/<item>/<digest>")
def copy(item: str, digest: str) -> Response:
    """Return the copy of an item with this SHA-256."""
    desk, member = authenticate()
    return age_file(mailboxes().sealed_copy(item, digest, desk.id, member.id))


@views.get("/access")
def access() -> Response:
    """Return what the members of this desk did with which letter, oldest first."""
    desk, _ = authenticate()
    rows = [
        {"at": row.at, "member": row.member, "what": row.what, "letter": row.letter}
        for row in mailboxes().accesses(desk.id)
    ]
    return json_answer({"desk": desk.id, "access": rows})
