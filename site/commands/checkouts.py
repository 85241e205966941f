"""What the operator's commands (forms.operations) can do with a site whose sources are here.

What they do with it is imported when they do it: most of them build nothing.
"""

# ruff: noqa: PLC0415
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from commands.site import Site
from forms.operations.cli.main import Checkout

if TYPE_CHECKING:
    from collections.abc import Collection

    from forms.operations.updating.git_source import GitSource


def checkout_of(site: Site) -> Checkout:
    """Return what the operator's commands can do with this site."""
    return Checkout(
        root=site.root,
        build=partial(_build, site),
        purge=partial(_purge, site),
        today=site.today,
        due=partial(_due, site),
        keep_withdrawals=partial(_keep_withdrawals, site),
        withdrawn_stories=partial(_withdrawn, site),
        program=(sys.executable, str(site.program.file)),
        libraries=partial(_library_sources, site),
        preload_looks=_preload_looks,
        preload=partial(_preload, site),
    )


def _build(site: Site) -> tuple[Path, Path]:
    """Build the site for a release; return what was built."""
    from commands.building import build_for_release

    return build_for_release(site)


def _purge(site: Site, public: Path) -> list[str]:
    """Take what has no consent out of one built site; return the addresses."""
    from commands.withdrawals import purge

    return purge(site, public)


def _keep_withdrawals(site: Site, base: bytes, here: bytes) -> list[str]:
    """Write withdrawals that were made on this machine into the consents.csv that was fetched; return their ids."""
    from sitegen.publish.withdrawals import withdrawal_merging

    return withdrawal_merging.keep_withdrawals(site.content, base, here)


def _withdrawn(site: Site, before: bytes, after: bytes) -> "Collection[str] | None":
    """Return the stories that are withdrawn in a consents.csv where nothing else of it has changed; else None."""
    from sitegen.publish.withdrawals.withdrawal_commits import withdrawn_stories

    return withdrawn_stories(before, after, site.today())


def _due(site: Site) -> list[str]:
    """Return, in sentences, helplines to be called again and consents that end soon."""
    from commands.building import prepared

    _, report = prepared(site)
    return [line for line in map(str, report.warnings) if "helplines.csv" in line or "consents.csv" in line]


def _library_sources(site: Site) -> "list[GitSource]":
    """Return the git repositories of libraries that portal.yml names. Raises Problem."""
    from sitegen.layers import libraries

    from forms.operations.updating.git_source import library_source

    named = libraries.repositories(site.content)
    place = site.root / libraries.FETCHED
    return [library_source(place, one.name, one.remote, one.branch, one.signers) for one in named]


def _preload_looks() -> None:
    """Load what it takes to find that a district has nothing to build, and that nothing was withdrawn."""
    import sitegen.publish.withdrawals.withdrawal  # noqa: F401

    import commands.building
    import commands.withdrawals  # noqa: F401


def _preload(site: Site) -> None:
    """Load what builds of districts need, and read what is the same in each, before a process is forked for each."""
    from sitegen import preloading

    import commands.building  # noqa: F401
    import forms.desk.crypto.keys  # noqa: F401

    preloading.load(site.program.root)
