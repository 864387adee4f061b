"""From a flat mask to a lit, rounded surface: inflate it, take the normals, light them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Array = NDArray[np.floating[Any]]

LIGHT = np.array([-0.42, -0.58, 0.70], dtype=np.float32)  # a large lamp above and to the left of the camera
HALFWAY = (LIGHT + np.array([0, 0, 1], dtype=np.float32)) / np.linalg.norm(LIGHT + np.array([0, 0, 1]))


@dataclass(frozen=True, slots=True)
class Material:
    """How a surface answers the lamp; a surface that faces the camera keeps its own colour."""

    ambient: float = 0.45  # the part of the light that has no direction
    gloss: float = 0.0  # strength of the highlight, 0 to 1
    sharpness: float = 20.0  # exponent of the highlight (Blinn-Phong)
    grain: float = 0.0  # strength of fine speckle, 0 to 1


CLOTH = Material(ambient=0.44, grain=0.035)
LEATHER = Material(ambient=0.42, gloss=0.28, sharpness=22, grain=0.03)
PATENT = Material(ambient=0.4, gloss=0.6, sharpness=36)
RUBBER = Material(ambient=0.5, gloss=0.12, sharpness=12, grain=0.012)
PEEL = Material(ambient=0.46, gloss=0.42, sharpness=60, grain=0.015)
PEEL_DULL = Material(ambient=0.48, gloss=0.18, sharpness=16, grain=0.015)
PEEL_ROUGH = Material(ambient=0.42, gloss=0.28, sharpness=14, grain=0.02)
WAX = Material(ambient=0.4, gloss=0.62, sharpness=60, grain=0.008)
WAX_DEEP = Material(ambient=0.5, gloss=0.55, sharpness=26)
FLESH = Material(ambient=0.7, gloss=0.15, sharpness=30)
METAL = Material(ambient=0.35, gloss=0.8, sharpness=30)
CARD = Material(ambient=0.55, gloss=0.1, sharpness=15, grain=0.008)

WHOLE = 4000.0  # an edge so wide that `inflate` rounds the whole shape


def resize(field: Array, width: int, height: int) -> Array:
    image = Image.fromarray(field).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32)


def blur(field: Array, radius: float) -> Array:
    """Gaussian blur of values 0 to 1, radius in pixels of the field.

    A wide blur is taken on a smaller copy: it has no detail left to lose, and it is many times faster.
    """
    if radius <= 0:
        return field
    height, width = field.shape
    shrink = max(1, int(radius // 3))
    small = Image.fromarray((np.clip(field, 0, 1) * 255).astype(np.uint8))
    small = small.resize((max(1, width // shrink), max(1, height // shrink)), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(radius / shrink))
    return resize(np.asarray(small, dtype=np.float32) / 255, width, height)


def inflate(mask: Array, scale: float, edge: float) -> Array:
    """Height, in design units, of a cushion sewn along the rim of `mask` (`scale` pixels to a design unit).

    Solves the screened Poisson equation  laplacian(u) - u / (edge/2)^2 = -4  with u = 0 outside the mask, and returns
    sqrt(u): a disc becomes a half sphere, and a shape much wider than `edge` a plateau of height `edge`.
    Jacobi sweeps from coarse to fine grids; the finest has cells of two design units.
    """
    height, width = mask.shape
    cells: Array = np.zeros((1, 1), dtype=np.float32)
    for cell in (32, 16, 8, 4, 2):
        grid = max(3, round(width / scale / cell)), max(3, round(height / scale / cell))
        inside = np.asarray(Image.fromarray(mask).resize(grid, Image.Resampling.BOX), dtype=np.float32)
        cells = resize(cells, *grid)
        weight = 4 + (2 * cell / edge) ** 2
        around = np.pad(cells, 1)
        cells = around[1:-1, 1:-1]
        for _ in range(48):
            sides = around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]
            cells[:] = inside * (sides + 4 * cell * cell) / weight
    return np.sqrt(np.maximum(resize(cells, width, height), 0))


def light(height: Array, scale: float, material: Material) -> tuple[Array, Array]:
    """(shade, highlight) of a height field in design units; shade multiplies the colour, highlight is added."""
    down, right = np.gradient(height * scale)
    length = np.sqrt(right * right + down * down + 1)
    facing = (-right * LIGHT[0] - down * LIGHT[1] + LIGHT[2]) / length
    # Light thrown back by the white floor keeps the side away from the lamp from going black.
    bounce = 0.16 * np.maximum(down / length, 0)
    shade = material.ambient + (1 - material.ambient) * np.maximum(facing, 0) / LIGHT[2] + bounce
    middle = (-right * HALFWAY[0] - down * HALFWAY[1] + HALFWAY[2]) / length
    highlight = material.gloss * np.maximum(middle, 0) ** material.sharpness
    return shade.astype(np.float32), highlight.astype(np.float32)
