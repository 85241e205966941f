"""Watch the public site: visit some of its pages, and report what differs from what its publishers signed.

This detects a site that is changed for everybody, or for visitors whom the server cannot distinguish from this machine.
It does not detect one that is changed only for others: a server may know this machine by its network address. So check
it from other networks as well (`desk watch`). A site that cannot be reached raises no alarm; after MAX_FAILING_DAYS
days that is reported.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from forms.core.builds import manifest as build_manifest
from forms.core.builds.manifest import ADDRESS, SIGNATURES, BuildManifest, is_signed
from forms.core.crypto.fingerprints import publisher_fingerprint
from forms.core.i18n.lazy_text import LazyText, joined, lazy_gettext
from forms.core.portal import Portal, parse
from forms.core.problem import Problem
from forms.desk.command_line import command
from forms.desk.crypto.foreign_json import sanitise
from forms.desk.watch import watch_state
from forms.desk.watch.comparison import (
    STATUS_OK,
    differences,
    differing_keys,
    forms_of,
    keys_in,
    wrong_reader_keys,
)
from forms.desk.watch.visit import TERMS, VisitInterrupted, plan_route, visit
from forms.desk.watch.visitor import PageResponse, Visitor
from forms.desk.watch.watch_state import Terms, WatchState

_BROKE_OFF = lazy_gettext("Then the site did not answer any more. If it was published anew just then: look again.")


@dataclass(frozen=True)
class SiteWatch:
    """Watches one site from one machine."""

    folder: Path
    address: str

    @property
    def state(self) -> WatchState:
        """The stored state."""
        return watch_state.load(self.folder)

    def check(self, portal: Portal, today: date, *, everything: bool = False) -> tuple[LazyText, ...]:
        """Visit the site; return the faults, in sentences. everything: all languages, not one at random."""
        state = self._with_pinned_publishers(portal)
        known, visitor = watch_state.last_manifest(self.folder), Visitor(self.address)
        try:
            responses = visit(visitor, plan_route(portal, known, everything))
            state, faults = self._compare(state, responses, portal)
            if faults and state.digest != self.state.digest:  # the site may have been published during the visit
                newest = watch_state.last_manifest(self.folder)
                responses = visit(visitor, plan_route(portal, newest, everything))
                state, faults = self._compare(state, responses, portal)
        except VisitInterrupted as interruption:
            failing = replace(state, failing_since=state.failing_since or today.isoformat())
            faults = tuple(_faults_before_interruption(interruption.responses, known if state.signed else None))
            watch_state.save(self.folder, failing.with_alarms(today.isoformat(), faults))
            return faults
        state = replace(state, checked=today.isoformat(), failing_since="")
        watch_state.save(self.folder, state.with_alarms(today.isoformat(), faults))
        return faults

    def _with_pinned_publishers(self, portal: Portal) -> WatchState:
        """Return the state; at the first use it pins the publishers' keys."""
        state = self.state
        return state if state.publishers else replace(state, publishers=tuple(portal.publishers))

    def _compare(
        self, state: WatchState, responses: dict[str, PageResponse], portal: Portal
    ) -> tuple[WatchState, tuple[LazyText, ...]]:
        """Return the state after a visit, and the faults."""
        data, signatures, terms_page = (responses.pop(path) for path in (ADDRESS, SIGNATURES, TERMS))
        faults = [*_publisher_faults(state, portal)]
        terms, has_terms = _json(terms_page), terms_page.status == STATUS_OK
        state, terms_faults = _check_receipt_terms(state, terms)
        known = watch_state.last_manifest(self.folder)
        state, manifest, manifest_faults = self._check_manifest(state, data, signatures, known)
        faults += [*terms_faults, *manifest_faults]
        if has_terms and not (manifest and state.signed):
            for form, form_terms in forms_of(terms):
                expected = {desk.id: frozenset(desk.keys) for desk in portal.readers(form)}
                faults += differing_keys(keys_in(form_terms), expected)
        if manifest:
            previous = known if known and known.number < manifest.number else None
            faults += differences(responses, manifest, previous)
            if state.signed:
                faults += _desk_key_faults(portal, manifest, known)
                faults += wrong_reader_keys(terms, manifest, previous) if has_terms else ()
        return state, tuple(dict.fromkeys(faults))

    def _check_manifest(
        self, state: WatchState, data: PageResponse, signatures: PageResponse, known: BuildManifest | None
    ) -> tuple[WatchState, BuildManifest | None, list[LazyText]]:
        """Return the manifest to compare with, the site's if it is valid, else the last valid one; and the faults."""
        digest = hashlib.sha256(data.body).hexdigest()
        manifest = _read_manifest(data)
        if manifest is None:
            was_expected = bool(state.publishers or known)
            damaged = lazy_gettext("The list of the build (%(path)s) is gone or damaged.", path=ADDRESS)
            return state, known, [damaged] if was_expected else []
        signed = is_signed(data.body, signatures.body, state.publishers)
        if state.publishers and not signed:
            return (
                state,
                known if state.signed else None,
                [lazy_gettext("The list of the build is not signed by its publishers.")],
            )
        if known and signed and state.signed and (fault := _rollback_fault(manifest, known, digest, state.digest)):
            return state, known, [fault]
        if digest != state.digest:
            watch_state.save_manifest(self.folder, data.body)
        return replace(state, digest=digest, signed=signed), manifest, []

    def dismiss(self) -> int:
        """Delete the alarms, after somebody has dealt with them; return how many. A lasting fault raises a new one."""
        state = self.state
        watch_state.save(self.folder, replace(state, alarms=()))
        return len(state.alarms)

    def trust_publishers(self, portal: Portal) -> tuple[str, ...]:
        """Pin the publishers' keys that the portal names now, after a comparison; return their fingerprints."""
        state = replace(self.state, publishers=tuple(portal.publishers))
        watch_state.save(self.folder, state)
        return tuple(publisher_fingerprint(key) for key in state.publishers)


def last_portal(folder: Path) -> Portal:
    """Return the portal as a desk last fetched it into this folder. Raises Problem if there is none."""
    try:
        return parse((folder / "portal.json").read_bytes(), str(folder / "portal.json"))
    except OSError:
        raise Problem(
            str(folder),
            "The desk has not fetched yet.",
            lazy_gettext("Fetch once: %(command)s", command=command("list")),
        ) from None


def _faults_before_interruption(
    responses: Mapping[str, PageResponse], known: BuildManifest | None
) -> Iterator[LazyText]:
    """Yield how the pages of an interrupted visit differ from the last signed build.

    Otherwise a server could show changed pages, notice that a machine compares them, and then withhold the manifest.
    """
    pages = {path: response for path, response in responses.items() if path not in {ADDRESS, SIGNATURES, TERMS}}
    if known is None:
        return
    faults = [*differences(pages, known, None)]
    if TERMS in responses and responses[TERMS].status == STATUS_OK:
        faults += wrong_reader_keys(_json(responses[TERMS]), known, None)
    for fault in faults:
        yield joined(fault, _BROKE_OFF)


def _read_manifest(response: PageResponse) -> BuildManifest | None:
    with suppress(Problem):
        return build_manifest.read(response.body) if response.status == STATUS_OK else None
    return None


def _json(response: PageResponse) -> Mapping[str, Any]:
    """Return the JSON object of a response; an empty one if it is malformed."""
    with suppress(ValueError, RecursionError):
        data = sanitise(json.loads(response.body))
        if isinstance(data, dict):
            return data
    return {}


def _check_receipt_terms(state: WatchState, terms: Mapping[str, Any]) -> tuple[WatchState, list[LazyText]]:
    """Compare salt and cost of receipts with those of the first visit; return the state and the faults."""
    salt, memory, passes = terms.get("salt"), terms.get("memory"), terms.get("passes")
    if not isinstance(salt, str) or type(memory) is not int or type(passes) is not int:
        return state, []
    if state.terms is None:
        return replace(state, terms=Terms(salt, memory, passes)), []
    faults = []
    if salt != state.terms.salt:
        faults.append(
            lazy_gettext("The salt of receipts is another one: receipts from before open nothing on this site.")
        )
    if memory < state.terms.memory or passes < state.terms.passes:
        faults.append(lazy_gettext("Deriving a receipt costs less than before: receipts are easier to guess."))
    return state, faults


def _rollback_fault(shown: BuildManifest, known: BuildManifest, digest: str, known_digest: str) -> LazyText | None:
    """Return a sentence if the site shows an older build, or another build of the same number; else None."""
    if shown.number < known.number:
        return lazy_gettext(
            "The site shows an older build (%(shown)s) than it did before (%(known)s).",
            shown=str(shown.day),
            known=str(known.day),
        )
    if shown.number == known.number and digest != known_digest:
        return lazy_gettext(
            "There are two builds with one number (%(number)s): one is shown here, another was before.",
            number=shown.number,
        )
    return None


def _desk_key_faults(portal: Portal, manifest: BuildManifest, known: BuildManifest | None) -> Iterator[LazyText]:
    """Compare the keys that the server hands to desks with those of the build."""
    fetched, builds = build_manifest.desks_of(portal), [build for build in (manifest, known) if build]
    for desk in sorted(fetched.keys() | manifest.desks.keys()):
        if fetched.get(desk) not in [build.desks.get(desk) for build in builds]:
            yield lazy_gettext("The server names other keys for the desk %(desk)s than the build does.", desk=desk)


def _publisher_faults(state: WatchState, portal: Portal) -> Iterator[LazyText]:
    """Compare the publishers' keys that the server names with the pinned ones."""
    if set(portal.publishers) != set(state.publishers):
        named = ", ".join(map(publisher_fingerprint, portal.publishers)) or lazy_gettext("none")
        yield lazy_gettext(
            "The server names another publisher's key than this machine knows. Named now: %(number)s. Compare the "
            "fingerprint by phone with whoever publishes the site; if it is right: %(command)s",
            number=named,
            command=command("watch --trust"),
        )
