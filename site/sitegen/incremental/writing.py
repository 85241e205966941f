"""Writes what an edit changes into the twin of the built site, which then takes its name."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from forms.core.builds import manifest as build_manifest
from forms.core.builds.manifest import ADDRESS, SIGNATURES, PublishedFile
from sitegen import kept_work
from sitegen.content.pages import SEARCH, PageSource
from sitegen.incremental import trees
from sitegen.incremental.edits import Edit
from sitegen.incremental.record import Record
from sitegen.interruption import GoOn
from sitegen.media import shared_clips
from sitegen.media.audio_clips import FOLDER as SOUNDS
from sitegen.media.audio_clips import sounds_in
from sitegen.publish import compression, tablet
from sitegen.publish.build_manifest import LISTED_SUFFIXES, Sign, number_after
from sitegen.render import search_index
from sitegen.render.context import Context
from sitegen.render.engine import markdown_engine
from sitegen.render.language_pages import bodies, draw_pages


@dataclass
class Writing:
    """The twin of a site while an edit is written into it. paths: files that were replaced or removed.

    unverified: the site, where it and its twin were not compared with the record before: then each file and folder is,
    before it is read or written. Else None. speak: whether speech that is not in the cache is made.
    """

    edit: Edit
    record: Record
    sounds: Mapping[tuple[str, str], tuple[str, ...]]
    twin: Path
    sign: Sign | None
    unverified: Path | None = None
    speak: bool = False
    paths: set[str] = field(default_factory=set)
    _verified: set[str] = field(default_factory=set)
    _has_other_sounds: bool = False
    """Whether a page has other sounds than before."""
    _compressor: compression.Compressor | None = None

    def write(self) -> int:
        """Write everything; return how many pages were drawn."""
        if not self.record.compressed:
            return self._write_all()
        with compression.Compressor(self.edit.root) as self._compressor:
            return self._write_all()

    def _write_all(self) -> int:
        self._file(f"/{SOUNDS}/none")  # drawing writes sounds there
        languages = sorted({code for code, _ in self.edit.drawn})
        for code in languages:
            self._language(code, self.edit.drawn_in(code))
        self._sounds()
        for code in languages:
            self._tablet(code)
            kept_work.at(self.edit.root, f"pages-{code}").save()  # the next edit of these pages compares with it
        kept_work.at(self.edit.root, kept_work.CHECKS).save()
        if self._compressor:
            self._copies(self._compressor)
        self.write_manifest()
        return len(self.edit.drawn)

    def _language(self, code: str, names: Sequence[str]) -> None:
        before, after = (self._context(context, code) for context in (self.edit.before, self.edit.after))
        counts = {}
        for page in draw_pages(self.edit.root, after, names, markdown_engine):
            self._put(f"/{code}/{page.path}index.html", page.html.encode())
            self._record_sounds(code, page.name, sounds_in(page.html))
            counts[page.name] = page.counts
        listed = search_index.indexed_pages(after.library, code)
        old = {source.name: body.counts for source, body in bodies(self.edit.root, before, names, markdown_engine)}
        numbers = {name: number for number, name in enumerate(listed)}
        for name in names:
            if name in numbers:
                self._words(code, numbers[name], listed[name], old[name], counts[name])

    def _context(self, context: Context, code: str) -> Context:
        audio, pictures = context.audio_pipeline, context.image_pipeline
        return replace(
            context, language=code,
            audio_pipeline=audio and replace(audio, out=self.twin / audio.out.name, can_make=self.speak),
            image_pipeline=pictures and replace(pictures, out=self.twin / pictures.out.name),
        )  # fmt: skip

    def _words(self, code: str, number: int, page: PageSource, old: Mapping[str, int], new: Mapping[str, int]) -> None:
        """Bring the search index up to date: only the files of words that occur more or less often than before."""
        before, after = (search_index.token_weights(page, counts) for counts in (old, new))
        changed = {word for word in before.keys() | after.keys() if before.get(word) != after.get(word)}
        for shard in sorted({search_index.shard_name(word) for word in changed}):
            path = f"/{code}/{SEARCH}/{shard}"
            words = self._json(path)
            for word in (word for word in changed if search_index.shard_name(word) == shard):
                search_index.set_weight(words, word, number, after.get(word, 0))
            self._put(path, search_index.encode(dict(sorted(words.items()))) if words else None)

    def _json(self, path: str) -> dict[str, list[int]]:
        file = self._file(path)
        return dict(json.loads(file.read_bytes())) if file.exists() else {}

    def _file(self, path: str) -> Path:
        """Return a file of the twin. Raises OSError where it, or a folder around it, is not as recorded."""
        if self.unverified and path not in self._verified and path not in self.paths:
            self._verify(self.unverified, path)
        return Path(f"{self.twin}{path}")

    def _verify(self, site: Path, path: str) -> None:
        """Raise OSError where the twin is not as recorded at this path, or the site in these folders."""
        steps = [path]
        while steps[-1] != "/":
            steps.append(steps[-1][: steps[-1].rstrip("/").rindex("/") + 1])
        for step in (step for step in steps if step not in self._verified):
            of_twin = self.record.twin if step.endswith("/") else self.record.site
            for folder, tree in ((self.twin, of_twin), (site, self.record.site)):
                state = tree.get(step)
                if not (trees.matches(folder, {step: state}) if state else not os.path.lexists(f"{folder}{step}")):
                    raise OSError(f"{folder}{step}")
            self._verified.add(step)

    def _put(self, path: str, data: bytes | None) -> None:
        """Replace a file of the twin, which the site may share, with these bytes; None: remove it."""
        file = self._file(path)
        for ending in ("", *compression.ENDINGS):
            copy = file.with_name(f"{file.name}{ending}")
            if f"{path}{ending}" in self.record.site or ending == "":
                copy.unlink(missing_ok=True)
                self.paths.add(f"{path}{ending}")
        if data is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        if data is not None and self._compressor and compression.is_compressible(path):
            self._compressor.begin(data)

    def _all_sounds(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {**self.sounds, **self.record.sounds}

    def _record_sounds(self, code: str, name: str, sounds: tuple[str, ...]) -> None:
        """Record the sounds of a page that was drawn."""
        before = self.record.sounds.get((code, name), self.sounds.get((code, name), ()))
        self.record.sounds[code, name] = sounds
        self._has_other_sounds = self._has_other_sounds or sounds != before

    def _sounds(self) -> None:
        """Record new sounds, and remove those that no page and no question uses any more."""
        if not self._has_other_sounds:
            return
        used = {sound for sounds in self._all_sounds().values() for sound in sounds}
        if not used and f"/{SOUNDS}/" not in self.record.site:
            return
        fixed = {
            file.address
            for clips in self.edit.after.portal.clips.values()
            for clip in clips.values()
            for file in clip.files
        }
        present = {path for path in self.record.site if path.startswith(f"/{SOUNDS}/") and not path.endswith("/")}
        for path in present - used - fixed:
            self._put(path, None)
        self.paths |= {path for path in used - present if Path(f"{self.twin}{path}").exists()}

    def _tablet(self, code: str) -> None:
        listing = f"/{code}/tablet/files.json"
        before = json.loads(self._file(listing).read_bytes())
        own = {sound for (other, _), sounds in self._all_sounds().items() if other == code for sound in sounds}
        opus = sorted(sound for sound in own if sound.endswith(".opus"))
        first = next((place for place, address in enumerate(before) if address.startswith(f"/{SOUNDS}/")), None)
        rest = [address for address in before if not address.startswith(f"/{SOUNDS}/")]
        at = len(rest) - 1 if first is None else first
        addresses = [*rest[:at], *opus, *rest[at:]]
        size = sum(map(self._size, addresses))
        for path, text in tablet.render_page(self.twin, self.edit.after.portal, code, addresses, size).items():
            address = f"/{path.relative_to(self.twin).as_posix()}"
            if self._file(address).read_bytes() != text.encode():
                self._put(address, text.encode())

    def _size(self, address: str) -> int:
        """Return the bytes of a file, as recorded unless this edit has written it."""
        path = f"{address}index.html" if address.endswith("/") else address
        state = None if path in self.paths else self.record.site.get(path)
        return state[0] if state else os.stat(f"{self.twin}{path}").st_size  # noqa: PTH116

    def _copies(self, compressor: compression.Compressor) -> None:
        wanted = [Path(f"{self.twin}{path}") for path in self.paths if compression.is_compressible(path)]
        compression.compress(self.edit.root, [path for path in wanted if path.exists()], compressor.copies)
        self.paths |= {f"{path}{ending}" for path in self.paths if compression.is_compressible(path)
                       for ending in compression.ENDINGS}  # fmt: skip

    def write_manifest(self) -> None:
        """Write the list of the build with what has changed. Raises OSError."""
        before = self._file(ADDRESS).read_bytes()
        files: dict[str, PublishedFile | None] = {}
        for path in (path for path in self.paths if Path(path).suffix in LISTED_SUFFIXES):
            address = path.removesuffix("index.html") if path.endswith("/index.html") else path
            file = Path(f"{self.twin}{path}")
            files[address] = build_manifest.file_of(file.read_bytes()) if file.exists() else None
        data = _manifest(before, files)
        self._put(ADDRESS, data)
        self._put(SIGNATURES, (self.sign(data) if self.sign else "").encode("ascii"))


def make_speech(edit: Edit, go_on: GoOn) -> None:
    """Make and keep the clips of the pages of an edit, and write nothing of them: the site stays as it is.

    Raises Problem, and GivenUp where `go_on` does; what was made by then is kept.
    """
    context = edit.after
    audio, pictures = context.audio_pipeline, context.image_pipeline
    with TemporaryDirectory(dir=edit.root / ".build") as folder:
        for code in sorted({code for code, _ in edit.drawn}):
            heard = audio and replace(audio, out=Path(folder), can_make=True, go_on=go_on)
            seen = pictures and replace(pictures, out=Path(folder))
            drawn = replace(context, language=code, audio_pipeline=heard, image_pipeline=seen)
            for _ in draw_pages(edit.root, drawn, edit.drawn_in(code), markdown_engine):
                go_on()


def _manifest(before: bytes, changed: Mapping[str, PublishedFile | None]) -> bytes:
    """Return the manifest of a build with other bytes in these files; None: a file was removed."""
    replaced = {address: file for address, file in changed.items() if file}
    patched = (
        build_manifest.with_changed_files(before, number_after, replaced) if len(replaced) == len(changed) else None
    )
    if patched is not None:
        return patched
    manifest = build_manifest.read(before)
    unchanged = {address: file for address, file in manifest.files.items() if address not in changed}
    return build_manifest.write(replace(manifest, number=number_after(manifest.number), files=unchanged | replaced))


def draw_some(root: Path, drawn: Context) -> None:
    """Draw a page in each language and discard it, so that modules and templates are loaded before the first edit."""
    if drawn.audio_pipeline:
        shared_clips.tool_versions()  # reads which versions are installed, as the first clip would
    for code in drawn.portal.language_codes():
        own = drawn.library.by_language.get(code, {}).values()
        plain = next((page.name for page in own if not (page.generated or page.renderer or page.blocks)), None)
        context = replace(drawn, language=code, audio_pipeline=None, image_pipeline=None)
        for _ in draw_pages(root, context, [plain] if plain else [], markdown_engine):
            search_index.indexed_pages(drawn.library, code)
