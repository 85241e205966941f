"""Report on the public site, from the results of the last check."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from forms.core.builds.manifest import BuildManifest, portal_digest
from forms.core.crypto.fingerprints import publisher_fingerprint
from forms.core.i18n.lazy_text import joined, lazy_gettext
from forms.core.portal import Portal
from forms.desk.command_line import command
from forms.desk.watch import watch_state
from forms.desk.watch.site_watch import SiteWatch
from forms.desk.watch.watch_state import WatchState

MAX_FAILING_DAYS = 3
"""Days for which checking the site may fail before that is reported."""

WHAT_TO_DO = lazy_gettext(
    "Call the people who publish the site, today, by phone. Until they have found the cause, take it that others read "
    "what people send through the site, and tell people to call the help numbers."
)

Finding = tuple[bool, str]


def findings(watch: SiteWatch, portal: Portal, today: date) -> Iterator[Finding]:
    """Yield the findings about the site: whether it is well, and a sentence."""
    state = watch.state
    for alarm in state.alarms:
        yield False, joined(lazy_gettext("%(day)s: %(text)s", day=alarm.day, text=alarm.text), WHAT_TO_DO)
    if has_failed_too_long(state, today):
        yield (
            False,
            lazy_gettext(
                "The site could not be looked at since %(day)s. Try another network: %(command)s",
                day=state.failing_since,
                command=command("watch"),
            ),
        )
    manifest = watch_state.last_manifest(watch.folder)
    yield from _build_findings(state, manifest, portal)
    if state.signed and manifest and portal_digest(portal) != manifest.portal:
        yield (
            False,
            lazy_gettext("The server's portal file differs from the build's. Restart the forms after each build."),
        )
    for key in state.publishers:
        yield (
            True,
            lazy_gettext(
                "The publisher's key has the fingerprint %(number)s. Compare it with the printed one.",
                number=publisher_fingerprint(key),
            ),
        )


def _build_findings(state: WatchState, manifest: BuildManifest | None, portal: Portal) -> Iterator[Finding]:
    """Yield whether the site is what its publishers signed, or why that cannot be checked."""
    if not state.checked:
        yield True, lazy_gettext("The site was not looked at from this machine yet: it is at the next fetch.")
    elif manifest is None:
        yield (
            portal.demonstration,
            lazy_gettext("The site has no list of its build: whether a page was changed cannot be seen."),
        )
    elif not state.signed:
        yield (
            portal.demonstration,
            lazy_gettext(
                "The list of the build is not signed: a server that is taken over can change it too. To sign it: "
                "python3 build.py new-publisher-key"
            ),
        )
    elif not state.alarms:
        yield (
            True,
            lazy_gettext(
                "The site is what its publishers signed on %(signed)s (looked at on %(looked)s).",
                signed=manifest.day,
                looked=state.checked,
            ),
        )


def has_failed_too_long(state: WatchState, today: date) -> bool:
    """Return whether checking the site has failed for too many days."""
    if not state.failing_since:
        return False
    with suppress(ValueError):
        return (today - date.fromisoformat(state.failing_since)).days >= MAX_FAILING_DAYS
    return True
