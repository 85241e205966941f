"""The state of the watch over the public site: `site-watch.json` in the desk's folder, all of it public."""

import dataclasses
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.builds.manifest import BuildManifest, read
from forms.core.files.durable import write_safely
from forms.core.i18n.lazy_text import LazyText, as_lazy, lazy_gettext
from forms.core.problem import Problem
from forms.desk.cases.plain_text import printable_line
from forms.desk.state_file import DamagedFile, StateFile

FILE, MANIFEST = "site-watch.json", "build-manifest.json"
MAX_ALARMS = 50
_MAX_ALARM_LENGTH = 500


@dataclass(frozen=True)
class StoredText:
    """A LazyText as it is stored: its message and its values. Numbers are stored as texts."""

    message: str
    values: dict[str, "str | StoredText"] = field(default_factory=dict)

    @classmethod
    def of(cls, text: LazyText) -> "StoredText":
        """Return a text in its stored form, each value on one line."""
        return cls(text.message, {name: _stored(value) for name, value in text.values.items()})

    @property
    def text(self) -> LazyText:
        """The text, which can be translated."""
        values = {name: value.text if isinstance(value, StoredText) else value for name, value in self.values.items()}
        return LazyText(self.message, values)


def _stored(value: object) -> "str | StoredText":
    return StoredText.of(value) if isinstance(value, LazyText) else printable_line(str(value))[:_MAX_ALARM_LENGTH]


@dataclass(frozen=True)
class Alarm:
    """A difference from what the publishers signed. It is shown until somebody here has dealt with it.

    sentence: in English; said: the same in translatable form, which earlier releases did not store.
    """

    day: str
    sentence: str
    said: StoredText | None = None

    @property
    def text(self) -> LazyText:
        """The sentence, translatable if possible."""
        with suppress(KeyError, TypeError, ValueError):  # somebody edited the file: the values do not fit the message
            return self.said.text if self.said else as_lazy(self.sentence)
        return as_lazy(self.sentence)


@dataclass(frozen=True)
class Terms:
    """The parameters with which receipts are derived: a server never changes them."""

    salt: str
    memory: int
    passes: int


@dataclass(frozen=True)
class WatchState:
    """The stored state. publishers: their pinned keys; digest: that of the newest valid manifest.

    signed: whether that manifest is signed; checked: the last day on which the site could be checked; failing_since:
    the first day since then on which it could not.
    """

    publishers: tuple[str, ...] = ()
    digest: str = ""
    signed: bool = False
    checked: str = ""
    failing_since: str = ""
    alarms: tuple[Alarm, ...] = ()
    terms: Terms | None = None

    def with_alarms(self, day: str, sentences: tuple[LazyText, ...]) -> "WatchState":
        """Return the state with these alarms added; each sentence occurs once."""
        existing = {alarm.sentence for alarm in self.alarms}
        # They quote the site: an unpaired surrogate would make the whole file unreadable.
        printable = {printable_line(sentence)[:_MAX_ALARM_LENGTH]: StoredText.of(sentence) for sentence in sentences}
        new = [Alarm(day, sentence, stored) for sentence, stored in printable.items() if sentence not in existing]
        return dataclasses.replace(self, alarms=(*self.alarms, *new)[:MAX_ALARMS])


_ADAPTER = TypeAdapter(WatchState)


def state_file(folder: Path) -> StateFile[WatchState]:
    """Return the file with the state of the watch."""
    return StateFile(folder / FILE, _ADAPTER)


def load(folder: Path) -> WatchState:
    """Return the stored state. A damaged file becomes an alarm, since it may have held others."""
    try:
        return state_file(folder).read() or WatchState()
    except DamagedFile:
        lost = lazy_gettext("%(file)s in this desk's folder was damaged: what it remembered is lost.", file=FILE)
        return WatchState(alarms=(Alarm("", lost, StoredText.of(lost)),))


def save(folder: Path, state: WatchState) -> None:
    """Store the state if possible: a full disk must not keep staff from their letters."""
    if state != load(folder):
        state_file(folder).try_to_write(state)


def last_manifest(folder: Path) -> BuildManifest | None:
    """Return the newest valid manifest, or None."""
    try:
        return read((folder / MANIFEST).read_bytes())
    except (OSError, Problem):
        return None


def save_manifest(folder: Path, data: bytes) -> None:
    """Store a valid manifest if possible."""
    with suppress(OSError):
        write_safely(folder / MANIFEST, data)
