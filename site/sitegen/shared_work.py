"""Makes what the districts of a machine share: speech of what their libraries and the program say (decisions/0075).

It is made from the libraries and the program alone, in a folder of its own that is removed: no page, table, picture or
recording of a district gets there, and nothing of a library that needs a consent.
"""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from forms.core.files.locks import AlreadyLocked, locked
from forms.core.problem import Problem, Problems
from sitegen import build, kept_work
from sitegen.content.consent import consents, quotes
from sitegen.content.pages import Library, Source
from sitegen.content.settings import read_settings, voices
from sitegen.kept_work import SHARED, KeptWork
from sitegen.languages import table_schemas
from sitegen.layers import libraries, site_root
from sitegen.layers.own_files import is_passed_over
from sitegen.media import audio_clips, shared_clips
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

_KEY_BYTES = 20
MOST = 64
"""Choices of libraries, languages and desks of which clips are kept, the newest."""

LONGEST_WAIT, _PAUSE = 300, 0.2
"""Seconds for which a build waits for another that makes this, and between two looks."""

_CHOICES = kept_work.key_of("choices")
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
    if not named or not folder.is_dir() or (path.exists() and not shared_clips.is_ours(path)):
        return False
    settings = _settings(root / "content")
    choice = kept_work.key_of("choice", kept_work.code_mark(), json.dumps(settings), *map(_digest, named))
    if _is_whole(KeptWork(path, read_only=True), choice):
        return False
    with _alone(folder / "lock"):
        if not KeptWork(path).is_sound():
            kept_work.remove(path)
        store = KeptWork(path)
        if _is_whole(store, choice):
            return False
        for left in folder.glob(f"{_MAKING}*"):  # of a build that was killed: each would hold all speech for ever
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=_MAKING) as place:
            _put(store, choice, _made(root, settings, named, Path(place), today))
    return True


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock, after another program's end. Raises AlreadyLocked where that takes too long: it may hang."""
    ends = time.monotonic() + LONGEST_WAIT
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(lock))
                break
            except AlreadyLocked:
                if time.monotonic() > ends:
                    raise
                time.sleep(_PAUSE)
        yield


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
            digest.update(kept_work.key_of(name, hashlib.blake2b(path.read_bytes()).digest()))
    return digest.digest()


def _is_whole(store: KeptWork, choice: bytes) -> bool:
    """Return whether all clips of a choice are there, and none is damaged."""
    keys = _listed(store, choice)
    return bool(keys) and all(store.get(key) is not None for key in keys)


def _listed(store: KeptWork, key: bytes) -> list[bytes]:
    joined = store.get(key) or b""
    return [joined[start : start + _KEY_BYTES] for start in range(0, len(joined), _KEY_BYTES)]


def _put(store: KeptWork, choice: bytes, clips: Mapping[str, bytes]) -> None:
    """Keep the clips of a choice in one transaction, and remove those that none of the newest choices has."""
    found = {shared_clips.key_of(name): data for name, data in clips.items()}
    choices = [choice, *(one for one in _listed(store, _CHOICES) if one != choice)][:MOST]
    for key, data in found.items():
        store.put(key, data)
    store.put(choice, b"".join(found))
    store.put(_CHOICES, b"".join(choices))
    used = {key for one in choices for key in _listed(store, one)}
    store.save()
    store.cut_down({*used, *choices, _CHOICES}, few=True)


def _made(
    root: Path, settings: Mapping[str, Any], named: tuple[libraries.Library, ...], place: Path, today: date
) -> dict[str, bytes]:
    """Return the clips of a site that has nothing but these libraries, by file name."""
    content, codes = place / "library-alone", tuple(str(row["code"]) for row in settings["languages"])
    for name in ("tables", *codes):
        (content / name).mkdir(parents=True)
    for schema in (root / "site" / "schemas").glob("*.yaml"):  # without rows: those of the libraries count
        columns = [str(field["name"]) for field in table_schemas.read(schema, codes)["fields"]]
        (content / "tables" / f"{schema.stem}.csv").write_text(",".join(columns) + "\n", encoding="utf-8")
    own = {**settings, "library": [str(one.folder.absolute()) for one in named]}
    (content / "portal.yml").write_text(json.dumps(own), encoding="utf-8")
    alone = site_root.of(root, content, place / "site")
    keys = {row["id"]: _KEY for row in settings["desks"]}
    context = build.read(alone, keys=keys, today=today).context
    seal = browser_bundle.make(alone / "site" / "browser", alone / browser_bundle.KEPT_IN)
    portal = replace(context.portal, assets=site_files.asset_names(alone / "site" / "assets", seal))
    library = Library({code: _without_people(pages) for code, pages in context.library.by_language.items()})
    spoken = audio_clips.AudioPipeline(alone / build.SPEECH, place / "out", voices(content), {}, root=alone)
    context = replace(context, portal=portal, library=library, audio_pipeline=spoken, charts=alone / build.CHARTS)
    audio_clips.with_questions(portal, spoken, today)
    for code in portal.language_codes():
        for name in library.names:
            with suppress(Problem, Problems):  # a page that needs what only districts have
                list(draw_pages(alone, replace(context, language=code), [name]))
    return {path.name: path.read_bytes() for path in sorted((alone / build.SPEECH).glob("*"))}


def _without_people(pages: Mapping[str, Source]) -> dict[str, Source]:
    """Return the pages that no consent is asked for: no story, and none with a quote."""
    return {name: page for name, page in pages.items() if not consents.is_story(page) and not _quotes(page)}


def _quotes(page: Source) -> bool:
    return ">" in page.text and any(True for _ in quotes.quotes_of(page.text))
