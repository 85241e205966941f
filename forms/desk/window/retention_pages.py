"""The pages of the access log, and of cases that have been kept long enough."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response as WerkzeugResponse

from forms.core.trusted_date import machine_clock_warning
from forms.desk.window import labels
from forms.desk.window.current import current_session
from forms.web.local.secret_path import redirect_to

pages = Blueprint("upkeep", __name__)

MAX_ROWS = 500
"""Rows of the access log on one page: the newest."""


@pages.get("/access/")
def access() -> str:
    """Show the server's log of what the members of this desk did with which letter, newest first."""
    session = current_session()
    rows = sorted(session.place.server().access(), key=lambda row: str(row.get("at")), reverse=True)
    member = request.args.get("member", "")
    members = sorted({str(row.get("member")) for row in rows})
    shown, more = labels.truncate([row for row in rows if member in {"", row.get("member")}], MAX_ROWS)
    known = {case.id for case in session.cases.all()}
    return render_template(
        "access.html",
        here="access",
        portal=session.portal.current,
        rows=shown,
        more=more,
        members=members,
        member=member,
        known=known,
        labels=labels,
    )


@pages.route("/retention/", methods=["GET", "POST"])
def retention() -> WerkzeugResponse | str:
    """Show closed cases that have been kept long enough; erase the ticked ones after two confirmations."""
    session = current_session()
    chosen, sure = set(request.form.getlist("case")), request.form.get("sure", "")
    cases = [case for case in session.erasing.old_cases() if request.method == "GET" or case.id in chosen]
    if request.method == "POST" and cases and sure in {"", "once"}:
        again = sure == "once"
        return render_template(
            "erase.html", here="retention", cases=cases, labels=labels, again=again, action=request.path
        )
    if request.method == "POST":
        for case in cases:
            session.erasing.erase(case.id)
        return redirect_to(f"/retention/?erased={len(cases)}")
    days = session.portal.current.days_kept("concerns_days")
    erased = request.args.get("erased", 0, type=int)
    return render_template(
        "retention.html", here="retention", cases=cases, days=days, erased=erased, labels=labels,
        doubt=machine_clock_warning(session.clock.known_day),
    )  # fmt: skip
