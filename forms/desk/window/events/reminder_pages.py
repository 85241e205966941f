"""Reminders in the window: who would get which words; into a file to send by hand, or through the provider."""

import os

from flask import Blueprint, Response, make_response, render_template, request

from forms.core.problem import Problem
from forms.desk.events.event_records import EventRecords
from forms.desk.events.event_session import minute
from forms.desk.events.event_views import reminders_of
from forms.desk.events.messaging.gateways import DownloadOutbox, Gateway, http_gateway
from forms.desk.events.messaging.reminders import (
    SENT,
    SendResult,
    count_unreachable,
    languages_without_template,
    send,
    waiting,
)
from forms.desk.events.messaging.sms import is_gsm, parts, price
from forms.desk.window import labels
from forms.desk.window.events.event_access import current_event_records

pages = Blueprint("reminders", __name__)


@pages.get("/<event_id>/reminders")
def reminders(event_id: str) -> str:
    """Return each reminder as it would go, and whether it went."""
    return _show(current_event_records(), event_id)


def _show(book: EventRecords, event_id: str, gone: SendResult | None = None, problem: Problem | None = None) -> str:
    event, found, ledger = reminders_of(book, event_id)
    parties = {party.id: party for party in book.parties(book.gathering(event_id))}
    rows = [(reminder, parties[reminder.party], state) for reminder, state in waiting(ledger, found)]
    session_sms = book.session.portal.sms
    no_template = languages_without_template(book.session.portal, event, [parties[one.party] for one in found])
    return render_template(
        "event-remind.html", here="events", labels=labels, portal=book.session.portal, event=event, rows=rows,
        left=sum(state != SENT for *_, state in rows), unsure=sum(state not in {SENT, ""} for *_, state in rows),
        price=price([reminder.text for reminder, _, state in rows if state != SENT], session_sms.paise_a_part).sentence,
        parts=parts, is_gsm=is_gsm, untemplated=[labels.spoken(one) for one in no_template],
        without=count_unreachable(event, parties.values()), provider=_provider(), gone=gone, problem=problem,
    )  # fmt: skip


def _provider() -> str:
    try:
        gateway = http_gateway(os.environ)
    except Problem as problem:
        return problem.sentence
    return gateway.name if gateway else ""


@pages.post("/<event_id>/reminders")
def remind(event_id: str) -> Response | str | tuple[str, int]:
    """Hand out or send what was not sent yet; what was is never sent twice. Raises Problem where no gateway is set."""
    book, again, all_again = (
        current_event_records(),
        bool(request.form.get("again")),
        bool(request.form.get("all_again")),
    )
    _, found, ledger = reminders_of(book, event_id)
    if request.form.get("by") == "sms":
        gateway: Gateway | None = http_gateway(os.environ)
        if gateway is None:
            raise Problem("PORTAL_SMS_URL", "is not set.", "Take the file, and send the texts by hand.")
        return _show(book, event_id, gone=send(ledger, found, gateway, minute(), again=again))
    handout = DownloadOutbox()
    send(ledger, found, handout, minute(), again=again, all_again=all_again)
    if not handout.count:
        return _show(
            book, event_id, problem=Problem("reminders", "All were sent before.", "Nothing is left to send.")
        ), 400
    response = make_response(handout.content)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="reminders.csv"'
    return response
