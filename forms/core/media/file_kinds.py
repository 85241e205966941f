"""Recognise photos and recordings by their first bytes. File names and endings are never read."""

import struct

_PHOTOS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM")
_VOICES = (
    b"OggS", b"ID3", b"RIFF", b"#!AMR", b"\x1aE\xdf\xa3", b"fLaC", b"caff", b"FORM", b".snd",
)  # fmt: skip
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
"""First boxes of MP4 and its predecessor QuickTime: older recorders write no ftyp."""

_HEVC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_ANY_HEIF = frozenset({b"mif1", b"msf1", b"miaf"})
"""Brands that do not name the codec of the picture (ISO/IEC 23008-12, 10.2): AVIF may begin with them too."""

_AVIF = frozenset({b"avif", b"avis"})
_MAX_BRANDS = 32
_MPEG_SYNC = 0xE0  # MP3 and ADTS without a tag: eleven set bits (ISO 11172-3, 2.4.1.3)


def is_photo(content: bytes) -> bool:
    """Return whether this begins like a photo of an accepted kind."""
    return content.startswith(_PHOTOS) or content[8:12] == b"WEBP" or is_avif(content)


def is_recording(content: bytes) -> bool:
    """Return whether this begins like a recording of an accepted kind; some recorders write zeros before it."""
    start = content[:65_536].lstrip(b"\0")[:12] if content[4:8] not in _BOXES else content[:12]
    if start.startswith(_VOICES) or start[4:8] in _BOXES:
        return True
    return len(start) > 1 and start[0] == 0xFF and start[1] & _MPEG_SYNC == _MPEG_SYNC  # noqa: PLR2004


def is_avif(content: bytes) -> bool:
    """Return whether this is a photo in AVIF, whatever its first brand is (AV1 Image File Format, 5)."""
    major, compatible = _brands(content)
    return major in _AVIF or (major in _ANY_HEIF and not _AVIF.isdisjoint(compatible))


def is_heif(content: bytes) -> bool:
    """Return whether this is a photo in HEVC, as of iPhones and some other phones (ISO/IEC 23008-12, annex B)."""
    major, _ = _brands(content)
    return major in _HEVC | _ANY_HEIF and not is_avif(content)


def as_plain_avif(content: bytes) -> bytes:
    """Return a photo in AVIF with avif as its first brand, the only one that Pillow knows; others unchanged."""
    return content[:8] + b"avif" + content[12:] if is_avif(content) else content


def _brands(content: bytes) -> tuple[bytes, list[bytes]]:
    """Return the major brand of a file and its compatible brands (ISO/IEC 14496-12, 4.3)."""
    if content[4:8] != b"ftyp":
        return b"", []
    end = min(struct.unpack(">I", content[:4])[0], 16 + 4 * _MAX_BRANDS)
    return content[8:12], [content[position : position + 4] for position in range(16, end, 4)]
