"""Vegetables on white paper."""

import math
from collections.abc import Callable

import numpy as np

from drawing.fruit import stalk
from drawing.outline import Outline, beside, move, oval, ribbon, spline, tapered
from drawing.paint import across, blend, darker, mottled, noise, solid
from drawing.scene import Scene
from drawing.surface import CLOTH, FLESH, PATENT, PEEL, PEEL_DULL, RUBBER, WAX, WAX_DEEP, WHOLE


def tomato(scene: Scene) -> None:
    outline = spline(
        "320,160 232,150 150,186 94,264 86,360 128,456 212,520 320,538 428,520 512,456 554,360 546,264 490,186 408,150"
    )
    scene.ground(334, 530, 220, 30, 0.65)
    lobes = [(spline(f"320,180 {320 + d},{230} {320 + d * 1.9},330", False), 34.0, -9.0) for d in (-110, -48, 52, 116)]
    skin = blend(
        mottled("#d8281c", "#c51d17", 120, 3),
        solid("#e8692a"),
        lambda x, y: 0.8 * np.exp(-(((x - 320) / 140) ** 2 + ((y - 180) / 60) ** 2)),
    )
    scene.form(outline, skin, WAX, edge=WHOLE, depth=0.72, relief=scene.folds(lobes), lift=0)
    scene.lay(scene.soft(scene.mask(oval(320, 198, 74, 30)), 14), "#5c100c", 0.5)
    for turn, size in ((-170, 1.0), (-128, 0.62), (-52, 0.62), (-8, 1.0), (38, 0.95), (92, 0.8), (146, 0.95)):
        sepal = spline("0,-13! 44,-18 92,-8 138,12! 86,16 40,16 0,13!")
        shape = [(x, y * 0.62) for x, y in move(sepal, 0, 0, turn, size)]
        scene.form(move(shape, 320, 194), "#4f8a33", PATENT, edge=12, lift=5)
    scene.form(oval(320, 192, 24, 15), "#4a7f30", CLOTH, edge=16, lift=2)
    stalk(scene, "320,192 316,158 330,122", 13, 17, "#558c38")


def bell_pepper(scene: Scene, colour: str, deep: str) -> None:
    """A blocky pepper with three lobes in front and a thick green stalk."""
    scene.ground(330, 566, 200, 26, 0.65)
    left = spline("300,178 232,148 164,164 118,222 110,312 128,410 156,494 200,548 252,556 300,520 320,360")
    right = [(640 - x, y) for x, y in left]
    middle = spline(
        "320,186 374,170 424,206 442,300 430,420 404,520 362,572 "
        "320,580 276,572 234,520 208,420 196,300 214,206 264,170"
    )
    for lobe in (left, right, middle):
        skin = mottled(colour, deep, 140, 6, 0.8)
        scene.form(lobe, skin, WAX, edge=WHOLE, depth=0.7, relief=scene.ripples(70, 150, 7, 8), lift=9)
    scene.lay(scene.soft(scene.mask(oval(320, 196, 84, 26)), 16), darker(deep, 0.7), 0.6)
    cap = spline("320,168 362,162 396,184 380,206 350,204 320,218 286,204 258,206 244,186 278,162")
    scene.form(cap, "#5f9a3a", PATENT, edge=22, lift=5)
    stalk(scene, "318,190 314,140 330,96 364,64", 30, 24, "#6aa545")
    tip = spline("318,190 314,140 330,96 364,64", False)[-1]
    scene.form(oval(tip[0], tip[1], 8, 13, 50), "#a9c27a", CLOTH, edge=6, lift=0)


def cucumber(scene: Scene) -> None:
    line = spline("96,470 200,392 330,300 450,208 556,118", False)
    width = [40 + 66 * math.sin(math.pi * (0.08 + 0.84 * i / (len(line) - 1))) ** 0.42 for i in range(len(line))]
    body = scene.mask(
        tapered(line, width), oval(line[0][0], line[0][1], 40, 36), oval(line[-1][0], line[-1][1], 38, 34)
    )
    scene.shadow(body, 12, 32, 16, 0.42)
    stripes = blend(
        solid("#2f6b2c"),
        solid("#6fa04a"),
        lambda x, y: 0.8 * noise(x * 0.8 + y * 0.6, y * 0.8 - x * 0.6, 260, 12, 5) ** 1.6,
    )
    skin = blend(stripes, solid("#a9bf6a"), lambda x, y: np.exp(-((x - 556) ** 2 + (y - 118) ** 2) / 2600))
    bumps = scene.ripples(17, 17, 5.5, 9) + scene.ripples(9, 9, 2, 3)
    scene.form(body, skin, PEEL_DULL, edge=90, depth=0.9, relief=bumps, lift=0)
    scene.form(oval(560, 114, 12, 10), "#8a9a4c", CLOTH, edge=8, lift=2)
    for cx, cy in ((492.0, 452.0), (382.0, 500.0)):
        _cucumber_slice(scene, cx, cy)


def _cucumber_slice(scene: Scene, cx: float, cy: float) -> None:
    scene.shadow(scene.mask(oval(cx, cy, 78, 70)), 6, 14, 9, 0.45)
    scene.form(oval(cx, cy + 8, 78, 70), "#2f6b2c", PEEL, edge=12, lift=0)
    scene.form(oval(cx, cy, 76, 67), "#3d7a35", PEEL, edge=5, lift=0)
    pale = across("#dcebb0", "#c6dd94", (cx, cy - 60), (cx, cy + 60))
    scene.form(oval(cx, cy, 70, 61), pale, FLESH, edge=6, lift=0)
    scene.lay(scene.soft(scene.mask(oval(cx, cy, 45, 38)), 5), "#b5d27c", 0.75)
    for i in range(12):
        angle = 2 * math.pi * i / 12
        x, y = cx + 29 * math.cos(angle), cy + 24 * math.sin(angle)
        scene.form(oval(x, y, 8.5, 3.6, math.degrees(angle)), "#f1f2cf", FLESH, edge=5, lift=1)


def carrot(scene: Scene) -> None:
    """Two carrots with their greens, tips to the lower left."""
    for shift, turn in (((70.0, 66.0), 8.0), ((0.0, 0.0), 0.0)):
        _one_carrot(scene, shift[0], shift[1], turn)


def _one_carrot(scene: Scene, dx: float, dy: float, turn: float) -> None:
    def placed(points: Outline) -> Outline:
        return move(move(points, -320, -320), 280 + dx, 286 + dy, turn)

    for i in range(9):
        _frond(scene, i, placed, turn)
    line = spline("94,536 170,462 270,364 360,276 434,204", False)
    last = len(line) - 1
    width = [8 + 94 * (i / last) ** 0.72 for i in range(len(line))]
    root = scene.mask(tapered(placed(line), width), *(oval(x, y, 51, 51) for x, y in placed([line[-1]])))
    scene.shadow(root, 10, 26, 14, 0.4)
    rings: list[tuple[Outline, float, float]] = []
    for i in range(5, last, 3):
        (x, y), reach = line[i], width[i] * (0.2 + 0.25 * ((i * 7) % 5) / 5)
        side = 1 if i % 2 else -1
        start = placed(
            [
                (x - side * width[i] * 0.35, y - side * width[i] * 0.35),
                (x - side * (width[i] * 0.35 - reach), y - side * (width[i] * 0.35 - reach)),
            ]
        )
        rings.append((start, 4.0, -5.0))
    scene.form(
        root, mottled("#ee7f22", "#e26a14", 60, 7), PEEL_DULL, edge=90, depth=0.9, relief=scene.folds(rings), lift=0
    )
    for shape, _, _ in rings:
        scene.line(shape, 1.6, "#a8480a", 0.55, 0.5, within=root)
    crown = placed([(440, 198)])[0]
    scene.form(oval(crown[0] + 12, crown[1] - 12, 15, 22, 45), "#8a8a3a", CLOTH, edge=14, lift=2)


def _frond(scene: Scene, i: int, placed: Callable[[Outline], Outline], turn: float) -> None:
    """The stem number i of a carrot's greens, with its leaflets."""
    direction, reach = math.radians(-92 + 12 * i), 118 + 24 * ((i * 5) % 4) / 3
    bow = math.radians(-92 + 12 * i + (9 if i % 2 else -9))
    tip = (432 + reach * math.cos(direction), 206 + reach * math.sin(direction))
    half = (432 + reach * 0.5 * math.cos(bow), 206 + reach * 0.5 * math.sin(bow))
    stem = placed(spline(f"432,206 {half[0]},{half[1]} {tip[0]},{tip[1]}", False))
    scene.form(ribbon(stem, 8, 4), "#6d9c4a", CLOTH, edge=6, lift=2)
    leaflets = []
    for k in range(8, len(stem)):
        (x, y), side = stem[k], (-1 if k % 2 else 1)
        long = 8 + 10 * math.sin(math.pi * (k - 7) / (len(stem) - 6))
        along = math.degrees(direction) + turn + side * 52
        leaflets.append(move(oval(long, 0, long, 3.6), x, y, along))
        leaflets.append(move(oval(long * 0.6, 0, long * 0.7, 3.2), x, y, along - side * 30))
    scene.form(scene.mask(*leaflets), mottled("#3f7d2c", "#6aa544", 18, i), CLOTH, edge=7, lift=2.5)


def aubergine(scene: Scene) -> None:
    line = spline("196,452 262,402 332,326 396,244 444,176", False)
    last = len(line) - 1
    width = [232 - 126 * (i / last) ** 1.05 for i in range(len(line))]
    shape = spline(
        "108,520 76,450 92,370 152,316 236,268 318,204 384,132! 480,206! 440,290 390,372 330,452 262,520 180,552"
    )
    body = scene.mask(shape)
    scene.shadow(body, 12, 30, 16, 0.42)
    scene.form(body, mottled("#3b1a45", "#2c1236", 120, 3), WAX_DEEP, edge=WHOLE, depth=0.62, lift=0)
    gleam = ribbon(beside(line, [-w * 0.25 for w in width])[6:-8], 20, 9)
    scene.lay(scene.soft(scene.mask(gleam), 9) * body, "#e9dcf2", 0.5)
    green = "#6d8f45"
    cap = spline(
        "366,118! 398,106 440,112 486,160 492,200 498,240! 462,222 "
        "448,270! 432,224 396,240! 396,200 352,196! 372,160 344,152!"
    )
    scene.form(cap, mottled(green, darker(green, 0.25), 30, 5), PATENT, edge=30, depth=0.8, lift=6)
    stalk(scene, "432,160 470,118 498,92 540,76", 40, 30, "#77974d")
    scene.form(oval(541, 76, 9, 16, -18), "#b6c08a", RUBBER, edge=6, lift=0)
