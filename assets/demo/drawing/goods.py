"""A perfume bottle and a football."""

import numpy as np

from drawing.outline import oval, slab, spline
from drawing.paint import across, darker, lighter, rgb
from drawing.scene import Scene
from drawing.surface import CARD, METAL, PATENT, Array, Material

GLASS = Material(ambient=0.6, gloss=0.7, sharpness=50)
GOLDEN = (1 + 5**0.5) / 2


def perfume(scene: Scene, liquid: str, metal: str, name: str) -> None:
    """A square glass flacon with a metal collar and a heavy cap."""
    scene.ground(240, 572, 150, 18, 0.55)
    body = scene.form(slab(112, 250, 368, 572, 24), lighter(liquid, 0.72), GLASS, edge=22, lift=2)
    room = scene.form(
        slab(136, 272, 344, 536, 14),
        across(lighter(liquid, 0.35), liquid, (240, 300), (240, 540)),
        GLASS,
        edge=14,
        depth=-0.4,
        lift=0,
    )
    scene.lay(scene.mask(slab(136, 272, 344, 306, 14)), lighter(liquid, 0.8), 0.75)
    scene.line([(138, 307), (342, 307)], 2.4, darker(liquid, 0.25), 0.6, 0.6, within=room)
    scene.line([(240, 262), (240, 520)], 3.4, lighter(liquid, 0.6), 0.7, 0.6)
    for left, right, strength in ((120, 132, 0.75), (148, 164, 0.35), (348, 356, 0.5)):
        scene.lay(scene.soft(scene.mask(slab(left, 270, right, 548, 6)), 2.5) * body, "#ffffff", strength)
    scene.lay(scene.soft(scene.mask(slab(140, 540, 340, 560, 8)), 4) * body, liquid, 0.5)
    scene.form(slab(176, 372, 304, 484, 3), "#f6f1e6", CARD, edge=3, lift=2)
    scene.line(slab(183, 379, 297, 477), 1.2, darker(metal, 0.25), 0.8)
    scene.letters(name, 240, 418, 21, "#3b2f2a")
    scene.letters("eau de parfum", 240, 448, 11, "#6b5d52")
    scene.form(slab(204, 218, 276, 254, 4), darker(metal, 0.1), METAL, edge=16, lift=2)
    scene.line([(206, 236), (274, 236)], 1.4, darker(metal, 0.6), 0.6)
    scene.form(slab(182, 78, 298, 220, 10), metal, METAL, edge=34, depth=0.9, lift=3)
    scene.form(slab(178, 206, 302, 222, 5), darker(metal, 0.12), METAL, edge=9, lift=2)


def football(scene: Scene, light_panel: str, dark_panel: str) -> None:
    """A ball of twelve pentagons and twenty hexagons (a truncated icosahedron)."""
    cx, cy, radius = 320.0, 312.0, 232.0
    scene.ground(cx + 10, cy + radius - 4, 210, 30, 0.65)

    def leather(x: Array, y: Array) -> Array:
        dark, seam = _panels((x - cx) / radius, (y - cy) / radius)
        tones = rgb(light_panel) * (1 - dark[..., None]) + rgb(dark_panel) * dark[..., None]
        return (tones * (1 - 0.75 * seam[..., None])).astype(np.float32)

    ball = oval(cx, cy, radius, radius)
    _, seam = _panels((scene.x - cx) / radius, (scene.y - cy) / radius)
    scene.form(ball, leather, PATENT, edge=4000, depth=0.92, relief=-3.2 * scene.soft(seam, 2.4), lift=0)
    scene.lay(
        scene.soft(scene.mask(spline("110,420 220,520 330,546 440,520 530,420 440,484 320,506 200,484")), 16),
        "#ffffff",
        0.1,
    )


def _panels(u: Array, v: Array) -> tuple[Array, Array]:
    """(1 on pentagons, 1 on seams) for points of the unit disc seen as the near half of the unit sphere."""
    depth = np.sqrt(np.maximum(1 - u * u - v * v, 0))
    points = np.stack([u, v, depth], axis=-1) @ _tilt()
    pentagons, hexagons = _face_normals()
    # A face of the solid is hit where direction . normal, divided by the distance of its plane, is greatest.
    pent = np.max(points @ pentagons.T, axis=-1) / np.float32(2.3274)
    hexa = np.sort(points @ hexagons.T, axis=-1)[..., -2:] / np.float32(2.2673)
    pixel = 0.004
    dark = np.clip((pent - hexa[..., 1]) / pixel + 0.5, 0, 1)
    nearest = np.maximum(pent, hexa[..., 1])
    second = np.where(pent > hexa[..., 1], hexa[..., 1], np.maximum(pent, hexa[..., 0]))
    seam = np.exp(-(((nearest - second) / 0.0045) ** 2))
    return dark.astype(np.float32), seam.astype(np.float32)


def _face_normals() -> tuple[Array, Array]:
    """Unit normals of the 12 pentagons (corners of an icosahedron) and the 20 hexagons (of a dodecahedron)."""
    signs = (-1.0, 1.0)
    five = [(0.0, a, b * GOLDEN) for a in signs for b in signs]
    twelve = [tuple(np.roll(corner, turn)) for corner in five for turn in range(3)]
    six = [(0.0, a * GOLDEN, b / GOLDEN) for a in signs for b in signs]
    cube = [(a, b, c) for a in signs for b in signs for c in signs]
    twenty = [*cube, *(tuple(np.roll(corner, turn)) for corner in six for turn in range(3))]
    faces = (np.array(normals, dtype=np.float32) for normals in (twelve, twenty))
    pentagons, hexagons = (normals / np.linalg.norm(normals, axis=1, keepdims=True) for normals in faces)
    return pentagons, hexagons


def _tilt() -> Array:
    """A turn of the ball that shows one pentagon near the middle and five round it."""
    a, b = np.deg2rad(38.0), np.deg2rad(14.0)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    turn: Array = (about_z @ about_x).astype(np.float32)
    return turn
