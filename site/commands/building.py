"""Building a site where anything changed."""

import os
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sitegen.incremental.building import Builder
from sitegen.incremental.inputs import Inputs
from sitegen.layers import site_root
from sitegen.publish.browser_bundle import LETTER_SCRIPT

from commands.key_files import state_of_keys
from commands.keys import demonstration_keys, publishers_named, publishers_signature, unprotected_keys
from commands.node import node_for
from commands.site import Site
from commands.withdrawals import remove_withdrawn
from forms.core.builds import withdrawn
from forms.core.builds.manifest import ADDRESS, CHANGED_AFTER_SIGNING, SIGNATURES
from forms.core.problem import Problem
from forms.operations import releases
from forms.operations.districts import forked

STARTED = time.time_ns()
"""When this process began to load the program."""

if TYPE_CHECKING:
    from sitegen.checks.content_checks import CheckReport
    from sitegen.render.blocks import Context


def build_if_changed(
    site: Site,
    out: Path,
    *,
    again: bool = False,
    whole: bool = False,
    speak: bool = True,
    compress: bool = True,
    sign: Callable[[bytes], str] | None = None,
    now: Inputs | None = None,
    compared: bool = False,
    trust_site: bool = False,
) -> bool:
    """Build what changed since the last time into `out` (everything with `again`); return whether anything was built.

    whole: where anything changed, build everything.
    speak: make speech that is not in the cache; compress: write compressed copies; a site without either gets it
    when a build with it follows. sign: signs the manifest. now: the input files, where they were just scanned;
    compared: whether `is_up_to_date` has just returned false; trust_site: see there.
    """
    builder = builder_of(site, out)
    builder.key_files = state_of_keys(site)
    if not builder.has_current_consents(site.today()):
        remove_withdrawn(site, out)  # first: no problem elsewhere may keep a withdrawn story on the site
        compared = False
    is_up_to_date = partial(
        builder.is_up_to_date, speak=speak, compress=compress, sign=sign is not None, now=now, trust_site=trust_site
    )
    if not (again or compared) and is_up_to_date(site.today()):
        return False
    forked.require_prepared()
    builder.keys = demonstration_keys(site)
    builder.key_files = state_of_keys(site)  # a first build has just made some; the next build must not see a change
    builder.unprotected, builder.sign = unprotected_keys(site), sign
    before = withdrawn.read_addresses(out)
    with node_for(site, LETTER_SCRIPT, site.root / "site" / "browser", site.root / ".build" / f"node-{os.getpid()}"):
        if speak and whole and site_root.has_neighbours(site.root):
            _make_shared_work(site)
        built = builder.build(site.today(), speak=speak, compress=compress, again=again or whole)
    if built is None:
        return False
    waiting = f" {len(built.warnings)} things wait for a person: python3 build.py check" if built.warnings else ""
    result = f"Built {built.pages} pages" if built.pages else f"Put {out} back as it was built"
    click.echo(f"{result} in {built.seconds:.1f} s.{waiting}")
    for address in sorted({*before} - {*withdrawn.read_addresses(out)}):  # perhaps an older consents.csv was restored
        what = "was withdrawn and is on the site again: consents.csv does not say so any more."
        click.echo(f"{address} {what} Without a new consent: python3 build.py withdraw {address}", err=True)
    return True


def _make_shared_work(site: Site) -> None:
    """Make what the districts of this machine share, unless another of them has made it."""
    from sitegen import shared_work  # noqa: PLC0415 - loads all of a build

    shared_work.make(site.root, site.today())


@cache
def builder_of(site: Site, out: Path) -> Builder:
    """Return the builder for this folder: always the same object, which keeps the record of its last build."""
    return Builder(
        site.root, out, site.handover, click.echo, lambda: remove_withdrawn(site, out), clock=site.today,
        started=STARTED,
    )  # fmt: skip


def prepared(site: Site) -> "tuple[Context, CheckReport]":
    """Return the site's content, and what is wrong with it or waits for a person."""
    from sitegen.build import prepare  # noqa: PLC0415 - loads all checks

    return prepare(site.root, keys=demonstration_keys(site), today=site.today(), unprotected=unprotected_keys(site))


def build_for_release(site: Site, sign: Callable[[], Callable[[bytes], str] | None] | None = None) -> tuple[Path, Path]:
    """Build the site where anything changed, signed where this machine has a publisher's key; return its paths.

    sign: returns the function that signs, or None; without it, this machine's key signs. The site is built beside the
    releases, so that the user who publishes needs to write nowhere else.
    """
    site.for_release.parent.mkdir(parents=True, exist_ok=True)
    signature = sign() if sign else publishers_signature(site)
    if signature is None and _has_signed_release(site):
        _require_nothing_to_sign(site, site.for_release)
    build_if_changed(site, site.for_release, whole=True, sign=signature)
    return site.for_release, site.handover


def _has_signed_release(site: Site) -> bool:
    """Return whether portal.yml names publishers, and a release on this machine is signed.

    A release that a withdrawal has changed counts: else the build after a withdrawal could be published unsigned.
    """
    every = releases.every(site.published)
    return bool(publishers_named(site)) and any(_signatures(release.public) for release in every)


def lacks_signature(site: Site, public: Path) -> bool:
    """Return whether readers see a site that lacks its publishers' signature. public: where no release is in use."""
    current = releases.current(site.published)
    shown = current.public if current else public
    is_built = (shown / ADDRESS[1:]).is_file()
    return is_built and bool(publishers_named(site)) and _signatures(shown) in {b"", CHANGED_AFTER_SIGNING}


def _signatures(public: Path) -> bytes:
    path = public / SIGNATURES[1:]
    return path.read_bytes() if path.is_file() else b""


def _require_nothing_to_sign(site: Site, out: Path) -> None:
    """Raise Problem where a signed site would be built anew without a signature: every desk would be alarmed.

    Stories without consent are taken off first.
    """
    builder = builder_of(site, out)
    builder.key_files = state_of_keys(site)
    if not builder.has_current_consents(site.today()):
        remove_withdrawn(site, out)
    if not builder.is_up_to_date(site.today(), speak=True, compress=True, sign=True):
        todo = "Publish in the office, or on the machine with the publisher's key. What was withdrawn is off the site."
        raise Problem("publish", "The site is signed, and nothing on this machine signs a new build.", todo)
