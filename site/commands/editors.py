"""The staff's editor, put together for a site: where it publishes, and what signs there."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from editor import start
from editor.editor import Editor
from editor.office import withdrawal_keys
from editor.publishing import Destination, Folder
from editor.remotes.remote import Remote
from editor.remotes.signed_branch import SIGNERS
from sitegen.checks.settings_validation import remote_of
from sitegen.content.settings import SETTINGS_FILE, read_settings
from sitegen.publish.browser_bundle import WRITING
from sitegen.publish.build_manifest import Sign

from commands.building import build_for_release, build_if_changed
from commands.checkouts import checkout_of
from commands.keys import (
    demonstration_keys,
    publishers_key,
    publishers_named,
    publishers_signature,
    unprotected_keys,
)
from commands.node import node_for
from commands.site import Site
from commands.withdrawals import remove_withdrawn, take_back
from forms.core.builds import passkey_commits, passkey_signatures
from forms.core.problem import Problem
from forms.operations import releases
from forms.operations.release_place import ReleasePlace


def editor_of(site: Site, out: Path | None, *, ask: Sign | None = None, push: start.Push | None = None) -> Editor:
    """Return the editor of a site. out: the folder to publish into; without, the releases, else public.

    ask: of an office, gets a publisher's signature; without it this machine's publisher's key signs, and its passphrase
    is asked for. push: where an office publishes by a push: what is built here then is for nobody, and not signed.
    """
    if push is not None:
        place, shown = place_to_publish(site, site.public, lambda: None)
    elif ask is None:
        known = publishers_signature(site)
        place, shown = place_to_publish(site, out, lambda: known)
    else:
        place, shown = place_to_publish(site, out, partial(signature_asked_for, site, ask))
    if out is None and ask is None and push is None:
        push = place_to_push(site)
    return start.create_editor(
        site.root, site.editor_memory, place, keys=demonstration_keys(site), today=site.today,
        unprotected=unprotected_keys(site), withdraw=lambda told: take_back(site, told, shown()),
        push=push, field=partial(_field_for_texts, site),
    )  # fmt: skip


def place_to_publish(
    site: Site, out: Path | None, sign: Callable[[], Sign | None]
) -> tuple[Destination, Callable[[], Path]]:
    """Return where the editor publishes, and what tells the folder of the built site that is shown there.

    sign: tells, before each build, what signs it.
    """

    def release() -> tuple[Path, Path]:
        return build_for_release(site, sign)

    def into(folder: Path) -> bool:
        return build_if_changed(site, folder, again=True, sign=sign())

    here = replace(checkout_of(site), build=release)
    if out is None and releases.current(here.published):
        return ReleasePlace(here), partial(_in_use, site)
    folder = out or site.public
    return Folder(folder, into, partial(remove_withdrawn, site)), lambda: folder


def signature_asked_for(site: Site, ask: Sign) -> Sign | None:
    """Return what asks a publisher's passkey for a signature; None where portal.yml names no publisher.

    Raises Problem where it names none with a passkey: the office's machine faces the internet, and holds no key.
    """
    named = publishers_named(site)
    if named and not any(map(passkey_signatures.is_public_key, named)):
        what = "This site is signed, and nobody's passkey is named in portal.yml under publishers."
        todo = "Name one: python3 build.py edit office publisher-keys. Or publish where the key is: build.py publish"
        raise Problem("publish", what, todo)
    return ask if named else None


def office_push(site: Site, ask: Callable[[bytes], bytes]) -> start.Push | None:
    """Return the git remote that portal.yml names, to which an office pushes; None where it names none.

    ask: gets a publisher's signature of a commit's bytes. Raises Problem where the office has no key for withdrawals: a
    no would wait for a publisher.
    """
    named = remote_of(read_settings(site.content), SETTINGS_FILE)
    if not named:
        return None
    key = withdrawal_keys.key(site.editor_memory)
    if key is None:
        what = f"names {named[0]} under publish, and this office has no key to push withdrawals with."
        todo = "Make it, and give its line to whoever runs the server: python3 build.py edit office withdrawal-key"
        raise Problem("content/portal.yml", what, todo)
    return start.Push(Remote(*named, partial(_remote_token, site)), key, ask)


def commit_signers(site: Site) -> tuple[str, ...]:
    """Return the passkeys whose signatures of commits count on this machine: those of the file of signers here."""
    path = site.editor_memory / SIGNERS
    lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
    return tuple(filter(None, map(passkey_commits.passkey_of, lines)))


def _in_use(site: Site) -> Path:
    """Return the built site of the release in use."""
    now = releases.current(site.published)
    return now.public if now else site.public


def place_to_push(site: Site) -> start.Push | None:
    """Return the git remote that portal.yml names (publish:), and this machine's key; None where it names none."""
    named = remote_of(read_settings(site.content), SETTINGS_FILE)
    if not named:
        return None
    return start.Push(Remote(*named, partial(_remote_token, site)), publishers_key(site))


def remote_token_file(site: Site) -> Path:
    """Return the file with address, name and token for a git remote over https, one to a line.

    They are never in portal.yml, which everybody reads.
    """
    return site.editor_memory / "remote-token"


def _remote_token(site: Site, address: str) -> tuple[str, str] | None:
    """Return the name and token for this address; None where there is none, or it is for another address."""
    with suppress(OSError, ValueError):
        known, user, token = remote_token_file(site).read_text(encoding="utf-8").splitlines()
        return (user, token) if known == address else None
    return None


def make_field_for_texts(site: Site) -> None:
    """Bundle the editor's field for texts unless it is there; where that cannot be, say so: a plain one stays."""
    sources = site.root / "site" / "editor" / "browser"
    try:
        with node_for(site, WRITING, sources, site.root / ".build" / "node-writing"):
            WRITING.make(sources, site.root / WRITING.cache_folder)
    except Problem as problem:
        click.echo(f"{problem} Until then texts are written in a plain field.")


def _field_for_texts(site: Site) -> Path | None:
    """Return the script of the editor's field for texts; None before it is made."""
    script = WRITING.cached_path(site.root / "site" / "editor" / "browser", site.root / WRITING.cache_folder)
    return script if script.exists() else None
