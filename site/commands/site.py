"""The site that a command works on: its folder, and what this machine keeps beside it.

Click and what reports problems are loaded where they are needed: unchanged.py needs neither.
"""

# ruff: noqa: PLC0415

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

SITE = "commands.site"
"""Where click's context keeps the Site."""

_ZONE = re.compile(r"^timezone:[ \t]*[\"']?([\w/+-]+)", re.M)


def today_in(content: Path, now: datetime | None = None) -> date:
    """Return the day in the district's time zone, even where the rest of portal.yml is broken.

    now: with its time zone; without one, this moment. Where no zone can be read it is the day on this machine.
    """
    moment = now or datetime.now().astimezone()
    with suppress(OSError, ValueError):  # no file; not UTF-8; no such zone (ZoneInfoNotFoundError is a KeyError)
        found = _ZONE.search((content / "portal.yml").read_text(encoding="utf-8-sig"))
        with suppress(KeyError):
            moment = moment.astimezone(ZoneInfo(found[1])) if found else moment
    return moment.date()


@dataclass(frozen=True)
class Program:
    """What build.py knows of itself.

    file: build.py; environment: the folder of the packages in use; everyday: the groups of packages that are installed
    where none is named; node: returns an environment with node below a folder, fetched unless it was fetched ahead,
    when told what it is for.
    """

    file: Path
    environment: Path
    everyday: tuple[str, ...]
    node: Callable[[Path, str], Path]

    @property
    def root(self) -> Path:
        """The folder of the checkout."""
        return self.file.parent


@dataclass(frozen=True)
class Site:
    """A district's site.

    root: the checkout's folder, or that of another district; clock: returns the day, told the folder of the content.
    """

    root: Path
    program: Program
    clock: Callable[[Path], date] = today_in

    @property
    def content(self) -> Path:
        """What the district owns."""
        return self.root / "content"

    @property
    def public(self) -> Path:
        """The built site."""
        return self.root / "public"

    @property
    def handover(self) -> Path:
        """What a build hands over to the forms server and to desks."""
        return self.root / ".build" / "portal.json"

    @property
    def published(self) -> Path:
        """The folder of the releases (forms/operations/releases.py)."""
        return self.root / "published"

    @property
    def for_release(self) -> Path:
        """The site that was built for the newest release, beside them: the next one is made of it."""
        return self.published / "built" / "public"

    @property
    def desk_keys(self) -> Path:
        """The demonstration's desks on this machine."""
        return self.root / "var" / "desk"

    @property
    def publisher_keys(self) -> Path:
        """The key with which this machine signs what it builds."""
        return self.root / "var" / "publisher"

    @property
    def editor_memory(self) -> Path:
        """What the editor keeps on this machine: its history, and who writes."""
        return self.root / "var" / "editor"

    def today(self) -> date:
        """Return the day in the district (portal.yml, timezone): by it events pass and consents end."""
        return self.clock(self.content)

    def report_problems(self) -> AbstractContextManager[None]:
        """Report problems as sentences on the error stream, with exit code 1."""
        from commands.problems import report_problems

        return report_problems(self.root)


def this_site() -> Site:
    """Return the site of the running command."""
    import click

    found: Site = click.get_current_context().meta[SITE]
    return found


def public_folder() -> Path:
    """Return the folder of the built site, for an option that names none."""
    return this_site().public
