"""Reminders in the window: preview them, download them to be sent by hand, or send them through the provider."""

import os

from flask import Blueprint, Response, make_response, render_template, request

from forms.core.problem import Problem
from forms.desk.events.event_records import EventRecords
from forms.desk.events.event_session import current_minute
from forms.desk.events.event_views import reminders_of
from forms.desk.events.messaging.gateways import DownloadOutbox, Gateway, http_gateway
from forms.desk.events.messaging.reminders import (
    SENT,
    SendResult,
    count_unreachable,
    languages_without_template,
    send,
    with_states,
)
from forms.desk.events.messaging.sms import count_parts, is_gsm, price
from forms.desk.window import labels
from forms.desk.window.events.event_access import current_event_records

pages = Blueprint("reminders", __name__)


@pages.get("/<event_id>/reminders")
def reminders(event_id: str) -> str:
    """Show each reminder as it would be sent, and whether it was sent."""
    return _show(current_event_records(), event_id)


def _show(
    records: EventRecords, event_id: str, result: SendResult | None = None, problem: Problem | None = None
) -> str:
    event, reminders, ledger = reminders_of(records, event_id)
    parties = {party.id: party for party in records.parties(records.gathering(event_id))}
    rows = [(reminder, parties[reminder.party], state) for reminder, state in with_states(ledger, reminders)]
    session_sms = records.session.portal.sms
    no_template = languages_without_template(records.session.portal, event, [parties[each.party] for each in reminders])
    return render_template(
        "event-remind.html", here="events", labels=labels, portal=records.session.portal, event=event, rows=rows,
        unsent=sum(state != SENT for *_, state in rows), unsure=sum(state not in {SENT, ""} for *_, state in rows),
        price=price([reminder.text for reminder, _, state in rows if state != SENT], session_sms.paise_a_part).sentence,
        count_parts=count_parts, is_gsm=is_gsm, untemplated=[labels.spoken(code) for code in no_template],
        unreachable=count_unreachable(event, parties.values()), provider=_provider(), result=result, problem=problem,
    )  # fmt: skip


def _provider() -> str:
    """Return the provider's host, empty if none is set, or a sentence about wrong settings."""
    try:
        gateway = http_gateway(os.environ)
    except Problem as problem:
        return problem.sentence
    return gateway.name if gateway else ""


@pages.post("/<event_id>/reminders")
def remind(event_id: str) -> Response | str | tuple[str, int]:
    """Download or send what was not sent yet; nothing is sent twice. Raises Problem if no gateway is set."""
    records, again, all_again = (
        current_event_records(),
        bool(request.form.get("again")),
        bool(request.form.get("all_again")),
    )
    _, reminders, ledger = reminders_of(records, event_id)
    if request.form.get("by") == "sms":
        gateway: Gateway | None = http_gateway(os.environ)
        if gateway is None:
            raise Problem("PORTAL_SMS_URL", "is not set.", "Take the file, and send the texts by hand.")
        return _show(records, event_id, result=send(ledger, reminders, gateway, current_minute(), again=again))
    download = DownloadOutbox()
    send(ledger, reminders, download, current_minute(), again=again, all_again=all_again)
    if not download.count:
        return _show(
            records, event_id, problem=Problem("reminders", "All were sent before.", "Nothing is left to send.")
        ), 400
    response = make_response(download.content)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="reminders.csv"'
    return response
