"""What the editor's commands do. They import this when they are called: the editor's packages may not be installed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
from editor import start
from editor.editor import Editor
from editor.office import commands as account_commands
from editor.office import office, serving
from editor.office.build_signatures import BuildSignatures
from editor.reviewing import review_pack
from editor.window.app import create_window
from sitegen.checks.settings_validation import remote_of
from sitegen.content.settings import SETTINGS_FILE, read_settings

from commands.building import lacks_signature
from commands.editors import commit_signers, editor_of, make_field_for_texts, office_push, remote_token_file
from commands.keys import publishers_named
from commands.site import Site
from forms.core.files.durable import write_safely
from forms.core.problem import Problem
from forms.operations.installing.conditions import require_name
from forms.operations.updating.content_writers import require_no_clone


def office_accounts(site: Site) -> click.Group:
    """Return the commands for accounts of the office."""

    @contextmanager
    def guard() -> Iterator[None]:
        with site.report_problems():
            yield

    def languages() -> tuple[str, ...]:
        return tuple(str(row["code"]) for row in read_settings(site.content)["languages"])

    return account_commands.group(site.editor_memory, languages, guard)


def serve_office(site: Site, name: str, bind: str, out: Path | None) -> None:
    """Serve the editor to a district's staff, until ended. Raises Problem."""
    require_name(name)
    require_no_clone(site.root)
    with start.exclusive(site.editor_memory):
        pushes = out is None and remote_of(read_settings(site.content), SETTINGS_FILE) is not None
        signatures = BuildSignatures(
            partial(commit_signers if pushes else publishers_named, site),
            (lambda: False) if pushes else partial(lacks_signature, site, out or site.public),
        )
        push = office_push(site, signatures.sign_commit) if pushes else None
        editor = editor_of(site, out, ask=signatures.sign, push=push)
        place = office.create_office(
            f"https://{name}", site.editor_memory, editor.store.languages, signatures=signatures
        )
        serving.serve(create_window(editor, place), bind, partial(start.start_background_work, editor))


def open_editor(site: Site, port: int, out: Path | None, *, browser: bool) -> None:
    """Open the editor's window, and serve it until interrupted. Raises Problem."""

    def with_its_field() -> Editor:
        threading.Thread(target=make_field_for_texts, args=(site,), daemon=True).start()  # shown once it is there
        return editor_of(site, out)

    start.open_window(site.editor_memory, with_its_field, port, click.echo, browser=browser)


def write_review_pack(site: Site, language: str, out: Path) -> None:
    """Write a paper and a table for a native reader. Raises Problem."""
    with start.exclusive(site.editor_memory):
        editor = editor_of(site, None)
        for path in review_pack.write(editor, language, out):
            click.echo(path)
        editor.store.history.close()


def keep_remote_token(site: Site, user: str, token: str) -> None:
    """Keep the name and token for the git remote of portal.yml on this machine. Raises Problem."""
    named = remote_of(read_settings(site.content), SETTINGS_FILE)
    if named is None or not named[0].startswith("https:"):
        todo = "Write there, like:  publish: {remote: https://git.example/district.git}"
        raise Problem("content/portal.yml", "names no git remote that needs a token.", todo)
    user, token = user.strip(), token.strip()
    if not (user + token).isprintable() or not token.isascii():
        raise Problem("token", "has characters that no token has.", "Copy it anew, as one line.")
    write_safely(remote_token_file(site), f"{named[0]}\n{user}\n{token}\n".encode())
    click.echo(f"It is kept for {named[0]} only. Where you lose this machine, end the token at the git server.")


def push_withdrawals(site: Site) -> None:
    """Push what was withdrawn to the git remote that portal.yml names, or leave it to an editor that is open.

    Raises Problem where it did not work now.
    """
    try:
        with start.exclusive(site.editor_memory):
            where = _push(site)
    except start.AlreadyRuns:
        click.echo("The editor that is open takes it to the server within a minute; its first page says when.")
    else:
        click.echo(f"It was pushed to {where}. The server takes it within a quarter of an hour.")


def _push(site: Site) -> str:
    """Push what was withdrawn; return where to. Raises Problem."""
    editor = editor_of(site, None)
    editor.store.record_external_changes()
    try:
        editor.publisher.withdraw("?", site.today().isoformat())
        editor.publisher.wait()
    finally:
        editor.store.history.close()
    if editor.publisher.withdrawal is not None:
        raise editor.publisher.withdrawal
    return editor.publisher.destination.where
