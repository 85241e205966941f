"""Keys on this machine: of the demonstration's desks, and the publisher's, which signs what is built."""

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path

import click
from sitegen.content.settings import read_settings

from commands.site import Site
from forms.core.builds import manifest as build_manifest
from forms.core.crypto import signing
from forms.core.terminal.prompts import ask_secret
from forms.desk.crypto import keys

PASSPHRASE = "PORTAL_PUBLISHER_PASSPHRASE"  # noqa: S105 - a name
"""The variable that gives the passphrase of the publisher's key where nobody can be asked for it."""


def demonstration_keys(site: Site) -> Mapping[str, tuple[str, str, str]]:
    """Return keys for the desks that portal.yml leaves without, made on first use; none once it is for real."""
    settings = read_settings(site.content)
    if not settings.get("demonstration"):
        return {}
    return keys.make_demonstration(site.desk_keys, [row["id"] for row in settings["desks"] if not row.get("key")])


def unprotected_keys(site: Site) -> frozenset[str]:
    """Return public keys of the demonstration's desks on this machine: a real site must not use them."""
    return keys.unprotected_keys(site.desk_keys)


def has_publishers_key(site: Site) -> bool:
    """Return whether this machine has a publisher's key."""
    return keys.has_passphrase(site.publisher_keys)


def publishers_key(site: Site) -> signing.PrivateKey | None:
    """Return this machine's publisher's key, once its passphrase is typed; None where there is none."""
    known = os.environ.get(PASSPHRASE)
    return _opened(site.publisher_keys, known) if has_publishers_key(site) else None


@cache
def _opened(folder: Path, known: str | None) -> signing.PrivateKey:
    """Return the signing key in a folder; its passphrase is asked for once where it is not known."""
    passphrase = known or ask_secret("Publisher's passphrase", or_else=f"or set {PASSPHRASE}")
    return signing.signing_key(str(keys.identity(folder, lambda: passphrase)))


def publishers_named(site: Site) -> tuple[str, ...]:
    """Return the keys of who signs the site, as portal.yml names them now; none where that is no list: a check says it.

    Raises Problem where portal.yml cannot be read.
    """
    listed = read_settings(site.content).get("publishers")
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def publishers_signature(site: Site) -> Callable[[bytes], str] | None:
    """Return what signs the list of a build with this machine's publisher's key; None where there is none."""
    listed = publishers_named(site)
    key = publishers_key(site)
    if key is None:
        if listed:
            click.echo(
                "No publisher's key is on this machine: the list of the build is not signed, and desks will say so."
            )
        return None
    if signing.public_text(key) not in listed:
        click.echo("portal.yml does not name this machine's publisher's key under publishers: desks cannot know it.")
    return partial(build_manifest.signature_line, key=key)
