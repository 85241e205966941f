"""The parts of a .docx or .xlsx, which is a ZIP of XML: looked at before a library reads it."""

import io
import re
import zipfile
from collections.abc import Iterator

from forms.core.problem import Problem

_MOST_PARTS, _LARGEST_PART, _LARGEST = 2_000, 20_000_000, 40_000_000
"""Files in it, and bytes of its XML once unpacked: more is a bomb, or no text."""

_LARGEST_OTHERS = 100_000_000
"""Bytes of its pictures and fonts once unpacked, which hardly shrink in a ZIP."""

_XML_NAME = (".xml", ".rels")
_BEGINS_XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\x00\s]*<")
"""How XML begins in any encoding. What a part is called says nothing: another part names it, and libraries follow."""


def xml_of(data: bytes, refused: Problem) -> Iterator[tuple[str, bytes]]:
    """Yield each XML part by name. Raises `refused` for a bomb and for XML that could name other files.

    Raises what zipfile does where it is no ZIP.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS:
            raise refused
        texts = [part for part in parts if _is_xml(archive, part)]
        of_texts = sum(part.file_size for part in texts)
        of_others = sum(part.file_size for part in parts) - of_texts
        too_large = any(part.file_size > _LARGEST_PART for part in texts)
        if too_large or of_texts > _LARGEST or of_others > _LARGEST_OTHERS:
            raise refused
        for part in texts:
            xml = archive.read(part)
            if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or b"\x00" in xml:  # no office program writes these, or UTF-16
                raise refused
            yield part.filename, xml


def _is_xml(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    if part.filename.lower().endswith(_XML_NAME):
        return True
    with archive.open(part) as file:
        return bool(_BEGINS_XML.match(file.read(1024)))
