"""Stores the texts of pages in a file of their own, since an edit of one page needs the texts of few others."""

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from sitegen.content.pages import PageSource

_CHECK = 16


@dataclass(frozen=True)
class TextPlace:
    """The place of a text: its file, the first byte, the number of bytes, and their checksum."""

    file: str
    start: int
    length: int
    check: bytes

    def read(self) -> str:
        """Return the text. Raises OSError or ValueError where the file is gone or damaged."""
        with open(self.file, "rb") as texts:  # noqa: PTH123 - thousands of them, where a heading went
            texts.seek(self.start)
            data = texts.read(self.length)
        if _sum(data) != self.check:
            raise ValueError(self.file)
        return data.decode("utf-8", "surrogatepass")


def _sum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_CHECK).digest()


@dataclass
class TextFile:
    """A file of texts, filled in memory. Each text is in it once."""

    path: Path
    data: BytesIO = field(default_factory=BytesIO)
    _places: dict[str, TextPlace] = field(default_factory=dict)

    def place_of(self, text: str) -> TextPlace:
        """Return the place of a text in the file; a new text is added."""
        if text not in self._places:
            data = text.encode("utf-8", "surrogatepass")
            self._places[text] = TextPlace(str(self.path), self.data.tell(), len(data), _sum(data))
            self.data.write(data)
        return self._places[text]


def packed(value: Any, texts: TextFile) -> bytes:
    """Return a value pickled, with the texts of its pages in `texts`."""
    into = BytesIO()
    _Packer(into, texts).dump(value)
    return into.getvalue()


class _Packer(pickle.Pickler):
    def __init__(self, into: BytesIO, texts: TextFile) -> None:
        super().__init__(into, pickle.HIGHEST_PROTOCOL)
        self._texts = texts

    def reducer_override(self, value: Any) -> Any:
        """Return how a page is unpickled; everything else is pickled as usual."""
        if type(value) is not PageSource:
            return NotImplemented
        rest = {name: attribute for name, attribute in vars(value).items() if name != "text"}
        return _page_without_text, (rest, self._texts.place_of(value.text))


def _page_without_text(rest: Mapping[str, Any], place: TextPlace) -> PageSource:
    """Return a page whose text is read at its first use."""
    page = object.__new__(PageSource)
    vars(page).update(rest, unread=place)
    return page
