"""The XML parts of a .docx or .xlsx (a ZIP file), checked before a library reads them."""

import io
import re
import zipfile
from collections.abc import Iterator

from forms.core.problem import Problem

_MAX_PARTS, _MAX_PART_SIZE, _MAX_XML_SIZE = 2_000, 20_000_000, 40_000_000
"""Files in a package, and bytes of one and of all XML parts when unpacked: more is a ZIP bomb, or no text."""

_MAX_OTHER_SIZE = 100_000_000
"""Bytes of pictures and fonts when unpacked, which a ZIP hardly compresses."""

_XML_NAME = (".xml", ".rels")
_XML_START = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\x00\s]*<")
"""The start of XML in any encoding. The name of a part decides nothing: libraries read whatever another part names."""


def xml_parts(data: bytes, refused: Problem) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each XML part. Raises `refused` for a ZIP bomb and for XML with a DTD.

    Raises the errors of zipfile where the data is no ZIP.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > _MAX_PARTS:
            raise refused
        xml_files = [part for part in parts if _is_xml(archive, part)]
        xml_size = sum(part.file_size for part in xml_files)
        other_size = sum(part.file_size for part in parts) - xml_size
        too_large = any(part.file_size > _MAX_PART_SIZE for part in xml_files)
        if too_large or xml_size > _MAX_XML_SIZE or other_size > _MAX_OTHER_SIZE:
            raise refused
        for part in xml_files:
            xml = archive.read(part)
            if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or b"\x00" in xml:  # no office program writes these, or UTF-16
                raise refused
            yield part.filename, xml


def _is_xml(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    if part.filename.lower().endswith(_XML_NAME):
        return True
    with archive.open(part) as file:
        return bool(_XML_START.match(file.read(1024)))
