"""The classes of a portal: its languages, desks, helplines, choices and clips, and the portal itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forms.core.portal.event import Event
from forms.core.portal.limits import DEFAULT_DAYS, DEFAULT_ERASED_DAYS, MAX_DAYS, MAX_ERASED_DAYS
from forms.core.portal.text import Text


@dataclass(frozen=True)
class Language:
    """A language of the site, by its BCP 47 code and its name in its own script."""

    code: str
    name: str


@dataclass(frozen=True)
class Member:
    """A person who reads a desk's letters on a machine of their own.

    id: "police/anita", or just "police" at a desk with one key; key: an age recipient; pickup: "sha256:<hex>" of the
    token that fetches letters; signing: the public key of this person's signatures, or empty.
    """

    id: str
    key: str
    pickup: str
    signing: str = ""


@dataclass(frozen=True)
class Desk:
    """An office that reads letters. recovery: the age recipient whose secret is printed and locked away, or empty.

    picture, face: SVG drawings of the desk, as a sign and as a person who works there; or empty.
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
        """All age recipients to which this desk's letters are encrypted; empty if none of its keys is usable."""
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


@dataclass(frozen=True)
class Choice:
    """A choice of an answer. picture: an SVG drawing, or empty.

    reviewed: the languages (BCP 47) in which a person has approved the label. state: the state that a phrase sets.
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
    """A page or question as sound. A phone takes the first of the files that it can play."""

    seconds: int
    files: tuple[SoundFile, ...]

    @property
    def length(self) -> str:
        """Return minutes and seconds, like 1:05."""
        return f"{self.seconds // 60}:{self.seconds % 60:02}"

    @property
    def kilobytes(self) -> int:
        """Size of the first file in kilobytes of 1024 bytes, rounded up: what listening costs."""
        return -(-self.files[0].bytes // 1024)


@dataclass(frozen=True)
class Sms:
    """Settings of text messages (SMS).

    templates: DLT template numbers by kind of message (reminder, moved, cancelled) and language.
    paise_a_part: price of one part, or None if the district has not set it.
    """

    templates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    paise_a_part: int | None = None


@dataclass(frozen=True)
class Portal:
    """A district's portal: the data that all programs share.

    publishers: the public signing keys of the site's publishers; exit_urls: exit pages of languages with one of their
    own; drawings: SVG of answers by name, for forms with pictures; words: the district's own interface texts, by
    language the text of a .po file (forms/core/i18n/own_words.py).
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
        """Return the exit page for readers of this language: that of the language, or else the one for all."""
        return self.exit_urls.get(language) or self.exit_url

    def today(self, now: datetime | None = None) -> date:
        """Return the day in the district, whatever the machine's time zone. now: with a time zone."""
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
        """The ids of the desks with a printed recovery key, for which the server keeps their letters."""
        return frozenset(desk.id for desk in self.desks if desk.recovery)

    def desks_with_ids(self, desk_ids: Iterable[str]) -> tuple[Desk, ...]:
        """Return the desks with these ids, in the portal's order. Ids of former desks are ignored."""
        wanted = set(desk_ids)
        return tuple(desk for desk in self.desks if desk.id in wanted)

    def readers(self, form: str) -> tuple[Desk, ...]:
        """Return the desks that read letters of this form, and have a usable key."""
        return tuple(desk for desk in self.desks if form in desk.reads and desk.keys)

    def receivers(self, desk_ids: Iterable[str]) -> tuple[Desk, ...]:
        """Return the desks with these ids that have a usable key."""
        return tuple(desk for desk in self.desks_with_ids(desk_ids) if desk.keys)

    def sentences(self, language: str) -> list[tuple[str, Clip]]:
        """Return the desks' phrases that have a clip in this language, with the clip, in the desks' order."""
        clips = self.clips.get(language, {})
        phrases = (
            (phrase.label.get(language, ""), clips.get(f"phrase/{phrase.value}"))
            for phrase in self.choices.get("phrases", ())
        )
        return [(words, clip) for words, clip in phrases if words and clip]

    def sentence_clips(self, words: str, language: str) -> tuple[Clip, ...]:
        """Return the clips of a text that consists of the desks' phrases only; none for any other text.

        Half an answer read aloud would mislead a person who cannot read the rest.
        """
        clips, result, remaining = dict(self.sentences(language)), [], words.strip()
        while remaining:
            sentence = max((phrase for phrase in clips if remaining.startswith(phrase)), key=len, default="")
            if not sentence:
                return ()
            result.append(clips[sentence])
            remaining = remaining.removeprefix(sentence).strip()
        return tuple(result)

    def days_kept(self, name: str) -> int:
        """Return the days for which something is kept (keep: in portal.yml), from 1 to MAX_DAYS.

        Requests are kept as long as concerns by default.
        """
        days = self.keep.get(name)
        if name == "requests_days":
            days = days or self.keep.get("concerns_days")
        return min(max(1, days), MAX_DAYS) if days else DEFAULT_DAYS.get(name, DEFAULT_DAYS["concerns_days"])

    @property
    def erased_days(self) -> int:
        """Days that an erased case stays hidden at a desk before it is deleted (keep: erased_days), within bounds."""
        days = self.keep.get("erased_days", DEFAULT_ERASED_DAYS)
        return min(max(1, days), MAX_ERASED_DAYS) if isinstance(days, int) else DEFAULT_ERASED_DAYS

    def language_codes(self) -> tuple[str, ...]:
        """Return the codes of the site's languages, source language first."""
        return tuple(language.code for language in self.languages)
