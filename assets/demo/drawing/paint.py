"""Colours and patterns: a Paint gives the colour at every point of two grids x and y in design units."""

from collections.abc import Callable

import numpy as np
from PIL import ImageColor

from drawing.surface import Array

Paint = Callable[[Array, Array], Array]


def rgb(colour: str) -> Array:
    """A colour such as "#aa3322" as three numbers 0 to 1."""
    return np.asarray(ImageColor.getrgb(colour)[:3], dtype=np.float32) / 255


def mix(first: str, second: str, part: float) -> str:
    """The colour `part` of the way from `first` to `second`."""
    values = (rgb(first) * (1 - part) + rgb(second) * part) * 255
    return "#{:02x}{:02x}{:02x}".format(*(round(float(value)) for value in values))


def darker(colour: str, part: float = 0.3) -> str:
    return mix(colour, "#0c0a10", part)


def lighter(colour: str, part: float = 0.3) -> str:
    return mix(colour, "#ffffff", part)


def solid(colour: str) -> Paint:
    return lambda x, y: np.broadcast_to(rgb(colour), (*x.shape, 3))


def blend(first: Paint, second: Paint, amount: Callable[[Array, Array], Array]) -> Paint:
    """`first` where amount is 0, `second` where it is 1."""

    def paint(x: Array, y: Array) -> Array:
        part = np.clip(amount(x, y), 0, 1)[..., None]
        return first(x, y) * (1 - part) + second(x, y) * part

    return paint


def noise(x: Array, y: Array, size_x: float, size_y: float, seed: int) -> Array:
    """Smooth value noise, 0 to 1, with features of the given size."""
    lattice = np.random.default_rng(seed).random((64, 64), dtype=np.float32)
    u, v = x / size_x, y / size_y
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)
    s, t = u - left, v - top
    s, t = s * s * (3 - 2 * s), t * t * (3 - 2 * t)
    # The lattice repeats after 64 cells; `take` by one number for each cell is faster than by row and column.
    cells, row, below, column, beside = lattice.ravel(), (top & 63) * 64, (top + 1 & 63) * 64, left & 63, left + 1 & 63
    upper = cells.take(row + column) * (1 - s) + cells.take(row + beside) * s
    lower = cells.take(below + column) * (1 - s) + cells.take(below + beside) * s
    between: Array = upper * (1 - t) + lower * t
    return between


def wave(position: Array, period: float, share: float) -> Array:
    """1 on the first `share` of every period and 0 on the rest, with an edge soft enough not to flicker."""
    phase = np.abs((position / period + 0.5) % 1 - 0.5) * period
    soft: Array = np.clip((share * period / 2 - phase) / 0.6 + 0.5, 0, 1)
    return soft


def stripes(ground: str, stripe: str, period: float, share: float = 0.5, turn: float = 0) -> Paint:
    """Stripes across; `turn` in degrees slants them."""
    angle = np.deg2rad(turn)
    return blend(solid(ground), solid(stripe), lambda x, y: wave(y * np.cos(angle) - x * np.sin(angle), period, share))


def checks(ground: str, bar: str, thin: str, period: float, turn: float = 0) -> Paint:
    """A woven check: broad bars both ways, darkest where they cross, with a thin line between them."""
    angle = np.deg2rad(turn)

    def along(x: Array, y: Array) -> Array:
        position: Array = x * np.cos(angle) + y * np.sin(angle)
        return position

    def across(x: Array, y: Array) -> Array:
        position: Array = y * np.cos(angle) - x * np.sin(angle)
        return position

    broad = blend(
        solid(ground),
        solid(bar),
        lambda x, y: 0.5 * (wave(along(x, y), period, 0.46) + wave(across(x, y), period, 0.46)),
    )
    half = period / 2
    return blend(
        broad,
        solid(thin),
        lambda x, y: 0.55 * np.maximum(wave(along(x, y) + half, period, 0.07), wave(across(x, y) + half, period, 0.07)),
    )


def dots(ground: str, dot: str, spacing: float, radius: float) -> Paint:
    """Dots in a staggered grid."""

    def amount(x: Array, y: Array) -> Array:
        row = np.floor(y / spacing)
        u = (x / spacing + 0.5 * (row % 2)) % 1 - 0.5
        v = (y / spacing) % 1 - 0.5
        inside: Array = (radius - np.hypot(u, v) * spacing) / 0.8 + 0.5
        return inside

    return blend(solid(ground), solid(dot), amount)


def mottled(first: str, second: str, size: float, seed: int, strength: float = 1.0) -> Paint:
    """Two colours in soft patches, as on fruit or worn cloth."""
    return blend(
        solid(first),
        solid(second),
        lambda x, y: strength * (0.65 * noise(x, y, size, size, seed) + 0.35 * noise(x, y, size / 3, size / 3, seed)),
    )


def heather(colour: str, seed: int = 5) -> Paint:
    """Melange yarn: fine uneven threads along the cloth."""
    return blend(
        solid(lighter(colour, 0.12)), solid(darker(colour, 0.2)), lambda x, y: noise(x, y, 5, 1.3, seed) ** 1.5
    )


def denim(colour: str, seed: int = 3) -> Paint:
    """Twill: fine slanted lines, with uneven dye."""

    def amount(x: Array, y: Array) -> Array:
        twill = 0.5 + 0.5 * np.sin((x + y) * 2 * np.pi / 3.2)
        pale: Array = 0.22 * twill + 0.45 * noise(x, y, 1.6, 4, seed) + 0.3 * noise(x, y, 45, 70, seed)
        return pale

    return blend(solid(darker(colour, 0.14)), solid(lighter(colour, 0.34)), amount)


def ribbed(colour: str, period: float, across: bool = False) -> Paint:
    """Rib knit: upright lines, or lines across."""
    return blend(
        solid(colour),
        solid(darker(colour, 0.32)),
        lambda x, y: (0.5 - 0.5 * np.cos((y if across else x) * 2 * np.pi / period)) ** 2,
    )


def across(first: str, second: str, start: tuple[float, float], end: tuple[float, float]) -> Paint:
    """A straight gradient from `first` at point `start` to `second` at `end`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    return blend(
        solid(first),
        solid(second),
        lambda x, y: ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy),
    )
