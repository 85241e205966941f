"""Commits that withdraw stories and do nothing else, signed by a key for withdrawals alone (docs/decisions/0078).

A withdrawal must not wait for a publisher's passkey, so the office's machine has its own key for it. In the file of
signers, its line says `namespaces="withdrawal@portal"`: ssh-keygen then refuses it for anything that git signs. This
module checks what such a commit changes, compared with its parent.
"""

import re
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from forms.core.builds import git_signatures
from forms.core.builds.git_signatures import (
    SETTINGS,
    WITHDRAWAL,
    is_draft_of,
    is_for_site,
    publish_target,
    require_publish_target,
)
from forms.core.other_programs import run_apart
from forms.core.problem import Problem

MAX_WITHDRAWALS = 1000
"""Withdrawals in a row that are checked; then a publisher must publish."""

MAX_KEYGEN_SECONDS = 60
"""Seconds that ssh-keygen may take."""

CONSENTS = "tables/consents.csv"

_MODES = re.compile(r":(\d{6}) (\d{6}) [0-9a-f]+ [0-9a-f]+ ([A-Z])\d*")
_PARENT = re.compile(rb"^parent ([0-9a-f]{40,64})$", re.M)
_REGULAR_FILE = "100644"
_TODO = "The office withdraws again once its program is up to date. If it is, look at who has its key."

WithdrawnStories = Callable[[bytes, bytes], Collection[str] | None]
"""Takes consents.csv before and after a change; returns the stories that are withdrawn after it, or None where the
change did anything else, or nothing."""


class BareClone(Protocol):
    """What this module needs from a clone (git_repository.GitRepository)."""

    @property
    def branch(self) -> str:
        """The branch that is published."""

    @property
    def signers(self) -> Path:
        """The file of signers."""

    @property
    def where(self) -> str:
        """The branch as messages name it."""

    def raw_commit(self, commit: str) -> bytes:
        """Return a commit object as git stores it."""

    def read_file(self, commit: str, name: str) -> bytes:
        """Return a file of a commit; empty where the commit has none of this name."""

    def changes(self, before: str, after: str) -> list[str]:
        """Return what differs, as `git diff-tree --raw -z` prints it: a line of modes, then the file name, in turns."""


def is_withdrawal(raw: bytes) -> bool:
    """Return whether a commit is signed as a withdrawal. Its signature is not verified here."""
    try:
        return git_signatures.parse_signature(git_signatures.split_commit(raw)[0]).namespace == WITHDRAWAL
    except ValueError:
        return False


def split_withdrawals(clone: BareClone, commit: str, previous: str | None) -> tuple[str, list[str]]:
    """Return the commit that a publisher must have signed, and the withdrawals that follow it, newest first.

    previous: the commit that was trusted last. Only the first parent of a withdrawal is followed: with another parent
    an attacker could bring an older state back.
    """
    withdrawals: list[str] = []
    while commit != previous and len(withdrawals) < MAX_WITHDRAWALS and is_withdrawal(raw := clone.raw_commit(commit)):
        parent = _PARENT.search(raw.partition(b"\n\n")[0])
        if not parent:
            break
        withdrawals.append(commit)
        commit = parent[1].decode()
    return commit, withdrawals


def require_withdrawal(clone: BareClone, commit: str, parent: str, withdrawn_stories: WithdrawnStories) -> str:
    """Return who signed a withdrawal that follows the commit `parent`. Raises Problem where it is not a valid one."""
    signer = _require_signed(clone, commit)
    message, parent_message = (_message(clone.raw_commit(each)) for each in (commit, parent))
    place = publish_target(message)
    if place is None:
        raise Problem(clone.where, f"the withdrawal {commit[:12]} does not say for which site it is.", _TODO)
    require_publish_target(message, parent_message, clone.branch, clone.where)
    if not is_for_site(place, parent_message, clone.read_file(parent, SETTINGS)):
        what = f"the withdrawal {commit[:12]} was signed for another site than portal.yml names, {place.site}."
        raise Problem(clone.where, what, "Publish once with the editor; the office then withdraws again.")
    _require_only_withdrawn(clone, commit, parent, withdrawn_stories)
    return signer


def _message(raw: bytes) -> str:
    return raw.partition(b"\n\n")[2].decode("utf-8", "replace")


def _require_signed(clone: BareClone, commit: str) -> str:
    """Return who signed a withdrawal. Raises Problem where its key is not in the file of signers, or has expired."""
    signature, payload = git_signatures.split_commit(clone.raw_commit(commit))
    public = git_signatures.parse_signature(signature).public
    with tempfile.NamedTemporaryFile(suffix=".sig") as file:
        file.write(signature + b"\n")
        file.flush()
        principals = _run_keygen("find-principals", clone.signers, file.name, b"")
        signer = principals.partition("\n")[0].partition(",")[0]
        options = ("-I", signer, "-n", WITHDRAWAL.decode())  # verified for now: an expired key withdraws nothing
        is_verified = signer and _run_keygen("verify", clone.signers, file.name, payload, *options)
    if not is_verified:
        what = f"{commit[:12]} is a withdrawal, and not signed with a key that {clone.signers.name} has for them."
        todo = "Write the line there that the office shows: edit office withdrawal-key"
        raise Problem(clone.where, what, todo)
    _require_limited_key(clone, public)
    return signer


def _require_limited_key(clone: BareClone, public: bytes) -> None:
    """Raise Problem where a line of the file of signers allows this key more than withdrawals."""
    for number, line in enumerate(clone.signers.read_text("utf-8", "replace").splitlines(), start=1):
        if git_signatures.signer_key(line) != public:
            continue
        options, key, _comment = line.partition(b64encode(public).decode())  # options count only before the key
        namespaces = re.search(r'\bnamespaces="([^"]*)"', options) if key else None
        if not namespaces or namespaces[1] != WITHDRAWAL.decode():
            what = "lets a key publish anything that lies on a machine which faces the internet."
            todo = f'Write into this line, after the name: namespaces="{WITHDRAWAL.decode()}"'
            raise Problem(f"{clone.signers}, line {number}", what, todo)


def _run_keygen(action: str, signers: Path, signature: str, message: bytes, *options: str) -> str:
    """Return what ssh-keygen prints; "" where it refuses. Raises Problem where it cannot be run."""
    command = ["ssh-keygen", "-Y", action, "-f", str(signers), "-s", signature, *options]
    try:
        result = run_apart(command, stdin=message, max_seconds=MAX_KEYGEN_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        fault = "did not answer" if isinstance(error, subprocess.TimeoutExpired) else "is not here"
        raise Problem("ssh-keygen", f"{fault}, so no signature was checked.", "Install openssh-client.") from None
    return "" if result.returncode else result.stdout.decode("utf-8", "replace").strip()


def _require_only_withdrawn(clone: BareClone, commit: str, parent: str, withdrawn_stories: WithdrawnStories) -> None:
    """Raise Problem where a withdrawal changes more than the consents it ends, and drafts of those stories."""
    stories = withdrawn_stories(clone.read_file(parent, CONSENTS), clone.read_file(commit, CONSENTS))
    if stories is None:
        what = f"the withdrawal {commit[:12]} changes more of consents.csv than stories that are withdrawn today."
        raise Problem(clone.where, what, _TODO)
    changes = clone.changes(parent, commit)
    for modes, name in zip(changes[::2], changes[1::2], strict=True):
        match = _MODES.fullmatch(modes)
        is_table = name == CONSENTS and match and match.groups() == (_REGULAR_FILE, _REGULAR_FILE, "M")
        if not is_table and not (match and match[3] == "D" and is_draft_of(name, stories)):
            what = f"the withdrawal {commit[:12]} changes {_printable(name)} too."
            raise Problem(clone.where, what, _TODO)


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)[:100]
