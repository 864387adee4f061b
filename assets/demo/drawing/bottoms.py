"""Jeans, trousers, shorts, skirts and dresses, seen from the front."""

import numpy as np

from drawing.outline import Outline, flip, slab, spline, symmetric
from drawing.paint import Paint, blend, darker, lighter, noise, solid
from drawing.scene import Scene
from drawing.surface import CLOTH, METAL, Array
from drawing.tops import AXIS, button

LEGS = "240,44 318,46! 332,100 347,168 343,300 334,450 328,598! 296,604 262,602! 258,480 252,330 243,222! 240,216"
SHORTS = "240,112 330,114! 350,170 378,262 404,486! 340,502 262,500! 254,400 243,322! 240,318"


def legs(scene: Scene, half: str, cloth: Paint, seed: int, crotch: float, strength: float = 1.0) -> Array:
    """Two legs in one piece, with folds that run out from the crotch and across the knees."""
    outline = symmetric(half, AXIS)
    scene.shadow(scene.mask(outline), 5, 11, 15, 0.3)
    width = 1.0 if crotch < 250 else 1.3
    folds = []
    for i, (dx, dy) in enumerate([(70, -26), (78, 6), (66, 46), (40, 88)]):
        line = [(AXIS + t * dx * width, crotch + 6 * i + t * t * dy) for t in (0.05, 0.3, 0.55, 0.8, 1.0)]
        folds += [(line, 12.0, 4.5), (flip(line, AXIS), 12.0, -4.0)]
    relief = scene.folds(folds) + scene.ripples(30, 220, 8, seed) + scene.ripples(70, 30, 6, seed + 3, turn=18)
    return scene.form(outline, cloth, edge=38, depth=0.85, relief=relief * strength, lift=0)


def waistband(scene: Scene, cloth: Paint, colour: str, thread: str, half: float, top: float) -> None:
    left, right = AXIS - half, AXIS + half
    scene.lay(scene.mask(slab(left + 8, top - 8, right - 8, top + 14, 4)), darker(colour, 0.55))
    band = spline(
        f"{left},{top}! {AXIS},{top + 6} {right},{top}! "
        f"{right + 4},{top + 26}! {AXIS},{top + 33} {left - 4},{top + 26}!"
    )
    scene.form(band, cloth, edge=8, depth=0.8, lift=2)
    for dy in (4, 23):
        row = spline(f"{left},{top + dy} {AXIS},{top + dy + 6} {right + 2},{top + dy}", closed=False)
        scene.line(row, 0.9, thread, 0.8, dash=(3, 2), within=scene.mask(band))
    for x in (-half * 0.72, half * 0.72):
        scene.form(slab(AXIS + x - 4, top - 3, AXIS + x + 4, top + 34, 1), cloth, edge=4, lift=2)


def fly(scene: Scene, colour: str, thread: str, top: float, length: float) -> None:
    """The fly: an opening edge and a curved double row of stitches beside it."""
    scene.line([(AXIS, top), (AXIS, top + length + 26)], 1.6, darker(colour, 0.6), 0.8, 0.4)
    for inset in (0, 4):
        row = spline(
            f"{AXIS + 22 - inset},{top} {AXIS + 22 - inset},{top + length - 30} {AXIS + 2},{top + length - inset}",
            closed=False,
        )
        scene.line(row, 1.0, thread, 0.85, dash=(3, 2))


def jeans(scene: Scene, colour: str, cloth: Paint, thread: str = "#d99a4e") -> None:
    faded = blend(cloth, solid(lighter(colour, 0.6)), _wear)
    front = legs(scene, LEGS, faded, 21, 214, 1.1)
    pocket = spline("268,72! 276,104 300,122 338,128!", closed=False)
    for line in (pocket, flip(pocket, AXIS)):
        scene.line(line, 2.2, darker(colour, 0.6), 0.7, 0.8, within=front)
        for dy in (3, 7):
            scene.line([(x, y + dy) for x, y in line], 1.0, thread, 0.85, dash=(3, 2), within=front)
    fly(scene, colour, thread, 70, 116)
    waistband(scene, cloth, colour, thread, 79, 42)
    button(scene, AXIS, 60, 6, "#b98a55")
    for x, y in ((270, 82), (331, 134), (210, 82), (149, 134)):
        scene.form(slab(x - 2, y - 2, x + 2, y + 2, 2), "#c58d58", METAL, edge=3, lift=1)
    for line in (spline("262,590 296,592 329,587", closed=False), spline("218,590 184,592 151,587", closed=False)):
        scene.seam(line, thread, within=front)
    for line in (spline("330,150 331,300 323,450 317,596", closed=False),):
        for side in (line, flip(line, AXIS)):
            scene.line(side, 2, darker(colour, 0.4), 0.35, 0.8, within=front)


def _wear(x: Array, y: Array) -> Array:
    """Where jeans fade: down the middle of each thigh and at the knees."""
    across = np.exp(-(((np.abs(x - AXIS) - 50) / 22) ** 2))
    down = 0.5 * np.exp(-(((y - 270) / 110) ** 2))
    faded: Array = across * down * (0.7 + 0.5 * noise(x, y, 3, 16, 4))
    return faded


def trousers(scene: Scene, colour: str) -> None:
    front = legs(scene, LEGS, solid(colour), 31, 214, 0.7)
    crease = spline("291,110 298,300 296,600", closed=False)
    pocket: Outline = [(317, 74), (338, 152)]
    for side in (lambda line: line, lambda line: flip(line, AXIS)):
        scene.line(side([(x + 2, y) for x, y in crease]), 5, "#000000", 0.13, 2, within=front)
        scene.line(side(crease), 2.4, lighter(colour, 0.5), 0.5, 1, within=front)
        scene.seam(side(pocket), darker(colour, 0.4), within=front, gap=2)
    fly(scene, colour, darker(colour, 0.35), 72, 112)
    waistband(scene, solid(colour), colour, darker(colour, 0.3), 79, 42)
    button(scene, AXIS, 61, 5, darker(colour, 0.45))


def shorts(scene: Scene, colour: str) -> None:
    front = legs(scene, SHORTS, solid(colour), 41, 314, 1.1)
    pocket: Outline = [(322, 144), (362, 244)]
    thread = darker(colour, 0.35)
    for line in (pocket, flip(pocket, AXIS)):
        scene.seam(line, thread, within=front)
    hem = spline("258,484 330,485 404,470", closed=False)
    for line in (hem, flip(hem, AXIS)):
        scene.seam(line, thread, within=front)
    fly(scene, colour, thread, 142, 134)
    waistband(scene, solid(colour), colour, thread, 91, 110)
    button(scene, AXIS, 129, 6, "#efe9dc")


def fan(scene: Scene, apex: float, count: float, height: float, knife: float = 0.0) -> Array:
    """Pleats that spread from a point `apex` above the cloth; with `knife` they lean over to one side."""
    angle = np.arctan2(scene.x - AXIS, scene.y - apex) * count
    depth = np.clip((scene.y - apex - 90) / 300, 0, 1)
    ridge = (1 - knife) * np.sin(angle) + knife * (1 - 2 * ((angle / (2 * np.pi)) % 1) ** 1.4)
    pleats: Array = height * depth * ridge
    return pleats


def skirt(scene: Scene, cloth: Paint, colour: str) -> None:
    """A knee-length flared skirt with pleats and a plain waistband."""
    outline = symmetric("240,96 318,94! 352,220 396,380 430,528! 396,552 350,536 312,560 270,546 240,562", AXIS)
    scene.shadow(scene.mask(outline), 5, 11, 15, 0.3)
    front = scene.form(outline, cloth, edge=26, depth=0.8, relief=fan(scene, -160, 62, 5.5), lift=0)
    scene.lay(scene.soft(scene.mask(slab(150, 100, 330, 140)), 10) * front, "#000000", 0.16)
    scene.lay(scene.mask(slab(170, 82, 310, 98, 4)), darker(colour, 0.55))
    band = spline("161,88! 240,95 319,88! 324,122! 240,130 156,122!")
    scene.form(band, cloth, edge=10, lift=3)
    button(scene, 178, 107, 5, darker(colour, 0.3))


def dress(scene: Scene, cloth: Paint, colour: str) -> None:
    """A sleeveless dress: V neck, narrow belt, flared skirt."""
    top = "240,142 262,104 282,40! 296,34 312,38! 316,90 338,140! 330,190 314,246! 276,252 240,253"
    lower = "240,244 314,240! 340,340 380,470 408,584! 378,606 336,594 300,612 266,600 240,614"
    scene.shadow(scene.mask(symmetric(top, AXIS), symmetric(lower, AXIS)), 5, 11, 15, 0.3)
    back = symmetric("240,62 266,57 288,44! 270,100 240,146", AXIS)
    scene.lay(scene.mask(back), darker(colour, 0.5))
    scene.form(symmetric(lower, AXIS), cloth, edge=26, depth=0.9, relief=fan(scene, 60, 44, 6.0), lift=2)
    darts = [(spline("292,250 288,210 294,172", closed=False), 10.0, -4.0)]
    darts += [(flip(line, AXIS), width, height) for line, width, height in darts]
    relief = scene.folds(darts) + scene.ripples(50, 70, 8, 15)
    bodice = scene.form(symmetric(top, AXIS), cloth, CLOTH, edge=40, depth=0.9, relief=relief, lift=2)
    neck = spline("284,42! 264,104 240,140! 216,104 196,42!", closed=False)
    scene.seam(neck, lighter(colour, 0.3), within=bodice, gap=2)
    scene.form(spline("166,236! 240,246 314,236! 316,258! 240,268 164,258!"), darker(colour, 0.35), edge=8, lift=3)
    scene.form(slab(228, 242, 252, 270, 4), "#d8b36a", METAL, edge=5)
    scene.lay(scene.mask(slab(233, 247, 247, 265, 2)), darker(colour, 0.4))
