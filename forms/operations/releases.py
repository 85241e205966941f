"""Releases: a built site and the portal.json that belongs to it, in one folder, put into use by one rename.

    published/releases/00000029/public/ portal.json
    published/current -> releases/00000029

nginx serves published/current/public, the forms read published/current/portal.json: a page and the forms that it
posts to change at the same moment (docs/decisions/0059).
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
from forms.operations.release_copies import copy_site, new_release_folder, remove_unfinished

CURRENT, RELEASES, LOCK = "current", "releases", "lock"
ROLLED_BACK = "held"
"""The file that holds the number of the release from which an operator went back."""

PUBLIC, PORTAL = "public", "portal.json"

MAX_RELEASES = 5
"""Releases that are kept, to go back to."""

Purge = Callable[[Path], object]
"""Removes what has no consent from the built site in a folder."""


@dataclass(frozen=True)
class Release:
    """A published build. number: greater than that of every release before it."""

    folder: Path
    number: int

    @property
    def public(self) -> Path:
        """The built site."""
        return self.folder / PUBLIC

    @property
    def manifest(self) -> BuildManifest:
        """The manifest of its build. Raises Problem where it is damaged."""
        return _manifest(self.public)

    @property
    def portal(self) -> Portal:
        """Its portal.json, which the forms read. Raises Problem where it is damaged."""
        return portals.read(self.folder / PORTAL)


def current(site: Path) -> Release | None:
    """Return the release in use, or None."""
    folder = (site / CURRENT).resolve()
    return Release(folder, int(folder.name)) if folder.name.isdigit() and folder.is_dir() else None


def every(site: Path) -> list[Release]:
    """Return the releases, newest first."""
    folders = (path for path in (site / RELEASES).glob("*") if path.name.isdigit() and path.is_dir())
    return sorted((Release(path, int(path.name)) for path in folders), key=lambda release: -release.number)


def publish(site: Path, public: Path, handover: Path, today: date, *, purge: Purge | None = None) -> Release:
    """Make a release of a built site and its portal.json, and put it into use; return it.

    Publishing the same build again changes nothing. purge: run on the new folder before it is in use, and once more
    afterwards. Raises Problem or OSError: then nothing has changed.
    """
    with _lock(site):
        built, in_use = _require_one_build(public, handover), current(site)
        if in_use is not None and _is_same(in_use, built, public):
            return in_use
        newest = max((release.number for release in every(site)), default=0)
        number = max(built.number, newest + 1)
        release = Release(site / RELEASES / f"{number:010}", number)
        with new_release_folder(release.folder) as folder:
            copy_site(public, folder / PUBLIC, in_use.public if in_use else None)
            shutil.copyfile(handover, folder / PORTAL)
            if in_use is not None:
                earlier_assets.keep(in_use.public, folder / PUBLIC, today)
            built = _require_one_build(folder / PUBLIC, folder / PORTAL)  # the copy: a build may run meanwhile
            require_complete(folder, built)
            if purge is not None:
                purge(folder / PUBLIC)
        _switch_to(site, release)
        if purge is not None:
            purge(release.public)  # a withdrawal made in between reached only the earlier releases
        (site / ROLLED_BACK).unlink(missing_ok=True)
        _remove_old(site, release)
        return release


def rollback(
    site: Path, number: int | None = None, *, purge: Purge | None = None, seen: Release | None = None
) -> Release:
    """Put another release into use, the one before or that with a number; return it.

    seen: the release that was in use when the operator decided to go back. purge: removes from the release what was
    withdrawn since. Raises Problem, and changes nothing, where that fails, where the release holds keys that were
    replaced since, or lacks an event that people may have signed up for.
    """
    with _lock(site):
        in_use = current(site)
        if seen is not None and in_use != seen:
            what = f"was put into use meanwhile, in the place of {seen.number}."
            raise Problem(f"release {in_use.number if in_use else 0}", what, "Look at it, and say it again: rollback")
        target = _rollback_target(site, in_use, number)
        if in_use is None or target is None:
            what = "has no earlier release" if number is None else f"has no other release {number}"
            raise Problem(str(site), f"{what}.", "See what there is: releases")
        _require_one_build(target.public, target.folder / PORTAL)
        if purge is not None:
            purge(target.public)
        _require_nothing_comes_back(target, in_use, [one for one in every(site) if one.number > target.number])
        _switch_back(site, in_use, target)
        return target


def _rollback_target(site: Path, in_use: Release | None, number: int | None) -> Release | None:
    """Return the release with a number, else the newest one before that in use; None where there is none."""
    if in_use is None:
        return None
    if number is None:
        return next((release for release in every(site) if release.number < in_use.number), None)
    return next((release for release in every(site) if release.number == number != in_use.number), None)


def _switch_back(site: Path, in_use: Release, target: Release) -> None:
    """Put a release into use again, and record that an operator went back, unless it is the newest."""
    was_rolled_back = is_rolled_back(site)
    try:
        write_durably(site / ROLLED_BACK, str(in_use.number).encode())  # first: after a power cut no timer undoes it
        _switch_to(site, target)
    finally:
        if not was_rolled_back and current(site) != target:
            (site / ROLLED_BACK).unlink(missing_ok=True)  # the switch failed
    if target.number == every(site)[0].number:
        (site / ROLLED_BACK).unlink(missing_ok=True)


def rolled_back_from(site: Path) -> Release | None:
    """Return the release from which an operator went back last; None where nobody did, or it was removed since."""
    try:
        number = int((site / ROLLED_BACK).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return next((release for release in every(site) if release.number == number), None)


def is_rolled_back(site: Path) -> bool:
    """Return whether an operator went back: then no timer publishes the same content again."""
    return (site / ROLLED_BACK).exists()


def _require_nothing_comes_back(target: Release, in_use: Release, later: Iterable[Release]) -> None:
    """Raise Problem where `target` would bring back something that was removed since.

    later: all releases since `target`; the release in use may lack what one of them withdrew.
    """
    todo = "Build the earlier content again instead; then the new keys, events and withdrawals stay."
    withdrawn_since = {address for release in (in_use, *later) for address in withdrawn.read_addresses(release.public)}
    withdrawn_since -= set(withdrawn.read_addresses(target.public))
    shown = sorted(address for address in withdrawn_since if (target.public / address.lstrip("/")).exists())
    if shown:
        raise Problem(f"release {target.number}", f"shows what was withdrawn since: {', '.join(shown)}.", todo)
    old, new = ({desk.id: desk.members for desk in release.portal.desks} for release in (target, in_use))
    changed = sorted(desk for desk in old | new if old.get(desk) != new.get(desk))
    if changed:
        raise Problem(f"release {target.number}", f"has other keys of {', '.join(changed)} than now.", todo)
    open_events = {event.id for event in in_use.portal.events if event.capacity is not None}
    missing = sorted(open_events - {event.id for event in target.portal.events})
    if missing:
        what = f"does not know {', '.join(missing)}, to which people may have signed up since."
        raise Problem(f"release {target.number}", what, todo)


def _require_one_build(public: Path, handover: Path) -> BuildManifest:
    """Return the manifest of a built site. Raises Problem where this portal.json belongs to another build."""
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


def _is_same(in_use: Release, built: BuildManifest, public: Path) -> bool:
    """Return whether this build is the one in use, its signature included."""
    signatures = manifests.SIGNATURES[1:]
    try:
        return (
            in_use.manifest == built and (in_use.public / signatures).read_bytes() == (public / signatures).read_bytes()
        )
    except (Problem, OSError):
        return False


def require_complete(folder: Path, built: BuildManifest) -> None:
    """Raise Problem unless every page, script and style in the copy is the one that the manifest lists."""
    for address, file in built.files.items():
        path = folder / PUBLIC / (address.lstrip("/") + ("index.html" if address.endswith("/") else ""))
        try:
            is_same = manifests.file_of(path.read_bytes()) == file
        except OSError:
            is_same = False
        if not is_same:
            what = "is missing, or is not the file that was built."
            raise Problem(address, what, "Copy the whole of public/ again, or build it again.")


def remove_unfinished_releases(site: Path) -> None:
    """Remove the unfinished release of a program that was killed. While another publishes, do nothing: it does so."""
    if any((site / RELEASES).glob("*.new")):
        with suppress(AlreadyLocked, OSError), locked(site / LOCK):
            remove_unfinished(site / RELEASES)


def _switch_to(site: Path, release: Release) -> None:
    """Point `current` at a release, in one rename."""
    link = site / f"{CURRENT}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(RELEASES) / release.folder.name)
    link.replace(site / CURRENT)
    sync_folder(site)


def _remove_old(site: Path, in_use: Release) -> None:
    others = [release for release in every(site) if release.number != in_use.number]
    for release in others[MAX_RELEASES - 1 :]:
        shutil.rmtree(release.folder, ignore_errors=True)


@contextmanager
def _lock(site: Path) -> Iterator[None]:
    """Hold the lock of the switch between releases; wait for another program that holds it."""
    make_open_folder(site / RELEASES)
    with locked(site / LOCK, wait=True):
        yield
