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
from forms.operations.status.items import StatusItem, ago
from forms.server.config import ServerSettings

CERTIFICATE_DAYS = 14
"""Days before the end of a certificate; certbot renews it 30 days before."""


def build_items(settings: ServerSettings, portal: portals.Portal, day: date) -> Iterator[StatusItem]:
    public = settings.public or settings.portal.parent.resolve() / "public"
    path = public / manifests.ADDRESS.lstrip("/")
    try:
        built = manifests.read(path.read_bytes())
    except (OSError, Problem):
        yield StatusItem("build", None, f"{path} cannot be read: the site was not published whole.", needs=True)
        return
    age = (day - date.fromisoformat(built.day)).days
    fits = built.portal == manifests.portal_digest(portal)
    said = "its pages and forms fit" if fits else "its pages do not fit its forms: publish again"
    value = {"number": built.number, "days": age, "fits": fits}
    yield StatusItem("build", value, f"Built {ago(age)}; {said}.", needs=not fits or age < 0)


def publishing_items(settings: ServerSettings, day: date) -> Iterator[StatusItem]:
    """Yield that the last try to publish failed, or was days ago: then no consent ends by itself.

    Its sentences are for staff, who see them at their desks.
    """
    report = publishing_report.read(settings.portal.parent.parent)
    if report is not None and report.problem:
        said = f"The newest content was not published on {report.day}; desks see why, and so does the journal."
        yield StatusItem("publishing", {"day": report.day}, said, needs=True)
    elif report is not None and not -1 <= (day - date.fromisoformat(report.day)).days <= 1:
        timers = "systemctl list-timers portal-update.timer portal-day.timer"
        said = f"Nothing has looked for new content since {report.day}. Look at: {timers}"
        yield StatusItem("publishing", {"day": report.day}, said, needs=True)
    elif report is not None:
        said = f"Content was looked at {ago((day - date.fromisoformat(report.day)).days)}."
        yield StatusItem("publishing", {"day": report.day}, said)


def certificate_items(path: Path | None) -> Iterator[StatusItem]:
    if path is None:
        return
    if not path.exists():
        served = path.parent.parent.is_dir()  # where install-server was run
        yield StatusItem("certificate", None, f"There is no certificate at {path}.", needs=served)
        return
    left = certificate_days(path, datetime.now(UTC).date())
    if left is None:
        yield StatusItem("certificate", None, f"{path} cannot be read.", needs=True)
        return
    said = (
        f"The certificate ends in {left} days." if left >= 0 else "The certificate has ended: browsers refuse the site."
    )
    yield StatusItem("certificate", left, said, needs=left < CERTIFICATE_DAYS)


def certificate_days(path: Path, today: date) -> int | None:
    """Return for how many days a certificate (PEM) is good, or None where it cannot be read."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    asked = [openssl, "x509", "-noout", "-enddate", "-in", str(path)]
    said = run_apart(asked, longest=30).stdout.decode("utf-8", "replace")
    with suppress(ValueError):
        # notAfter=Feb 27 10:00:00 2027 GMT
        month, number, clock, year, *_ = said.strip().partition("=")[2].split()
        return (parsedate_to_datetime(f"{number} {month} {year} {clock} +0000").date() - today).days
    return None


def content_items(due: Callable[[], list[str]] | None) -> Iterator[StatusItem]:
    """Yield helplines to be called again and consents that end, where the content is on this machine."""
    if due is None:
        yield StatusItem("content", None, "Helplines and consents: see `status` on the machine that builds the site.")
        return
    try:
        found = due()
    except Exception as problem:  # noqa: BLE001 - whatever is wrong with the content, the rest is said
        yield StatusItem("content", None, f"The content cannot be checked: {problem}", needs=True)
        return
    yield from (StatusItem("content", line, line, needs=True) for line in found)
    if not found:
        yield StatusItem("content", 0, "No helpline is due, and no consent ends soon.")
