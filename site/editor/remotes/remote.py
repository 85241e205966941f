"""Fetches a branch of a remote git repository and pushes commits to it, through dulwich: no git program is needed."""

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

_NO_COMMIT = b"0" * 40
_SSH_COMMAND = "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=15 -oServerAliveCountMax=4"
"""Nobody can answer a prompt of ssh here, and a dead connection must end."""

_TIMEOUT = 60
"""Seconds without data after which a connection is given up."""

MAX_REASON_LENGTH = 200
"""Characters of the other machine's message that are shown."""

_LATER = _("Your texts are saved. Publish again when there is a network.")


class Offline(Problem):
    """The repository cannot be reached; publishing waits."""


class Moved(Exception):
    """Somebody else has pushed to the branch since it was fetched."""


@dataclass(frozen=True)
class Remote:
    """A branch of a remote repository. credentials: returns the user name and token for an address, if it needs any."""

    address: str
    branch: str = "main"
    credentials: Callable[[str], tuple[str, str] | None] = lambda _: None

    @property
    def where(self) -> str:
        """The repository and branch, for messages."""
        return f"{self.address} {self.branch}"

    @property
    def _ref(self) -> bytes:
        return f"refs/heads/{self.branch}".encode()

    def fetch(self, repository: Path) -> str:
        """Fetch the newest commit of the branch into a local repository; return its id, "" where there is no branch.

        Raises Problem.
        """
        from dulwich.repo import Repo  # noqa: PLC0415 - large

        def wanted_refs(refs: Any, depth: int | None = None) -> list[bytes]:  # noqa: ARG001 - dulwich passes it
            return [refs[self._ref]] if self._ref in refs else []

        def work() -> str:
            client, path = self._client("pull")
            with closing(Repo(repository)) as repo:
                id = client.fetch(path, repo, determine_wants=wanted_refs).refs.get(self._ref)
                return bytes(id or b"").decode()

        return self.report_errors(work)

    def push(self, repository: Path, commit: str, expected: str) -> None:
        """Push a commit to the branch, whose newest commit must be `expected` ("": there is no branch yet).

        Raises Moved where the branch has another commit by now, and Problem.
        """
        from dulwich.repo import Repo  # noqa: PLC0415

        def update(refs: dict[bytes, bytes]) -> dict[bytes, bytes]:
            """Return the refs to push. Raises Moved where the branch is no longer where it was."""
            if refs.get(self._ref, _NO_COMMIT) != (expected.encode() or _NO_COMMIT):
                raise Moved
            return {self._ref: commit.encode()}

        def work() -> str:
            client, path = self._client("push")
            with closing(Repo(repository)) as repo:
                result = client.send_pack(path, update, repo.generate_pack_data)
                return str((result.ref_status or {}).get(self._ref) or "")

        if reason := self.report_errors(work):
            if self.fetch(repository) != expected:
                raise Moved
            todo = _("Ask whoever looks after the repository whether you may push to this branch.")
            raise Problem(self.where, _("does not take it: %(reason)s.", reason=_printable(reason)), todo)

    def _client(self, operation: str) -> tuple[Any, str]:
        from dulwich.client import HttpGitClient, get_transport_and_path_from_url  # noqa: PLC0415

        if self.address.startswith("https:"):
            user, password = self.credentials(self.address) or (None, None)
            host, path = re.fullmatch(r"(https://[^/]+)(/?.*)", self.address).groups()  # type: ignore[union-attr]
            return HttpGitClient(host, username=user, password=password, timeout=_TIMEOUT), path
        client, path = get_transport_and_path_from_url(self.address, operation=operation, ssh_command=_SSH_COMMAND)
        return client, path

    def report_errors(self, work: Callable[[], str]) -> str:
        """Call `work` and return its result. Raises Problem for network errors, whose own texts may hold a secret."""
        from dulwich.client import HTTPUnauthorized  # noqa: PLC0415
        from dulwich.errors import GitProtocolError, HangupException, NotGitRepository  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            return work()
        except (Moved, Problem):
            raise
        except HTTPUnauthorized:
            todo = _("Write the name and token anew: python3 build.py edit remote-token")
            raise Problem(self.where, _("does not take the name and token of this machine."), todo) from None
        except NotGitRepository:
            if self.address.startswith("file:"):  # a disk or network share that is not mounted
                raise Offline(self.where, _("cannot be reached."), _LATER) from None
            what = _("is no git repository.")
            raise Problem(self.where, what, _("Look at publish in portal.yml.")) from None
        except HangupException as error:
            lines = [line.decode("utf-8", "replace") for line in error.stderr_lines or () if line.strip()]
            reason = f" ({_printable(lines[-1])})" if lines and self.address.startswith("ssh:") else ""
            raise Offline(self.where, _("cannot be reached%(reason)s.", reason=reason), _LATER) from None
        except (OSError, HTTPError, EOFError):
            raise Offline(self.where, _("cannot be reached."), _LATER) from None
        except (GitProtocolError, ValueError, KeyError, AssertionError) as error:
            if isinstance(error.__cause__ or error.__context__, HTTPError):
                raise Offline(self.where, _("cannot be reached."), _LATER) from None
            what = _("answers in a way that is not understood (%(reason)s).", reason=type(error).__name__)
            raise Problem(self.where, what, _("Try again; if it stays so, ask whoever looks after it.")) from None


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text).strip()[:MAX_REASON_LENGTH]
