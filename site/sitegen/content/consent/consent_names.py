"""Names in consents.csv: a canonical form of stories, pages, files and languages, however they are written."""

import re
import unicodedata

from sitegen.content.pages import PageSource

STORIES_FOLDER = "stories/"

_ID = re.compile(r"(?!(?:survivor|composite|nobody)$)[a-z0-9][a-z0-9-]*", re.I)
"""An id of a consent, but not a kind, which would be a cell in the wrong column."""

STORY_FOLDERS = frozenset({"stories", "story", "survivors", "survivor", "testimonies", "testimony"})
"""Names of folders that staff may use for stories."""

STORY_MARK = re.compile(r"^(?:consent|composite)\s*:|^kind\s*:\s*[\"']?(?:survivor|composite)\b", re.M | re.I)

_STORY_PATH = re.compile(r"(?:^|/)(stories/.*)$")

_IN_A_LANGUAGE = re.compile(r"^(?:.*content/)?[a-z]{2,3}(?:-[a-z0-9]{2,8})*/(?=.)")

_MEDIA_FOLDER = re.compile(r"^/?(?:content/)?media/")


def is_id(cell: str) -> bool:
    """Return whether a cell may be the id of a consent."""
    return _ID.fullmatch(cell) is not None


def languages(cell: str) -> frozenset[str]:
    """Return the language codes of a cell in lower case. Spaces, commas, semicolons or bars separate them."""
    return frozenset(re.split(r"[\s,;/|]+", cell.strip().lower())) - {""}


def media_name(text: str) -> str:
    """Return the canonical name of a file in content/media: lower case, without the folder."""
    return _MEDIA_FOLDER.sub("", _visible(text).replace("\\", "/").casefold())


def _visible(text: str) -> str:
    """Return a name without invisible characters, like direction marks and joiners."""
    return "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) != "Cf").strip()


def media_names(cell: str) -> frozenset[str]:
    """Return the canonical names of the files in a cell of the column media."""
    return frozenset(map(media_name, re.split(r"[\s,;]+", cell))) - {""}


def story_name(text: str) -> str:
    """Return the canonical name of a story, like "stories/the-advance", from its page, file or address."""
    path = _visible(text).replace("\\", "/").casefold().strip("/").removesuffix("/index.html").removesuffix(".md")
    if match := _STORY_PATH.search(path):
        return match[1]
    path = _IN_A_LANGUAGE.sub("", path) if "/" in path else path
    return path if "/" in path else STORIES_FOLDER + path


def is_story(page: PageSource) -> bool:
    """Return whether a page is a story and needs a consent: by its folder or its front matter."""
    if page.generated:
        return False
    in_folder = bool(STORY_FOLDERS & {part.casefold() for part in page.name.split("/")[:-1]})
    return in_folder or bool(STORY_MARK.search("\n".join(f"{key}: {value}" for key, value in page.meta.items())))


def page_names(cell: str) -> frozenset[str]:
    """Return the canonical names of the pages in a cell of the column quotes."""
    return frozenset(map(page_name, re.split(r"[\s,;]+", cell))) - {""}


def page_name(text: str) -> str:
    """Return the canonical name of a page, like "problems/wages", from its page, file or address."""
    path = _visible(text).replace("\\", "/").casefold().strip("/").removesuffix("/index.html").removesuffix(".md")
    path = _IN_A_LANGUAGE.sub("", path) if "/" in path else path
    return path.removesuffix("/index").removesuffix("/readme")
