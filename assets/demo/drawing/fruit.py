"""Fruit on white paper."""

import math
from collections.abc import Callable

import numpy as np

from drawing.outline import beside, move, oval, ribbon, spline, tapered
from drawing.paint import across, blend, darker, lighter, mottled, noise, solid
from drawing.scene import Scene
from drawing.surface import CLOTH, FLESH, PATENT, PEEL, PEEL_DULL, PEEL_ROUGH, WHOLE, Array


def stalk(scene: Scene, line: str, start: float, end: float, colour: str) -> None:
    scene.form(ribbon(spline(line, False), start, end), colour, CLOTH, edge=10, lift=4)


def leaf(scene: Scene, cx: float, cy: float, size: float, turn: float, colour: str) -> None:
    shape = spline("0,0! 34,-30 84,-34 132,-4! 92,20 40,22")
    relief = scene.ripples(14, 30, 3, 7, turn=turn)
    mask = scene.form(move(shape, cx, cy, turn, size), colour, PATENT, edge=18, depth=0.5, relief=relief, lift=6)
    scene.line(
        move(spline("0,0 60,-10 128,-4", False), cx, cy, turn, size), 1.8, lighter(colour, 0.5), 0.7, 0.4, within=mask
    )


def apple(scene: Scene, base: str, blush: str, ground: str, seed: int) -> None:
    """An apple: `ground` colour in the hollow, `base` over the body, `blush` in streaks from top to bottom."""
    cx, cy = 320.0, 210.0

    def streaks(x: Array, y: Array) -> Array:
        angle = np.arctan2(x - cx, y - cy + 260)
        return 0.75 * noise(angle * 600, y, 9, 240, seed) + 0.5 * noise(x, y, 120, 120, seed + 1) - 0.12

    def hollow(x: Array, y: Array) -> Array:
        distance = np.hypot((x - cx) / 105, (y - cy + 10) / 62)
        ragged = 0.6 + 0.5 * noise(np.arctan2(y - cy, x - cx) * 80, distance * 4, 5, 8, seed)
        near: Array = np.exp(-(distance**2)) * ragged
        return near

    def specks(x: Array, y: Array) -> Array:
        return 0.6 * (noise(x, y, 5, 5, seed + 5) > 0.92)

    skin = blend(
        blend(blend(solid(base), solid(blush), streaks), solid(ground), hollow), solid(lighter(ground, 0.3)), specks
    )
    outline = spline(
        "320,192 272,172 208,170 146,202 104,264 92,344 110,424 158,494 224,540 280,554 320,546 360,554 416,540 "
        "482,494 530,424 548,344 536,264 494,202 432,170 368,172"
    )
    scene.ground(336, 546, 210, 30, 0.65)
    dimple = [([(cx - 78, 216.0), (cx, 226.0), (cx + 78, 216.0)], 46.0, -34.0)]
    scene.form(outline, skin, PEEL, edge=WHOLE, depth=0.68, relief=scene.folds(dimple), lift=0)
    scene.lay(scene.soft(scene.mask(oval(cx, 214, 46, 15)), 8), darker(ground, 0.75), 0.55)
    stalk(scene, "322,212 320,184 326,156 338,132", 9, 14, "#5d4327")


def banana(scene: Scene) -> None:
    """A hand of four bananas."""
    scene.ground(330, 540, 250, 26, 0.5)
    curves = [
        "236,116 250,220 322,330 438,388 560,398",
        "228,118 222,236 284,376 404,456 534,470",
        "220,120 192,250 232,410 344,508 474,530",
        "212,122 164,256 166,420 250,530 372,572",
    ]
    for i, text in enumerate(curves):
        line = spline(text, False)
        width = [
            24 + 68 * math.sin(math.pi * min(1.0, 0.14 + 0.86 * t / (len(line) - 1))) ** 0.55 for t in range(len(line))
        ]
        fruit = tapered(line, width)
        skin = blend(
            mottled("#f5d33c", "#e9b92c", 60, 20 + i),
            solid("#a9b53c"),
            lambda x, y: np.exp(-(((x - 230) ** 2 + (y - 130) ** 2) / 8000)),
        )
        spots = blend(skin, solid("#8a6424"), lambda x, y, i=i: 0.7 * (noise(x, y, 6, 6, 31 + i) > 0.94))  # type: ignore[misc]
        ridge = [
            (beside(line, [w * 0.16 for w in width]), 7.0, 5.0),
            (beside(line, [-w * 0.26 for w in width]), 7.0, 4.0),
        ]
        mask = scene.form(fruit, spots, PEEL_DULL, edge=52, depth=0.8, relief=scene.folds(ridge), lift=7)
        scene.line(beside(line, [w * 0.16 for w in width])[4:-4], 2.0, "#c99c22", 0.5, 0.8, within=mask)
        end = line[-1]
        scene.form(oval(end[0] - 2, end[1], 11, 12), "#4a3a22", CLOTH, edge=9, lift=1)
    crown = spline("196,150! 200,108 208,70! 240,66! 248,104 262,146! 230,160")
    scene.form(crown, across("#7d6a2e", "#c3b13c", (220, 70), (226, 150)), CLOTH, edge=24, lift=4)


def citrus_half(scene: Scene, cx: float, cy: float, rx: float, ry: float, peel: str, flesh: str) -> None:
    """A cut half that faces the camera: peel, pith and juicy segments."""
    scene.ground(cx, cy + ry * 0.96, rx, 20, 0.6)
    scene.form(oval(cx, cy, rx, ry), peel, PEEL, edge=20, lift=5)
    scene.form(oval(cx, cy, rx * 0.94, ry * 0.94), "#fbf1d5", FLESH, edge=6, lift=0)
    count = 10
    for i in range(count):
        wedge = spline("7,-20! 30,-95 62,-160 40,-178 0,-183 -40,-178 -62,-160 -30,-95 -7,-20!")
        wedge = [(x * rx * 0.0041, y * ry * 0.0047) for x, y in wedge]
        turned = move(wedge, cx, cy, 360 / count * i + 9)
        pulp = blend(solid(flesh), solid(lighter(flesh, 0.3)), _pulp(cx, cy))
        scene.form(turned, pulp, FLESH, edge=10, depth=0.5, lift=0)
    scene.lay(scene.soft(scene.mask(oval(cx, cy, rx * 0.06, ry * 0.06)), 2), "#fbf1d5", 0.9)


def _pulp(cx: float, cy: float) -> Callable[[Array, Array], Array]:
    def streaks(x: Array, y: Array) -> Array:
        angle = np.arctan2(y - cy, x - cx)
        return 1.1 * noise(angle * 100, np.hypot(x - cx, y - cy), 4.5, 34, 8) - 0.25

    return streaks


def orange(scene: Scene) -> None:
    cx, cy, radius = 254.0, 262.0, 196.0
    scene.ground(cx + 20, cy + radius - 4, 190, 28, 0.6)
    pores = scene.ripples(5, 5, 1.3, 3) + scene.ripples(3, 3, 0.7, 4)
    scene.form(
        oval(cx, cy, radius, radius * 0.97),
        mottled("#f59a1f", "#ef7d10", 70, 2),
        PEEL_ROUGH,
        edge=WHOLE,
        depth=0.85,
        relief=pores,
        lift=0,
    )
    scene.lay(scene.soft(scene.mask(oval(cx + 40, cy - 118, 34, 18)), 10), "#b35c08", 0.5)
    scene.form(
        move(spline("0,-15 6,-5 17,-5 9,4 12,15 0,9 -12,15 -9,4 -17,-5 -6,-5"), cx + 40, cy - 120),
        "#7d8a3e",
        CLOTH,
        edge=8,
        lift=2,
    )
    citrus_half(scene, 446, 436, 142, 138, "#f08a14", "#f58a1a")


def lemon(scene: Scene) -> None:
    shape = spline(
        "-246,6 -222,-22 -186,-62 -110,-128 0,-152 112,-130 186,-74 216,-34 248,-18 "
        "256,6 240,28 206,50 160,104 80,146 -20,150 -118,122 -184,70 -220,34"
    )
    scene.ground(290, 442, 220, 30, 0.55)
    pores = scene.ripples(6, 6, 1.6, 5) + scene.ripples(3, 3, 0.6, 6)
    skin = blend(
        mottled("#f8de3a", "#f2cd22", 80, 3),
        solid("#b9bd3e"),
        lambda x, y: np.exp(-((x - 60) ** 2 + (y - 340) ** 2) / 2400),
    )
    scene.form(move(shape, 290, 296, -12), skin, PEEL_ROUGH, edge=WHOLE, depth=0.8, relief=pores, lift=0)
    citrus_half(scene, 448, 436, 132, 128, "#f3d42c", "#efd54a")


def pear(scene: Scene) -> None:
    outline = spline(
        "322,150 366,158 394,196 408,256 440,320 486,390 498,464 462,536 392,570 "
        "322,562 250,570 178,538 142,466 154,390 202,318 232,254 246,196 276,158"
    )
    scene.ground(330, 560, 190, 28, 0.65)
    russet = blend(
        mottled("#b9bf4c", "#d3c655", 90, 4),
        solid("#c98b45"),
        lambda x, y: 0.7 * noise(x, y, 130, 130, 9) * np.clip((x - 300) / 180, 0, 1),
    )
    specks = blend(russet, solid("#6f6a2c"), lambda x, y: 0.6 * (noise(x, y, 4.4, 4.4, 6) > 0.9))
    scene.form(outline, specks, PEEL_DULL, edge=WHOLE, depth=0.75, lift=0)
    scene.lay(scene.soft(scene.mask(oval(324, 162, 30, 10)), 7), "#4d4a1c", 0.5)
    stalk(scene, "324,166 322,126 334,84 360,56", 9, 14, "#5b4428")
    leaf(scene, 330, 108, 1.0, 12, "#5d8a34")
