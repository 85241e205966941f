"""The parts of a .docx or .xlsx, which is a ZIP of XML: looked at before a library reads it."""

import io
import zipfile
from collections.abc import Iterator

from forms.core.problem import Problem

_MOST_PARTS, _LARGEST_PART, _LARGEST = 2_000, 20_000_000, 40_000_000
"""Files in it, and bytes of its XML once unpacked: more is a bomb, or no text."""


def xml_of(data: bytes, refused: Problem) -> Iterator[tuple[str, bytes]]:
    """Yield each XML part by name. Raises `refused` for a bomb and for XML that could name other files.

    Raises what zipfile does where it is no ZIP.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        texts = [part for part in parts if part.filename.lower().endswith((".xml", ".rels"))]
        too_large = any(part.file_size > _LARGEST_PART for part in texts)
        if len(parts) > _MOST_PARTS or too_large or sum(part.file_size for part in texts) > _LARGEST:
            raise refused
        for part in texts:
            xml = archive.read(part)
            if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or b"\x00" in xml:  # no office program writes these, or UTF-16
                raise refused
            yield part.filename, xml
