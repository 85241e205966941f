"""Write photos in HEIF as phones do: a grid of HEVC tiles, with a rotation."""

import struct
from collections.abc import Sequence
from typing import Any

import av
from PIL import Image

TILE = 64


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, version: int, *parts: bytes) -> bytes:
    """A box with a version (a full box)."""
    return box(kind, bytes([version, 0, 0, 0]), *parts)


def tile(colour: str) -> tuple[bytes, bytes]:
    """Return one tile of a colour in HEVC: the decoder configuration, and the length-prefixed units."""
    encoder: Any = av.CodecContext.create("libx265", "w")
    encoder.width = encoder.height = TILE
    encoder.pix_fmt, encoder.time_base, encoder.options = (
        "yuv420p",
        1,
        {"x265-params": "pools=none:log-level=none:keyint=1"},
    )
    frame = av.VideoFrame.from_image(Image.new("RGB", (TILE, TILE), colour))
    stream = b"".join(bytes(packet) for one in (frame, None) for packet in encoder.encode(one))
    units = [unit for unit in stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
    heads = [unit for unit in units if unit[0] >> 1 & 63 in {32, 33, 34}]
    set_up = bytes([1, 1]) + bytes(19) + b"\x03" + bytes([len(heads)])
    set_up += b"".join(bytes([unit[0] >> 1 & 63]) + struct.pack(">HH", 1, len(unit)) + unit for unit in heads)
    return set_up, b"".join(struct.pack(">I", len(unit)) + unit for unit in units if unit not in heads)


def heic(
    colours: Sequence[str], columns: int, size: tuple[int, int], *, turn: int = 0, exif: bool = False,
    says: tuple[int, int] = (TILE, TILE), drop: int = 0,
) -> bytes:  # fmt: skip
    """Return a photo of tiles. turn: quarter turns to the left; says: the size a tile claims; drop: omitted tiles."""
    tiles = [tile(colour) for colour in colours]
    rows, first = len(tiles) // columns, 2
    items = [full(b"infe", 2, struct.pack(">HH4sx", 1, 0, b"grid"))]
    items += [full(b"infe", 2, struct.pack(">HH4sx", first + at, 0, b"hvc1")) for at in range(len(tiles))]
    items += [full(b"infe", 2, struct.pack(">HH4sx", 99, 0, b"Exif"))] if exif else []
    properties = [
        full(b"ispe", 0, struct.pack(">II", *size)),
        box(b"irot", bytes([turn])),
        full(b"ispe", 0, struct.pack(">II", *says)),
    ]
    properties += [box(b"hvcC", tiles[0][0])]
    owned = [struct.pack(">HB", 1, 2) + b"\x01\x82"]
    owned += [struct.pack(">HB", first + at, 2) + b"\x03\x84" for at in range(len(tiles))]
    grid = bytes([0, 0, rows - 1, columns - 1]) + struct.pack(">HH", *size)
    refs = [struct.pack(">H", first + at) for at in range(len(tiles) - drop)]

    def meta(start: int) -> bytes:
        places, at = [struct.pack(">HHHHII", 1, 1, 0, 1, 0, len(grid))], start
        for number, (_, data) in enumerate(tiles, start=first):
            places.append(struct.pack(">HHHHII", number, 0, 0, 1, at, len(data)))
            at += len(data)
        return full(
            b"meta", 0, full(b"pitm", 0, b"\x00\x01"), full(b"iinf", 0, struct.pack(">H", len(items)), *items),
            full(b"iref", 0, box(b"dimg", struct.pack(">HH", 1, len(refs)), *refs)),
            box(b"iprp", box(b"ipco", *properties), full(b"ipma", 0, struct.pack(">I", len(owned)), *owned)),
            box(b"idat", grid), full(b"iloc", 1, struct.pack(">HH", 0x4400, len(places)), *places),
        )  # fmt: skip

    kind = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    start = len(kind) + len(meta(0)) + 8
    return kind + meta(start) + box(b"mdat", *(data for _, data in tiles))
