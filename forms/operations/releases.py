"""Releases: a built site and the portal.json that belongs to it, in one folder, put into use by one rename.

    published/releases/00000029/public/ portal.json
    published/current -> releases/00000029

nginx shows published/current/public, the forms read published/current/portal.json: a page and the forms that it
posts to change in the same moment (docs/decisions/0059).
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forms.core import portal as portals
from forms.core.builds import earlier_assets, withdrawn
from forms.core.builds import manifest as manifests
from forms.core.builds.manifest import BuildManifest
from forms.core.files.durable import make_open_folder, sync_folder, write_durably
from forms.core.files.locks import AlreadyLocked, locked
from forms.core.portal import Portal
from forms.core.problem import Problem
from forms.operations.release_copies import copy_site, in_the_making, remove_half_made

CURRENT, RELEASES, LOCK = "current", "releases", "lock"
HELD = "held"
PUBLIC, PORTAL = "public", "portal.json"

KEPT = 5
"""Releases that stay, to go back to."""

Purge = Callable[[Path], object]
"""Takes what has no consent out of the built site in a folder."""


@dataclass(frozen=True)
class Release:
    """A published build. number: grows with each; day: of its build."""

    folder: Path
    number: int

    @property
    def public(self) -> Path:
        """The built site."""
        return self.folder / PUBLIC

    @property
    def manifest(self) -> BuildManifest:
        """The list of the build. Raises Problem where it is damaged."""
        return _manifest(self.public)

    @property
    def portal(self) -> Portal:
        """What the forms go by. Raises Problem where it is damaged."""
        return portals.read(self.folder / PORTAL)


def current(site: Path) -> Release | None:
    """Return the release in use, or None."""
    folder = (site / CURRENT).resolve()
    return Release(folder, int(folder.name)) if folder.name.isdigit() and folder.is_dir() else None


def every(site: Path) -> list[Release]:
    """Return the releases that are there, newest first."""
    folders = (path for path in (site / RELEASES).glob("*") if path.name.isdigit() and path.is_dir())
    return sorted((Release(path, int(path.name)) for path in folders), key=lambda one: -one.number)


def publish(site: Path, public: Path, handover: Path, today: date, *, purge: Purge | None = None) -> Release:
    """Make a release of a built site and its portal.json, and put it into use.

    Raises Problem or OSError, and changes nothing then. The same build again changes nothing. purge: run
    on the new folder before it is shown, and once more behind that.
    """
    with _alone(site):
        built, now = _require_one_build(public, handover), current(site)
        if now is not None and _is_same(now, built, public):
            return now
        newest = max((release.number for release in every(site)), default=0)
        fresh = Release(site / RELEASES / f"{max(built.number, newest + 1):010}", max(built.number, newest + 1))
        with in_the_making(fresh.folder) as folder:
            copy_site(public, folder / PUBLIC, now and now.public)
            shutil.copyfile(handover, folder / PORTAL)
            if now is not None:
                earlier_assets.keep(now.public, folder / PUBLIC, today)
            built = _require_one_build(folder / PUBLIC, folder / PORTAL)  # what was copied: a build may go on meanwhile
            require_whole(folder, built)
            if purge is not None:
                purge(folder / PUBLIC)
        _use(site, fresh)
        if purge is not None:
            purge(fresh.public)  # who withdrew in between cleaned only the releases that were there already
        (site / HELD).unlink(missing_ok=True)
        _remove_old(site, fresh)
        return fresh


def rollback(
    site: Path, number: int | None = None, *, purge: Purge | None = None, seen: Release | None = None
) -> Release:
    """Put another release into use: the one before this, or that with a number. Raises Problem, and changes nothing.

    seen: the release that was in use when somebody decided to go back from it. purge: takes out of it what was
    withdrawn since. Where that cannot be done, or the release holds keys that were replaced or lacks an event that
    somebody may have signed up to, it is refused.
    """
    with _alone(site):
        now = current(site)
        if seen is not None and now != seen:
            what = f"was put into use meanwhile, in the place of {seen.number}."
            raise Problem(f"release {now.number if now else 0}", what, "Look at it, and say it again: rollback")
        others = [one for one in every(site) if now is not None and one.number != now.number]
        earlier = [one for one in others if now is not None and one.number < now.number]
        found = next(iter(earlier), None) if number is None else next((o for o in others if o.number == number), None)
        if now is None or found is None:
            what = "has no earlier release" if number is None else f"has no other release {number}"
            raise Problem(str(site), f"{what}.", "See what there is: releases")
        _require_one_build(found.public, found.folder / PORTAL)
        if purge is not None:
            purge(found.public)
        _require_nothing_comes_back(found, now, [one for one in every(site) if one.number > found.number])
        held = is_held(site)
        try:
            write_durably(site / HELD, str(now.number).encode())  # first: should the power go now, no timer undoes it
            _use(site, found)
        finally:
            if not held and current(site) != found:
                (site / HELD).unlink(missing_ok=True)  # nobody went back
        if found.number == every(site)[0].number:
            (site / HELD).unlink(missing_ok=True)  # the newest is in use again
        return found


def left(site: Path) -> Release | None:
    """Return the release from which somebody went back last; None where nobody did, or it is not there any more."""
    try:
        number = int((site / HELD).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return next((one for one in every(site) if one.number == number), None)


def is_held(site: Path) -> bool:
    """Return whether somebody went back: then the same content is not published again by a timer."""
    return (site / HELD).exists()


def _require_nothing_comes_back(found: Release, now: Release, later: Iterable[Release]) -> None:
    """Raise Problem where `found` holds what went since. later: all releases since, of which `now` may know nothing."""
    again = "Build the earlier content again instead; then the new keys, events and withdrawals stay."
    known = {address for one in (now, *later) for address in withdrawn.listed(one.public)}
    gone = known - set(withdrawn.listed(found.public))
    shown = sorted(address for address in gone if (found.public / address.lstrip("/")).exists())
    if shown:
        raise Problem(f"release {found.number}", f"shows what was withdrawn since: {', '.join(shown)}.", again)
    before, after = ({desk.id: desk.members for desk in one.portal.desks} for one in (found, now))
    changed = sorted(desk for desk in before | after if before.get(desk) != after.get(desk))
    if changed:
        raise Problem(f"release {found.number}", f"has other keys of {', '.join(changed)} than now.", again)
    taking = {event.id for event in now.portal.events if event.capacity is not None}
    lost = sorted(taking - {event.id for event in found.portal.events})
    if lost:
        what = f"does not know {', '.join(lost)}, to which people may have signed up since."
        raise Problem(f"release {found.number}", what, again)


def _require_one_build(public: Path, handover: Path) -> BuildManifest:
    """Return the manifest of a built site to which this portal.json belongs. Raises Problem."""
    built = _manifest(public)
    if manifests.portal_digest(portals.read(handover)) != built.portal:
        todo = "Build again: python3 build.py build"
        raise Problem(str(handover), f"does not belong to the site in {public}.", todo)
    return built


def _manifest(public: Path) -> BuildManifest:
    """Return the manifest of a built site. Raises Problem where none is built."""
    path = public / manifests.ADDRESS[1:]
    try:
        return manifests.read(path.read_bytes())
    except FileNotFoundError:
        raise Problem(str(public), "holds no built site.", "Build it: python3 build.py build") from None


def _is_same(now: Release, built: BuildManifest, public: Path) -> bool:
    """Return whether this build is the one in use, its signature included."""
    signatures = manifests.SIGNATURES[1:]
    try:
        return now.manifest == built and (now.public / signatures).read_bytes() == (public / signatures).read_bytes()
    except (Problem, OSError):
        return False


def require_whole(folder: Path, built: BuildManifest) -> None:
    """Raise Problem unless every page, script and style in the copy is the one that the manifest lists."""
    for address, file in built.files.items():
        path = folder / PUBLIC / (address.lstrip("/") + ("index.html" if address.endswith("/") else ""))
        try:
            same = manifests.file_of(path.read_bytes()) == file
        except OSError:
            same = False
        if not same:
            what = "is missing, or is not the file that was built."
            raise Problem(address, what, "Copy the whole of public/ again, or build it again.")


def remove_left(site: Path) -> None:
    """Remove the release that a killed program left half made. Nothing while one publishes: it cleans its own."""
    if any((site / RELEASES).glob("*.new")):
        with suppress(AlreadyLocked, OSError), locked(site / LOCK):
            remove_half_made(site / RELEASES)


def _use(site: Path, release: Release) -> None:
    """Let `current` lead to a release, in one rename."""
    link = site / f"{CURRENT}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(RELEASES) / release.folder.name)
    link.replace(site / CURRENT)
    sync_folder(site)


def _remove_old(site: Path, now: Release) -> None:
    others = [one for one in every(site) if one.number != now.number]
    for release in others[KEPT - 1 :]:
        shutil.rmtree(release.folder, ignore_errors=True)


@contextmanager
def _alone(site: Path) -> Iterator[None]:
    """Wait until no other program publishes here."""
    make_open_folder(site / RELEASES)
    with locked(site / LOCK, wait=True):
        yield
