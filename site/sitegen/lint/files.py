"""Checks of the files in content/ by their names: copies, workbooks, documents, and files that nothing reads."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from forms.core.files.audio_files import is_recording
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.content.consent.consent_names import media_name
from sitegen.content.page_reader import DRAFTS_FOLDER
from sitegen.content.pages import GENERATED_FOLDERS
from sitegen.layers import libraries, lookup
from sitegen.layers.own_files import is_kept_by_windows, is_passed_over, shown_name
from sitegen.media import photos, staff_recordings

_COPY = re.compile(
    r"[ _-]+copy\b|^copy (?:of|\(\d+\) of)\b|\(\d+\)|conflict|~HEAD|_(?:BACKUP|BASE|LOCAL|REMOTE)_\d+|"
    r"[ _-](?:old|new|final|backup|bak)\d*$|\.(?:orig|rej|bak|old|backup)\b",
    re.I,
)
_TOP_LEVEL = frozenset({"portal.yml", "translations.json", "calendar.json", "addresses.json", "overridden.json"})
_DOCUMENTS = frozenset({".txt", ".doc", ".docx", ".odt", ".rtf", ".markdown", ".mdown", ".pages", ".pdf"})
"""Endings, in lower case, of documents that somebody may have meant as a page."""

_WORKBOOKS = frozenset({".xlsx", ".xls", ".xlsm", ".ods", ".numbers", ".tsv"})
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_COPIED = _("is a copy, or a second version. Which of them counts?")
_KEEP_ONE = _("Keep the right one under the name without additions, and take the other out of content/.")
_REMOVE = _("Nothing of it is published. Take it out of content/: copies of this folder go to others.")
_ACTIVE = frozenset({".html", ".htm", ".xhtml", ".xht", ".shtml", ".mht", ".mhtml", ".js", ".mjs", ".css", ".xml",
                     ".xsl", ".xslt", ".rdf", ".svgz", ".swf", ".wasm", ".php"})  # fmt: skip
"""sitegen/checks/security/html_checks.py reports these."""

FILMS = frozenset({".mp4", ".webm"})
"""Films are published unchanged, if consents.csv names them."""

_LOCATION_MARKS = (b"\xa9xyz", b"location.ISO6709", b"loci\0\0\0\0")
"""How phones store the location in a film."""

_FILE_ENDINGS = frozenset({".md", ".csv", ".yml", ".json", ".svg", *photos.EXTENSIONS})

_OTHER_PICTURES = frozenset({".heic", ".heif", ".gif", ".tif", ".tiff", ".bmp"})


def problems(content: Path, languages: Collection[str], consented: Collection[str] = ()) -> Iterator[Problem]:
    """Yield every file of content/ that does not belong there or has a wrong name.

    consented: canonical names of the files in consents.csv, of which films may be published.
    """
    zips = libraries.zips(content)
    for layer in lookup.layers(content):
        yield from _irregular_files(layer)
    for file in lookup.every(content):
        if file.layer.label != lookup.OWN and not lookup.is_used(file.name, languages):
            continue  # a library may have more languages, and other files of its repository
        if shown_name(file.name) != file.name:
            todo = _("Give it a name of letters a to z, digits and hyphens.")
            yield Problem(shown_name(file.where), _("has a name that cannot be read."), todo)
            continue
        if file.layer.label == lookup.OWN and file.name in zips:
            continue
        if any(map(is_kept_by_windows, Path(file.name).parts)):
            what = _("has a name that Windows keeps for itself, so no colleague there can open it.")
            yield Problem(file.where, what, _("Give it another name."))
            continue
        mistake = _mistake(file.path, Path(file.name), languages, consented)
        if mistake and file.path.suffix.lower() not in _ACTIVE:
            yield Problem(file.where, *mistake)


def _irregular_files(layer: lookup.Layer) -> Iterator[Problem]:
    """Yield broken links, special files, and folders that are named like files."""
    for path in sorted(layer.folder.rglob("*")):
        if is_passed_over(path, layer.folder) or path.is_file():
            continue
        where = shown_name(layer.where(path))
        if path.is_symlink():
            what, todo = _("is a link, and leads to no file."), _("Put the file itself there, or remove the link.")
            yield Problem(where, what, todo)
        elif not path.is_dir():
            yield Problem(where, _("is no file that can be read."), _("Remove it."))
        elif path.suffix.lower() in _FILE_ENDINGS:
            todo = _("Put the file itself there, or rename the folder.")
            yield Problem(where, _("is a folder, and named like a file."), todo)


def _mistake(
    path: Path, inside: Path, languages: Collection[str], consented: Collection[str]
) -> tuple[str, str] | None:
    """Return what is wrong with one file and what to do, or None. inside: its path in content/."""
    folder = inside.parts[0]
    if _COPY.search(path.stem) or _COPY.search(path.name):
        return _COPIED, _KEEP_ONE
    if len(inside.parts) == 1:
        return None if path.name in _TOP_LEVEL else (_("is nothing that the site is made from."), _REMOVE)
    if folder in languages:
        return _page_mistake(path, inside)
    if folder in {"words", DRAFTS_FOLDER}:
        return _words_mistake(path, languages) if folder == "words" else _draft_mistake(path)
    if folder in {"tables", "media"}:
        return _table_mistake(path) if folder == "tables" else _medium_mistake(path, inside, consented)
    todo = _(
        "There are: %(folders)s. Or name the language in portal.yml.",
        folders=", ".join([*languages, "tables", "media", "words"]),
    )
    return _("lies in the folder %(folder)s, which nothing reads.", folder=folder), todo


def _draft_mistake(path: Path) -> tuple[str, str] | None:
    """Return what is wrong with the name of an unfinished translation. Its text is not checked: it is not published."""
    return None if path.suffix == ".md" else ("is no page, and is published nowhere.", _REMOVE)


def _page_mistake(path: Path, inside: Path) -> tuple[str, str] | None:
    """Return what is wrong with a file in the folder of a language."""
    if path.suffix == ".md":
        return _address_mistake(inside)
    ending = path.suffix.lower()
    if ending in _DOCUMENTS or ending == ".md" or path.name.lower().endswith(".md.txt"):
        return _("is no page: its name does not end in .md."), _("Save it as plain text, ending in .md.")
    if ending in photos.EXTENSIONS | _OTHER_PICTURES | {".svg"} or is_recording(path):
        return _("lies among the pages, where no page can show it."), _("Move it into content/media.")
    return _("is no page, and is published nowhere."), _REMOVE


def _address_mistake(inside: Path) -> tuple[str, str] | None:
    """Return what is wrong with the name of a page, which becomes its address."""
    parts = inside.with_suffix("").parts[1:]
    if inside.name == "index.md" and len(parts) > 1:
        folder = parts[-2]
        todo = _("Name it %(folder)s.md, and put it beside the folder %(folder)s.", folder=folder)
        return _("would have the address of %(folder)s.md.", folder=folder), todo
    if parts[0] in GENERATED_FOLDERS:
        what = _("would have an address below %(folder)s/, where the program writes its own files.", folder=parts[0])
        return what, _("Give the page another name, the same in each language.")
    if invalid := [part for part in parts if not _NAME.fullmatch(part)]:
        what = _('has "%(part)s" in its name, which becomes its address.', part=invalid[0])
        return what, _("Use small letters a to z, digits and hyphens, the same name in each language.")
    return None


def _words_mistake(path: Path, languages: Collection[str]) -> tuple[str, str] | None:
    if path.suffix == ".po" and path.stem in languages:
        return None
    what = _("is no file of words of a language of this site.")
    return what, _("Name it like words/bn.po, with a code of portal.yml.")


def _table_mistake(path: Path) -> tuple[str, str] | None:
    if path.suffix == ".csv":
        return None
    if path.suffix.lower() in _WORKBOOKS:
        todo = _('Save it over the table as "CSV UTF-8 (comma delimited)", and keep the workbook outside content/.')
        return _("is a workbook, which nothing reads: the site shows %(name)s.csv.", name=path.stem), todo
    if path.suffix.lower() == ".csv" or path.name.lower().endswith(".csv.txt"):
        todo = _("Name it %(name)s.csv.", name=path.name.lower().split(".")[0])
        return _("is no table: its name does not end in .csv."), todo
    return _("is no table, and nothing reads it."), _REMOVE


def _medium_mistake(path: Path, inside: Path, consented: Collection[str]) -> tuple[str, str] | None:
    ending = path.suffix.lower()
    in_subfolder = len(inside.parts) > 2  # noqa: PLR2004 - below media
    if (inside.parts[1] == staff_recordings.FOLDER and in_subfolder) or ending in photos.EXTENSIONS | {".svg"}:
        return None  # staff_recordings.problems and image_checks.file_problems check them
    if ending in FILMS:
        return _film_mistake(path, media_name("/".join(inside.parts[1:])) in consented)
    if ending in _OTHER_PICTURES:
        what = _("is no kind of picture that a page can show.")
        return what, _("Export it as JPEG or PNG, without place and camera.")
    if is_recording(path):
        todo = _("Name it like %(name)s.", name=f"media/{staff_recordings.FOLDER}/ta/rights.m4a")
        return _("is a recording outside its folder."), todo
    return _("is neither picture nor recording."), _REMOVE


def _film_mistake(path: Path, consented: bool) -> tuple[str, str] | None:
    if not consented:
        return (
            _("is a film that no row of consents.csv names, so it is published nowhere."),
            _("Name it in the column media."),
        )
    if any(mark in path.read_bytes() for mark in _LOCATION_MARKS):
        return _("holds the place at which it was taken."), _("Export it again without its place.")
    return None
