"""Names in consents.csv: one form for stories, pages, files and languages, however they are written."""

import re
import unicodedata

from sitegen.content.pages import PageSource

FOLDER = "stories/"

_ID = re.compile(r"(?!(?:survivor|composite|nobody)$)[a-z0-9][a-z0-9-]*", re.I)
"""An id, and not a kind that has slipped into its place."""

STORY_FOLDERS = frozenset({"stories", "story", "survivors", "survivor", "testimonies", "testimony"})
"""Names under which staff may file a story; only `stories` is published."""

IS_STORY_MARK = re.compile(r"^(?:consent|composite)\s*:|^kind\s*:\s*[\"']?(?:survivor|composite)\b", re.M | re.I)

_STORY_PATH = re.compile(r"(?:^|/)(stories/.*)$")

_IN_A_LANGUAGE = re.compile(r"^(?:.*content/)?[a-z]{2,3}(?:-[a-z0-9]{2,8})*/(?=.)")

_MEDIA_FOLDER = re.compile(r"^/?(?:content/)?media/")


def is_id(cell: str) -> bool:
    """Return whether a cell may be the id of a consent."""
    return _ID.fullmatch(cell) is not None


def languages(cell: str) -> frozenset[str]:
    """Return the language codes of a cell, with spaces, commas, semicolons or strokes between them, in any case."""
    return frozenset(re.split(r"[\s,;/|]+", cell.strip().lower())) - {""}


def media_name(text: str) -> str:
    """Return one form for the name of a file in content/media, however it is written."""
    return _MEDIA_FOLDER.sub("", _seen(text).replace("\\", "/").casefold())


def _seen(text: str) -> str:
    """Return a name as a person sees it: without signs that nobody sees, like those of a direction or a joiner."""
    return "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) != "Cf").strip()


def media_names(cell: str) -> frozenset[str]:
    """Return the files that a cell of the column media lists, with spaces, commas or semicolons between them."""
    return frozenset(map(media_name, re.split(r"[\s,;]+", cell))) - {""}


def story_name(text: str) -> str:
    """Return one form for a story that is named by page, file or address, like "stories/the-advance"."""
    path = _seen(text).replace("\\", "/").casefold().strip("/").removesuffix("/index.html").removesuffix(".md")
    if found := _STORY_PATH.search(path):
        return found[1]
    path = _IN_A_LANGUAGE.sub("", path) if "/" in path else path
    return path if "/" in path else FOLDER + path


def is_story(page: PageSource) -> bool:
    """Return whether a page needs a consent: by its folder, or because it says that it is a story."""
    if page.generated:
        return False
    in_folder = bool(STORY_FOLDERS & {part.casefold() for part in page.name.split("/")[:-1]})
    return in_folder or bool(IS_STORY_MARK.search("\n".join(f"{key}: {value}" for key, value in page.meta.items())))


def page_names(cell: str) -> frozenset[str]:
    """Return the pages that a cell of the column quotes lists, like "problems/wages", however they are written."""
    return frozenset(map(page_name, re.split(r"[\s,;]+", cell))) - {""}


def page_name(text: str) -> str:
    """Return one form for a page that is named by page, file or address, like "problems/wages"."""
    path = _seen(text).replace("\\", "/").casefold().strip("/").removesuffix("/index.html").removesuffix(".md")
    path = _IN_A_LANGUAGE.sub("", path) if "/" in path else path
    return path.removesuffix("/index").removesuffix("/readme")
