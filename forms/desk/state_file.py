"""Small JSON files in a desk's folder: what this machine records beside its letters.

A file that is damaged is never taken for one that is not there: whoever reads it decides what errs on the safe side,
the damaged file is kept beside the new one, and the doctor says so until somebody has removed it.
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


class Damaged(Problem):
    """A file of this machine's memory cannot be read."""


class StateFile(Generic[T]):
    """One such file, read into a type of ours. lost: what is forgotten where it is damaged, and what to do, in words.

    is_whole: whether what was read holds together. Fields that are not known are passed over: a newer program wrote
    them.
    """

    def __init__(
        self, path: Path, adapter: TypeAdapter[T], lost: str = "", is_whole: Callable[[T], bool] = lambda _: True
    ) -> None:
        self.path, self._adapter, self._lost, self._is_whole = path, adapter, lost, is_whole

    def read(self) -> T | None:
        """Return what is remembered, None where there is no file. Raises Damaged."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._damaged(error.strerror or "") from None
        try:
            state = self._adapter.validate_json(data, strict=True)
        except ValueError:  # pydantic's own error is one
            raise self._damaged("") from None
        if not self._is_whole(state) or (is_dataclass(state) and _holds_none_of(state, data)):
            raise self._damaged("")
        return state

    def read_or(self, otherwise: T) -> T:
        """Return what is remembered, or `otherwise` where there is nothing or it is damaged. See `complaints`."""
        with suppress(Damaged):
            found = self.read()
            return otherwise if found is None else found
        return otherwise

    def write(self, state: T) -> None:
        """Remember this; a damaged file is kept under another name. Raises Problem."""
        if self._is_damaged():
            with suppress(OSError):
                self.path.replace(self._kept)
        write_or_complain(self.path, json.dumps(self._adapter.dump_python(state, mode="json")).encode())

    def try_to_write(self, state: T) -> None:
        """Remember this, if the disk takes it: a full disk keeps nobody from letters."""
        with suppress(Problem):
            self.write(state)

    def remove(self) -> bool:
        """Forget all, what was damaged too; return whether there was anything."""
        was_there = self.path.exists() or self._kept.exists()
        self.path.unlink(missing_ok=True)
        self._kept.unlink(missing_ok=True)
        return was_there

    def complaints(self) -> Iterator[str]:
        """Yield what is to be said where the file is damaged, or was and nobody has removed the damaged one since."""
        if self._is_damaged():
            yield joined(lazy_gettext("%(file)s in this desk's folder is damaged.", file=self.path.name), self._lost)
        elif self._kept.exists():
            said = lazy_gettext("%(file)s in this desk's folder was damaged.", file=self.path.name)
            yield joined(said, self._lost, lazy_gettext("To end this notice, remove %(file)s.", file=self._kept))

    @property
    def _kept(self) -> Path:
        return self.path.with_name(f"{self.path.name}.damaged")

    def _is_damaged(self) -> bool:
        try:
            self.read()
        except Damaged:
            return True
        return False

    def _damaged(self, why: str) -> Damaged:
        what = lazy_gettext("cannot be read (%(reason)s).", reason=why) if why else "is damaged."
        return Damaged(str(self.path), what, self._lost or _ask_doctor())


def _ask_doctor() -> LazyText:
    return lazy_gettext("Ask the desk's doctor what is lost: %(command)s", command=command("doctor"))


def _holds_none_of(state: Any, data: bytes) -> bool:
    """Return whether a file holds none of the fields of its type: each of them would be as if it were new."""
    return not {field.name for field in fields(state)} & set(json.loads(data))
