"""Leather goods and bags: handbag, backpack, wallet, belt."""

import numpy as np

from drawing.outline import Outline, move, oval, ribbon, slab, spline, symmetric
from drawing.paint import darker, lighter
from drawing.scene import Scene
from drawing.surface import CARD, CLOTH, LEATHER, METAL, PATENT, Array

MIDDLE = 320.0
GOLD, STEEL = "#d6b062", "#c3c7cd"


def ring(scene: Scene, cx: float, cy: float, radius: float, thick: float, metal: str) -> None:
    shape = scene.mask(oval(cx, cy, radius, radius), holes=(oval(cx, cy, radius - thick, radius - thick),))
    scene.form(shape, metal, METAL, edge=thick, lift=2.5)


def handbag(scene: Scene, colour: str) -> None:
    """A structured bag with two round handles and a metal clasp."""
    thread = lighter(colour, 0.4)
    scene.ground(MIDDLE, 566, 270, 24, 0.6)
    back = spline("214,286 222,150 268,92 320,80 372,92 418,150 426,286", False)
    scene.form(ribbon(back, 20), darker(colour, 0.4), LEATHER, edge=16, lift=0)
    body = symmetric("320,250 440,250 500,256! 522,270 548,400 566,536! 560,566 520,570 320,572", MIDDLE)
    relief = scene.ripples(160, 120, 9, 3) + scene.folds([(spline("170,330 210,440 200,540", False), 30, -4)])
    front = scene.form(body, colour, LEATHER, edge=46, depth=0.8, relief=relief, lift=3)
    for side in (1, -1):
        gusset = [(MIDDLE + side * (x - MIDDLE), y) for x, y in spline("486,262! 502,400 506,566!", False)]
        scene.seam(gusset, thread, within=front)
    base = scene.mask(slab(60, 520, 580, 580)) * front
    scene.form(base, darker(colour, 0.28), LEATHER, edge=20, depth=0.7, lift=2)
    scene.line([(90, 527), (550, 527)], 1.2, thread, 0.9, dash=(4, 3), within=front)
    rim = spline("142,256! 320,248 498,256! 508,282! 320,276 132,282!")
    scene.form(rim, darker(colour, 0.2), LEATHER, edge=10, lift=3)
    scene.line([(150, 270), (490, 270)], 2.4, GOLD, 0.9, dash=(2.2, 1.6))
    near = [(x, y + 26) for x, y in spline("204,300 208,170 258,104 320,92 382,104 432,170 436,300", False)]
    scene.shadow(scene.mask(ribbon(near, 20)) * front, 8, 12, 8, 0.35)
    scene.form(ribbon(near, 22), colour, LEATHER, edge=18, lift=3)
    for x in (204.0, 436.0):
        tab = slab(x - 17, 318, x + 17, 378, 12)
        scene.form(tab, darker(colour, 0.15), LEATHER, edge=8, lift=3)
        ring(scene, x, 322, 19, 6, GOLD)
        scene.form(oval(x, 362, 5, 5), GOLD, METAL, edge=5)
    scene.form(slab(286, 276, 354, 356, 12), darker(colour, 0.12), LEATHER, edge=10, lift=3)
    scene.form(slab(301, 316, 339, 350, 6), GOLD, METAL, edge=8, lift=3)
    scene.form(oval(320, 333, 7, 7), "#8a6a2c", METAL, edge=7, depth=-0.7, lift=0)


def backpack(scene: Scene, colour: str, trim: str) -> None:
    scene.ground(MIDDLE, 596, 220, 18, 0.55)
    thread = lighter(colour, 0.35)
    for side in (1, -1):
        strap = [(MIDDLE + side * (x - MIDDLE), y) for x, y in spline("410,120 500,190 530,330 512,470", False)]
        scene.form(ribbon(strap, 34, 24), darker(trim, 0.1), CLOTH, edge=16, lift=0)
        pouch = [(MIDDLE + side * (x - MIDDLE), y) for x, y in spline("470,390! 534,408 540,500 520,572! 470,580!")]
        scene.form(pouch, darker(colour, 0.25), CLOTH, edge=22, lift=2)
    handle = spline("268,96 276,44 320,30 364,44 372,96", False)
    scene.form(ribbon(handle, 18), trim, CLOTH, edge=12, lift=2)
    body = symmetric("320,66 400,72 462,112 492,200 506,360 510,520 496,582 440,598 320,600", MIDDLE)
    relief = scene.ripples(90, 110, 13, 8) + scene.ripples(46, 30, 4, 12, turn=20)
    front = scene.form(body, colour, CLOTH, edge=64, depth=0.85, relief=relief, lift=3)
    zip_line(scene, spline("158,330 170,196 214,124 320,104 426,124 470,196 482,330", False), colour, front)
    pocket = symmetric("320,350 430,352 464,364 472,470 470,556 440,574 320,578", MIDDLE)
    pouch_mask = scene.form(pocket, colour, CLOTH, edge=34, depth=0.9, relief=scene.ripples(80, 70, 11, 5), lift=5)
    zip_line(scene, spline("176,404 190,386 320,380 450,386 464,404", False), colour, pouch_mask)
    scene.seam(pocket, thread, within=pouch_mask, gap=4)
    scene.form(slab(262, 222, 378, 288, 8), trim, LEATHER, edge=8, lift=2)
    scene.line(slab(268, 228, 372, 282, 5), 1.1, lighter(trim, 0.5), 0.9, dash=(4, 3))
    scene.letters("NORVIK", MIDDLE, 255, 23, lighter(trim, 0.75), 0.9)
    for x in (228.0, 412.0):
        scene.form(slab(x - 11, 300, x + 11, 470, 2), trim, LEATHER, edge=6, lift=3)
        scene.form(slab(x - 17, 436, x + 17, 462, 5), "#33363b", PATENT, edge=8, lift=3)


def zip_line(scene: Scene, line: Outline, colour: str, within: Array) -> None:
    scene.line(line, 13, darker(colour, 0.42), 0.95, 0.6, within=within)
    scene.line(line, 4.5, "#aeb2b8", 0.95, dash=(2.2, 1.8), within=within)
    x, y = line[-8]
    scene.form(move(slab(-4, -4, 4, 24, 3), x, y, 8), "#9ea3aa", METAL, edge=6, lift=3)


def wallet(scene: Scene, colour: str) -> None:
    """A folded wallet lying a little askew, the inner leaf peeping out."""
    thread = lighter(colour, 0.45)
    askew = -5.0

    def placed(shape: Outline) -> Outline:
        return move(shape, MIDDLE, 324, askew)

    scene.shadow(scene.mask(placed(slab(-236, -168, 236, 176, 20))), 8, 16, 14, 0.45)
    scene.form(placed(slab(-228, -176, 240, 176, 18)), darker(colour, 0.4), LEATHER, edge=14, lift=0)
    scene.form(placed(slab(-214, -184, 196, 60, 4)), "#8fb996", CARD, edge=3, lift=1)
    scene.form(placed(slab(-226, -168, 234, 174, 18)), darker(colour, 0.25), LEATHER, edge=12, lift=2)
    grain = scene.ripples(3, 3, 0.5, 4) + scene.ripples(120, 90, 9, 6)
    front = scene.form(
        placed(slab(-236, -164, 226, 176, 20)), colour, LEATHER, edge=20, depth=0.8, relief=grain, lift=4
    )
    scene.line(placed(slab(-224, -152, 214, 164, 14)), 1.8, thread, 0.9, dash=(7, 5))
    scene.line(placed([(-206, -164), (-206, 176)]), 3, darker(colour, 0.5), 0.5, 1.5, within=front)
    scene.form(placed(slab(118, -34, 254, 38, 22)), darker(colour, 0.12), LEATHER, edge=12, lift=5)
    scene.line(placed(slab(128, -25, 262, 29, 16)), 1.4, thread, 0.9, dash=(6, 4))
    x, y = move([(166, 2)], MIDDLE, 324, askew)[0]
    scene.form(oval(x, y, 17, 17), STEEL, METAL, edge=12, lift=3)
    scene.form(oval(x, y, 10, 10), "#9ea3aa", METAL, edge=8, depth=-0.6, lift=0)


def belt(scene: Scene, colour: str, metal: str) -> None:
    """A belt closed to a loop and seen from a little above."""
    cx, top, rx, ry, tall = MIDDLE, 270.0, 262.0, 92.0, 72.0
    scene.ground(cx, top + tall + 30, rx * 1.1, ry + 24, 0.5)

    def band(start: float, end: float, grow: float = 0.0) -> Outline:
        upper = oval(cx, top, rx + grow, ry + grow, start=start, end=end)
        return upper + [(x, y + tall) for x, y in upper][::-1]

    curve = np.sqrt(np.maximum(1 - ((scene.x - cx) / (rx + 8)) ** 2, 0.0)) * 70
    scene.form(band(180, 360), darker(colour, 0.42), LEATHER, edge=6, relief=-curve.astype(np.float32), lift=0)
    scene.line(oval(cx, top + 7, rx, ry, start=182, end=358), 1.2, lighter(colour, 0.3), 0.5, dash=(6, 4))
    relief = curve.astype(np.float32) + scene.ripples(4, 4, 0.7, 2)
    front = scene.form(band(0, 180), colour, LEATHER, edge=9, relief=relief, lift=5)
    for inset in (8.0, tall - 8):
        scene.line(oval(cx, top + inset, rx, ry, start=2, end=178), 1.5, lighter(colour, 0.5), 0.8, dash=(7, 5))
    scene.lay(front * scene.soft(scene.mask(slab(0, 330, 90, 460), slab(550, 330, 640, 460)), 30), "#000000", 0.25)
    tip = band(38, 74, 5)
    scene.form(tip, lighter(colour, 0.04), LEATHER, edge=9, relief=relief, lift=5)
    for angle in (44, 51, 58, 65):
        x, y = oval(cx, top + tall / 2, rx + 5, ry + 5, start=angle, end=angle)[0]
        scene.lay(scene.mask(oval(x, y, 4, 5.5)), darker(colour, 0.8), 0.95)
    scene.form(band(68, 75, 7), darker(colour, 0.15), LEATHER, edge=7, relief=relief, lift=4)
    outer, inner = slab(252, 344, 352, 452, 16), slab(269, 361, 335, 435, 8)
    scene.form(scene.mask(outer, holes=(inner,)), metal, METAL, edge=12, lift=5)
    scene.form(slab(262, 392, 346, 403, 5), metal, METAL, edge=9, lift=3)
