"""Pictures of houses that do not exist: a sky, a building with windows, the ground. PNG, without a library. Pure.

Eight bits a pixel with a palette, each row put together from runs, so that one is drawn in milliseconds and has a few KB.
"""

from __future__ import annotations

import struct
import zlib
from random import Random

WIDTH, HEIGHT = 640, 400
_SKY, _GROUND, _WALL, _DARK, _LIT, _ROOF, _GREEN, _WATER = 0, 16, 17, 18, 19, 20, 21, 22
_SHADES = 16
_WALLS = ((214, 196, 170), (190, 200, 210), (226, 220, 208), (176, 160, 150), (205, 180, 160))
_EVENINGS = (
    ((255, 190, 120), (80, 110, 170)),
    ((190, 220, 250), (70, 130, 200)),
    ((250, 210, 190), (120, 120, 190)),
)
_TALL = frozenset({"apartment", "penthouse", "office"})


def draw(kind: str, seed: str) -> bytes:
    """Return the picture of a listing as a PNG; the same seed gives the same picture."""
    dice = Random(f"{kind} {seed}")  # noqa: S311 - a picture
    rows = [bytearray([_SKY + y * _SHADES // HEIGHT]) * WIDTH for y in range(HEIGHT)]
    horizon = HEIGHT - dice.randint(60, 90)
    _fill(rows, 0, horizon, WIDTH, HEIGHT, _GREEN if kind in {"villa", "townhouse", "land"} else _GROUND)
    if dice.random() < 0.5:
        _fill(rows, 0, horizon, WIDTH, horizon + 14, _WATER)
    if kind in _TALL:
        for place in range(dice.randint(2, 4)):
            left = 60 + place * 140 + dice.randint(-20, 20)
            _tower(
                rows, dice, left, horizon - dice.randint(150, 290), left + dice.randint(80, 120), horizon + 20
            )
    elif kind != "land":
        left, top = dice.randint(110, 170), horizon - dice.randint(70, 130)
        right = WIDTH - dice.randint(110, 170)
        _tower(rows, dice, left, top, right, horizon + 25)
        _roof(rows, left, right, top, flat=kind in {"shop", "warehouse"})
    return _png(rows, _palette(dice))


def _tower(rows: list[bytearray], dice: Random, left: int, top: int, right: int, bottom: int) -> None:
    _fill(rows, left, top, right, bottom, _WALL)
    for y in range(top + 12, bottom - 26, 28):
        for x in range(left + 10, right - 18, 26):
            _fill(rows, x, y, x + 14, y + 16, _LIT if dice.random() < 0.4 else _DARK)
    door = (left + right) // 2
    _fill(rows, door - 9, bottom - 26, door + 9, bottom, _ROOF)


def _roof(rows: list[bytearray], left: int, right: int, top: int, *, flat: bool) -> None:
    for step in range(8 if flat else 40):
        inset = 0 if flat else (40 - step) * (right - left) // 120
        y = top - (8 if flat else 40) + step
        _fill(rows, left + inset - 8, y, right - inset + 8, y + 1, _ROOF)


def _fill(rows: list[bytearray], left: int, top: int, right: int, bottom: int, colour: int) -> None:
    left, right = max(0, left), min(WIDTH, right)
    for row in rows[max(0, top) : min(HEIGHT, bottom)]:
        row[left:right] = bytes([colour]) * (right - left)


def _palette(dice: Random) -> bytes:
    low, high = dice.choice(_EVENINGS)
    sky = [
        tuple(a + (b - a) * (_SHADES - 1 - shade) // (_SHADES - 1) for a, b in zip(low, high, strict=True))
        for shade in range(_SHADES)
    ]
    others = ((200, 190, 170), dice.choice(_WALLS), (70, 84, 104), (255, 226, 150), (120, 80, 64))
    return bytes(part for colour in (*sky, *others, (120, 158, 96), (96, 160, 190)) for part in colour)


def _png(rows: list[bytearray], palette: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
