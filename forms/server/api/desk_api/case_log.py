"""The entries of case logs, copies for other readers, and the access log."""

from dataclasses import asdict
from datetime import date
from urllib.parse import unquote

from flask import Blueprint, Response, request

from forms.core.crypto.encryption import SIZE_CLASSES
from forms.core.ids import is_id
from forms.server.api.desk_api.requests import (
    age_file,
    authenticated,
    bringing,
    mailboxes,
    note,
    note_for,
    require_ours,
    sealed_body,
    today,
)
from forms.server.store.concerns.letters import EntryRow
from forms.server.store.concerns.queries import desk_of
from forms.server.web.current import current_services
from forms.server.web.json_responses import ApiError, json_answer

views = Blueprint("case_log", __name__)

_LARGEST_ENTRY = SIZE_CLASSES[3]
"""Bytes of the largest entry of a case log: the longest text in any script has a fifth of it."""


@views.get("/entries")
def entries() -> Response:
    """Return the entries of this desk's case log; `since`: a day (2027-01-31) from which on.

    Raises ApiError for a malformed day.
    """
    desk, _ = authenticated()
    try:
        since = date.fromisoformat(request.args.get("since", "0001-01-01"))
    except ValueError:
        raise ApiError(400, "`since` is no day like 2027-01-31.") from None
    rows = [
        {"id": item.id, "letter": item.letter, "day": item.day.isoformat()}
        for item in mailboxes().entries(desk.id, since)
    ]
    return json_answer({"desk": desk.id, "entries": rows})


@views.get("/entries/<entry_id>")
def entry(entry_id: str) -> Response:
    """Return one sealed entry."""
    desk, _ = authenticated()
    return age_file(mailboxes().sealed_entry(entry_id, desk.id))


@views.put("/letters/<letter_id>/entries/<entry_id>")
def enter(letter_id: str, entry_id: str) -> Response:
    """Add a sealed entry to the case log. Entries are never changed: the same id again changes nothing.

    Raises ApiError for a malformed id.
    """
    (desk, member), sealed = authenticated(), sealed_body(_LARGEST_ENTRY)
    if not is_id(entry_id):
        raise ApiError(400, "The id of the entry has not its form. Nothing was kept.")
    with bringing(letter_id):
        ours = mailboxes().add_entry(EntryRow(entry_id, letter_id, today()), desk.id, sealed)
    if ours:
        note(desk, member, "wrote", letter_id)
    return require_ours(ours)


@views.put("/letters/<letter_id>/copies/<item>")
def copy(letter_id: str, item: str) -> Response:
    """Keep a letter, attachment or entry encrypted again for a colleague or another desk, named in `Portal-For`.

    Raises ApiError for an unknown reader, and for a malformed id.
    """
    (desk, member), sealed = authenticated(), sealed_body()
    reader = unquote(request.headers.get("Portal-For", ""))
    known = current_services().portal.members
    if reader not in known and reader not in known.get(desk_of(reader), ()):
        raise ApiError(400, "Portal-For names no desk and no member of one. Nothing was kept.")
    if not is_id(item):
        raise ApiError(400, "The id has not its form. Nothing was kept.")
    with bringing(letter_id):
        ours = mailboxes().add_copy(item, letter_id, member.id, reader, sealed)
    if ours:
        note(desk, member, "sealed anew", letter_id)
        if item == letter_id and desk_of(reader) != desk.id:
            note_for(desk_of(reader), member.id, "handed over", letter_id)
    return require_ours(ours)


@views.get("/letters/<letter_id>/copies")
def copies(letter_id: str) -> Response:
    """Return the copies of a letter and what belongs to it that others made for this member: never for an original."""
    desk, member = authenticated()
    rows = [asdict(copy) for copy in mailboxes().copies(letter_id, desk.id, member.id)]
    return json_answer({"desk": desk.id, "copies": rows})


@views.get("/copies/<item>/<digest>")
def copied(item: str, digest: str) -> Response:
    """Return one of these copies, by the SHA-256 of its bytes."""
    desk, member = authenticated()
    return age_file(mailboxes().sealed_copy(item, digest, desk.id, member.id))


@views.get("/access")
def access() -> Response:
    """Return what the members of this desk did with which letter, oldest first."""
    desk, _ = authenticated()
    rows = [
        {"at": one.at, "member": one.member, "what": one.what, "letter": one.letter}
        for one in mailboxes().accesses(desk.id)
    ]
    return json_answer({"desk": desk.id, "access": rows})
