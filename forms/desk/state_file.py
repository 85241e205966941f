"""Small JSON files in a desk's folder: what this machine records besides its letters.

A damaged file is not treated as a missing one: each caller decides what is safe, the damaged file is kept beside the
new one, and the doctor reports it until somebody has removed it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from forms.core.files.durable import write_or_complain
from forms.core.i18n.lazy_text import LazyText, joined, lazy_gettext
from forms.core.problem import Problem
from forms.desk.command_line import command

T = TypeVar("T")


class DamagedFile(Problem):
    """A state file cannot be read."""


class StateFile(Generic[T]):
    """One state file, read into a type of ours.

    lost: a sentence that says what is lost if the file is damaged, and what to do. is_whole: checks that the content
    is consistent. Unknown fields are ignored: a newer program wrote them.
    """

    def __init__(
        self, path: Path, adapter: TypeAdapter[T], lost: str = "", is_whole: Callable[[T], bool] = lambda _: True
    ) -> None:
        self.path, self._adapter, self._lost, self._is_whole = path, adapter, lost, is_whole

    def read(self) -> T | None:
        """Return the stored state, None if there is no file. Raises DamagedFile."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._damaged(error.strerror or "") from None
        try:
            state = self._adapter.validate_json(data, strict=True)
        except ValueError:  # also pydantic's ValidationError
            raise self._damaged("") from None
        if not self._is_whole(state) or (is_dataclass(state) and _has_no_known_field(state, data)):
            raise self._damaged("")
        return state

    def read_or(self, default: T) -> T:
        """Return the stored state, or `default` if the file is missing or damaged. See `complaints`."""
        with suppress(DamagedFile):
            state = self.read()
            return default if state is None else state
        return default

    def write(self, state: T) -> None:
        """Store the state; a damaged file is kept under another name. Raises Problem."""
        if self._is_damaged():
            with suppress(OSError):
                self.path.replace(self._damaged_path)
        write_or_complain(self.path, json.dumps(self._adapter.dump_python(state, mode="json")).encode())

    def try_to_write(self, state: T) -> None:
        """Store the state if possible: a full disk must not keep staff from their letters."""
        with suppress(Problem):
            self.write(state)

    def remove(self) -> bool:
        """Delete the file and its damaged predecessor; return whether there was one."""
        existed = self.path.exists() or self._damaged_path.exists()
        self.path.unlink(missing_ok=True)
        self._damaged_path.unlink(missing_ok=True)
        return existed

    def complaints(self) -> Iterator[str]:
        """Yield a sentence if the file is damaged, or if a damaged predecessor has not been removed."""
        if self._is_damaged():
            yield joined(lazy_gettext("%(file)s in this desk's folder is damaged.", file=self.path.name), self._lost)
        elif self._damaged_path.exists():
            complaint = lazy_gettext("%(file)s in this desk's folder was damaged.", file=self.path.name)
            advice = lazy_gettext("To end this notice, remove %(file)s.", file=self._damaged_path)
            yield joined(complaint, self._lost, advice)

    @property
    def _damaged_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.damaged")

    def _is_damaged(self) -> bool:
        try:
            self.read()
        except DamagedFile:
            return True
        return False

    def _damaged(self, reason: str) -> DamagedFile:
        what = lazy_gettext("cannot be read (%(reason)s).", reason=reason) if reason else "is damaged."
        return DamagedFile(str(self.path), what, self._lost or _ask_doctor())


def _ask_doctor() -> LazyText:
    return lazy_gettext("Ask the desk's doctor what is lost: %(command)s", command=command("doctor"))


def _has_no_known_field(state: Any, data: bytes) -> bool:
    """Return whether a file holds no field of its type: every field would silently have its default."""
    return not {field.name for field in fields(state)} & set(json.loads(data))
