"""The staff's editor, put together for a site: where it publishes, and what signs there."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from editor import start
from editor.editor import Editor
from editor.publishing import Folder, Place
from editor.remotes.remote import Remote
from sitegen.content.settings import WHERE, read_settings
from sitegen.content.settings_schema import remote_of
from sitegen.publish.browser_bundle import WRITING

from commands.building import build_for_release, build_if_changed
from commands.checkouts import checkout_of
from commands.keys import demonstration_keys, publishers_key, publishers_signature, unprotected_keys
from commands.node import node_for
from commands.site import Site
from commands.withdrawals import remove_withdrawn, take_back
from forms.core.problem import Problem
from forms.operations import releases
from forms.operations.release_place import ReleasePlace


def editor_of(site: Site, out: Path | None, *, may_sign: bool = True) -> Editor:
    """Return the editor of a site. out: the folder to publish into; without, the releases, else public.

    may_sign: ask for the passphrase of this machine's publisher's key; without it, a site that is signed is refused.
    """
    sign = publishers_signature(site) if may_sign else None
    place, shown = place_to_publish(site, out, sign, may_sign=may_sign)
    return start.make(
        site.root, site.editor_memory, place, keys=demonstration_keys(site), today=site.today,
        unprotected=unprotected_keys(site), withdraw=lambda told: take_back(site, told, shown()),
        push=place_to_push(site, may_sign=may_sign) if out is None else None, field=partial(_field_for_texts, site),
    )  # fmt: skip


def place_to_publish(
    site: Site, out: Path | None, sign: Callable[[bytes], str] | None, *, may_sign: bool = True
) -> tuple[Place, Callable[[], Path]]:
    """Return where the editor publishes, and what tells the folder of the built site that is shown there."""

    def first() -> None:
        if not may_sign:
            refuse_signed_site(site)

    def release() -> tuple[Path, Path]:
        first()
        return build_for_release(site, lambda: sign)

    def into(folder: Path) -> bool:
        first()
        return build_if_changed(site, folder, again=True, sign=sign)

    here = replace(checkout_of(site), build=release)
    if out is None and releases.current(here.published):
        return ReleasePlace(here), partial(_in_use, site)
    folder = out or site.public
    return Folder(folder, into, partial(remove_withdrawn, site)), lambda: folder


def refuse_signed_site(site: Site) -> None:
    """Raise Problem where desks expect a signature: the office's machine faces the internet, and holds no such key."""
    if read_settings(site.content).get("publishers"):
        what = "This site is signed, and the key is not on the office's machine."
        raise Problem("publish", what, "Ask a person who has it to publish what is saved here: build.py publish.")


def _in_use(site: Site) -> Path:
    """Return the built site of the release in use."""
    now = releases.current(site.published)
    return now.public if now else site.public


def place_to_push(site: Site, *, may_sign: bool = True) -> start.Push | None:
    """Return the git remote that portal.yml names (publish:), and this machine's key; None where it names none."""
    named = remote_of(read_settings(site.content), WHERE)
    if not named:
        return None
    return start.Push(Remote(*named, partial(_remote_token, site)), publishers_key(site) if may_sign else None)


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
            WRITING.make(sources, site.root / WRITING.kept_in)
    except Problem as problem:
        click.echo(f"{problem} Until then texts are written in a plain field.")


def _field_for_texts(site: Site) -> Path | None:
    """Return the script of the editor's field for texts; None before it is made."""
    script = WRITING.kept(site.root / "site" / "editor" / "browser", site.root / WRITING.kept_in)
    return script if script.exists() else None
