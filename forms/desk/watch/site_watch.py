"""Watch the public site: visit some of its pages and say what is other than its publishers signed.

It shows a site that is changed for everybody, or for whom the server cannot tell from this machine. It does not show
one that is changed only for others: a server may know this machine by its network address. So visit it from other
networks as well (`desk watch`). A site that cannot be reached raises no alarm; after `MOST_DAYS` days that is said.
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
from forms.desk.crypto.foreign_json import tame
from forms.desk.watch import watch_state
from forms.desk.watch.comparison import (
    FOUND,
    differences,
    differing_keys,
    forms_of,
    keys_in,
    other_keys,
)
from forms.desk.watch.visit import TERMS, BrokenOff, route, visit
from forms.desk.watch.visitor import Seen, Visitor
from forms.desk.watch.watch_state import Terms, WatchState

_BROKE_OFF = lazy_gettext("Then the site did not answer any more. If it was published anew just then: look again.")


@dataclass(frozen=True)
class SiteWatch:
    """The watch of one machine over one site."""

    folder: Path
    address: str

    @property
    def state(self) -> WatchState:
        """What is remembered."""
        return watch_state.load(self.folder)

    def look(self, portal: Portal, today: date, *, everything: bool = False) -> tuple[LazyText, ...]:
        """Visit the site; return what is wrong, in sentences. everything: all languages, not one at random."""
        state = self._pinned(portal)
        known, visitor = watch_state.last_manifest(self.folder), Visitor(self.address)
        try:
            seen = visit(visitor, route(portal, known, everything))
            state, wrong = self._compare(state, seen, portal)
            if wrong and state.digest != self.state.digest:  # perhaps it was published while it was visited
                newest = watch_state.last_manifest(self.folder)
                state, wrong = self._compare(state, visit(visitor, route(portal, newest, everything)), portal)
        except BrokenOff as broken:
            failing = replace(state, failing_since=state.failing_since or today.isoformat())
            wrong = tuple(_wrong_before_it_broke(broken.seen, known if state.signed else None))
            watch_state.save(self.folder, failing.with_alarms(today.isoformat(), wrong))
            return wrong
        state = replace(state, checked=today.isoformat(), failing_since="")
        watch_state.save(self.folder, state.with_alarms(today.isoformat(), wrong))
        return wrong

    def _pinned(self, portal: Portal) -> WatchState:
        """Return the state with the publishers' keys pinned at first use."""
        state = self.state
        return state if state.publishers else replace(state, publishers=tuple(portal.publishers))

    def _compare(
        self, state: WatchState, seen: dict[str, Seen], portal: Portal
    ) -> tuple[WatchState, tuple[LazyText, ...]]:
        data, signatures, terms = (seen.pop(path) for path in (ADDRESS, SIGNATURES, TERMS))
        wrong = [*_other_publishers(state, portal)]
        told = _json(terms)
        state, wrong_terms = _same_terms(state, told)
        known = watch_state.last_manifest(self.folder)
        state, manifest, wrong_list = self._manifest(state, data, signatures, known)
        wrong += [*wrong_terms, *wrong_list]
        if terms.status == FOUND and not (manifest and state.signed):
            for form, those in forms_of(told):
                right = {desk.id: frozenset(desk.keys) for desk in portal.readers(form)}
                wrong += differing_keys(keys_in(those), right)
        if manifest:
            before = known if known and known.number < manifest.number else None
            wrong += differences(seen, manifest, before)
            if state.signed:
                wrong += _published_keys(portal, manifest, known)
                wrong += other_keys(told, manifest, before) if terms.status == FOUND else ()
        return state, tuple(dict.fromkeys(wrong))

    def _manifest(
        self, state: WatchState, data: Seen, signatures: Seen, known: BuildManifest | None
    ) -> tuple[WatchState, BuildManifest | None, list[LazyText]]:
        """Return the manifest to compare with: the site's where it is right, else the last that was."""
        digest = hashlib.sha256(data.body).hexdigest()
        found = _readable(data)
        if found is None:
            gone = bool(state.publishers or known)
            return (
                state,
                known,
                [lazy_gettext("The list of the build (%(path)s) is gone or damaged.", path=ADDRESS)] if gone else [],
            )
        signed = is_signed(data.body, signatures.body, state.publishers)
        if state.publishers and not signed:
            return (
                state,
                known if state.signed else None,
                [lazy_gettext("The list of the build is not signed by its publishers.")],
            )
        if known and signed and state.signed and (wrong := _rolled_back(found, known, digest, state.digest)):
            return state, known, [wrong]
        if digest != state.digest:
            watch_state.save_manifest(self.folder, data.body)
        return replace(state, digest=digest, signed=signed), found, []

    def dismiss(self) -> int:
        """Forget the alarms, after a person has dealt with them; how many there were. What goes on is said again."""
        state = self.state
        watch_state.save(self.folder, replace(state, alarms=()))
        return len(state.alarms)

    def trust_publishers(self, portal: Portal) -> tuple[str, ...]:
        """Pin the publishers' keys that the portal names now, after a person has compared them; their fingerprints."""
        state = replace(self.state, publishers=tuple(portal.publishers))
        watch_state.save(self.folder, state)
        return tuple(publisher_fingerprint(key) for key in state.publishers)


def last_portal(folder: Path) -> Portal:
    """Return the portal as a desk last fetched it into this folder. Raises Problem where there is none."""
    try:
        return parse((folder / "portal.json").read_bytes(), str(folder / "portal.json"))
    except OSError:
        raise Problem(
            str(folder),
            "The desk has not fetched yet.",
            lazy_gettext("Fetch once: %(command)s", command=command("list")),
        ) from None


def _wrong_before_it_broke(seen: Mapping[str, Seen], known: BuildManifest | None) -> Iterator[LazyText]:
    """Return what was other than in the last build that was signed, where the site then did not answer any more.

    Else a server could show what it has changed, see that a machine compares, and give no list to compare with.
    """
    shown = {path: answer for path, answer in seen.items() if path not in {ADDRESS, SIGNATURES, TERMS}}
    if known is None:
        return
    found = [*differences(shown, known, None)]
    if TERMS in seen and seen[TERMS].status == FOUND:
        found += other_keys(_json(seen[TERMS]), known, None)
    for sentence in found:
        yield joined(sentence, _BROKE_OFF)


def _readable(answer: Seen) -> BuildManifest | None:
    with suppress(Problem):
        return build_manifest.read(answer.body) if answer.status == FOUND else None
    return None


def _json(answer: Seen) -> Mapping[str, Any]:
    with suppress(ValueError, RecursionError):
        told = tame(json.loads(answer.body))
        if isinstance(told, dict):
            return told
    return {}


def _same_terms(state: WatchState, told: Mapping[str, Any]) -> tuple[WatchState, list[LazyText]]:
    """Compare salt and cost of receipts with those of the first visit."""
    salt, memory, passes = told.get("salt"), told.get("memory"), told.get("passes")
    if not isinstance(salt, str) or type(memory) is not int or type(passes) is not int:
        return state, []
    now = Terms(salt, memory, passes)
    if state.terms is None:
        return replace(state, terms=now), []
    wrong = []
    if salt != state.terms.salt:
        wrong.append(
            lazy_gettext("The salt of receipts is another one: receipts from before open nothing on this site.")
        )
    if memory < state.terms.memory or passes < state.terms.passes:
        wrong.append(lazy_gettext("Deriving a receipt costs less than before: receipts are easier to guess."))
    return state, wrong


def _rolled_back(found: BuildManifest, known: BuildManifest, digest: str, known_digest: str) -> LazyText | None:
    if found.number < known.number:
        return lazy_gettext(
            "The site shows an older build (%(shown)s) than it did before (%(known)s).",
            shown=str(found.day),
            known=str(known.day),
        )
    if found.number == known.number and digest != known_digest:
        return lazy_gettext(
            "There are two builds with one number (%(number)s): one is shown here, another was before.",
            number=found.number,
        )
    return None


def _published_keys(portal: Portal, manifest: BuildManifest, known: BuildManifest | None) -> Iterator[LazyText]:
    """Compare the keys that the server hands to desks with those of the build."""
    here, builds = build_manifest.desks_of(portal), [one for one in (manifest, known) if one]
    for desk in sorted(here.keys() | manifest.desks.keys()):
        if here.get(desk) not in [build.desks.get(desk) for build in builds]:
            yield lazy_gettext("The server names other keys for the desk %(desk)s than the build does.", desk=desk)


def _other_publishers(state: WatchState, portal: Portal) -> Iterator[LazyText]:
    if set(portal.publishers) != set(state.publishers):
        named = ", ".join(map(publisher_fingerprint, portal.publishers)) or lazy_gettext("none")
        yield lazy_gettext(
            "The server names another publisher's key than this machine knows. Named now: %(number)s. Compare the "
            "fingerprint by phone with whoever publishes the site; if it is right: %(command)s",
            number=named,
            command=command("watch --trust"),
        )
