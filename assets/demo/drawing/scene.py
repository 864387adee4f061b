"""A studio picture under way: a pale backdrop on which shapes are laid one over the other."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from drawing.outline import Outline, dashes, ribbon
from drawing.paint import Paint, noise, solid
from drawing.surface import CLOTH, Array, Material, blur, inflate, light, resize

Fold = tuple[Outline, float, float]  # a line, the width of the fold there and its height (below 0: a groove)


class Scene:
    """`width` and `height` in design units; everything is drawn `scale` times larger and reduced at the end."""

    def __init__(self, width: int, height: int, scale: int) -> None:
        self.width, self.height, self.scale = width, height, scale
        step = np.float32(1 / scale)
        across = (np.arange(width * scale, dtype=np.float32) + 0.5) * step
        down = (np.arange(height * scale, dtype=np.float32) + 0.5) * step
        self.x, self.y = np.meshgrid(across, down)
        self.canvas = self._backdrop()

    def _backdrop(self) -> Array:
        """White paper, a little greyer towards the floor and the corners."""
        u, v = self.x / self.width - 0.5, self.y / self.height - 0.42
        grey = 0.985 - 0.11 * (u * u + v * v) ** 0.9 - 0.025 * np.clip(v, 0, 1)
        return np.stack([grey, grey, grey * 1.004], axis=-1).astype(np.float32)

    def mask(self, *outlines: Outline, holes: tuple[Outline, ...] = ()) -> Array:
        """1 inside any of the outlines and 0 elsewhere; `holes` are cut out."""
        flat = Image.new("L", (self.width * self.scale, self.height * self.scale))
        pen = ImageDraw.Draw(flat)
        for ink, shapes in ((255, outlines), (0, holes)):
            for shape in shapes:
                pen.polygon([(x * self.scale, y * self.scale) for x, y in shape], fill=ink)
        return np.asarray(flat, dtype=np.float32) / 255

    def soft(self, mask: Array, radius: float) -> Array:
        """The mask with a blurred rim, radius in design units."""
        return blur(mask, radius * self.scale)

    def lay(self, mask: Array, colour: str | Paint, opacity: float = 1.0) -> None:
        """Colour without light: a print, a line, a shadow."""
        rows, columns = self._extent(mask, 0)
        paint = solid(colour) if isinstance(colour, str) else colour
        tones = paint(self.x[rows, columns], self.y[rows, columns])
        part = (mask[rows, columns] * np.float32(opacity))[..., None]
        self.canvas[rows, columns] += part * (tones - self.canvas[rows, columns])

    def form(
        self,
        shape: Array | Outline,
        colour: str | Paint,
        material: Material = CLOTH,
        edge: float = 14,
        depth: float = 1.0,
        relief: Array | None = None,
        lift: float = 2.0,
    ) -> Array:
        """A rounded body, lit, that throws a narrow shadow of reach `lift` on what lies below; returns its mask.

        `edge` is the width of the rounding, `depth` stretches the height and `relief` (the size of the canvas) adds
        folds; all in design units.
        """
        mask = shape if isinstance(shape, np.ndarray) else self.mask(shape)
        if lift > 0:
            self.shadow(mask, lift * 0.5, lift * 0.7, lift, 0.42)
        rows, columns = self._extent(mask, 6)
        part, x, y = mask[rows, columns], self.x[rows, columns], self.y[rows, columns]
        surface = inflate(part, self.scale, edge) * depth
        if relief is not None:
            surface = surface + relief[rows, columns]
        shade, highlight = light(surface, self.scale, material)
        if material.grain:
            shade = shade * (1 + material.grain * (2 * noise(x, y, 1.1, 1.1, 17) - 1))
        tones = (solid(colour) if isinstance(colour, str) else colour)(x, y) * shade[..., None] + highlight[..., None]
        self.canvas[rows, columns] += part[..., None] * (np.clip(tones, 0, 1) - self.canvas[rows, columns])
        return mask

    def shadow(self, mask: Array, dx: float, dy: float, radius: float, opacity: float) -> None:
        """The blurred shadow of a mask, shifted by (dx, dy)."""
        shift = (round(dy * self.scale), round(dx * self.scale))
        self._darken(self.soft(np.roll(mask, shift, axis=(0, 1)), radius), opacity)

    def ground(self, cx: float, cy: float, rx: float, ry: float, opacity: float = 0.5) -> None:
        """The shadow of a thing that stands on the floor: a wide pale one and a dark one where it touches."""
        distance = ((self.x - cx) / rx) ** 2 + ((self.y - cy) / ry) ** 2
        self._darken((0.55 * np.exp(-distance * 1.4) + 0.45 * np.exp(-distance * 7)).astype(np.float32), opacity)

    def line(
        self,
        points: Outline,
        width: float,
        colour: str | Paint,
        opacity: float = 1.0,
        soften: float = 0.0,
        dash: tuple[float, float] | None = None,
        within: Array | None = None,
    ) -> None:
        """A line along `points`, whole or dashed; `within` keeps it inside a mask."""
        pieces = dashes(points, *dash) if dash else [points]
        mask = self.soft(self.mask(*(ribbon(piece, width) for piece in pieces)), soften)
        self.lay(mask if within is None else mask * within, colour, opacity)

    def seam(self, points: Outline, colour: str, within: Array | None = None, gap: float = 3.0) -> None:
        """A seam: a dark groove, and beside it a row of stitches in `colour`."""
        self.line(points, 1.3, "#000000", 0.42, 0.5, within=within)
        beside = ribbon(points, 2 * gap)[: len(points)]
        self.line(beside, 0.9, colour, 0.75, dash=(3.0, 2.0), within=within)

    def folds(self, folds: list[Fold]) -> Array:
        """A height field with one soft ridge for every line, thinning out towards both of its ends."""
        total = np.zeros((self.height, self.width), dtype=np.float32)
        for points, width, height in folds:
            flat = Image.new("L", (self.width, self.height))
            middle = max(1, len(points) // 2)
            body = ribbon(points[: middle + 1], 0.5, width) if len(points) > 2 else ribbon(points, width)
            rest = ribbon(points[middle:], width, 0.5) if len(points) > 2 else body
            for piece in (body, rest):
                ImageDraw.Draw(flat).polygon(piece, fill=255)
            total += height * blur(np.asarray(flat, dtype=np.float32) / 255, width * 0.45)
        return resize(total, self.width * self.scale, self.height * self.scale)

    def ripples(self, size_x: float, size_y: float, height: float, seed: int, turn: float = 0) -> Array:
        """A height field of irregular soft waves, stretched to (size_x, size_y) and turned by degrees."""
        x, y = np.meshgrid(np.arange(self.width, dtype=np.float32), np.arange(self.height, dtype=np.float32))
        cos, sin = np.float32(np.cos(np.deg2rad(turn))), np.float32(np.sin(np.deg2rad(turn)))
        bend = 0.6 * size_x * noise(x, y, 2.2 * size_x, 2.2 * size_y, seed + 1)
        field = noise(x * cos + y * sin + bend, y * cos - x * sin + bend, size_x, size_y, seed) * np.float32(height)
        return resize(field, self.width * self.scale, self.height * self.scale)

    def letters(self, text: str, cx: float, cy: float, size: float, colour: str, opacity: float = 1.0) -> None:
        """One line of text round its centre, in the typeface that Pillow brings along."""
        flat = Image.new("L", (self.width * self.scale, self.height * self.scale))
        face = ImageFont.load_default(size * self.scale)
        ImageDraw.Draw(flat).text((cx * self.scale, cy * self.scale), text, fill=255, font=face, anchor="mm")
        self.lay(np.asarray(flat, dtype=np.float32) / 255, colour, opacity)

    def save(self, path: Path, part: tuple[int, int, int, int] | None = None, reduced: int = 1) -> None:
        """Write a JPEG of the finished size, or of `part` (left, top, right, bottom in design units) enlarged. reduced:
        how many times smaller than finished.
        """
        whole = Image.fromarray((np.clip(self.canvas, 0, 1) * 255 + 0.5).astype(np.uint8))
        size = (self.width // reduced, self.height // reduced)
        if part is not None:
            left, top, right, bottom = part
            size = (640, round(640 * (bottom - top) / (right - left)))
            whole = whole.crop((left * self.scale, top * self.scale, right * self.scale, bottom * self.scale))
        whole.resize(size, Image.Resampling.LANCZOS).save(path, quality=85, optimize=True)

    def _darken(self, amount: Array, opacity: float) -> None:
        self.canvas *= 1 - (np.clip(amount, 0, 1) * np.float32(opacity))[..., None]

    def _extent(self, mask: Array, margin: int) -> tuple[slice, slice]:
        """The rows and columns where the mask is not 0, and a margin in design units."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not len(rows):
            return slice(0, 0), slice(0, 0)
        around = margin * self.scale
        top, left = max(0, int(rows[0]) - around), max(0, int(columns[0]) - around)
        return slice(top, int(rows[-1]) + 1 + around), slice(left, int(columns[-1]) + 1 + around)
