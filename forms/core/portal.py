"""The portal as a build hands it to the server: one small JSON file with everything public that the endpoint needs.

The build writes it after reading `content/`; the endpoint reads it at start. So a server that takes letters
needs neither MkDocs nor the staff's files.
"""

import dataclasses
import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forms.core.crypto.encryption import usable_key, usable_pickup
from forms.core.crypto.signing import is_public_key
from forms.core.files.durable import write_durably
from forms.core.handover_version import NEEDS, VERSION, Unreadable, require_readable
from forms.core.problem import Problem

if TYPE_CHECKING:  # takes a tenth of a second, and only who reads a hand-over file needs it
    from pydantic import TypeAdapter

_LOG = logging.getLogger(__name__)


class NotAPortal(Problem):
    """These bytes are no portal.json of any version."""


Text = Mapping[str, str]
"""A text in several languages: language code (BCP 47) to words."""


MOST_DAYS = 36_500
"""Days for which anything is kept, at most: a larger number would leave the calendar."""

DAYS_KEPT = {"signups_days": 30, "concerns_days": 365, "answer_days": 7}
"""Days that things are kept where portal.yml says nothing."""

COLUMN_WIDTHS = {"event": 80, "desk": 40, "member": 80, "desks": 400}
"""Characters of what staff name and the server's tables hold: PostgreSQL refuses longer ones, SQLite takes them."""

MOST_PLACES = 100_000
"""Places of an event: PostgreSQL counts them in 32 bits."""

ERASED_DAYS, MOST_ERASED_DAYS = 7, 30
"""Days that an erased case rests where portal.yml says nothing, and at most: a changed number keeps it no longer."""


@dataclass(frozen=True)
class Language:
    """A language of the site, by its BCP 47 code and its name in its own script."""

    code: str
    name: str


@dataclass(frozen=True)
class Member:
    """Somebody who reads a desk's letters on a machine of their own.

    id: "police/anita", or just "police" at a desk with one key; key: an age recipient; pickup: "sha256:<hex>" of
    the token with which letters are fetched; signing: the public key of what this person signs, or empty.
    """

    id: str
    key: str
    pickup: str
    signing: str = ""


@dataclass(frozen=True)
class Desk:
    """Who reads letters. `recovery`: the age recipient whose secret is printed and locked away, or empty.

    picture, face: SVG drawings of the desk, as a sign and as somebody who works there; or empty.
    """

    id: str
    name: Text
    what: Text
    reads: tuple[str, ...]
    members: tuple[Member, ...]
    recovery: str = ""
    picture: str = ""
    face: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """All age recipients to which this desk's letters are encrypted; none if no key of it is usable."""
        return tuple(key for key in (*(member.key for member in self.members), self.recovery) if key)


@dataclass(frozen=True)
class Helpline:
    """A number to call: `number` as people say it, `tel` as a phone dials it."""

    id: str
    number: str
    tel: str
    group: str
    everywhere: bool
    for_: Text
    note: Text


OPEN_STATES = frozenset({"planned", "moved"})
"""States of an event that is still to take place."""


@dataclass(frozen=True)
class Event:
    """A public event, or a part of one; no capacity, no sign-up.

    starts, ends: local times like 2027-01-24T10:00, or days where no hour is known. was: the start before it was moved.
    state: planned, moved, cancelled or held. series: the row that repeats, of whose days this is one. spoken: BCP 47
    codes. children, women_officers, step_free: None where nobody has said.
    report: the name of the page that tells what came of it, like meetings/2027-01.
    """

    id: str
    title: Text
    where: Text
    place: str
    starts: str
    ends: str
    capacity: int | None
    state: str
    example: bool
    kind: str = ""
    what: Text = field(default_factory=dict)
    part_of: str = ""
    series: str = ""
    was: str = ""
    spoken: tuple[str, ...] = ()
    free: Text = field(default_factory=dict)
    children: bool | None = None
    women_officers: bool | None = None
    step_free: bool | None = None
    map_link: str = ""
    outcome: Text = field(default_factory=dict)
    report: str = ""
    source: str = ""

    @property
    def takes_place(self) -> bool:
        """Whether it is still to take place, on its day or another: neither cancelled nor held."""
        return self.state in OPEN_STATES

    def takes_signups(self, today: date) -> bool:
        """Open until the day before it starts is over: the day itself is for walk-ins."""
        return self.capacity is not None and self.takes_place and self.day > today

    @property
    def time(self) -> str:
        """The hour it starts, like 10:00; empty where only the day is known."""
        return self.starts[11:16]

    @property
    def end_time(self) -> str:
        """The hour it ends, or empty. Midnight is 24:00, the end of its last day."""
        return "24:00" if self._ends_at_midnight else self.ends[11:16]

    @property
    def day(self) -> date:
        """The day it starts."""
        return datetime.fromisoformat(self.starts).date()

    @property
    def last_day(self) -> date:
        """The day it ends. What ends at midnight ends with the day before."""
        day = datetime.fromisoformat(self.ends or self.starts).date()
        return day - timedelta(days=1) if self._ends_at_midnight else day

    @property
    def _ends_at_midnight(self) -> bool:
        return self.ends[11:16] == "00:00" and self.ends[:10] > self.starts[:10]


@dataclass(frozen=True)
class Choice:
    """One of the answers that may be chosen. `picture`: an SVG drawing, or empty.

    reviewed: the languages (BCP 47) of the label that somebody has approved. state: what a phrase sets beside it.
    """

    value: str
    label: Text
    picture: str = ""
    reviewed: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True)
class SoundFile:
    """One file of a clip: its address on the site, its media type, its size in bytes."""

    address: str
    media_type: str
    bytes: int


@dataclass(frozen=True)
class Clip:
    """A page or question as sound, in files of which a phone takes the first it can play."""

    seconds: int
    files: tuple[SoundFile, ...]

    @property
    def length(self) -> str:
        """Return minutes and seconds, like 1:05."""
        return f"{self.seconds // 60}:{self.seconds % 60:02}"

    @property
    def kilobytes(self) -> int:
        """What listening costs."""
        return -(-self.files[0].bytes // 1024)


@dataclass(frozen=True)
class Sms:
    """What texts to phones need.

    templates: DLT template numbers by kind of text (reminder, moved, cancelled) and language.
    paise_a_part: what one part costs, or None where the district has not said it.
    """

    templates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    paise_a_part: int | None = None


@dataclass(frozen=True)
class Portal:
    """A district's portal, as all programs need it.

    publishers: the public signing keys of who publishes the site; exit_urls: of languages that leave to their own page;
    drawings: SVG by name, of the answers of forms with pictures; words: the district's own interface words, by language
    the text of a .po file (forms/core/i18n/own_words.py).
    """

    district: Text
    programme: Text
    short_name: Text
    languages: tuple[Language, ...]
    desks: tuple[Desk, ...]
    helplines: tuple[Helpline, ...]
    events: tuple[Event, ...]
    choices: Mapping[str, tuple[Choice, ...]]
    exit_url: str
    address: str
    demonstration: bool
    responsible: Text
    keep: Mapping[str, int]
    assets: Mapping[str, str] = field(default_factory=dict)
    clips: Mapping[str, Mapping[str, Clip]] = field(default_factory=dict)
    timezone: str = "UTC"
    publishers: tuple[str, ...] = ()
    sms: Sms = field(default_factory=Sms)
    exit_urls: Mapping[str, str] = field(default_factory=dict)
    drawings: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def exit_for(self, language: str) -> str:
        """Return where a reader of this language leaves to: that language's own page, or else the one for all."""
        return self.exit_urls.get(language) or self.exit_url

    def today(self, now: datetime | None = None) -> date:
        """Return the day in the district, whatever the clock of the machine is set to. now: with its time zone."""
        try:
            return (now or datetime.now(UTC)).astimezone(ZoneInfo(self.timezone)).date()
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return (now or datetime.now(UTC)).date()

    @property
    def members(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of the members of each desk."""
        return {desk.id: tuple(member.id for member in desk.members) for desk in self.desks}

    @property
    def recoverable(self) -> frozenset[str]:
        """Return the ids of the desks with a printed recovery key: the server keeps their letters for it."""
        return frozenset(desk.id for desk in self.desks if desk.recovery)

    def named(self, desk_ids: Iterable[str]) -> tuple[Desk, ...]:
        """Return the desks of these ids, in the order of the portal; ids of desks that are no more are passed over."""
        wanted = set(desk_ids)
        return tuple(desk for desk in self.desks if desk.id in wanted)

    def readers(self, form: str) -> tuple[Desk, ...]:
        """Return the desks that read letters of this form, and have a key to which one can be sealed."""
        return tuple(desk for desk in self.desks if form in desk.reads and desk.keys)

    def receivers(self, desk_ids: Iterable[str]) -> tuple[Desk, ...]:
        """Return the desks of these ids that have a key to which something can be sealed."""
        return tuple(desk for desk in self.named(desk_ids) if desk.keys)

    def sentences(self, language: str) -> list[tuple[str, Clip]]:
        """Return the desks' sentences of this language that can be heard, each with its clip, in the desks' order."""
        clips = self.clips.get(language, {})
        found = (
            (one.label.get(language, ""), clips.get(f"phrase/{one.value}")) for one in self.choices.get("phrases", ())
        )
        return [(words, clip) for words, clip in found if words and clip]

    def spoken(self, words: str, language: str) -> tuple[Clip, ...]:
        """Return the clips of words that consist of the desks' sentences; none where anything else is among them.

        Half an answer read aloud would mislead whoever cannot read the rest.
        """
        known, found, left = dict(self.sentences(language)), [], words.strip()
        while left:
            sentence = max((one for one in known if left.startswith(one)), key=len, default="")
            if not sentence:
                return ()
            found.append(known[sentence])
            left = left.removeprefix(sentence).strip()
        return tuple(found)

    def days_kept(self, name: str) -> int:
        """Return the days for which something is kept (keep: in portal.yml), from 1 to MOST_DAYS.

        Requests are kept as long as concerns where nothing else is said.
        """
        days = self.keep.get(name)
        if name == "requests_days":
            days = days or self.keep.get("concerns_days")
        return min(max(1, days), MOST_DAYS) if days else DAYS_KEPT.get(name, DAYS_KEPT["concerns_days"])

    @property
    def erased_days(self) -> int:
        """Days that an erased case stays hidden at a desk before it is deleted (keep: erased_days), within bounds."""
        days = self.keep.get("erased_days", ERASED_DAYS)
        return min(max(1, days), MOST_ERASED_DAYS) if isinstance(days, int) else ERASED_DAYS

    def language_codes(self) -> tuple[str, ...]:
        """Return the codes of the site's languages, source language first."""
        return tuple(language.code for language in self.languages)


def pick(text: Text, language: str) -> str:
    """Return the text in this language, or else in English, or else empty."""
    return text.get(language) or text.get("en", "")


def as_json(portal: Portal) -> dict[str, Any]:
    """Return the portal as plain JSON values: what `read` and `parse` take."""
    data = {"version": VERSION, "needs": NEEDS, **dataclasses.asdict(portal)}
    for desk in data["desks"]:
        for member in desk["members"]:
            if not member["signing"]:
                del member["signing"]  # machines that do not know the field go on reading a portal without any
    return data


def write(portal: Portal, path: Path) -> None:
    """Write the portal as JSON, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(as_json(portal), ensure_ascii=False, indent=1).encode())


def read(path: Path) -> Portal:
    """Read what `write` wrote; keys that cannot be used are left out, and named in the log.

    Raises Problem where the file is missing or no version could have written it.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise Problem(str(path), "is not there.", "Build the site first: python3 build.py build") from None
    except OSError as error:
        todo = "Name the file .build/portal.json, and let this program read it."
        raise Problem(str(path), f"cannot be read ({error.strerror}).", todo) from None
    found = parse(text, str(path))
    _log_what_is_unusable(json.loads(text)["desks"], found.desks, path)
    return found


def parse(text: str | bytes, where: str) -> Portal:
    """Return a portal from its JSON text. Fields that this version does not know are passed over.

    Raises NotAPortal where it is none, TooOld where it is for newer programs, Unreadable where it cannot be read.
    """
    todo = "Build the site again: python3 build.py build"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAPortal(where, f"cannot be read ({type(error).__name__}).", todo) from None
    if not isinstance(data, dict) or not isinstance(data.get("desks"), list):
        raise NotAPortal(where, "is not a portal's file.", todo)
    require_readable(data, where)
    from pydantic import ValidationError  # noqa: PLC0415 - as above

    try:
        portal = _reader().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        what = f"cannot be read by this program ({field}: {first['msg']}): it may be older than the server's."
        raise Unreadable(where, what, f"Copy the new program onto this machine. On the server: {todo}") from None
    _require_days(portal.events, where)
    return replace(portal, desks=tuple(map(_usable, portal.desks)))


def _require_days(events: Iterable[Event], where: str) -> None:
    """Raise NotAPortal where an event has no day: no version writes one, and each page with events would fail."""
    for event in events:
        try:
            _ = event.day, event.last_day
        except ValueError:
            todo = "Build the site again: python3 build.py build"
            raise NotAPortal(where, "has an event without a day.", todo) from None


@cache
def _reader() -> "TypeAdapter[Portal]":
    """Return what reads a Portal and all its parts from JSON; made at first use, since that takes a moment."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    return TypeAdapter(Portal)


def _usable(desk: Desk) -> Desk:
    """Return the desk; a key or line that cannot be used is left empty, and costs nobody else anything."""
    members = tuple(
        replace(
            one,
            key=usable_key(one.key),
            pickup=usable_pickup(one.pickup),
            signing=one.signing if is_public_key(one.signing) else "",
        )
        for one in desk.members
    )
    return replace(desk, members=members, recovery=usable_key(desk.recovery))


def _log_what_is_unusable(rows: Iterable[Mapping[str, Any]], desks: Iterable[Desk], path: Path) -> None:
    """Log which desk gets nothing, or cannot fetch. The value is not named: it may be a secret.

    Each once an hour: a file that is wrong otherwise too is read again each second in which a request comes.
    """
    for row, desk in zip(rows, desks, strict=True):
        told = [(one.id, "key", raw.get("key"), one.key) for raw, one in zip(row["members"], desk.members, strict=True)]
        told += [
            (one.id, "pickup line", raw.get("pickup"), one.pickup)
            for raw, one in zip(row["members"], desk.members, strict=True)
        ]
        told.append((desk.id, "recovery key", row.get("recovery"), desk.recovery))
        for who, what, written, used in told:
            if written and not used:
                left_out = f"desk {who}: its {what} cannot be used and is left out. Correct portal.yml and build."
                _log_once(path, left_out)
        if not desk.keys:
            _log_once(path, f"desk {desk.id} has no key that can be used: it gets no letters.")


_AGAIN = 3600.0
_logged: dict[tuple[Path, str], float] = {}


def _log_once(path: Path, said: str) -> None:
    """Log a sentence about a file, unless this process did within the hour."""
    now = time.monotonic()
    if now - _logged.get((path, said), -_AGAIN) >= _AGAIN:
        _logged[path, said] = now
        _LOG.error("%s", said)
