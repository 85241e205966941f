"""The site in `status`: the build in use, the last publishing, the certificate, what is due in the content."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from forms.core import portal as portals
from forms.core.builds import manifest as manifests
from forms.core.builds import publishing_report
from forms.core.other_programs import run_apart
from forms.core.problem import Problem
from forms.operations.status.items import StatusItem, days_ago
from forms.server.config import ServerSettings

CERTIFICATE_DAYS = 14
"""Days before a certificate expires; certbot renews it 30 days before."""


def build_items(settings: ServerSettings, portal: portals.Portal, day: date) -> Iterator[StatusItem]:
    """Yield the age of the published build, and whether its pages and its forms belong to one build."""
    public = settings.public or settings.portal.parent.resolve() / "public"
    path = public / manifests.ADDRESS.lstrip("/")
    try:
        manifest = manifests.read(path.read_bytes())
    except (OSError, Problem):
        yield StatusItem("build", None, f"{path} cannot be read: the site was not published whole.", needs=True)
        return
    age = (day - date.fromisoformat(manifest.day)).days
    fits = manifest.portal == manifests.portal_digest(portal)
    fit = "its pages and forms fit" if fits else "its pages do not fit its forms: publish again"
    value = {"number": manifest.number, "days": age, "fits": fits}
    yield StatusItem("build", value, f"Built {days_ago(age)}; {fit}.", needs=not fits or age < 0)


def publishing_items(settings: ServerSettings, day: date) -> Iterator[StatusItem]:
    """Yield whether the last publishing succeeded, and within the last day: without it no consent ends by itself.

    The report's own messages are for staff, who read them at their desks.
    """
    report = publishing_report.read(settings.portal.parent.parent)
    if report is None:
        return
    age, value = (day - date.fromisoformat(report.day)).days, {"day": report.day}
    if report.problem:
        sentence = f"The newest content was not published on {report.day}; desks see why, and so does the journal."
        yield StatusItem("publishing", value, sentence, needs=True)
    elif not -1 <= age <= 1:
        timers = "systemctl list-timers portal-update.timer portal-day.timer"
        sentence = f"Nothing has looked for new content since {report.day}. Look at: {timers}"
        yield StatusItem("publishing", value, sentence, needs=True)
    else:
        yield StatusItem("publishing", value, f"Content was looked at {days_ago(age)}.")


def certificate_items(path: Path | None, *, is_needed: bool) -> Iterator[StatusItem]:
    """Yield when the certificate expires. is_needed: whether its absence needs the operator."""
    if path is None:
        return
    if not path.exists():
        yield StatusItem("certificate", None, f"There is no certificate at {path}.", needs=is_needed)
        return
    remaining = certificate_days(path, datetime.now(UTC).date())
    if remaining is None:
        yield StatusItem("certificate", None, f"{path} cannot be read.", needs=True)
        return
    has_ended = "The certificate has ended: browsers refuse the site."
    sentence = f"The certificate ends in {remaining} days." if remaining >= 0 else has_ended
    yield StatusItem("certificate", remaining, sentence, needs=remaining < CERTIFICATE_DAYS)


def certificate_days(path: Path, today: date) -> int | None:
    """Return for how many days a certificate (PEM) is valid, or None where it cannot be read."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    command = [openssl, "x509", "-noout", "-enddate", "-in", str(path)]
    output = run_apart(command, max_seconds=30).stdout.decode("utf-8", "replace")
    with suppress(ValueError):
        # notAfter=Feb 27 10:00:00 2027 GMT
        month, number, clock, year, *_ = output.strip().partition("=")[2].split()
        return (parsedate_to_datetime(f"{number} {month} {year} {clock} +0000").date() - today).days
    return None


def content_items(due: Callable[[], list[str]] | None) -> Iterator[StatusItem]:
    """Yield helplines to call again and consents that end, where the content is on this machine."""
    if due is None:
        yield StatusItem("content", None, "Helplines and consents: see `status` on the machine that builds the site.")
        return
    try:
        sentences = due()
    except Exception as error:  # noqa: BLE001 - any fault of the content is one item among others
        yield StatusItem("content", None, f"The content cannot be checked: {error}", needs=True)
        return
    yield from (StatusItem("content", sentence, sentence, needs=True) for sentence in sentences)
    if not sentences:
        yield StatusItem("content", 0, "No helpline is due, and no consent ends soon.")
