"""Makes what the districts of a machine share: what is said and found in pages of their libraries (decisions/0075).

It is made from the libraries and the program alone, in a folder of its own that is removed: no page, table, picture or
recording of a district gets there, and nothing of a library that needs a consent.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from forms.core.files import kept_results
from forms.core.files.audio_files import KINDS
from forms.core.files.locks import locked_within
from forms.core.portal import Clip, SoundFile
from forms.core.problem import Problem, Problems
from sitegen import build, kept_work
from sitegen.content.consent import consent_names, quotes
from sitegen.content.pages import AllPages, PageSource
from sitegen.content.settings import read_settings, voices
from sitegen.kept_work import SHARED, KeptWork
from sitegen.languages import table_schemas
from sitegen.layers import libraries, site_root
from sitegen.layers.own_files import is_passed_over
from sitegen.lint import page_facts
from sitegen.media import audio_clips, shared_clips, spoken_lines
from sitegen.publish import browser_bundle
from sitegen.render import site_files
from sitegen.render.language_pages import draw_pages

_TAKEN = ("languages", "timezone", "keep", "exit_url")
"""What a district's portal.yml says that its library's pages and the questions are drawn by, beside its desks."""

_NO_NAME = {"en": "–"}
_SET = {
    "district": _NO_NAME, "programme": _NO_NAME, "short_name": _NO_NAME, "responsible": _NO_NAME, "menu": [],
    "address": "https://portal.invalid", "demonstration": True,
}  # fmt: skip
_KEY = ("age1", "sha256:0", "")
"""Stands for each desk's keys: nothing is encrypted here."""

_BLOCKS = ("home", "helplines", "services")
"""Blocks of the pages that each district writes itself: what they show of the libraries' tables is said once too."""

_KEY_BYTES = 20
MOST = 64
"""Choices of libraries, languages and desks of which clips are kept, the newest."""

LONGEST_WAIT = 300.0
"""Seconds for which a build waits for another that makes this: that may hang."""

_CHOICES = kept_results.key_of("choices")
_LINES = "lines of"
_NO_CLIP = Clip(1, tuple(SoundFile(f"/{audio_clips.FOLDER}/0.{kind.ending}", kind.media_type, 1) for kind in KINDS))

Texts = dict[str, tuple[str, str]]
"""Clips by name: what is said, and by which voice."""
_MAKING = "making-"


def make(root: Path, today: date) -> bool:
    """Make the speech that a district shares with others over its libraries; return whether any had to be made.

    root: the folder of the district's site. Where it cannot be made, or another program is at it, nothing is shared,
    and the district's build makes its own; what is wrong with a library, that build says.
    """
    try:
        return _make(root, today)
    except (Exception, SystemExit):  # noqa: BLE001 - whatever it is, MkDocs ends a program too; the build says it
        return False


def _make(root: Path, today: date) -> bool:
    folder, named = root / SHARED, libraries.usable(root / "content")
    path = folder / f"{shared_clips.NAME}.db"
    if not named or not folder.is_dir() or (path.exists() and not shared_clips.is_trusted(path)):
        return False
    settings = _settings(root / "content")
    choice = kept_results.key_of("choice", kept_work.code_mark(), json.dumps(settings), *map(_digest, named))
    if _is_whole(KeptWork(path, read_only=True), choice):
        return False
    with locked_within(folder / "lock", LONGEST_WAIT):
        if not KeptWork(path).is_sound():
            kept_work.remove(path)
        store = KeptWork(path)
        if _is_whole(store, choice):
            return False
        for left in folder.glob(f"{_MAKING}*"):  # of a build that was killed: each would hold all speech for ever
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=_MAKING) as place:
            said, facts = _drawn(root, settings, named, Path(place), today)
            _put(store, choice, said, facts, Path(place))
    return True


def _settings(content: Path) -> dict[str, Any]:
    """Return the settings by which libraries are drawn: the district's languages and desks, and no name or key."""
    own = read_settings(content)
    desks = [{key: row[key] for key in ("id", "name", "what", "reads")} for row in own["desks"]]
    return {**_SET, **{key: own[key] for key in _TAKEN}, "desks": desks}


def _digest(library: libraries.Library) -> bytes:
    """Return a hash of the names and bytes of a library's files."""
    digest = hashlib.blake2b(digest_size=_KEY_BYTES)
    for path in sorted(library.folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not is_passed_over(path, library.folder):
            name = path.relative_to(library.folder).as_posix()
            digest.update(kept_results.key_of(name, hashlib.blake2b(path.read_bytes()).digest()))
    return digest.digest()


def _is_whole(store: KeptWork, choice: bytes) -> bool:
    """Return whether all clips of a choice are there, and none is damaged."""
    keys = _listed(store, choice)
    return bool(keys) and all(store.get(key) is not None for key in keys)


def _listed(store: KeptWork, key: bytes) -> list[bytes]:
    joined = store.get(key) or b""
    return [joined[start : start + _KEY_BYTES] for start in range(0, len(joined), _KEY_BYTES)]


def _put(store: KeptWork, choice: bytes, said: Texts, facts: Mapping[bytes, bytes], place: Path) -> None:
    """Keep what is said for a choice, lines and then clips, and facts; remove what none of the newest choices has."""
    lines = [spoken_lines.key_of(*line) for line in _made_lines(store, said)]
    store.save()  # so that no more than half of it is held in memory
    clips = [shared_clips.key_of(name) for name in _made_clips(store, said, place)]
    for key, value in facts.items():
        store.put(key, value)
    choices = [choice, *(one for one in _listed(store, _CHOICES) if one != choice)][:MOST]
    store.put(choice, b"".join([*clips, *facts]))
    store.put(_beside(choice), b"".join(lines))
    store.put(_CHOICES, b"".join(choices))
    lists = {*choices, *map(_beside, choices)}
    used = {key for one in lists for key in _listed(store, one)}
    store.save()
    store.cut_down({*used, *lists, _CHOICES}, few=True)


def _made_lines(store: KeptWork, said: Texts) -> list[tuple[str, str]]:
    """Keep each line of these texts that is not kept yet; return all lines, each with its voice."""
    wanted = sorted({(line, voice) for text, voice in said.values() for line in spoken_lines.lines_of(text)})
    for line, voice in wanted:
        key = spoken_lines.key_of(line, voice)
        if store.get(key) is None:
            store.put(key, spoken_lines.speak_line(line, voice))
    return wanted


def _made_clips(store: KeptWork, said: Texts, place: Path) -> Iterator[str]:
    """Keep the files of each clip, put together of its kept lines; yield their names."""
    for name, (text, voice) in said.items():
        where = [(kind, place / f"{name}.{kind.ending}") for kind in KINDS]
        spoken_lines.write([_line_of(store, line, voice) for line in spoken_lines.lines_of(text)], where)
        for _, path in where:
            store.put(shared_clips.key_of(path.name), path.read_bytes())
            path.unlink()
            yield path.name


def _line_of(store: KeptWork, line: str, voice: str) -> bytes:
    """Return a kept line. Raises LookupError where another program has emptied the store meanwhile."""
    data = store.get(spoken_lines.key_of(line, voice))
    if data is None:
        raise LookupError(line)
    return data


def _beside(choice: bytes) -> bytes:
    """Return the key of the list of a choice's lines."""
    return kept_results.key_of(_LINES, choice)


@dataclass(frozen=True)
class _Listener(audio_clips.AudioPipeline):
    """Notes what would be said, and makes no sound."""

    said: Texts = field(default_factory=dict)

    def clip(self, language: str, key: str, text: str) -> Clip | None:  # noqa: ARG002 - here nothing is recorded
        """Note a text; return a clip that stands for it."""
        voice = self.voices.get(language)
        if not (voice and text):
            return None
        self.said[spoken_lines.name_of(text, voice)] = text, voice
        return _NO_CLIP


def _drawn(
    root: Path, settings: Mapping[str, Any], named: tuple[libraries.Library, ...], place: Path, today: date
) -> tuple[Texts, dict[bytes, bytes]]:
    """Return what is said on a site that has nothing but these libraries, and the facts of its clean pages."""
    content, codes = place / "library-alone", tuple(str(row["code"]) for row in settings["languages"])
    for name in ("tables", *codes):
        (content / name).mkdir(parents=True)
    for schema in (root / "site" / "schemas").glob("*.yaml"):  # without rows: those of the libraries count
        columns = [str(field["name"]) for field in table_schemas.read(schema, codes)["fields"]]
        (content / "tables" / f"{schema.stem}.csv").write_text(",".join(columns) + "\n", encoding="utf-8")
    _write_blocks(content, codes)
    own = {**settings, "library": [str(one.folder.absolute()) for one in named]}
    (content / "portal.yml").write_text(json.dumps(own), encoding="utf-8")
    alone = site_root.of(root, content, place / "site")
    keys = {row["id"]: _KEY for row in settings["desks"]}
    context = build.read(alone, keys=keys, today=today).context
    letter_script = browser_bundle.make(alone / "site" / "browser", alone / browser_bundle.CACHE)
    portal = replace(context.portal, assets=site_files.asset_names(alone / "site" / "assets", letter_script))
    library = AllPages({code: _without_people(pages) for code, pages in context.library.by_language.items()})
    spoken = _Listener(alone / build.SPEECH, place / "out", voices(content), {}, root=alone)
    context = replace(context, portal=portal, library=library, audio_pipeline=spoken, charts=alone / build.CHARTS)
    audio_clips.with_questions(portal, spoken, today)
    for code in portal.language_codes():
        for name in library.names:
            with suppress(Problem, Problems):  # a page that needs what only districts have
                list(draw_pages(alone, replace(context, language=code), [name]))
    return spoken.said, _facts(library, alone)


def _facts(library: AllPages, root: Path) -> dict[bytes, bytes]:
    """Return the facts of all pages in which nothing is wrong, by their keys."""
    every = [page for pages in library.by_language.values() for page in pages.values()]
    found = {page_facts.key_of(page, root): page_facts.of(page, root) for page in every}
    return {key: facts.packed() for key, facts in found.items() if facts.clean}


def _write_blocks(content: Path, codes: Sequence[str]) -> None:
    """Write a page of each block that districts put into pages of their own, over the libraries' tables alone."""
    for code in codes:
        for block in _BLOCKS:
            text = f"---\ntitle: –\nchanged: 2026-01-01\n---\n\n[[ {block} ]]\n"
            (content / code / f"{block}-alone.md").write_text(text, encoding="utf-8")


def _without_people(pages: Mapping[str, PageSource]) -> dict[str, PageSource]:
    """Return the pages that no consent is asked for: no story, and none with a quote."""
    return {name: page for name, page in pages.items() if not consent_names.is_story(page) and not _quotes(page)}


def _quotes(page: PageSource) -> bool:
    return ">" in page.text and any(True for _ in quotes.quotes_of(page.text))
