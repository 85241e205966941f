"""The doctor's checks of the server: its connection, clock, daily statements, and the public site."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from forms.core.i18n.lazy_text import joined, lazy_gettext
from forms.core.trusted_date import machine_clock_warning, server_clock_warning
from forms.desk.cases.log.case_log import Entry
from forms.desk.doctor.finding import MAX_NAMED, Finding
from forms.desk.session import Session
from forms.desk.sync.client import Server
from forms.desk.watch.site_findings import findings

MAX_CLOCK_DRIFT = 300
"""Seconds by which this machine's clock may differ from the server's."""

MAX_DAYS_WITHOUT_STATEMENT = 7
"""Days since the server's last daily statement after which that is reported."""


def connection(session: Session) -> Iterator[Finding]:
    """Yield whether the server answers, and whether its clock agrees with this machine's."""
    server: Server = session.place.server()
    member = server.me()
    yield Finding(
        True,
        lazy_gettext(
            "%(address)s answers and knows this machine as %(member)s.", address=session.place.address, member=member
        ),
    )
    server_time = _parse_date_header(server.clock())
    if server_time:
        drift = abs((datetime.now(UTC) - server_time).total_seconds())
        yield Finding(
            drift <= MAX_CLOCK_DRIFT,
            "This machine's clock agrees with the server's."
            if drift <= MAX_CLOCK_DRIFT
            else lazy_gettext(
                "This machine's clock differs from the server's by %(number)s minutes. Set it right: days and due "
                "dates depend on it. No letter is lost by it.",
                number=round(drift / 60),
            ),
        )


def publishing(session: Session) -> Iterator[Finding]:
    """Yield why the newest pages are not published."""
    problem = session.place.server().publishing_problem()
    if problem:
        sentence = lazy_gettext("The newest pages were not published, those before stay.")
        yield Finding(False, joined(sentence, problem))


def clocks(session: Session) -> Iterator[Finding]:
    """Yield whether a clock has jumped."""
    server_day = session.clock.compare(session.place.server())
    doubts = [
        doubt for doubt in (machine_clock_warning(session.clock.known_day), server_clock_warning(server_day)) if doubt
    ]
    yield from (Finding(False, doubt) for doubt in doubts)
    if not doubts:
        yield Finding(True, "Neither this machine's clock nor the server's has jumped.")


def daily_statements(session: Session) -> Iterator[Finding]:
    """Yield whether the daily statements form a chain, match the letters here, and are the same for colleagues."""
    known = session.withheld.statements.known()
    faults = [*known.findings(), *(_contradiction(entry) for entry in session.withheld.contradicting_statements())]
    if known.number and (session.clock.today() - date.fromisoformat(known.day)).days > MAX_DAYS_WITHOUT_STATEMENT:
        faults.append(
            lazy_gettext(
                "The server has given no daily statement since %(day)s. Fetch; then ask whoever runs it.", day=known.day
            )
        )
    yield from (Finding(False, sentence) for sentence in faults[:MAX_NAMED])
    if known.number and not faults:
        numbers = " ".join(known.head.partition(":")[2][start : start + 4] for start in range(0, 16, 4))
        yield Finding(
            True,
            lazy_gettext(
                "The server's daily statements hang together and name all that came here up to %(day)s. Number "
                "%(number)s begins %(numbers)s: other desks must have the same.",
                day=known.day,
                number=known.number,
                numbers=numbers,
            ),
        )


def public_site(session: Session) -> Iterator[Finding]:
    """Yield how the public site differs from what the publishers signed, from the results of the last check."""
    yield from (
        Finding(*finding) for finding in findings(session.site_watch, session.portal.current, session.clock.today())
    )


def _parse_date_header(text: str) -> datetime | None:
    """Return the time of a Date header, None if it is malformed (RFC 9110, section 5.6.7: it is in UTC)."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _contradiction(entry: Entry) -> str:
    number = str(entry.value.get("head", "")).partition(":")[0]
    return lazy_gettext(
        "The server showed another daily statement number %(number)s to the machine of %(who)s than to this one. It "
        "signed "
        "two different ones. Tell the people who publish the site.",
        number=number,
        who=entry.member,
    )
