"""Commits that withdraw stories and do nothing else, signed by a key that is good for nothing else (decision 0078).

A no waits for no publisher's finger, so the office's machine has a key of its own for it. In the file of signers its
line says `namespaces="withdrawal@portal"`: ssh-keygen itself then refuses it for anything that git signs. What such a
commit may change is looked at here, against the commit on which it stands.
"""

import re
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from forms.core.builds import git_signatures
from forms.core.builds.git_signatures import SETTINGS, WITHDRAWAL, is_draft_of, is_of_site, place_of, require_place
from forms.core.other_programs import run_apart
from forms.core.problem import Problem

MOST = 1000
"""Withdrawals one upon another that are looked at before somebody must publish."""

LONGEST = 60
"""Seconds that ssh-keygen may take."""

CONSENTS = "tables/consents.csv"

_CHANGED = re.compile(r":(\d{6}) (\d{6}) [0-9a-f]+ [0-9a-f]+ ([A-Z])\d*")
_PARENT = re.compile(rb"^parent ([0-9a-f]{40,64})$", re.M)
_FILE = "100644"
_NOTHING_ELSE = "The office withdraws again once its program is up to date. If it is, look at who has its key."

Withdrawn = Callable[[bytes, bytes], Collection[str] | None]
"""Told consents.csv before and after, returns the stories that are withdrawn after it; None where anything else of it
has changed, or nothing."""


class BareClone(Protocol):
    """What is asked of a clone."""

    @property
    def branch(self) -> str:
        """Return its branch that is published."""

    @property
    def signers(self) -> Path:
        """Return the file of signers."""

    @property
    def where(self) -> str:
        """Return how sentences call the branch."""

    def raw(self, commit: str) -> bytes:
        """Return a commit as git keeps it."""

    def file(self, commit: str, name: str) -> bytes:
        """Return a file of a commit; empty where there is none."""

    def changes(self, before: str, after: str) -> list[str]:
        """Return what differs, as `git diff-tree --raw -z` says it: a line of modes, then the name, in turns."""


def claims(raw: bytes) -> bool:
    """Return whether a commit says that it was signed as a withdrawal. It may not be true."""
    try:
        return git_signatures.parts_of(git_signatures.split(raw)[0]).namespace == WITHDRAWAL
    except ValueError:
        return False


def below(clone: BareClone, commit: str, before: str | None) -> tuple[str, list[str]]:
    """Return the commit that a publisher must have signed, and those that stand on it as withdrawals, newest first.

    before: the commit that was believed last. Each withdrawal stands on its first parent; of its others nothing is
    taken, else somebody could bring an older state back.
    """
    found: list[str] = []
    while commit != before and len(found) < MOST and claims(raw := clone.raw(commit)):
        parent = _PARENT.search(raw.partition(b"\n\n")[0])
        if not parent:
            break
        found.append(commit)
        commit = parent[1].decode()
    return commit, found


def require(clone: BareClone, commit: str, before: str, withdrawn: Withdrawn) -> str:
    """Return who signed a withdrawal that stands on the commit `before`. Raises Problem where it is none."""
    who = _require_signed(clone, commit)
    message, earlier = (_message(clone.raw(one)) for one in (commit, before))
    place = place_of(message)
    if place is None:
        raise Problem(clone.where, f"the withdrawal {commit[:12]} does not say for which site it is.", _NOTHING_ELSE)
    require_place(message, earlier, clone.branch, clone.where)
    if not is_of_site(place, earlier, clone.file(before, SETTINGS)):
        what = f"the withdrawal {commit[:12]} was signed for another site than portal.yml names, {place.site}."
        raise Problem(clone.where, what, "Publish once with the editor; the office then withdraws again.")
    _require_nothing_else(clone, commit, before, withdrawn)
    return who


def _message(raw: bytes) -> str:
    return raw.partition(b"\n\n")[2].decode("utf-8", "replace")


def _require_signed(clone: BareClone, commit: str) -> str:
    """Return who signed a withdrawal. Raises Problem where its key is not one of theirs, or is over."""
    signature, payload = git_signatures.split(clone.raw(commit))
    public = git_signatures.parts_of(signature).public
    with tempfile.NamedTemporaryFile(suffix=".sig") as file:
        file.write(signature + b"\n")
        file.flush()
        found = _keygen("find-principals", clone.signers, file.name, b"")
        who = found.partition("\n")[0].partition(",")[0]
        # Without a time it asks for now: a key whose time is over withdraws nothing.
        known = who and _keygen("verify", clone.signers, file.name, payload, "-I", who, "-n", WITHDRAWAL.decode())
    if not known:
        what = f"{commit[:12]} is a withdrawal, and not signed with a key that {clone.signers.name} has for them."
        todo = "Write the line there that the office shows: edit office withdrawal-key"
        raise Problem(clone.where, what, todo)
    _require_no_more(clone, public)
    return who


def _require_no_more(clone: BareClone, public: bytes) -> None:
    """Raise Problem where a line of the file of signers lets this key sign more than withdrawals."""
    for number, line in enumerate(clone.signers.read_text("utf-8", "replace").splitlines(), start=1):
        if git_signatures.key_in(line) != public:
            continue
        options, is_there, _note = line.partition(b64encode(public).decode())  # behind the key they limit nothing
        option = re.search(r'\bnamespaces="([^"]*)"', options) if is_there else None
        if not option or option[1] != WITHDRAWAL.decode():
            what = "lets a key publish anything that lies on a machine which faces the internet."
            todo = f'Write into this line, after the name: namespaces="{WITHDRAWAL.decode()}"'
            raise Problem(f"{clone.signers}, line {number}", what, todo)


def _keygen(what: str, signers: Path, signature: str, message: bytes, *more: str) -> str:
    """Return what ssh-keygen says; "" where it refuses. Raises Problem where it cannot be asked."""
    asked = ["ssh-keygen", "-Y", what, "-f", str(signers), "-s", signature, *more]
    try:
        done = run_apart(asked, given=message, longest=LONGEST)
    except (OSError, subprocess.TimeoutExpired) as failed:
        said = "did not answer" if isinstance(failed, subprocess.TimeoutExpired) else "is not here"
        raise Problem("ssh-keygen", f"{said}, so no signature was checked.", "Install openssh-client.") from None
    return "" if done.returncode else done.stdout.decode("utf-8", "replace").strip()


def _require_nothing_else(clone: BareClone, commit: str, before: str, withdrawn: Withdrawn) -> None:
    """Raise Problem where a withdrawal changes more than consents that end, and drafts of those stories."""
    consents = [clone.file(one, CONSENTS) for one in (before, commit)]
    stories = withdrawn(*consents)
    if stories is None:
        what = f"the withdrawal {commit[:12]} changes more of consents.csv than stories that are withdrawn today."
        raise Problem(clone.where, what, _NOTHING_ELSE)
    told = clone.changes(before, commit)
    for modes, name in zip(told[::2], told[1::2], strict=True):
        found = _CHANGED.fullmatch(modes)
        is_table = name == CONSENTS and found and found.groups() == (_FILE, _FILE, "M")
        if not is_table and not (found and found[3] == "D" and is_draft_of(name, stories)):
            what = f"the withdrawal {commit[:12]} changes {_printable(name)} too."
            raise Problem(clone.where, what, _NOTHING_ELSE)


def _printable(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:100]
