"""What a machine stores about the site that it watches: `site-watch.json` in the desk's folder, all of it public."""

import dataclasses
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.builds.manifest import BuildManifest, read
from forms.core.files.durable import write_safely
from forms.core.i18n.lazy_text import LazyText, as_lazy, lazy_gettext
from forms.core.problem import Problem
from forms.desk.cases.plain_text import on_one_line
from forms.desk.state_file import Damaged, StateFile

FILE, MANIFEST = "site-watch.json", "build-manifest.json"
MOST_ALARMS = 50
_LONGEST_ALARM = 500


@dataclass(frozen=True)
class StoredText:
    """A LazyText as it is stored: its message, and what is in it. Numbers are kept as they are written."""

    message: str
    values: dict[str, "str | StoredText"] = field(default_factory=dict)

    @classmethod
    def of(cls, text: LazyText) -> "StoredText":
        """Return a text as it is stored, each value on one line."""
        return cls(text.message, {name: _stored(value) for name, value in text.values.items()})

    @property
    def text(self) -> LazyText:
        """The text, for whoever reads it in another language."""
        values = {name: value.text if isinstance(value, StoredText) else value for name, value in self.values.items()}
        return LazyText(self.message, values)


def _stored(value: object) -> "str | StoredText":
    return StoredText.of(value) if isinstance(value, LazyText) else on_one_line(str(value))[:_LONGEST_ALARM]


@dataclass(frozen=True)
class Alarm:
    """Something that was other than its publishers signed. It stands until a person here has dealt with it.

    sentence: in English; said: the same for other languages, which earlier releases did not store.
    """

    day: str
    sentence: str
    said: StoredText | None = None

    @property
    def text(self) -> LazyText:
        """The sentence, for whoever reads it in another language."""
        with suppress(
            KeyError, TypeError, ValueError
        ):  # a message and values that do not fit: somebody edited the file
            return self.said.text if self.said else as_lazy(self.sentence)
        return as_lazy(self.sentence)


@dataclass(frozen=True)
class Terms:
    """What receipts are derived with: it never changes on a server."""

    salt: str
    memory: int
    passes: int


@dataclass(frozen=True)
class WatchState:
    """publishers: the pinned keys; digest: of the newest manifest that was right; checked: the last day on which the
    site could be looked at; failing_since: the first day since then on which it could not.
    """

    publishers: tuple[str, ...] = ()
    digest: str = ""
    signed: bool = False
    checked: str = ""
    failing_since: str = ""
    alarms: tuple[Alarm, ...] = ()
    terms: Terms | None = None

    def with_alarms(self, day: str, sentences: tuple[LazyText, ...]) -> "WatchState":
        """Return the state with these alarms too; each sentence stands once."""
        known = {alarm.sentence for alarm in self.alarms}
        # What the site says is in them: half a character could not be read back, and would lose all the rest.
        shown = {on_one_line(sentence)[:_LONGEST_ALARM]: StoredText.of(sentence) for sentence in sentences}
        new = [Alarm(day, sentence, said) for sentence, said in shown.items() if sentence not in known]
        return dataclasses.replace(self, alarms=(*self.alarms, *new)[:MOST_ALARMS])


_ADAPTER = TypeAdapter(WatchState)


def state_file(folder: Path) -> StateFile[WatchState]:
    """Return the file with what is remembered of the site."""
    return StateFile(folder / FILE, _ADAPTER)


def load(folder: Path) -> WatchState:
    """Return what is remembered. A damaged file is said as an alarm, since it may hide what it held."""
    try:
        return state_file(folder).read() or WatchState()
    except Damaged:
        lost = lazy_gettext("%(file)s in this desk's folder was damaged: what it remembered is lost.", file=FILE)
        return WatchState(alarms=(Alarm("", lost, StoredText.of(lost)),))


def save(folder: Path, state: WatchState) -> None:
    """Remember it. A full disk keeps nobody from letters."""
    if state != load(folder):
        state_file(folder).try_to_write(state)


def last_manifest(folder: Path) -> BuildManifest | None:
    """Return the newest manifest that was right, or None."""
    try:
        return read((folder / MANIFEST).read_bytes())
    except (OSError, Problem):
        return None


def save_manifest(folder: Path, data: bytes) -> None:
    """Remember a manifest that is right."""
    with suppress(OSError):
        write_safely(folder / MANIFEST, data)
